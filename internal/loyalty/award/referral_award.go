package award

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// first returns the ID of the order that converts the referral. It is empty if there is none.
func first(c loyalty.Converting) string {
	if len(c.Orders) == 0 {
		return ""
	}
	return c.Orders[0].ID
}

// NoteConverting records in the order's state the referral actions whose conditions the order meets. It returns false
// if the member's entries are needed to determine which order converts the referral now.
func NoteConverting(
	d *posting.Decision, e *loyalty.Entry, rules earn.Rules, s *loyalty.OrderState, counts bool,
) bool {
	if d.Account.Traits.Referral.By == "" {
		return true
	}
	s.Converts = converts(rules, d.Account, s, counts)
	next, known := posting.AddConverting(d.Account.Converting, s.Order.Placed(), len(s.Converts) > 0)
	if d.Account.First.Loaded {
		e.Converting = &next
	}
	return known
}

// converts returns the referral actions whose conditions an order meets. It returns none unless the order counts and
// the date on which its points become active is known.
func converts(rules earn.Rules, acc loyalty.Account, s *loyalty.OrderState, counts bool) (actions []string) {
	since := acc.Traits.Referral.At.Add(-loyalty.JoinGrace)
	if !counts || s.Order.Status != loyalty.OrderPaid || s.Order.PlacedAt.Before(since) ||
		s.Grants[0].ActiveAt.IsZero() {
		return nil
	}
	facts := earn.FactsOf(rules, s)
	for _, a := range rules.Earn.Actions {
		if posting.Refers(a) && facts.Total > 0 && earn.Holds(a.When, facts) {
			actions = append(actions, a.ID)
		}
	}
	return actions
}

// A ReferralChange states how the points of a referral must change.
type ReferralChange struct {
	Referrer loyalty.MemberID
	// Withdrawn is the order for which points were given last, if it no longer converts the referral.
	Withdrawn string
	// Converts is the order for which points must be given or decided again; empty if there is none.
	Converts string
}

