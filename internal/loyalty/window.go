package loyalty

import (
	"slices"
	"time"
)

// MaxWindow is the longest window over which a tier can be measured, in months. It limits the account's size.
const MaxWindow = 36

// A Window is a sequence of periods, in each of which members must qualify again. The zero Window has no periods.
type Window struct {
	Kind   WindowKind
	Months int // the length of a period: a divisor of 12; not for LevelWindow
	From   Day // CycleWindow: the day of the year on which periods begin
}

// WindowKind is the day or event from which the periods of a window are counted.
type WindowKind string

const (
	CycleWindow WindowKind = "cycle"  // a day of the year, the same for all members
	JoinWindow  WindowKind = "joined" // the day on which the member joined
	OwnWindow   WindowKind = "own"    // the member's day (Traits.MembershipYearStart), or else the day of joining
	LevelWindow WindowKind = "level"  // when the level was reached or last kept: one period without a fixed end
)

// cycle returns the window if it has recurring periods.
func (t *Tiers) cycle() (Window, bool) {
	switch {
	case t.Calendar:
		return Window{CycleWindow, 12, 101}, true
	case t.Window.Kind == "" || t.Window.Kind == LevelWindow:
		return Window{}, false
	}
	return t.Window, true
}

// period returns the first day of the period in which a day lies, and the first day of the next period.
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

// yearFrom returns the day of the year on which a window's periods begin for a member.
func (p *Program) yearFrom(acc Account, w Window) Day {
	switch {
	case w.Kind == CycleWindow:
		return w.From
	case w.Kind == OwnWindow && acc.Traits.MembershipYearStart != 0:
		return Day(acc.Traits.MembershipYearStart)
	}
	return Day(DateOf(acc.Joined, p.Zone) % 10000)
}

// periodEnd returns the end of the period in which an instant lies.
func (p *Program) periodEnd(acc Account, at time.Time) time.Time {
	_, next := p.period(acc, DateOf(at, p.Zone))
	return next.start(p.Zone)
}

// bucket returns the key under which an account counts an event at an instant: the month, yyyymm; if periods do not
// begin on the first of a month, the first day of the period, yyyymmdd; for LevelWindow, the Unix millisecond after
// which the window began.
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

// levelBucket returns the bucket of the level's window in which an instant lies. For an instant before all remembered
// windows, it returns the oldest one, and false. A window begins after the instant at which its level was reached, so
// that the purchase that reached a level does not count toward the next one.
func (a *Account) levelBucket(at time.Time) (bucket int, known bool) {
	var s Standing
	for _, s = range slices.Backward(a.standings()) {
		if known = s.from().Before(at); known {
			break
		}
	}
	return int(later(s.from(), a.Joined).UnixMilli()), known
}

// Keys of buckets up to lastMonth are months, and those up to lastDay are days. Greater ones are milliseconds.
const (
	lastMonth = 9999_12
	lastDay   = 9999_12_31
)

// begins returns the first day of a bucket, or 0 for the bucket of everything that no window reaches any more.
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

// within returns a function that reports whether a bucket counts at an instant.
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

// span returns the first and the last day on which events count at an instant.
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

// apart returns for how many months an account keeps separate buckets: the present period and the previous one, and
// time for late reports. Under a manually set level, a rolling window also keeps the months in which another level was
// reached that is still valid; see lasting. That applies while the account remembers such a level, because a withdrawal
// may restore it.
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
