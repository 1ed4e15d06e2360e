package award

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// EventCause returns the ID of the event's cause, such as "review:778". It is the same in all states of the event.
func EventCause(e loyalty.Event) string { return e.Family() + ":" + e.ID }

// PlaceEvent updates the points of an event to its current state. For example, a review gives nothing while it is
// pending, the points of its actions when it is approved, and nothing again if it is declined later. As with orders,
// later revisions use the rules of the first revision, which is the version that prior names. The account must have
// been advanced to the instant of the decision.
func PlaceEvent(
	d *posting.Decision, prior *loyalty.EventState, rules earn.Rules, ev loyalty.Event,
) (posting.Outcome, error) {
	acc := d.Account
	if !acc.Status.Earns() {
		return posting.Outcome{}, loyalty.RefuseFrozen("/member")
	}
	if err := CheckEvent(rules.Events, ev); err != nil &&
		CheckEvent(d.P.Events, ev) != nil { // an older version may not have the event type
		return posting.Outcome{}, err
	}
	s, err := eventState(d, prior, rules, ev)
	if err != nil {
		return posting.Outcome{}, err
	}
	if err := AwardEvent(d, rules, &s, EventFacts(&s, rules.Zone), time.Time{}); err != nil {
		return posting.Outcome{}, err
	}
	if err := redeem.AutoRedeem(d, d.Now); err != nil {
		return posting.Outcome{}, err
	}
	if err := tier.Climb(d, acc, ev.At); err != nil {
		return posting.Outcome{}, err
	}
	return d.Outcome, nil
}

func eventState(
	d *posting.Decision, prior *loyalty.EventState, rules earn.Rules, ev loyalty.Event,
) (loyalty.EventState, error) {
	acc, now := d.Account, d.Now
	if prior == nil {
		switch {
		case ev.At.After(now.Add(loyalty.MaxOrderAhead)):
			return loyalty.EventState{}, loyalty.Refuse(
				loyalty.ValidationFailed, "/at", "at must not be in the future.",
			)
		case ev.At.Before(now.Add(-loyalty.MaxOrderAge)):
			return loyalty.EventState{}, loyalty.Refuse(
				loyalty.ValidationFailed, "/at", "at must be within the last 90 days.",
			)
		case ev.At.Before(acc.Joined.Add(-loyalty.JoinGrace)):
			return loyalty.EventState{}, loyalty.Refuse(
				loyalty.ValidationFailed, "/at", "at must not be more than a day before the member enrolled.",
			)
		}
		s := PricedEvent(d, rules, ev.At)
		s.Event, s.Revision = ev, 1
		return s, nil
	}
	s := *prior
	switch {
	case s.Event.Member != ev.Member:
		return s, loyalty.Refuse(loyalty.ValidationFailed, "/member", "The event belongs to another member.")
	case !s.Event.At.Equal(ev.At):
		return s, loyalty.Refuse(
			loyalty.ValidationFailed, "/at",
			"The instant (at) of an event cannot change. Use a new event ID for another event.",
		)
	}
	s.Grants, s.Shares = slices.Clone(s.Grants), slices.Clone(s.Shares)
	s.Event = ev
	s.Revision++
	return s, nil
}

// CheckEvent rejects an event of a type unknown to the program, or with data that does not match the type's fields.
func CheckEvent(types []loyalty.EventType, ev loyalty.Event) error {
	family, ok := EventType(types, ev.Type)
	if !ok || ev.Family() == "member" {
		return loyalty.Refuse(loyalty.ValidationFailed, "/type", fmt.Sprintf(
			"Unknown event type %q. The program has %s.",
			ev.Type, strings.Join(EventTypeNames(types), ", "),
		))
	}
	for _, name := range slices.Sorted(maps.Keys(ev.Data)) {
		want, known := family.Fields[name]
		if !known {
			return loyalty.Refuse(loyalty.ValidationFailed, "/data/"+name, fmt.Sprintf(
				"Events of the type %s have no field %s. The fields are %s.",
				family.Name, name, strings.Join(slices.Sorted(maps.Keys(family.Fields)), ", "),
			))
		}
		got := loyalty.FieldKind("")
		switch ev.Data[name].(type) {
		case string:
			got = loyalty.TextField
		case *big.Rat:
			got = loyalty.NumberField
		case bool:
			got = loyalty.BooleanField
		}
		if got != want {
			return loyalty.Refuse(loyalty.ValidationFailed, "/data/"+name, "The value must be a "+string(want)+".")
		}
	}
	return nil
}

// EventTypeNames returns the event types that merchants can send, such as "review.approved".
func EventTypeNames(types []loyalty.EventType) (out []string) {
	for _, family := range EventTypes(types) {
		for _, state := range family.States {
			out = append(out, family.Name+"."+state)
		}
	}
	return out
}

