package deliverytest

import (
	"fmt"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// Referrer is the member who referred the member of a history.
const Referrer loyalty.MemberID = "mem_00000000000000000bob"

func (n spent) Holds(f *loyalty.Facts) (bool, error) { return f.Total >= int64(n)*100, nil }
func (n spent) OrderNumbers() int                    { return 0 }
func (n spent) String() string                       { return fmt.Sprint("order.total >= ", int64(n)) }

// refer takes the outcome of an order, and posts the change of the referral that results.
func (a *Account) refer(out posting.Outcome, order string, now time.Time) {
	change, ok := award.ReferralChangeOf(out.Account, order)
	if !ok {
		a.take(out, nil)
		return
	}
	a.effects.refer(a.Account, change)
	converting := a.known(change.Converts)
	if change.Converts != "" {
		if converting.Order = a.Orders[change.Converts]; change.Converts == order {
			converting.Order = out.Entries[0].Order
		}
		converting.Rules = engine.EarnRules(a.version(converting.Order.Program))
	}
	outs, err := award.AwardReferral(
		out, engine.Begin(a.p, a.Referrer.Account, now), change, a.known(change.Withdrawn), converting,
	)
	if err != nil {
		a.t.Fatal(err)
	}
	a.take(outs[0], nil)
	if len(outs[1].Entries) > 0 {
		a.Referrer.take(outs[1], nil)
	}
}

// known returns the state of the referral for an order.
func (a *Account) known(order string) award.KnownReferral {
	friends, referrers := award.ReferralEvents(a.Traits.Referral, Member, order)
	k := award.KnownReferral{
		Friends: a.events[award.EventCause(friends)], Referrers: a.Referrer.events[award.EventCause(referrers)],
	}
	if k.Friends != nil {
		k.Rules = engine.EarnRules(a.version(k.Friends.Program))
	}
	return k
}

// refer counts a change of a referral.
func (f *Effects) refer(was loyalty.Account, c award.ReferralChange) {
	before := was.Traits.Referral.Order
	switch {
	case before == "" && c.Converts != "":
		f.Referred++
	case before != "" && c.Converts == "":
		f.Unreferred++
	case before != c.Converts:
		f.TakenOver++
	}
}
