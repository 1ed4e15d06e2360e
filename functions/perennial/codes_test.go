package main

import (
	"crypto/sha256"
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
	random := func(i int) string { return fmt.Sprintf("%X", sha256.Sum256([]byte{byte(i), byte(i >> 8)}))[:12] }
	var many, running strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&many, "MAXX-%s\r\n", random(i))
	}
	for i := range 1000 {
		fmt.Fprintf(&running, "MAXX-%08d\n", i)
	}
	for _, c := range []struct{ name, reward, text, out, err string }{
		{
			"a thousand, from a spreadsheet", "cinema", "\ufeff" + many.String() + "\n",
			"1000 codes added, 0 already known\n", "",
		},
		{
			"the same, and one more", "cinema", many.String() + "MAXX-" + random(1000),
			"1 codes added, 1000 already known\n", "",
		},
		{"an empty file", "cinema", "", "0 codes added, 0 already known\n", ""},
		{"an invalid line", "cinema", "MAXX-" + random(1001) + "\nno code\n", "", ":2: a code is"},
		{"sequential numbers", "cinema", running.String(), "", "about 9 random bits"},
		{"an overlong line", "cinema", strings.Repeat("A", 1<<20), "", "token too long"},
		{"an unknown reward", "yacht", "MAXX-4\n", "", "has no reward yacht"},
		{"a reward without uploaded codes", "five-off", "MAXX-4\n", "", "has no uploaded codes"},
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
	if _, err, status := run(t, "codes", "upload", "--data", data, "nobird", "cinema", "/dev/null"); status != 1 ||
		!strings.Contains(err, "published") {
		t.Errorf("an unknown program: %d %s", status, err)
	}
}
