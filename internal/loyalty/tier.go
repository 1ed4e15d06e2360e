package loyalty

import (
	"strconv"
	"time"
)

// rung is the place of a standing's level; of one that the program no longer has, that of the one in its place.
func (p *Program) rung(s Standing) int {
	_, i, ok := p.Level(s.Level)
	if !ok {
		_, i, _ = p.Level(p.Tiers.Gone[s.Level])
	}
	return i
}

// levelAt is the level that counted for an order placed at an instant.
func (p *Program) levelAt(acc Account, placed time.Time) Level {
	if len(p.Tiers.Levels) == 0 {
		return Level{}
	}
	s := acc.Tier
	if placed.Before(s.Since) && s.Before != "" {
		s.Level = s.Before
	}
	return p.Tiers.Levels[p.rung(s)]
}

// climb moves the account up on all ladders after something that happened at an instant. was is the account before it.
func (d *decision) climb(placed time.Time, was Account) error {
	if err := d.climbTier(placed, was); err != nil {
		return err
	}
	return d.onLadders(func(d *decision) error { return d.climbTier(placed, d.p.view(was)) })
}

// climbTier moves the account up to the level that it qualifies for after something that happened at an instant, if that
// is a higher one. Where that instant lies in a period that is over by now, the period is decided again, so that what
// is told late counts as if it had been told in time; nothing is ever taken away for it. was is the account before it.
func (d *decision) climbTier(placed time.Time, was Account) error {
	if len(d.p.Tiers.Levels) == 0 || d.locked() {
		return nil
	}
	if err := d.climbLate(placed, was); err != nil {
		return err
	}
	if _, cyclic := d.p.Tiers.cycle(); cyclic && d.p.Tiers.MoveUp == NextPeriod {
		if err := d.passTiers(d.now); err != nil { // it waits for the end of the period, which what was told late may find long ago
			return err
		}
	} else if to := d.p.qualified(d.Account, d.now); to > max(d.p.rung(d.Account.Tier), d.p.floor(d.Account)) {
		return d.moveTo(to, d.p.reachedUntil(d.Account, d.now), "reached", d.now)
	}
	return d.liftTier()
}

// liftTier moves the account up to its floor, if it is below.
func (d *decision) liftTier() error {
	if floor := d.p.floor(d.Account); floor > d.p.rung(d.Account.Tier) {
		return d.moveTo(floor, time.Time{}, "floor", d.now)
	}
	return nil
}

// passTiers lets time move and review the tier, and do nothing else, until an instant.
func (d *decision) passTiers(until time.Time) error {
	for {
		at := d.p.tierDue(d.Account)
		if at.IsZero() || at.After(until) {
			d.now = until
			return nil
		}
		d.now = at
		if err := d.unlockTier(at); err != nil {
			return err
		}
		if err := d.riseTier(at); err != nil {
			return err
		}
		if err := d.reviewTier(at); err != nil {
			return err
		}
	}
}

// tierDue is when time next moves or reviews the tier; zero if it never does.
func (p *Program) tierDue(acc Account) time.Time {
	at := time.Time{}
	for _, t := range []time.Time{p.unlockAt(acc), p.riseAt(acc), p.reviewAt(acc.Tier)} {
		if at.IsZero() || !t.IsZero() && t.Before(at) {
			at = t
		}
	}
	return at
}

// locked reports whether somebody set the level by hand and nothing may move it yet.
func (d *decision) locked() bool { return d.now.Before(d.Account.Tier.Lock) }

func (p *Program) reachedUntil(acc Account, at time.Time) time.Time {
	return p.keptFrom(acc, at, p.Tiers.keepPeriods())
}