// ReferralChangeOf returns how the referral of a member changes after an order was decided. The parameter decided is
// the ID of that order. It returns false if nothing changes.
func ReferralChangeOf(a loyalty.Account, decided string) (ReferralChange, bool) {
	r, first := a.Traits.Referral, first(a.Converting)
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

// ReferralEvents returns the two events of a referral for an order: the friend's event and the referrer's event. The ID
// of the referrer's event contains the IDs of both members.
func ReferralEvents(r loyalty.Referral, friend loyalty.MemberID, order string) (friends, referrers loyalty.Event) {
	friends = loyalty.Event{Type: posting.EventConverted, ID: string(friend) + ":" + order, Member: friend}
	referrers = loyalty.Event{
		Type: posting.EventConverted, ID: string(r.By) + "." + string(friend) + ":" + order, Member: r.By,
	}
	return friends, referrers
}

// friends reports whether an event belongs to the friend, not to the referrer.
func friends(e loyalty.Event) bool {
	member, _, _ := strings.Cut(e.ID, ":")
	return e.Family() == referralFamily && member == string(e.Member)
}

const referralFamily = "referral"

// actionOf returns an action as it applies to an event. The limits, levels and segments of a referral apply to the
// referrer only.
func actionOf(a loyalty.Action, e loyalty.Event) loyalty.Action {
	if posting.Refers(a) && friends(e) {
		a.Points, a.Limits, a.Tiers, a.Segments = a.Friend, nil, nil, nil
	}
	return a
}

// A KnownReferral is the state of a referral for one order.
type KnownReferral struct {
	Order     *loyalty.OrderState // the order; nil if it no longer converts the referral
	Rules     earn.Rules          // the rules of the order
	Friends   *loyalty.EventState // the latest states of both events; nil before the first revision
	Referrers *loyalty.EventState
}

// AwardReferral posts a change of the referral. The parameter order is the decision about an order of the friend, whose
// entries come first. The parameters withdrawn and converting are the states of the orders that the change names. The
// first outcome is the friend's. If the referrer's account is frozen or cannot take more points, the referrer loses the
// withdrawn points and gets none until another order of the friend is reported. The friend's order is never rejected
// because of the referrer. The second decision is about the referrer's account, which must have been advanced to its
// instant.
func AwardReferral(
	order posting.Outcome, referrer *posting.Decision, c ReferralChange, withdrawn, converting KnownReferral,
) ([]posting.Outcome, error) {
	r := order.Account.Traits.Referral
	next := loyalty.Referral{By: r.By, At: r.At, Claim: r.Claim}
	if next.Former = c.Withdrawn; c.Converts != "" {
		next.Order, next.ActiveAt, next.Former = c.Converts, converting.Order.Grants[0].ActiveAt, ""
	}
	own, theirs := order, referrer.Outcome
	var owns, their []loyalty.Grant
	for _, x := range []struct {
		order string
		known KnownReferral
	}{{c.Withdrawn, withdrawn}, {c.Converts, converting}} {
		if x.order == "" {
			continue
		}
		friendsPart, referrersPart := ReferralEvents(r, order.Account.Member, x.order)
		friends := referralPart{x.known, x.known.Friends, friendsPart, &owns, c.Converts != ""}
		var err error
		if own, err = bringReferral(referrer, own, friends, &next); err != nil {
			return nil, err
		}
		referrers := referralPart{x.known, x.known.Referrers, referrersPart, &their, c.Converts != ""}
		more, err := bringReferral(referrer, theirs, referrers, nil)
		switch {
		case err == nil:
			theirs = more
		case x.known.Order == nil || !errors.As(err, new(*loyalty.Error)):
			return nil, err
		}
	}
	return []posting.Outcome{own, theirs}, nil
}

// A referralPart is one event of a referral to be updated.
type referralPart struct {
	known KnownReferral
	was   *loyalty.EventState // the previous state of the event; nil if it is new
	event loyalty.Event
	spare *[]loyalty.Grant // the former order's points that the clawback policy left with the member
	moves bool             // whether the points in spare move to another order
}

// bringReferral updates one event of a referral to its current worth, after the entries that were already decided for
// the member. It adds no entries if nothing changes.
func bringReferral(
	referrer *posting.Decision, out posting.Outcome, part referralPart, next *loyalty.Referral,
) (posting.Outcome, error) {
	acc, known, was := out.Account, part.known, part.was
	if acc.Status == loyalty.Erased || was == nil && (known.Order == nil || !acc.Status.Earns()) {
		return out, nil
	}
	d := referrer.With(acc)
	s, from := referralState(d, part)
	if next != nil {
		t := acc.Traits
		t.Referral = *next
		d.Traits = &t
	}
	if err := AwardEvent(d, known.Rules, &s, nil, from); err != nil {
		return posting.Outcome{}, err
	}
	if known.Order == nil && part.moves {
		*part.spare = yield(&s)
	}
	if was != nil && was.Event.Type == s.Event.Type && sameGrants(was.Grants, s.Grants) && len(*part.spare) == 0 {
		return out, nil
	}
	if err := tier.Climb(d, acc, s.Event.At); err != nil {
		return posting.Outcome{}, err
	}
	more, err := redeem.Finish(d)
	more.Entries = append(slices.Clip(out.Entries), more.Entries...)
	more.Spends = append(slices.Clip(out.Spends), more.Spends...)
	more.Needs, more.Rising = tier.MergeNeeds(more.Needs, out.Needs), out.Rising
	return more, err
}

// referralState returns the next state of a referral event, and the earliest instant at which its points become active.
func referralState(d *posting.Decision, part referralPart) (s loyalty.EventState, from time.Time) {
	known, was, ev := part.known, part.was, part.event
	if was != nil {
		s = *was
		s.Grants, s.Shares = slices.Clone(s.Grants), slices.Clone(s.Shares)
		ev.At, ev.Data = was.Event.At, was.Event.Data
	} else {
		o := &known.Order.Order
		s = PricedEvent(d, known.Rules, o.PlacedAt)
		ev.At, ev.Data = o.PlacedAt, map[string]any{"order": o.ID}
	}
	if s.Meets = nil; known.Order == nil {
		ev.Type = posting.EventReversed
	} else {
		s.Meets, from = known.Order.Converts, known.Order.Grants[0].ActiveAt
		adopt(&s, *part.spare)
	}
	s.Event = ev
	s.Revision++
	return s, from
}

// yield removes from the state of an event the points that the clawback policy left with the member, except those that
// expired, and returns them. The event's entry contains the remaining state.
func yield(s *loyalty.EventState) (spare []loyalty.Grant) {
	for i := range s.Grants {
		g := &s.Grants[i]
		if n := g.ExpiredOn - g.Expired; n > 0 {
			spare = append(spare, loyalty.Grant{Rule: g.Rule, Wallet: g.Wallet, ExpiredOn: n})
			g.ExpiredOn -= n
		}
	}
	return spare
}

// adopt adds the points that yield removed from another event to those that the event has already given.
func adopt(s *loyalty.EventState, spare []loyalty.Grant) {
	for _, x := range spare {
		at := slices.IndexFunc(s.Grants, func(g loyalty.Grant) bool { return g.Rule == x.Rule })
		if at < 0 {
			s.Grants = append(s.Grants, x)
			continue
		}
		s.Grants[at].ExpiredOn += x.ExpiredOn
	}
}

// sameGrants reports whether two revisions of an event give the same points.
func sameGrants(x, y []loyalty.Grant) bool {
	return slices.EqualFunc(x, y, func(g, h loyalty.Grant) bool { return g.Rule == h.Rule && g.Worth == h.Worth })
}
