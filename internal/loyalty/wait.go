package loyalty

import "time"

// A Wait is how long points are pending. The zero Wait is none: they are active at once.
type Wait struct {
	For    Period     // after the order was placed, or after Until
	Until  OrderEvent // pending until this has happened to the order
	Within Period     // with Until: given up if it has not happened so long after the placing; zero: never
	On     []Day      // instead: until the first of these days that begins after the placing; ascending
	Manual bool       // instead: until somebody activates them
}

// OrderEvent is something that happens to an order after it was placed.
type OrderEvent string

const (
	WhenShipped   OrderEvent = "shipped"
	WhenDelivered OrderEvent = "delivered"
)

// A Day is a day of every year, MMDD. 29 February is the 28th where there is none.
type Day int

// in is the day in a year.
func (d Day) in(year int) Date {
	last := time.Date(year, time.Month(int(d)/100)+1, 0, 0, 0, 0, 0, time.UTC).Day()
	return Date(year*10000 + int(d)/100*100 + min(int(d)%100, last))
}

// Active is when points of something that happened at an instant become active; the zero time if that is not known
// yet. happened is when Until happened, zero if it has not.
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

// nextStart is the first beginning of one of the days after an instant.
func nextStart(days []Day, at time.Time, zone *time.Location) time.Time {
	year := at.In(zone).Year()
	for _, y := range []int{year, year + 1} {
		for _, d := range days {
			if t := d.in(y).start(zone); t.After(at) {
				return t
			}
		}
	}
	return time.Time{} // not reached: next year has each of the days
}

// Deadline is when points are given up that wait for something to happen; zero if never.
func (w Wait) Deadline(at time.Time, zone *time.Location) time.Time {
	if w.Until == "" || w.Within.IsZero() {
		return time.Time{}
	}
	return w.Within.After(at, zone)
}