// climbLate decides closed periods again: who now qualifies by one for a higher level, and did not before, is there for
// as long as if that had been known then.
func (d *decision) climbLate(placed time.Time, was Account) error {
	for i, last := range d.p.closed(d.Account, placed, d.now) {
		since := placed
		if d.p.Tiers.MoveUp == NextPeriod {
			since = last.Add(1)
		} else if i > 0 {
			since = last // some time in that month, by what came then
		}
		to, until := d.p.qualified(d.Account, last), d.p.reachedUntil(d.Account, since)
		over := !until.IsZero() && !d.p.Tiers.Grace.After(until, d.p.Zone).After(d.now)
		if to > d.p.rung(d.Account.Tier) && to > d.p.qualified(was, last) && !over {
			if err := d.moveTo(to, until, "reached", last); err != nil {
				return err
			}
		}
	}
	return nil
}

// closed is the last instants of what is over by now and counts what happened at an instant: the period in which it lies,
// or each month whose end a rolling window reaches back from to it. None if there are no periods.
func (p *Program) closed(acc Account, at, now time.Time) (out []time.Time) {
	if _, cyclic := p.Tiers.cycle(); cyclic {
		if end := p.periodEnd(acc, at); !end.After(now) {
			out = append(out, end.Add(-1))
		}
		return out
	}
	month := DateOf(at, p.Zone).Month()
	for range p.Tiers.Months {
		end := EndOfMonth.date(Date(month*100 + 1)).End(p.Zone)
		if end.After(now) {
			break
		}
		out, month = append(out, end.Add(-1)), monthsBack(month, -1)
	}
	return out
}

// unlockAt is the end of a lock, if it held the account below what it has by then; zero if not, or if something was
// decided since.
func (p *Program) unlockAt(acc Account) time.Time {
	at := acc.Tier.Lock
	if !acc.Seen.Before(at) || len(p.Tiers.Levels) == 0 {
		return time.Time{}
	}
	if to, _, _ := p.unlocked(acc); max(to, p.floor(acc)) <= p.rung(acc.Tier) {
		return time.Time{}
	}
	return at
}

// unlocked is the level that an account has reached at the end of its lock, until when, and the instant by whose period
// it did.
func (p *Program) unlocked(acc Account) (rung int, until, asOf time.Time) {
	at := acc.Tier.Lock
	rung, until, asOf = p.lasting(acc, at)
	if p.Tiers.MoveUp == NextPeriod {
		return rung, until, asOf // what the present period has waits for its end
	}
	if n := p.qualified(acc, at); n >= rung {
		return n, p.reachedUntil(acc, at), at
	}
	return rung, until, asOf
}

// unlockTier moves the account up as soon as no lock holds it any more; what keeps a level, grace included, does not
// delay that.
func (d *decision) unlockTier(at time.Time) error {
	due := d.p.unlockAt(d.Account)
	if due.IsZero() || due.After(at) {
		return nil
	}
	to, until, asOf := d.p.unlocked(d.Account)
	if to <= d.p.floor(d.Account) {
		return d.liftTier()
	}
	return d.moveTo(to, until, "reached", asOf)
}

// riseAt is the end of the period in which the account last counted something, if it rises then; zero if it does not.
func (p *Program) riseAt(acc Account) time.Time {
	_, cyclic := p.Tiers.cycle()
	if !cyclic || p.Tiers.MoveUp != NextPeriod || len(acc.Metrics) == 0 {
		return time.Time{}
	}
	begins := p.begins(acc.Metrics[len(acc.Metrics)-1].Month)
	if begins == 0 {
		return time.Time{}
	}
	end := p.periodEnd(acc, begins.start(p.Zone))
	if !end.After(acc.Tier.Since) || end.Before(acc.Tier.Lock) || p.qualified(acc, end.Add(-1)) <= p.rung(acc.Tier) {
		return time.Time{}
	}
	return end
}

// riseTier moves the account up where that waits for the end of the period.
func (d *decision) riseTier(at time.Time) error {
	due := d.p.riseAt(d.Account)
	if due.IsZero() || due.After(at) {
		return nil
	}
	last := due.Add(-1)
	return d.moveTo(d.p.qualified(d.Account, last), d.p.reachedUntil(d.Account, due), "reached", last)
}

