package loyalty

import (
	"slices"
	"strconv"
	"time"
)

// rung returns the index of a standing's level. If the program no longer has the level, it is the index of its
// replacement.
func (p *Program) rung(s Standing) int {
	_, i, ok := p.Level(s.Level)
	if !ok {
		_, i, _ = p.Level(p.Tiers.Gone[s.Level])
	}
	return i
}

// climb decides the levels of all tier groups after events at some instants changed what counts. was is the account
// before them. If an earlier decision may depend on one of the events, climb decides nothing yet: the outcome states
// what it needs (Outcome.Needs), and Redecide decides.
func (d *decision) climb(was Account, happened ...time.Time) error {
	// Several events may count as much together as before, and one of them may still reach a level.
	several := len(happened) > 1
	first, last, unsettled := time.Time{}, time.Time{}, false
	for _, at := range happened {
		at = later(at, d.Account.Joined)
		first, last = soonest(first, at), later(last, at)
		unsettled = unsettled || several && d.openSince(at, was) || d.unsettled(at, was)
		_ = d.onLadders(func(d *decision) error {
			was := d.p.view(was)
			unsettled = unsettled || several && d.openSince(at, was) || d.unsettled(at, was)
			return nil
		})
	}
	if unsettled {
		d.Needs = d.Needs.with(d.needs(first))
		return nil
	}
	return d.climbAll(last, was)
}

// unsettled reports whether earlier decisions may depend on an event at an instant: the levels were decided since then,
// or the account may reach a higher level by what counts since then. was is the account before the event.
func (d *decision) unsettled(at time.Time, was Account) bool {
	return d.p.decides(was, d.Account) && d.openSince(at, was)
}

// openSince reports whether the levels were decided since an instant, or the account may reach a higher level by what
// counts since then. was is the account before the event.
func (d *decision) openSince(at time.Time, was Account) bool {
	p, acc := d.p, d.Account
	if len(p.Tiers.Levels) == 0 {
		return false
	}
	if !p.lastDecided(was, d.now).Before(at) {
		return true
	}
	return !at.After(was.Counted) && p.climbsSince(acc, at, d.now)
}

// lastDecided returns the instant until which the levels of an account are decided, or zero if they never were.
func (p *Program) lastDecided(acc Account, now time.Time) (last time.Time) {
	s := acc.Tier
	if len(acc.Past) > 0 || s.decided().After(acc.Joined) || p.rung(s) > p.floor(acc) {
		last = s.decided()
	}
	for _, at := range []time.Time{s.Lock, p.Tiers.Refresh.At} {
		if at.After(acc.Joined) && !at.After(now) {
			last = later(last, at)
		}
	}
	return last
}

// climbsSince reports whether an account whose levels were not decided since an instant may reach a higher level by
// what counts now, or in a period that ended since then.
func (p *Program) climbsSince(acc Account, at, now time.Time) bool {
	if now.Before(acc.Tier.Lock) {
		return false
	}
	rung, instants := max(p.rung(acc.Tier), p.floor(acc)), p.closed(acc, at, now)
	if p.Tiers.MoveUp == AtOnce {
		instants = append(instants, now)
	}
	if _, summed := p.reachesBack(acc, at); summed || p.Tiers.KeepOnRefund {
		return true // it may, also by events that no longer count
	}
	return slices.ContainsFunc(instants, func(t time.Time) bool { return p.qualified(acc, t) > rung })
}

// decides reports whether a change of what counts requires a decision about levels. It does not if the account counts
// less than before and the program lets members keep the levels that they reached.
func (p *Program) decides(was, is Account) bool {
	if len(p.Tiers.Levels) == 0 || slices.Equal(is.Metrics, was.Metrics) && slices.Equal(is.Brands, was.Brands) {
		return false
	}
	return !p.Tiers.KeepOnRefund || !is.sum().less(was.sum()).falls()
}

// sum returns the sum of everything that an account has counted. Brands count as qualifying items.
func (a *Account) sum() (sum Metric) {
	for _, m := range a.Metrics {
		sum = sum.plus(m)
	}
	for _, b := range a.Brands {
		sum.QualifyingItems += b.N
	}
	return sum
}

// falls reports whether a change reduces any metric.
func (m Metric) falls() bool {
	return min(int64(m.Points), m.Orders, m.Spend, m.QualifyingItems, m.Visits) < 0
}

// climbAll decides the levels of all tier groups whose metrics changed, by what counts at an instant. Later events do
// not count.
func (d *decision) climbAll(at time.Time, was Account) error {
	if err := d.climbTier(at, was); err != nil {
		return err
	}
	return d.onLadders(func(d *decision) error { return d.climbTier(at, d.p.view(was)) })
}

