package service_test

import (
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

// isNumber returns the condition that the order is the member's nth order.
func isNumber(n int) loyalty.Condition {
	holds := func(f *loyalty.Facts) (bool, error) { return f.Buyer.Orders == int64(n-1), nil }
	return asked{source: fmt.Sprint("order.number == ", n), holds: holds, numbers: n}
}

// rules sets the rules of the program, and makes points active immediately.
func (b *bench) rules(tb testing.TB, rules ...loyalty.Rule) {
	tb.Helper()
	b.P.Earn.Pending, b.P.Earn.Rules = calendar.Wait{}, rules
	if err := engine.Compile(b.P); err != nil {
		tb.Fatal(err)
	}
}

func (b *bench) wantWorth(tb testing.TB, want map[string]loyalty.Points) {
	tb.Helper()
	for id, n := range want {
		got, err := service.Orders{Ledger: b.Ledger}.Get(tb.Context(), b.P.ID, id)
		if err != nil {
			tb.Fatal(err)
		}
		if got.State.Worth != n {
			tb.Errorf("order %s is worth %d, want %d", id, got.State.Worth, n)
		}
	}
}

func first(n loyalty.Points) loyalty.Rule {
	return loyalty.Rule{ID: "first", Give: loyalty.Fixed{Points: n}, Match: loyalty.Match{FirstOrder: true}}
}

func TestCanceledAndRestoredOrdersKeepTheirNumbers(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.rules(
			t, first(30),
			loyalty.Rule{ID: "third", Give: loyalty.Fixed{Points: 70}, Match: loyalty.Match{When: isNumber(3)}},
		)
		b.Enroll(t, "mem_ada")
		var orders []loyalty.Order
		for i := range 4 {
			b.Wait(time.Minute)
			orders = append(orders, b.Order(fmt.Sprint(i+1), "mem_ada", 1_000))
			b.Put(t, orders[i])
		}
		inOrder := map[string]loyalty.Points{"1": 40, "2": 10, "3": 80, "4": 10}
		b.wantWorth(t, inOrder)
		for range 2 {
			for _, i := range []int{0, 2} {
				b.Wait(time.Minute)
				o := orders[i]
				o.Status = loyalty.OrderCanceled
				b.Put(t, o)
			}
			b.wantWorth(t, map[string]loyalty.Points{"1": 0, "2": 40, "3": 0, "4": 10})
			for _, i := range []int{2, 0} {
				b.Wait(time.Minute)
				b.Put(t, orders[i])
			}
			b.wantWorth(t, inOrder)
		}
		before := b.sequence(t, "mem_ada")
		for _, o := range orders {
			if r := b.Put(t, o); !r.Replayed {
				t.Errorf("order %s is no replay", o.ID)
			}
		}
		if after := b.sequence(t, "mem_ada"); after != before {
			t.Errorf("repeated orders post %d entries", after-before)
		}
		b.WantBalance(t, "mem_ada", loyalty.Balance{Active: 140})
		b.Audit(t, "mem_ada")
	})
}

func (b *bench) sequence(t *testing.T, m loyalty.MemberID) int64 {
	t.Helper()
	got, err := members.Members{Ledger: b.Ledger}.Get(t.Context(), b.P, m)
	if err != nil {
		t.Fatal(err)
	}
	return got.Account.Sequence
}

// putWithin places an order, and reports an error if it uses more than the given read and write units.
func (b *bench) putWithin(t *testing.T, meter *tabletest.Meter, o loyalty.Order, read, write float64) {
	t.Helper()
	meter.Take()
	b.Put(t, o)
	u := meter.Take()
	t.Logf("order %s costs %g read and %g write units", o.ID, u.Read, u.Write)
	if u.Read > read || u.Write > write {
		t.Errorf("order %s may cost %g read and %g write units", o.ID, read, write)
	}
}

// Order numbers cost nothing if no rule uses them or no number changes. Otherwise they cost the orders whose numbers
// change.
func TestWhatOrderNumbersCost(t *testing.T) {
	meter := &tabletest.Meter{Table: servicetest.Memory(t)}
	b := newBench(t, meter)
	b.rules(t, first(30))
	b.Enroll(t, "mem_ada")
	within := func(o loyalty.Order, read, write float64) {
		t.Helper()
		b.putWithin(t, meter, o, read, write)
	}
	var orders []loyalty.Order
	for i := range 3 {
		b.Wait(time.Hour)
		orders = append(orders, b.Order(fmt.Sprint(i+1), "mem_ada", 1_000))
		within(orders[i], 2, 6) // the first order also adds the account to the due queue
	}
	b.Wait(time.Hour)
	for _, o := range orders[1:] {
		o.Status = loyalty.OrderCanceled
		within(o, 2, 5)
	}
	orders[0].Status = loyalty.OrderCanceled
	for _, o := range orders[1:] {
		within(o, 2, 5)
	}
	within(orders[0], 4, 8)
	b.wantWorth(t, map[string]loyalty.Points{"2": 40})
}

