package loyalty

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

// A couple is a referrer and the friend, with the events of their referral as they were last.
type couple struct {
	*testing.T
	p                *Program
	referrer, friend Account
	orders           map[string]*OrderState
	events           map[string]*EventState
	now              time.Time
}

func newCouple(t *testing.T, edit func(*Program)) *couple {
	t.Helper()
	p := made(t, func(p *Program) {
		p.Earn.Actions = []Action{{ID: "friends", Event: EventConverted, Points: 200, Friend: 100}}
		edit(p)
	})
	x := &couple{T: t, p: p, orders: map[string]*OrderState{}, events: map[string]*EventState{}, now: noon}
	x.referrer = x.join("mem_bob", Traits{}, noon.AddDate(0, -1, 0))
	x.friend = x.join("mem_ada", Traits{Referral: Referral{By: "mem_bob", At: noon}}, noon)
	return x
}

func (x *couple) join(m MemberID, t Traits, at time.Time) Account {
	x.Helper()
	out, err := x.p.Join(m, t, at)
	if err != nil {
		x.Fatal(err)
	}
	return out.Account
}

// tell places the friend's order at an instant, and what it does to the referral.
func (x *couple) tell(o Order, now time.Time) {
	x.Helper()
	x.advance(now)
	out, err := x.p.PlaceOrder(x.friend, x.orders[o.ID], x.p, o, nil, now)
	if err != nil {
		x.Fatal(err)
	}
	outs := []Outcome{out, {Account: x.referrer}}
	x.orders[o.ID] = out.Entries[0].Order
	if c, ok := out.Account.ReferralChange(o.ID); ok {
		if outs, err = x.p.AwardReferral(out, x.referrer, c, x.known(c.Withdrawn, false), x.known(c.Converts, true), now); err != nil {
			x.Fatal(err)
		}
	}
	for _, out := range outs {
		for _, e := range out.Entries {
			switch {
			case e.Order != nil:
				x.orders[o.ID] = e.Order
			case e.Event != nil:
				x.events[e.Cause.ID] = e.Event
			}
			x.explained(e)
		}
	}
	x.friend, x.referrer = outs[0].Account, outs[1].Account
}

// known returns the state of the referral for an order.
func (x *couple) known(order string, converts bool) KnownReferral {
	friends, referrers := x.friend.Traits.Referral.Parts(x.friend.Member, order)
	k := KnownReferral{Rules: x.p, Friends: x.events[friends.Cause()], Referrers: x.events[referrers.Cause()]}
	if converts {
		k.Order = x.orders[order]
	}
	return k
}

// explained holds that an entry's reasons add up to its points.
func (x *couple) explained(e Entry) {
	x.Helper()
	sum := exact{}
	for _, b := range e.Reasons {
		sum = sum.add(exactFrom(b.Points))
	}
	if e.Event != nil && sum.sub(whole(int64(e.Points))).sign() != 0 {
		x.Errorf("%s gives %d points, and its reasons %s: %v", e.Cause, e.Points, sum, e.Reasons)
	}
}

func (x *couple) advance(now time.Time) {
	x.Helper()
	x.now = now
	for _, acc := range []*Account{&x.referrer, &x.friend} {
		out, err := x.p.Advance(*acc, now)
		if err != nil {
			x.Fatal(err)
		}
		*acc = out.Account
	}
}

// want holds what both have, active and pending, beyond what the friend's orders themselves earn.
func (x *couple) want(what string, referrer, friend Balance, status ReferralStatus) {
	x.Helper()
	theirs, own := x.referrer.Balance(), x.friend.Balance()
	for _, s := range x.orders {
		if s.Order.Status == OrderPaid {
			if x.now.Before(s.Grants[0].ActiveAt) {
				own.Pending -= s.Worth
			} else {
				own.Active -= s.Worth
			}
		}
	}
	if theirs != referrer || own != friend {
		x.Errorf("%s: the referrer has %+v and the friend %+v, want %+v and %+v", what, theirs, own, referrer, friend)
	}
	if s := x.friend.Traits.Referral.Status(x.now); s != status {
		x.Errorf("%s: the referral is %s, want %s", what, s, status)
	}
}

