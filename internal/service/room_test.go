package service_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

// capped sets a cap of the program, and makes points active immediately.
func (b *bench) capped(tb testing.TB, c loyalty.Cap) {
	tb.Helper()
	b.p.Earn.Caps = []loyalty.Cap{c}
	b.rules(tb)
}

func refunded(o loyalty.Order, at time.Time, status loyalty.RefundStatus) loyalty.Order {
	o.Refunds = []loyalty.Refund{{ID: "1", At: at, Status: status, Amount: o.Lines[0].Amount}}
	return o
}

// A member orders two sizes and returns one. The other order then earns the points of the cap that the returned order
// had used. If the refund fails, the cap truncates that order again.
func TestReturnedSizeLeavesItsRoomToTheOther(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.capped(t, loyalty.Cap{Points: 100, Per: loyalty.PerMonth})
		b.enrol(t, "mem_ada")
		b.advance(time.Hour)
		first := b.order("1", "mem_ada", 8_000)
		b.put(t, first)
		b.advance(time.Minute)
		second := b.order("2", "mem_ada", 6_000)
		b.put(t, second)
		b.wantWorth(t, map[string]loyalty.Points{"1": 80, "2": 20})
		for range 2 {
			b.advance(time.Hour)
			b.put(t, refunded(first, b.Now(), loyalty.RefundSucceeded))
			b.wantWorth(t, map[string]loyalty.Points{"1": 0, "2": 60})
			b.advance(time.Hour)
			b.put(t, refunded(first, b.Now(), loyalty.RefundFailed))
			b.wantWorth(t, map[string]loyalty.Points{"1": 80, "2": 20})
		}
		if r := b.put(t, second); !r.Replayed {
			t.Error("the second order is no replay")
		}
		b.audit(t, "mem_ada")
	})
}

// An order that arrives late takes points of the cap from orders that were placed after it.
func TestLateOrderTakesItsRoom(t *testing.T) {
	b := newBench(t, memory(t))
	b.capped(t, loyalty.Cap{Points: 100, Per: loyalty.PerMonth})
	b.enrol(t, "mem_ada")
	b.advance(time.Hour)
	late := b.order("1", "mem_ada", 8_000)
	for _, id := range []string{"2", "3"} {
		b.advance(time.Hour)
		b.put(t, b.order(id, "mem_ada", 4_000))
	}
	quote, err := service.Quotes{Ledger: b.Ledger}.Quote(t.Context(), b.p, late)
	if err != nil || quote.Points != 80 {
		t.Errorf("the quote is %d points, %v", quote.Points, err)
	}
	b.put(t, late)
	b.wantWorth(t, map[string]loyalty.Points{"1": 80, "2": 20, "3": 0})
	b.audit(t, "mem_ada")
}

// An order that arrives in time costs the same with and without a cap. A refund also costs the orders that it changes.
func TestWhatRoomUnderACapCosts(t *testing.T) {
	meter := &tabletest.Meter{Table: memory(t)}
	b := newBench(t, meter)
	b.capped(t, loyalty.Cap{Points: 100, Per: loyalty.PerMonth})
	b.enrol(t, "mem_ada")
	within := func(o loyalty.Order, read, write float64) {
		t.Helper()
		b.putWithin(t, meter, o, read, write)
	}
	var orders []loyalty.Order
	for i := range 5 {
		b.advance(time.Hour)
		orders = append(orders, b.order(fmt.Sprint(i+1), "mem_ada", 4_000))
		within(orders[i], 2, 6)
	}
	b.advance(time.Hour)
	within(refunded(orders[4], b.Now(), loyalty.RefundSucceeded), 2, 5)
	within(refunded(orders[0], b.Now(), loyalty.RefundSucceeded), 5, 14)
	b.wantWorth(t, map[string]loyalty.Points{"1": 0, "2": 40, "3": 40, "4": 20, "5": 0})
}

// If more orders must be decided again than an account can list, all orders from one on are decided when the account is
// processed as due.
func TestTheDueQueueDecidesMoreOrdersThanAnAccountRemembers(t *testing.T) {
	b := newBench(t, memory(t))
	b.p.Tiers.Levels = b.p.Tiers.Levels[:1]
	b.capped(t, loyalty.Cap{Points: 800, Per: loyalty.PerYear})
	b.enrol(t, "mem_ada")
	b.advance(time.Hour)
	late := b.order("late", "mem_ada", 1_500)
	later := b.order("later", "mem_ada", 2_500)
	later.PlacedAt = later.PlacedAt.Add(time.Second)
	id := func(i int) string { return fmt.Sprintf("%02d", i) }
	const n = 90
	for i := range n {
		b.advance(time.Minute)
		b.put(t, b.order(id(i), "mem_ada", 1_000))
	}
	b.put(t, late)
	got, err := members.Members{Ledger: b.Ledger}.Get(t.Context(), b.p, "mem_ada")
	if err != nil {
		t.Fatal(err)
	}
	if acc := got.Account; len(acc.Undecided) > 10 || acc.UndecidedFrom == (loyalty.Again{}) {
		t.Fatalf("%d orders wait to be decided again, and all from %+v on", len(acc.Undecided), acc.UndecidedFrom)
	}
	b.runDue(t)
	b.put(t, later)
	for range n {
		if b.runDue(t) == 0 {
			break
		}
	}
	if n := b.runDue(t); n > 0 {
		t.Errorf("%d accounts are due though nothing waits", n)
	}
	want := map[string]loyalty.Points{"late": 15, "later": 25}
	for i := range n {
		want[id(i)] = map[bool]loyalty.Points{true: 10}[i < 76]
	}
	b.wantWorth(t, want)
	b.audit(t, "mem_ada")
}
