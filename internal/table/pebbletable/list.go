package pebbletable

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// maxListed is the maximum number of keys in a cached list.
const maxListed = 8

// A list contains the keys of the items that a Query returned. The cache has at most one list of a partition, in a slot
// under a key without SK. A transaction that creates or deletes an item of the partition removes the slot. A
// transaction that only changes items does not.
type list struct {
	query listQuery
	keys  []table.Key
}

// A listQuery is a Query of a partition of the base table, from its beginning.
type listQuery struct {
	from, to string
	reverse  bool
	limit    int
}

func listQueryOf(q table.Query) listQuery { return listQuery{q.From, q.To, q.Reverse, q.Limit} }

// excludes reports whether the list shows that the partition has no item with this key.
func (l list) excludes(key table.Key) bool {
	complete := l.query.limit == 0 || len(l.keys) < l.query.limit
	return complete && l.query.from <= key.SK && (l.query.to == "" || key.SK <= l.query.to) &&
		!slices.Contains(l.keys, key)
}

// size returns about the number of bytes of the list in addition to its slot.
func (l list) size() int {
	n := 80 + len(l.query.from) + len(l.query.to)
	for _, key := range l.keys {
		n += 32 + len(key.SK)
	}
	return n
}

// list returns the current slot for the list of a query. If there is none, or if it has the list of another query, list
// adds an empty one.
func (c *cache) list(q table.Query) (s *slot, filled bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := partition(q.PK)
	if s, ok := c.slots.Get(key); ok && (!s.filled || s.list.query == listQueryOf(q)) {
		return s, s.filled
	}
	c.remove(key)
	s = &slot{item: table.Item{Key: key}}
	c.add(s)
	return s, false
}

// fillList fills a slot for a list, like fill.
func (c *cache) fillList(s *slot, q table.Query, items []table.Item) {
	l := &list{query: listQueryOf(q)}
	for _, it := range items {
		l.keys = append(l.keys, table.Key{PK: q.PK, SK: it.Key.SK})
	}
	c.set(s, table.Item{Key: partition(q.PK)}, l)
}

// absent returns the slot of a list that shows that an item does not exist, or nil if there is none.
func (c *cache) absent(key table.Key) *slot {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s, ok := c.slots.Peek(partition(key.PK)); ok && s.filled && s.list.excludes(key) {
		return s
	}
	return nil
}

// nextPage returns the next items of a query and moves the span past them. The first items come from the cache if
// possible.
func (t *Table) nextPage(ctx context.Context, q table.Query, s *span, size int) ([]table.Item, error) {
	if s.begun || q.Index || !q.After.Key.IsZero() {
		return t.readPage(ctx, q, s, size)
	}
	s.begun = true
	l, filled := t.cache.list(q)
	if filled {
		if page, current, err := t.listed(l); err != nil || current {
			s.done = true
			return page, err
		}
	}
	page, err := t.readPage(ctx, q, s, size)
	if err == nil && len(page) <= maxListed && (s.done || len(page) == q.Limit) {
		t.cache.fillList(l, q, page)
	}
	return page, err
}

// listed returns the items of a list. It returns false if one of them changed while they were read.
func (t *Table) listed(l *slot) (page []table.Item, current bool, err error) {
	slots := []*slot{l}
	for _, key := range l.list.keys {
		it, s, err := t.read(key, false)
		if err != nil {
			return nil, false, err
		}
		it.Doc = bytes.Clone(it.Doc) // the caller may modify it
		page, slots = append(page, it), append(slots, s)
	}
	return page, t.cache.unchanged(slots), nil
}

// readPage reads the next items of a query from Pebble, and moves the span past them.
func (t *Table) readPage(ctx context.Context, q table.Query, s *span, size int) ([]table.Item, error) {
	rows, err := t.db.NewIterWithContext(ctx, &pebble.IterOptions{
		LowerBound: s.lower, UpperBound: s.upper, UseL6Filters: true, // without them, only recent rows have filters
	})
	if err != nil {
		return nil, fmt.Errorf("pebbletable: query: %w", err)
	}
	page, err := s.read(rows, q, size)
	if err := errors.Join(err, rows.Close()); err != nil {
		return nil, fmt.Errorf("pebbletable: query: %w", err)
	}
	return page, nil
}
