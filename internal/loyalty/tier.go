package loyalty

import (
	"strconv"
	"time"
)

// MaxWindow is the longest window that a tier can be measured by, in months: a bound on the account's size.
const MaxWindow = 36

// reviewAt is when a standing is up for review: at the end of its keep and grace; zero if it cannot be lost.
func (p *Program) reviewAt(s Standing) time.Time {
	if s.Until.IsZero() {
		return s.Until
	}
	return p.Tiers.Grace.After(s.Until, p.Zone)
}

// measured is what counts towards a level at an instant: the calendar months of the window, up to and with
// the one in which the instant lies.
func (p *Program) measured(acc Account, at time.Time) (sum int64) {
	last := DateOf(at, p.Zone).Month()
	first := 0
	switch {
	case p.Tiers.Calendar:
		first = last/100*100 + 1
	case p.Tiers.Months > 0:
		first = monthsBack(last, p.Tiers.Months-1)
	}
	for _, m := range acc.Metrics {
		if m.Month < first || m.Month > last {
			continue
		}
		switch p.Tiers.By {
		case ByPointsEarned:
			sum += int64(m.Points)
		case ByOrders:
			sum += m.Orders
		case BySpend:
			sum += m.Spend
		case ByElements:
			sum += m.Elements
		}
	}
	return sum
}

// qualified is the highest level (by its place) that the account qualifies for at an instant; -1 without tiers.
func (p *Program) qualified(acc Account, at time.Time) int {
	n := p.measured(acc, at)
	best := -1
	for i, l := range p.Tiers.Levels {
		if i == 0 || n >= l.From {
			best = i
		}
	}
	return best
}

// requalified is the highest level that the account has kept at the end of its standing. By the calendar year it goes
// by the year that has just ended if a level lasts beyond its own, and by the present one too.
func (p *Program) requalified(acc Account, at time.Time) int {
	now := p.qualified(acc, at)
	if !p.Tiers.Calendar || p.Tiers.KeepYear == 1 {
		return now
	}
	return max(now, p.qualified(acc, acc.Tier.Until.Add(-1)))
}

// keptFrom is until when a level is kept that was reached, or kept, at an instant; zero if it cannot be lost.
func (p *Program) keptFrom(at time.Time, years int) time.Time {
	switch {
	case p.Tiers.KeepYear > 0:
		return Date((DateOf(at, p.Zone).year()+years-1)*10000 + 1231).End(p.Zone)
	case p.Tiers.KeepFor.IsZero():
		return time.Time{}
	}
	return p.Tiers.KeepFor.After(at, p.Zone)
}

// window is how many months of metrics an account keeps apart.
func (p *Program) window() int {
	if p.Tiers.Calendar {
		return 24
	}
	return p.Tiers.Months
}

// rung is the place of a standing's level; the lowest if the program no longer knows it.
func (p *Program) rung(s Standing) int {
	_, i, _ := p.Level(s.Level)
	return i
}

// Progress is the next level and how much of the measure is missing; false on the highest, or without tiers.
func (p *Program) Progress(acc Account, now time.Time) (next Level, missing int64, ok bool) {
	at := p.rung(acc.Tier) + 1
	if at >= len(p.Tiers.Levels) {
		return Level{}, 0, false
	}
	next = p.Tiers.Levels[at]
	return next, max(0, next.From-p.measured(acc, now)), true
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

// climb moves the account up to the level that it now qualifies for, if that is a higher one.
func (d *decision) climb(at time.Time) error {
	to := d.p.qualified(d.Account, at)
	if to <= d.p.rung(d.Account.Tier) {
		return nil
	}
	return d.moveTo(to, at, "reached")
}

// reviewTier keeps or lowers a standing whose time is up. Who qualifies again keeps the level for another
// period from its old end; who does not moves down as the program says, for a new period.
func (d *decision) reviewTier(at time.Time) error {
	due := d.p.reviewAt(d.Account.Tier)
	if due.IsZero() || due.After(at) {
		return nil
	}
	from, to := d.p.rung(d.Account.Tier), d.p.requalified(d.Account, at)
	if to >= from {
		return d.prolong(at)
	}
	if d.p.Tiers.MoveDown == OneStep {
		to = from - 1
	}
	return d.moveTo(max(to, 0), at, "lost")
}

func (d *decision) prolong(at time.Time) error {
	s := d.Account.Tier
	for !d.p.reviewAt(s).After(at) {
		next := d.p.keptFrom(s.Until, 1)
		if !next.After(s.Until) {
			s.Until = time.Time{}
			break
		}
		s.Until = next
	}
	n, window := d.p.measure(d.Account, at)
	return d.standing(s, at, HasStayed, n, window)
}

func (d *decision) moveTo(rung int, at time.Time, why string) error {
	s := Standing{Level: d.p.Tiers.Levels[rung].ID, Since: at, Before: d.Account.Tier.Level}
	if rung > 0 {
		s.Until = d.p.keptFrom(at, d.p.Tiers.KeepYear)
	}
	n, window := d.p.measure(d.Account, at)
	return d.standing(s, at, HasMoved, s.Before, s.Level, why, n, window)
}

func (d *decision) standing(s Standing, at time.Time, what What, args ...string) error {
	e := Entry{
		Kind:  KindTier,
		Cause: d.ownCause(CauseTier, s.Level+":"+at.UTC().Format(stamp)), Effective: at,
		Standing: &s,
		Because:  []Because{Reason("tiers."+s.Level, "0", what, args...)},
	}
	d.slideAtLevel(&e, s.Level, at)
	return d.post(e)
}

// measure is what was measured and over which time, for the reasons: "512", "points_earned/12" or "orders".
func (p *Program) measure(acc Account, at time.Time) (n, window string) {
	n, window = strconv.FormatInt(p.measured(acc, at), 10), p.Tiers.By.String()
	if p.Tiers.By == BySpend {
		n = Money{p.measured(acc, at), p.Tiers.Currency}.Decimal()
	}
	switch {
	case p.Tiers.Calendar:
		window += "/year"
	case p.Tiers.Months > 0:
		window += "/" + strconv.Itoa(p.Tiers.Months)
	}
	return n, window
}
