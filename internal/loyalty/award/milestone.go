package award

import (
	"slices"
	"strconv"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// milestones awards each milestone that the number of the member's orders has reached. It claws back each milestone
// that the number no longer reaches because an order was canceled or refunded in full. Each change is the next revision
// of the same cause. The order whose number equals the target reaches the milestone. If a different order gets that
// number, the points move to the lot of that order's day.
func milestones(d *posting.Decision) error {
	count := posting.OrderCount(d.Account)
	for _, m := range d.P.Milestones {
		r := loyalty.Reached{Grant: loyalty.Grant{Rule: m.ID}}
		if at := slices.IndexFunc(
			d.Account.Reached, func(x loyalty.Reached) bool { return x.Grant.Rule == m.ID },
		); at >= 0 {
			r = d.Account.Reached[at]
		}
		if count < m.Target {
			if r.Grant.Worth > 0 {
				if err := unreach(d, r, m); err != nil {
					return err
				}
			}
			continue
		}
		if err := reach(d, r, milestone(d, r, m), m); err != nil {
			return err
		}
	}
	return nil
}

// milestone returns the bonus of a milestone that is reached at present.
func milestone(d *posting.Decision, r loyalty.Reached, m loyalty.Milestone) posting.Bonus {
	at := orderAt(&d.Account, m.Target)
	switch {
	case !at.IsZero():
		at = calendar.Later(at, d.Account.Joined)
	case r.Grant.Worth > 0:
		at = r.Grant.ActiveAt
	default:
		at = d.Now
	}
	expiry := posting.WalletExpiry(&d.P.Earn, &d.P.Tiers, d.P.Wallets, "", posting.StandingAt(&d.Account, at).Level)
	return posting.Bonus{
		Key: m.ID, Points: max(r.Grant.Worth, m.Points), At: at,
		Expires: expiry.Date(at, posting.AnniversaryStart(d.Account, expiry), d.P.Zone),
	}
}

// reach awards the bonus of a milestone, or moves the awarded points to the lot of another day.
func reach(d *posting.Decision, r loyalty.Reached, b posting.Bonus, m loyalty.Milestone) error {
	delta, reached := b.Points-r.Grant.Worth, strconv.FormatInt(m.Target, 10)
	if delta == 0 {
		return redateMilestone(d, r, b, reached)
	}
	e := milestoneEntry(d, loyalty.KindEarn, &r, b.At)
	e = tier.GiveBonus(d, e, &r, b)
	e.Reasons = append(
		[]loyalty.Reason{
			loyalty.NewReason("milestones."+m.ID, loyalty.FormatPoints(delta), loyalty.WasReached, reached),
		},
		e.Reasons...,
	)
	return d.Post(posting.LostToExpiry(posting.WithIssued(e)))
}

// redateMilestone moves the points of a milestone that another order reaches now, if they belong to another lot.
func redateMilestone(d *posting.Decision, r loyalty.Reached, b posting.Bonus, reached string) error {
	from := d.Where(r.Grant)
	b.Expires = tier.NotBefore(d, from, b.Expires)
	to := d.Where(tier.WithPromotion(r, b).Grant)
	if from == to || posting.IsExpired(d.P.Zone, from, d.Now) && posting.IsExpired(d.P.Zone, to, d.Now) {
		return nil
	}
	e := tier.MoveBonus(d, milestoneEntry(d, loyalty.KindEarn, &r, d.Now), &r, b)
	why := loyalty.NewReason(
		"milestones."+b.Key, loyalty.FormatPoints(tier.MovedPoints(e.Postings)), loyalty.WasReachedOn, reached,
		b.Expires.String(),
	)
	e.Reasons = []loyalty.Reason{why}
	return d.Post(posting.LostToExpiry(e))
}

// unreach claws back the bonus of a milestone.
func unreach(d *posting.Decision, r loyalty.Reached, m loyalty.Milestone) error {
	e, n := milestoneEntry(d, loyalty.KindClawback, &r, d.Now), r.Grant.Worth
	e = posting.ClawBack(d, e, n, &r.Grant)
	r.Grant.Worth = 0
	why := loyalty.NewReason(
		"milestones."+m.ID, loyalty.FormatPoints(-n), loyalty.WasUnreached, strconv.FormatInt(m.Target, 10),
	)
	e.Reasons = append([]loyalty.Reason{why}, e.Reasons...)
	return d.Post(posting.WithIssued(e))
}

// milestoneEntry returns the next entry about a milestone, without postings.
func milestoneEntry(d *posting.Decision, kind loyalty.Kind, r *loyalty.Reached, at time.Time) loyalty.Entry {
	r.Revision++
	return loyalty.Entry{
		Kind:      kind,
		Effective: at,
		Detail:    loyalty.Detail{Subject: loyalty.Subject{Reached: r}},
		Cause: loyalty.Cause{
			Kind: loyalty.CauseMilestone, ID: string(d.Account.Member) + ":" + r.Grant.Rule, Revision: r.Revision,
		},
	}
}

// orderAt returns the instant at which the member's n-th order that counts was placed. It returns zero if the account
// does not store that order.
func orderAt(a *loyalty.Account, n int64) time.Time {
	if n > int64(len(a.First.Orders)) {
		return time.Time{}
	}
	return a.First.Orders[n-1].At
}
