package loyalty

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Family returns the part of the type before the state: "review" for "review.approved".
func (e Event) Family() string {
	family, _, _ := strings.Cut(e.Type, ".")
	return family
}

// Cause returns the event's ID as a cause ID. It is the same in all states of the event.
func (e Event) Cause() string { return e.Family() + ":" + e.ID }

// PlaceEvent updates the points of an event to its current state. A pending review gives nothing, an approved one gives
// the points of its actions, and one that is declined later gives nothing again. As with orders, later revisions use
// the rules of the first revision, which are those of the version that prior names. The account must have been advanced
// to now.
func (p *Program) PlaceEvent(acc Account, prior *EventState, rules *Program, ev Event, now time.Time) (Outcome, error) {
	if acc.Status != Active {
		return Outcome{}, frozen("/member")
	}
	if err := rules.checkEvent(ev); err != nil && p.checkEvent(ev) != nil { // an older version may not know the type
		return Outcome{}, err
	}
	s, err := p.eventState(acc, prior, rules, ev, now)
	if err != nil {
		return Outcome{}, err
	}
	d := p.decide(acc, now)
	if err := d.award(rules, &s, s.facts(rules), time.Time{}); err != nil {
		return Outcome{}, err
	}
	if err := d.autoRedeem(now); err != nil {
		return Outcome{}, err
	}
	if err := d.climb(acc, ev.At); err != nil {
		return Outcome{}, err
	}
	return d.Outcome, nil
}

func (p *Program) eventState(
	acc Account, prior *EventState, rules *Program, ev Event, now time.Time,
) (EventState, error) {
	if prior == nil {
		switch {
		case ev.At.After(now.Add(MaxOrderAhead)):
			return EventState{}, refuse(ValidationFailed, "/at", "at must not be in the future.")
		case ev.At.Before(now.Add(-MaxOrderAge)):
			return EventState{}, refuse(ValidationFailed, "/at", "at must be within the last 90 days.")
		case ev.At.Before(acc.Joined.Add(-JoinGrace)):
			return EventState{}, refuse(
				ValidationFailed, "/at", "at must not be more than a day before the member enrolled.",
			)
		}
		s := p.pricedEvent(rules, acc, ev.At)
		s.Event, s.Revision = ev, 1
		return s, nil
	}
	s := *prior
	switch {
	case s.Event.Member != ev.Member:
		return s, refuse(ValidationFailed, "/member", "The event belongs to another member.")
	case !s.Event.At.Equal(ev.At):
		return s, refuse(ValidationFailed, "/at", "The instant (at) of an event cannot change. Use a new event ID for another event.")
	}
	s.Grants, s.Shares = slices.Clone(s.Grants), slices.Clone(s.Shares)
	s.Event = ev
	s.Revision++
	return s, nil
}

// actor returns the facts about a member that conditions of actions can use.
func (p *Program) actor(acc Account, at time.Time) Buyer { return acc.actor(p.levelAt(acc, at).ID, at) }

// actor returns the same facts for a member whose level is known.
func (a Account) actor(level string, at time.Time) Buyer {
	return Buyer{
		Level: level, Orders: a.orders(), Segments: a.Traits.Segments,
		OptIns: a.Traits.optedIn(at), Birthday: a.Traits.Birthday, Zone: a.Traits.Zone,
	}
}

// checkEvent rejects an event of a type unknown to the program, or with data that does not match the type's fields.
func (p *Program) checkEvent(ev Event) error {
	family, ok := p.EventType(ev.Type)
	if !ok || ev.Family() == "member" {
		return refuse(ValidationFailed, "/type", fmt.Sprintf(
			"Unknown event type %q. The program has %s.",
			ev.Type, strings.Join(p.eventTypes(), ", "),
		))
	}
	for _, name := range slices.Sorted(maps.Keys(ev.Data)) {
		want, known := family.Fields[name]
		if !known {
			return refuse(ValidationFailed, "/data/"+name, fmt.Sprintf(
				"Events of the type %s have no field %s. The fields are %s.",
				family.Name, name, strings.Join(slices.Sorted(maps.Keys(family.Fields)), ", "),
			))
		}
		got := FieldKind("")
		switch ev.Data[name].(type) {
		case string:
			got = TextField
		case *big.Rat:
			got = NumberField
		case bool:
			got = BooleanField
		}
		if got != want {
			return refuse(ValidationFailed, "/data/"+name, "The value must be a "+string(want)+".")
		}
	}
	return nil
}

