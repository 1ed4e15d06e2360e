package engine

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
)

// A couple contains a referrer and a friend, with the latest events of their referral.
type couple struct {
	*testing.T
	p                *loyalty.Program
	referrer, friend loyalty.Account
	orders           map[string]*loyalty.OrderState
	events           map[string]*loyalty.EventState
	now              time.Time
}

func newCouple(t *testing.T, edit func(*loyalty.Program)) *couple {
	t.Helper()
	p := made(t, func(p *loyalty.Program) {
		p.Earn.Actions = []loyalty.Action{{ID: "friends", Event: posting.EventConverted, Points: 200, Friend: 100}}
		edit(p)
	})
	x := &couple{
		T: t, p: p, orders: map[string]*loyalty.OrderState{}, events: map[string]*loyalty.EventState{}, now: noon,
	}
	x.referrer = x.join("mem_bob", loyalty.Traits{}, noon.AddDate(0, -1, 0))
	x.friend = x.join("mem_ada", loyalty.Traits{Referral: loyalty.Referral{By: "mem_bob", At: noon}}, noon)
	return x
}

func (x *couple) join(m loyalty.MemberID, t loyalty.Traits, at time.Time) loyalty.Account {
	x.Helper()
	out, err := Join(x.p, m, t, at)
	if err != nil {
		x.Fatal(err)
	}
	return out.Account
}

