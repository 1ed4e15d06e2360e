package award

import (
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// ReferralWindow is how long after joining a member can still name a referrer's code.
const ReferralWindow = 30 * 24 * time.Hour

// Refer records which member referred another one. It returns self_referral if both are the same person (MayRefer). It
// returns referral_already_claimed if the member already has a referrer, or has referred the referrer. It returns
// validation_failed if the referral is too late or not possible otherwise. The account must have been advanced to the
// instant of the decision.
func Refer(d *posting.Decision, referrer loyalty.Account, alike bool, claim string) (posting.Outcome, error) {
	acc, now := d.Account, d.Now
	if err := MayRefer(&d.P.Earn, acc, referrer, alike); err != nil {
		return posting.Outcome{}, err
	}
	switch {
	case acc.Status != loyalty.Active:
		return posting.Outcome{}, loyalty.RefuseFrozen("")
	case posting.OrderCount(acc) > 0:
		return posting.Outcome{}, loyalty.Refuse(
			loyalty.ValidationFailed, "", "A member who has already ordered cannot use a referral code.",
		)
	case now.After(acc.Joined.Add(ReferralWindow)):
		return posting.Outcome{}, loyalty.Refuse(
			loyalty.ValidationFailed, "", "A referral code can be used only within 30 days after enrollment.",
		)
	case referrer.Joined.After(acc.Joined):
		return posting.Outcome{}, loyalty.Refuse(
			loyalty.ValidationFailed, "/code", "The referrer must have enrolled before the friend.",
		)
	}
	t := acc.Traits
	t.Referral = loyalty.Referral{By: referrer.Member, At: now, Claim: claim}
	err := RecordTraits(d, t, []string{"referral"}, now)
	return d.Outcome, err
}

// MayRefer rejects a referrer who cannot refer the member. The member may be about to join. The parameter alike states
// whether the known data of the two indicate that they are the same person.
func MayRefer(terms *loyalty.Earn, acc, referrer loyalty.Account, alike bool) error {
	switch {
	case !slices.ContainsFunc(terms.Actions, posting.Refers):
		return loyalty.Refuse(loyalty.ValidationFailed, "/code", "The program has no referrals.")
	case acc.Member == referrer.Member:
		return loyalty.Refuse(loyalty.SelfReferral, "/code", "Members cannot use their own referral code.")
	case acc.Traits.Referral.By != "":
		return loyalty.Refuse(loyalty.ReferralClaimed, "/code", "The member has already used a referral code.")
	case referrer.Traits.Referral.By == acc.Member:
		return loyalty.Refuse(loyalty.ReferralClaimed, "/code", "The referrer was referred by this member.")
	case referrer.Status != loyalty.Active:
		return loyalty.Refuse(loyalty.ValidationFailed, "/code", "The referrer's account is frozen.")
	case alike:
		return loyalty.Refuse(loyalty.SelfReferral, "/code",
			"The referrer has the same email address or phone number as the member.")
	}
	return nil
}
