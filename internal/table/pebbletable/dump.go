package pebbletable

import (
	"errors"
	"fmt"
	"io"

	"github.com/cockroachdb/pebble/v2"
)

// Dump writes every item on one line, in the order of the keys. Equal tables give equal output. It is for tests
// that check that the table was not changed.
func (t *Table) Dump(w io.Writer) error {
	if err := t.begin(); err != nil {
		return err
	}
	defer t.inUse.RUnlock()
	rows, err := t.db.NewIter(&pebble.IterOptions{LowerBound: []byte{itemRow}, UpperBound: []byte{itemRow + 1}})
	if err != nil {
		return fmt.Errorf("pebbletable: dump: %w", err)
	}
	if err := errors.Join(dump(w, rows), rows.Close()); err != nil {
		return fmt.Errorf("pebbletable: dump: %w", err)
	}
	return nil
}

func dump(w io.Writer, rows *pebble.Iterator) error {
	for ok := rows.First(); ok; ok = rows.Next() {
		it, err := rowItem(rows.Key(), rows.Value())
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
			return err
		}
	}
	return rows.Error()
}