// If a program begins to use order numbers, the entries of a member with earlier orders are read once.
func TestOrderNumbersOfMembersWhoOrderedBefore(t *testing.T) {
	meter := &tabletest.Meter{Table: servicetest.Memory(t)}
	b := newBench(t, meter)
	b.rules(t)
	b.Enroll(t, "mem_ada")
	for i := range 9 {
		b.Wait(time.Minute)
		b.Put(t, b.Order(fmt.Sprint(i+1), "mem_ada", 1_000))
	}
	b.rules(t, loyalty.Rule{ID: "tenth", Give: loyalty.Fixed{Points: 70}, Match: loyalty.Match{When: isNumber(10)}})
	b.Wait(time.Minute)
	o := b.Order("10", "mem_ada", 1_000)
	q, err := service.Quotes{Ledger: b.Ledger}.Quote(t.Context(), b.P, o)
	if err != nil || q.Points != 80 {
		t.Errorf("the quote is %d, %v", q.Points, err)
	}
	b.Put(t, o)
	b.wantWorth(t, map[string]loyalty.Points{"10": 80})
	b.Wait(time.Minute)
	meter.Take()
	b.Put(t, b.Order("11", "mem_ada", 1_000))
	if u := meter.Take(); u.Read > 2 || u.Write > 5 {
		t.Errorf("the next order costs %g read and %g write units", u.Read, u.Write)
	}
	b.Audit(t, "mem_ada")
}

// An order may change the numbers of more orders than fit into its transaction. The others are decided when the account
// is processed as due.
func TestOrdersThatDoNotFitAreDecidedByTheDueQueue(t *testing.T) {
	b := newBench(t, servicetest.Memory(t))
	var rules []loyalty.Rule
	for n := 1; n <= posting.MaxOrderNumber; n++ {
		// A budget has 16 counters, so a spend from an almost exhausted budget needs one operation for each counter.
		rules = append(rules, loyalty.Rule{
			ID: fmt.Sprint("n", n), Budget: 320, Match: loyalty.Match{When: isNumber(n)},
			Give: loyalty.PerAmount{
				Rates: map[loyalty.Currency]loyalty.Rate{"EUR": {Points: big.NewRat(1, 1), Per: 100}},
			},
		})
	}
	b.P.Tiers.Levels = b.P.Tiers.Levels[:1]
	b.rules(t, rules...)
	b.Enroll(t, "mem_ada")
	b.Wait(time.Hour)
	late := b.Order("late", "mem_ada", 1_000)
	want := map[string]loyalty.Points{"late": 20}
	for i := range posting.MaxOrderNumber {
		b.Wait(time.Minute)
		amount := int64(10)
		if i%2 == 1 {
			amount = 300
		}
		id := fmt.Sprintf("%02d", i)
		b.Put(t, b.Order(id, "mem_ada", amount*100))
		want[id] = loyalty.Points(2 * amount)
	}
	want["19"] = 300 // the 21st order
	b.Put(t, late)
	got, err := members.Members{Ledger: b.Ledger}.Get(t.Context(), b.P, "mem_ada")
	if err != nil {
		t.Fatal(err)
	}
	waiting := len(got.Account.Undecided)
	if waiting == 0 || waiting == posting.MaxOrderNumber {
		t.Fatalf("%d orders wait to be decided again", waiting)
	}
	b.runDue(t)
	b.wantWorth(t, want)
	b.Audit(t, "mem_ada")
	if n := b.runDue(t); n > 0 {
		t.Errorf("%d accounts are due though nothing waits", n)
	}
}

// runDue processes all due accounts, and returns their number.
func (b *bench) runDue(t *testing.T) (n int) {
	t.Helper()
	for shard := range 16 {
		for d, err := range (ledger.DueQueue{Ledger: b.Ledger}).From(t.Context(), b.P.ID, shard, "", b.Now()) {
			if err != nil {
				t.Fatal(err)
			}
			n++
			if _, err := (ledger.DueQueue{Ledger: b.Ledger}).Advance(t.Context(), b.P, d); err != nil {
				t.Fatal(err)
			}
		}
	}
	return n
}
