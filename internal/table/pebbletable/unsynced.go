package pebbletable

import (
	"context"
	"fmt"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// A write is a transaction that is applied but not yet durable.
type write struct {
	batch   *pebble.Batch
	changed []table.Item  // the new states of the changed items
	done    chan struct{} // closed when the write is durable or has failed
	err     error         // set before done is closed
}

// unsynced records the items that are newer in memory than on disk, so that only their readers wait.
type unsynced struct {
	mu   sync.Mutex
	last map[table.Key]*write // the latest write of each key, and of each partition under a key without SK
}

func partition(pk string) table.Key { return table.Key{PK: pk} }

func (u *unsynced) add(w *write) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.last == nil {
		u.last = map[table.Key]*write{}
	}
	for _, it := range w.changed {
		u.last[it.Key], u.last[partition(it.Key.PK)] = w, w
	}
}

// remove removes a write unless a later write replaced it. The log is synced in order, so a later write never becomes
// durable before an earlier one.
func (u *unsynced) remove(w *write) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, it := range w.changed {
		for _, k := range []table.Key{it.Key, partition(it.Key.PK)} {
			if u.last[k] == w {
				delete(u.last, k)
			}
		}
	}
}

// wait returns when every write that was applied to the key before the call is durable. Call it after the read
// whose result it makes durable.
func (u *unsynced) wait(ctx context.Context, key table.Key) error {
	u.mu.Lock()
	w := u.last[key]
	u.mu.Unlock()
	if w == nil {
		return nil
	}
	select {
	case <-w.done:
		return w.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// enqueue applies the batch to memory and the cache and appends it to the log, without waiting for the disk. The caller
// holds t.commit, so that transactions are logged in the order in which they were decided.
func (t *Table) enqueue(s staged) (w *write, err error) {
	t.committing.Store(true) // before the check of stopped; see fence.retried
	defer t.committing.Store(false)
	if err := t.stopped(); err != nil {
		return nil, err
	}
	w = &write{batch: s.batch, changed: s.changed, done: make(chan struct{})}
	t.unsynced.add(w)
	defer func() {
		// Pebble panics when it cannot append to its log.
		if p := recover(); p != nil {
			cause, ok := p.(error)
			if !ok {
				cause = fmt.Errorf("%v", p)
			}
			t.stopLocked(cause)
		}
		if failure := t.failure.Load(); err == nil && failure != nil {
			err = *failure
		}
		if err != nil {
			t.stop(err)
			err = w.fail(err)
		}
	}()
	if err := t.db.ApplyNoSyncWait(w.batch, pebble.Sync); err != nil {
		return w, err
	}
	t.cache.put(w.changed)
	return w, nil
}

// settle waits until w is durable and releases its waiters. A failed write stops the table and remains unsynced, so
// that no reader receives data that may be lost.
func (t *Table) settle(w *write) error {
	if err := w.batch.SyncWait(); err != nil {
		t.stop(err)
		return w.fail(err)
	}
	t.unsynced.remove(w)
	close(w.done)
	return w.batch.Close()
}

func (w *write) fail(cause error) error {
	w.err = fmt.Errorf("pebbletable: %w: %w", table.ErrUnknown, cause)
	close(w.done)
	return w.err
}
