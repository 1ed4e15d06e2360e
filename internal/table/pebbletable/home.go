package pebbletable

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// A directory with a table contains a file with this name and this line. Without it, a mistyped directory would be
// filled with files, and another program's Pebble database would be opened and upgraded.
const (
	markName = "PERENNIAL"
	markText = "perennial table, form 2\n"
)

// A home is a locked directory of a table.
type home struct{ lock *pebble.Lock }

// enter creates dir if necessary, checks that it contains a table, and locks it against other processes.
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
		return fmt.Errorf("%s is not a directory of Perennial: %w", dir, err)
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	if string(text) != markText {
		return fmt.Errorf("%s contains a table of an unknown format: %q", dir, text)
	}
	return nil
}

// writeMark writes the mark under a temporary name and renames it, so that the mark is complete or absent.
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

// options returns Pebble's options. CacheSize limits the memory of blocks and of tables in memory, however large the
// stored data are.
//
// The functions stop and stopLocked are called with failures: stop if background work failed, and stopLocked after a
// fatal error, after which Pebble may still hold its locks.
func options(fs vfs.FS, lock *pebble.Lock, stop, stopLocked func(error)) *pebble.Options {
	opts := &pebble.Options{
		FS:     fs,
		Lock:   lock,
		Logger: logger{stopLocked},
		EventListener: &pebble.EventListener{BackgroundError: func(err error) {
			if isFull(err) {
				stop(err)           // otherwise Pebble would finally block all writes
				time.Sleep(backoff) // Pebble repeats a failed flush at once
			}
		}},
		Comparer:     comparer,
		CacheSize:    160 << 20, // includes the memory of two tables
		MemTableSize: 32 << 20,
		// Pinned, because an earlier release cannot open a directory that was upgraded to a later version.
		FormatMajorVersion: pebble.FormatValueSeparation,
	}
	for i := range opts.Levels {
		// Most commands first list the partition of their cause, which is usually empty.
		opts.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	return opts
}

// backoff is the time between two attempts to write while the disk is full.
const backoff = 10 * time.Millisecond

// A logger discards Pebble's messages about background work, because callers receive the errors of their own calls.
// After a fatal error of Pebble, the table stops and returns that error; the process continues.
type logger struct{ stop func(error) }

func (logger) Infof(string, ...any)  {}
func (logger) Errorf(string, ...any) {}
func (l logger) Fatalf(format string, args ...any) {
	err := fmt.Errorf(format, args...)
	for _, arg := range args {
		if cause, ok := arg.(error); ok {
			err = fmt.Errorf("%s: %w", err, cause)
		}
	}
	l.stop(err)
}
