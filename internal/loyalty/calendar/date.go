// Package calendar contains the dates and periods of a program: days in a time zone, periods by the calendar, how long
// points are pending (Wait) and when they expire (Expiry).
//
// A Date is a day, and an instant is a time.Time. The time zone is always a parameter, so results do not depend on the
// machine. The package imports only the standard library.
package calendar

import (
	"cmp"
	"fmt"
	"strconv"
	"time"
)

// Date is a day of the civil calendar as the number yyyymmdd. The zero Date means "never". A lot is identified by the
// Date at whose end its points expire. A Date above 100,000,000 is sliding: an activity of the member postpones it.
// Without the 100,000,000, it is the day until the next activity.
type Date int32

// Slides is added to a date to make it a sliding one; see Date.
const Slides Date = 100_000_000

// Slides reports whether an activity postpones the date.
func (d Date) Slides() bool { return d > Slides }

// Day returns the date without the sliding mark.
func (d Date) Day() Date { return d % Slides }

// DateOf returns the day on which the instant t falls in zone.
func DateOf(t time.Time, zone *time.Location) Date {
	y, m, d := t.In(zone).Date()
	return Date(y*10000 + int(m)*100 + d)
}

// ParseDate parses a date such as "2027-03-31".
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, fmt.Errorf("calendar: %q is not a date like 2027-03-31", s)
	}
	return DateOf(t, time.UTC), nil
}

// End returns the first instant after the day in zone. Points that expire on the day expire exactly at End.
func (d Date) End(zone *time.Location) time.Time {
	return midnight(d.Year(), d.CalendarMonth(), d.day()+1, zone).UTC()
}

// LastDay returns the last whole day before the first instant, in the time zone. It returns false if that day is before
// today, which is the day of the second instant.
func LastDay(until, now time.Time, zone *time.Location) (day Date, ok bool) {
	day = DateOf(DateOf(until, zone).Start(zone).Add(-1), zone)
	return day, day >= DateOf(now, zone)
}

// Start returns the first instant of the day in zone.
func (d Date) Start(zone *time.Location) time.Time {
	return midnight(d.Year(), d.CalendarMonth(), d.day(), zone).UTC()
}

// midnight returns the first instant of a day. If clocks are put forward at midnight, that hour does not exist, and
// time.Date returns the first instant after it or an instant of the day before. If clocks are put back to midnight, the
// hour occurs twice, and time.Date may return the second one.
func midnight(y int, m time.Month, d int, zone *time.Location) time.Time {
	t, day := time.Date(y, m, d, 0, 0, 0, 0, zone), DateOf(time.Date(y, m, d, 0, 0, 0, 0, time.UTC), time.UTC)
	began, ends := t.ZoneBounds()
	switch before := began.Add(-1); {
	case DateOf(t, zone) != day:
		return ends
	case DateOf(before, zone) == day:
		_, was := before.Zone()
		_, is := t.Zone()
		return t.Add(time.Duration(is-was) * time.Second)
	}
	return t
}

// Month returns the number yyyymm.
func (d Date) Month() int { return int(d.Day()) / 100 }

func (d Date) Year() int                 { return int(d.Day()) / 10000 }
func (d Date) CalendarMonth() time.Month { return time.Month(int(d) / 100 % 100) }
func (d Date) day() int                  { return int(d) % 100 }

// MonthsBack returns the month yyyymm that is n months before m.
func MonthsBack(m, n int) int {
	k := m/100*12 + m%100 - 1 - n
	return k/12*100 + k%12 + 1
}

// Plus returns the day n days later.
func (d Date) Plus(n int) Date { return DateOf(d.utc().AddDate(0, 0, n), time.UTC) }

func (d Date) Weekday() time.Weekday { return d.utc().Weekday() }

// utc returns midnight of the day in UTC, for arithmetic on days.
func (d Date) utc() time.Time {
	return time.Date(d.Year(), d.CalendarMonth(), d.day(), 0, 0, 0, 0, time.UTC)
}

// String formats the date as 2027-03-31, and the zero Date as "never".
func (d Date) String() string {
	if d == 0 {
		return "never"
	}
	var b [10]byte
	s := strconv.AppendInt(b[:0], int64(d.Day()), 10)
	if len(s) != 8 {
		return string(s)
	}
	return string(s[:4]) + "-" + string(s[4:6]) + "-" + string(s[6:])
}

// Compare orders dates by expiry. The zero Date comes last. Of two dates for the same day, the one that does not slide
// comes first.
func (d Date) Compare(e Date) int {
	return cmp.Or(cmp.Compare(uint32(d.Day())-1, uint32(e.Day())-1), cmp.Compare(d, e))
}

// A Period is a length of time by the calendar. Months and years have their actual length.
type Period struct {
	Months, Days   int
	Hours, Minutes int
}

// IsZero reports whether the period has no length.
func (p Period) IsZero() bool { return p == Period{} }

// Times returns a period that is n times as long.
func (p Period) Times(n int) Period {
	return Period{p.Months * n, p.Days * n, p.Hours * n, p.Minutes * n}
}

// After returns the instant one period after t by the calendar of zone. A day that the month does not have becomes its
// last day: one month after 31 January is 28 or 29 February.
func (p Period) After(t time.Time, zone *time.Location) time.Time {
	t = t.In(zone)
	if p.Months != 0 {
		y, m, d := t.Date()
		first := time.Date(y, m+time.Month(p.Months), 1, 0, 0, 0, 0, zone)
		d = min(d, first.AddDate(0, 1, -1).Day())
		hh, mm, ss := t.Clock()
		t = time.Date(first.Year(), first.Month(), d, hh, mm, ss, t.Nanosecond(), zone)
	}
	if p.Days != 0 {
		t = t.AddDate(0, 0, p.Days)
	}
	return t.Add(time.Duration(p.Hours)*time.Hour + time.Duration(p.Minutes)*time.Minute).UTC()
}

