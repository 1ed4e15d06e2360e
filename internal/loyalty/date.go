package loyalty

import (
	"fmt"
	"strconv"
	"time"
)

// Date is a day of the civil calendar as the number yyyymmdd; which instants it spans depends on a time zone.
// The zero Date is "never". Lots are named by the Date on whose end they lapse.
type Date int32

// DateOf is the day on which instant t falls in zone.
func DateOf(t time.Time, zone *time.Location) Date {
	y, m, d := t.In(zone).Date()
	return Date(y*10000 + int(m)*100 + d)
}

// ParseDate reads "2027-03-31".
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, fmt.Errorf("loyalty: %q is not a date like 2027-03-31", s)
	}
	return DateOf(t, time.UTC), nil
}

// End is the first instant after the day in zone: what lapses with the day is gone at End, and not a
// nanosecond earlier.
func (d Date) End(zone *time.Location) time.Time {
	return time.Date(d.year(), d.month(), d.day()+1, 0, 0, 0, 0, zone).UTC()
}

// Month is the number yyyymm.
func (d Date) Month() int { return int(d) / 100 }

func (d Date) year() int         { return int(d) / 10000 }
func (d Date) month() time.Month { return time.Month(int(d) / 100 % 100) }
func (d Date) day() int          { return int(d) % 100 }

// String writes the date as 2027-03-31, and the zero Date as "never".
func (d Date) String() string {
	if d == 0 {
		return "never"
	}
	var b [10]byte
	s := strconv.AppendInt(b[:0], int64(d), 10)
	if len(s) != 8 {
		return string(s)
	}
	return string(s[:4]) + "-" + string(s[4:6]) + "-" + string(s[6:])
}

// before orders dates with never at the end.
func (d Date) before(e Date) bool {
	switch {
	case d == 0:
		return false
	case e == 0:
		return true
	}
	return d < e
}

// A Period is a length of time by the calendar: months and years are as long as they are.
type Period struct {
	Months, Days   int
	Hours, Minutes int
}

// IsZero reports whether the period has no length.
func (p Period) IsZero() bool { return p == Period{} }

// After is the instant one period after t by the calendar of zone. A day that the month does not have becomes
// its last: 31 January and a month is 28 or 29 February.
func (p Period) After(t time.Time, zone *time.Location) time.Time {
	t = t.In(zone)
	if p.Months != 0 {
		y, m, d := t.Date()
		first := time.Date(y, m+time.Month(p.Months), 1, 0, 0, 0, 0, zone)
		if last := first.AddDate(0, 1, -1).Day(); d > last {
			d = last
		}
		hh, mm, ss := t.Clock()
		t = time.Date(first.Year(), first.Month(), d, hh, mm, ss, t.Nanosecond(), zone)
	}
	if p.Days != 0 {
		t = t.AddDate(0, 0, p.Days)
	}
	return t.Add(time.Duration(p.Hours)*time.Hour + time.Duration(p.Minutes)*time.Minute).UTC()
}

// RoundTo says to the end of what an expiry is moved on, so that few lots remain and members can remember.
type RoundTo int

const (
	EndOfDay RoundTo = iota
	EndOfMonth
	EndOfQuarter
	EndOfYear
)

func (r RoundTo) date(d Date) Date {
	y, m := d.year(), d.month()
	switch r {
	case EndOfDay:
		return d
	case EndOfQuarter:
		m = (m + 2) / 3 * 3
	case EndOfYear:
		m = time.December
	}
	return DateOf(time.Date(y, m+1, 0, 0, 0, 0, 0, time.UTC), time.UTC)
}

// Expiry is how long points live once they are active.
type Expiry struct {
	After   Period // zero: for ever
	RoundTo RoundTo
}

// Date is the day at whose end points lapse that become active at t.
func (e Expiry) Date(t time.Time, zone *time.Location) Date {
	if e.After.IsZero() {
		return 0
	}
	return e.RoundTo.date(DateOf(e.After.After(t, zone), zone))
}