// EventFacts returns the facts about an event that conditions can use.
func EventFacts(s *loyalty.EventState, zone *time.Location) *loyalty.Facts {
	return &loyalty.Facts{Event: &s.Event, Buyer: s.Buyer, At: s.Event.At.In(zone)}
}

// AwardEvent posts the entry that updates an event's points. The first revision gets an entry even if it gives nothing.
// The conditions of actions are evaluated with the given facts. The points do not become active before the given
// instant.
func AwardEvent(
	d *posting.Decision, rules earn.Rules, s *loyalty.EventState, facts *loyalty.Facts, from time.Time,
) error {
	day := calendar.DateOf(s.Event.At, rules.Zone)
	e := loyalty.Entry{
		Kind:    loyalty.KindEarn,
		Cause:   loyalty.Cause{Kind: loyalty.CauseEvent, ID: EventCause(s.Event), Revision: s.Revision},
		Program: s.Program, Effective: s.Event.At,
	}
	if s.Revision > 1 {
		e.Effective = d.Now
		if s.Worth != 0 {
			e.Reasons = append(
				e.Reasons, loyalty.NewReason("revision", loyalty.FormatPoints(-s.Worth), loyalty.WasGiven),
			)
		}
	}
	total := loyalty.Points(0)
	for _, a := range rules.Earn.Actions {
		a = actionOf(a, s.Event)
		target := actionWorth(d, s, a, facts, &e, day, rules.Zone)
		e = grantAction(d, e, rules, s, a, target, from)
		if a.Wallet == "" {
			total += target
		}
	}
	if total < s.Worth {
		e.Kind = loyalty.KindClawback
	}
	e = posting.LostToExpiry(posting.WithIssued(e))
	tier.CountEvent(s, &e, d.P, rules, d.Account, total-s.Worth)
	tier.CountEventInGroups(s, &e, d.P, rules, d.Account, total)
	s.Worth = total
	e.Event, e.Traits, d.Traits = s, d.Traits, nil
	switch is, was := posting.IsActivity(&d.P.Earn, s.Event.Type), s.SlidTo != 0; {
	case is && !was:
		s.SlidTo = posting.NoteActivity(d, &e, s.Event.At)
	case was && !is:
		posting.WithdrawActivity(d, &e, s.SlidTo, s.Event.At)
		s.SlidTo = 0
	}
	if err := d.Post(e); err != nil {
		return err
	}
	return posting.ExpireInactive(d)
}

// actionWorth returns the points that one action gives for the event's current state. It adds the reason, and the use
// of the action's limits, to the entry.
func actionWorth(
	d *posting.Decision, s *loyalty.EventState, a loyalty.Action, facts *loyalty.Facts, e *loyalty.Entry,
	day calendar.Date, zone *time.Location,
) loyalty.Points {
	key := "earn.actions." + a.ID
	share := share(s, key)
	n := loyalty.Points(0)
	switch {
	case a.Event != s.Event.Type:
	case missedBy(s, a) != "":
		e.Reasons = append(e.Reasons, earn.MissingReason(key, missedBy(s, a)))
	default:
		if what, of := unmetRestriction(a, s); what != "" {
			e.Reasons = append(e.Reasons, loyalty.NewReason(key, "0", loyalty.IsFor, what, strings.Join(of, ", ")))
		} else {
			n = allowed(d, s, a, share, facts, e, day)
		}
	}
	if n == 0 && share.Used == 0 {
		s.Shares = slices.DeleteFunc(s.Shares, func(x loyalty.Share) bool { return x == loyalty.Share{Rule: key} })
		return 0
	}
	had := share.Used > 0
	share.Peak = max(share.Peak, n)
	e.Usage = append(e.Usage, earn.UseShare(share, n, nil, a.Limits, day)...)
	if rest := a.Cooldown; !rest.IsZero() && had != (n > 0) {
		last := calendar.DateOf(rest.After(s.Event.At, zone).Add(-1), zone)
		e.Usage = append(e.Usage, loyalty.Usage{
			Rule: key, Times: true, Per: loyalty.PerRest, Ends: last, N: map[bool]int64{true: 1, false: -1}[n > 0],
		})
	}
	return n
}

// unmetRestriction returns the restriction of an action that the event or its member does not meet, with the allowed
// values. It returns an empty string if all restrictions are met.
func unmetRestriction(a loyalty.Action, s *loyalty.EventState) (what string, which []string) {
	at := s.Event.At
	switch {
	case at.Before(a.From) || !a.Until.IsZero() && !at.Before(a.Until):
		return "time", nil
	case !earn.OneOf(a.Tiers, s.Buyer.Level):
		return "tiers", a.Tiers
	case !earn.AnyOf(a.Segments, s.Buyer.Segments):
		return "segments", a.Segments
	}
	return "", nil
}