func (p *Program) eventTypes() (out []string) {
	for _, family := range p.EventTypes() {
		for _, state := range family.States {
			out = append(out, family.Name+"."+state)
		}
	}
	return out
}

// facts returns the facts about an event that conditions can use.
func (s *EventState) facts(rules *Program) *Facts {
	return &Facts{Event: &s.Event, Buyer: s.Buyer, At: s.Event.At.In(rules.Zone)}
}

// award posts the entry that updates an event's points. The first revision gets an entry even if it gives nothing.
// Conditions of actions are evaluated on facts. The points become active at from at the earliest.
func (d *decision) award(rules *Program, s *EventState, facts *Facts, from time.Time) error {
	day := DateOf(s.Event.At, rules.Zone)
	e := Entry{
		Kind: KindEarn, Cause: Cause{CauseEvent, s.Event.Cause(), s.Revision},
		Program: s.Program, Effective: s.Event.At,
	}
	if s.Revision > 1 {
		e.Effective = d.now
		if s.Worth != 0 {
			e.Reasons = append(e.Reasons, NewReason("revision", points(-s.Worth), WasGiven))
		}
	}
	total := Points(0)
	for _, a := range rules.Earn.Actions {
		a = a.of(s.Event)
		target := d.actionWorth(s, a, facts, &e, day, rules.Zone)
		e = d.grantAction(e, rules, s, a, target, from)
		if a.Wallet == "" {
			total += target
		}
	}
	if total < s.Worth {
		e.Kind = KindClawback
	}
	e = lostToExpiry(issued(e))
	s.count(&e, d.p, rules, d.Account, total-s.Worth)
	s.countLadders(&e, d.p, rules, d.Account, total)
	s.Worth = total
	e.Event, e.Traits, d.traits = s, d.traits, nil
	switch is, was := d.p.isActivity(s.Event.Type), s.SlidTo != 0; {
	case is && !was:
		s.SlidTo = d.active(&e, s.Event.At)
	case was && !is:
		d.inactive(&e, s.SlidTo, s.Event.At)
		s.SlidTo = 0
	}
	if err := d.post(e); err != nil {
		return err
	}
	return d.expireInactive()
}

// actionWorth returns the points that one action gives for the event's current state. It adds the reason, and the use
// of the action's limits, to the entry.
func (d *decision) actionWorth(s *EventState, a Action, facts *Facts, e *Entry, day Date, zone *time.Location) Points {
	key := "earn.actions." + a.ID
	share := s.share(key)
	n := Points(0)
	switch {
	case a.Event != s.Event.Type:
	case s.missedBy(a) != "":
		e.Reasons = append(e.Reasons, missingReason(key, s.missedBy(a)))
	default:
		if what, of := a.elsewhere(s); what != "" {
			e.Reasons = append(e.Reasons, NewReason(key, "0", IsFor, what, strings.Join(of, ", ")))
		} else {
			n = d.allowed(s, a, share, facts, e, day)
		}
	}
	if n == 0 && share.Used == 0 {
		s.Shares = slices.DeleteFunc(s.Shares, func(x Share) bool { return x == Share{Rule: key} })
		return 0
	}
	had := share.Used > 0
	share.Peak = max(share.Peak, n)
	e.Usage = append(e.Usage, share.use(n, nil, a.Limits, day)...)
	if rest := a.Cooldown; !rest.IsZero() && had != (n > 0) {
		last := DateOf(rest.After(s.Event.At, zone).Add(-1), zone)
		e.Usage = append(e.Usage, Usage{
			Rule: key, Times: true, Per: perRest, Ends: last, N: map[bool]int64{true: 1, false: -1}[n > 0],
		})
	}
	return n
}

