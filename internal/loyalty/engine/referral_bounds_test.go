package engine

import (
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// referralEvent returns the latest state of the friend's or the referrer's part of a referral.
func (x *couple) referralEvent(order string, friends bool) *loyalty.EventState {
	own, theirs := award.ReferralEvents(x.friend.Traits.Referral, x.friend.Member, order)
	if friends {
		return x.events[award.EventCause(own)]
	}
	return x.events[award.EventCause(theirs)]
}

func (x *couple) euros(id string, n int64) loyalty.Order {
	o := paid("EUR", loyalty.Line{Amount: n * 100})
	o.ID, o.PlacedAt = id, noon
	return o
}

// The points of a referral follow the actions whose conditions the order meets.
func TestReferralFollowsTheConditionsOfItsActions(t *testing.T) {
	large := condition(func(f *loyalty.Facts) (bool, error) { return f.Total >= 50_00, nil })
	x := newCouple(t, func(p *loyalty.Program) {
		p.Earn.Actions = []loyalty.Action{
			{ID: "visit", Event: "visit.completed", Points: 5},
			{ID: "friends", Event: posting.EventConverted, Points: 200, Friend: 100},
			{ID: "large", Event: posting.EventConverted, Points: 50, When: large},
		}
	})
	o := x.euros("1", 60)
	x.submit(o, noon)
	if got := x.orders["1"].Converts; !slices.Equal(got, []string{"friends", "large"}) {
		t.Errorf("the order converts %q", got)
	}
	if own, theirs := x.referralEvent("1", true).Worth, x.referralEvent("1", false).Worth; own != 100 || theirs != 250 {
		t.Errorf("the referral gives %d to the friend and %d to the referrer", own, theirs)
	}
	o.Refunds = []loyalty.Refund{back("r", 20_00)}
	x.submit(o, noon)
	if own, theirs := x.referralEvent("1", true).Worth, x.referralEvent("1", false).Worth; own != 100 || theirs != 200 {
		t.Errorf("after the refund it gives %d to the friend and %d to the referrer", own, theirs)
	}
}

// A referral that gives the friend nothing has the friend's event too, which states whether it still counts.
func TestReferralWithoutPointsForTheFriend(t *testing.T) {
	x := newCouple(t, func(p *loyalty.Program) { p.Earn.Actions[0].Friend = 0 })
	o := x.euros("1", 60)
	x.submit(o, noon)
	if s := x.referralEvent("1", true); s == nil || s.Event.Type != posting.EventConverted || s.Worth != 0 {
		t.Fatalf("the friend's event is %+v", s)
	}
	o.Status = loyalty.OrderCanceled
	x.submit(o, noon)
	if s := x.referralEvent("1", true); s.Event.Type != posting.EventReversed {
		t.Errorf("after the cancellation it is %+v", s)
	}
}

// An order of 0.00 may count, but converts no referral.
func TestFreeOrderConvertsNoReferral(t *testing.T) {
	for cents, want := range map[int64]int{0: 0, 1: 1} {
		x := newCouple(t, func(p *loyalty.Program) { p.Earn.CountPlaced = true })
		o := x.euros("1", 0)
		o.Lines[0].Amount = cents
		if x.submit(o, noon); len(x.orders["1"].Converts) != want || !x.orders["1"].Counted {
			t.Errorf("an order of %d converts %q", cents, x.orders["1"].Converts)
		}
	}
}

// An entry records the orders that could convert the referral if they were read from the member's entries.
func TestEntryRecordsTheOrdersThatConvert(t *testing.T) {
	for _, loaded := range []bool{false, true} {
		x := newCouple(t, func(*loyalty.Program) {})
		x.friend.First.Loaded = loaded
		out, err := award.PlaceOrder(Begin(x.p, x.friend, noon), nil, EarnRules(x.p), x.euros("1", 60), nil)
		if err != nil || (out.Entries[0].Converting != nil) != loaded || len(out.Account.Converting.Orders) != 1 {
			t.Errorf("read %t: %+v, %v", loaded, out.Entries[0].Converting, err)
		}
	}
}

func TestChangesOfAReferralAwardWhatTheReferrerMayEarn(t *testing.T) {
	x := newCouple(t, func(*loyalty.Program) {})
	out := posting.Outcome{Account: x.friend}
	// An order that never converted the referral has no events to withdraw.
	outs, err := award.AwardReferral(
		out, Begin(x.p, x.referrer, noon), award.ReferralChange{Referrer: "mem_bob", Withdrawn: "1"},
		award.KnownReferral{Rules: EarnRules(x.p)}, award.KnownReferral{},
	)
	if err != nil || len(outs[0].Entries)+len(outs[1].Entries) > 0 {
		t.Errorf("%+v, %v", outs, err)
	}
	// A damaged account of the referrer is an error, not a reason to give the referrer nothing.
	placed, err := award.PlaceOrder(Begin(x.p, x.friend, noon), nil, EarnRules(x.p), x.euros("1", 60), nil)
	if err != nil {
		t.Fatal(err)
	}
	known := award.KnownReferral{Order: placed.Entries[0].Order, Rules: EarnRules(x.p)}
	change := award.ReferralChange{Referrer: "mem_bob", Converts: "1"}
	for _, c := range []struct {
		name    string
		edit    func(*loyalty.Account)
		entries int
		fails   bool
	}{
		{"an active referrer", func(*loyalty.Account) {}, 1, false},
		{"a frozen referrer", func(a *loyalty.Account) { a.Status = loyalty.Frozen }, 1, false},
		{"a referrer with a damaged account", func(a *loyalty.Account) {
			a.Lots = []loyalty.Lot{{Expires: 20271231, Points: -1}}
		}, 0, true},
	} {
		referrer := x.referrer
		c.edit(&referrer)
		outs, err := award.AwardReferral(
			placed, Begin(x.p, referrer, noon.Add(time.Minute)), change, award.KnownReferral{}, known,
		)
		if (err != nil) != c.fails || err == nil && len(outs[1].Entries) != c.entries {
			t.Errorf("%s: %+v, %v", c.name, outs, err)
		}
	}
}
