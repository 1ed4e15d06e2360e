package tabletest

import (
	"fmt"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// index tests that an item is listed under its index key and under no other key.
func (s *suite) index(t *testing.T) {
	place := func(t *testing.T, name, sk string) table.Key { return table.Key{PK: s.pk(t) + "#" + name, SK: sk} }
	at := func(t *testing.T, name string) table.Query {
		return table.Query{PK: s.pk(t) + "#" + name, Index: true}
	}
	t.Run("an item that moves is listed only under its new key", func(t *testing.T) {
		it := s.item(t, "a", `{"n":1}`)
		for i, key := range []table.Key{
			place(t, "one", "1"), place(t, "one", "2"), place(t, "two", "2"), place(t, "two", "0"),
			place(t, "one", "1"),
		} {
			it.Index, it.Doc = key, numbered(i)
			it = s.put(t, it)
			there := []table.Item{it}
			for _, name := range []string{"one", "two"} {
				want := []table.Item{}
				if key.PK == s.pk(t)+"#"+name {
					want = there
				}
				s.wantIndex(t, at(t, name), want)
			}
		}
	})
	t.Run("an item that leaves the index is not listed but still stored", func(t *testing.T) {
		it := s.item(t, "a", `{"n":1}`)
		it.Index = place(t, "one", "1")
		it = s.put(t, it)
		s.wantIndex(t, at(t, "one"), []table.Item{it})
		it.Index = table.Key{}
		it = s.put(t, it)
		s.wantIndex(t, at(t, "one"), []table.Item{})
		s.wantStored(t, it)
		it.Index = place(t, "one", "1")
		s.wantIndex(t, at(t, "one"), []table.Item{s.put(t, it)})
	})
	t.Run("a deleted item is not listed until it is created again", func(t *testing.T) {
		it := s.item(t, "a", `{"n":1}`)
		it.Index = place(t, "one", "1")
		stored := s.put(t, it)
		s.transact(t, table.Delete(stored))
		s.wantIndex(t, at(t, "one"), []table.Item{})
		it.Index = place(t, "one", "2")
		s.wantIndex(t, at(t, "one"), []table.Item{s.put(t, it)})
	})
	t.Run("the index yields the current item", func(t *testing.T) {
		it := s.item(t, "a", `{"n":1}`)
		it.Index = place(t, "one", "1")
		for i := range 3 {
			it.Doc = fmt.Appendf(nil, `{"n":%d,"more":[%d]}`, i, i)
			it = s.put(t, it)
			s.wantIndex(t, at(t, "one"), []table.Item{it})
		}
		s.transact(t, table.Add(it.Key, "n", 5, 0))
		it.Doc, it.Version = []byte(`{"n":7,"more":[2]}`), it.Version+1
		s.wantIndex(t, at(t, "one"), []table.Item{it})
	})
	t.Run("all items with one index key are listed, also in pages", func(t *testing.T) {
		var items []table.Item
		for i := range 60 {
			it := table.Item{
				Key: table.Key{PK: fmt.Sprintf("%s#%02d", s.pk(t), i%7), SK: fmt.Sprintf("%02d", i)}, Doc: numbered(i),
			}
			it.Index = place(t, "tie", fmt.Sprint(i/20))
			items = append(items, it)
		}
		s.fill(t, items)
		s.wantSet(t, at(t, "tie"), items)
		for _, limit := range []int{1, 7, 20, 59} {
			s.wantSetInPages(t, at(t, "tie"), limit, items)
		}
		tie := at(t, "tie")
		tie.From, tie.To = "1", "1"
		s.wantSetInPages(t, tie, 7, items[20:40])
	})
}

// wantSet checks the items of a query, which must be in the order of the index sort key. Items with equal sort keys may
// be in any order.
func (s *suite) wantSet(t *testing.T, q table.Query, want []table.Item) {
	t.Helper()
	eventually(t, func() string { return diffSet(q, want, s.list(t, q)) })
}

// wantSetInPages is like wantSet, but reads the items in pages, and in both directions.
func (s *suite) wantSetInPages(t *testing.T, q table.Query, limit int, want []table.Item) {
	t.Helper()
	for _, q.Reverse = range []bool{false, true} {
		eventually(t, func() string {
			var got []table.Item
			q.After, q.Limit = table.Item{}, limit
			for {
				page := s.list(t, q)
				if len(page) == 0 {
					return diffSet(q, want, got)
				}
				got = append(got, page...)
				q.After = page[len(page)-1]
			}
		})
	}
}

// diffSet describes the items that are missing, superfluous or in the wrong position.
func diffSet(q table.Query, want, got []table.Item) string {
	missing := map[table.Key]bool{}
	for _, it := range want {
		missing[it.Key] = true
	}
	last := ""
	for i, it := range got {
		if !missing[it.Key] {
			return fmt.Sprintf("%s is listed twice or superfluous", it.Key)
		}
		delete(missing, it.Key)
		if i > 0 && (it.Index.SK < last) != q.Reverse && it.Index.SK != last {
			return fmt.Sprintf("%s follows %s", it.Index.SK, last)
		}
		last = it.Index.SK
	}
	if len(missing) > 0 {
		return fmt.Sprintf("%d of %d items are missing: %v", len(missing), len(want), missing)
	}
	return ""
}
