package localcopy

import (
	"errors"
	"iter"
	"os"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

func item(sk, doc string) table.Item {
	return table.Item{Key: table.Key{PK: "p", SK: sk}, Doc: []byte(doc)}
}

func original(t *testing.T) *pebbletable.Table {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tab.Close() })
	it := item("a", `{"n":1}`)
	for range 3 {
		if err := tab.Transact(t.Context(), table.Put(it)); err != nil {
			t.Fatal(err)
		}
		it.Version++
	}
	return tab
}

// TestWritesChangeTheOriginalAndTheCopy puts, adds and deletes.
func TestWritesChangeTheOriginalAndTheCopy(t *testing.T) {
	from := original(t)
	c, err := New(t.Context(), from.Items(t.Context()), from)
	if err != nil {
		t.Fatal(err)
	}
	changed := item("a", `{"n":2}`)
	changed.Version = 3
	err = c.Transact(t.Context(), table.Put(changed), table.Put(item("b", `{}`)), table.Add(
		table.Key{PK: "p", SK: "c"}, "n", 5, 0,
	))
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []table.Table{from, c} {
		for sk, want := range map[string]string{"a": `{"n":2}`, "b": `{}`, "c": `{"n":5}`} {
			it, err := at.Get(t.Context(), table.Key{PK: "p", SK: sk})
			if err != nil || string(it.Doc) != want || sk == "a" && it.Version != 4 {
				t.Errorf("%T: %s: %s, version %d, %v", at, sk, it.Doc, it.Version, err)
			}
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("the closed copy still has files: %v %v", left, err)
	}
}

// TestChangedOriginalIsNotOverwritten changes the original after it was copied.
func TestChangedOriginalIsNotOverwritten(t *testing.T) {
	from := original(t)
	c, err := New(t.Context(), from.Items(t.Context()), from)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	it := item("a", `{"n":7}`)
	it.Version = 3
	if err := from.Transact(t.Context(), table.Put(it)); err != nil {
		t.Fatal(err)
	}
	it.Doc = []byte(`{"n":8}`)
	if err := c.Transact(t.Context(), table.Put(it)); !errors.As(err, new(*table.ConflictError)) {
		t.Errorf("the write succeeded: %v", err)
	}
	if copied, err := c.Get(t.Context(), it.Key); err != nil || copied.Version != 3 {
		t.Errorf("the copy has version %d, %v", copied.Version, err)
	}
}

func TestCopyWithoutOriginalIsReadOnly(t *testing.T) {
	from := original(t)
	c, err := New(t.Context(), from.Items(t.Context()), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Transact(t.Context(), table.Put(item("b", `{}`))); err == nil {
		t.Error("the write succeeded")
	}
}

// TestFailedCopyIsRemoved copies items that end with an error.
func TestFailedCopyIsRemoved(t *testing.T) {
	original(t)
	failed := errors.New("failed")
	items := iter.Seq2[table.Item, error](func(yield func(table.Item, error) bool) { yield(table.Item{}, failed) })
	if _, err := New(t.Context(), items, nil); !errors.Is(err, failed) {
		t.Errorf("%v", err)
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("the failed copy still has files: %v %v", left, err)
	}
}
