package pebbletable

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/cockroachdb/pebble/v2"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// Items yields all items of the table in the order of their keys, as they were when the iteration began. It is for
// operators, who check or copy a whole table.
func (t *Table) Items(ctx context.Context) iter.Seq2[table.Item, error] {
	return func(yield func(table.Item, error) bool) {
		if err := t.items(ctx, yield); err != nil {
			yield(table.Item{}, fmt.Errorf("pebbletable: list all items: %w", err))
		}
	}
}

func (t *Table) items(ctx context.Context, yield func(table.Item, error) bool) (err error) {
	if err := t.begin(); err != nil {
		return err
	}
	defer t.inUse.RUnlock()
	rows, err := t.db.NewIter(&pebble.IterOptions{LowerBound: []byte{itemRow}, UpperBound: []byte{itemRow + 1}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for ok := rows.First(); ok; ok = rows.Next() {
		it, err := rowItem(rows.Key(), rows.Value())
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		it.Doc = bytes.Clone(it.Doc) // the iterator reuses the memory
		if !yield(it, nil) {
			return nil
		}
	}
	return rows.Error()
}

// Dump writes every item on one line, in the order of the keys. Equal tables give equal output. It is for tests
// that check that the table was not changed.
func (t *Table) Dump(w io.Writer) error {
	for it, err := range t.Items(context.Background()) {
		if err != nil {
			return err
		}
		expires := int64(0)
		if !it.Expires.IsZero() {
			expires = it.Expires.Unix()
		}
		_, err = fmt.Fprintf(w, "%q %q v%d %q %q %d %s\n",
			it.Key.PK, it.Key.SK, it.Version, it.Index.PK, it.Index.SK, expires, it.Doc)
		if err != nil {
			return fmt.Errorf("pebbletable: dump: %w", err)
		}
	}
	return nil
}
