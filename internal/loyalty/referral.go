package loyalty

import (
	"errors"
	"slices"
	"time"
)

// A Referral is through whom a member came, and what became of that. It converts with the first order of the friend's
// that is paid, of which something remains and which the program's actions ask for: then both get their points, which are
// pending as long as those of the order. When that order is given back both lose them, and the next order may convert it.
type Referral struct {
	By       MemberID  // the referrer; empty: the member came alone
	At       time.Time // when the friend gave the referrer's code
	Claim    string    // under which id, where that was after joining
	Order    string    // the order that converted it; empty: none has, or what had was given back
	ActiveAt time.Time // with Order: when the points of both are active
}

// ReferralStatus is how far a referral is.
type ReferralStatus string

const (
	ReferralRegistered ReferralStatus = "registered" // the friend has an account, and has not ordered what counts
	ReferralConverted  ReferralStatus = "converted"  // the friend has ordered, and the points are pending
	ReferralRewarded   ReferralStatus = "rewarded"   // the points are active
)

// Status is how far the referral is at an instant; empty if there is none.
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

// ReferralWindow is how long after joining a member can still say through whom.
const ReferralWindow = 30 * 24 * time.Hour

// Refer takes note of through whom a member came. It refuses with self_referral if both are one person (MayRefer), with
// referral_already_claimed if the member came through somebody already, or through whom came through the member, and with
// validation_failed if it is too late for that. The account must have been advanced to now.
func (p *Program) Refer(acc, referrer Account, alike bool, claim string, now time.Time) (Outcome, error) {
	if err := p.MayRefer(acc, referrer, alike); err != nil {
		return Outcome{}, err
	}
	switch {
	case acc.Status != Active:
		return Outcome{}, frozen("")
	case acc.orders() > 0:
		return Outcome{}, refuse(ValidationFailed, "", "A member who has ordered already came without a code.")
	case now.After(acc.Joined.Add(ReferralWindow)):
		return Outcome{}, refuse(ValidationFailed, "", "A code is given within 30 days of joining.")
	case referrer.Joined.After(acc.Joined):
		return Outcome{}, refuse(ValidationFailed, "/code", "The code is that of a member who joined later.")
	}
	t := acc.Traits
	t.Referral = Referral{By: referrer.Member, At: now, Claim: claim}
	d := p.decide(acc, now)
	err := d.tell(t, []string{"referral"}, now)
	return d.Outcome, err
}

// MayRefer refuses through whom a member cannot come. The member may be about to join. alike reports whether what is known
// of the two says that they are one person.
func (p *Program) MayRefer(acc, referrer Account, alike bool) error {
	switch {
	case !slices.ContainsFunc(p.Earn.Actions, Action.refers):
		return refuse(ValidationFailed, "/code", "The program has no referrals.")
	case acc.Member == referrer.Member:
		return refuse(SelfReferral, "/code", "The code is the member's own.")
	case acc.Traits.Referral.By != "":
		return refuse(ReferralClaimed, "/code", "The member has given a code already.")
	case referrer.Traits.Referral.By == acc.Member:
		return refuse(ReferralClaimed, "/code", "The member whose code this is joined by this member's own.")
	case referrer.Status != Active:
		return refuse(ValidationFailed, "/code", "The code is that of a member whose account is frozen.")
	case alike:
		return refuse(SelfReferral, "/code", "The member whose code this is has the same e-mail address or telephone number.")
	}
	return nil
}

// refers reports whether an action is what a referral earns.
func (a Action) refers() bool { return a.Event == EventConverted }

// friends reports whether an event is the friend's part of a referral. Its id is the friend's; that of the referrer's
// part names both.
func (e Event) friends() bool {
	return e.Family() == "referral" && e.ID == string(e.Member)
}

// Parts is the ids of the two events of a referral: the friend's and the referrer's.
func (r Referral) Parts(friend MemberID) (friends, referrers Event) {
	return Event{Type: EventConverted, ID: string(friend), Member: friend}, Event{Type: EventConverted, ID: string(r.By) + "." + string(friend), Member: r.By}
}

// of is an action as it concerns an event: limits, levels and segments of a referral are those of the referrer.
func (a Action) of(e Event) Action {
	if a.refers() && e.friends() {
		a.Points, a.Limits, a.Tiers, a.Segments = a.Friend, nil, nil, nil
	}
	return a
}

