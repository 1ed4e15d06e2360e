package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// A mutation that fails a test of package rapid would otherwise leave a file that fails the test again later.
func TestPackagesWhoseTestsUseRapid(t *testing.T) {
	for _, p := range rulePackages {
		for _, pkg := range p.testers {
			files, err := filepath.Glob(filepath.Join("..", "..", pkg, "*.go"))
			if err != nil || len(files) == 0 {
				t.Fatalf("%s has %d files, %v", pkg, len(files), err)
			}
			uses := false
			for _, file := range files {
				source, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				uses = uses || bytes.Contains(source, []byte(`"pgregory.net/rapid"`))
			}
			if uses != usesRapid[pkg] {
				t.Errorf("%s uses rapid: %t, but usesRapid has %t", pkg, uses, usesRapid[pkg])
			}
		}
	}
}
