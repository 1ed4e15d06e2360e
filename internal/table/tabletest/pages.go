package tabletest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// pages tests that a long list can be read at once, in pages, and starting after any item, without missing or repeated
// items.
func (s *suite) pages(t *testing.T) {
	pk := s.pk(t)
	// Together, the items exceed the 1 MB that DynamoDB reads at a time. Every second item is in the index.
	pad := strings.Repeat("x", 600)
	all := make([]table.Item, 2200)
	for i := range all {
		all[i] = s.item(t, fmt.Sprintf("%06d", i), fmt.Sprintf(`{"n":%d,"pad":%q}`, i, pad))
		if i%2 == 0 {
			all[i].Index = table.Key{PK: pk + "#index", SK: fmt.Sprintf("%06d", i)}
		}
	}
	want := sortKeys(s.fill(t, all))
	var indexed []string
	for i := 0; i < len(want); i += 2 {
		indexed = append(indexed, want[i])
	}
	base, index := table.Query{PK: pk}, table.Query{PK: pk + "#index", Index: true}

	t.Run("the base table is read completely", func(t *testing.T) { s.wantBothWays(t, base, want) })
	t.Run("the index is read completely", func(t *testing.T) { s.wantBothWays(t, index, indexed) })
	t.Run("pages of the base table join without a gap", func(t *testing.T) { s.wantPages(t, base, 275, want) })
	t.Run("pages of the index join without a gap", func(t *testing.T) { s.wantPages(t, index, 275, indexed) })
	t.Run("pages of one item join without a gap", func(t *testing.T) {
		base.To, index.To = "000012", "000012"
		s.wantPages(t, base, 1, want[:13])
		s.wantPages(t, index, 1, indexed[:7])
		base.To, index.To = "", ""
	})
	t.Run("pages end at the bounds of the query", func(t *testing.T) {
		base.From, base.To, index.From, index.To = "000100", "000190", "000100", "000190"
		s.wantPages(t, base, 40, want[100:191])
		s.wantPages(t, index, 20, indexed[50:96])
		base.From, base.To, index.From, index.To = "", "", "", ""
	})
	t.Run("a cursor outside the bounds does not extend them", func(t *testing.T) {
		for _, c := range []struct {
			q    table.Query
			want []string
		}{{base, want[100:111]}, {index, indexed[50:56]}} {
			below, above := all[50], all[200]
			c.q.From, c.q.To, c.q.After = "000100", "000110", below
			s.wantList(t, c.q, c.want)
			c.q.After = above
			s.wantList(t, c.q, []string{})
			c.q.Reverse = true
			slices.Reverse(c.want)
			s.wantList(t, c.q, c.want)
			c.q.After = below
			s.wantList(t, c.q, []string{})
			slices.Reverse(c.want)
		}
	})
	t.Run("a cursor remains valid after its item was deleted", func(t *testing.T) {
		at := s.get(t, all[1000].Key)
		s.transact(t, table.Delete(at))
		for _, c := range []struct {
			q            table.Query
			before, next string
		}{{base, want[999], want[1001]}, {index, want[998], want[1002]}} {
			c.q.After, c.q.Limit = at, 1
			s.wantList(t, c.q, []string{c.next})
			c.q.Reverse = true
			s.wantList(t, c.q, []string{c.before})
		}
	})
	t.Run("reading can stop anywhere and continue without a gap", func(t *testing.T) {
		for _, q := range []table.Query{base, index} {
			read := 0
			for _, err := range s.tab.Query(t.Context(), q) {
				if err != nil {
					t.Fatal(err)
				}
				if read++; read == 3 {
					break
				}
			}
		}
	})
}

// wantPages checks the sort keys that a query lists in pages of at most limit items, in both directions. Each page
// starts after the last item of the previous page.
func (s *suite) wantPages(t *testing.T, q table.Query, limit int, want []string) {
	t.Helper()
	for _, q.Reverse = range []bool{false, true} {
		eventually(t, func() string {
			got := []string{}
			q.After, q.Limit = table.Item{}, limit
			for {
				page := s.list(t, q)
				if len(page) > limit {
					t.Fatalf("a page of %d items, want at most %d", len(page), limit)
				}
				if len(page) == 0 {
					break
				}
				got = append(got, sortKeys(page)...)
				q.After = page[len(page)-1]
			}
			return cmp.Diff(want, got)
		})
		want = slices.Clone(want)
		slices.Reverse(want)
	}
}

// changesWhileIterating tests that listed items can be written, moved and deleted during a Query. Items that are stored
// during the whole Query must be yielded exactly once.
func (s *suite) changesWhileIterating(t *testing.T) {
	const n = 300
	items := make([]table.Item, n)
	for i := range items {
		items[i] = s.item(t, fmt.Sprintf("%04d", i), `{"n":0}`)
		items[i].Index = table.Key{PK: s.pk(t) + "#due", SK: fmt.Sprintf("%04d", i)}
	}
	want := sortKeys(s.fill(t, items))
	pk := s.pk(t)

	t.Run("items can be moved while the index is read", func(t *testing.T) {
		due := table.Query{PK: pk + "#due", Index: true}
		s.wantBothWays(t, due, want)
		got := s.each(t, due, func(i int, it table.Item) table.Op {
			it.Index = table.Key{PK: pk + "#done", SK: it.Index.SK}
			return table.Put(it)
		})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("yielded (-want +got):\n%s", diff)
		}
		s.wantBothWays(t, due, []string{})
		s.wantBothWays(t, table.Query{PK: pk + "#done", Index: true}, want)
	})
	t.Run("items can be written and deleted while the table is read", func(t *testing.T) {
		got := s.each(t, table.Query{PK: pk}, func(i int, it table.Item) table.Op {
			if i%2 == 0 {
				return table.Delete(it)
			}
			it.Doc = numbered(i)
			return table.Put(it)
		})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("yielded (-want +got):\n%s", diff)
		}
		if left := s.list(t, table.Query{PK: pk}); len(left) != n/2 {
			t.Errorf("%d items remain, want %d", len(left), n/2)
		}
	})
}

// each runs the query q. For each item, it applies the operation that the function change returns, and then reads the
// next item. It returns the sort keys in the order in which they were read.
func (s *suite) each(t *testing.T, q table.Query, change func(int, table.Item) table.Op) []string {
	t.Helper()
	got := []string{}
	for it, err := range s.tab.Query(t.Context(), q) {
		if err != nil {
			t.Fatalf("query: %v", err)
		}
		s.transact(t, change(len(got), it))
		got = append(got, it.Key.SK)
	}
	return got
}
