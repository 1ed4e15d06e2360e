package loyalty

import (
	"cmp"
	"slices"
	"time"
)

// A Cap bounds what a member can earn by orders: each order by itself, or all that were placed in one day, week,
// month or year of the program's calendar. What is above is cut off and reported, never silently.
type Cap struct {
	Points Points
	Per    CapPeriod
	Refuse bool // what would go beyond gives nothing at all, instead of what is left
}

// CapPeriod is what a cap is per, in the words of the program file.
type CapPeriod string

const (
	PerOrder CapPeriod = "order"
	PerDay   CapPeriod = "day"
	PerWeek  CapPeriod = "week" // from Monday to Sunday
	PerMonth CapPeriod = "month"
	PerYear  CapPeriod = "year"
	PerEver  CapPeriod = "ever"
)

func (c Cap) String() string { return points(c.Points) + " per " + string(c.Per) }

// ends is the last day of the period in which a day lies; zero for an order, which has none.
func (p CapPeriod) ends(d Date) Date {
	switch p {
	case PerDay:
		return d
	case PerWeek:
		t := time.Date(d.year(), d.month(), d.day(), 0, 0, 0, 0, time.UTC)
		return DateOf(t.AddDate(0, 0, (7-int(t.Weekday()))%7), time.UTC)
	case PerMonth:
		return EndOfMonth.date(d)
	case PerYear:
		return EndOfYear.date(d)
	}
	return 0
}

// A Usage is how much of a cap one period has used up.
type Usage struct {
	Per    CapPeriod
	Ends   Date // the period's last day
	Points Points
}

// usageKept is how long after its end a period's usage is kept. No first revision of an order comes later; and
// what later revisions give back to a period that is forgotten, nobody can use.
const usageKept = MaxOrderAge + 48*time.Hour

// addUsage is all with more added, and without what is older than now minus usageKept.
func addUsage(all, more []Usage, now time.Time) []Usage {
	out := slices.Clone(all)
	for _, u := range more {
		at, found := slices.BinarySearchFunc(out, u, func(x, y Usage) int {
			return cmp.Or(cmp.Compare(x.Per, y.Per), cmp.Compare(x.Ends, y.Ends))
		})
		if !found {
			out = slices.Insert(out, at, Usage{Per: u.Per, Ends: u.Ends})
		}
		out[at].Points += u.Points
	}
	oldest := DateOf(now.Add(-usageKept), time.UTC)
	return slices.DeleteFunc(out, func(u Usage) bool { return u.Points == 0 || u.Ends < oldest })
}

func (a Account) used(per CapPeriod, ends Date) Points {
	for _, u := range a.Usage {
		if u.Per == per && u.Ends == ends {
			return u.Points
		}
	}
	return 0
}

// capped cuts an order's worth to what the caps of its rules leave. The caps of a period leave what other orders
// have not used, and never less than this order had already: a refund of it that fails gives back all that it
// took. Once it was cut, room that others make later is not for it, or a refund of a cent could give it points.
func (p *Program) capped(acc Account, s *OrderState, worth Points, because []Because) (Points, []Because) {
	day := DateOf(s.Order.PlacedAt, p.Zone)
	cut := func(c Cap, allowed Points) bool {
		if worth <= allowed {
			return false
		}
		because = append(because, Reason("earn.caps", points(allowed-worth), IsCapped, points(c.Points), string(c.Per)))
		worth = allowed
		return true
	}
	wasCut := s.Cut
	for _, c := range p.Earn.Caps {
		switch {
		case c.Per == PerOrder:
			cut(c, c.Points)
		case wasCut:
			cut(c, s.Peak)
		default:
			room := max(0, c.Points-acc.used(c.Per, c.Per.ends(day)))
			if cut(c, max(s.Peak, s.Worth+room)) {
				s.Cut = true
			}
		}
	}
	s.Peak = max(s.Peak, worth)
	return worth, because
}

// usage is what a change of an order's worth uses of the caps of its rules.
func (p *Program) usage(o Order, delta Points) (out []Usage) {
	day := DateOf(o.PlacedAt, p.Zone)
	for _, c := range p.Earn.Caps {
		if c.Per != PerOrder && delta != 0 {
			out = append(out, Usage{c.Per, c.Per.ends(day), delta})
		}
	}
	return out
}
