package engine

import (
	"fmt"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// Extend moves the lots that expire before the end of a day to that day, for a stated reason. It never moves a lot to
// an earlier day. The program limits how far ahead the day may be.
func Extend(
	p *loyalty.Program, acc loyalty.Account, id string, until calendar.Date, reason string, now time.Time,
) (posting.Outcome, error) {
	most := calendar.DateOf(p.Goodwill.Extend.After(now, p.Zone), p.Zone)
	switch {
	case acc.Status != loyalty.Active:
		return posting.Outcome{}, loyalty.RefuseFrozen("")
	case p.Goodwill.Extend.IsZero():
		return posting.Outcome{}, loyalty.Refuse(
			loyalty.ValidationFailed, "",
			"The program does not allow extensions. Set goodwill.extend_by in the program file to allow them.",
		)
	case until.Slides() || until < calendar.DateOf(now, p.Zone) || until > most:
		return posting.Outcome{}, loyalty.Refuse(
			loyalty.ValidationFailed, "/until",
			fmt.Sprintf("The new expiry must be from today to %s.", most),
		)
	}
	d := posting.Decide(p, acc, now)
	e := loyalty.Entry{
		Kind: loyalty.KindExtend, Cause: loyalty.Cause{Kind: loyalty.CauseExtension, ID: id, Revision: 1},
		Effective: now,
	}
	// Lots that expire by inactivity must continue to do so. Otherwise the next activity would not extend them.
	moveLots(&e, acc.Lots, until)
	if moveLots(&e, acc.Lots, calendar.Slides+until) {
		e.Slides = max(calendar.Slides+until, acc.Slides)
	}
	if e.Postings == nil {
		return posting.Outcome{}, loyalty.Refuse(
			loyalty.ValidationFailed, "/until", "The member has no points that expire before that day.",
		)
	}
	e.Move = &loyalty.Move{At: now, First: calendar.DateOf(now, p.Zone), Last: until - 1, To: until}
	e.Reasons = []loyalty.Reason{loyalty.NewReason("goodwill", "0", loyalty.WasExtended, until.String(), reason)}
	if err := d.Post(e); err != nil {
		return posting.Outcome{}, err
	}
	return d.Outcome, nil
}

// moveLots moves the lots that expire before a day to that day. If the day slides, which means that activities postpone
// it, moveLots moves only sliding lots, and otherwise only the others. It reports whether it moved any points.
func moveLots(e *loyalty.Entry, lots []loyalty.Lot, to calendar.Date) bool {
	var moved loyalty.Points
	for _, l := range lots {
		if l.Expires == 0 || l.Expires.Slides() != to.Slides() || l.Expires >= to {
			continue
		}
		e.Postings = append(
			e.Postings, loyalty.Posting{Bucket: loyalty.BucketActive, Lot: l.Expires, Points: -l.Points},
		)
		moved += l.Points
	}
	if moved == 0 {
		return false
	}
	e.Postings = append(e.Postings, loyalty.Posting{Bucket: loyalty.BucketActive, Lot: to, Points: moved})
	return true
}

// Reinstate returns the points of a lot that expired to the member, once for each expiry, for a stated reason. The
// parameter expired is the entry that recorded the expiry. The points expire at the end of the given day.
func Reinstate(
	p *loyalty.Program, acc loyalty.Account, expired loyalty.Entry, until calendar.Date, reason string, now time.Time,
) (posting.Outcome, error) {
	most := calendar.DateOf(p.Goodwill.Extend.After(now, p.Zone), p.Zone)
	if p.Goodwill.Extend.IsZero() {
		most = p.Earn.Expires.Date(now, posting.AnniversaryStart(acc, p.Earn.Expires), p.Zone).Day()
	}
	switch {
	case acc.Status != loyalty.Active:
		return posting.Outcome{}, loyalty.RefuseFrozen("")
	// An entry about the expiry of another wallet's points states 0 points of the main wallet.
	case expired.Kind != loyalty.KindExpire || expired.Member != acc.Member || expired.Points == 0:
		return posting.Outcome{}, loyalty.Refuse(
			loyalty.ValidationFailed, "/entry", "The entry is not an expiry of points.",
		)
	case p.Goodwill.Reinstate.IsZero():
		return posting.Outcome{}, loyalty.Refuse(
			loyalty.ValidationFailed, "",
			"The program does not allow reinstatement. Set goodwill.reinstate_within in the program file to allow it.",
		)
	case !now.Before(p.Goodwill.Reinstate.After(expired.Effective, p.Zone)):
		return posting.Outcome{}, loyalty.Refuse(
			loyalty.ValidationFailed, "/entry", "The points expired too long ago to be reinstated.",
		)
	case until.Slides() || until < calendar.DateOf(now, p.Zone) || most != 0 && until > most:
		return posting.Outcome{}, loyalty.Refuse(
			loyalty.ValidationFailed, "/until",
			fmt.Sprintf("The new expiry must be from today to %s.", most),
		)
	}
	// day is the last day on which the points were active.
	n, day := -expired.Points, calendar.DateOf(expired.Effective.Add(-1), p.Zone)
	d := posting.Decide(p, acc, now)
	e := loyalty.Entry{
		Kind:  loyalty.KindReinstate,
		Cause: loyalty.Cause{Kind: loyalty.CauseReinstatement, ID: expired.Cause.ID, Revision: 1}, Effective: now,
		Reasons: []loyalty.Reason{
			loyalty.NewReason("goodwill", loyalty.FormatPoints(n), loyalty.WasReinstated, day.String(), reason),
		},
	}
	e.Move = &loyalty.Move{At: expired.Effective, First: day, Last: day, To: until}
	for _, x := range expired.Postings {
		if x.Bucket == loyalty.BucketExpired {
			e.Postings = append(
				e.Postings, loyalty.Posting{Bucket: loyalty.BucketExpired, Lot: x.Lot, Points: -x.Points},
			)
		}
	}
	e.Postings = d.Activate(e.Postings, "", n, until, now)
	if err := d.Post(e); err != nil {
		return posting.Outcome{}, err
	}
	return redeem.Finish(d)
}

// ActivateOrder manually activates the pending points of an order now. It posts the next revision of the order, with
// the same facts. The account must have been advanced to now.
func ActivateOrder(
	p *loyalty.Program, acc loyalty.Account, prior loyalty.OrderState, rules *loyalty.Program, now time.Time,
) (posting.Outcome, error) {
	if acc.Status != loyalty.Active {
		return posting.Outcome{}, loyalty.RefuseFrozen("")
	}
	s := prior
	s.Grants = slices.Clone(prior.Grants)
	s.Revision++
	award.ForgetForfeited(&s, EarnRules(rules), now)
	d := posting.Decide(p, acc, now)
	e := loyalty.Entry{
		Kind:  loyalty.KindActivate,
		Cause: loyalty.Cause{Kind: loyalty.CauseOrder, ID: s.Order.ID, Revision: s.Revision}, Program: s.Program,
		Effective: now,
	}
	for i := range s.Grants {
		_, expiry := posting.GrantLife(&rules.Earning, &rules.Tiers, rules.Wallets, s.Grants[i].Rule, s.Buyer.Level)
		e = activateNow(d, e, rules, &s.Grants[i], expiry)
	}
	if e.Postings == nil {
		return posting.Outcome{}, loyalty.Refuse(loyalty.ValidationFailed, "", "The order has no pending points.")
	}
	e.Order = &s
	award.NoteConverting(d, &e, EarnRules(rules), &s, s.Counted)
	// This removes forfeited points from the metrics.
	tier.Of(p).CountOrder(
		&s, &e, acc, &prior,
		earn.Worth{Counted: s.Counted, Spend: s.Spend, Pieces: s.QualifyingItems, Brands: s.Brands},
	)
	inGroups := earn.Worth{Counted: s.Counted, TierGroups: s.TierGroups}
	tier.CountOrderInGroups(&s, &e, p, EarnRules(rules), acc, inGroups)
	if err := d.Post(posting.LostToExpiry(e)); err != nil {
		return posting.Outcome{}, err
	}
	if err := tier.Climb(d, acc, s.Order.PlacedAt); err != nil {
		return posting.Outcome{}, err
	}
	return redeem.Finish(d)
}

// ActivateEvent activates the pending points of an event now, as ActivateOrder does for an order.
func ActivateEvent(
	p *loyalty.Program, acc loyalty.Account, prior loyalty.EventState, rules *loyalty.Program, now time.Time,
) (posting.Outcome, error) {
	if acc.Status != loyalty.Active {
		return posting.Outcome{}, loyalty.RefuseFrozen("")
	}
	s := prior
	s.Grants = slices.Clone(prior.Grants)
	s.Revision++
	d := posting.Decide(p, acc, now)
	e := loyalty.Entry{
		Kind:    loyalty.KindActivate,
		Cause:   loyalty.Cause{Kind: loyalty.CauseEvent, ID: award.EventCause(s.Event), Revision: s.Revision},
		Program: s.Program, Effective: now,
	}
	for i := range s.Grants {
		_, expiry := actionLife(rules, s.Grants[i].Rule, s.Buyer.Level)
		e = activateNow(d, e, rules, &s.Grants[i], expiry)
	}
	if e.Postings == nil {
		return posting.Outcome{}, loyalty.Refuse(loyalty.ValidationFailed, "", "The event has no pending points.")
	}
	e.Event = &s
	if err := d.Post(posting.LostToExpiry(e)); err != nil {
		return posting.Outcome{}, err
	}
	return redeem.Finish(d)
}

func actionLife(p *loyalty.Program, id, level string) (calendar.Wait, calendar.Expiry) {
	for _, a := range p.Earn.Actions {
		if a.ID == id {
			expiry := posting.WalletExpiry(&p.Earn, &p.Tiers, p.Wallets, a.Wallet, level)
			return posting.OverrideLife(a.Life, calendar.Wait{}, expiry)
		}
	}
	return calendar.Wait{}, posting.WalletExpiry(&p.Earn, &p.Tiers, p.Wallets, "", level)
}

// activateNow adds to an entry the postings that activate the pending points of a grant.
func activateNow(
	d *posting.Decision, e loyalty.Entry, rules *loyalty.Program, g *loyalty.Grant, expiry calendar.Expiry,
) loyalty.Entry {
	cause := posting.CauseOfGrant(e.Cause, *g)
	for _, x := range d.Account.Pending {
		if x.Cause != cause {
			continue
		}
		g.ActiveAt, g.Expires = d.Now, expiry.Date(d.Now, posting.AnniversaryStart(d.Account, expiry), rules.Zone)
		e.Postings = append(e.Postings, loyalty.Posting{
			Wallet: x.Wallet, Bucket: loyalty.BucketPending, Cause: cause, Lot: x.Expires,
			ActiveAt: x.ActiveAt, GiveUp: x.GiveUp, Points: -x.Points,
		})
		e.Postings = d.Arrive(e.Postings, x.Wallet, x.Points, g.Expires, d.Now)
		e.Reasons = append(
			e.Reasons,
			loyalty.ReasonIn(
				x.Wallet, "pending", 0, loyalty.BecameActive, cause.Kind+" "+cause.ID, loyalty.FormatPoints(x.Points),
			),
		)
	}
	return e
}
