package loyalty

import (
	"slices"
	"time"
)

// MaxWindow is the longest window that a tier can be measured by, in months: a bound on the account's size.
const MaxWindow = 36

// A Window is periods that follow one another, in each of which members qualify anew. The zero Window is none.
type Window struct {
	Kind   WindowKind
	Months int // how long a period is: a divisor of 12; LevelWindow has none
	From   Day // CycleWindow: the day of a year on which a period begins
}

// WindowKind is what the periods of a window are counted from.
type WindowKind string

const (
	CycleWindow WindowKind = "cycle"  // a day of the year, the same for all members
	JoinWindow  WindowKind = "joined" // the day on which the member joined
	OwnWindow   WindowKind = "own"    // the member's own day (Traits.YearFrom), else that of the joining
	LevelWindow WindowKind = "level"  // when the level was reached or last kept: one period, without an end of its own
)

// cycle is the window if it is of periods that come again and again.
func (t *Tiers) cycle() (Window, bool) {
	switch {
	case t.Calendar:
		return Window{CycleWindow, 12, 101}, true
	case t.Window.Kind == "" || t.Window.Kind == LevelWindow:
		return Window{}, false
	}
	return t.Window, true
}

// period is the first day of the period in which a day lies, and that of the next one.
func (p *Program) period(acc Account, day Date) (first, next Date) {
	w, _ := p.Tiers.cycle()
	from := p.yearFrom(acc, w)
	month := func(i int) Date { return Day((i%12+1)*100 + int(from)%100).in(i / 12) }
	i := day.year()*12 + int(day.month()) - 1
	i -= ((i-int(from)/100+1)%w.Months + w.Months) % w.Months
	if day.Day() < month(i) {
		i -= w.Months
	}
	return month(i), month(i + w.Months)
}

// yearFrom is the day on which a window's periods begin for a member.
func (p *Program) yearFrom(acc Account, w Window) Day {
	switch {
	case w.Kind == CycleWindow:
		return w.From
	case w.Kind == OwnWindow && acc.Traits.MembershipYearStart != 0:
		return Day(acc.Traits.MembershipYearStart)
	}
	return Day(DateOf(acc.Joined, p.Zone) % 10000)
}

// periodEnd is the end of the period in which an instant lies.
func (p *Program) periodEnd(acc Account, at time.Time) time.Time {
	_, next := p.period(acc, DateOf(at, p.Zone))
	return next.start(p.Zone)
}

// bucket is under which key an account counts what happened at an instant: the month yyyymm; where periods begin within
// months, the first day of the period, yyyymmdd; and for LevelWindow the millisecond after which the window began.
func (p *Program) bucket(acc Account, at time.Time) int {
	day := DateOf(at, p.Zone)
	w, cyclic := p.Tiers.cycle()
	switch {
	case p.Tiers.Window.Kind == LevelWindow:
		bucket, _ := acc.levelBucket(at)
		return bucket
	case cyclic && p.yearFrom(acc, w)%100 != 1:
		first, _ := p.period(acc, day)
		return int(first)
	}
	return day.Month()
}

// levelBucket is the bucket of the level's window in which an instant lies; the oldest that is remembered, and false, for
// an earlier instant. A window begins after the instant at which its level was reached, so that the purchase that reached
// a level does not count for the next one.
func (a *Account) levelBucket(at time.Time) (bucket int, known bool) {
	var s Standing
	for _, s = range slices.Backward(a.standings()) {
		if known = s.from().Before(at); known {
			break
		}
	}
	return int(later(s.from(), a.Joined).UnixMilli()), known
}

// Keys of buckets up to these are months and days; those beyond are milliseconds.
const (
	lastMonth = 9999_12
	lastDay   = 9999_12_31
)

// begins is the first day of a bucket; zero for what no window reaches any more.
func (p *Program) begins(bucket int) Date {
	switch {
	case bucket == 0:
		return 0
	case bucket <= lastMonth:
		return Date(bucket*100 + 1)
	case bucket <= lastDay:
		return Date(bucket)
	}
	return DateOf(time.UnixMilli(int64(bucket)), p.Zone)
}

// within tells which buckets count at an instant.
func (p *Program) within(acc Account, at time.Time) func(bucket int) bool {
	if p.Tiers.Window.Kind == LevelWindow {
		from := int(later(acc.Tier.from(), acc.Joined).UnixMilli())
		return func(bucket int) bool { return bucket == from }
	}
	first, last := p.span(acc, at)
	return func(bucket int) bool {
		begins := p.begins(bucket)
		return first <= begins && begins <= last
	}
}

// span is the first and the last day on which something counts at an instant.
func (p *Program) span(acc Account, at time.Time) (first, last Date) {
	day := DateOf(at, p.Zone)
	if _, cyclic := p.Tiers.cycle(); cyclic {
		first, next := p.period(acc, day)
		return first, DateOf(next.start(p.Zone).Add(-1), p.Zone)
	}
	last = EndOfMonth.date(day)
	switch {
	case p.Tiers.Window.Kind == LevelWindow:
		return DateOf(acc.Tier.from(), p.Zone), last
	case p.Tiers.Months > 0:
		return p.firstOf(at), last
	}
	return 0, last
}

// apart is how many months of buckets an account keeps apart: this period and the one before it, and what comes late. Under
// a level that was set manually, a window of months keeps also those in which another level was reached that is still
// held; see lasting. So it does while the account remembers such a level, because a withdrawal may return to it.
func (p *Program) apart(acc Account) int {
	w, cyclic := p.Tiers.cycle()
	switch {
	case cyclic:
		return w.Months + 12
	case p.Tiers.Window.Kind == LevelWindow:
		return MaxWindow
	case p.Tiers.Months > 0 && slices.ContainsFunc(acc.standings(), Standing.manual):
		kept := p.Tiers.KeepFor.Months + p.Tiers.Grace.Months + (p.Tiers.KeepFor.Days+p.Tiers.Grace.Days)/28 + 2
		return min(p.Tiers.Months+kept, MaxWindow)
	}
	return p.Tiers.Months
}
