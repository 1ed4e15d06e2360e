//go:build unix

package binaries

import (
	"errors"
	"os"
	"syscall"
)

// lock waits until no other process holds the lock of a file, and then acquires it. The lock is released by unlock, or
// when the process exits.
func lock(path string) (unlock func() error, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f.Close, nil
}
