package pebbletable

import (
	"context"
	"fmt"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// A write is a transaction that is applied and on its way to the disk.
type write struct {
	batch *pebble.Batch
	keys  []table.Key   // the items that it changes
	done  chan struct{} // closed when it is on disk, or will not be
	err   error         // once done
}

// An unsynced table of keys says which items are newer in memory than on disk, so that whoever reads one of
// them waits for it and nobody else waits.
type unsynced struct {
	mu   sync.Mutex
	last map[table.Key]*write // the latest write of each key, and of each partition under the key without SK
}

func partition(pk string) table.Key { return table.Key{PK: pk} }

func (u *unsynced) add(w *write) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.last == nil {
		u.last = map[table.Key]*write{}
	}
	for _, key := range w.keys {
		u.last[key], u.last[partition(key.PK)] = w, w
	}
}

// remove forgets w where nothing has followed it. The log is in order: what followed is not on disk before.
func (u *unsynced) remove(w *write) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, key := range w.keys {
		for _, k := range []table.Key{key, partition(key.PK)} {
			if u.last[k] == w {
				delete(u.last, k)
			}
		}
	}
}

// wait returns when all that was applied to the key before the call is on disk. It comes after the read that
// it makes good, never before.
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

// enqueue applies the batch to memory and appends it to the log, without waiting for the disk. The caller holds
// t.commit, so that the log has the order of the decisions.
func (t *Table) enqueue(batch *pebble.Batch, keys []table.Key) (w *write, err error) {
	if err := t.stopped(); err != nil {
		return nil, err
	}
	w = &write{batch: batch, keys: keys, done: make(chan struct{})}
	t.unsynced.add(w)
	defer func() {
		// Pebble panics when it cannot append to its log.
		if p := recover(); p != nil {
			t.stuck.Store(true)
			t.stop(fmt.Errorf("%v", p))
		}
		if err == nil {
			err = t.stopped()
		}
		if err != nil {
			t.stop(err)
			err = w.fail(err)
		}
	}()
	return w, t.db.ApplyNoSyncWait(batch, pebble.Sync)
}

// settle waits until w is on disk and lets those go on who waited for it. A failed write stops the table, and
// stays among the unsynced, so that no reader gets what may be lost.
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
