package loyalty

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"
)

// The points of a referral depend on one order, which converts it: the first of the friend's orders, by placed_at and
// ID, that counts and meets the condition of a referral action. The friend's account stores the first of these orders
// (Converting), so that an order that arrives late, stops counting or is restored changes the converting order at once.
//
// Each order that ever converted a referral has two events: the friend's in the friend's account, and the referrer's in
// the referrer's account. An event stores the rules of its order, and the member's traits and level when the order
// first converted the referral. When another order becomes the converting order, the events of the former one become
// worth nothing, and the events of the next one give the points of its actions. If the former order is restored, its
// events are worth the same as before. Points that the clawback policy leaves with a member count as given for the next
// order, so that canceling and ordering again gains nothing.

// maxConverting is the number of the friend's orders that an account stores as candidates to convert the referral. If
// all of them stop counting and there are more, the member's entries are read.
const maxConverting = 4

// Converting contains the first of a friend's orders that could convert the referral, in order.
type Converting struct {
	Orders []PlacedOrder
	More   bool // there are more orders after these
}

// first returns the ID of the order that converts the referral; empty if there is none.
func (c Converting) first() string {
	if len(c.Orders) == 0 {
		return ""
	}
	return c.Orders[0].ID
}

// with returns the orders after it is decided whether an order could convert the referral. known is false if the
// account does not store the first of them.
func (c Converting) with(o PlacedOrder, converts bool) (next Converting, known bool) {
	at, found := slices.BinarySearchFunc(c.Orders, o, PlacedOrder.Compare)
	next = Converting{slices.Clone(c.Orders), c.More}
	switch {
	case found && !converts:
		next.Orders = slices.Delete(next.Orders, at, at+1)
	case !found && converts && (!c.More || at < len(c.Orders)):
		next.Orders = slices.Insert(next.Orders, at, o)
	}
	next = next.trimmed()
	return next, len(next.Orders) > 0 || !next.More
}

// trimmed removes all but the first orders.
func (c Converting) trimmed() Converting {
	if len(c.Orders) > maxConverting {
		return Converting{slices.Clip(c.Orders[:maxConverting]), true}
	}
	if len(c.Orders) == 0 {
		c.Orders = nil
	}
	return c
}

// noteConverting sets the referral actions whose conditions the order meets. It returns false if the member's entries
// are needed to determine which order converts the referral now.
func (d *decision) noteConverting(e *Entry, rules *Program, s *OrderState, counts bool) bool {
	if d.Account.Traits.Referral.By == "" {
		return true
	}
	s.Converts = rules.converts(d.Account, s, counts)
	next, known := d.Account.Converting.with(s.Order.placed(), len(s.Converts) > 0)
	if d.Account.First.Loaded {
		e.Converting = &next
	}
	return known
}

// noteReferral updates the account's orders that could convert the referral.
func (a *Account) noteReferral(e Entry) {
	switch {
	case e.Converting != nil:
		a.Converting = *e.Converting
	case e.Order != nil && a.Traits.Referral.By != "":
		a.Converting, _ = a.Converting.with(e.Order.Order.placed(), len(e.Order.Converts) > 0)
	}
}

// converts returns the referral actions whose conditions an order meets. It returns none unless the order counts and
// the date on which its points become active is known.
func (p *Program) converts(acc Account, s *OrderState, counts bool) (actions []string) {
	since := acc.Traits.Referral.At.Add(-JoinGrace)
	if !counts || s.Order.Status != OrderPaid || s.Order.PlacedAt.Before(since) || s.Grants[0].ActiveAt.IsZero() {
		return nil
	}
	v := valuation{p: p, acc: acc, s: s, o: &s.Order, worth: new(worth)}
	v.base()
	facts := p.orderFacts(&v)
	for _, a := range p.Earn.Actions {
		if a.refers() && facts.Total > 0 && holds(a.When, facts) {
			actions = append(actions, a.ID)
		}
	}
	return actions
}

