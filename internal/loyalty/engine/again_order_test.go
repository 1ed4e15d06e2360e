package engine

import (
	"fmt"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// A command may decide an order several times. Each time it starts from its own latest decision, not from the stored
// one, so that the second time changes nothing.
func TestOrderThatACommandDecidesTwice(t *testing.T) {
	s := numberedShop(
		t, loyalty.Rule{ID: "first", Give: loyalty.Fixed{Points: 30}, Match: loyalty.Match{FirstOrder: true}},
	)
	first := s.buy("1", 10, noon)
	s.buy("2", 10, noon.Add(time.Minute))
	first.Status = loyalty.OrderCanceled
	now := noon.Add(time.Hour)
	out, err := s.place(s.states["1"], first, nil, now)
	if err != nil || len(out.Needs.Orders) != 1 {
		t.Fatalf("the cancellation requests %+v, %v", out.Needs.Orders, err)
	}
	again := out.Needs
	h := tier.History{Entries: s.entries, Orders: knownOrders(s.p, again.Orders, tier.History{Entries: s.entries})}
	if out, err = Redecide(s.p, out, h, now); err != nil {
		t.Fatal(err)
	}
	if e := last(out); len(out.Entries) != 2 || e.Order.Worth != 40 || e.Order.Revision != 2 {
		t.Fatalf("decided once: %+v", out.Entries)
	}
	lots := fmt.Sprint(out.Account.Lots)
	out.Entries = append(out.Entries, loyalty.Entry{Kind: loyalty.KindMoveTier}) // one without an order
	out.Needs = again
	if out, err = Redecide(s.p, out, h, now); err != nil {
		t.Fatal(err)
	}
	if len(out.Entries) != 3 || fmt.Sprint(out.Account.Lots) != lots || len(out.Needs.Orders) > 0 {
		t.Errorf("decided twice: %+v, and %v became %v", out.Entries, lots, out.Account.Lots)
	}
}

// A complete outcome has decided the milestones and levels that follow from its orders, and decides them once.
func TestOutcomeIsDecidedOnce(t *testing.T) {
	s := numberedShop(t)
	out, err := s.place(nil, paid("EUR", loyalty.Line{Amount: 10_00}), nil, noon)
	if err != nil || !tier.NeedsNothing(out.Needs) || out.Rising != nil {
		t.Errorf("the milestones and levels of the outcome are open: %+v, %v", out.Rising, err)
	}
}
