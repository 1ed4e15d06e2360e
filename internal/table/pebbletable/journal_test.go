package pebbletable

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// journalOf returns the journal of a table: for each operation the sort key, the version and the document.
func journalOf(t *testing.T, tab *Table) (all []string) {
	t.Helper()
	for op, err := range tab.Journaled(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		kind := map[table.OpKind]string{table.OpPut: "put", table.OpDelete: "delete"}[op.Kind]
		all = append(all, fmt.Sprintf("%s %s v%d %s", kind, op.Item.Key.SK, op.Item.Version, op.Item.Doc))
	}
	return all
}

// TestJournalListsChangesUntilTheyAreCleared also reopens the table after a loss of power.
func TestJournalListsChangesUntilTheyAreCleared(t *testing.T) {
	disk := vfs.NewCrashableMem()
	tab, err := open("table", disk)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tab.Close() }()
	tab.Journal(func(op table.Op) bool { return strings.HasPrefix(op.Item.Key.SK, "a") && op.Kind != table.OpAdd })
	put := func(sk string, version int64, doc string) table.Op {
		return table.Put(table.Item{Key: table.Key{PK: "p\x00", SK: sk}, Version: version, Doc: []byte(doc)})
	}
	first := []table.Op{put("a1", 0, `{"n":1}`), put("b1", 0, `{}`)}
	second := []table.Op{put("a1", 1, `{"n":2}`), put("a2", 0, `{}`)}
	for _, ops := range [][]table.Op{first, second} {
		if err := tab.Transact(t.Context(), ops...); err != nil {
			t.Fatal(err)
		}
	}
	if err := tab.Transact(t.Context(), put("a3", 0, `{}`), put("b1", 0, `{}`)); err == nil {
		t.Fatal("a conflict was expected")
	}
	check := table.Check(table.Item{Key: table.Key{PK: "p\x00", SK: "a2"}, Version: 1})
	if err := tab.Transact(t.Context(), check); err != nil {
		t.Fatal(err)
	}
	want := func(tab *Table, all ...string) {
		t.Helper()
		if got := journalOf(t, tab); !slices.Equal(got, all) {
			t.Errorf("the journal is %q, want %q", got, all)
		}
	}
	want(tab, `put a1 v0 {"n":2}`, `put a1 v1 {"n":2}`, `put a2 v0 {}`)

	reopened, err := open("table", disk.CrashClone(vfs.CrashCloneCfg{}))
	if err != nil {
		t.Fatal(err)
	}
	defer reopened.Close()
	want(reopened, `put a1 v0 {"n":2}`, `put a1 v1 {"n":2}`, `put a2 v0 {}`)

	if err := tab.ClearJournal(first); err != nil {
		t.Fatal(err)
	}
	want(tab, `put a1 v1 {"n":2}`, `put a2 v0 {}`)
	removed := table.Delete(table.Item{Key: table.Key{PK: "p\x00", SK: "a2"}, Version: 1})
	if err := tab.Transact(t.Context(), removed); err != nil {
		t.Fatal(err)
	}
	want(tab, `put a1 v1 {"n":2}`, `delete a2 v0 `, `delete a2 v1 `)
	if err := tab.ClearJournal(append(second, removed)); err != nil {
		t.Fatal(err)
	}
	want(tab)
}