// reviewTier keeps or lowers a standing whose validity has ended. A member who qualifies again keeps the level for
// another period from its old end. Other members move down as the program says; the lower level's validity counts from
// the period that was judged (loweredUntil). No member moves below a floor.
func (d *decision) reviewTier(at time.Time) error {
	due := d.p.reviewAt(d.Account.Tier)
	if due.IsZero() || due.After(at) {
		return nil
	}
	from := d.p.rung(d.Account.Tier)
	to, asOf := d.p.requalified(d.Account, at)
	until := d.p.reachedUntil(d.Account, at)
	n, lasts, over := d.p.lasting(d.Account, at)
	lasted := n > to
	if lasted {
		to, until, asOf = n, lasts, over
	}
	floor := d.p.floor(d.Account)
	switch {
	case max(to, floor) > from: // nothing moved it while it was locked
		if floor >= to {
			return d.liftTier()
		}
		return d.moveTo(to, until, "reached", asOf)
	case lasted && to == from && from > floor:
		s := d.Account.Tier
		s.Until, s.Given = lasts, false
		n, window := d.p.measure(d.Account, asOf)
		return d.standing(s, at, Reason(d.p.levelKey(s.Level), "0", HasStayed, n, window))
	case to == from || from <= floor || d.p.Tiers.MoveDown == StayUp:
		return d.prolong(at, asOf)
	case d.p.surprises(d.Account, OfFall, TierNotice(d.Account.Tier), at):
		return d.postponeFall(at)
	case d.p.Tiers.MoveDown == OneStep && from-1 != to:
		to, lasted = from-1, false
	}
	if !lasted {
		until = d.p.loweredUntil(d.Account, asOf, at)
	}
	return d.moveTo(max(to, floor, 0), until, "lost", asOf)
}

func (d *decision) prolong(at, asOf time.Time) error {
	s := d.Account.Tier
	s.Given = false
	for !s.Until.IsZero() && !d.p.reviewAt(s).After(at) {
		closes := d.p.closes(d.Account, s)
		next := d.p.keptOn(d.Account, s, closes)
		if !next.After(s.Until) || d.p.rung(s) <= d.p.floor(d.Account) {
			s.Until = time.Time{}
			break
		}
		if s.Until = next; d.p.Tiers.Window.Kind == LevelWindow {
			s.From = closes
		}
	}
	n, window := d.p.measure(d.Account, asOf)
	return d.standing(s, at, Reason(d.p.levelKey(s.Level), "0", HasStayed, n, window))
}

// moveTo moves the account to another level by what counted at an instant.
func (d *decision) moveTo(rung int, until time.Time, why string, asOf time.Time) error {
	n, window := d.p.measure(d.Account, asOf)
	s := d.p.standingAt(d.Account, rung, until, d.now)
	return d.moved(s, Reason(d.p.levelKey(s.Level), "0", HasMoved, s.Before, s.Level, why, n, window))
}

// standingAt is the standing of an account that is at a level from now on, until an instant.
func (p *Program) standingAt(acc Account, rung int, until, now time.Time) Standing {
	s := Standing{Level: p.Tiers.Levels[rung].ID, Since: now, Before: acc.Tier.Level, Floor: acc.Tier.Floor}
	if rung > p.floor(acc) {
		s.Until = until
	}
	return s
}

// moved posts a standing at another level, and what welcomes the member there.
func (d *decision) moved(s Standing, why Because) error {
	from := d.p.rung(d.Account.Tier)
	if err := d.standing(s, d.now, why); err != nil {
		return err
	}
	return d.welcome(from, d.p.rung(s))
}

func (d *decision) standing(s Standing, at time.Time, why Because) error {
	what := d.p.levelID(s.Level) + ":" + at.UTC().Format(stamp)
	if d.Account.Tier.Since.Equal(at) { // once more in the same instant
		what += ":" + strconv.FormatInt(d.Account.Sequence, 10)
	}
	e := Entry{
		Kind: KindTier, Cause: d.ownCause(CauseTier, what), Effective: at,
		Standing: &s,
		Because:  []Because{why},
	}
	d.slideAtLevel(&e, s.Level, at)
	return d.post(e)
}
