package loyalty

import (
	"fmt"
	"time"
)

// Extend moves the lots that expire before the end of a day to that day, for a stated reason. It never shortens the
// life of a lot. The program limits how far ahead the day may be.
func (p *Program) Extend(acc Account, id string, until Date, reason string, now time.Time) (Outcome, error) {
	most := DateOf(p.Goodwill.Extend.After(now, p.Zone), p.Zone)
	switch {
	case acc.Status != Active:
		return Outcome{}, frozen("")
	case p.Goodwill.Extend.IsZero():
		return Outcome{}, refuse(
			ValidationFailed, "",
			"The program does not allow extensions. Set goodwill.extend_by in the program file to allow them.",
		)
	case until.Slides() || until < DateOf(now, p.Zone) || until > most:
		return Outcome{}, refuse(
			ValidationFailed, "/until",
			fmt.Sprintf("The new expiry must be from today to %s.", most),
		)
	}
	d := p.decide(acc, now)
	e := Entry{Kind: KindExtend, Cause: Cause{CauseExtension, id, 1}, Effective: now}
	// Lots that slide keep sliding; otherwise the next activity would not extend them.
	for _, to := range []Date{until, slides + until} {
		moved := Points(0)
		for _, l := range acc.Lots {
			if l.Expires != 0 && l.Expires.Slides() == to.Slides() && l.Expires < to {
				e.Postings = append(e.Postings, Posting{Bucket: BucketActive, Lot: l.Expires, Points: -l.Points})
				moved += l.Points
			}
		}
		if moved > 0 {
			e.Postings = append(e.Postings, Posting{Bucket: BucketActive, Lot: to, Points: moved})
		}
		if moved > 0 && to.Slides() {
			e.Slides = max(to, acc.Slides)
		}
	}
	if e.Postings == nil {
		return Outcome{}, refuse(ValidationFailed, "/until", "The member has no points that expire before that day.")
	}
	e.Move = &Move{At: now, First: DateOf(now, p.Zone), Last: until - 1, To: until}
	e.Reasons = []Reason{NewReason("goodwill", "0", WasExtended, until.String(), reason)}
	if err := d.post(e); err != nil {
		return Outcome{}, err
	}
	return d.Outcome, nil
}

// Reinstate returns the points of a lot that expired, once for each expiry, for a stated reason. lapsed is the
// entry that recorded the expiry. The points live until the end of the day until.
func (p *Program) Reinstate(acc Account, lapsed Entry, until Date, reason string, now time.Time) (Outcome, error) {
	most := DateOf(p.Goodwill.Extend.After(now, p.Zone), p.Zone)
	if p.Goodwill.Extend.IsZero() {
		most = p.Earn.Expires.Date(now, acc.since(p.Earn.Expires), p.Zone).Day()
	}
	switch {
	case acc.Status != Active:
		return Outcome{}, frozen("")
	// The entry of another wallet has 0 points.
	case lapsed.Kind != KindExpire || lapsed.Member != acc.Member || lapsed.Points == 0:
		return Outcome{}, refuse(ValidationFailed, "/entry", "The entry is not an expiry of points.")
	case p.Goodwill.Reinstate.IsZero():
		return Outcome{}, refuse(
			ValidationFailed, "",
			"The program does not allow reinstatement. Set goodwill.reinstate_within in the program file to allow it.",
		)
	case !now.Before(p.Goodwill.Reinstate.After(lapsed.Effective, p.Zone)):
		return Outcome{}, refuse(ValidationFailed, "/entry", "The points expired too long ago to be reinstated.")
	case until.Slides() || until < DateOf(now, p.Zone) || most != 0 && until > most:
		return Outcome{}, refuse(
			ValidationFailed, "/until",
			fmt.Sprintf("The new expiry must be from today to %s.", most),
		)
	}
	n, day := -lapsed.Points, DateOf(lapsed.Effective.Add(-1), p.Zone) // the last day on which the points were active
	d := p.decide(acc, now)
	e := Entry{
		Kind: KindReinstate, Cause: Cause{CauseReinstatement, lapsed.Cause.ID, 1}, Effective: now,
		Reasons: []Reason{NewReason("goodwill", points(n), WasReinstated, day.String(), reason)},
	}
	e.Move = &Move{At: lapsed.Effective, First: day, Last: day, To: until}
	for _, x := range lapsed.Postings {
		if x.Bucket == BucketExpired {
			e.Postings = append(e.Postings, Posting{Bucket: BucketExpired, Lot: x.Lot, Points: -x.Points})
		}
	}
	e.Postings = d.activate(e.Postings, "", n, until, now)
	if err := d.post(e); err != nil {
		return Outcome{}, err
	}
	return d.done()
}

