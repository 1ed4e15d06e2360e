package loyalty

import (
	"math/big"
	"testing"
	"time"
)

// An order without a member becomes a member's with a later revision, and keeps that member.
func TestGuestsOrderThatBecomesAMembers(t *testing.T) {
	p := made(t, func(p *Program) { p.Earn.Pending, p.Tiers.Levels[0].Multiply = Wait{}, big.NewRat(2, 1) })
	guests := paid("EUR", Line{Amount: 10_00})
	guests.Member = ""
	state, err := p.GuestOrder(nil, p, guests, noon)
	if err != nil || state.Revision != 1 || state.Worth != 0 {
		t.Fatalf("the guest's order is %+v, %v", state, err)
	}
	members := guests
	members.Member = "mem_ada"
	for _, c := range []struct {
		name    string
		edit    func(*Order)
		joined  time.Time
		now     time.Time
		code    Code
		pointer string
	}{
		{"at once", func(*Order) {}, noon, noon, "", ""},
		{"after 90 days", func(*Order) {}, noon, noon.Add(MaxOrderAge), "", ""},
		{"later", func(*Order) {}, noon, noon.Add(MaxOrderAge + 1), ValidationFailed, "/member"},
		{"in another currency", func(o *Order) { o.Currency = "USD" }, noon, noon, CurrencyMismatch, "/currency"},
		{"placed at another instant", func(o *Order) { o.PlacedAt = noon.Add(1) }, noon, noon, ValidationFailed, "/placed_at"},
		{"by a member who joined within a day", func(*Order) {}, noon.Add(JoinGrace), noon.AddDate(0, 0, 40), "", ""},
		{
			"by a member who joined too late", func(*Order) {}, noon.Add(JoinGrace + 1), noon.AddDate(0, 0, 40),
			ValidationFailed, "/placed_at",
		},
	} {
		o := members
		c.edit(&o)
		acc := joined(t, p, c.joined)
		out, err := p.PlaceOrder(acc, &state, p, o, nil, c.now)
		wantRefusal(t, c.name, err, c.code, c.pointer)
		if err != nil {
			continue
		}
		s := out.Entries[0].Order
		if s.Worth != 20 || s.Buyer.Level != "bronze" || s.Revision != 2 {
			t.Errorf("%s: the order is worth %d on %q in revision %d", c.name, s.Worth, s.Buyer.Level, s.Revision)
		}
		for _, other := range []MemberID{"mem_bob", ""} {
			o.Member = other
			_, err := p.PlaceOrder(out.Account, s, p, o, nil, c.now)
			wantRefusal(t, c.name+", then by another member", err, ValidationFailed, "/member")
		}
	}
	if again, err := p.GuestOrder(
		&state,
		p,
		guests,
		noon.Add(MaxOrderAge+time.Hour),
	); err != nil ||
		again.Revision != 2 {
		t.Errorf("the guest's order is reported again: %+v, %v", again, err)
	}
}

// A state that consists only of payments gives way to the first report of its order, and to payments as long as no money
// was received.
func TestStateThatConsistsOfPayments(t *testing.T) {
	unreported := Order{ReportedStatus: Unreported}
	lines := Order{ReportedStatus: Unreported, Lines: []Line{{ID: "1", Quantity: 1, Amount: 10}}}
	reported := Order{ReportedStatus: OrderPaid}
	members := Order{ReportedStatus: Unreported, Member: "mem_ada"}
	for _, c := range []struct {
		name  string
		state Order
		next  Order
		want  bool
	}{
		{"no money yet", unreported, unreported, true},
		{"money, and still no report", lines, unreported, false},
		{"money, and a report", lines, reported, true},
		{"a report", reported, reported, false},
		{"a report, then only payments", reported, unreported, false},
		{"a member's payment", members, reported, false},
	} {
		if got := (&OrderState{Order: c.state}).Blank(c.next); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}