// elsewhere returns the restriction of an action that the event or its member does not meet, with the allowed values.
// It returns an empty string if all restrictions are met.
func (a Action) elsewhere(s *EventState) (what string, which []string) {
	at := s.Event.At
	switch {
	case at.Before(a.From) || !a.Until.IsZero() && !at.Before(a.Until):
		return "time", nil
	case !oneOf(a.Tiers, s.Buyer.Level):
		return "tiers", a.Tiers
	case !anyOf(a.Segments, s.Buyer.Segments):
		return "segments", a.Segments
	}
	return "", nil
}

// meets reports whether the condition of an action holds. For a referral, this was decided with the friend's order.
func (s *EventState) meets(a Action, facts *Facts) (bool, error) {
	if a.refers() {
		return slices.Contains(s.Meets, a.ID), nil
	}
	return a.When.Holds(facts)
}

// allowed returns the points that an action gives for a matching event under its condition, limits and cooldown.
func (d *decision) allowed(s *EventState, a Action, share *Share, facts *Facts, e *Entry, day Date) Points {
	key := share.Rule
	if a.When != nil {
		ok, err := s.meets(a, facts)
		if err != nil {
			e.Reasons = append(e.Reasons, NewReason(key, "0", IsFailed, err.Error()))
		}
		if !ok && err == nil {
			e.Reasons = append(e.Reasons, NewReason(key, "0", IsUnmet, a.When.String()))
		}
		if !ok || err != nil {
			return 0
		}
	}
	if l, full := share.limited(d.Account, a.Limits, day); full {
		e.Reasons = append(e.Reasons, NewReason(key, "0", IsLimited, strconv.FormatInt(l.Times, 10), string(l.Per)))
		return 0
	}
	if until := d.Account.restsUntil(key, day); until != 0 && share.Peak == 0 {
		e.Reasons = append(e.Reasons, NewReason(key, "0", IsResting, until.String()))
		return 0
	}
	e.Reasons = append(e.Reasons, reasonIn(a.Wallet, key, a.Points, IsFixed, points(a.Points)))
	return a.Points
}

// restsUntil returns the last day of an action's cooldown, or zero if no cooldown is running.
func (a Account) restsUntil(key string, day Date) Date {
	for _, u := range a.Usage {
		if u.Rule == key && u.Times && u.Per == perRest && u.N > 0 && u.Ends >= day {
			return u.Ends
		}
	}
	return 0
}

// begin sets from when the points of an action are active, and when they expire.
func (d *decision) begin(rules *Program, s *EventState, a Action, g *Grant, from time.Time) {
	wait, expiry := a.Life.over(Wait{}, rules.expiry(a.Wallet, s.Buyer.Level))
	if g.ActiveAt = wait.Active(s.Event.At, time.Time{}, rules.Zone); !g.ActiveAt.IsZero() {
		g.ActiveAt = later(g.ActiveAt, from)
		g.Expires = expiry.Date(g.ActiveAt, d.Account.since(expiry), rules.Zone)
	}
}

// grantAction changes the points that an action has given to the target.
func (d *decision) grantAction(e Entry, rules *Program, s *EventState, a Action, target Points, from time.Time) Entry {
	at := slices.IndexFunc(s.Grants, func(g Grant) bool { return g.Rule == a.ID })
	if at < 0 {
		if target == 0 {
			return e
		}
		s.Grants = append(s.Grants, Grant{Rule: a.ID, Wallet: a.Wallet})
		at = len(s.Grants) - 1
	}
	g := &s.Grants[at]
	if g.Worth == 0 && g.ActiveAt.IsZero() {
		d.begin(rules, s, a, g, from)
	}
	if g.Wallet != "" {
		e.Reasons = given(e.Reasons, *g)
	}
	delta := target - g.Worth
	switch {
	case delta > 0:
		e = d.giveBack(e, delta, g, time.Time{})
	case delta < 0:
		e = d.clawBack(e, -delta, g)
	}
	g.Worth = target
	return e
}

func (s *EventState) share(rule string) *Share { return shareIn(&s.Shares, rule) }