// meets reports whether the condition of an action holds. For a referral, this was decided together with the friend's
// order.
func meets(s *loyalty.EventState, a loyalty.Action, facts *loyalty.Facts) (bool, error) {
	if posting.Refers(a) {
		return slices.Contains(s.Meets, a.ID), nil
	}
	return a.When.Holds(facts)
}

// allowed returns the points that an action's condition, limits and cooldown allow for a matching event.
func allowed(
	d *posting.Decision, s *loyalty.EventState, a loyalty.Action, share *loyalty.Share, facts *loyalty.Facts,
	e *loyalty.Entry, day calendar.Date,
) loyalty.Points {
	key := share.Rule
	if a.When != nil {
		ok, err := meets(s, a, facts)
		if err != nil {
			e.Reasons = append(e.Reasons, loyalty.NewReason(key, "0", loyalty.IsFailed, err.Error()))
		}
		if !ok && err == nil {
			e.Reasons = append(e.Reasons, loyalty.NewReason(key, "0", loyalty.IsUnmet, a.When.String()))
		}
		if !ok || err != nil {
			return 0
		}
	}
	if l, full := earn.LimitReached(share, d.Account, a.Limits, day); full {
		e.Reasons = append(
			e.Reasons, loyalty.NewReason(key, "0", loyalty.IsLimited, strconv.FormatInt(l.Times, 10), string(l.Per)),
		)
		return 0
	}
	if until := restsUntil(d.Account, key, day); until != 0 && share.Peak == 0 {
		e.Reasons = append(e.Reasons, loyalty.NewReason(key, "0", loyalty.IsResting, until.String()))
		return 0
	}
	e.Reasons = append(
		e.Reasons, loyalty.ReasonIn(a.Wallet, key, a.Points, loyalty.IsFixed, loyalty.FormatPoints(a.Points)),
	)
	return a.Points
}

// restsUntil returns the last day of an action's cooldown. It returns zero if there is no cooldown on the given day.
func restsUntil(a loyalty.Account, key string, day calendar.Date) calendar.Date {
	for _, u := range a.Usage {
		if u.Rule == key && u.Times && u.Per == loyalty.PerRest && u.N > 0 && u.Ends >= day {
			return u.Ends
		}
	}
	return 0
}

// Begin sets when the points of an action become active and when they expire. They do not become active before the
// given instant.
func Begin(
	d *posting.Decision, rules earn.Rules, s *loyalty.EventState, a loyalty.Action, g *loyalty.Grant,
	from time.Time,
) {
	expires := posting.WalletExpiry(&rules.Earn, &rules.Tiers, rules.Wallets, a.Wallet, s.Buyer.Level)
	wait, expiry := posting.OverrideLife(a.Life, calendar.Wait{}, expires)
	if g.ActiveAt = wait.Active(s.Event.At, time.Time{}, rules.Zone); !g.ActiveAt.IsZero() {
		g.ActiveAt = calendar.Later(g.ActiveAt, from)
		g.Expires = expiry.Date(g.ActiveAt, posting.AnniversaryStart(d.Account, expiry), rules.Zone)
	}
}

// grantAction adds to the entry the difference between the points that an action should give and those that it has
// given.
func grantAction(
	d *posting.Decision, e loyalty.Entry, rules earn.Rules, s *loyalty.EventState, a loyalty.Action,
	target loyalty.Points, from time.Time,
) loyalty.Entry {
	at := slices.IndexFunc(s.Grants, func(g loyalty.Grant) bool { return g.Rule == a.ID })
	if at < 0 {
		if target == 0 {
			return e
		}
		s.Grants = append(s.Grants, loyalty.Grant{Rule: a.ID, Wallet: a.Wallet})
		at = len(s.Grants) - 1
	}
	g := &s.Grants[at]
	if g.Worth == 0 && g.ActiveAt.IsZero() {
		Begin(d, rules, s, a, g, from)
	}
	if g.Wallet != "" {
		e.Reasons = withPreviousPoints(e.Reasons, *g)
	}
	delta := target - g.Worth
	switch {
	case delta > 0:
		e = posting.GiveBack(d, e, delta, g, time.Time{})
	case delta < 0:
		e = posting.ClawBack(d, e, -delta, g)
	}
	g.Worth = target
	return e
}

func share(s *loyalty.EventState, rule string) *loyalty.Share { return earn.ShareIn(&s.Shares, rule) }
