package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// That the tests notice each mutation takes minutes (make mutate). That each still fits the code takes nothing.
func TestEveryMutationFitsTheCodeOnce(t *testing.T) {
	for _, a := range adapters {
		for _, m := range a.mutations {
			text, err := os.ReadFile(filepath.Join("..", "..", "internal", "table", a.pkg, m.file))
			if err != nil {
				t.Error(err)
				continue
			}
			if n := strings.Count(string(text), m.old); n != 1 || m.old == m.new {
				t.Errorf("%s/%s: %s: the text to replace is there %d times", a.pkg, m.file, m.what, n)
			}
		}
	}
}
