package tabletest

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// ordered are sort keys in the order of their bytes. It is neither that of a dictionary nor that of UTF-16,
// which has the last two the other way round.
var ordered = []string{
	"!", "#", "0", "000001", "000002", "000010", "1", "10", "2", "A", "B", "Z", "a", "a!", "aa", "ab", "b", "z", "~",
	"é", "ü", "Ω", "я", "日本", "日本語", "\uffee", "😀",
}

// order: a partition is listed in the byte order of its sort keys, both ways and between bounds, over the
// base table and over the index alike.
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
	// Neighbours whose partitions begin alike must not be listed along.
	for _, neighbour := range []string{pk + "#", pk[:len(pk)-1], pk + "a"} {
		s.put(t, table.Item{
			Key: table.Key{PK: neighbour, SK: "a"}, Index: table.Key{PK: neighbour + "#index", SK: "a"}, Doc: numbered(0),
		})
	}

	for _, c := range []struct{ name, from, to string }{
		{"a whole partition is listed", "", ""},
		{"bounds are inclusive", "A", "b"},
		{"a single key is listed between itself and itself", "aa", "aa"},
		{"bounds need not be there", "000003", "a#"},
		{"a lower bound alone is open above", "z", ""},
		{"an upper bound alone is open below", "", "1"},
		{"bounds beyond ASCII hold", "é", "日本"},
		{"bounds beyond UTF-16's basic plane hold", "\uffee", "😀"},
		{"crossed bounds list nothing", "b", "a"},
		{"bounds below everything list nothing", "", " "},
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

// wantBothWays wants the sort keys in this order, and the other way round in reverse.
func (s *suite) wantBothWays(t *testing.T, q table.Query, want []string) {
	t.Helper()
	s.wantList(t, q, want)
	q.Reverse = true
	back := slices.Clone(want)
	slices.Reverse(back)
	s.wantList(t, q, back)
}

// wantList wants just these sort keys, once the index has caught up.
func (s *suite) wantList(t *testing.T, q table.Query, want []string) {
	t.Helper()
	eventually(t, func() string { return cmp.Diff(want, sortKeys(s.list(t, q))) })
}
