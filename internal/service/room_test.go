package service_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

// capped sets a cap of the program, and makes points active immediately.
func (b *bench) capped(tb testing.TB, c loyalty.Cap) {
	tb.Helper()
	b.P.Earn.Caps = []loyalty.Cap{c}
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
		b.Enroll(t, "mem_ada")
		b.Wait(time.Hour)
		first := b.Order("1", "mem_ada", 8_000)
		b.Put(t, first)
		b.Wait(time.Minute)
		second := b.Order("2", "mem_ada", 6_000)
		b.Put(t, second)
		b.wantWorth(t, map[string]loyalty.Points{"1": 80, "2": 20})
		for range 2 {
			b.Wait(time.Hour)
			b.Put(t, refunded(first, b.Now(), loyalty.RefundSucceeded))
			b.wantWorth(t, map[string]loyalty.Points{"1": 0, "2": 60})
			b.Wait(time.Hour)
			b.Put(t, refunded(first, b.Now(), loyalty.RefundFailed))
			b.wantWorth(t, map[string]loyalty.Points{"1": 80, "2": 20})
		}
		if r := b.Put(t, second); !r.Replayed {
			t.Error("the second order is no replay")
		}
		b.Audit(t, "mem_ada")
	})
}

// An order that arrives late takes points of the cap from orders that were placed after it.
func TestLateOrderTakesItsRoom(t *testing.T) {
	b := newBench(t, servicetest.Memory(t))
	b.capped(t, loyalty.Cap{Points: 100, Per: loyalty.PerMonth})
	b.Enroll(t, "mem_ada")
	b.Wait(time.Hour)
	late := b.Order("1", "mem_ada", 8_000)
	for _, id := range []string{"2", "3"} {
		b.Wait(time.Hour)
		b.Put(t, b.Order(id, "mem_ada", 4_000))
	}
	quote, err := service.Quotes{Ledger: b.Ledger}.Quote(t.Context(), b.P, late)
	if err != nil || quote.Points != 80 {
		t.Errorf("the quote is %d points, %v", quote.Points, err)
	}
	b.Put(t, late)
	b.wantWorth(t, map[string]loyalty.Points{"1": 80, "2": 20, "3": 0})
	b.Audit(t, "mem_ada")
}

// An order that arrives in time costs the same with and without a cap. A refund also costs the orders that it changes.
func TestWhatRoomUnderACapCosts(t *testing.T) {
	meter := &tabletest.Meter{Table: servicetest.Memory(t)}
	b := newBench(t, meter)
	b.capped(t, loyalty.Cap{Points: 100, Per: loyalty.PerMonth})
	b.Enroll(t, "mem_ada")
	within := func(o loyalty.Order, read, write float64) {
		t.Helper()
		b.putWithin(t, meter, o, read, write)
	}
	var orders []loyalty.Order
	for i := range 5 {
		b.Wait(time.Hour)
		orders = append(orders, b.Order(fmt.Sprint(i+1), "mem_ada", 4_000))
		within(orders[i], 2, 6)
	}
	b.Wait(time.Hour)
	within(refunded(orders[4], b.Now(), loyalty.RefundSucceeded), 2, 5)
	within(refunded(orders[0], b.Now(), loyalty.RefundSucceeded), 5, 14)
	b.wantWorth(t, map[string]loyalty.Points{"1": 0, "2": 40, "3": 40, "4": 20, "5": 0})
}

// If more orders must be decided again than an account can list, all orders from one on are decided when the account is
// processed as due.
func TestTheDueQueueDecidesMoreOrdersThanAnAccountRemembers(t *testing.T) {
	b := newBench(t, servicetest.Memory(t))
	b.P.Tiers.Levels = b.P.Tiers.Levels[:1]
	b.capped(t, loyalty.Cap{Points: 800, Per: loyalty.PerYear})
	b.Enroll(t, "mem_ada")
	b.Wait(time.Hour)
	late := b.Order("late", "mem_ada", 1_500)
	later := b.Order("later", "mem_ada", 2_500)
	later.PlacedAt = later.PlacedAt.Add(time.Second)
	id := func(i int) string { return fmt.Sprintf("%02d", i) }
	const n = 90
	for i := range n {
		b.Wait(time.Minute)
		b.Put(t, b.Order(id(i), "mem_ada", 1_000))
	}
	b.Put(t, late)
	got, err := members.Members{Ledger: b.Ledger}.Get(t.Context(), b.P, "mem_ada")
	if err != nil {
		t.Fatal(err)
	}
	if acc := got.Account; len(acc.Undecided) > 10 || acc.UndecidedFrom == (loyalty.Again{}) {
		t.Fatalf("%d orders wait to be decided again, and all from %+v on", len(acc.Undecided), acc.UndecidedFrom)
	}
	b.runDue(t)
	b.Put(t, later)
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
	b.Audit(t, "mem_ada")
}
