package engine

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
	"pgregory.net/rapid"
)

// nth returns a rule that gives points for the n-th order.
func nth(id string, n int, gives loyalty.Points) loyalty.Rule {
	is := func(f *loyalty.Facts) (bool, error) { return f.Buyer.Orders == int64(n-1), nil }
	return loyalty.Rule{ID: id, Give: loyalty.Fixed{Points: gives}, Match: loyalty.Match{When: asksNumber{is, n}}}
}

// asksNumber is a condition that asks for order numbers up to one.
type asksNumber struct {
	condition
	most int
}

func (a asksNumber) OrderNumbers() int { return a.most }

func numberedShop(t *testing.T, rules ...loyalty.Rule) *shop {
	return newShop(t, made(t, func(p *loyalty.Program) { p.Earn.Pending, p.Earn.Rules = calendar.Wait{}, rules }))
}

func (s *shop) worths(ids ...string) (worths []loyalty.Points) {
	for _, id := range ids {
		worths = append(worths, s.states[id].Worth)
	}
	return worths
}

func TestOrderNumbersFollowTheOrdersThatCount(t *testing.T) {
	minutes := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }
	cancel := func(o loyalty.Order) loyalty.Order { o.Status = loyalty.OrderCanceled; return o }
	refund := func(o loyalty.Order) loyalty.Order { o.Refunds = []loyalty.Refund{back("r", 1000)}; return o }
	for _, again := range []struct {
		name string
		undo func(loyalty.Order) loyalty.Order
	}{{"canceled", cancel}, {"refunded in full", refund}} {
		s := numberedShop(
			t, loyalty.Rule{ID: "first", Give: loyalty.Fixed{Points: 30}, Match: loyalty.Match{FirstOrder: true}},
			nth("third", 3, 40),
		)
		o := map[string]loyalty.Order{}
		for i, id := range []string{"1", "2", "3", "4"} {
			o[id] = s.buy(id, 10, minutes(i))
		}
		want := func(step string, want ...loyalty.Points) {
			t.Helper()
			if got := s.worths("1", "2", "3", "4"); !slices.Equal(got, want) {
				t.Errorf("%s, %s: the orders are worth %v, want %v", again.name, step, got, want)
			}
		}
		want("in their order", 40, 10, 50, 10)
		before := s.acc
		for range 3 {
			s.submit(again.undo(o["1"]), minutes(5))
			want("without the first", 0, 40, 10, 50)
			s.submit(again.undo(o["3"]), minutes(6))
			want("without the first and the third", 0, 40, 0, 10)
			s.submit(o["3"], minutes(7))
			s.submit(o["1"], minutes(8))
			want("with all again", 40, 10, 50, 10)
		}
		if !slices.Equal(s.acc.Lots, before.Lots) || s.acc.Debt != 0 ||
			!slices.Equal(s.acc.First.Orders, before.First.Orders) {
			t.Errorf("%s: the account was %+v and is %+v", again.name, before, s.acc)
		}
	}
}

func TestLateOrderTakesItsNumber(t *testing.T) {
	s := numberedShop(
		t, loyalty.Rule{ID: "first", Give: loyalty.Fixed{Points: 30}, Match: loyalty.Match{FirstOrder: true}},
	)
	s.acc.Joined = noon.AddDate(0, -1, 0)
	s.buy("2", 10, noon)
	o := bought("EUR", loyalty.Line{Amount: 1000})
	o.ID, o.PlacedAt = "1", noon.Add(-time.Hour)
	s.submit(o, noon.Add(time.Hour))
	s.want(t, "1", 40)
	s.want(t, "2", 10)
	last := s.entries[len(s.entries)-1]
	if last.Cause.ID != "2" || !last.Follows() || last.Reasons[0].Effect() != "recalculated because order 1 changed" {
		t.Errorf("the last entry is %s %s because %+v", last.Kind, last.Cause, last.Reasons)
	}
	if last.Kind != loyalty.KindClawback || last.Points != -30 {
		t.Errorf("it is a %s of %d", last.Kind, last.Points)
	}
}

// An order that does not count has no number, and does not change the numbers of later orders.
func TestOrderThatDoesNotCountHasNoNumber(t *testing.T) {
	s := numberedShop(
		t, loyalty.Rule{ID: "first", Give: loyalty.Fixed{Points: 30}, Match: loyalty.Match{FirstOrder: true}},
	)
	free := bought("EUR", loyalty.Line{Amount: 0})
	free.ID = "0"
	s.submit(free, noon)
	s.buy("1", 10, noon.Add(time.Minute))
	s.want(t, "0", 0)
	s.want(t, "1", 40)
}

