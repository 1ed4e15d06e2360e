package pebbletable

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// wantList requires that a cached list has the keys of the stored items.
func wantList(t testing.TB, tab *Table, s *slot) {
	t.Helper()
	if !s.filled {
		return
	}
	of := s.list.query
	q := table.Query{PK: s.item.Key.PK, From: of.from, To: of.to, Reverse: of.reverse, Limit: of.limit}
	rows := spanOf(q)
	page, err := tab.readPage(t.Context(), q, &rows, pageRows)
	if err != nil {
		t.Fatal(err)
	}
	var keys []table.Key
	for _, it := range page {
		keys = append(keys, it.Key)
	}
	if of.limit > 0 {
		keys = keys[:min(of.limit, len(keys))]
	}
	if !slices.Equal(keys, s.list.keys) {
		t.Errorf("the cached list of %+v is %v, want %v", q, s.list.keys, keys)
	}
}

func put(t testing.TB, tab *Table, sk string, was int64) {
	t.Helper()
	it := table.Item{Key: table.Key{PK: "p", SK: sk}, Version: was, Doc: fmt.Appendf(nil, `{"n":%d}`, was+1)}
	if err := tab.Transact(t.Context(), table.Put(it)); err != nil {
		t.Fatal(err)
	}
}

// listedVersions returns the sort keys and versions of the items of a query, such as "a1 b2".
func listedVersions(t testing.TB, tab *Table, q table.Query) (all string) {
	t.Helper()
	for it, err := range tab.Query(t.Context(), q) {
		if err != nil {
			t.Fatal(err)
		}
		if string(it.Doc) != fmt.Sprintf(`{"n":%d}`, it.Version) {
			t.Errorf("the document of %s is %s", it.Key, it.Doc)
		}
		clear(it.Doc) // a caller may modify it
		all += fmt.Sprintf(" %s%d", it.Key.SK, it.Version)
	}
	return all
}

// A repeated query returns what the table contains now, after each kind of change of the partition.
func TestRepeatedQueryAfterChanges(t *testing.T) {
	for _, q := range []table.Query{
		{PK: "p"},
		{PK: "p", Reverse: true},
		{PK: "p", Limit: 1},
		{PK: "p", Reverse: true, Limit: 2},
		{PK: "p", From: "b"},
		{PK: "p", To: "b"},
		{PK: "p", From: "c", To: "d"},
	} {
		tab, other := checked(t, memory(t)), memory(t)
		other.cache = newCache(0) // reads everything from Pebble
		checked(t, other)
		step := func(name string, change func(*Table)) {
			change(tab)
			change(other)
			want := listedVersions(t, other, q)
			for range 3 {
				if got := listedVersions(t, tab, q); got != want {
					t.Errorf("%+v, %s: %s, want %s", q, name, got, want)
				}
			}
		}
		remove := func(tab *Table) {
			it := table.Item{Key: table.Key{PK: "p", SK: "a"}, Version: 1}
			if err := tab.Transact(t.Context(), table.Delete(it)); err != nil {
				t.Fatal(err)
			}
		}
		step("empty", func(*Table) {})
		step("created", func(tab *Table) { put(t, tab, "b", 0) })
		step("changed", func(tab *Table) { put(t, tab, "b", 1) })
		step("created before it", func(tab *Table) { put(t, tab, "a", 0) })
		step("created after it", func(tab *Table) { put(t, tab, "c", 0) })
		step("deleted", remove)
		step("created again", func(tab *Table) { put(t, tab, "a", 0) })
		step("more than a list has", func(tab *Table) {
			for i := range maxListed {
				put(t, tab, fmt.Sprintf("d%d", i), 0)
			}
		})
	}
}

// After a query, an item that did not exist can be created once.
func TestListShowsThatAnItemIsAbsent(t *testing.T) {
	tab := checked(t, memory(t))
	key := table.Key{PK: "p", SK: "b"}
	put(t, tab, "a", 0)
	listedVersions(t, tab, table.Query{PK: "p"})
	if tab.cache.absent(key) == nil || tab.cache.absent(table.Key{PK: "p", SK: "a"}) != nil {
		t.Fatal("the list does not show which items exist")
	}
	put(t, tab, "b", 0)
	if tab.cache.absent(key) != nil {
		t.Error("the list still shows that the item is absent")
	}
	again := table.Put(table.Item{Key: key, Doc: []byte(`{}`)})
	if conflict, ok := errors.AsType[*table.ConflictError](tab.Transact(t.Context(), again)); !ok || conflict.Op != 0 {
		t.Error("the item was created twice")
	}
}

// The items of a list are returned only if none of them was created, changed or deleted while they were read.
func TestListedItemsThatChangeMeanwhile(t *testing.T) {
	tab := checked(t, memory(t))
	put(t, tab, "a", 0)
	listedVersions(t, tab, table.Query{PK: "p"})
	l, filled := tab.cache.list(table.Query{PK: "p"})
	if page, current, err := tab.listed(l); !filled || len(page) != 1 || !current || err != nil {
		t.Fatalf("filled %t, current %t, %d items; %v", filled, current, len(page), err)
	}
	put(t, tab, "b", 0)
	if _, current, err := tab.listed(l); current || err != nil {
		t.Errorf("current %t; %v", current, err)
	}
}

// A list shows the absence of an item only within its bounds.
func TestItemsThatAListExcludes(t *testing.T) {
	keys := []table.Key{{PK: "p", SK: "b"}, {PK: "p", SK: "d"}}
	for _, c := range []struct {
		query    listQuery
		excluded string
	}{
		{listQuery{}, "ace"},
		{listQuery{from: "b"}, "ce"},
		{listQuery{to: "d"}, "ac"},
		{listQuery{from: "b", to: "d", limit: 3}, "c"},
		{listQuery{limit: 2}, ""}, // more items may follow
	} {
		got := ""
		for _, sk := range []string{"a", "b", "c", "d", "e"} {
			if (list{c.query, keys}).excludes(table.Key{PK: "p", SK: sk}) {
				got += sk
			}
		}
		if got != c.excluded {
			t.Errorf("%+v excludes %q, want %q", c.query, got, c.excluded)
		}
	}
}

// A query that began before a write must not store the keys that it read.
func TestListIsNotFilledAfterAWrite(t *testing.T) {
	c, q := newCache(cacheBytes), table.Query{PK: "p"}
	for _, written := range []int64{0, 1} { // deleted and created
		s, filled := c.list(q)
		if filled {
			t.Fatal("a new list is filled")
		}
		c.put([]table.Item{version(table.Key{PK: "p", SK: "s"}, written)})
		c.fillList(s, q, nil)
		wantSizeOfSlots(t, c)
		if _, filled := c.list(q); filled {
			t.Errorf("the list was filled after the write of version %d", written)
		}
		c.put([]table.Item{version(table.Key{PK: "p", SK: "s"}, written)})
	}
	s, _ := c.list(q)
	c.fillList(s, q, nil)
	if now, filled := c.list(q); now != s || !filled {
		t.Error("the list is not cached")
	}
	if _, filled := c.list(table.Query{PK: "p", Limit: 1}); filled {
		t.Error("the list of another query was returned")
	}
}