func TestAReferralFollowsTheFriendsOrderBothWays(t *testing.T) {
	x := newCouple(t, func(*Program) {})
	o := paid("EUR", Line{Amount: 3_000})
	o.Status = OrderPlaced
	x.tell(o, noon)
	x.want("an order that is not paid", Balance{}, Balance{}, ReferralRegistered)
	o.Status = OrderPaid
	x.tell(o, noon)
	x.want("paid", Balance{Pending: 200}, Balance{Pending: 100}, ReferralConverted)
	more := o
	more.ID = "1043"
	x.tell(more, noon)
	x.want("the second order", Balance{Pending: 200}, Balance{Pending: 100}, ReferralConverted)
	x.advance(noon.AddDate(0, 0, 14))
	x.want("after the return window", Balance{Active: 200}, Balance{Active: 100}, ReferralRewarded)
	entries := x.referrer.Sequence
	o.Refunds = []Refund{back("1", 1_000)}
	x.tell(o, noon.AddDate(0, 0, 15))
	x.want("a part came back", Balance{Active: 200}, Balance{Active: 100}, ReferralRewarded)
	if x.referrer.Sequence != entries {
		t.Errorf("what changes nothing for the referrer wrote %d entries", x.referrer.Sequence-entries)
	}
	more.Status = OrderCanceled
	x.tell(more, noon.AddDate(0, 0, 16))
	o.Refunds = append(o.Refunds, back("2", 2_000))
	x.tell(o, noon.AddDate(0, 0, 16))
	x.want("all of it came back", Balance{}, Balance{}, ReferralRegistered)
	o.Refunds[1].Status = RefundFailed
	x.tell(o, noon.AddDate(0, 0, 17))
	x.want("the refund failed", Balance{Active: 200}, Balance{Active: 100}, ReferralRewarded)
	x.tell(o, noon.AddDate(0, 0, 18))
	x.want("told again", Balance{Active: 200}, Balance{Active: 100}, ReferralRewarded)
}

func TestTheNextOrderConvertsWhatTheFirstNoLongerDoes(t *testing.T) {
	x := newCouple(t, func(*Program) {})
	o := paid("EUR", Line{Amount: 3_000})
	x.tell(o, noon)
	o.Status = OrderCanceled
	x.tell(o, noon.AddDate(0, 0, 1))
	x.want("canceled", Balance{}, Balance{}, ReferralRegistered)
	next := paid("EUR", Line{Amount: 3_000})
	next.ID, next.PlacedAt = "1043", noon.AddDate(0, 0, 2)
	x.tell(next, next.PlacedAt)
	x.want("the next one", Balance{Pending: 200}, Balance{Pending: 100}, ReferralConverted)
	if at := x.referrer.Pending[0].ActiveAt; !at.Equal(x.orders["1043"].Grants[0].ActiveAt) {
		t.Errorf("the points are active at %s, before those of the order", at)
	}
	o.Status = OrderPaid // after all
	x.tell(o, noon.AddDate(0, 0, 3))
	x.want("the first is paid after all", Balance{Pending: 200}, Balance{Pending: 100}, ReferralConverted)
	x.advance(x.orders["1042"].Grants[0].ActiveAt)
	x.want("when the first one's points are active", Balance{Active: 200}, Balance{Active: 100}, ReferralRewarded)
	o.Refunds = []Refund{back("1", 3_000)}
	x.tell(o, noon.AddDate(0, 0, 15))
	x.want("the first is refunded, and the next one takes over", Balance{Pending: 200}, Balance{Pending: 100}, ReferralConverted)
	x.advance(x.orders["1043"].Grants[0].ActiveAt)
	x.want("when the next one's points are active", Balance{Active: 200}, Balance{Active: 100}, ReferralRewarded)
}

func TestTheFirstPlacedOrderConvertsWhenItIsReportedLater(t *testing.T) {
	x := newCouple(t, func(*Program) {})
	second := paid("EUR", Line{Amount: 3_000})
	second.ID, second.PlacedAt = "1043", noon.AddDate(0, 0, 2)
	x.tell(second, second.PlacedAt)
	first := paid("EUR", Line{Amount: 3_000})
	x.tell(first, noon.AddDate(0, 0, 5))
	x.want("the first order is reported", Balance{Pending: 200}, Balance{Pending: 100}, ReferralConverted)
	for _, acc := range []Account{x.referrer, x.friend} {
		for _, p := range acc.Pending {
			if p.Cause.Kind == CauseEvent && !p.ActiveAt.Equal(x.orders["1042"].Grants[0].ActiveAt) {
				t.Errorf("the points of %s are active at %s, not with those of the first order", acc.Member, p.ActiveAt)
			}
		}
	}
	if r := x.friend.Traits.Referral; r.Order != "1042" {
		t.Errorf("the referral was converted by %q", r.Order)
	}
}

