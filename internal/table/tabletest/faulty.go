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

// Faulty is a Table that misbehaves as DynamoDB does, by chance and from a seed. It never lies: a conflict
// passes through only where there is one, a busy table has done nothing, and an item that is yielded is true.
//
// The rates are probabilities from 0 to 1, set before the first call. Each call draws for every rate whether
// it is zero or not, so that changing one does not move the others. What a call draws depends on the seed, on what it
// reads or writes (its first key), and on how often that was read or written before. So the same seed gives the same
// faults to a caller that reads different keys in parallel. With several callers of the same keys, the order in
// which they arrive is part of the seed.
type Faulty struct {
	Table table.Table

	BusyReads  float64 // a Get, or a page of a Query, is ErrBusy
	Busy       float64 // a Transact is ErrBusy and did nothing
	LostBefore float64 // a Transact is ErrUnknown and did nothing
	LostAfter  float64 // a Transact is ErrUnknown and was done
	Stale      float64 // a Query over the index omits and repeats some of what it should yield
	Slow       float64 // Delay is called before the call goes on

	// Delay stands in for time passing, so that nothing sleeps: it may move a test clock, let others run, or
	// cancel the caller. Nil does nothing.
	Delay func(ctx context.Context)

	mu     sync.Mutex
	seed   uint64
	calls  map[string]int // by what was called
	healed bool
	recent []table.Key // what was written last, which an index is late with
	fired  Fired
}

// Fired says how often each fault has happened, so that a test can be sure that it was tested at all. A stale
// Query is counted only if what it yielded was changed.
type Fired struct{ BusyReads, Busy, LostBefore, LostAfter, Stale, Slow int }

// recentKeys is how many of the last written items an index may be late with.
const recentKeys = 32

var _ table.Table = (*Faulty)(nil)

// NewFaulty wraps the table. It does no harm until rates are set.
func NewFaulty(tab table.Table, seed uint64) *Faulty {
	return &Faulty{Table: tab, seed: seed, calls: map[string]int{}}
}

// Fired returns what has happened so far.
func (f *Faulty) Fired() Fired {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fired
}

// Heal ends all faults, for a test of what the faults have left behind.
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
			q.Limit = 0 // what is omitted does not count
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

// beforeRead decides the fate of a Get or Query, and returns the source of what else it draws.
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

// drawWrite decides the fate of a Transact. A lost answer after it is counted when it was done.
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

// drawStale decides how often a Query over the index yields each item: of what was written last a half is
// omitted and a quarter repeated, of the rest an eighth is omitted.
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

// chance returns the source of what a call draws. It is to be called with f.mu held.
func (f *Faulty) chance(what string) *rand.Rand {
	f.calls[what]++
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %s", f.calls[what], what)
	return rand.New(rand.NewPCG(f.seed, h.Sum64()))
}

// draw is to be called with f.mu held.
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
