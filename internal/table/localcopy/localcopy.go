// Package localcopy copies a whole table into a temporary directory, so that a command can read all of it several times
// for the cost of one scan. The copy is on disk, because a table may be larger than the memory.
//
// A write changes the original table and then the copy, with the same conditions: the items of the copy have the
// versions of the original. If the original changed after the copy was made, its condition fails and the copy does not
// change. The package is for offline commands; it is not a cache.
package localcopy

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"

	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

// A Copy is a copy of a table. Close it after use.
type Copy struct {
	*pebbletable.Table
	original table.Table // nil if the copy is read-only
	dir      string
}

// New copies items into a temporary directory (os.TempDir). The items are from the original table, to which Transact
// writes. Without an original, the copy is read-only.
func New(ctx context.Context, items iter.Seq2[table.Item, error], original table.Table) (*Copy, error) {
	dir, err := os.MkdirTemp("", "perennial-copy-")
	if err != nil {
		return nil, fmt.Errorf("localcopy: %w", err)
	}
	t, err := pebbletable.Open(filepath.Join(dir, "table"))
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	c := &Copy{Table: t, original: original, dir: dir}
	if err := t.Load(ctx, items); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// Transact implements table.Table.
func (c *Copy) Transact(ctx context.Context, ops ...table.Op) error {
	if c.original == nil {
		return errors.New("localcopy: the copy is read-only")
	}
	if err := c.original.Transact(ctx, ops...); err != nil {
		return err
	}
	if err := c.Table.Transact(context.WithoutCancel(ctx), ops...); err != nil {
		return fmt.Errorf("localcopy: the original changed, but the copy did not: %w", err)
	}
	return nil
}

// Close closes the copy and removes it.
func (c *Copy) Close() error { return errors.Join(c.Table.Close(), os.RemoveAll(c.dir)) }
