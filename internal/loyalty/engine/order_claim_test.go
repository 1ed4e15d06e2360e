package engine

import (
	"math/big"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// An order without a member becomes a member's with a later revision, and keeps that member.
func TestGuestsOrderThatBecomesAMembers(t *testing.T) {
	p := made(t, func(p *loyalty.Program) {
		p.Earn.Pending, p.Tiers.Levels[0].Multiply = calendar.Wait{}, big.NewRat(2, 1)
	})
	guests := paid("EUR", loyalty.Line{Amount: 10_00})
	guests.Member = ""
	state, err := award.GuestOrder(Begin(p, loyalty.Account{}, noon), nil, EarnRules(p), guests)
	if err != nil || state.Revision != 1 || state.Worth != 0 {
		t.Fatalf("the guest's order is %+v, %v", state, err)
	}
	members := guests
	members.Member = "mem_ada"
	for _, c := range []struct {
		name    string
		edit    func(*loyalty.Order)
		joined  time.Time
		now     time.Time
		code    loyalty.Code
		pointer string
	}{
		{"at once", func(*loyalty.Order) {}, noon, noon, "", ""},
		{"after 90 days", func(*loyalty.Order) {}, noon, noon.Add(loyalty.MaxOrderAge), "", ""},
		{
			"later", func(*loyalty.Order) {}, noon, noon.Add(loyalty.MaxOrderAge + 1), loyalty.ValidationFailed,
			"/member",
		},
		{
			"in another currency", func(o *loyalty.Order) { o.Currency = "USD" }, noon, noon, loyalty.CurrencyMismatch,
			"/currency",
		},
		{
			"placed at another instant", func(o *loyalty.Order) { o.PlacedAt = noon.Add(1) }, noon, noon,
			loyalty.ValidationFailed, "/placed_at",
		},
		{
			"by a member who joined within a day", func(*loyalty.Order) {}, noon.Add(loyalty.JoinGrace),
			noon.AddDate(0, 0, 40), "", "",
		},
		{
			"by a member who joined too late", func(*loyalty.Order) {}, noon.Add(loyalty.JoinGrace + 1),
			noon.AddDate(0, 0, 40),
			loyalty.ValidationFailed, "/placed_at",
		},
	} {
		o := members
		c.edit(&o)
		acc := joined(t, p, c.joined)
		out, err := award.PlaceOrder(Begin(p, acc, c.now), &state, EarnRules(p), o, nil)
		wantRefusal(t, c.name, err, c.code, c.pointer)
		if err != nil {
			continue
		}
		s := out.Entries[0].Order
		if s.Worth != 20 || s.Buyer.Level != "bronze" || s.Revision != 2 {
			t.Errorf("%s: the order is worth %d on %q in revision %d", c.name, s.Worth, s.Buyer.Level, s.Revision)
		}
		for _, other := range []loyalty.MemberID{"mem_bob", ""} {
			o.Member = other
			_, err := award.PlaceOrder(Begin(p, out.Account, c.now), s, EarnRules(p), o, nil)
			wantRefusal(t, c.name+", then by another member", err, loyalty.ValidationFailed, "/member")
		}
	}
	if again, err := award.GuestOrder(
		Begin(p, loyalty.Account{}, noon.Add(loyalty.MaxOrderAge+time.Hour)), &state, EarnRules(p), guests,
	); err != nil ||
		again.Revision != 2 {
		t.Errorf("the guest's order is reported again: %+v, %v", again, err)
	}
}
