package loyalty

import (
	"slices"
	"time"
)

// Join opens an account. It posts a first entry that moves no points and begins the account's chain of entries. That
// entry records the lowest level, if the program has levels, and the member's traits. Then Join awards what joining
// earns.
func (p *Program) Join(m MemberID, t Traits, now time.Time) (Outcome, error) {
	d := p.decide(Account{Member: m}, now)
	e := Entry{Kind: KindEnroll, Cause: Cause{CauseEnrollment, string(m), 1}, Effective: now}
	if len(p.Tiers.Levels) > 0 {
		e.Standing = &Standing{Level: p.Tiers.Levels[0].ID, Since: now}
	}
	t = p.withBirthday(t, t.Birthday, now)
	if t.Birthday == 0 {
		t.Changed = time.Time{}
	}
	t.Segments = slices.Compact(slices.Sorted(slices.Values(t.Segments)))
	e.Traits = &t
	if err := d.post(e); err != nil {
		return Outcome{}, err
	}
	if err := d.floored(); err != nil {
		return Outcome{}, err
	}
	if slices.ContainsFunc(p.Earn.Actions, func(a Action) bool { return a.Event == EventJoined }) {
		s := EventState{
			Event:    Event{Type: EventJoined, ID: string(m) + ":joined", Member: m, At: now},
			Revision: 1, Program: p.Version, Buyer: p.actor(d.Account, now),
		}
		was := d.Account
		if err := d.award(p, &s, s.facts(p), time.Time{}); err != nil {
			return Outcome{}, err
		}
		if err := d.autoRedeem(now); err != nil {
			return Outcome{}, err
		}
		if err := d.climbAll(now, was); err != nil {
			return Outcome{}, err
		}
	}
	return d.Outcome, nil
}
