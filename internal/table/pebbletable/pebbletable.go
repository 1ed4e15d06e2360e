// Package pebbletable keeps the table on one machine, in a directory, with Pebble.
//
// It promises what package table asks for, and that whatever anybody was told is on disk: a Transact returns
// after the log is synced, and no answer is built on a write that a loss of power could still undo. It is
// deliberately not a server and not a cluster. One process has the directory; past one machine it is dynamotable.
//
// # How a transaction is committed
//
// Whoever holds t.commit reads the items, checks the conditions, applies the batch to memory and appends it to
// the log, which takes some microseconds. The wait for the disk comes after the mutex is given back, so that
// Pebble syncs the log once for all who have appended meanwhile. The other way is one goroutine that gathers
// waiting transactions and commits them in one batch. Both were measured with transactions of two puts (1 KB
// and 800 B) by 32 writers on 2 cores, with a disk that syncs in 0.13 ms (BenchmarkTransact):
//
//   - Each writer with items of its own: both ways do 22,000 transactions a second, which is what the two cores
//     can do. That is 6 to 7 times one writer; with a disk of 1 ms it is 12 times, and 20 to 30 with 128 writers.
//   - All writers with the same item: this way does 12,000 to 21,700, between two thirds of that and all of it.
//     Gathering does 2,300, and 650 with 128 writers, because of those that are gathered over one item all but
//     the first conflict, and the next one must wait for the disk. Here who conflicts is told at once and decides
//     again from the item that the conflict carries; its write follows the other in the log.
//
// # What is told before it is on disk
//
// Get waits for the disk if the very item that it read is on its way there, Query if one of its partition is,
// and a transaction that only checks if one that it checked is. Nobody waits for anybody else's items.
//
// A conflict over a Put of something that was read (version above 0), and that is still there, is told without
// waiting, because the answer to it is another Put, and that is ordered behind. All other conflicts wait:
// over what should be absent (it has happened before, which is an answer), over a deletion, a check, or a floor.
// So a caller that answers from the Current of the first kind without writing anything has to Get it first.
//
// # When the disk fails
//
// If the log cannot be synced the transaction is ErrUnknown, and from then on every call fails until the table
// is opened again: what is in memory may not be what is on disk, and only a replay of the log can tell.
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
	stuck    atomic.Bool // Pebble panicked in the middle of a commit, with its locks held
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
	if t.stuck.Load() {
		return t.stopped() // the directory stays locked until the process ends
	}
	// After a failure Pebble has nothing to add to it.
	err := t.db.Close()
	if failure := t.stopped(); failure != nil {
		err = failure
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