// What was spent meanwhile is owed, and who orders and gives back for ever gains nothing.
func TestGivingBackAndOrderingAgainGainsNothing(t *testing.T) {
	for _, reach := range []ClawbackPolicy{ClawbackDebt, ClawbackWithinBalance, ClawbackPendingOnly, ClawbackUnlimited} {
		x := newCouple(t, func(p *Program) { p.Clawback = reach })
		spent := Points(0)
		now := noon
		for i := range 6 {
			o := paid("EUR", Line{Amount: 1_00})
			o.ID, o.PlacedAt = fmt.Sprint("o", i), now
			x.tell(o, now)
			now = now.AddDate(0, 0, 14)
			x.advance(now)
			if b := x.referrer.Balance(); b.Active >= 100 && b.Debt == 0 {
				out, err := x.p.Redeem(x.referrer, Redemption{ID: fmt.Sprint("rd", i), Reward: "sticker"}, true, nil, now)
				if err != nil {
					t.Fatal(err)
				}
				x.referrer = out.Account
				spent += 100
			}
			o.Status = OrderCanceled
			now = now.AddDate(0, 0, 1)
			x.tell(o, now)
		}
		if b := x.referrer.Balance(); spent > 200 {
			t.Errorf("take back %v: %d points of one referral were spent, and %+v are left", reach, spent, b)
		}
	}
}

func TestWhatConvertsAReferral(t *testing.T) {
	twenty := condition(func(f *Facts) (bool, error) { return f.Total >= 2_000, nil })
	for _, c := range []struct {
		name  string
		edit  func(*Program)
		order func(*Order)
		want  Balance // of the referrer
	}{
		{"an order of twenty euros", nil, nil, Balance{Pending: 200}},
		{"a smaller one", nil, func(o *Order) { o.Lines[0].Amount = 1_999 }, Balance{}},
		{"one of which less than twenty remains", nil, func(o *Order) { o.Refunds = []Refund{back("1", 1_500)} }, Balance{}},
		{"one from before the code was given", nil, func(o *Order) { o.PlacedAt = noon.Add(-25 * time.Hour) }, Balance{}},
		{"one at the till at which the friend joined", nil, func(o *Order) { o.PlacedAt = noon.Add(-23 * time.Hour) }, Balance{Pending: 200}},
		{"one that is to be delivered", func(p *Program) { p.Earn.Pending = Wait{Until: WhenDelivered} }, nil, Balance{}},
		{"one that was delivered", func(p *Program) { p.Earn.Pending = Wait{Until: WhenDelivered} }, func(o *Order) { o.Delivered = noon }, Balance{Active: 200}},
		{"points at once", func(p *Program) { p.Earn.Pending = Wait{} }, nil, Balance{Active: 200}},
		{"a longer wait of the referral's own", func(p *Program) { p.Earn.Actions[0].Life.Pending = &Wait{For: Period{Days: 60}} }, nil, Balance{Pending: 200}},
		{"referrers of another level", func(p *Program) { p.Earn.Actions[0].Tiers = []string{"gold"} }, nil, Balance{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := newCouple(t, func(p *Program) {
				p.Earn.Actions[0].When = twenty
				if c.edit != nil {
					c.edit(p)
				}
			})
			x.friend.Joined = noon.AddDate(0, 0, -1)
			o := paid("EUR", Line{Amount: 3_000})
			if c.order != nil {
				c.order(&o)
			}
			x.tell(o, noon)
			if b := x.referrer.Balance(); b != c.want {
				t.Errorf("the referrer has %+v, want %+v", b, c.want)
			}
		})
	}
}