// submit places the friend's order at an instant, with its effect on the referral.
func (x *couple) submit(o loyalty.Order, now time.Time) {
	x.Helper()
	x.advance(now)
	out, err := award.PlaceOrder(Begin(x.p, x.friend, now), x.orders[o.ID], EarnRules(x.p), o, nil)
	if err != nil {
		x.Fatal(err)
	}
	outs := []posting.Outcome{out, {Account: x.referrer}}
	x.orders[o.ID] = out.Entries[0].Order
	if c, ok := award.ReferralChangeOf(out.Account, o.ID); ok {
		if outs, err = award.AwardReferral(
			out, Begin(x.p, x.referrer, now), c, x.known(c.Withdrawn, false), x.known(c.Converts, true),
		); err != nil {
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
func (x *couple) known(order string, converts bool) award.KnownReferral {
	friends, referrers := award.ReferralEvents(x.friend.Traits.Referral, x.friend.Member, order)
	k := award.KnownReferral{
		Rules: EarnRules(x.p), Friends: x.events[award.EventCause(
			friends,
		)], Referrers: x.events[award.EventCause(referrers)],
	}
	if converts {
		k.Order = x.orders[order]
	}
	return k
}

// explained checks that an entry's reasons add up to its points.
func (x *couple) explained(e loyalty.Entry) {
	x.Helper()
	sum := exact.Number{}
	for _, b := range e.Reasons {
		sum = sum.Add(exact.Parse(b.Points))
	}
	if e.Event != nil && sum.Sub(exact.Whole(int64(e.Points))).Sign() != 0 {
		x.Errorf("%s gives %d points, and its reasons %s: %v", e.Cause, e.Points, sum, e.Reasons)
	}
}

func (x *couple) advance(now time.Time) {
	x.Helper()
	x.now = now
	for _, acc := range []*loyalty.Account{&x.referrer, &x.friend} {
		out, err := Advance(x.p, *acc, now)
		if err != nil {
			x.Fatal(err)
		}
		*acc = out.Account
	}
}

// want checks the active and pending points of both members, without those that the friend's orders earn.
func (x *couple) want(what string, referrer, friend loyalty.Balance, status posting.ReferralStatus) {
	x.Helper()
	theirs, own := x.referrer.Balance(), x.friend.Balance()
	for _, s := range x.orders {
		if s.Order.Status == loyalty.OrderPaid {
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
	if s := posting.ReferralStatusAt(x.friend.Traits.Referral, x.now); s != status {
		x.Errorf("%s: the referral is %s, want %s", what, s, status)
	}
}

func TestAReferralFollowsTheFriendsOrderBothWays(t *testing.T) {
	x := newCouple(t, func(*loyalty.Program) {})
	o := paid("EUR", loyalty.Line{Amount: 3_000})
	o.Status = loyalty.OrderPlaced
	x.submit(o, noon)
	x.want("an order that is not paid", loyalty.Balance{}, loyalty.Balance{}, posting.ReferralRegistered)
	o.Status = loyalty.OrderPaid
	x.submit(o, noon)
	x.want("paid", loyalty.Balance{Pending: 200}, loyalty.Balance{Pending: 100}, posting.ReferralConverted)
	more := o
	more.ID = "1043"
	x.submit(more, noon)
	x.want("the second order", loyalty.Balance{Pending: 200}, loyalty.Balance{Pending: 100}, posting.ReferralConverted)
	x.advance(noon.AddDate(0, 0, 14))
	x.want(
		"after the return window", loyalty.Balance{Active: 200}, loyalty.Balance{Active: 100}, posting.ReferralRewarded,
	)
	entries := x.referrer.Sequence
	o.Refunds = []loyalty.Refund{back("1", 1_000)}
	x.submit(o, noon.AddDate(0, 0, 15))
	x.want("a part came back", loyalty.Balance{Active: 200}, loyalty.Balance{Active: 100}, posting.ReferralRewarded)
	if x.referrer.Sequence != entries {
		t.Errorf("what changes nothing for the referrer wrote %d entries", x.referrer.Sequence-entries)
	}
	more.Status = loyalty.OrderCanceled
	x.submit(more, noon.AddDate(0, 0, 16))
	o.Refunds = append(o.Refunds, back("2", 2_000))
	x.submit(o, noon.AddDate(0, 0, 16))
	x.want("all of it came back", loyalty.Balance{}, loyalty.Balance{}, posting.ReferralRegistered)
	o.Refunds[1].Status = loyalty.RefundFailed
	x.submit(o, noon.AddDate(0, 0, 17))
	x.want("the refund failed", loyalty.Balance{Active: 200}, loyalty.Balance{Active: 100}, posting.ReferralRewarded)
	x.submit(o, noon.AddDate(0, 0, 18))
	x.want("sent again", loyalty.Balance{Active: 200}, loyalty.Balance{Active: 100}, posting.ReferralRewarded)
}

func TestTheNextOrderConvertsWhatTheFirstNoLongerDoes(t *testing.T) {
	x := newCouple(t, func(*loyalty.Program) {})
	o := paid("EUR", loyalty.Line{Amount: 3_000})
	x.submit(o, noon)
	o.Status = loyalty.OrderCanceled
	x.submit(o, noon.AddDate(0, 0, 1))
	x.want("canceled", loyalty.Balance{}, loyalty.Balance{}, posting.ReferralRegistered)
	next := paid("EUR", loyalty.Line{Amount: 3_000})
	next.ID, next.PlacedAt = "1043", noon.AddDate(0, 0, 2)
	x.submit(next, next.PlacedAt)
	x.want("the next one", loyalty.Balance{Pending: 200}, loyalty.Balance{Pending: 100}, posting.ReferralConverted)
	if at := x.referrer.Pending[0].ActiveAt; !at.Equal(x.orders["1043"].Grants[0].ActiveAt) {
		t.Errorf("the points are active at %s, before those of the order", at)
	}
	o.Status = loyalty.OrderPaid // after all
	x.submit(o, noon.AddDate(0, 0, 3))
	x.want(
		"the first is paid after all", loyalty.Balance{Pending: 200}, loyalty.Balance{Pending: 100},
		posting.ReferralConverted,
	)
	x.advance(x.orders["1042"].Grants[0].ActiveAt)
	x.want(
		"when the first one's points are active", loyalty.Balance{Active: 200}, loyalty.Balance{Active: 100},
		posting.ReferralRewarded,
	)
	o.Refunds = []loyalty.Refund{back("1", 3_000)}
	x.submit(o, noon.AddDate(0, 0, 15))
	x.want(
		"the first is refunded, and the next one takes over", loyalty.Balance{Pending: 200},
		loyalty.Balance{Pending: 100}, posting.ReferralConverted,
	)
	x.advance(x.orders["1043"].Grants[0].ActiveAt)
	x.want(
		"when the next one's points are active", loyalty.Balance{Active: 200}, loyalty.Balance{Active: 100},
		posting.ReferralRewarded,
	)
}

func TestTheFirstPlacedOrderConvertsWhenItIsReportedLater(t *testing.T) {
	x := newCouple(t, func(*loyalty.Program) {})
	second := paid("EUR", loyalty.Line{Amount: 3_000})
	second.ID, second.PlacedAt = "1043", noon.AddDate(0, 0, 2)
	x.submit(second, second.PlacedAt)
	first := paid("EUR", loyalty.Line{Amount: 3_000})
	x.submit(first, noon.AddDate(0, 0, 5))
	x.want(
		"the first order is reported", loyalty.Balance{Pending: 200}, loyalty.Balance{Pending: 100},
		posting.ReferralConverted,
	)
	for _, acc := range []loyalty.Account{x.referrer, x.friend} {
		for _, p := range acc.Pending {
			if p.Cause.Kind == loyalty.CauseEvent && !p.ActiveAt.Equal(x.orders["1042"].Grants[0].ActiveAt) {
				t.Errorf("the points of %s are active at %s, not with those of the first order", acc.Member, p.ActiveAt)
			}
		}
	}
	if r := x.friend.Traits.Referral; r.Order != "1042" {
		t.Errorf("the referral was converted by %q", r.Order)
	}
}

// Points that were spent in the meantime are owed. A friend who orders and returns repeatedly gains nothing.
func TestGivingBackAndOrderingAgainGainsNothing(t *testing.T) {
	for _, reach := range []loyalty.ClawbackPolicy{
		loyalty.ClawbackDebt, loyalty.ClawbackWithinBalance, loyalty.ClawbackPendingOnly, loyalty.ClawbackUnlimited,
	} {
		x := newCouple(t, func(p *loyalty.Program) { p.Clawback = reach })
		spent := loyalty.Points(0)
		now := noon
		for i := range 6 {
			o := paid("EUR", loyalty.Line{Amount: 1_00})
			o.ID, o.PlacedAt = fmt.Sprint("o", i), now
			x.submit(o, now)
			now = now.AddDate(0, 0, 14)
			x.advance(now)
			if b := x.referrer.Balance(); b.Active >= 100 && b.Debt == 0 {
				out, err := redeem.Redeem(
					Begin(x.p, x.referrer, now), loyalty.Redemption{ID: fmt.Sprint("rd", i), Reward: "sticker"}, true,
					nil,
				)
				if err != nil {
					t.Fatal(err)
				}
				x.referrer = out.Account
				spent += 100
			}
			o.Status = loyalty.OrderCanceled
			now = now.AddDate(0, 0, 1)
			x.submit(o, now)
		}
		if b := x.referrer.Balance(); spent > 200 {
			t.Errorf("take back %v: %d points of one referral were spent, and %+v are left", reach, spent, b)
		}
	}
}

func TestWhatConvertsAReferral(t *testing.T) {
	twenty := condition(func(f *loyalty.Facts) (bool, error) { return f.Total >= 2_000, nil })
	for _, c := range []struct {
		name  string
		edit  func(*loyalty.Program)
		order func(*loyalty.Order)
		want  loyalty.Balance // of the referrer
	}{
		{"an order of twenty euros", nil, nil, loyalty.Balance{Pending: 200}},
		{"a smaller one", nil, func(o *loyalty.Order) { o.Lines[0].Amount = 1_999 }, loyalty.Balance{}},
		{
			"one of which less than twenty remains", nil,
			func(o *loyalty.Order) { o.Refunds = []loyalty.Refund{back("1", 1_500)} },
			loyalty.Balance{},
		},
		{
			"one from before the code was given", nil,
			func(o *loyalty.Order) { o.PlacedAt = noon.Add(-25 * time.Hour) },
			loyalty.Balance{},
		},
		{
			"one at the till at which the friend joined", nil,
			func(o *loyalty.Order) { o.PlacedAt = noon.Add(-23 * time.Hour) },
			loyalty.Balance{Pending: 200},
		},
		{
			"one that is to be delivered",
			func(p *loyalty.Program) { p.Earn.Pending = calendar.Wait{Until: calendar.WhenDelivered} }, nil,
			loyalty.Balance{},
		},
		{
			"one that was delivered",
			func(p *loyalty.Program) { p.Earn.Pending = calendar.Wait{Until: calendar.WhenDelivered} },
			func(o *loyalty.Order) { o.Delivered = noon },
			loyalty.Balance{Active: 200},
		},
		{
			"points at once", func(p *loyalty.Program) { p.Earn.Pending = calendar.Wait{} }, nil,
			loyalty.Balance{Active: 200},
		},
		{"a longer wait of the referral's own", func(p *loyalty.Program) {
			p.Earn.Actions[0].Life.Pending = &calendar.Wait{For: calendar.Period{Days: 60}}
		}, nil, loyalty.Balance{Pending: 200}},
		{
			"referrers of another level", func(p *loyalty.Program) { p.Earn.Actions[0].Tiers = []string{"gold"} }, nil,
			loyalty.Balance{},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := newCouple(t, func(p *loyalty.Program) {
				p.Earn.Actions[0].When = twenty
				if c.edit != nil {
					c.edit(p)
				}
			})
			x.friend.Joined = noon.AddDate(0, 0, -1)
			o := paid("EUR", loyalty.Line{Amount: 3_000})
			if c.order != nil {
				c.order(&o)
			}
			x.submit(o, noon)
			if b := x.referrer.Balance(); b != c.want {
				t.Errorf("the referrer has %+v, want %+v", b, c.want)
			}
		})
	}
}

func TestALimitOnReferralsIsTheReferrers(t *testing.T) {
	x := newCouple(
		t, func(p *loyalty.Program) { p.Earn.Actions[0].Limits = []loyalty.Limit{{Times: 1, Per: loyalty.PerYear}} },
	)
	x.submit(paid("EUR", loyalty.Line{Amount: 3_000}), noon)
	x.friend = x.join("mem_eve", loyalty.Traits{Referral: loyalty.Referral{By: "mem_bob", At: noon}}, noon)
	x.orders = map[string]*loyalty.OrderState{}
	o := paid("EUR", loyalty.Line{Amount: 3_000})
	o.ID, o.Member = "1043", "mem_eve"
	x.submit(o, noon)
	x.want("the second friend", loyalty.Balance{Pending: 200}, loyalty.Balance{Pending: 100}, posting.ReferralConverted)
	o.Status = loyalty.OrderCanceled
	x.submit(o, noon)
	x.want("and back", loyalty.Balance{Pending: 200}, loyalty.Balance{}, posting.ReferralRegistered)
}

func TestFrozenReferrerEarnsAndReturnsPoints(t *testing.T) {
	x := newCouple(t, func(*loyalty.Program) {})
	x.referrer.Status = loyalty.Frozen
	o := paid("EUR", loyalty.Line{Amount: 3_000})
	x.submit(o, noon)
	x.want("frozen before", loyalty.Balance{Pending: 200}, loyalty.Balance{Pending: 100}, posting.ReferralConverted)

	x = newCouple(t, func(*loyalty.Program) {})
	x.submit(o, noon)
	x.referrer.Status = loyalty.Frozen
	o.Status = loyalty.OrderCanceled
	x.submit(o, noon)
	x.want("frozen after", loyalty.Balance{}, loyalty.Balance{}, posting.ReferralRegistered)
}

// A referrer whose account is full does not prevent friends from ordering.
func TestAReferrerWithTooMuchPendingDoesNotStopTheFriendsOrder(t *testing.T) {
	x := newCouple(t, func(*loyalty.Program) {})
	for i := range posting.MaxPending {
		x.referrer.Pending = append(
			x.referrer.Pending,
			loyalty.Pending{
				Cause: loyalty.Cause{Kind: loyalty.CauseOrder, ID: fmt.Sprint(i)}, ActiveAt: noon.AddDate(0, 0, 1),
				Points: 1,
			},
		)
	}
	o := paid("EUR", loyalty.Line{Amount: 3_000})
	x.submit(o, noon)
	if b := x.referrer.Balance(); b.Pending != posting.MaxPending {
		t.Errorf("the referrer has %+v", b)
	}
	x.want(
		"the friend", loyalty.Balance{Pending: posting.MaxPending}, loyalty.Balance{Pending: 100},
		posting.ReferralConverted,
	)
	x.advance(noon.AddDate(0, 0, 2))
	o.Shipped = noon.AddDate(0, 0, 2)
	x.submit(o, o.Shipped)
	x.want(
		"sent again", loyalty.Balance{Active: posting.MaxPending, Pending: 200}, loyalty.Balance{Pending: 100},
		posting.ReferralConverted,
	)
}

func TestThroughWhomAMemberCannotCome(t *testing.T) {
	for _, c := range []struct {
		name  string
		edit  func(x *couple)
		want  loyalty.Code
		alike bool
	}{
		{"nothing against it", func(*couple) {}, "", false},
		{"oneself", func(x *couple) { x.referrer = x.friend }, loyalty.SelfReferral, false},
		{"who seems to be the same person", func(*couple) {}, loyalty.SelfReferral, true},
		{"a second time", func(x *couple) { x.friend.Traits.Referral.By = "mem_eve" }, loyalty.ReferralClaimed, false},
		{
			"whom one brought oneself", func(x *couple) { x.referrer.Traits.Referral.By = "mem_ada" },
			loyalty.ReferralClaimed, false,
		},
		{
			"who joined later", func(x *couple) { x.referrer.Joined = noon.Add(time.Hour) }, loyalty.ValidationFailed,
			false,
		},
		{
			"after an order", func(x *couple) { x.submit(paid("EUR", loyalty.Line{Amount: 100}), noon) },
			loyalty.ValidationFailed, false,
		},
		{
			"after a month", func(x *couple) { x.now = noon.Add(award.ReferralWindow + 1) }, loyalty.ValidationFailed,
			false,
		},
		{"who is frozen", func(x *couple) { x.referrer.Status = loyalty.Frozen }, loyalty.ValidationFailed, false},
		{"while frozen", func(x *couple) { x.friend.Status = loyalty.Frozen }, loyalty.AccountFrozen, false},
		{"a program without referrals", func(x *couple) { x.p = testProgram(t) }, loyalty.ValidationFailed, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := newCouple(t, func(*loyalty.Program) {})
			x.friend = x.join("mem_ada", loyalty.Traits{}, noon)
			c.edit(x)
			out, err := award.Refer(Begin(x.p, x.friend, x.now), x.referrer, c.alike, "rf_1")
			if c.want != "" {
				if !errors.Is(err, c.want) {
					t.Errorf("it says %v, want %s", err, c.want)
				}
				return
			}
			if r := out.Account.Traits.Referral; err != nil ||
				r != (loyalty.Referral{By: "mem_bob", At: noon, Claim: "rf_1"}) || len(out.Entries) != 1 {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
}
