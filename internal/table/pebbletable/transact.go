package pebbletable

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// Transact implements table.Table. It returns when the transaction is durable.
func (t *Table) Transact(ctx context.Context, ops ...table.Op) error {
	ops, err := prepare(ops)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := t.begin(); err != nil {
		return err
	}
	defer t.inUse.RUnlock()
	w, err := t.apply(ops)
	var conflict *table.ConflictError
	if errors.As(err, &conflict) && !mayRunAhead(ops[conflict.Op], conflict) {
		if err := t.unsynced.wait(ctx, conflict.Key); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	if w == nil {
		return t.waitAll(ctx, ops)
	}
	table.Applied(ctx)
	return t.settle(w)
}

// mayRunAhead reports whether the conflict may be returned before the item in it is durable. See the package
// comment.
func mayRunAhead(op table.Op, conflict *table.ConflictError) bool {
	return op.Kind == table.OpPut && op.Item.Version > 0 && conflict.Current.Version > 0
}

// waitAll waits until every checked item is durable, because the result depends on it.
func (t *Table) waitAll(ctx context.Context, ops []table.Op) error {
	for _, op := range ops {
		if err := t.unsynced.wait(ctx, op.Item.Key); err != nil {
			return err
		}
	}
	return nil
}

// apply checks the conditions of the operations and makes their effects visible at one instant. The caller must settle
// the returned write, which is nil if there was nothing to write.
//
// It prepares the batch before it locks t.commit, from items that another transaction may change meanwhile. If one did,
// apply prepares the batch again under the lock.
func (t *Table) apply(ops []table.Op) (*write, error) {
	s, err := t.stage(ops)
	if errors.As(err, new(*table.ConflictError)) && t.cache.unchanged(s.slots) {
		return nil, err
	}
	t.commit.Lock()
	defer t.commit.Unlock()
	if err != nil || !t.cache.unchanged(s.slots) {
		if err == nil {
			_ = s.batch.Close() // it only returns the batch to a pool
		}
		if s, err = t.stage(ops); err != nil {
			return nil, err
		}
	}
	if s.batch.Empty() {
		return nil, s.batch.Close()
	}
	return t.enqueue(s)
}

// A staged transaction is decided but not applied.
type staged struct {
	batch   *pebble.Batch
	slots   []*slot      // the slots from which the items were read
	changed []table.Item // the new states of the items that it changes
}

// stage reads the items of the operations, checks the conditions and prepares a batch. If it returns an error, the
// staged transaction has only the slots that were read.
func (t *Table) stage(ops []table.Op) (s staged, err error) {
	s.batch = t.db.NewBatch()
	defer func() {
		if err != nil {
			err = errors.Join(err, s.batch.Close())
		}
	}()
	s.slots = make([]*slot, 0, len(ops))
	s.changed = make([]table.Item, 0, len(ops))
	for i, op := range ops {
		now, from, err := t.read(op.Item.Key, op.Item.Version == 0 && op.Kind != table.OpAdd)
		if err != nil {
			return s, err
		}
		s.slots = append(s.slots, from)
		next, holds, err := step(now, op)
		if err != nil {
			return s, err
		}
		if !holds {
			now.Doc = bytes.Clone(now.Doc) // the caller may modify it
			return s, &table.ConflictError{Op: i, Key: now.Key, Current: now}
		}
		if next.Version == now.Version {
			continue
		}
		s.changed = append(s.changed, next)
		if err := replace(s.batch, now, next); err != nil {
			return s, err
		}
		if t.journal == nil || !t.journal(op) {
			continue
		}
		if err := s.batch.Set(journalKey(op), nil, nil); err != nil {
			return s, err
		}
	}
	return s, nil
}

// step returns the effect of op on the current item, and whether its condition holds. Version 0 means no item.
func step(now table.Item, op table.Op) (next table.Item, holds bool, err error) {
	if op.Kind == table.OpAdd {
		return addTo(now, op)
	}
	if now.Version != op.Item.Version {
		return now, false, nil
	}
	switch op.Kind {
	case table.OpPut:
		next = op.Item
		next.Version++
		return next, true, nil
	case table.OpDelete:
		return table.Item{Key: now.Key}, true, nil
	}
	return now, true, nil
}

// replace overwrites the stored item with the next one, or deletes it if the next one does not exist. It also updates
// the index rows.
func replace(batch *pebble.Batch, now, next table.Item) error {
	if now.Index != next.Index {
		if !now.Index.IsZero() {
			if err := batch.Delete(indexKey(now), nil); err != nil {
				return err
			}
		}
		if !next.Index.IsZero() {
			if err := batch.Set(indexKey(next), nil, nil); err != nil {
				return err
			}
		}
	}
	if next.Version == 0 {
		return batch.Delete(itemKey(now.Key), nil)
	}
	return batch.Set(itemKey(next.Key), encodeItem(next), nil)
}

// read returns the item as applied, whether or not it is durable, and the slot of the cache that has it. The slot is
// current at some instant during the call, and has the returned item at that instant. If fresh is set, the item is
// expected to be absent. The slot may then have a list instead, which shows that the item is absent.
func (t *Table) read(key table.Key, fresh bool) (table.Item, *slot, error) {
	if fresh {
		if l := t.cache.absent(key); l != nil {
			return table.Item{Key: key}, l, nil
		}
	}
	s, filled := t.cache.slot(key)
	if filled {
		return s.item, s, nil
	}
	it, err := t.readRow(key, fresh)
	if err == nil {
		t.cache.fill(s, it)
	}
	return it, s, err
}

// readRow reads an item from Pebble.
func (t *Table) readRow(key table.Key, fresh bool) (it table.Item, err error) {
	if fresh {
		it, err = t.readFresh(key)
	} else {
		it, err = t.readPresent(key)
	}
	if err != nil {
		return table.Item{}, fmt.Errorf("pebbletable: read %s: %w", key, err)
	}
	return it, nil
}

func (t *Table) readPresent(key table.Key) (table.Item, error) {
	value, closer, err := t.db.Get(itemKey(key))
	if errors.Is(err, pebble.ErrNotFound) {
		return table.Item{Key: key}, nil
	}
	if err != nil {
		return table.Item{}, err
	}
	it, err := decodeItem(key, value)
	return it, errors.Join(err, closer.Close())
}

// readFresh does the same as readPresent. It takes a third of the time if the item is absent, because Pebble's Get does
// not use the filters of old rows, and more time if the item exists.
func (t *Table) readFresh(key table.Key) (table.Item, error) {
	row, it := itemKey(key), table.Item{Key: key}
	rows, err := t.db.NewIter(&pebble.IterOptions{UseL6Filters: true})
	if err != nil {
		return it, err
	}
	if rows.SeekPrefixGE(row) && bytes.Equal(rows.Key(), row) {
		it, err = decodeItem(key, rows.Value())
	}
	return it, errors.Join(err, rows.Close())
}