func TestALimitOnReferralsIsTheReferrers(t *testing.T) {
	x := newCouple(t, func(p *Program) { p.Earn.Actions[0].Limits = []Limit{{1, PerYear}} })
	x.tell(paid("EUR", Line{Amount: 3_000}), noon)
	x.friend = x.join("mem_eve", Traits{Referral: Referral{By: "mem_bob", At: noon}}, noon)
	x.orders = map[string]*OrderState{}
	o := paid("EUR", Line{Amount: 3_000})
	o.ID, o.Member = "1043", "mem_eve"
	x.tell(o, noon)
	x.want("the second friend", Balance{Pending: 200}, Balance{Pending: 100}, ReferralConverted)
	o.Status = OrderCanceled
	x.tell(o, noon)
	x.want("and back", Balance{Pending: 200}, Balance{}, ReferralRegistered)
}

func TestAFrozenReferrerGetsNothingAndGivesBack(t *testing.T) {
	x := newCouple(t, func(*Program) {})
	x.referrer.Status = Frozen
	o := paid("EUR", Line{Amount: 3_000})
	x.tell(o, noon)
	x.want("frozen before", Balance{}, Balance{Pending: 100}, ReferralConverted)

	x = newCouple(t, func(*Program) {})
	x.tell(o, noon)
	x.referrer.Status = Frozen
	o.Status = OrderCanceled
	x.tell(o, noon)
	x.want("frozen after", Balance{}, Balance{}, ReferralRegistered)
}

// Whoever brings more than an account can hold at a time does not keep friends from ordering.
func TestAReferrerWithTooMuchPendingDoesNotStopTheFriendsOrder(t *testing.T) {
	x := newCouple(t, func(*Program) {})
	for i := range MaxPending {
		x.referrer.Pending = append(x.referrer.Pending, Pending{Cause: Cause{Kind: CauseOrder, ID: fmt.Sprint(i)}, ActiveAt: noon.AddDate(0, 0, 1), Points: 1})
	}
	o := paid("EUR", Line{Amount: 3_000})
	x.tell(o, noon)
	if b := x.referrer.Balance(); b.Pending != MaxPending {
		t.Errorf("the referrer has %+v", b)
	}
	x.want("the friend", Balance{Pending: MaxPending}, Balance{Pending: 100}, ReferralConverted)
	x.advance(noon.AddDate(0, 0, 2))
	o.Shipped = noon.AddDate(0, 0, 2)
	x.tell(o, o.Shipped)
	x.want("told again", Balance{Active: MaxPending, Pending: 200}, Balance{Pending: 100}, ReferralConverted)
}

func TestThroughWhomAMemberCannotCome(t *testing.T) {
	for _, c := range []struct {
		name  string
		edit  func(x *couple)
		want  Code
		alike bool
	}{
		{"nothing against it", func(*couple) {}, "", false},
		{"oneself", func(x *couple) { x.referrer = x.friend }, SelfReferral, false},
		{"who seems to be the same person", func(*couple) {}, SelfReferral, true},
		{"a second time", func(x *couple) { x.friend.Traits.Referral.By = "mem_eve" }, ReferralClaimed, false},
		{"whom one brought oneself", func(x *couple) { x.referrer.Traits.Referral.By = "mem_ada" }, ReferralClaimed, false},
		{"who joined later", func(x *couple) { x.referrer.Joined = noon.Add(time.Hour) }, ValidationFailed, false},
		{"after an order", func(x *couple) { x.tell(paid("EUR", Line{Amount: 100}), noon) }, ValidationFailed, false},
		{"after a month", func(x *couple) { x.now = noon.Add(ReferralWindow + 1) }, ValidationFailed, false},
		{"who is frozen", func(x *couple) { x.referrer.Status = Frozen }, ValidationFailed, false},
		{"while frozen", func(x *couple) { x.friend.Status = Frozen }, AccountFrozen, false},
		{"a program without referrals", func(x *couple) { x.p = testProgram(t) }, ValidationFailed, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := newCouple(t, func(*Program) {})
			x.friend = x.join("mem_ada", Traits{}, noon)
			c.edit(x)
			out, err := x.p.Refer(x.friend, x.referrer, c.alike, "rf_1", x.now)
			if c.want != "" {
				if !errors.Is(err, c.want) {
					t.Errorf("it says %v, want %s", err, c.want)
				}
				return
			}
			if r := out.Account.Traits.Referral; err != nil || r != (Referral{By: "mem_bob", At: noon, Claim: "rf_1"}) || len(out.Entries) != 1 {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
}
