package pebbletable

import (
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

func TestConformanceInMemory(t *testing.T) {
	tabletest.Run(t, func(t *testing.T) table.Table { return checked(t, memory(t)) })
}

func TestConformanceOnDisk(t *testing.T) {
	tabletest.Run(t, func(t *testing.T) table.Table {
		tab, err := Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		return checked(t, tab)
	})
}

// TestConformanceWithASmallCache evicts items all the time, also while they are read or written.
func TestConformanceWithASmallCache(t *testing.T) {
	tabletest.Run(t, func(t *testing.T) table.Table {
		tab := memory(t)
		tab.cache = newCache(2_000)
		return checked(t, tab)
	})
}

func memory(t testing.TB) *Table {
	t.Helper()
	tab, err := OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

// checked compares the table's index and its cache with its items and closes it when the test ends.
func checked(t testing.TB, tab *Table) *Table {
	t.Cleanup(func() {
		wantIndexOfItems(t, tab)
		wantCacheOfItems(t, tab)
		if err := tab.Close(); err != nil {
			t.Error(err)
		}
	})
	return tab
}

// wantIndexOfItems requires one index row for each item that has an index key, and no other. The port cannot show a
// superfluous row, because a Query over the index reads each item again.
func wantIndexOfItems(t testing.TB, tab *Table) {
	t.Helper()
	want := map[string]bool{}
	for row, value := range tab.allRows(t) {
		if row[0] != itemRow {
			continue
		}
		it, err := rowItem([]byte(row), []byte(value))
		if err != nil {
			t.Fatal(err)
		}
		if !it.Index.IsZero() {
			want[string(indexKey(it))] = true
		}
	}
	for row := range tab.allRows(t) {
		if row[0] == indexRow && !want[row] {
			t.Errorf("stale index row %q", row)
		}
		delete(want, row)
	}
	for row := range want {
		t.Errorf("missing index row %q", row)
	}
}

func (t *Table) allRows(tb testing.TB) map[string]string {
	tb.Helper()
	all := map[string]string{}
	rows, err := t.db.NewIter(&pebble.IterOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	for ok := rows.First(); ok; ok = rows.Next() {
		all[string(rows.Key())] = string(rows.Value())
	}
	if err := rows.Close(); err != nil {
		tb.Fatal(err)
	}
	return all
}

func TestIndexQueryOmitsItemsRemovedMeanwhile(t *testing.T) {
	tab := checked(t, memory(t))
	var items []table.Item
	for _, sk := range []string{"first", "goes", "moves", "stays"} {
		it := table.Item{Key: table.Key{PK: "p", SK: sk}, Index: table.Key{PK: "i", SK: sk}, Doc: []byte(`{}`)}
		if err := tab.Transact(t.Context(), table.Put(it)); err != nil {
			t.Fatal(err)
		}
		it.Version = 1
		items = append(items, it)
	}
	goes, moves := items[1], items[2]
	moves.Index.PK = "elsewhere"
	var got []string
	for it, err := range tab.Query(t.Context(), table.Query{PK: "i", Index: true}) {
		if err != nil {
			t.Fatal(err)
		}
		if len(got) == 0 {
			if err := tab.Transact(t.Context(), table.Delete(goes), table.Put(moves)); err != nil {
				t.Fatal(err)
			}
		}
		got = append(got, it.Key.SK)
	}
	if diff := cmp.Diff([]string{"first", "stays"}, got); diff != "" {
		t.Errorf("yielded (-want +got):\n%s", diff)
	}
}
