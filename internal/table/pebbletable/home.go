package pebbletable

import (
	"errors"
	"fmt"
	"io"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// A directory of ours holds a file of this name with this line in it. Without it a mistyped folder would be
// filled with files, and a stranger's database would be opened and upgraded.
const (
	markName = "PERENNIAL"
	markText = "perennial table, form 1\n"
)

// A home is a directory that is ours alone for as long as it is entered.
type home struct{ lock *pebble.Lock }

// enter makes dir if need be, makes sure that it is ours, and locks out other processes.
func enter(dir string, fs vfs.FS) (*home, error) {
	if err := fs.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	names, err := fs.List(dir)
	if err != nil {
		return nil, err
	}
	mark := fs.PathJoin(dir, markName)
	fresh := len(names) == 0 || len(names) == 1 && names[0] == "LOCK"
	if !fresh {
		if err := checkMark(dir, mark, fs); err != nil {
			return nil, err
		}
	}
	lock, err := pebble.LockDirectory(dir, fs)
	if err != nil {
		return nil, fmt.Errorf("%s is in use by another process: %w", dir, err)
	}
	h := &home{lock: lock}
	if fresh {
		if err := writeMark(dir, mark, fs); err != nil {
			return nil, errors.Join(err, h.leave())
		}
	}
	return h, nil
}

func (h *home) leave() error { return h.lock.Close() }

func checkMark(dir, mark string, fs vfs.FS) error {
	f, err := fs.Open(mark)
	if err != nil {
		return fmt.Errorf("%s holds something else than a table of Perennial: %w", dir, err)
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	if string(text) != markText {
		return fmt.Errorf("%s holds a table in a form that this release does not know: %q", dir, text)
	}
	return nil
}

// writeMark writes the mark beside and moves it into place, so that it is there whole or not at all.
func writeMark(dir, mark string, fs vfs.FS) error {
	beside := mark + ".new"
	f, err := fs.Create(beside, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, markText)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := fs.Rename(beside, mark); err != nil {
		return err
	}
	d, err := fs.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// options are sized so that memory stays flat, near 100 MB, however large the table grows.
func options(fs vfs.FS, lock *pebble.Lock, stop func(error)) *pebble.Options {
	opts := &pebble.Options{
		FS:           fs,
		Lock:         lock,
		Logger:       logger{stop},
		CacheSize:    64 << 20,
		MemTableSize: 32 << 20,
		// Pinned, because a directory that was raised to a later form cannot be opened by an earlier release.
		FormatMajorVersion: pebble.FormatValueSeparation,
	}
	for i := range opts.Levels {
		// Most commands look first whether their cause is there, and mostly it is not.
		opts.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	return opts
}

// A logger keeps quiet about what Pebble does in the background. What concerns a caller reaches it as an error
// of its call; what Pebble calls fatal stops the table instead of the process.
type logger struct{ stop func(error) }

func (logger) Infof(string, ...any)                {}
func (logger) Errorf(string, ...any)               {}
func (l logger) Fatalf(format string, args ...any) { l.stop(fmt.Errorf(format, args...)) }