// climbTier moves the account up to the level for which it qualifies at an instant, then processes the time since then.
// A level counts from the purchase that reached it, even if the purchase is reported late.
func (d *decision) climbTier(at time.Time, was Account) error {
	if !d.p.decides(was, d.Account) {
		return nil
	}
	now := d.now
	d.now, d.present = at, now
	if err := d.climbNow(); err != nil {
		return err
	}
	if err := d.passTiers(now); err != nil {
		return err
	}
	d.now, d.present = now, time.Time{}
	return d.liftTier()
}

// climbNow moves the account up to the level for which it qualifies at this instant. If members move up with the next
// period, it does nothing.
func (d *decision) climbNow() error {
	if d.locked() || d.p.Tiers.MoveUp == NextPeriod {
		return nil
	}
	if to := d.p.qualified(d.Account, d.now); to > max(d.p.rung(d.Account.Tier), d.p.floor(d.Account)) {
		return d.moveTo(to, d.p.reachedUntil(d.Account, d.now), "reached", d.now)
	}
	return nil
}

// liftTier moves the account up to its minimum level, if it is below.
func (d *decision) liftTier() error {
	if floor := d.p.floor(d.Account); floor > d.p.rung(d.Account.Tier) && !d.locked() {
		return d.moveTo(floor, time.Time{}, "floor", d.now)
	}
	return nil
}

// passTiers processes the changes and reviews of the tier that time causes until an instant, and nothing else.
func (d *decision) passTiers(until time.Time) error {
	due := func() time.Time { return soonest(d.p.tierDue(d.Account), d.p.refreshAt(d.Account)) }
	for at := due(); !at.IsZero() && !at.After(until); at = due() {
		d.now = at
		for _, step := range []func(*decision, time.Time) error{
			(*decision).unlockTier, (*decision).refreshTier, (*decision).riseTier, (*decision).reviewTier,
		} {
			if err := step(d, at); err != nil {
				return err
			}
		}
	}
	d.now = until
	return nil
}

// soonest returns the earliest of the instants that are not zero, or zero if all are.
func soonest(all ...time.Time) (first time.Time) {
	for _, t := range all {
		if first.IsZero() || !t.IsZero() && t.Before(first) {
			first = t
		}
	}
	return first
}

// tierDue returns when time next moves or reviews the tier, or zero if it never does.
func (p *Program) tierDue(acc Account) time.Time {
	return soonest(p.unlockAt(acc), p.riseAt(acc), p.reviewAt(acc.Tier))
}

// locked reports whether a manually set level is still locked.
func (d *decision) locked() bool { return d.now.Before(d.Account.Tier.Lock) }

func (p *Program) reachedUntil(acc Account, at time.Time) time.Time {
	return p.keptFrom(acc, at, p.Tiers.keepPeriods())
}

// closed returns the last instants of the ended periods that count an event at an instant: the period in which it lies,
// or each month from whose end a rolling window reaches back to it. It returns none if there are no periods.
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

// unlockAt returns the end of a lock if the account qualifies for a higher level by then. It returns zero if it does
// not, or if something was decided since.
func (p *Program) unlockAt(acc Account) time.Time {
	at := acc.Tier.Lock
	if !acc.Seen.Before(at) {
		return time.Time{}
	}
	if to, _, _ := p.unlocked(acc); max(to, p.floor(acc)) <= p.rung(acc.Tier) {
		return time.Time{}
	}
	return at
}

// unlocked returns the level that an account has reached at the end of its lock, until when it is kept, and the instant
// whose period qualified the account.
func (p *Program) unlocked(acc Account) (rung int, until, asOf time.Time) {
	at := acc.Tier.Lock
	rung, until, asOf = p.lasting(acc, at)
	if p.Tiers.MoveUp == NextPeriod {
		return rung, until, asOf // what counts in the present period takes effect at its end
	}
	if n := p.qualified(acc, at); n >= rung {
		return n, p.reachedUntil(acc, at), at
	}
	return rung, until, asOf
}

// unlockTier moves the account up as soon as no lock holds it. The validity of the level and its grace period do not
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