// If a program starts to use order numbers, the first orders are read from the member's entries once.
func TestOrderNumbersOfMembersWhoOrderedBefore(t *testing.T) {
	s := numberedShop(t)
	s.p.Version = 1
	for i := range 3 {
		s.buy(fmt.Sprint(i), 10, noon.Add(time.Duration(i)*time.Minute))
	}
	if s.acc.First.Most != 0 {
		t.Fatalf("the account remembers %+v, which no rule asks for", s.acc.First)
	}
	s.p = made(t, func(p *loyalty.Program) {
		p.Version, p.Earn.Pending, p.Earn.Rules = 2, calendar.Wait{}, []loyalty.Rule{nth("fourth", 4, 70)}
	})
	s.versions = []tier.Live{{Program: numberedShop(t).p, Until: noon.Add(time.Hour)}}
	s.versions[0].Program.Version = 1
	o := bought("EUR", loyalty.Line{Amount: 1000})
	o.ID, o.PlacedAt = "3", noon.Add(2*time.Hour)
	out, err := award.PlaceOrder(Begin(s.p, s.acc, o.PlacedAt), nil, EarnRules(s.p), o, nil)
	if err != nil || !out.Needs.Numbers || len(out.Entries) > 0 {
		t.Fatalf("without the first orders it decides %+v, %v", out, err)
	}
	s.submit(o, o.PlacedAt)
	s.want(t, "3", 80)
	if n := len(s.acc.First.Orders); n != 4 {
		t.Errorf("the account remembers %d orders", n)
	}
	if out, _ := award.PlaceOrder(
		Begin(s.p, s.acc, o.PlacedAt), nil, EarnRules(s.p), with(o, func(o *loyalty.Order) { o.ID = "4" }), nil,
	); out.Needs.Numbers {
		t.Error("the first orders are read twice")
	}
}

// An account remembers no orders if no rule uses order numbers.
func TestAccountRemembersNoOrdersThatNoRuleAsksFor(t *testing.T) {
	s := numberedShop(t, loyalty.Rule{ID: "some", Give: loyalty.Fixed{Points: 30}})
	s.buy("1", 10, noon)
	if e := s.entries[len(s.entries)-1]; s.acc.First.Most != 0 || s.acc.First.Orders != nil || e.Numbers != 0 {
		t.Errorf("the account remembers %+v", s.acc.First)
	}
	s = numberedShop(t, nth("twentieth", posting.MaxOrderNumber, 30))
	for i := range 30 {
		s.buy(fmt.Sprint(i), 10, noon.Add(time.Duration(i)*time.Minute))
	}
	if n := len(s.acc.First.Orders); n != posting.MaxOrderNumber {
		t.Errorf("the account remembers %d orders", n)
	}
	s.want(t, "19", 40)
}

// numberedProgram returns a program whose rules use order numbers.
func numberedProgram(t *rapid.T, base *loyalty.Program) *loyalty.Program {
	p := deliveryProgram(t, base)
	few := func(f *loyalty.Facts) (bool, error) { return f.Buyer.Orders >= 0 && f.Buyer.Orders < 2, nil }
	rules := []loyalty.Rule{
		{ID: "first", Give: loyalty.Fixed{Points: 30}, Match: loyalty.Match{FirstOrder: true}},
		nth("third", 3, 70),
		{ID: "few", Give: loyalty.Multiply{By: big.NewRat(3, 1)}, Match: loyalty.Match{When: asksNumber{few, 2}}},
		{
			ID: "brief", Give: loyalty.Fixed{Points: 20}, Match: loyalty.Match{FirstOrder: true},
			Life: loyalty.Life{Expires: &calendar.Expiry{After: calendar.Period{Months: 40}}},
		},
	}
	p.Earn.Rules = rapid.SliceOfNDistinct(
		rapid.SampledFrom(rules), 1, len(rules), func(r loyalty.Rule) string { return r.ID },
	).Draw(t, "rules")
	if err := Compile(p); err != nil {
		t.Fatal(err)
	}
	return p
}

// The points that a member gets by order numbers do not depend on when, in which order or how often orders and refunds
// were reported.
func TestOrderNumbersDoNotDependOnTheDelivery(t *testing.T) {
	checks(t, 2_000)
	base := lively(t, "UTC")
	var counts deliveryCounts
	again := 0
	rapid.Check(t, func(t *rapid.T) {
		p := numberedProgram(t, base)
		joinedAt := instantOf("2026-02-10T22:30:00Z")
		l := randomLife(t, p, joinedAt)
		live := func(all []happening, recorded map[string]*loyalty.OrderState) *receiver {
			s := newShop(t, p)
			s.acc = joined(t, p, joinedAt)
			r := &receiver{shop: s, counts: &counts, recorded: recorded}
			r.live(all, l.end)
			return r
		}
		got := live(l.delivery, nil)
		for _, e := range got.entries {
			if e.Follows() {
				again++
			}
		}
		for _, all := range [][]happening{l.direct, l.remaining()} {
			want := live(all, got.states)
			sameLevels(t, p, got.shop, want.shop)
			x, y := got.acc.First, want.acc.First
			n := min(len(x.Orders), len(y.Orders)) // one may remember more than the rules ask for
			if !slices.Equal(x.Orders[:n], y.Orders[:n]) ||
				int64(n) < min(int64(y.Most), posting.OrderCount(want.acc)) {
				t.Fatalf("the first orders are %v, and by the direct delivery %v", x, y)
			}
			for _, id := range slices.Sorted(maps.Keys(want.states)) {
				if x, y := got.states[id].Worth, want.states[id].Worth; x != y {
					t.Fatalf("order %s is worth %d, and by the direct delivery %d\n%s", id, x, y, dump(got.entries))
				}
			}
		}
	})
	if again < 500 {
		t.Errorf("only %d orders were decided again", again)
	}
}
