package pebbletable

import (
	"testing"

	"github.com/cockroachdb/pebble/v2"

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

func memory(t testing.TB) *Table {
	t.Helper()
	tab, err := OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

// checked closes the table when the test is over, after holding its index to its items.
func checked(t testing.TB, tab *Table) *Table {
	t.Cleanup(func() {
		wantIndexOfItems(t, tab)
		if err := tab.Close(); err != nil {
			t.Error(err)
		}
	})
	return tab
}

// wantIndexOfItems wants an index row for each item that has an index key, and no other. The port cannot show
// a row too many, because whoever queries the index re-reads the item.
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
