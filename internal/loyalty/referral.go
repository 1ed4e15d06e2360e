package loyalty

import (
	"slices"
	"time"
)

// A Referral states which member referred another member, the friend, and which order converted the referral. That is
// the first of the friend's orders, by placed_at and ID, that counts and meets the condition of a referral action. Both
// members then get points, which are pending at least as long as those of the order. If the order no longer counts,
// both lose the points, and the next such order converts the referral.
type Referral struct {
	By       MemberID  // the referrer; empty if the member was not referred
	At       time.Time // when the friend gave the referrer's code
	Claim    string    // the request ID, if the friend gave the code after joining
	Order    string    // the order for which points were given; empty if there is none
	ActiveAt time.Time // with Order: when the points of both members become active
	Former   string    // without Order: the last order for which points were given, before their clawback
}

// ReferralStatus is the status of a referral.
type ReferralStatus string

const (
	ReferralRegistered ReferralStatus = "registered" // the friend has an account, but no converting order
	ReferralConverted  ReferralStatus = "converted"  // the friend has ordered, and the points are pending
	ReferralRewarded   ReferralStatus = "rewarded"   // the points are active
)

// Status returns the status of the referral at an instant; empty if there is none.
func (r Referral) Status(now time.Time) ReferralStatus {
	switch {
	case r.By == "":
		return ""
	case r.Order == "":
		return ReferralRegistered
	case r.ActiveAt.After(now):
		return ReferralConverted
	}
	return ReferralRewarded
}

// ReferralWindow is how long after joining a member can still give a referrer's code.
const ReferralWindow = 30 * 24 * time.Hour

// Refer records which member referred another one. It returns self_referral if both are the same person (MayRefer). It
// returns referral_already_claimed if the member already has a referrer, or referred the referrer. It returns
// validation_failed if the referral is too late or not possible otherwise. The account must have been advanced to now.
func (p *Program) Refer(acc, referrer Account, alike bool, claim string, now time.Time) (Outcome, error) {
	if err := p.MayRefer(acc, referrer, alike); err != nil {
		return Outcome{}, err
	}
	switch {
	case acc.Status != Active:
		return Outcome{}, frozen("")
	case acc.orders() > 0:
		return Outcome{}, refuse(ValidationFailed, "", "A member who has already ordered cannot use a referral code.")
	case now.After(acc.Joined.Add(ReferralWindow)):
		return Outcome{}, refuse(ValidationFailed, "", "A referral code can be used only within 30 days after enrollment.")
	case referrer.Joined.After(acc.Joined):
		return Outcome{}, refuse(ValidationFailed, "/code", "The referrer must have enrolled before the friend.")
	}
	t := acc.Traits
	t.Referral = Referral{By: referrer.Member, At: now, Claim: claim}
	d := p.decide(acc, now)
	err := d.tell(t, []string{"referral"}, now)
	return d.Outcome, err
}

// MayRefer rejects a referrer who cannot refer the member. The member may be about to join. alike reports whether the
// known data of the two indicate that they are the same person.
func (p *Program) MayRefer(acc, referrer Account, alike bool) error {
	switch {
	case !slices.ContainsFunc(p.Earn.Actions, Action.refers):
		return refuse(ValidationFailed, "/code", "The program has no referrals.")
	case acc.Member == referrer.Member:
		return refuse(SelfReferral, "/code", "Members cannot use their own referral code.")
	case acc.Traits.Referral.By != "":
		return refuse(ReferralClaimed, "/code", "The member has already used a referral code.")
	case referrer.Traits.Referral.By == acc.Member:
		return refuse(ReferralClaimed, "/code", "The referrer was referred by this member.")
	case referrer.Status != Active:
		return refuse(ValidationFailed, "/code", "The referrer's account is frozen.")
	case alike:
		return refuse(SelfReferral, "/code",
			"The referrer has the same email address or phone number as the member.")
	}
	return nil
}

// refers reports whether the action awards referrals.
func (a Action) refers() bool { return a.Event == EventConverted }
