// Command licenses writes the list of dependencies (infra/dependencies.md) and the notices of third parties that the
// binaries contain (internal/notices/THIRD_PARTY_NOTICES).
//
// It reads the licenses from the module cache. The list has every module of go.mod. Its reasons are written manually:
// the command keeps them, and the test of this package fails if a reason is missing. The notices have the license and
// notice files of the modules that a binary contains on any supported system, and of the Go standard library.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// These are the written files, relative to the top of the module.
const (
	listFile    = "infra/dependencies.md"
	noticesFile = "internal/notices/THIRD_PARTY_NOTICES"
)

func main() {
	if err := write("."); err != nil {
		fmt.Fprintln(os.Stderr, "licenses:", err)
		os.Exit(1)
	}
}

// write writes both files of the module in the directory.
func write(dir string) error {
	list, notices, err := generate(dir)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, listFile), list, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, noticesFile), notices, 0o644)
}

// generate returns the contents of both files.
func generate(dir string) (list, notices []byte, err error) {
	required, err := requiredModules(dir)
	if err != nil {
		return nil, nil, err
	}
	shipped, err := shippedModules(dir)
	if err != nil {
		return nil, nil, err
	}
	old, err := os.ReadFile(filepath.Join(dir, listFile))
	if err != nil && !os.IsNotExist(err) {
		return nil, nil, err
	}
	if list, err = listOf(required, shipped, reasonsIn(string(old))); err != nil {
		return nil, nil, err
	}
	notices, err = noticesOf(shipped)
	return list, notices, err
}
