// Package goldentest compares text with golden files: files in testdata that contain the expected text. It is only for
// tests.
//
// After an intended change, `go test PACKAGE -run TEST -update` writes the files. Read the difference before you commit
// it: a golden file states what the code does, not what it should do.
package goldentest

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Update reports whether tests write the files that they compare.
var Update = flag.Bool("update", false, "write golden files and measured figures instead of comparing them")

// Compare compares text with a golden file, and reports the first line that differs. With the flag -update it writes
// the file.
func Compare(t *testing.T, path, got string) {
	t.Helper()
	if *Update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := Difference(string(want), got); diff != "" {
		t.Errorf("%s: %s\nIf the change is intended, write the file with -update.", path, diff)
	}
}

// Difference describes the first line in which two texts differ, with the lines before it. It is empty if they are
// equal.
func Difference(want, got string) string {
	if want == got {
		return ""
	}
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	n := 0
	for n < len(w) && n < len(g) && w[n] == g[n] {
		n++
	}
	line := func(lines []string) string {
		if n == len(lines) {
			return "(the text ends)"
		}
		return lines[n]
	}
	return fmt.Sprintf(
		"line %d differs, after\n%s\n-want %s\n+got  %s", n+1, strings.Join(w[max(0, n-3):n], "\n"), line(w), line(g),
	)
}

// Hashed returns the text up to an offset, followed by a hash of the rest (8 bytes in hexadecimal).
func Hashed(text string, from int) string {
	sum := sha256.Sum256([]byte(text[from:]))
	return fmt.Sprintf("%s%x", text[:from], sum[:8])
}
