package tabletest_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

func TestSizeMatchesDynamoDB(t *testing.T) {
	const bare = 3 + 3 + 3 + 3 + 3 // pk, sk, v, and an empty doc
	for doc, want := range map[string]int{
		`{}`:                                    bare,
		`{"a":""}`:                              bare + 1 + 1,
		`{"name":"Zoë"}`:                        bare + 1 + 4 + 4,
		`{"a":true,"b":null,"c":false}`:         bare + 3*(1+1+1),
		`{"a":0}`:                               bare + 2 + 1,
		`{"a":7}`:                               bare + 2 + 2,
		`{"a":-7}`:                              bare + 2 + 3,
		`{"a":12,"b":1200000}`:                  bare + 2*(2+2),
		`{"a":0.00123,"b":1.230e5}`:             bare + 2*(2+3),
		`{"a":9223372036854775807}`:             bare + 2 + 11,
		`{"a":` + strings.Repeat("9", 50) + `}`: bare + 2 + 21,
		`{"a":[]}`:                              bare + 2 + 3,
		`{"a":[1,"x",{"b":2}]}`:                 bare + 2 + 3 + (1 + 2) + (1 + 1) + (1 + 3 + 1 + 1 + 2),
	} {
		it := table.Item{Key: table.Key{PK: "p", SK: "s"}, Version: 1, Doc: []byte(doc)}
		if got := tabletest.Size(it); got != want {
			t.Errorf("%s counts %d bytes, want %d", doc, got, want)
		}
	}
	it := table.Item{
		Key: table.Key{PK: "p", SK: "s"}, Index: table.Key{PK: "ix", SK: "é"}, Version: 123, Doc: []byte(`{}`),
	}
	it.Expires = time.Unix(1_234_567_890, 0)
	if got, want := tabletest.Size(it), bare+1+(3+2)+(3+2)+(3+6); got != want {
		t.Errorf("an indexed item that expires counts %d bytes, want %d", got, want)
	}
	if got := tabletest.Size(table.Item{Key: it.Key}); got != 0 {
		t.Errorf("an absent item counts %d bytes", got)
	}
}

// sized returns an item with the given size at version 1.
func sized(pk, sk string, bytes int) table.Item {
	it := table.Item{Key: table.Key{PK: pk, SK: sk}, Version: 1, Doc: []byte(`{"a":""}`)}
	it.Doc = fmt.Appendf(nil, `{"a":%q}`, strings.Repeat("x", bytes-tabletest.Size(it)))
	it.Version = 0
	return it
}

