package internal_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestNamedFilesExist checks the files and directories that the contributor's map names.
func TestNamedFilesExist(t *testing.T) {
	source, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	form := regexp.MustCompile(`\b[\w./-]+\.(go|yaml|json|md|txt|py)\b|\b(internal|functions|infra)/[\w/-]+`)
	names := form.FindAllString(string(source), -1)
	for _, name := range names {
		if _, err := os.Stat(filepath.Join("..", name)); err != nil {
			t.Errorf("doc.go names %s, which does not exist", name)
		}
	}
	if len(names) < 30 {
		t.Errorf("only %d names were found", len(names))
	}
}
