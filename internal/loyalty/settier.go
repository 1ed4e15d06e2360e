package loyalty

import (
	"fmt"
	"slices"
	"time"
)

// A Placement is a level that somebody gives a member by hand: as a correction, as a match of what the member has
// elsewhere, or for ever.
type Placement struct {
	Level     string
	Reason    string
	Until     time.Time // kept at least until then; zero: as long as one that was reached
	Locked    bool      // until then nothing moves it, up or down
	Permanent bool      // it is the least level for ever
	TierGroup string    // of which one it is; empty: of Tiers
}

// SetTier gives a member a level by hand. From then on the program's own rules go on: the level is reviewed when its
// time is up, and who qualifies for a higher one climbs, unless it is locked, and then as soon as it no longer is. The
// account must have been advanced to now.
func (p *Program) SetTier(acc Account, id string, in Placement, now time.Time) (Outcome, error) {
	d := p.decide(acc, now)
	on := d
	if in.TierGroup != "" {
		v, _, ok := p.TierGroupStanding(acc, in.TierGroup)
		if !ok {
			return Outcome{}, refuse(ValidationFailed, "/ladder", fmt.Sprintf("The program has no ladder %q.", in.TierGroup))
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

// summedUp asks for all entries if months were summed up that a level which is set manually needs apart; see lasting. was
// is the account before.
func (d *decision) summedUp(was Account) (n Needs) {
	acc, p := d.Account, d.p
	if !p.rolls() || slices.ContainsFunc(was.standings(), Standing.manual) || len(acc.Metrics) == 0 || acc.Metrics[0].Month != 0 {
		return n
	}
	return Needs{Since: acc.Joined, Recorded: acc.Joined, All: true}
}

// checkPlacement refuses a level that cannot be given.
func (d *decision) checkPlacement(in Placement) error {
	_, rung, ok := d.p.Level(in.Level)
	now := d.now
	segments := d.Account // and not what a person gave for ever before: the latest word counts
	segments.Tier.Minimum = ""
	floor := d.p.floor(segments)
	switch {
	case d.Account.Status != Active:
		return frozen("")
	case !ok:
		return refuse(ValidationFailed, "/level", fmt.Sprintf("The program has no level %q.", in.Level))
	case rung < floor && !in.Locked:
		return refuse(ValidationFailed, "/level", fmt.Sprintf("A segment of the member has at least %q; below that a level can only be locked.", d.p.Tiers.Levels[floor].ID))
	case in.Permanent && (in.Locked || !in.Until.IsZero()):
		return refuse(ValidationFailed, "/permanent", "What is for ever has no end and is not locked; leave out until and locked.")
	case in.Locked && in.Until.IsZero():
		return refuse(ValidationFailed, "/until", "Say until when the level is locked.")
	case !in.Until.IsZero() && !in.Until.After(now):
		return refuse(ValidationFailed, "/until", "This must be in the future.")
	case in.Until.After(now.AddDate(MaxPlacement, 0, 0)):
		return refuse(ValidationFailed, "/until", fmt.Sprintf("This must be at most %d years ahead; a level can be given for ever instead.", MaxPlacement))
	}
	return nil
}

// setTier gives the level of a placement that was checked.
func (d *decision) setTier(id string, in Placement) error {
	p, acc, now := d.p, d.Account, d.now
	_, rung, _ := p.Level(in.Level)
	from := p.rung(acc.Tier)
	d.Account.Tier.Minimum = "" // the latest word of a person counts
	until := p.reachedUntil(d.Account, now)
	if !in.Until.IsZero() {
		until = in.Until
	}
	s := p.onLevel(d.Account, rung, until, now)
	if rung == from {
		s.Since, s.From = acc.Tier.Since, acc.Tier.From
		s.Lock = now // a period that ended before does not move it any more
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

// MaxPlacement is for how many years a level can be given by hand.
const MaxPlacement = 10

// floored brings the account up to its floors on all ladders after what is known of the member changed.
func (d *decision) floored() error {
	if err := d.floorTier(); err != nil {
		return err
	}
	return d.onLadders((*decision).floorTier)
}

// floorTier brings the account up to its floor after what is known of the member changed, and to the level of a period
// that the change has ended. Who is no longer above a floor that held the level keeps it like one that was reached now.
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
