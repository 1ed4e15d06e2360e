//go:build !unix

package binaries

import "errors"

// lock returns an error, because the build script cannot run on this system.
func lock(string) (unlock func() error, err error) {
	return nil, errors.New("binaries are built on Unix systems only")
}
