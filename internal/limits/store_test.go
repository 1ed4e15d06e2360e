package limits

import (
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/ledgertest"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/seedtest"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

var noCode = &loyalty.Error{Code: loyalty.NotFound}

func counter(principal string, n int64) Counter {
	return Counter{
		Program: "p", Purpose: CodeLookup, Principal: principal, Limit: Limit{Max: n, Window: time.Minute},
	}
}

func missed() error { return noCode }

// missesBy looks up an unknown code.
func missesBy(t *testing.T, s Store, counters ...Counter) error {
	t.Helper()
	return s.Misses(t.Context(), missed, counters...)
}

func TestLookupsThatFindNothingAreCounted(t *testing.T) {
	b := ledgertest.New(t)
	s := Store{Ledger: b.Ledger}
	client, key := counter("till", 2), counter("key", 3)
	for _, want := range []error{nil, ledger.ErrTryAgain} { // neither is a miss
		if err := s.Misses(t.Context(), func() error { return want }, key, client); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	for i, c := range []struct {
		client  Counter
		allowed bool
		purpose string // the principal whose limit was reached
	}{
		{client, true, ""},
		{client, true, ""},
		{client, false, "till"},
		{Counter{}, true, ""},
		{Counter{}, false, "key"},
		{counter("other", 2), false, "key"},
	} {
		b.Clock = b.Clock.Add(time.Second)
		err := missesBy(t, s, key, c.client)
		if errors.Is(err, loyalty.RateLimited) == c.allowed || c.allowed && !errors.Is(err, noCode) {
			t.Errorf("look-up %d: %v", i, err)
		}
	}
	looked := false
	err := s.Misses(t.Context(), func() error { looked = true; return nil }, key, client)
	if e, ok := errors.AsType[*ExceededError](err); !ok || looked || e.Wait != 55*time.Second {
		t.Errorf("a look-up of an existing code at the limit: %v, %t", err, looked)
	}
	b.Clock = b.Clock.Add(55 * time.Second)
	if err := missesBy(t, s, key); !errors.Is(err, noCode) {
		t.Errorf("after the window: %v", err)
	}
}

func TestRequestUnitsOfLimits(t *testing.T) {
	meter := &tabletest.Meter{Table: ledgertest.New(t).Table}
	b := ledgertest.New(t)
	b.Table = meter
	s := Store{Ledger: b.Ledger}
	for i, c := range []struct {
		run         func() error
		read, write float64
	}{
		{func() error { return s.Misses(t.Context(), func() error { return nil }, counter("key", 5)) }, 1, 0},
		{func() error { return missesBy(t, s, counter("key", 5)) }, 1, 1},
		{func() error { return missesBy(t, s, counter("key", 5), counter("till", 5)) }, 2, 4},
		{func() error { return s.Take(t.Context(), counter("member", 1)) }, 1, 1},
		{func() error { return s.Take(t.Context(), counter("member", 1)) }, 1, 0},
		{func() error { return s.Take(t.Context(), Counter{}) }, 0, 0},
	} {
		meter.Take()
		_ = c.run()
		if u := meter.Take(); u.Read != c.read || u.Write != c.write {
			t.Errorf("%d: %g read and %g write units, want %g and %g", i, u.Read, u.Write, c.read, c.write)
		}
	}
	// A full counter of a high limit still fits into one write unit.
	high := counter("busy", 1_000_000)
	for range 200 {
		b.Clock = b.Clock.Add(time.Second / 2)
		meter.Take()
		if err := s.Take(t.Context(), high); err != nil {
			t.Fatal(err)
		}
		if u := meter.Take(); u.Write != 1 {
			t.Fatalf("%g write units", u.Write)
		}
	}
}

// TestConcurrentUnitsDoNotExceedLimit lets processes count at random times, while writes fail and responses are lost.
func TestConcurrentUnitsDoNotExceedLimit(t *testing.T) {
	seed := seedtest.Of(t)
	for _, highest := range []int64{1, 5, 60} {
		b := ledgertest.New(t)
		faulty := tabletest.NewFaulty(b.Table, seed)
		faulty.Busy, faulty.LostBefore, faulty.LostAfter = 0.05, 0.05, 0.05
		var mu sync.Mutex // protects the clock, the random source and the units
		r, now := rand.New(rand.NewPCG(seed, uint64(highest))), b.Clock
		var units []counted
		var all sync.WaitGroup
		for range 8 {
			var seen time.Time // the last instant that this process saw, and therefore counted
			s := Store{Ledger: &ledger.Ledger{Table: faulty, Now: func() time.Time {
				mu.Lock()
				defer mu.Unlock()
				now = now.Add(time.Duration(r.Int64N(int64(30*time.Second) / highest)))
				seen = now
				return now
			}}}
			all.Go(func() {
				for range 60 {
					if s.Take(t.Context(), counter("member", highest)) == nil {
						mu.Lock()
						units = append(units, counted{seen.Truncate(time.Millisecond), 1})
						mu.Unlock()
					}
				}
			})
		}
		all.Wait()
		slices.SortFunc(units, func(x, y counted) int { return x.at.Compare(y.at) })
		got := most(units, counter("", highest).Limit)
		if got > highest || got < max(1, highest/4) || len(units) == 8*60 {
			t.Errorf("limit %d: a window has %d of %d units", highest, got, len(units))
		}
	}
}

// Processes that count at the same instant share the limit exactly.
func TestUnitsAtOneInstantAreLimited(t *testing.T) {
	for _, highest := range []int64{1, 5, 60} {
		b := ledgertest.New(t)
		s := Store{Ledger: b.Ledger}
		var mu sync.Mutex
		var all sync.WaitGroup
		var allowed int64
		for range 70 {
			all.Go(func() {
				err := ledger.ErrTryAgain
				for errors.Is(err, ledger.ErrTryAgain) {
					err = s.Take(t.Context(), counter("member", highest))
				}
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					allowed++
				}
			})
		}
		all.Wait()
		if allowed != highest {
			t.Errorf("%d units were allowed, want %d", allowed, highest)
		}
	}
}

func TestLocalLimit(t *testing.T) {
	var l Local
	at := time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)
	for i, c := range []struct {
		principal string
		after     time.Duration
		allowed   bool
	}{
		{"ada", 0, true},
		{"ada", time.Second, true},
		{"ada", 2 * time.Second, false},
		{"ben", 2 * time.Second, true},
		{"ada", time.Minute - 1, false},
		{"ada", time.Minute, true},
		{"ada", time.Minute, false},
	} {
		err := l.Take(counter(c.principal, 2), at.Add(c.after))
		if errors.Is(err, loyalty.RateLimited) == c.allowed {
			t.Errorf("%d: %v", i, err)
		}
	}
	l.Return(counter("ada", 2))
	l.Return(counter("new", 2)) // was never counted
	for i, allowed := range []bool{true, false} {
		if err := l.Take(counter("ada", 2), at.Add(time.Minute)); errors.Is(err, loyalty.RateLimited) == allowed {
			t.Errorf("after a unit was returned: %d: %v", i, err)
		}
	}
	if err := l.Take(Counter{}, at); err != nil {
		t.Errorf("without a limit: %v", err)
	}
}
