package loyalty

import "time"

// A Wait is how long points are pending. The points of the zero Wait are active immediately.
type Wait struct {
	For    Period     // counted from the placing of the order, or from Until if it is set
	Until  OrderEvent // pending until this event of the order
	Within Period     // with Until: forfeited if the event has not happened so long after the placing; zero: never
	On     []Day      // instead: until the first of these days that begins after the placing; ascending
	Manual bool       // instead: until they are activated manually
}

// OrderEvent is an event of an order after it was placed.
type OrderEvent string

const (
	WhenShipped   OrderEvent = "shipped"
	WhenDelivered OrderEvent = "delivered"
)

// A Day is a day of every year, in the form MMDD. In other than leap years, 29 February is 28 February.
type Day int

// in returns the day in a year.
func (d Day) in(year int) Date {
	last := time.Date(year, time.Month(int(d)/100)+1, 0, 0, 0, 0, 0, time.UTC).Day()
	return Date(year*10000 + int(d)/100*100 + min(int(d)%100, last))
}

// Active returns when the points of an event at an instant become active, or zero if that is not known yet. happened is
// when Until happened, or zero if it has not.
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
		return nextStart(w.On, at, zone)
	}
	return w.For.After(at, zone)
}

// nextStart returns the earliest instant after at when one of the days begins.
func nextStart(days []Day, at time.Time, zone *time.Location) time.Time {
	year := at.In(zone).Year()
	for _, y := range []int{year, year + 1} {
		for _, d := range days {
			if t := d.in(y).start(zone); t.After(at) {
				return t
			}
		}
	}
	return time.Time{} // not reached: each of the days occurs next year
}

// Deadline returns when points that wait for an event are forfeited, or zero if they never are.
func (w Wait) Deadline(at time.Time, zone *time.Location) time.Time {
	if w.Until == "" || w.Within.IsZero() {
		return time.Time{}
	}
	return w.Within.After(at, zone)
}
