package servicetest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/seedtest"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

// Until repeats a command until it succeeds or is rejected, up to a limit.
func Until[T any](do func() (T, error)) (r T, err error) {
	for range 500 {
		if r, err = do(); !errors.Is(err, ledger.ErrTryAgain) {
			return r, err
		}
	}
	return r, err
}

// InParallel calls a function with each number from 0 to n-1 concurrently, and returns the errors in the same order.
func InParallel(n int, do func(i int) error) []error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = do(i) })
	}
	wg.Wait()
	return errs
}

// Spread calls a function with each number from 0 to n-1, in the given number of goroutines.
func Spread(goroutines, n int, do func(i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	wg.Wait()
}

// OnFaulty runs a test on each adapter, once without faults and once with them.
func OnFaulty(t *testing.T, test func(t *testing.T, b *Bench)) {
	OnBoth(t, func(t *testing.T, b *Bench) {
		t.Run("sound", func(t *testing.T) { test(t, b) })
	})
	OnBoth(t, func(t *testing.T, b *Bench) {
		t.Run("faulty", func(t *testing.T) {
			b.Break(t)
			test(t, b)
		})
	})
}

// OnEveryFault does the same as OnFaulty for a long test in which every kind of fault must happen. The test calls heal
// to stop the faults before its checks.
func OnEveryFault(t *testing.T, test func(t *testing.T, b *Bench, heal func())) {
	OnBoth(t, func(t *testing.T, b *Bench) {
		t.Run("sound", func(t *testing.T) { test(t, b, func() {}) })
	})
	OnBoth(t, func(t *testing.T, b *Bench) {
		t.Run("faulty", func(t *testing.T) {
			broken := b.Break(t)
			test(t, b, broken.Heal)
			if !EveryKind(broken.Fired()) {
				t.Errorf("too few faults to say anything: %+v", broken.Fired())
			}
		})
	})
}

// Break makes the table of the bench fail.
func (b *Bench) Break(t *testing.T) *tabletest.Faulty {
	broken := Faulty(b.Table, seedtest.Of(t))
	// These rates are higher than those that Faulty sets, because a test of a race makes few calls.
	broken.BusyReads, broken.Busy, broken.LostBefore, broken.LostAfter = 0.05, 0.1, 0.1, 0.1
	b.Table = broken
	return broken
}

// Faulty returns a table on which about one call in six fails.
func Faulty(t table.Table, seed uint64) *tabletest.Faulty {
	f := tabletest.NewFaulty(t, seed)
	f.BusyReads, f.Busy, f.LostBefore, f.LostAfter = 0.02, 0.04, 0.05, 0.06
	f.Stale = 0.2
	return f
}

// EveryKind reports whether each kind of fault happened. If it returns false, the test has tested too little.
func EveryKind(f tabletest.Fired) bool {
	return f.BusyReads > 0 && f.Busy > 0 && f.LostBefore > 0 && f.LostAfter > 0
}

// A Losing is a table that loses the response of its nth next transaction. The field Done states whether it executes
// that transaction.
type Losing struct {
	table.Table
	In   int  // the number of the transaction, counted from 1
	Done bool // whether the transaction is executed
}

// Transact implements table.Table.
func (l *Losing) Transact(ctx context.Context, ops ...table.Op) error {
	if l.In--; l.In != 0 {
		return l.Table.Transact(ctx, ops...)
	}
	if !l.Done {
		return table.ErrUnknown
	}
	if err := l.Table.Transact(ctx, ops...); err != nil {
		return err
	}
	return table.ErrUnknown
}

// A Lossy is a table that can lose the response of the next write, or let another request write first.
type Lossy struct {
	table.Table
	Lose  bool   // whether the response of the next write is lost
	First func() // called once before the next write, if it is not nil
}

// Transact implements table.Table.
func (l *Lossy) Transact(ctx context.Context, ops ...table.Op) error {
	if first := l.First; first != nil {
		l.First = nil
		first()
	}
	err := l.Table.Transact(ctx, ops...)
	if l.Lose && err == nil {
		l.Lose, err = false, table.ErrUnknown
	}
	return err
}
