package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/catalog"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

// lagging is a table whose index is behind: for a number of queries, it does not list the newest item.
type lagging struct {
	table.Table
	behind int
}

func (l *lagging) Query(ctx context.Context, q table.Query) iter.Seq2[table.Item, error] {
	if !q.Index || l.behind == 0 {
		return l.Table.Query(ctx, q)
	}
	l.behind--
	return func(yield func(table.Item, error) bool) {
		for it, err := range l.Table.Query(ctx, q) {
			if it.Index.SK != q.To && !yield(it, err) {
				return
			}
		}
	}
}

func TestCanceledOrderWithdrawsItsLevel(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.Enroll(t, "mem_ada")
		b.Wait(time.Hour)
		o := b.Order("1", "mem_ada", 60_000)
		b.Put(t, o)
		if got := b.Level(t, "mem_ada"); got != "silver" {
			t.Fatalf("the level is %s", got)
		}
		b.Wait(time.Hour)
		o.Status = loyalty.OrderCanceled
		b.Put(t, o)
		if got := b.Level(t, "mem_ada"); got != "bronze" {
			t.Errorf("after the cancellation the level is %s", got)
		}
		b.Audit(t, "mem_ada")
	})
}

// If the index does not list the newest entries yet, it is read again. If it stays behind, the command fails instead of
// deciding wrongly.
func TestLevelsAreDecidedFromAllEntriesThoughTheIndexIsBehind(t *testing.T) {
	for behind, want := range map[int]error{3: nil, 1_000: ledger.ErrTryAgain} {
		lag := &lagging{Table: servicetest.Memory(t)}
		b := newBench(t, lag)
		b.Enroll(t, "mem_ada")
		b.Wait(time.Hour)
		o := b.Order("1", "mem_ada", 60_000)
		b.Put(t, o)
		b.Wait(time.Hour)
		b.Put(t, b.Order("2", "mem_ada", 1_000))
		o.Status, lag.behind = loyalty.OrderCanceled, behind
		_, err := service.Orders{Ledger: b.Ledger}.Put(t.Context(), b.P, o, ledger.By{Actor: "test"})
		if !errors.Is(err, want) {
			t.Errorf("an index that is behind for %d queries: %v", behind, err)
		}
		lag.behind = 0
		if got := b.Level(t, "mem_ada"); (got == "bronze") != (want == nil) {
			t.Errorf("an index that is behind for %d queries: the level is %s", behind, got)
		}
	}
}

// A refund that withdraws a level costs the reads of the entries since the order, in addition to the cost of any
// refund.
func TestWhatAWithdrawnLevelCosts(t *testing.T) {
	meter := &tabletest.Meter{Table: servicetest.Memory(t)}
	b := newBench(t, meter)
	b.P.Earn.Pending = calendar.Wait{}
	if err := engine.Compile(b.P); err != nil {
		t.Fatal(err)
	}
	b.Enroll(t, "mem_ada")
	b.Wait(time.Hour)
	large := b.Order("large", "mem_ada", 60_000)
	b.Put(t, large)
	b.Wait(time.Hour)
	small := b.Order("small", "mem_ada", 1_000)
	for i := range 40 {
		b.Wait(time.Hour)
		b.Put(t, b.Order(fmt.Sprint("o", i), "mem_ada", 100))
	}
	refund := func(o loyalty.Order, read, write float64) {
		t.Helper()
		o.Refunds = []loyalty.Refund{{ID: "1", At: b.Now(), Status: loyalty.RefundSucceeded, Amount: o.Lines[0].Amount}}
		meter.Take()
		b.Put(t, o)
		u := meter.Take()
		t.Logf("the refund of %s costs %g read and %g write units", o.ID, u.Read, u.Write)
		if u.Read > read || u.Write > write {
			t.Errorf("the refund of %s may cost %g read and %g write units", o.ID, read, write)
		}
	}
	b.Put(t, small)
	refund(small, 2, 5)
	refund(large, 50, 8)
	if got := b.Level(t, "mem_ada"); got != "bronze" {
		t.Errorf("the level is %s", got)
	}
}

// Levels are decided by the versions of the program that were in force at the time.
func TestLevelsAreDecidedAgainByTheVersionsOfTheTime(t *testing.T) {
	b := newBench(t, servicetest.Memory(t))
	versions := map[int]*loyalty.Program{}
	b.Program = func(_ context.Context, _ string, version int) (*loyalty.Program, error) {
		return versions[version], nil
	}
	publish := func(after int, silver int64) {
		t.Helper()
		p := servicetest.Program(t)
		p.Version, p.Tiers.Levels[1].From = after+1, silver
		engine.Supersede(p, versions[after], b.Now(), loyalty.UpgradeOnly)
		in := catalog.Published{Program: p.ID, Source: []byte("x"), Snapshot: []byte("{}"), By: "test"}
		if err := (catalog.Catalog{Ledger: b.Ledger}).Publish(t.Context(), in, after); err != nil {
			t.Fatal(err)
		}
		versions[p.Version], b.P = p, p
	}
	publish(0, 500)
	b.Enroll(t, "mem_ada")
	b.Wait(time.Hour)
	b.Put(t, b.Order("1", "mem_ada", 60_000))
	other := b.Order("2", "mem_ada", 10_000)
	b.Put(t, other)
	b.Wait(time.Hour)
	publish(1, 900)
	b.Wait(time.Hour)
	other.Status = loyalty.OrderCanceled
	b.Put(t, other) // 600 points remain, which were enough for silver at that time
	if got := b.Level(t, "mem_ada"); got != "silver" {
		t.Errorf("the level is %s", got)
	}
}
