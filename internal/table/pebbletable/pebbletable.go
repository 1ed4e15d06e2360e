// Package pebbletable keeps the table on one machine, in a directory, with Pebble.
package pebbletable

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// A Table is a table.Table in a directory. Make one with Open or OpenMemory.
type Table struct {
	db   *pebble.DB
	home *home

	inUse  sync.RWMutex // held for reading by every call, for writing by Close
	closed bool

	commit   sync.Mutex // orders transactions: whoever holds it reads, decides and applies
	unsynced unsynced   // what is applied but not yet on disk
	failure  atomic.Pointer[error]
}

var _ table.Table = (*Table)(nil)

var errClosed = errors.New("pebbletable: closed")

// Open opens the table in dir, and makes both if they are not there. It fails if another process has the table
// open, if dir holds something else, and if a later release with another stored form made it.
func Open(dir string) (*Table, error) { return open(dir, vfs.Default) }

// OpenMemory makes a table that is gone when it is closed. It is the same code over a file system in memory.
func OpenMemory() (*Table, error) { return open("table", vfs.NewMem()) }

func open(dir string, fs vfs.FS) (*Table, error) {
	h, err := enter(dir, fs)
	if err != nil {
		return nil, fmt.Errorf("pebbletable: %w", err)
	}
	t := &Table{home: h}
	if t.db, err = pebble.Open(dir, options(fs, h.lock, t.stop)); err != nil {
		return nil, fmt.Errorf("pebbletable: open %s: %w", dir, errors.Join(err, h.leave()))
	}
	return t, nil
}

// Close waits for the calls that are under way and closes the table. Whatever was acknowledged is on disk
// already, so that a process which ends without Close loses nothing.
func (t *Table) Close() error {
	t.inUse.Lock()
	defer t.inUse.Unlock()
	if t.closed {
		return errClosed
	}
	t.closed = true
	err := t.stopped()
	// After a failure Pebble may hold its own locks for good. The directory is given back without its help;
	// the log is replayed by whoever opens it next.
	if err == nil {
		err = t.db.Close()
	}
	if err := errors.Join(err, t.home.leave()); err != nil {
		return fmt.Errorf("pebbletable: close: %w", err)
	}
	return nil
}

// begin lets a call in. It must be answered with t.inUse.RUnlock if there is no error.
func (t *Table) begin() error {
	t.inUse.RLock()
	err := t.stopped()
	if t.closed {
		err = errClosed
	}
	if err != nil {
		t.inUse.RUnlock()
	}
	return err
}

// stop remembers the first failure after which memory and disk may differ. From then on every call fails: what
// is in memory may not survive, and only a replay of the log can tell.
func (t *Table) stop(err error) { t.failure.CompareAndSwap(nil, &err) }

func (t *Table) stopped() error {
	if err := t.failure.Load(); err != nil {
		return fmt.Errorf("pebbletable: stopped after a failure, open it again: %w", *err)
	}
	return nil
}
