package api

import (
	"context"
	"io"
	"iter"
	"net/http"
	"sync"

	"github.com/perennial-loyalty/perennial/internal/seedtest"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

// failing is a table of which one call fails: with ErrBusy before it has any effect, or with ErrUnknown after it has
// written.
type failing struct {
	table.Table
	err error

	mu    sync.Mutex
	left  int // number of calls up to the one that fails; zero if none fails
	fired bool
}

// arm makes the n-th call from now fail.
func (f *failing) arm(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left, f.fired = n, false
}

func (f *failing) fails(writes bool) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left == 0 || f.err == nil || f.err == table.ErrUnknown && !writes {
		return false
	}
	f.left--
	f.fired = f.fired || f.left == 0
	return f.left == 0
}

func (f *failing) Get(ctx context.Context, key table.Key) (table.Item, error) {
	if f.fails(false) {
		return table.Item{}, f.err
	}
	return f.Table.Get(ctx, key)
}

func (f *failing) Query(ctx context.Context, q table.Query) iter.Seq2[table.Item, error] {
	if f.fails(false) {
		return func(yield func(table.Item, error) bool) { yield(table.Item{}, f.err) }
	}
	return f.Table.Query(ctx, q)
}

func (f *failing) Transact(ctx context.Context, ops ...table.Op) error {
	fails := f.fails(true)
	if fails && f.err == table.ErrBusy {
		return f.err
	}
	err := f.Table.Transact(ctx, ops...)
	if err == nil && fails {
		return f.err
	}
	return err
}

func (f *failing) Dump(w io.Writer) error { return f.Table.(*pebbletable.Table).Dump(w) }

// persist repeats a request until it does not fail. In attempt n, the n-th call of the table fails.
func (w *world) persist(r sentRequest) (a answered, route string) {
	for n := 1; ; n++ {
		w.drawn.begin(w.last + 1)
		w.failing.arm(n)
		a, route = w.send(r)
		w.failing.mu.Lock()
		fired := w.failing.fired
		w.failing.mu.Unlock()
		if a.status < 400 && fired && r.method == http.MethodGet {
			w.last-- // a read succeeds even if it could not write due entries; repeat it so that they are written
			fired = false
			w.failing.arm(0)
			a, route = w.send(r)
		}
		if a.status < 500 || !fired {
			w.failing.arm(0)
			return a, route
		}
		w.last-- // the repeated request has the same Idempotency-Key
	}
}

// perRequest is a source of randomness that restarts with each request, so that a repeated request draws the same
// values.
type perRequest struct {
	mu     sync.Mutex
	source io.Reader
}

func (r *perRequest) begin(request int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.source = seedtest.Random(uint64(request))
}

func (r *perRequest) Read(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.source.Read(b)
}
