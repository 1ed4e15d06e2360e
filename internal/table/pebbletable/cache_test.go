package pebbletable

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// wantCacheOfItems requires that every cached item equals the stored one.
func wantCacheOfItems(t testing.TB, tab *Table) {
	t.Helper()
	wantSizeOfSlots(t, tab.cache)
	for _, s := range tab.cache.slots.Values() {
		if s.item.Key.SK == "" {
			wantList(t, tab, s)
			continue
		}
		it, err := tab.readRow(s.item.Key, false)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(it, s.item); s.filled && diff != "" {
			t.Errorf("the cached item of %s differs (-stored +cached):\n%s", s.item.Key, diff)
		}
	}
}

// wantSizeOfSlots requires that a cache knows its size, which is not larger than its limit.
func wantSizeOfSlots(t testing.TB, c *cache) {
	t.Helper()
	size := 0
	for _, s := range c.slots.Values() {
		size += s.size()
	}
	if c.bytes != size || size > c.limit {
		t.Errorf("the cache has %d bytes, counts %d, and may have %d", size, c.bytes, c.limit)
	}
}

func version(key table.Key, n int64) table.Item {
	return table.Item{Key: key, Version: n, Doc: []byte(`{}`)}
}

// A read that began before a write must not store what it read.
func TestCacheIsNotFilledAfterAWrite(t *testing.T) {
	key := table.Key{PK: "p", SK: "s"}
	c := newCache(cacheBytes)
	s, filled := c.slot(key)
	if filled {
		t.Fatal("a new slot is filled")
	}
	c.put([]table.Item{version(key, 2)})
	c.fill(s, version(key, 1))
	wantSizeOfSlots(t, c)
	if now, filled := c.slot(key); !filled || now.item.Version != 2 {
		t.Errorf("version %d, want 2", now.item.Version)
	}
	if c.unchanged([]*slot{s}) {
		t.Error("the replaced slot is current")
	}
}

// A slot that was evicted while its item was read must not come back, because the item may have changed meanwhile.
func TestCacheIsNotFilledAfterAnEviction(t *testing.T) {
	key := table.Key{PK: "p", SK: "s"}
	c := newCache(2_000)
	s, _ := c.slot(key)
	for i := range 10 {
		c.put([]table.Item{version(table.Key{PK: "q", SK: fmt.Sprint(i)}, 2)})
	}
	c.fill(s, version(key, 1))
	if c.unchanged([]*slot{s}) {
		t.Error("the evicted slot is current")
	}
	if _, filled := c.slot(key); filled {
		t.Error("the evicted slot was filled")
	}
}

// Readers of the same state share a slot. The first one fills it.
func TestReadersShareASlot(t *testing.T) {
	key := table.Key{PK: "p", SK: "s"}
	c := newCache(cacheBytes)
	first, _ := c.slot(key)
	second, _ := c.slot(key)
	c.fill(first, version(key, 1))
	c.fill(second, version(key, 1))
	if s, filled := c.slot(key); s != first || s != second || !filled || !c.unchanged([]*slot{first, second}) {
		t.Error("the slots differ")
	}
}

func TestCacheRemembersAbsentItems(t *testing.T) {
	tab := checked(t, memory(t))
	key := table.Key{PK: "p", SK: "s"}
	if it, err := tab.Get(t.Context(), key); err != nil || it.Version != 0 {
		t.Fatal(it, err)
	}
	if s, filled := tab.cache.slot(key); !filled || s.item.Version != 0 {
		t.Errorf("filled %t, version %d", filled, s.item.Version)
	}
	put := table.Item{Key: key, Doc: []byte(`{"n":1}`)}
	if err := tab.Transact(t.Context(), table.Put(put)); err != nil {
		t.Fatal(err)
	}
	if it, err := tab.Get(t.Context(), key); err != nil || it.Version != 1 {
		t.Error(it, err)
	}
	put.Version = 1
	if err := tab.Transact(t.Context(), table.Delete(put)); err != nil {
		t.Fatal(err)
	}
	if it, err := tab.Get(t.Context(), key); err != nil || it.Version != 0 {
		t.Error(it, err)
	}
}

// Pebble reuses the memory of a value after the read, so a cached item must not refer to it.
func TestDecodedItemHasItsOwnMemory(t *testing.T) {
	key := table.Key{PK: "p", SK: "s"}
	value := encodeItem(table.Item{Key: key, Version: 1, Doc: []byte(`{"n":1}`)})
	it, err := decodeItem(key, value)
	clear(value)
	if err != nil || string(it.Doc) != `{"n":1}` {
		t.Errorf("the document is %q; %v", it.Doc, err)
	}
}

func TestItemOfAConflictHasItsOwnMemory(t *testing.T) {
	tab := checked(t, memory(t))
	put := table.Put(table.Item{Key: table.Key{PK: "p", SK: "s"}, Doc: []byte(`{"n":1}`)})
	if err := tab.Transact(t.Context(), put); err != nil {
		t.Fatal(err)
	}
	var conflict *table.ConflictError
	if err := tab.Transact(t.Context(), put); !errors.As(err, &conflict) {
		t.Fatal(err)
	}
	clear(conflict.Current.Doc)
	if it, err := tab.Get(t.Context(), put.Item.Key); err != nil || string(it.Doc) != `{"n":1}` {
		t.Errorf("the document is %q; %v", it.Doc, err)
	}
}

// A cached item has the expiry that a stored one would have: in whole seconds, in UTC.
func TestCachedExpiryIsInWholeSeconds(t *testing.T) {
	tab := checked(t, memory(t))
	it := table.Item{Key: table.Key{PK: "p", SK: "s"}, Doc: []byte(`{}`)}
	it.Expires = time.Date(2031, 3, 31, 22, 59, 59, 987_654_321, time.FixedZone("", 7200))
	for it.Version = range 2 {
		if err := tab.Transact(t.Context(), table.Put(it)); err != nil {
			t.Fatal(err)
		}
	}
	want := time.Date(2031, 3, 31, 20, 59, 59, 0, time.UTC)
	if got, err := tab.Get(t.Context(), it.Key); err != nil || got.Version != 2 || got.Expires != want {
		t.Errorf("version %d expires %s, want %s; %v", got.Version, got.Expires, want, err)
	}
}
