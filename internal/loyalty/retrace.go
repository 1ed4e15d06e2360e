package loyalty

import (
	"fmt"
	"time"
)

// Retrace computes a member's standing anew from the entries alone, by nothing but what they count towards levels, what
// they say of the member, and what somebody set by hand: the standings that they record are not looked at. It is what
// the account's own standing is, as long as these rules were in force all along. Entries are all of the member's, in
// their order.
func (p *Program) Retrace(entries []Entry, now time.Time) (Standing, error) {
	var d decision
	for i, e := range entries {
		at, counts := e.decided()
		e, about := e.about(p.compiled.ladder)
		if !counts || !about {
			continue
		}
		if i == 0 {
			d = *p.decide(Account{Member: e.Member, Joined: at}, at)
			if len(p.Tiers.Levels) > 0 {
				d.Account.Tier = Standing{Level: p.Tiers.Levels[0].ID, Since: at}
			}
		}
		if err := d.passTiers(at); err != nil {
			return Standing{}, err
		}
		if err := d.retrace(e); err != nil {
			return Standing{}, err
		}
	}
	err := d.passTiers(now)
	return d.Account.Tier, err
}

// RetraceOn is Retrace on a ladder.
func (p *Program) RetraceOn(ladder string, entries []Entry, now time.Time) (Standing, error) {
	v, _, ok := p.OnLadder(Account{}, ladder)
	if !ok {
		return Standing{}, fmt.Errorf("loyalty: there is no ladder %q", ladder)
	}
	return v.Retrace(entries, now)
}

// decided is the instant at which an entry was decided about; false if it says nothing about levels.
func (e Entry) decided() (time.Time, bool) {
	switch {
	case e.celebrates(), e.placed(), e.Notice != nil:
		return e.Effective, true
	case e.Kind == KindJoin, e.Kind == KindMember, e.Cause.Kind == CauseOrder, e.Cause.Kind == CauseEvent:
		return e.Recorded, true
	}
	return time.Time{}, false
}

// celebrates reports whether an entry is of an occasion that time brings.
func (e Entry) celebrates() bool {
	return e.Event != nil && (e.Event.Event.Type == EventBirthday || e.Event.Event.Type == EventAnniversary)
}

// placed reports whether an entry is of a level that was set by hand.
func (e Entry) placed() bool {
	return e.Kind == KindTier && len(e.Because) > 0 && e.Because[0].What == WasPlaced
}

// retrace takes over what an entry counts, says or sets, and decides about the level as the command did.
func (d *decision) retrace(e Entry) error {
	was := d.Account
	if e.Metric != nil {
		d.Account.Metrics = addMetric(d.Account.Metrics, *e.Metric, e.Window)
	}
	for _, b := range e.Brands {
		d.Account.Brands = addBrand(d.Account.Brands, b, e.Window)
	}
	if e.Notice != nil {
		d.Account.Notices = addNotice(d.Account.Notices, *e.Notice)
	}
	if e.Traits != nil {
		d.Account.Traits = *e.Traits
	}
	switch told := e.Kind == KindEarn || e.Kind == KindClawback; {
	case e.placed():
		d.Account.Tier = *e.Standing
	case e.Kind == KindJoin, e.Kind == KindMember:
		return d.floorTier()
	case told && e.Cause.Kind == CauseOrder:
		return d.climbTier(e.Order.Order.PlacedAt, was)
	case told && e.Cause.Kind == CauseEvent && !e.celebrates():
		return d.climbTier(e.Event.Event.At, was)
	}
	return nil
}
