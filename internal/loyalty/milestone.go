package loyalty

import (
	"slices"
	"strconv"
	"time"
)

// milestones gives what the number of the member's paid orders has reached, and takes back what it fell below again,
// because an order was cancelled: each time the next revision of the same cause.
func (d *decision) milestones(now time.Time) error {
	if len(d.p.Milestones) == 0 {
		return nil
	}
	count := d.Account.orders()
	for _, m := range d.p.Milestones {
		r := Reached{Grant: Grant{Rule: m.ID}}
		if at := slices.IndexFunc(d.Account.Reached, func(x Reached) bool { return x.Grant.Rule == m.ID }); at >= 0 {
			r = d.Account.Reached[at]
		}
		target := Points(0)
		if count >= m.Reaches {
			target = max(r.Grant.Worth, m.Points)
		}
		if target == r.Grant.Worth {
			continue
		}
		if err := d.reach(r, target, m, now); err != nil {
			return err
		}
	}
	return nil
}

func (d *decision) reach(r Reached, target Points, m Milestone, now time.Time) error {
	r.Revision++
	e := Entry{Kind: KindEarn, Effective: now, Cause: Cause{CauseMilestone, string(d.Account.Member) + ":" + m.ID, r.Revision}}
	g := &r.Grant
	delta, what := target-g.Worth, WasReached
	if g.ActiveAt.IsZero() || g.Worth == 0 && d.p.lapsed(d.where(*g), now) { // the first time, or so late that it is another
		expiry := d.p.expiry("", d.Account.Tier.Level)
		g.ActiveAt, g.Expires = now, expiry.Date(now, d.Account.since(expiry), d.p.Zone)
	}
	if delta > 0 {
		e = d.giveBack(e, delta, g, time.Time{})
	} else {
		e.Kind, what = KindClawback, WasUnreached
		e = d.clawBack(e, -delta, g)
	}
	e.Because = append([]Because{Reason("milestones."+m.ID, points(delta), what, strconv.FormatInt(m.Reaches, 10))}, e.Because...)
	g.Worth = target
	e.Reached = &r
	return d.post(lostToExpiry(issued(e)))
}
