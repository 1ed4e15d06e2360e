package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEveryMutationFitsCodeOnce checks that each mutation still fits the code. Running the tests for each mutation
// takes minutes (make mutate).
func TestEveryMutationFitsCodeOnce(t *testing.T) {
	for _, a := range adapters {
		for _, m := range a.mutations {
			text, err := os.ReadFile(filepath.Join("..", "..", "internal", a.pkg, m.file))
			if err != nil {
				t.Error(err)
				continue
			}
			if n := strings.Count(string(text), m.old); n != 1 || m.old == m.new {
				t.Errorf("%s/%s: %s: the text to replace occurs %d times", a.pkg, m.file, m.what, n)
			}
		}
	}
}
