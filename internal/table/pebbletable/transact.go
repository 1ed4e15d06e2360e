package pebbletable

import (
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
func (t *Table) apply(ops []table.Op) (w *write, err error) {
	batch := t.db.NewBatch()
	defer func() {
		if w == nil {
			err = errors.Join(err, batch.Close())
		}
	}()
	t.commit.Lock()
	defer t.commit.Unlock()
	var keys []table.Key
	for i, op := range ops {
		changed, err := t.stage(batch, i, op)
		if err != nil {
			return nil, err
		}
		if changed {
			keys = append(keys, op.Item.Key)
		}
	}
	if batch.Empty() {
		return nil, nil
	}
	return t.enqueue(batch, keys)
}

// stage adds the effect of op to the batch, and reports whether there is one.
func (t *Table) stage(batch *pebble.Batch, i int, op table.Op) (changed bool, err error) {
	now, err := t.read(op.Item.Key)
	if err != nil {
		return false, err
	}
	next, holds, err := step(now, op)
	if err != nil {
		return false, err
	}
	if !holds {
		return false, &table.ConflictError{Op: i, Key: now.Key, Current: now}
	}
	if next.Version == now.Version {
		return false, nil
	}
	return true, replace(batch, now, next)
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

// replace writes next in place of now, with the index rows.
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

// read returns the item in memory, whether or not it is durable.
func (t *Table) read(key table.Key) (table.Item, error) {
	value, closer, err := t.db.Get(itemKey(key))
	if errors.Is(err, pebble.ErrNotFound) {
		return table.Item{Key: key}, nil
	}
	if err != nil {
		return table.Item{}, fmt.Errorf("pebbletable: read %s: %w", key, err)
	}
	it, err := decodeItem(key, value)
	return it, errors.Join(err, closer.Close())
}