// Before returns the instant one period before t.
func (p Period) Before(t time.Time, zone *time.Location) time.Time {
	return Period{-p.Months, -p.Days, -p.Hours, -p.Minutes}.After(t, zone)
}

// RoundTo is the calendar unit to whose end an expiry is postponed. Rounding reduces the number of lots, and members
// can remember the expiry days more easily.
type RoundTo int

const (
	EndOfDay RoundTo = iota
	EndOfMonth
	EndOfQuarter
	EndOfYear
	EndOfWeek // to the end of the week, which is Sunday
)

// Date returns the last day of the unit that contains a day.
func (r RoundTo) Date(d Date) Date {
	y, m := d.Year(), d.CalendarMonth()
	switch r {
	case EndOfDay:
		return d
	case EndOfWeek:
		t := time.Date(y, m, d.day(), 0, 0, 0, 0, time.UTC)
		return DateOf(t.AddDate(0, 0, (7-int(t.Weekday()))%7), time.UTC)
	case EndOfQuarter:
		m = (m + 2) / 3 * 3
	case EndOfYear:
		m = time.December
	}
	return DateOf(time.Date(y, m+1, 0, 0, 0, 0, 0, time.UTC), time.UTC)
}

// Expiry is how long points are valid after they become active. With the zero Expiry, they never expire.
type Expiry struct {
	After   Period
	RoundTo RoundTo
	// Instead of RoundTo: points expire on the first of these days that follows the period After.
	On          []Day
	Anniversary Anniversary // instead of RoundTo: points expire on the first anniversary that follows the period After
	Inactive    bool        // After counts from the member's last activity; each activity postpones all such lots
	ResetBy     []string    // with Inactive: the activities that count: order, redemption, or the type of an event
}

// Anniversary is the event from which a lot's years are counted.
type Anniversary string

const (
	OfJoining Anniversary = "joined"
	OfTier    Anniversary = "tier" // years are counted from the day on which the member's level began
)

// Never reports whether points with this expiry do not expire.
func (e Expiry) Never() bool { return e.After.IsZero() && len(e.On) == 0 && e.Anniversary == "" }

// Date returns the day at whose end points expire. The points become active at the instant t or, for points that expire
// by inactivity, the member has an activity at t. Anniversaries are counted from the second instant.
func (e Expiry) Date(t, since time.Time, zone *time.Location) Date {
	if e.Never() {
		return 0
	}
	d := DateOf(e.After.After(t, zone), zone)
	switch {
	case len(e.On) > 0:
		return nextDay(e.On, d)
	case e.Anniversary != "":
		return nextDay([]Day{Day(DateOf(since, zone) % 10000)}, d)
	}
	if d = e.RoundTo.Date(d); e.Inactive {
		d += Slides
	}
	return d
}

// nextDay returns the first of the days that is not before d.
func nextDay(days []Day, d Date) Date {
	for _, y := range []int{d.Year(), d.Year() + 1} {
		for _, day := range days {
			if x := day.In(y); x >= d {
				return x
			}
		}
	}
	return 0 // not reached, because each of the days occurs next year
}

// A Wait is how long points are pending. The points of the zero Wait are active immediately.
type Wait struct {
	For   Period     // the length of the wait, from the placing of the order or, if Until is set, from that event
	Until OrderEvent // the points are pending until this event of the order
	// With Until: points are forfeited if the event does not happen within this time; zero means never.
	Within Period
	On     []Day // instead: the points are pending until the first of these days after the order; ascending
	Manual bool  // the points stay pending until they are activated manually; For and Until are not used
}

// OrderEvent is an event of an order after it was placed.
type OrderEvent string

const (
	WhenShipped   OrderEvent = "shipped"
	WhenDelivered OrderEvent = "delivered"
)

// A Day is a day of every year, in the form MMDD. In a year that is not a leap year, 29 February becomes 28 February.
type Day int

// In returns the day in a year.
func (d Day) In(year int) Date {
	last := time.Date(year, time.Month(int(d)/100)+1, 0, 0, 0, 0, 0, time.UTC).Day()
	return Date(year*10000 + int(d)/100*100 + min(int(d)%100, last))
}

// Active returns when the points for an order or event become active, or zero if that is not known yet. The first
// instant is when the order was placed or the event happened. The second is when the order event Until happened, or
// zero if it has not happened.
func (w Wait) Active(at, happened time.Time, zone *time.Location) time.Time {
	switch {
	case w.Manual:
		return time.Time{}
	case w.Until != "":
		if happened.IsZero() {
			return time.Time{}
		}
		return w.For.After(happened, zone)
	case len(w.On) > 0:
		return nextDay(w.On, DateOf(at, zone).Plus(1)).Start(zone)
	}
	return w.For.After(at, zone)
}

// Deadline returns when the points of an order are forfeited unless the order event Until has happened, or zero if they
// never are. The order was placed at the given instant.
func (w Wait) Deadline(at time.Time, zone *time.Location) time.Time {
	if w.Until == "" || w.Within.IsZero() {
		return time.Time{}
	}
	return w.Within.After(at, zone)
}