// Concerns is whose account an order changes besides its member's, as it was decided by the rules that it keeps: that of
// the referrer, if the order converts the referral or has converted it.
func (p *Program) Concerns(out Outcome, rules *Program) (MemberID, bool) {
	r := out.Account.Traits.Referral
	if r.By == "" || len(out.Entries) == 0 || out.Entries[0].Order == nil {
		return "", false
	}
	s := out.Entries[0].Order
	if r.Order != "" {
		return r.By, r.Order == s.Order.ID
	}
	_, converts := rules.converts(out.Account, s)
	return r.By, converts
}

// converts reports whether an order is what a referral waits for, and gives what conditions ask of it.
func (p *Program) converts(acc Account, s *OrderState) (*Facts, bool) {
	since := acc.Traits.Referral.At.Add(-JoinGrace)
	if s.Order.Status != OrderPaid || s.Order.PlacedAt.Before(since) || s.Grants[0].ActiveAt.IsZero() {
		return nil, false
	}
	v := valuation{p: p, acc: acc, s: s, o: &s.Order, worth: new(worth)}
	v.base()
	facts := p.orderFacts(&v)
	return facts, facts.Total > 0 && slices.ContainsFunc(p.Earn.Actions, func(a Action) bool {
		return a.refers() && holds(a.When, facts)
	})
}

// AwardReferral adds to what was decided of an order of the friend's what that does to the referral. friends and referrers
// are the two events of it as they were last, nil before the first. Of the outcomes the first is the friend's, with the
// order's entry first. A referrer whose account is frozen, or can hold no more, gets nothing until the order is told again,
// and loses what is taken back: the friend's order is never refused for the referrer's sake. The referrer's account must
// have been advanced to now.
func (p *Program) AwardReferral(order Outcome, referrer Account, rules *Program, friends, referrers *EventState, now time.Time) ([]Outcome, error) {
	if order.Needs.Undecided() {
		return []Outcome{order, {Account: referrer}}, nil
	}
	s, r := order.Entries[0].Order, order.Account.Traits.Referral
	facts, converts := rules.converts(order.Account, s)
	if r.Order != s.Order.ID && (r.Order != "" || !converts) { // another order was faster, or it is not one after all
		return []Outcome{order, {Account: referrer}}, nil
	}
	next := Referral{By: r.By, At: r.At, Claim: r.Claim}
	if converts {
		next.Order, next.ActiveAt = s.Order.ID, s.Grants[0].ActiveAt
	}
	friendsPart, referrersPart := r.Parts(order.Account.Member)
	a := award{p, rules, s, facts, converts, now}
	own, err := a.decide(order.Account, friends, friendsPart, &next)
	if err != nil {
		return nil, err
	}
	theirs, err := a.decide(referrer, referrers, referrersPart, nil)
	if converts && errors.As(err, new(*Error)) {
		theirs, err = Outcome{Account: referrer}, nil
	}
	own.Entries, own.Spends = append(order.Entries, own.Entries...), append(order.Spends, own.Spends...)
	own.Needs, own.rising = own.Needs.with(order.Needs), order.rising
	return []Outcome{own, theirs}, err
}

// award is what an order makes of a referral.
type award struct {
	p, rules *Program
	order    *OrderState
	facts    *Facts
	converts bool
	now      time.Time
}

// decide brings one of the two events up to what it is worth now. Without entries that is what it was.
func (a award) decide(acc Account, was *EventState, ev Event, told *Referral) (Outcome, error) {
	if was == nil && (!a.converts || acc.Status != Active) {
		return Outcome{Account: acc}, nil
	}
	s := a.p.pricedEvent(a.rules, acc, a.order.Order.PlacedAt)
	ev.At, ev.Data = a.order.Order.PlacedAt, map[string]any{"order": a.order.Order.ID}
	if was != nil {
		s = *was
		s.Grants, s.Shares = slices.Clone(s.Grants), slices.Clone(s.Shares)
		ev.At = s.Event.At
	}
	if !a.converts {
		ev.Type = EventReversed
	}
	s.Event, s.Program = ev, a.rules.Version
	s.Revision++
	d := a.p.decide(acc, a.now)
	if told != nil {
		t := acc.Traits
		t.Referral = *told
		d.traits = &t
	}
	if err := d.award(a.rules, &s, a.facts, a.order.Grants[0].ActiveAt); err != nil {
		return Outcome{}, err
	}
	if was != nil && was.Event.Type == ev.Type && sameGrants(was.Grants, s.Grants) {
		return Outcome{Account: acc}, nil
	}
	if err := d.climb(acc, ev.At); err != nil {
		return Outcome{}, err
	}
	return d.done()
}

// sameGrants reports whether two revisions of an event give the same.
func sameGrants(x, y []Grant) bool {
	return slices.EqualFunc(x, y, func(g, h Grant) bool { return g.Rule == h.Rule && g.Worth == h.Worth })
}
