// Package pebbletable implements table.Table on one machine, in a directory, with Pebble.
//
// It keeps the guarantees of package table. In addition, every reported result is durable: a Transact returns after
// the log is synced, and no response depends on a write that a loss of power could undo. The package is
// deliberately neither a server nor a cluster: one process owns the directory. Use dynamotable for more than one
// machine.
//
// # How a transaction is committed
//
// A transaction reads its items, from the cache if possible, checks the conditions and prepares a batch. The holder of
// t.commit then makes sure that none of the items has changed, applies the batch to memory and appends it to the log,
// which takes a few microseconds. It waits for the disk after it has released the mutex, so that Pebble syncs the log
// once for all transactions that were appended meanwhile. The alternative is one goroutine that collects
// waiting transactions and commits them in one batch. Both were measured with transactions of two puts (1 KB and
// 800 B) by 32 writers on 2 cores, with a disk that syncs in 0.13 ms (BenchmarkTransact):
//
//   - Each writer with its own items: both alternatives commit 22,000 transactions per second, which is the limit
//     of the two cores. That is 6 to 7 times the throughput of one writer, 12 times with a disk of 1 ms, and 20 to
//     30 times with 128 writers.
//   - All writers with the same item: this implementation commits 12,000 to 21,700 transactions per second.
//     Collecting commits 2,300, and 650 with 128 writers: of the transactions collected for one item, all except
//     the first conflict, and the next one must wait for the disk. Here a writer receives its conflict at once and
//     decides again from the item in the conflict; its write follows the other one in the log.
//
// # Results that are returned before they are durable
//
// Get waits for the disk if the item that it read is not durable yet. Query waits if an item of its partition is
// not durable, and a transaction of checks waits for the items that it checked. No call waits for other items.
//
// A conflict over a Put of an existing item that was read before (version above 0) is returned without waiting,
// because the caller's next Put follows it in the log. All other conflicts wait: over a new item (the conflict
// shows that the command already ran, which is a result), and over a deletion, a check or a floor. A caller that
// returns the Current of the first kind without another write must Get it first.
//
// # Disk failures
//
// If the log cannot be synced, the transaction returns ErrUnknown, and every later call fails until the table is
// opened again: memory may differ from the disk, and only a replay of the log restores it.
//
// If the disk is full, later calls return ErrBusy, and the next one starts to open the table again in the background.
// Opening waits until there is space. The table then works again. Opening replays the log and syncs its contents, so
// that every acknowledged write is present afterwards. A database whose locks Pebble still holds cannot be closed. It
// remains in memory, with about 64 MB, and its fence prevents it from changing files. If the disk becomes full at the
// moment at which Pebble replaces its log, every 32 MB, the transactions that are being committed wait until there is
// space.
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

// A Table is a table.Table in a directory. Create one with Open or OpenMemory.
type Table struct {
	dir   string
	fs    vfs.FS
	home  *home
	db    *pebble.DB // nil if the table failed and could not be opened again yet
	fence *fence     // the file system of db

	journal func(table.Op) bool // selects the changes that the journal lists; nil for none

	inUse  sync.RWMutex // held for reading by every call, and for writing by Close and reopen
	closed atomic.Bool

	cache    *cache
	commit   sync.Mutex // serializes applying transactions
	unsynced *unsynced  // the writes that are applied but not yet durable
	failure  atomic.Pointer[error]
	stuck    atomic.Bool // Pebble failed during a write and may still hold its locks

	committing atomic.Bool // a transaction is being appended to the log
	reopening  atomic.Bool // a goroutine opens the table again
}

var _ table.Table = (*Table)(nil)

var errClosed = errors.New("pebbletable: closed")

// Open opens the table in dir, and creates both if necessary. It fails if another process has opened the table, if
// dir contains other files, and if a later release with another stored format created it.
func Open(dir string) (*Table, error) { return open(dir, vfs.Default) }

// OpenMemory creates a table that is discarded when it is closed. It uses the same code with a file system in
// memory.
func OpenMemory() (*Table, error) { return open("table", vfs.NewMem()) }

func open(dir string, fs vfs.FS) (*Table, error) {
	h, err := enter(dir, fs)
	if err != nil {
		return nil, fmt.Errorf("pebbletable: %w", err)
	}
	t := &Table{dir: dir, fs: fs, home: h}
	if err := t.openDB(); err != nil {
		return nil, fmt.Errorf("pebbletable: open %s: %w", dir, errors.Join(err, h.leave()))
	}
	return t, nil
}

// openDB opens the database with an empty cache.
func (t *Table) openDB() (err error) {
	f := &fence{FS: t.fs, full: t.stop, committing: &t.committing}
	t.fence, t.cache, t.unsynced = f, newCache(cacheBytes), new(unsynced)
	ifCurrent := func(stop func(error)) func(error) {
		return func(err error) {
			if !f.wasCut() { // a database that was left behind does not stop its successor
				stop(err)
			}
		}
	}
	t.db, err = pebble.Open(t.dir, options(f, t.home.lock, ifCurrent(t.stop), ifCurrent(t.stopLocked)))
	return err
}

// Close waits for running calls and closes the table. Every acknowledged write is durable, so a process that exits
// without Close loses nothing.
func (t *Table) Close() error {
	if t.closed.Swap(true) {
		return errClosed
	}
	if t.reopening.Load() && t.isFull() {
		return t.stopped() // opening may wait for space; the process may exit meanwhile
	}
	t.inUse.Lock()
	defer t.inUse.Unlock()
	if t.stuck.Load() {
		return t.stopped() // the directory stays locked until the process exits
	}
	var err error
	if t.db != nil {
		err = t.db.Close()
	}
	// After a failure, Pebble's own error adds no information.
	if failure := t.stopped(); failure != nil {
		err = failure
	}
	if err := errors.Join(err, t.home.leave()); err != nil {
		return fmt.Errorf("pebbletable: close: %w", err)
	}
	return nil
}

// begin starts a call. If the table failed because the disk was full, begin starts to open it again and returns
// ErrBusy. Without an error, the caller must call t.inUse.RUnlock.
func (t *Table) begin() error {
	if t.closed.Load() {
		return errClosed
	}
	err := t.stopped()
	switch {
	case t.isFull():
		t.startReopening()
		return err
	case err != nil:
		return err
	case !t.inUse.TryRLock(): // the table is being closed or opened again
		return fmt.Errorf("pebbletable: %w", table.ErrBusy)
	}
	if err = t.stopped(); err == nil && t.closed.Load() {
		err = errClosed
	}
	if err != nil {
		t.inUse.RUnlock()
	}
	return err
}

// stop records the first failure after which memory and disk may differ. Every later call fails.
func (t *Table) stop(err error) { t.failure.CompareAndSwap(nil, &err) }

// stopLocked does the same as stop after a failure during which Pebble may hold its locks.
func (t *Table) stopLocked(err error) {
	t.stuck.Store(true)
	t.stop(err)
}

func (t *Table) stopped() error {
	err := t.failure.Load()
	switch {
	case err == nil:
		return nil
	case isFull(*err):
		return fmt.Errorf("pebbletable: the disk is full: %w: %w", table.ErrBusy, *err)
	}
	return fmt.Errorf("pebbletable: stopped after a failure, open it again: %w", *err)
}
