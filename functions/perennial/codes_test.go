package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCodesAreUploadedLineByLine(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	program := writeProgram(t)
	if out, err, status := run(t, "program", "publish", "--data", data, program); status != 0 {
		t.Fatal(out, err)
	}
	var many strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&many, "MAXX-%06d\r\n", i)
	}
	for _, c := range []struct{ name, reward, text, out, err string }{
		{"a thousand, by a spreadsheet", "cinema", "\ufeff" + many.String() + "\n", "1000 codes added, 0 known before\n", ""},
		{"again, and one more", "cinema", many.String() + "MAXX-1", "1 codes added, 1000 known before\n", ""},
		{"nothing", "cinema", "", "0 codes added, 0 known before\n", ""},
		{"a line that is none", "cinema", "MAXX-2\nno code\nMAXX-3\n", "1 codes added, 0 known before\n", ":2: a code is"},
		{"a line without end", "cinema", strings.Repeat("A", 1<<20), "0 codes added, 0 known before\n", "token too long"},
		{"no such reward", "yacht", "MAXX-4\n", "", "has no reward yacht"},
		{"no such codes", "five-off", "MAXX-4\n", "", "are not uploaded"},
	} {
		file := filepath.Join(t.TempDir(), "codes")
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err, status := run(t, "codes", "upload", "--data", data, "bluebird", c.reward, file)
		if out != c.out || !strings.Contains(err, c.err) || (status == 0) != (c.err == "") {
			t.Errorf("%s: %q %q %d", c.name, out, err, status)
		}
	}
	if _, err, status := run(t, "codes", "upload", "--data", data, "nobird", "cinema", "/dev/null"); status != 1 || !strings.Contains(err, "published") {
		t.Errorf("a program that is none: %d %s", status, err)
	}
}