// riseAt returns the end of the period in which the account last counted something, if the account moves up then.
// Otherwise it returns zero.
func (p *Program) riseAt(acc Account) time.Time {
	if p.Tiers.MoveUp != NextPeriod || len(acc.Metrics) == 0 {
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

// riseTier moves the account up at the end of a period, if the program moves members up then.
func (d *decision) riseTier(at time.Time) error {
	due := d.p.riseAt(d.Account)
	if due.IsZero() || due.After(at) {
		return nil
	}
	last := due.Add(-1)
	return d.moveTo(d.p.qualified(d.Account, last), d.p.reachedUntil(d.Account, due), "reached", last)
}

// reviewTier renews or lowers a standing whose validity has ended. A member who qualifies again keeps the level for
// another period from its old end. Other members move down according to the program. The validity of the lower level
// counts from the period that was judged (loweredUntil). No member moves below the minimum level.
func (d *decision) reviewTier(at time.Time) error {
	due := d.p.reviewAt(d.Account.Tier)
	if due.IsZero() || due.After(at) {
		return nil
	}
	from := d.p.rung(d.Account.Tier)
	to, asOf := d.p.requalified(d.Account, at)
	judged := asOf
	until := d.p.reachedUntil(d.Account, at)
	n, lasts, over := d.p.lasting(d.Account, at)
	lasted := n > to
	if lasted {
		to, until, asOf = n, lasts, over
	}
	floor := d.p.floor(d.Account)
	switch {
	case max(to, floor) > from: // the level did not move while it was locked
		if floor >= to {
			return d.liftTier()
		}
		return d.moveTo(to, until, "reached", asOf)
	case lasted && to == from && from > floor:
		s := d.Account.Tier.renewed()
		s.Until, s.Given = lasts, false
		n, window := d.p.measure(d.Account, asOf)
		return d.standing(s, at, NewReason(d.p.levelKey(s.Level), "0", HasStayed, n, window))
	case to == from || from <= floor || d.p.Tiers.MoveDown == StayUp:
		return d.prolong(at, asOf)
	case d.p.postponesFall(d.Account, at):
		return d.postponeFall(at)
	case d.p.Tiers.MoveDown == OneStep && from-1 != to:
		to, lasted = from-1, false
	}
	if !lasted {
		until = d.p.loweredUntil(d.Account, judged, at)
	}
	return d.moveTo(max(to, floor, 0), until, "lost", asOf)
}

func (d *decision) prolong(at, asOf time.Time) error {
	s := d.Account.Tier.renewed()
	s.Given = false
	for !s.Until.IsZero() && !d.p.reviewAt(s).After(at) {
		closes := d.p.closes(d.Account, s)
		next := d.p.keptOn(d.Account, s, closes)
		if !next.After(s.Until) || d.p.rung(s) <= d.p.floor(d.Account) {
			s.Until = time.Time{}
			break
		}
		if s.Until = next; d.p.Tiers.Window.Kind == LevelWindow {
			s.From = at
		}
	}
	n, window := d.p.measure(d.Account, asOf)
	return d.standing(s, at, NewReason(d.p.levelKey(s.Level), "0", HasStayed, n, window))
}

// moveTo moves the account to another level by what counted at an instant.
func (d *decision) moveTo(rung int, until time.Time, why string, asOf time.Time) error {
	n, window := d.p.measure(d.Account, asOf)
	s := d.p.onLevel(d.Account, rung, until, d.now)
	return d.moved(s, NewReason(d.p.levelKey(s.Level), "0", HasMoved, d.Account.Tier.Level, s.Level, why, n, window))
}

// onLevel returns the standing of an account that has a level from now on, until an instant.
func (p *Program) onLevel(acc Account, rung int, until, now time.Time) Standing {
	s := Standing{Level: p.Tiers.Levels[rung].ID, Since: now, Minimum: acc.Tier.Minimum}
	if rung > p.floor(acc) {
		s.Until = until
	}
	return s
}

// moved posts a standing at another level, then awards the entry bonuses of the levels that the member reached.
func (d *decision) moved(s Standing, why Reason) error {
	from := d.p.rung(d.Account.Tier)
	if err := d.standing(s, d.now, why); err != nil {
		return err
	}
	return d.welcome(from, d.p.rung(s))
}

// standing posts a standing that is decided at an instant.
func (d *decision) standing(s Standing, at time.Time, why Reason) error {
	s = s.decidedAt(later(at, d.Account.Tier.decided()))
	if d.trial != nil {
		d.stand(s)
		return nil
	}
	what := d.p.levelID(s.Level) + ":" + at.UTC().Format(stamp)
	if d.Account.Tier.Since.Equal(at) || at.Before(d.present) { // again at the same instant, or reported late again
		what += ":" + strconv.FormatInt(d.Account.Sequence, 10)
	}
	e := Entry{
		Kind: KindMoveTier, Cause: d.ownCause(CauseTier, what), Effective: at,
		Standing: &s,
		Reasons:  []Reason{why},
	}
	d.slideAtLevel(&e, s.Level, at)
	return d.post(e)
}
