// Package binaries builds the functions' binaries for this machine, with the same script and flags as the build for
// Lambda.
//
// It needs the sources of this module and the go command. If several processes build at the same time, they wait for
// each other. A binary that is already up to date is not written again, so that a running binary is never replaced.
package binaries

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Root returns the directory with the sources of this module: the working directory or one of its parents.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("binaries: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "infra", "build")); err == nil {
			return dir, nil
		}
		above := filepath.Dir(dir)
		if above == dir {
			return "", errors.New("binaries: the sources of Perennial are required; run this command in a checkout")
		}
		dir = above
	}
}

// Build builds functions from the sources in root. It returns a directory that contains the file <function>/bootstrap
// for each function.
func Build(ctx context.Context, root string, functions ...string) (dir string, err error) {
	dir = filepath.Join(root, "build", "host")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("binaries: %w", err)
	}
	unlock, err := lock(filepath.Join(dir, "lock"))
	if err != nil {
		return "", fmt.Errorf("binaries: %w", err)
	}
	defer unlock()
	script := exec.CommandContext(
		ctx, filepath.Join(root, "infra", "build"), append([]string{"--arch", "host", dir}, functions...)...,
	)
	if out, err := script.CombinedOutput(); err != nil {
		return "", fmt.Errorf("binaries: infra/build: %w\n%s", err, out)
	}
	return dir, nil
}
