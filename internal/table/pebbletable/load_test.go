package pebbletable

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

func loaded(items ...table.Item) iter.Seq2[table.Item, error] {
	return func(yield func(table.Item, error) bool) {
		for _, it := range items {
			if !yield(it, nil) {
				return
			}
		}
	}
}

// TestLoadedTableIsACopy copies a table of several batches. The copy has the same items, versions and index, and is
// durable.
func TestLoadedTableIsACopy(t *testing.T) {
	from, err := OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	text := strings.Repeat("x", 100<<10)
	for n := range 30 {
		it := table.Item{
			Key: table.Key{PK: fmt.Sprint("p", n%3), SK: fmt.Sprint(n)}, Expires: time.Unix(2_000_000_000, 0),
			Index: table.Key{PK: "list", SK: fmt.Sprint(n)}, Doc: fmt.Appendf(nil, `{"n":%d,"text":%q}`, n, text),
		}
		for range 1 + n%3 {
			if err := from.Transact(t.Context(), table.Put(it)); err != nil {
				t.Fatal(err)
			}
			it.Version++
		}
	}
	fs := vfs.NewCrashableMem()
	to, err := open("table", fs)
	if err != nil {
		t.Fatal(err)
	}
	if err := to.Load(t.Context(), from.Items(t.Context())); err != nil {
		t.Fatal(err)
	}
	after, err := open("table", fs.CrashClone(vfs.CrashCloneCfg{}))
	if err != nil {
		t.Fatal(err)
	}
	defer after.Close()
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	var want, got bytes.Buffer
	if err := errors.Join(from.Dump(&want), after.Dump(&got)); err != nil || !bytes.Equal(want.Bytes(), got.Bytes()) {
		t.Errorf("%v: the copy has %d bytes, want %d", err, got.Len(), want.Len())
	}
	n := 0
	for it, err := range after.Query(t.Context(), table.Query{PK: "list", Index: true}) {
		if err != nil || it.Version == 0 {
			t.Fatal(it.Key, err)
		}
		n++
	}
	if n != 30 {
		t.Errorf("the index of the copy lists %d items", n)
	}
}

func TestItemsListsAllItems(t *testing.T) {
	tab, err := OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	defer tab.Close()
	tabletest.RunItems(t, tab, tab.Items)
}

func TestLoadRejectsDamagedItems(t *testing.T) {
	good := table.Item{Key: table.Key{PK: "p", SK: "s"}, Version: 1, Doc: []byte(`{}`)}
	for name, damage := range map[string]func(*table.Item){
		"no version": func(it *table.Item) { it.Version = 0 },
		"no object":  func(it *table.Item) { it.Doc = []byte(`[]`) },
		"no key":     func(it *table.Item) { it.Key.SK = "" },
	} {
		tab, err := OpenMemory()
		if err != nil {
			t.Fatal(err)
		}
		defer tab.Close()
		bad := good
		damage(&bad)
		if err := tab.Load(t.Context(), loaded(good, bad)); err == nil {
			t.Errorf("%s: the item was loaded", name)
		}
		failed := errors.New("failed")
		err = tab.Load(t.Context(), func(yield func(table.Item, error) bool) { yield(table.Item{}, failed) })
		if !errors.Is(err, failed) {
			t.Errorf("%s: %v", name, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := tab.Load(ctx, loaded(good)); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
