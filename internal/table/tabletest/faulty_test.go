package tabletest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

func memory(t *testing.T) *pebbletable.Table {
	t.Helper()
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tab.Close(); err != nil {
			t.Error(err)
		}
	})
	return tab
}

func dump(t *testing.T, tab *pebbletable.Table) string {
	t.Helper()
	var b bytes.Buffer
	if err := tab.Dump(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestFaultyConformsWithoutRates(t *testing.T) {
	tabletest.Run(t, func(t *testing.T) table.Table { return tabletest.NewFaulty(memory(t), 1) })
}

func TestFaultyIsTruthful(t *testing.T) {
	for name, c := range map[string]struct {
		set     func(*tabletest.Faulty)
		want    error
		changed bool
		fired   tabletest.Fired
	}{
		"busy: nothing was applied": {
			func(f *tabletest.Faulty) { f.Busy = 1 }, table.ErrBusy, false, tabletest.Fired{Busy: 1},
		},
		"lost before: nothing was applied": {
			func(f *tabletest.Faulty) { f.LostBefore = 1 }, table.ErrUnknown, false, tabletest.Fired{LostBefore: 1},
		},
		"lost after: the write was applied": {
			func(f *tabletest.Faulty) { f.LostAfter = 1 }, table.ErrUnknown, true, tabletest.Fired{LostAfter: 1},
		},
		"a slow call is applied": {
			func(f *tabletest.Faulty) { f.Slow = 1 }, nil, true, tabletest.Fired{Slow: 1},
		},
		"busy takes precedence over a lost response": {
			func(f *tabletest.Faulty) { f.Busy, f.LostBefore = 1, 1 }, table.ErrBusy, false, tabletest.Fired{Busy: 1},
		},
		"a healed table has no faults": {
			func(f *tabletest.Faulty) { f.Busy, f.LostAfter = 1, 1; f.Heal() }, nil, true, tabletest.Fired{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			tab := memory(t)
			f := tabletest.NewFaulty(tab, 1)
			c.set(f)
			before := dump(t, tab)
			err := f.Transact(t.Context(), table.Add(table.Key{PK: "p", SK: "a"}, "n", 1, 0))
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if changed := dump(t, tab) != before; changed != c.changed {
				t.Errorf("changed: %v, want %v", changed, c.changed)
			}
			if diff := cmp.Diff(c.fired, f.Fired()); diff != "" {
				t.Errorf("fired (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("a conflict is returned even if a successful response would be lost", func(t *testing.T) {
		f := tabletest.NewFaulty(memory(t), 1)
		it := table.Item{Key: table.Key{PK: "p", SK: "a"}, Version: 7, Doc: []byte(`{}`)}
		f.LostAfter = 1
		var conflict *table.ConflictError
		if err := f.Transact(t.Context(), table.Put(it)); !errors.As(err, &conflict) || f.Fired().LostAfter != 0 {
			t.Errorf("got %v, want a conflict", err)
		}
	})
}

func TestFaultyIsReproducibleFromSeed(t *testing.T) {
	histories := map[string]bool{}
	for _, seed := range []uint64{1, 1, 2} {
		f := tabletest.NewFaulty(memory(t), seed)
		f.Busy, f.LostBefore, f.LostAfter, f.BusyReads, f.Slow, f.Stale = .2, .2, .2, .2, .2, .5
		var history strings.Builder
		f.Delay = func(context.Context) { fmt.Fprintln(&history, "slow") }
		for i := range 200 {
			it := table.Item{
				Key: table.Key{PK: "p", SK: fmt.Sprint(i)}, Index: table.Key{PK: "i", SK: "i"}, Doc: []byte(`{}`),
			}
			fmt.Fprintln(&history, f.Transact(t.Context(), table.Put(it)))
			for it, err := range f.Query(t.Context(), table.Query{PK: "i", Index: true, Limit: 20}) {
				fmt.Fprintln(&history, it.Key, err)
			}
		}
		histories[history.String()] = true
		if fired := f.Fired(); fired.Busy*fired.BusyReads*fired.LostAfter*fired.LostBefore*fired.Slow*fired.Stale == 0 {
			t.Errorf("some fault never occurred: %+v", fired)
		}
	}
	if len(histories) != 2 {
		t.Errorf("%d different histories from the seeds 1, 1 and 2", len(histories))
	}
}

// TestFaultyIsReproducibleForParallelReads checks that each of several parallel reads has the same faults in every
// run, whatever their order.
func TestFaultyIsReproducibleForParallelReads(t *testing.T) {
	fates := func(seed uint64) (busy [20]int) {
		f := tabletest.NewFaulty(memory(t), seed)
		f.BusyReads = .5
		for range 10 {
			var all sync.WaitGroup
			for i := range busy {
				all.Go(func() {
					if _, err := f.Get(t.Context(), table.Key{PK: "p", SK: fmt.Sprint(i)}); err != nil {
						busy[i]++
					}
				})
			}
			all.Wait()
		}
		return busy
	}
	first := fates(1)
	for range 10 {
		if again := fates(1); again != first {
			t.Fatalf("the same seed resulted in %v and %v", first, again)
		}
	}
	if other := fates(2); other == first {
		t.Errorf("another seed also resulted in %v", other)
	}
}

func TestStaleIndexOmitsAndRepeatsItems(t *testing.T) {
	f := tabletest.NewFaulty(memory(t), 1)
	var all []string
	for i := range 100 {
		it := table.Item{Key: table.Key{PK: "p", SK: fmt.Sprintf("%03d", i)}, Doc: []byte(`{}`)}
		it.Index = table.Key{PK: "i", SK: it.Key.SK}
		if err := f.Transact(t.Context(), table.Put(it)); err != nil {
			t.Fatal(err)
		}
		all = append(all, it.Key.SK)
	}
	f.Stale = 1
	seen := map[string]int{}
	for range 50 {
		var got []string
		for it, err := range f.Query(t.Context(), table.Query{PK: "i", Index: true, Limit: 40, Reverse: true}) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, it.Key.SK)
			seen[it.Key.SK]++
		}
		if len(got) != 40 || !slices.IsSortedFunc(got, func(a, b string) int { return strings.Compare(b, a) }) {
			t.Fatalf("%d items, want 40, sorted: %v", len(got), got)
		}
	}
	if recent, older := seen[all[99]], seen[all[60]]; recent == 50 || older == 50 || recent == 0 || older == 0 {
		t.Errorf("seen %d and %d times of 50; want neither 0 nor 50", recent, older)
	}
	got := 0
	for range f.Query(t.Context(), table.Query{PK: "p"}) {
		got++
	}
	if got != 100 {
		t.Errorf("the base table lists %d, want 100: it is never stale", got)
	}
}

// TestFaultyIsSafeForConcurrentUse checks the protocol of concurrent writers on a faulty table: after an unknown
// outcome, a writer looks for the effect, and retries only if there is none.
func TestFaultyIsSafeForConcurrentUse(t *testing.T) {
	tab := memory(t)
	f := tabletest.NewFaulty(tab, 3)
	f.Busy, f.LostBefore, f.LostAfter, f.BusyReads, f.Slow = .1, .1, .1, .1, .1
	var delays atomic.Int64
	f.Delay = func(context.Context) { delays.Add(1) }
	counter := table.Key{PK: "n", SK: "n"}
	var all sync.WaitGroup
	for w := range 8 {
		all.Go(func() {
			for i := range 50 {
				cause := table.Item{Key: table.Key{PK: fmt.Sprint(w), SK: fmt.Sprintf("%03d", i)}, Doc: []byte(`{}`)}
				for {
					err := f.Transact(t.Context(), table.Put(cause), table.Add(counter, "n", 1, 0))
					var conflict *table.ConflictError
					if err == nil || errors.As(err, &conflict) {
						break
					}
				}
			}
		})
	}
	all.Wait()
	it, err := tab.Get(t.Context(), counter)
	if err != nil || string(it.Doc) != `{"n":400}` {
		t.Errorf("got %s, %v, want 400", it.Doc, err)
	}
	if fired := f.Fired(); int64(fired.Slow) != delays.Load() || fired.LostAfter == 0 {
		t.Errorf("%+v fired with %d delays", fired, delays.Load())
	}
}
