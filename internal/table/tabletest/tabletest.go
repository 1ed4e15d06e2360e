// Package tabletest contains the conformance suite for table.Table, and wrappers that inject faults and count costs.
//
// The function Run is the suite. An implementation calls it in one line. Behavior that the suite does not test is not
// guaranteed: a developer whose code needs more must first add a test here. Faulty wraps a Table and makes it fail like
// Amazon DynamoDB. Meter counts the request units that DynamoDB would bill. It calculates them itself, because DynamoDB
// Local reports wrong numbers for transactions.
//
// The package deliberately contains no fake: there is no in-memory Table here. Tests use pebbletable.OpenMemory, which
// is also a part of the product. The suite assumes only that no other process writes to its partitions. All subtests
// share one table, and none of them sleeps. The interface allows the index to be late, so the suite reads results of
// the index again a bounded number of times.
package tabletest

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// A suite is one run of the tests on one table.
type suite struct {
	tab table.Table
	run string // a text that distinguishes this run from earlier runs on the same table
}

// pk returns the name of a partition that no other subtest uses.
func (s *suite) pk(t *testing.T) string { return s.run + "#" + t.Name() }

// item returns a new item in the partition of the subtest.
func (s *suite) item(t *testing.T, sk, doc string) table.Item {
	return table.Item{Key: table.Key{PK: s.pk(t), SK: sk}, Doc: json.RawMessage(doc)}
}

func (s *suite) get(t *testing.T, key table.Key) table.Item {
	t.Helper()
	it, err := s.tab.Get(t.Context(), key)
	if err != nil {
		t.Fatalf("get %s: %v", key, err)
	}
	return it
}

// transact applies ops and fails the test on an error.
func (s *suite) transact(t *testing.T, ops ...table.Op) {
	t.Helper()
	if err := s.tab.Transact(t.Context(), ops...); err != nil {
		t.Fatalf("transact: %v", err)
	}
}

// put stores the item and returns it in the form that the next Get must return.
func (s *suite) put(t *testing.T, it table.Item) table.Item {
	t.Helper()
	s.transact(t, table.Put(it))
	it.Version++
	return it
}

// fill stores new items in transactions of the maximum size, and returns the items in the form that Get returns.
func (s *suite) fill(t *testing.T, items []table.Item) []table.Item {
	t.Helper()
	var ops []table.Op
	for i := range items {
		ops = append(ops, table.Put(items[i]))
		items[i].Version++
		if len(ops) == 100 || i == len(items)-1 {
			s.transact(t, ops...)
			ops = nil
		}
	}
	return items
}

func (s *suite) list(t *testing.T, q table.Query) []table.Item {
	t.Helper()
	var items []table.Item
	for it, err := range s.tab.Query(t.Context(), q) {
		if err != nil {
			t.Fatalf("query %+v: %v", q, err)
		}
		items = append(items, it)
	}
	return items
}

// wantStored checks that each given item is equal to the stored one. An item with version 0 must be absent.
func (s *suite) wantStored(t *testing.T, want ...table.Item) {
	t.Helper()
	for _, w := range want {
		wantItem(t, s.get(t, w.Key), w)
	}
}

// wantIndex reads the index repeatedly until it lists the wanted items in the given order.
func (s *suite) wantIndex(t *testing.T, q table.Query, want []table.Item) {
	t.Helper()
	eventually(t, func() string {
		return cmp.Diff(views(want), views(s.list(t, q)))
	})
}

// eventually calls ask repeatedly until it returns no problem. It waits only after a problem, so a table whose index is
// never late causes no wait.
func eventually(t *testing.T, ask func() string) {
	t.Helper()
	pause := 5 * time.Millisecond
	for try := 1; ; try++ {
		complaint := ask()
		if complaint == "" {
			return
		}
		if try == 10 {
			t.Fatalf("still after %d tries (-want +got):\n%s", try, complaint)
		}
		select {
		case <-time.After(pause):
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		}
		pause *= 2
	}
}

// A view is an item in a form that can be compared: instants in seconds, and a decoded document.
type view struct {
	Key, Index table.Key
	Version    int64
	Expires    int64
	Doc        any
}

func viewOf(it table.Item) view {
	v := view{Key: it.Key, Index: it.Index, Version: it.Version}
	if !it.Expires.IsZero() {
		v.Expires = it.Expires.Unix()
	}
	if it.Doc != nil {
		v.Doc = decode(it.Doc)
	}
	return v
}

func views(items []table.Item) []view {
	vs := make([]view, len(items))
	for i, it := range items {
		vs[i] = viewOf(it)
	}
	return vs
}

func wantItem(t *testing.T, got, want table.Item) {
	t.Helper()
	if diff := cmp.Diff(viewOf(want), viewOf(got)); diff != "" {
		t.Errorf("item %s (-want +got):\n%s", want.Key, diff)
	}
}

// wantConflict checks that err is a ConflictError for the operation with index op, and that it contains the current
// item and its key.
func wantConflict(t *testing.T, err error, op int, current table.Item) {
	t.Helper()
	var conflict *table.ConflictError
	if !errors.As(err, &conflict) {
		t.Fatalf("got %v, want a conflict on operation %d", err, op)
	}
	if conflict.Op != op || conflict.Key != current.Key {
		t.Errorf("conflict names operation %d, %s; want %d, %s", conflict.Op, conflict.Key, op, current.Key)
	}
	wantItem(t, conflict.Current, current)
}

// wantRefusal checks that err reports invalid input: it is neither a conflict nor a temporary error.
func wantRefusal(t *testing.T, err error) {
	t.Helper()
	var conflict *table.ConflictError
	if err == nil || errors.As(err, &conflict) || errors.Is(err, table.ErrBusy) || errors.Is(err, table.ErrUnknown) {
		t.Errorf("got %v, want a plain error about the input", err)
	}
}

// sortKeys returns the base table's sort keys of items, in the order of the items.
func sortKeys(items []table.Item) []string {
	sks := []string{}
	for _, it := range items {
		sks = append(sks, it.Key.SK)
	}
	return sks
}

// numbered returns a document that contains n.
func numbered(n int) json.RawMessage { return fmt.Appendf(nil, `{"n":%d}`, n) }
