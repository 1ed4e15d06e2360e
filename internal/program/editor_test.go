package program

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestFilesNameTheirSchema checks the first line of each program file, from which an editor learns the file's schema.
func TestFilesNameTheirSchema(t *testing.T) {
	files, err := filepath.Glob("examples/*.yaml")
	if err != nil || len(files) != 5 {
		t.Fatal(files, err)
	}
	for _, file := range append(files, "bluebird.yaml") {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		line, _, _ := bytes.Cut(source, []byte("\n"))
		path, ok := bytes.CutPrefix(line, []byte("# yaml-language-server: $schema="))
		if !ok {
			t.Fatalf("%s begins with %s", file, line)
		}
		if _, err := os.Stat(filepath.Join(filepath.Dir(file), string(path))); err != nil {
			t.Errorf("%s names a schema that does not exist: %v", file, err)
		}
	}
}
