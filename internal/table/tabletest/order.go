package tabletest

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// ordered lists sort keys in byte order. This order differs from the order of a dictionary, and from the order of
// UTF-16, in which the last two keys are reversed.
var ordered = []string{
	"!", "#", "0", "000001", "000002", "000010", "1", "10", "2", "A", "B", "Z", "a", "a!", "aa", "ab", "b", "z", "~",
	"é", "ü", "Ω", "я", "日本", "日本語", "\uffee", "😀",
}

// order tests that a Query lists a partition in the byte order of its sort keys. It tests both directions, bounds, the
// base table and the index.
func (s *suite) order(t *testing.T) {
	pk := s.pk(t)
	var items []table.Item
	for _, sk := range ordered {
		it := s.item(t, sk, `{}`)
		it.Index = table.Key{PK: pk + "#index", SK: sk}
		items = append(items, it)
	}
	slices.Reverse(items)
	s.fill(t, items)
	// The partitions with similar names must not be listed.
	for _, neighbour := range []string{pk + "#", pk[:len(pk)-1], pk + "a"} {
		s.put(t, table.Item{
			Key: table.Key{PK: neighbour, SK: "a"}, Index: table.Key{PK: neighbour + "#index", SK: "a"},
			Doc: numbered(0),
		})
	}

	for _, c := range []struct{ name, from, to string }{
		{"a whole partition is listed", "", ""},
		{"bounds are inclusive", "A", "b"},
		{"equal bounds list a single key", "aa", "aa"},
		{"bounds need not exist", "000003", "a#"},
		{"a lower bound without an upper bound", "z", ""},
		{"an upper bound without a lower bound", "", "1"},
		{"bounds outside ASCII", "é", "日本"},
		{"bounds outside UTF-16's basic plane", "\uffee", "😀"},
		{"crossed bounds list nothing", "b", "a"},
		{"bounds below all keys list nothing", "", " "},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := []string{}
			for _, sk := range ordered {
				if sk >= c.from && (c.to == "" || sk <= c.to) {
					want = append(want, sk)
				}
			}
			s.wantBothWays(t, table.Query{PK: pk, From: c.from, To: c.to}, want)
			s.wantBothWays(t, table.Query{PK: pk + "#index", Index: true, From: c.from, To: c.to}, want)
		})
	}
}

// wantBothWays checks that a query lists the sort keys in the given order, and also in reverse order.
func (s *suite) wantBothWays(t *testing.T, q table.Query, want []string) {
	t.Helper()
	s.wantList(t, q, want)
	q.Reverse = true
	back := slices.Clone(want)
	slices.Reverse(back)
	s.wantList(t, q, back)
}

// wantList checks the sort keys that a query lists. It tries again until the index is up to date.
func (s *suite) wantList(t *testing.T, q table.Query, want []string) {
	t.Helper()
	eventually(t, func() string { return cmp.Diff(want, sortKeys(s.list(t, q))) })
}
