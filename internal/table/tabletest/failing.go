package tabletest

import (
	"context"
	"errors"
	"iter"
	"sync/atomic"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// FailingRead wraps a Table and returns ErrBusy from one of its reads. The field Fail is the number of the Get or Query
// that fails, counted from 1. A failing Get also returns the item, to detect callers that use the item although there
// is an error.
type FailingRead struct {
	table.Table
	Fail  int64
	reads atomic.Int64
}

// Failed reports whether the read with the number Fail has taken place.
func (f *FailingRead) Failed() bool { return f.reads.Load() >= f.Fail }

// Get implements table.Table.
func (f *FailingRead) Get(ctx context.Context, key table.Key) (table.Item, error) {
	it, err := f.Table.Get(ctx, key)
	if f.reads.Add(1) == f.Fail {
		err = table.ErrBusy
	}
	return it, err
}

// Query implements table.Table.
func (f *FailingRead) Query(ctx context.Context, q table.Query) iter.Seq2[table.Item, error] {
	if f.reads.Add(1) == f.Fail {
		return func(yield func(table.Item, error) bool) { yield(table.Item{}, table.ErrBusy) }
	}
	return f.Table.Query(ctx, q)
}

// EachReadFails tests that an operation returns the error of a failed read. It calls the operation repeatedly. In the
// first call, the first read fails; in the second call, the second read fails, and so on, until the operation makes
// fewer reads. The function create returns a new table for each call, with the items that the operation reads.
func EachReadFails(t *testing.T, name string, create func() table.Table, operation func(table.Table) error) {
	t.Helper()
	for n := int64(1); ; n++ {
		f := &FailingRead{Table: create(), Fail: n}
		err := operation(f)
		if !f.Failed() {
			if n == 1 {
				t.Errorf("%s: it reads nothing", name)
			}
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			return
		}
		if !errors.Is(err, table.ErrBusy) {
			t.Errorf("%s: read %d fails, but it returns %v", name, n, err)
		}
	}
}
