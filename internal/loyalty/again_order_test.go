package loyalty

import (
	"fmt"
	"testing"
	"time"
)

// An entry that decides an order again is left out only if it changes nothing but the facts that rules know.
func TestEntryThatChangesNothing(t *testing.T) {
	was := OrderState{Worth: 10, Grants: []Grant{{Worth: 10}}, Shares: []Share{{Rule: "r", Used: 10}}}
	parts := map[string]func(*Entry){
		"postings": func(e *Entry) { e.Postings = append(e.Postings, Posting{Points: 1}) },
		"usage":    func(e *Entry) { e.Usage = append(e.Usage, Usage{Rule: "r", N: 1}) },
		"brands":   func(e *Entry) { e.Brands = append(e.Brands, Bought{Brand: "east", N: 1}) },
		"counts":   func(e *Entry) { e.Counts = append(e.Counts, TierGroupCount{TierGroup: "partner"}) },
		"metric":   func(e *Entry) { e.Metric = &Metric{Orders: 1} },
		"carried":  func(e *Entry) { e.Carried = "1/2" },
		"worth":    func(e *Entry) { e.Order.Worth++ },
		"grants":   func(e *Entry) { e.Order.Grants = []Grant{{Worth: 9}, {Worth: 1}} },
		"shares":   func(e *Entry) { e.Order.Shares = nil },
		"nothing":  func(*Entry) {},
	}
	for name, edit := range parts {
		for other, more := range parts {
			order := was
			e := Entry{Order: &order}
			edit(&e)
			more(&e)
			want := name == "nothing" && other == "nothing"
			if got := e.changesNothing(&was, []Spend{{Rule: "r"}}); got != want {
				t.Errorf("%s and %s: it changes nothing: %t", name, other, got)
			}
		}
	}
	for _, spends := range [][]Spend{{{Rule: "r", Points: 1}}, {{Rule: "r"}, {Rule: "s", Points: -1}}} {
		order := was
		if e := (Entry{Order: &order}); e.changesNothing(&was, spends) {
			t.Errorf("spending %+v changes nothing", spends)
		}
	}
}

// A command may decide an order several times. Each time it starts from its own latest decision, not from the stored
// one, so that the second time changes nothing.
func TestOrderThatACommandDecidesTwice(t *testing.T) {
	s := numberedShop(t, Rule{ID: "first", Give: Fixed{30}, Match: Match{FirstOrder: true}})
	first := s.buy("1", 10, noon)
	s.buy("2", 10, noon.Add(time.Minute))
	first.Status = OrderCanceled
	now := noon.Add(time.Hour)
	out, err := s.place(s.states["1"], first, nil, now)
	if err != nil || len(out.Needs.Orders) != 1 {
		t.Fatalf("the cancellation requests %+v, %v", out.Needs.Orders, err)
	}
	again := out.Needs
	h := History{Entries: s.entries, Orders: knownOrders(s.p, again.Orders, History{Entries: s.entries})}
	if out, err = s.p.Redecide(out, h, now); err != nil {
		t.Fatal(err)
	}
	if e := last(out); len(out.Entries) != 2 || e.Order.Worth != 40 || e.Order.Revision != 2 {
		t.Fatalf("decided once: %+v", out.Entries)
	}
	lots := fmt.Sprint(out.Account.Lots)
	out.Entries = append(out.Entries, Entry{Kind: KindMoveTier}) // one without an order
	out.Needs = again
	if out, err = s.p.Redecide(out, h, now); err != nil {
		t.Fatal(err)
	}
	if len(out.Entries) != 3 || fmt.Sprint(out.Account.Lots) != lots || len(out.Needs.Orders) > 0 {
		t.Errorf("decided twice: %+v, and %v became %v", out.Entries, lots, out.Account.Lots)
	}
}

// A complete outcome has decided the milestones and levels that follow from its orders, and decides them once.
func TestOutcomeIsDecidedOnce(t *testing.T) {
	s := numberedShop(t)
	out, err := s.place(nil, paid("EUR", Line{Amount: 10_00}), nil, noon)
	if err != nil || !out.Needs.IsZero() || out.rising != nil {
		t.Errorf("the milestones and levels of the outcome are open: %+v, %v", out.rising, err)
	}
}
