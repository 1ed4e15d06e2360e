package tabletest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// A Lister is a table whose items can be listed.
type Lister func(ctx context.Context) iter.Seq2[table.Item, error]

// RunItems checks that the Lister yields every item of an empty table exactly once, as Get returns it. The items have
// several pages.
func RunItems(t *testing.T, tab table.Table, items Lister) {
	t.Helper()
	text := strings.Repeat("x", 100<<10)
	want := map[table.Key]table.Item{}
	for n := range 40 {
		it := table.Item{
			Key:     table.Key{PK: fmt.Sprint("p", n%7), SK: fmt.Sprint("s", n)},
			Expires: time.Unix(2_000_000_000, 0).UTC(),
			Index:   table.Key{PK: "list", SK: fmt.Sprint(n)}, Doc: fmt.Appendf(nil, `{"n":%d,"text":%q}`, n, text),
		}
		if err := tab.Transact(t.Context(), table.Put(it)); err != nil {
			t.Fatal(err)
		}
		got, err := tab.Get(t.Context(), it.Key)
		if err != nil {
			t.Fatal(err)
		}
		want[it.Key] = got
	}
	for it, err := range items(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if w, ok := want[it.Key]; !ok || !reflect.DeepEqual(it, w) {
			t.Fatalf("%s was listed twice or with other values: %v", it.Key, it)
		}
		delete(want, it.Key)
	}
	if len(want) > 0 {
		t.Errorf("%d items were not listed", len(want))
	}
	runCanceledItems(t, items)
}

// runCanceledItems stops a list early, and cancels another one.
func runCanceledItems(t *testing.T, items Lister) {
	t.Helper()
	n := 0
	for range items(t.Context()) {
		if n++; n == 3 {
			break
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	for _, err := range items(ctx) {
		cancel()
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("after the context was canceled, the list ended with %v", last)
	}
}