// ActivateOrder manually activates the pending points of an order now. It posts the next revision of the order, with
// the same facts. The account must have been advanced to now.
func (p *Program) ActivateOrder(acc Account, prior OrderState, rules *Program, now time.Time) (Outcome, error) {
	if acc.Status != Active {
		return Outcome{}, frozen("")
	}
	s := prior
	s.Grants = append([]Grant(nil), prior.Grants...)
	s.Revision++
	s.forget(rules, now)
	d := p.decide(acc, now)
	e := Entry{Kind: KindActivate, Cause: Cause{CauseOrder, s.Order.ID, s.Revision}, Program: s.Program, Effective: now}
	for i := range s.Grants {
		_, expiry := rules.life(s.Grants[i].Rule, s.Buyer.Level)
		e = d.activateNow(e, rules, &s.Grants[i], expiry)
	}
	if e.Postings == nil {
		return Outcome{}, refuse(ValidationFailed, "", "The order has no pending points.")
	}
	e.Order = &s
	d.noteConverting(&e, rules, &s, s.Counted)
	// The metrics then exclude the points that were forfeited.
	s.count(&e, p, acc, &prior, worth{counted: s.Counted, spend: s.Spend, pieces: s.QualifyingItems, brands: s.Brands})
	s.countLadders(&e, p, rules, acc, worth{counted: s.Counted, ladders: s.TierGroups})
	if err := d.post(lostToExpiry(e)); err != nil {
		return Outcome{}, err
	}
	if err := d.climb(acc, s.Order.PlacedAt); err != nil {
		return Outcome{}, err
	}
	return d.done()
}

// ActivateEvent activates the pending points of an event now, as ActivateOrder does for an order.
func (p *Program) ActivateEvent(acc Account, prior EventState, rules *Program, now time.Time) (Outcome, error) {
	if acc.Status != Active {
		return Outcome{}, frozen("")
	}
	s := prior
	s.Grants = append([]Grant(nil), prior.Grants...)
	s.Revision++
	d := p.decide(acc, now)
	e := Entry{
		Kind: KindActivate, Cause: Cause{CauseEvent, s.Event.Cause(), s.Revision}, Program: s.Program, Effective: now,
	}
	for i := range s.Grants {
		_, expiry := rules.actionLife(s.Grants[i].Rule, s.Buyer.Level)
		e = d.activateNow(e, rules, &s.Grants[i], expiry)
	}
	if e.Postings == nil {
		return Outcome{}, refuse(ValidationFailed, "", "The event has no pending points.")
	}
	e.Event = &s
	if err := d.post(lostToExpiry(e)); err != nil {
		return Outcome{}, err
	}
	return d.done()
}

func (p *Program) actionLife(id, level string) (Wait, Expiry) {
	for _, a := range p.Earn.Actions {
		if a.ID == id {
			return a.Life.over(Wait{}, p.expiry(a.Wallet, level))
		}
	}
	return Wait{}, p.expiry("", level)
}

// activateNow adds to an entry the postings that activate the pending points of a grant.
func (d *decision) activateNow(e Entry, rules *Program, g *Grant, expiry Expiry) Entry {
	cause := e.Cause.of(*g)
	for _, x := range d.Account.Pending {
		if x.Cause != cause {
			continue
		}
		g.ActiveAt, g.Expires = d.now, expiry.Date(d.now, d.Account.since(expiry), rules.Zone)
		e.Postings = append(e.Postings, Posting{
			Wallet: x.Wallet, Bucket: BucketPending, Cause: cause, Lot: x.Expires,
			ActiveAt: x.ActiveAt, GiveUp: x.GiveUp, Points: -x.Points,
		})
		e.Postings = d.arrive(e.Postings, x.Wallet, x.Points, g.Expires, d.now)
		e.Reasons = append(
			e.Reasons, reasonIn(x.Wallet, "pending", 0, BecameActive, cause.Kind+" "+cause.ID, points(x.Points)),
		)
	}
	return e
}