// A ReferralChange states how the points of a referral must change.
type ReferralChange struct {
	Referrer MemberID
	// Withdrawn is the order for which points were given last, if another order or none converts the referral now.
	Withdrawn string
	// Converts is the order for which points must be given or decided again; empty if there is none.
	Converts string
}

// ReferralChange returns how the referral changes after the member's order decided was decided. It returns false if
// nothing changes.
func (a Account) ReferralChange(decided string) (ReferralChange, bool) {
	r, first := a.Traits.Referral, a.Converting.first()
	switch {
	case r.By == "":
		return ReferralChange{}, false
	case r.Order == first:
		return ReferralChange{Referrer: r.By, Converts: first}, first != "" && first == decided
	}
	c := ReferralChange{Referrer: r.By, Withdrawn: cmp.Or(r.Order, r.Former), Converts: first}
	if c.Withdrawn == first {
		c.Withdrawn = ""
	}
	return c, true
}

// Parts returns the two events of a referral for an order: the friend's, and the referrer's, whose ID contains both
// members.
func (r Referral) Parts(friend MemberID, order string) (friends, referrers Event) {
	friends = Event{Type: EventConverted, ID: string(friend) + ":" + order, Member: friend}
	referrers = Event{Type: EventConverted, ID: string(r.By) + "." + string(friend) + ":" + order, Member: r.By}
	return friends, referrers
}

// friends reports whether an event is the friend's part of a referral.
func (e Event) friends() bool {
	member, _, _ := strings.Cut(e.ID, ":")
	return e.Family() == referralFamily && member == string(e.Member)
}

const referralFamily = "referral"

// of returns an action as it applies to an event. The limits, levels and segments of a referral apply to the referrer
// only.
func (a Action) of(e Event) Action {
	if a.refers() && e.friends() {
		a.Points, a.Limits, a.Tiers, a.Segments = a.Friend, nil, nil, nil
	}
	return a
}

// A KnownReferral is the state of a referral for one order.
type KnownReferral struct {
	Order     *OrderState // nil if the order no longer converts the referral
	Rules     *Program    // the rules of the order
	Friends   *EventState // Friends and Referrers are the latest states of the two events; nil before the first
	Referrers *EventState
}

// AwardReferral adds a change of the referral to a decision about an order of the friend, whose entry comes first.
// withdrawn and converting are the states of the orders that the change names. The first outcome is the friend's. If
// the referrer's account is frozen or cannot take more points, the referrer loses the withdrawn points and gets none
// until another order of the friend is reported. The friend's order is never rejected because of the referrer. The
// referrer's account must have been advanced to now.
func (p *Program) AwardReferral(
	order Outcome, referrer Account, c ReferralChange, withdrawn, converting KnownReferral, now time.Time,
) ([]Outcome, error) {
	r := order.Account.Traits.Referral
	next := Referral{By: r.By, At: r.At, Claim: r.Claim}
	if next.Former = c.Withdrawn; c.Converts != "" {
		next.Order, next.ActiveAt, next.Former = c.Converts, converting.Order.Grants[0].ActiveAt, ""
	}
	own, theirs := order, Outcome{Account: referrer}
	var owns, their []Grant
	for _, x := range []struct {
		order string
		known KnownReferral
	}{{c.Withdrawn, withdrawn}, {c.Converts, converting}} {
		if x.order == "" {
			continue
		}
		friendsPart, referrersPart := r.Parts(order.Account.Member, x.order)
		friends := referralPart{x.known, x.known.Friends, friendsPart, &owns, c.Converts != ""}
		var err error
		if own, err = p.bringReferral(own, friends, &next, now); err != nil {
			return nil, err
		}
		referrers := referralPart{x.known, x.known.Referrers, referrersPart, &their, c.Converts != ""}
		more, err := p.bringReferral(theirs, referrers, nil, now)
		switch {
		case err == nil:
			theirs = more
		case x.known.Order == nil || !errors.As(err, new(*Error)):
			return nil, err
		}
	}
	return []Outcome{own, theirs}, nil
}

