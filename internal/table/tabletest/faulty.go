package tabletest

import (
	"context"
	"fmt"
	"hash/fnv"
	"iter"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// Faulty wraps a Table and injects failures of DynamoDB at random, with a seed. Its errors are correct: it returns a
// conflict only if there is one, and after ErrBusy nothing has changed. Yielded items are correct too.
//
// The rates are probabilities from 0 to 1. Set them before the first call. Each call draws a random number for every
// rate, even if the rate is zero, so that a change of one rate does not affect the others. The numbers depend on the
// seed, on the first key that the call reads or writes, and on the number of earlier calls for this key. If a caller
// reads different keys in parallel, the same seed therefore causes the same faults. If several callers use the same
// keys, the faults also depend on the order of the calls.
type Faulty struct {
	Table table.Table

	BusyReads  float64 // rate at which a Get, or a page of a Query, returns ErrBusy
	Busy       float64 // rate at which a Transact returns ErrBusy and changes nothing
	LostBefore float64 // rate at which a Transact returns ErrUnknown and changes nothing
	LostAfter  float64 // rate at which a Transact returns ErrUnknown although it was applied
	Stale      float64 // rate at which a Query over the index omits and repeats some items
	Slow       float64 // rate at which Delay is called before a call

	// Delay simulates the passing of time without sleeping: it can advance a test clock, let other goroutines run, or
	// cancel the context of the caller. If it is nil, there is no delay.
	Delay func(ctx context.Context)

	mu     sync.Mutex
	seed   uint64
	calls  map[string]int // the number of earlier calls, by operation and key
	healed bool
	recent []table.Key // the most recently written items; a Query over the index may not show them yet
	fired  Fired
}

// Fired counts the faults that occurred, so that a test can check that faults occurred at all. A stale Query is counted
// only if its result was changed.
type Fired struct{ BusyReads, Busy, LostBefore, LostAfter, Stale, Slow int }

// recentKeys is the number of recently written items that a stale Query over the index may omit.
const recentKeys = 32

var _ table.Table = (*Faulty)(nil)

// NewFaulty wraps the table. It injects no faults until rates are set.
func NewFaulty(tab table.Table, seed uint64) *Faulty {
	return &Faulty{Table: tab, seed: seed, calls: map[string]int{}}
}

// Fired returns the numbers of faults until now.
func (f *Faulty) Fired() Fired {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fired
}

// Heal ends all faults, so that a test can check the state after them.
func (f *Faulty) Heal() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.healed = true
}

// Get implements table.Table.
func (f *Faulty) Get(ctx context.Context, key table.Key) (table.Item, error) {
	if _, err := f.beforeRead(ctx, "get "+key.String()); err != nil {
		return table.Item{}, err
	}
	return f.Table.Get(ctx, key)
}

// Transact implements table.Table.
func (f *Faulty) Transact(ctx context.Context, ops ...table.Op) error {
	slow, busy, before, after := f.drawWrite(ops)
	f.delay(ctx, slow)
	if busy {
		return table.ErrBusy
	}
	if before {
		return table.ErrUnknown
	}
	err := f.Table.Transact(ctx, ops...)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, op := range ops {
		f.recent = append(f.recent, op.Item.Key)
	}
	f.recent = f.recent[max(0, len(f.recent)-recentKeys):]
	if after {
		f.fired.LostAfter++
		return table.ErrUnknown
	}
	return nil
}

// Query implements table.Table.
func (f *Faulty) Query(ctx context.Context, q table.Query) iter.Seq2[table.Item, error] {
	return func(yield func(table.Item, error) bool) {
		rng, err := f.beforeRead(ctx, fmt.Sprintf("query %s %t", q.PK, q.Index))
		if err != nil {
			yield(table.Item{}, err)
			return
		}
		if !q.Index {
			f.Table.Query(ctx, q)(yield)
			return
		}
		late, limit, yielded := f.drawStale(rng), q.Limit, 0
		if limit > 0 {
			q.Limit = 0 // omitted items do not count towards the limit
		}
		for it, err := range f.Table.Query(ctx, q) {
			times := 1
			if err == nil {
				times = late(it.Key)
			}
			for range times {
				if !yield(it, err) || err != nil {
					return
				}
				if yielded++; yielded == limit {
					return
				}
			}
		}
	}
}

// beforeRead injects the faults that can occur before a Get or Query. It also returns the random source for the other
// faults of the call.
func (f *Faulty) beforeRead(ctx context.Context, what string) (*rand.Rand, error) {
	f.mu.Lock()
	rng := f.chance(what)
	slow, busy := f.draw(rng, f.Slow), f.draw(rng, f.BusyReads)
	count(&f.fired.Slow, slow)
	count(&f.fired.BusyReads, busy)
	f.mu.Unlock()
	f.delay(ctx, slow)
	if busy {
		return nil, table.ErrBusy
	}
	return rng, nil
}

// drawWrite decides which faults occur in a Transact. It counts them in f.fired, except the result after, which means
// that a response is lost after a successful write. Transact counts this fault when the write has succeeded.
func (f *Faulty) drawWrite(ops []table.Op) (slow, busy, before, after bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	what := "transact"
	if len(ops) > 0 {
		what += " " + ops[0].Item.Key.String()
	}
	rng := f.chance(what)
	slow, busy = f.draw(rng, f.Slow), f.draw(rng, f.Busy)
	before, after = f.draw(rng, f.LostBefore), f.draw(rng, f.LostAfter)
	before = before && !busy
	count(&f.fired.Slow, slow)
	count(&f.fired.Busy, busy)
	count(&f.fired.LostBefore, before)
	return slow, busy, before, after
}

// drawStale returns a function that decides how often a stale Query yields an item. Half of the recently written items
// are omitted and a quarter is repeated. Of the other items, an eighth is omitted.
func (f *Faulty) drawStale(rng *rand.Rand) func(table.Key) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.draw(rng, f.Stale) {
		return func(table.Key) int { return 1 }
	}
	recent := slices.Clone(f.recent)
	counted := false
	return func(key table.Key) int {
		times := []int{0, 1, 1, 1, 1, 1, 1, 1}
		if slices.Contains(recent, key) {
			times = []int{0, 0, 1, 2}
		}
		n := times[rng.IntN(len(times))]
		if n != 1 && !counted {
			counted = true
			f.mu.Lock()
			defer f.mu.Unlock()
			f.fired.Stale++
		}
		return n
	}
}

// chance returns the random source for one call. The caller must hold f.mu.
func (f *Faulty) chance(what string) *rand.Rand {
	f.calls[what]++
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %s", f.calls[what], what)
	return rand.New(rand.NewPCG(f.seed, h.Sum64()))
}

// draw reports whether a fault with the given rate occurs. The caller must hold f.mu.
func (f *Faulty) draw(rng *rand.Rand, rate float64) bool { return rng.Float64() < rate && !f.healed }

func (f *Faulty) delay(ctx context.Context, slow bool) {
	if slow && f.Delay != nil {
		f.Delay(ctx)
	}
}

func count(n *int, fired bool) {
	if fired {
		*n++
	}
}
