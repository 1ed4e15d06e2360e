package pebbletable

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/cockroachdb/pebble/v2"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// loadBytes is the size from which a batch of loaded items is written.
const loadBytes = 1 << 20

// Load copies the items of another table, with their versions, to this table, which must be empty. It checks no
// conditions. Do not use this table before Load returns. The items are durable then.
func (t *Table) Load(ctx context.Context, items iter.Seq2[table.Item, error]) error {
	if err := t.begin(); err != nil {
		return err
	}
	defer t.inUse.RUnlock()
	if err := t.load(ctx, items); err != nil {
		return fmt.Errorf("pebbletable: load: %w", err)
	}
	return nil
}

func (t *Table) load(ctx context.Context, items iter.Seq2[table.Item, error]) (err error) {
	batch := t.db.NewBatch()
	defer func() { err = errors.Join(err, batch.Close()) }()
	for it, err := range items {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = loadItem(batch, it)
		}
		if err != nil {
			return err
		}
		if batch.Len() < loadBytes {
			continue
		}
		if err := errors.Join(batch.Commit(pebble.NoSync), batch.Close()); err != nil {
			return err
		}
		batch = t.db.NewBatch()
	}
	return batch.Commit(pebble.Sync)
}

func loadItem(batch *pebble.Batch, it table.Item) error {
	op := table.Put(it)
	err := prepareOp(&op)
	if err == nil && it.Version == 0 {
		err = errors.New("the item has no version")
	}
	if err == nil {
		err = replace(batch, table.Item{Key: it.Key}, op.Item)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", it.Key, err)
	}
	return nil
}
