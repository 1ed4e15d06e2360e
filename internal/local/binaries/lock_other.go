//go:build !unix

package binaries

import "errors"

// lock is missing where the build script cannot run either.
func lock(string) (unlock func() error, err error) {
	return nil, errors.New("binaries are built on Unix systems only")
}