// A referralPart is one event of a referral to be updated.
type referralPart struct {
	known KnownReferral
	was   *EventState // nil if the event is new
	event Event
	spare *[]Grant // the former order's points that the clawback policy left with the member
	moves bool     // whether the points in spare move to another order
}

// bringReferral updates one event of a referral to its current worth, after the entries that were already decided for
// the member. It adds no entries if nothing changes.
func (p *Program) bringReferral(
	out Outcome, part referralPart, next *Referral, now time.Time,
) (Outcome, error) {
	acc, known, was := out.Account, part.known, part.was
	if was == nil && (known.Order == nil || acc.Status != Active) {
		return out, nil
	}
	s, from := p.referralState(acc, part)
	d := p.decide(acc, now)
	if next != nil {
		t := acc.Traits
		t.Referral = *next
		d.traits = &t
	}
	if err := d.award(known.Rules, &s, nil, from); err != nil {
		return Outcome{}, err
	}
	if known.Order == nil && part.moves {
		*part.spare = s.yield()
	}
	if was != nil && was.Event.Type == s.Event.Type && sameGrants(was.Grants, s.Grants) && len(*part.spare) == 0 {
		return out, nil
	}
	if err := d.climb(acc, s.Event.At); err != nil {
		return Outcome{}, err
	}
	more, err := d.done()
	more.Entries = append(slices.Clip(out.Entries), more.Entries...)
	more.Spends = append(slices.Clip(out.Spends), more.Spends...)
	more.Needs, more.rising = more.Needs.with(out.Needs), out.rising
	return more, err
}

// referralState returns the next state of a referral event, and the earliest instant at which its points become active.
func (p *Program) referralState(acc Account, part referralPart) (s EventState, from time.Time) {
	known, was, ev := part.known, part.was, part.event
	if was != nil {
		s = *was
		s.Grants, s.Shares = slices.Clone(s.Grants), slices.Clone(s.Shares)
		ev.At, ev.Data = was.Event.At, was.Event.Data
	} else {
		o := &known.Order.Order
		s = p.pricedEvent(known.Rules, acc, o.PlacedAt)
		ev.At, ev.Data = o.PlacedAt, map[string]any{"order": o.ID}
	}
	if s.Meets = nil; known.Order == nil {
		ev.Type = EventReversed
	} else {
		s.Meets, from = known.Order.Converts, known.Order.Grants[0].ActiveAt
		s.adopt(*part.spare)
	}
	s.Event = ev
	s.Revision++
	return s, from
}

// yield removes and returns the points of an event that the clawback policy left with the member, except those that
// expired. The event's entry contains the remaining state.
func (s *EventState) yield() (spare []Grant) {
	for i := range s.Grants {
		g := &s.Grants[i]
		if n := g.ExpiredOn - g.Expired; n > 0 {
			spare = append(spare, Grant{Rule: g.Rule, Wallet: g.Wallet, ExpiredOn: n})
			g.ExpiredOn -= n
		}
	}
	return spare
}

// adopt adds the points that another event yields to those that the event has already given.
func (s *EventState) adopt(spare []Grant) {
	for _, x := range spare {
		at := slices.IndexFunc(s.Grants, func(g Grant) bool { return g.Rule == x.Rule })
		if at < 0 {
			s.Grants = append(s.Grants, x)
			continue
		}
		s.Grants[at].ExpiredOn += x.ExpiredOn
	}
}

// sameGrants reports whether two revisions of an event give the same points.
func sameGrants(x, y []Grant) bool {
	return slices.EqualFunc(x, y, func(g, h Grant) bool { return g.Rule == h.Rule && g.Worth == h.Worth })
}
