package pebbletable

import (
	"bytes"
	"context"
	"fmt"
	"iter"

	"github.com/cockroachdb/pebble/v2"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// pageRows is the number of rows that are read at a time. Between pages, no Pebble iterator stays open, however
// long the caller takes.
const pageRows = 256

// Get implements table.Table.
func (t *Table) Get(ctx context.Context, key table.Key) (table.Item, error) {
	if err := checkKey(key); err != nil {
		return table.Item{}, fmt.Errorf("pebbletable: get: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return table.Item{}, err
	}
	if err := t.begin(); err != nil {
		return table.Item{}, err
	}
	defer t.inUse.RUnlock()
	it, _, err := t.read(key, false)
	if err != nil {
		return table.Item{}, err
	}
	if err := t.unsynced.wait(ctx, key); err != nil {
		return table.Item{}, err
	}
	it.Doc = bytes.Clone(it.Doc) // the caller may modify it
	return it, nil
}

// Query implements table.Table.
func (t *Table) Query(ctx context.Context, q table.Query) iter.Seq2[table.Item, error] {
	return func(yield func(table.Item, error) bool) {
		if err := checkQuery(q); err != nil {
			yield(table.Item{}, err)
			return
		}
		left := q.Limit
		for it, err := range t.rows(ctx, q) {
			if err == nil && q.Index {
				listed := it.Index
				if it, err = t.Get(ctx, it.Key); err == nil && it.Index != listed {
					continue
				}
			}
			if !yield(it, err) || err != nil {
				return
			}
			if left--; left == 0 {
				return
			}
		}
	}
}

// rows yields the rows of q page by page: whole items or, for a query over the index, items with only Key and Index.
func (t *Table) rows(ctx context.Context, q table.Query) iter.Seq2[table.Item, error] {
	size := pageRows
	if q.Limit > 0 {
		size = min(size, q.Limit)
	}
	return func(yield func(table.Item, error) bool) {
		s := spanOf(q)
		for !s.done {
			page, err := t.page(ctx, q, &s, size)
			if err != nil {
				yield(table.Item{}, err)
				return
			}
			for _, it := range page {
				if !yield(it, nil) {
					return
				}
			}
		}
	}
}

// page reads the next rows and moves the span past them.
func (t *Table) page(ctx context.Context, q table.Query, s *span, size int) ([]table.Item, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := t.begin(); err != nil {
		return nil, err
	}
	defer t.inUse.RUnlock()
	page, err := t.nextPage(ctx, q, s, size)
	if err != nil {
		return nil, err
	}
	if q.Index {
		return page, nil // the caller reads each item later and then waits until it is durable
	}
	return page, t.unsynced.wait(ctx, partition(q.PK))
}

// A span is the range of rows that remains to be read.
type span struct {
	lower, upper []byte // upper is exclusive
	begun        bool   // whether rows were read
	done         bool
}

func spanOf(q table.Query) span {
	prefix := appendParts([]byte{itemRow}, q.PK)
	if q.Index {
		prefix[0] = indexRow
	}
	s := span{lower: prefix, upper: beyond(prefix)}
	if q.From != "" {
		s.lower = appendParts(bytes.Clone(prefix), q.From)
	}
	if q.To != "" {
		s.upper = beyond(appendParts(bytes.Clone(prefix), q.To))
	}
	if !q.After.Key.IsZero() {
		row := itemKey(q.After.Key)
		if q.Index {
			row = indexKey(q.After)
		}
		s.skip(row, q.Reverse)
	}
	s.done = bytes.Compare(s.lower, s.upper) >= 0
	return s
}

// skip removes the row, and all rows before it in the reading direction, from the span.
func (s *span) skip(row []byte, reverse bool) {
	if after := beyond(row); !reverse && bytes.Compare(after, s.lower) > 0 {
		s.lower = after
	}
	if reverse && bytes.Compare(row, s.upper) < 0 {
		s.upper = row
	}
}

func (s *span) read(rows *pebble.Iterator, q table.Query, size int) ([]table.Item, error) {
	// Memory still holds all recent versions of a row, and a busy counter has thousands. Seeking to the next row is
	// faster than stepping over them.
	var beyondRow []byte
	next := func() bool {
		beyondRow = append(append(beyondRow[:0], rows.Key()...), 0)
		return rows.SeekPrefixGE(beyondRow)
	}
	ok := rows.SeekPrefixGE(s.lower) // uses the filters, unlike First and Last
	if q.Reverse {
		ok, next = ok && rows.Last(), rows.Prev
	}
	var page []table.Item
	var last []byte
	for ; ok; ok = next() {
		it, err := rowItem(rows.Key(), rows.Value())
		if err != nil {
			return nil, err
		}
		page = append(page, it)
		if len(page) == size {
			last = bytes.Clone(rows.Key())
			break
		}
	}
	if last == nil {
		s.done = true
		return page, rows.Error()
	}
	s.skip(last, q.Reverse)
	return page, rows.Error()
}

// rowItem returns the item of a row, or the keys of an index row's item.
func rowItem(row, value []byte) (table.Item, error) {
	parts := splitParts(row[1:])
	if row[0] == indexRow {
		return table.Item{
			Index: table.Key{PK: parts[0], SK: parts[1]},
			Key:   table.Key{PK: parts[2], SK: parts[3]},
		}, nil
	}
	return decodeItem(table.Key{PK: parts[0], SK: parts[1]}, value)
}

func checkQuery(q table.Query) error {
	if q.PK == "" || q.Limit < 0 {
		return fmt.Errorf("pebbletable: query of partition %q with limit %d", q.PK, q.Limit)
	}
	after := q.After.Key
	if q.Index {
		after = q.After.Index
	}
	if !q.After.Key.IsZero() && after.PK != q.PK {
		return fmt.Errorf("pebbletable: query of partition %q after an item of partition %q", q.PK, after.PK)
	}
	return nil
}
