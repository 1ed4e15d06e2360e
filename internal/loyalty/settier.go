package loyalty

import (
	"fmt"
	"slices"
	"time"
)

// A Placement is a level that is set manually for a member: as a correction, as a match of a status in another program,
// or permanently.
type Placement struct {
	Level     string
	Reason    string
	Until     time.Time // kept at least until then; zero: as long as a level that the member reached
	Locked    bool      // until Until, nothing moves it up or down
	Permanent bool      // the level is a permanent minimum
	TierGroup string    // the tier group of the level; empty for Tiers
}

// SetTier sets a member's level manually. The program's rules continue to apply: the level is reviewed at its end, and
// a member who qualifies for a higher level moves up. If the level is locked, the member moves up when the lock ends.
// The account must have been advanced to now.
func (p *Program) SetTier(acc Account, id string, in Placement, now time.Time) (Outcome, error) {
	d := p.decide(acc, now)
	on := d
	if in.TierGroup != "" {
		v, _, ok := p.TierGroupStanding(acc, in.TierGroup)
		if !ok {
			return Outcome{}, refuse(
				ValidationFailed, "/tier_group",
				fmt.Sprintf("The program has no tier group %q.", in.TierGroup),
			)
		}
		on = d.on(v)
	}
	if err := on.checkPlacement(in); err != nil {
		return Outcome{}, err
	}
	was := on.Account
	err := on.setTier(id, in)
	d.Needs = d.Needs.with(on.summedUp(was))
	return d.Outcome, err
}

// summedUp requests all entries if the account merged months that a manually set level needs in separate buckets; see
// lasting. was is the account before the change.
func (d *decision) summedUp(was Account) (n Needs) {
	acc, p := d.Account, d.p
	if !p.rolls() || slices.ContainsFunc(was.standings(), Standing.manual) ||
		len(acc.Metrics) == 0 || acc.Metrics[0].Month != 0 {
		return n
	}
	return Needs{Since: acc.Joined, Recorded: acc.Joined, All: true}
}

// checkPlacement rejects a level that cannot be set.
func (d *decision) checkPlacement(in Placement) error {
	_, rung, ok := d.p.Level(in.Level)
	now := d.now
	segments := d.Account // without the permanent minimum that was set manually before: the latest placement counts
	segments.Tier.Minimum = ""
	floor := d.p.floor(segments)
	switch {
	case d.Account.Status != Active:
		return frozen("")
	case !ok:
		return refuse(ValidationFailed, "/level", fmt.Sprintf("The program has no level %q.", in.Level))
	case rung < floor && !in.Locked:
		return refuse(
			ValidationFailed, "/level",
			fmt.Sprintf(
				"A segment gives the member at least %q. A lower level must be locked.",
				d.p.Tiers.Levels[floor].ID,
			),
		)
	case in.Permanent && (in.Locked || !in.Until.IsZero()):
		return refuse(
			ValidationFailed, "/permanent",
			"A permanent level has no end and is not locked. Omit until and locked.",
		)
	case in.Locked && in.Until.IsZero():
		return refuse(ValidationFailed, "/until", "Specify until, the end of the lock.")
	case !in.Until.IsZero() && !in.Until.After(now):
		return refuse(ValidationFailed, "/until", "The instant must be in the future.")
	case in.Until.After(now.AddDate(MaxPlacement, 0, 0)):
		return refuse(
			ValidationFailed, "/until",
			fmt.Sprintf("The instant must be at most %d years ahead. Make the level permanent instead.", MaxPlacement),
		)
	}
	return nil
}

// setTier sets the level of a placement that was checked.
func (d *decision) setTier(id string, in Placement) error {
	p, acc, now := d.p, d.Account, d.now
	_, rung, _ := p.Level(in.Level)
	from := p.rung(acc.Tier)
	d.Account.Tier.Minimum = "" // the latest placement replaces an earlier minimum
	until := p.reachedUntil(d.Account, now)
	if !in.Until.IsZero() {
		until = in.Until
	}
	s := p.onLevel(d.Account, rung, until, now)
	if rung == from {
		s.Since, s.From = acc.Tier.Since, acc.Tier.From
		s.Lock = now // a period that ended before no longer moves it
	}
	switch {
	case in.Permanent:
		s.Minimum, s.Until = in.Level, time.Time{}
	case in.Locked:
		s.Until, s.Lock = in.Until, in.Until
	}
	s.Given = !in.Until.IsZero() && !s.Until.IsZero()
	d.Account = acc
	s = s.decidedAt(later(now, acc.Tier.decided()))
	if d.trial != nil {
		d.stand(s)
		return d.welcome(from, rung)
	}
	e := Entry{
		Kind: KindMoveTier, Cause: Cause{CauseTier, id, 1}, Effective: now, Standing: &s,
		Reasons: []Reason{NewReason(p.levelKey(in.Level), "0", WasPlaced, acc.Tier.Level, in.Level, in.Reason)},
	}
	d.slideAtLevel(&e, s.Level, now)
	if err := d.post(e); err != nil {
		return err
	}
	return d.welcome(from, rung)
}

// MaxPlacement is for how many years a level can be set manually.
const MaxPlacement = 10

// floored moves the account up to its minimums in Tiers and all tier groups, after the member's traits changed.
func (d *decision) floored() error {
	if err := d.floorTier(); err != nil {
		return err
	}
	return d.onLadders((*decision).floorTier)
}

// floorTier moves the account up to its minimum level after the member's traits changed, and first to the level of a
// period that ended. If the minimum no longer holds the member's level, the member keeps the level as if it had been
// reached now.
func (d *decision) floorTier() error {
	if len(d.p.Tiers.Levels) == 0 || d.locked() {
		return nil
	}
	if err := d.riseTier(d.now); err != nil {
		return err
	}
	if err := d.liftTier(); err != nil {
		return err
	}
	s := d.Account.Tier
	until := d.p.reachedUntil(d.Account, d.now)
	if d.p.rung(s) == d.p.floor(d.Account) || !s.Until.IsZero() || until.IsZero() {
		return nil
	}
	s.Until = until
	n, window := d.p.measure(d.Account, d.now)
	return d.standing(s, d.now, NewReason(d.p.levelKey(s.Level), "0", HasStayed, n, window))
}