func TestMeterCountsBilledUnits(t *testing.T) {
	tab := memory(t)
	m := &tabletest.Meter{Table: tab}
	stored := map[string]table.Item{}
	for sk, bytes := range map[string]int{
		"1KB": 1024, "1KB+1": 1025, "4KB": 4096, "4KB+1": 4097, "indexed": 100, "gone": 100,
	} {
		it := sized("p", sk, bytes)
		if sk == "indexed" || sk == "gone" {
			it.Index = table.Key{PK: "i", SK: sk}
		}
		if err := tab.Transact(t.Context(), table.Put(it)); err != nil {
			t.Fatal(err)
		}
		it.Version = 1
		stored[sk] = it
	}
	at := func(it table.Item, version int64) table.Item { it.Version = version; return it }
	small := func(sk string) table.Item { return sized("p", sk, 100) }
	stay, move, leave := stored["indexed"], at(stored["indexed"], 2), at(stored["indexed"], 3)
	move.Index.SK, leave.Index = "moved", table.Key{}
	indexed := small("new indexed")
	indexed.Index = table.Key{PK: "i", SK: "new"}

	for _, c := range []struct {
		name  string
		write float64
		read  float64
		ops   []table.Op
	}{
		{"a single put", 1, 0, []table.Op{table.Put(small("a"))}},
		{"a single put with an index entry", 2, 0, []table.Op{table.Put(indexed)}},
		{"a single put over 1 KB", 1, 0, []table.Op{table.Put(stored["1KB"])}},
		{"a single put of a small item over a larger one", 2, 0, []table.Op{table.Put(at(small("1KB+1"), 1))}},
		{
			"a single put of a larger item over a small one", 5, 0,
			[]table.Op{table.Put(at(sized("p", "1KB+1", 4097), 2))},
		},
		{"a failed single put is billed by the stored item", 5, 0, []table.Op{table.Put(small("1KB+1"))}},
		{"a failed single put to an absent item", 1, 0, []table.Op{table.Put(at(sized("p", "nothing", 5000), 4))}},
		{"a single delete with an index entry", 2, 0, []table.Op{table.Delete(stored["gone"])}},
		{"a single check is a read", 0, 1, []table.Op{table.Check(stored["4KB"])}},
		{"a single check of more than 4 KB", 0, 2, []table.Op{table.Check(stored["4KB+1"])}},
		{"a single add is a transaction", 2, 0, []table.Op{table.Add(small("a").Key, "n", 1, 0)}},
		{"a single add that creates its item is sent twice", 4, 0, []table.Op{table.Add(small("n").Key, "n", 1, 0)}},
		{"an unchanged index key costs nothing", 1, 0, []table.Op{table.Put(stay)}},
		{"a changed index key costs two", 3, 0, []table.Op{table.Put(move)}},
		{"a removed index key costs one", 2, 0, []table.Op{table.Put(leave)}},
		{"two puts cost twice as much", 4, 0, []table.Op{table.Put(small("b")), table.Put(small("c"))}},
		{"the index does not cost twice as much", 5, 0, []table.Op{table.Put(small("d")), table.Put(func() table.Item {
			it := small("e")
			it.Index = table.Key{PK: "i", SK: "e"}
			return it
		}())}},
		{
			"a check in a transaction is billed as a write", 12, 0,
			[]table.Op{table.Put(small("f")), table.Check(stored["4KB+1"])},
		},
		{"a failed transaction is billed", 4, 0, []table.Op{table.Put(small("g")), table.Put(small("a"))}},
		{"an invalid transaction is not billed", 0, 0, nil},
	} {
		_ = m.Transact(t.Context(), c.ops...) // some calls fail, as the bill shows
		if diff := cmp.Diff(tabletest.Units{Read: c.read, Write: c.write}, m.Take().Units); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestMeterCountsReads(t *testing.T) {
	tab := memory(t)
	m := &tabletest.Meter{Table: tab}
	for i := range 150 {
		it := sized("p", fmt.Sprintf("%03d", i), 1000)
		it.Index = table.Key{PK: "i", SK: it.Key.SK}
		if err := tab.Transact(t.Context(), table.Put(it)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 4 {
		if err := tab.Transact(t.Context(), table.Put(sized("large", fmt.Sprint(i), 340_000))); err != nil {
			t.Fatal(err)
		}
	}
	// An item has 1,010 bytes with its index key, and its index entry has 26.
	for _, c := range []struct {
		name  string
		units float64
		items int
		calls int
		stop  int // the caller stops after this many items
		q     table.Query
	}{
		{"a page is rounded up once", 3, 9, 1, 0, table.Query{PK: "p", Limit: 9}},
		{"an empty page costs a unit", 1, 0, 1, 0, table.Query{PK: "none"}},
		{
			"an index page costs half a unit and a read for each item", 9.5, 9, 2, 0,
			table.Query{PK: "i", Index: true, Limit: 9},
		},
		{"an empty index page costs half a unit", 0.5, 0, 1, 0, table.Query{PK: "none", Index: true}},
		{"the index is read in pages of 100", 151, 150, 4, 0, table.Query{PK: "i", Index: true}},
		{"a full page is followed by another read", 101, 100, 3, 0, table.Query{PK: "i", Index: true, To: "099"}},
		{"the limit ends a full page", 100.5, 100, 2, 0, table.Query{PK: "i", Index: true, Limit: 100}},
		{"a caller that stops early has read the page", 37, 150, 1, 2, table.Query{PK: "p"}},
		{"a caller that stops early has read the index page", 100.5, 100, 2, 2, table.Query{PK: "i", Index: true}},
		{"a page of the base table ends at 1 MB", 334, 4, 2, 0, table.Query{PK: "large"}},
	} {
		n := 0
		for _, err := range m.Query(t.Context(), c.q) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n == c.stop {
				break
			}
		}
		want := tabletest.Usage{Units: tabletest.Units{Read: c.units}, Items: c.items, Calls: c.calls}
		if got := m.Take(); got != want {
			t.Errorf("%s: got %+v, want %+v", c.name, got, want)
		}
	}
	_, err := m.Get(t.Context(), table.Key{PK: "p", SK: "absent"})
	if got := m.Take(); err != nil || got.Read != 1 || got.Items != 0 || got.Calls != 1 {
		t.Errorf("reading an absent item used %+v, %v, want one unit", got, err)
	}
}

func TestMeterCountsSequentialSteps(t *testing.T) {
	key := table.Key{PK: "p", SK: "a"}
	for name, c := range map[string]struct {
		steps, calls int
		do           func(m *tabletest.Meter)
	}{
		"one call":     {1, 1, func(m *tabletest.Meter) { m.Get(t.Context(), key) }},
		"two in a row": {2, 2, func(m *tabletest.Meter) { m.Get(t.Context(), key); m.Get(t.Context(), key) }},
		"two in parallel": {1, 2, func(m *tabletest.Meter) {
			inParallel(func() { m.Get(t.Context(), key) }, func() { list(t, m, table.Query{PK: "p"}) })
		}},
		"fifty in parallel, then one": {2, 51, func(m *tabletest.Meter) {
			inParallel(slices.Repeat([]func(){func() { m.Get(t.Context(), key) }}, 50)...)
			m.Transact(t.Context(), table.Add(key, "n", 1, 0))
		}},
		"the longest of several parallel chains": {3, 5, func(m *tabletest.Meter) {
			inParallel(func() { m.Get(t.Context(), key); m.Get(t.Context(), key) },
				func() { m.Get(t.Context(), key); m.Get(t.Context(), key); m.Get(t.Context(), key) })
		}},
		"a page of the index, then its items": {
			2, 2, func(m *tabletest.Meter) { list(t, m, table.Query{PK: "i", Index: true}) },
		},
		"an add that creates its item": {
			2, 2,
			func(m *tabletest.Meter) { m.Transact(t.Context(), table.Add(table.Key{PK: "p", SK: "new"}, "n", 1, 0)) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := &tabletest.Meter{Table: memory(t), Bubble: true}
				it := table.Item{Key: key, Index: table.Key{PK: "i", SK: "a"}, Doc: []byte(`{}`)}
				if err := m.Transact(t.Context(), table.Put(it)); err != nil {
					t.Fatal(err)
				}
				m.Take()
				c.do(m)
				if got := m.Take(); got.Steps != c.steps || got.Calls != c.calls {
					t.Errorf("%d steps and %d calls, want %d and %d", got.Steps, got.Calls, c.steps, c.calls)
				}
			})
		})
	}
}

func inParallel(calls ...func()) {
	var all sync.WaitGroup
	for _, call := range calls {
		all.Go(call)
	}
	all.Wait()
}

func list(t *testing.T, tab table.Table, q table.Query) {
	for _, err := range tab.Query(t.Context(), q) {
		if err != nil {
			t.Error(err)
		}
	}
}

func TestMeterConforms(t *testing.T) {
	tabletest.Run(t, func(t *testing.T) table.Table { return &tabletest.Meter{Table: memory(t)} })
}
