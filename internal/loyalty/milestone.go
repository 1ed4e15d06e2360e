package loyalty

import (
	"slices"
	"strconv"
	"time"
)

// milestones awards each milestone that the number of the member's orders has reached, and claws back each milestone
// that it no longer reaches because an order was canceled or refunded in full. Each change is the next revision of the
// same cause. A milestone is reached by the order whose number is its target. If that becomes another order, the points
// move to the lot of that order's day.
func (d *decision) milestones(now time.Time) error {
	count := d.Account.orders()
	for _, m := range d.p.Milestones {
		r := Reached{Grant: Grant{Rule: m.ID}}
		if at := slices.IndexFunc(d.Account.Reached, func(x Reached) bool { return x.Grant.Rule == m.ID }); at >= 0 {
			r = d.Account.Reached[at]
		}
		if count < m.Target {
			if r.Grant.Worth > 0 {
				if err := d.unreach(r, m, now); err != nil {
					return err
				}
			}
			continue
		}
		if err := d.reach(r, d.milestone(r, m, now), m, now); err != nil {
			return err
		}
	}
	return nil
}

// milestone returns the bonus of a milestone that is reached at present.
func (d *decision) milestone(r Reached, m Milestone, now time.Time) bonus {
	at := d.Account.orderAt(m.Target)
	switch {
	case !at.IsZero():
		at = later(at, d.Account.Joined)
	case r.Grant.Worth > 0:
		at = r.Grant.ActiveAt
	default:
		at = now
	}
	expiry := d.p.expiry("", d.Account.standingAt(at).Level)
	return bonus{
		key: m.ID, points: max(r.Grant.Worth, m.Points), at: at,
		expires: expiry.Date(at, d.Account.since(expiry), d.p.Zone),
	}
}

// reach awards the bonus of a milestone, or moves the awarded points to the lot of another day.
func (d *decision) reach(r Reached, b bonus, m Milestone, now time.Time) error {
	delta, reached := b.points-r.Grant.Worth, strconv.FormatInt(m.Target, 10)
	if delta == 0 {
		return d.redateMilestone(r, b, reached)
	}
	e := d.milestoneEntry(KindEarn, &r, b.at)
	e = d.giveBonus(e, &r, b)
	e.Reasons = append([]Reason{NewReason("milestones."+m.ID, points(delta), WasReached, reached)}, e.Reasons...)
	return d.post(lostToExpiry(issued(e)))
}

// redateMilestone moves the points of a milestone that another order reaches now, if they belong to another lot.
func (d *decision) redateMilestone(r Reached, b bonus, reached string) error {
	from := d.where(r.Grant)
	b.expires = d.notBefore(from, b.expires)
	to := d.where(r.dated(b).Grant)
	if from == to || d.p.lapsed(from, d.now) && d.p.lapsed(to, d.now) {
		return nil
	}
	e := d.moveBonus(d.milestoneEntry(KindEarn, &r, d.now), &r, b)
	why := NewReason("milestones."+b.key, points(moved(e.Postings)), WasReachedOn, reached, b.expires.String())
	e.Reasons = []Reason{why}
	return d.post(lostToExpiry(e))
}

// unreach claws back the bonus of a milestone.
func (d *decision) unreach(r Reached, m Milestone, now time.Time) error {
	e, n := d.milestoneEntry(KindClawback, &r, now), r.Grant.Worth
	e = d.clawBack(e, n, &r.Grant)
	r.Grant.Worth = 0
	why := NewReason("milestones."+m.ID, points(-n), WasUnreached, strconv.FormatInt(m.Target, 10))
	e.Reasons = append([]Reason{why}, e.Reasons...)
	return d.post(issued(e))
}

// milestoneEntry returns the beginning of the next entry about a milestone.
func (d *decision) milestoneEntry(kind Kind, r *Reached, at time.Time) Entry {
	r.Revision++
	return Entry{
		Kind: kind, Effective: at, Reached: r,
		Cause: Cause{CauseMilestone, string(d.Account.Member) + ":" + r.Grant.Rule, r.Revision},
	}
}

// orderAt returns the instant at which the member's n-th order that counts was placed, or zero if the account does not
// remember it.
func (a *Account) orderAt(n int64) time.Time {
	if n > int64(len(a.First.Orders)) {
		return time.Time{}
	}
	return a.First.Orders[n-1].At
}
