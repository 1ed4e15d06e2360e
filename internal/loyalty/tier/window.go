package tier

import (
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// MaxWindow is the longest window of a tier, in months. It limits the account's size.
const MaxWindow = 36

// Cycle returns the window of the tiers if it has recurring periods, and false if it has none.
func Cycle(t *loyalty.Tiers) (loyalty.Window, bool) {
	switch {
	case t.Calendar:
		return loyalty.Window{Kind: loyalty.CycleWindow, Months: 12, From: 101}, true
	case t.Window.Kind == "" || t.Window.Kind == loyalty.LevelWindow:
		return loyalty.Window{}, false
	}
	return t.Window, true
}

// period returns the first day of the period that contains a day, and the first day of the next period.
func (r Windows) period(acc loyalty.Account, day calendar.Date) (first, next calendar.Date) {
	w, _ := Cycle(r.Tiers)
	from := r.yearFrom(acc, w)
	month := func(i int) calendar.Date { return calendar.Day((i%12+1)*100 + int(from)%100).In(i / 12) }
	i := day.Year()*12 + int(day.CalendarMonth()) - 1
	i -= (i - int(from)/100 + 1) % w.Months
	if day.Day() < month(i) {
		i -= w.Months
	}
	return month(i), month(i + w.Months)
}

// yearFrom returns the day of the year on which a window's periods begin for a member.
func (r Windows) yearFrom(acc loyalty.Account, w loyalty.Window) calendar.Day {
	switch {
	case w.Kind == loyalty.CycleWindow:
		return w.From
	case w.Kind == loyalty.OwnWindow && acc.Traits.MembershipYearStart != 0:
		return calendar.Day(acc.Traits.MembershipYearStart)
	}
	return calendar.Day(calendar.DateOf(acc.Joined, r.Zone) % 10000)
}

// PeriodEnd returns the end of the period that contains an instant.
func (r Windows) PeriodEnd(acc loyalty.Account, at time.Time) time.Time {
	_, next := r.period(acc, calendar.DateOf(at, r.Zone))
	return next.Start(r.Zone)
}

// bucket returns the key of the bucket in which an account counts an event at an instant. It is the month as yyyymm; if
// periods do not begin on the first of a month, the first day of the period as yyyymmdd; for loyalty.LevelWindow, the
// Unix millisecond after which the window began.
func (r Windows) bucket(acc loyalty.Account, at time.Time) int {
	day := calendar.DateOf(at, r.Zone)
	w, cyclic := Cycle(r.Tiers)
	switch {
	case r.Tiers.Window.Kind == loyalty.LevelWindow:
		bucket, _ := levelBucket(&acc, at)
		return bucket
	case cyclic && r.yearFrom(acc, w)%100 != 1:
		first, _ := r.period(acc, day)
		return int(first)
	}
	return day.Month()
}

// levelBucket returns the bucket of the level's window that contains an instant. For an instant before all remembered
// windows, it returns the oldest one, and false. A window begins after the instant at which its level was reached.
// Therefore the purchase that reached a level does not count toward the next one.
func levelBucket(a *loyalty.Account, at time.Time) (bucket int, known bool) {
	var s loyalty.Standing
	for _, s = range slices.Backward(Standings(a)) {
		if known = from(s).Before(at); known {
			break
		}
	}
	return int(calendar.Later(from(s), a.Joined).UnixMilli()), known
}

// begins returns the first day of a bucket. It returns 0 for bucket 0, which contains the amounts that no window
// includes any more.
func (r Windows) begins(bucket int) calendar.Date {
	switch {
	case bucket == 0:
		return 0
	case bucket <= posting.LastMonth:
		return calendar.Date(bucket*100 + 1)
	case bucket <= posting.LastDay:
		return calendar.Date(bucket)
	}
	return calendar.DateOf(time.UnixMilli(int64(bucket)), r.Zone)
}

// A bucketRange contains the buckets that count at an instant.
type bucketRange struct {
	Windows
	only        int // the only bucket of a LevelWindow
	first, last calendar.Date
}

// within returns the buckets that count at an instant.
func (r Windows) within(acc loyalty.Account, at time.Time) bucketRange {
	if r.Tiers.Window.Kind == loyalty.LevelWindow {
		return bucketRange{Windows: r, only: int(calendar.Later(from(acc.Tier), acc.Joined).UnixMilli())}
	}
	first, last := r.span(acc, at)
	return bucketRange{Windows: r, first: first, last: last}
}

func (b bucketRange) has(bucket int) bool {
	if b.Tiers.Window.Kind == loyalty.LevelWindow {
		return bucket == b.only
	}
	begins := b.begins(bucket)
	return b.first <= begins && begins <= b.last
}

// span returns the first and the last day of the window or period that applies at an instant.
func (r Windows) span(acc loyalty.Account, at time.Time) (first, last calendar.Date) {
	day := calendar.DateOf(at, r.Zone)
	if _, cyclic := Cycle(r.Tiers); cyclic {
		first, next := r.period(acc, day)
		return first, calendar.DateOf(next.Start(r.Zone).Add(-1), r.Zone)
	}
	last = calendar.EndOfMonth.Date(day)
	switch {
	case r.Tiers.Window.Kind == loyalty.LevelWindow:
		return calendar.DateOf(from(acc.Tier), r.Zone), last
	case r.Tiers.Months > 0:
		return r.firstOf(at), last
	}
	return 0, last
}

// Apart returns the number of months for which an account stores separate buckets. These are the present period, the
// previous one, and additional months for late reports. Under a manually set level, a rolling window also needs the
// months in which the member may have reached another level that is still valid; see Lasting. They are stored while the
// account remembers a manually set level, because a withdrawal may restore it.
func (r Windows) Apart(acc loyalty.Account) int {
	w, cyclic := Cycle(r.Tiers)
	switch {
	case cyclic:
		return w.Months + 12
	case r.Tiers.Window.Kind == loyalty.LevelWindow:
		return MaxWindow
	case r.Tiers.Months > 0 && slices.ContainsFunc(Standings(&acc), loyalty.Standing.Manual):
		retained := r.Tiers.KeepFor.Months + r.Tiers.Grace.Months + (r.Tiers.KeepFor.Days+r.Tiers.Grace.Days)/28 + 2
		return min(r.Tiers.Months+retained, MaxWindow)
	}
	return r.Tiers.Months
}

// from returns the instant after which orders and events count in the window that begins with the level (LevelWindow).
func from(s loyalty.Standing) time.Time {
	if s.From.IsZero() {
		return s.Since
	}
	return s.From
}

// Standings returns all standings that the account remembers, the present one last.
func Standings(a *loyalty.Account) []loyalty.Standing { return append(slices.Clip(a.Past), a.Tier) }

// firstOf returns the first day of the rolling window whose last month contains an instant.
func (r Windows) firstOf(at time.Time) calendar.Date {
	return calendar.Date(calendar.MonthsBack(calendar.DateOf(at, r.Zone).Month(), r.Tiers.Months-1)*100 + 1)
}

// ReachesBack reports whether decisions about levels since an instant need amounts of months that the account has
// already combined. If so, it also returns the instant from which the orders and events must be read.
func (r Windows) ReachesBack(acc loyalty.Account, since time.Time) (from time.Time, ok bool) {
	_, cyclic := Cycle(r.Tiers)
	if cyclic || r.Tiers.Months == 0 || r.Tiers.Window.Kind == loyalty.LevelWindow {
		return from, false
	}
	first, _ := r.span(acc, since)
	if past := posting.StandingsBefore(Standings(&acc), since); len(past) > 0 &&
		past[len(past)-1].Manual() { // a manually set level needs earlier months; see Lasting
		first = min(first, r.firstOf(past[len(past)-1].Since))
	}
	newest := calendar.DateOf(
		calendar.Later(acc.Counted, since), r.Zone,
	).Month() // the newest month that the account stores, even if its orders and events no longer count
	return first.Start(r.Zone), first.Month() < calendar.MonthsBack(newest, r.Tiers.Months-1)
}

// Rolls reports whether levels depend on a rolling window of the most recent months.
func (r Windows) Rolls() bool {
	_, cyclic := Cycle(r.Tiers)
	return !cyclic && r.Tiers.Months > 0 && r.Tiers.Window.Kind != loyalty.LevelWindow
}

// firstBucket returns the bucket in which an order or event counts when it is reported for the first time. It returns 0
// if that is the bucket of its month.
func (r Windows) firstBucket(acc loyalty.Account, at time.Time) int {
	if b := r.bucket(acc, at); b > posting.LastMonth {
		return b
	}
	return 0
}

// rebucketed returns the bucket in which an order or event counts now, given the bucket in which it counted before. The
// two differ only for windows that begin when a level is reached, because a repeated decision may have changed that
// instant.
func (r Windows) rebucketed(acc loyalty.Account, bucket int, at time.Time) int {
	if r.Tiers.Window.Kind != loyalty.LevelWindow || bucket <= posting.LastDay {
		return bucket
	}
	if b, known := levelBucket(&acc, at); known {
		return b
	}
	return bucket
}

// Closed returns the last instant of each past period for which an order or event at the given instant counts. With
// recurring periods, this is the period that contains the instant. With a rolling window, these are all months whose
// window contains the instant. A program with neither of them has no such periods.
func (r Windows) Closed(acc loyalty.Account, at, now time.Time) (out []time.Time) {
	if _, cyclic := Cycle(r.Tiers); cyclic {
		if end := r.PeriodEnd(acc, at); !end.After(now) {
			out = append(out, end.Add(-1))
		}
		return out
	}
	month := calendar.DateOf(at, r.Zone).Month()
	for range r.Tiers.Months {
		end := calendar.EndOfMonth.Date(calendar.Date(month*100 + 1)).End(r.Zone)
		if end.After(now) {
			break
		}
		out, month = append(out, end.Add(-1)), calendar.MonthsBack(month, -1)
	}
	return out
}
