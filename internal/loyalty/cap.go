package loyalty

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// A Cap bounds what a member can earn, by all rules or by one. It applies to each order separately, to all orders
// placed in one day, week, month or year of the program's calendar, or to all orders ever. What is above the cap is cut
// and reported with a reason.
type Cap struct {
	Points Points
	Per    CapPeriod
	Reject bool // an order above the cap gives nothing, instead of the remaining points
}

// CapPeriod is the period of a cap, as written in the program file.
type CapPeriod string

const (
	PerOrder CapPeriod = "order"
	PerDay   CapPeriod = "day"
	PerWeek  CapPeriod = "week" // from Monday to Sunday
	PerMonth CapPeriod = "month"
	PerYear  CapPeriod = "year"
	PerEver  CapPeriod = "ever"

	perRest CapPeriod = "rest" // an action's cooldown
)

func (c Cap) String() string { return points(c.Points) + " per " + string(c.Per) }

func (p CapPeriod) known() bool {
	switch p {
	case PerOrder, PerDay, PerWeek, PerMonth, PerYear, PerEver:
		return true
	}
	return false
}

// ends returns the last day of the period that contains a day. It returns zero for PerOrder and PerEver.
func (p CapPeriod) ends(d Date) Date {
	switch p {
	case PerDay:
		return d
	case PerWeek:
		return EndOfWeek.date(d)
	case PerMonth:
		return EndOfMonth.date(d)
	case PerYear:
		return EndOfYear.date(d)
	}
	return 0
}

// A Usage is how much of a cap or a limit was used in one period.
type Usage struct {
	Rule  string // full key with its section; empty for the caps of the program
	Times bool   // N counts uses instead of points
	Per   CapPeriod
	Ends  Date // the period's last day; zero for PerEver
	N     int64
}

// Compare orders usages as accounts store them.
func (u Usage) Compare(v Usage) int {
	b := func(x bool) int {
		if x {
			return 1
		}
		return 0
	}
	return cmp.Or(
		cmp.Compare(u.Rule, v.Rule), b(u.Times)-b(v.Times), cmp.Compare(u.Per, v.Per), cmp.Compare(u.Ends, v.Ends),
	)
}

// usage returns n uses of a rule's limit on a day.
func (l Limit) usage(rule string, day Date, n int64) Usage {
	return Usage{Rule: rule, Times: true, Per: l.Per, Ends: l.Per.ends(day), N: n}
}

// often returns the limit as text for error messages: "once per day", "3 times per month", "once ever".
func (l Limit) often() string {
	n := strconv.FormatInt(l.Times, 10) + " times"
	if l.Times == 1 {
		n = "once"
	}
	if l.Per == PerEver {
		return n + " ever"
	}
	return n + " per " + string(l.Per)
}

// usage returns n points used of a rule's cap on a day.
func (c Cap) usage(rule string, day Date, n Points) Usage {
	return Usage{Rule: rule, Per: c.Per, Ends: c.Per.ends(day), N: int64(n)}
}

// usageKept is how long after its end a period's usage is stored. No first revision of an order is accepted later. What
// later revisions return to a forgotten period cannot be used by any order.
const usageKept = MaxOrderAge + 48*time.Hour

// addUsage returns all with more added. It drops usages of periods that ended more than usageKept before now.
func addUsage(all, more []Usage, now time.Time) []Usage {
	out := slices.Clone(all)
	for _, u := range more {
		at, found := slices.BinarySearchFunc(out, u, Usage.Compare)
		if !found {
			n := u
			n.N = 0
			out = slices.Insert(out, at, n)
		}
		out[at].N += u.N
	}
	oldest := DateOf(now.Add(-usageKept), time.UTC)
	return slices.DeleteFunc(out, func(u Usage) bool { return u.N == 0 || u.Ends != 0 && u.Ends < oldest })
}

// used returns what was used in a period.
func (a Account) used(rule string, times bool, per CapPeriod, ends Date) int64 {
	u := Usage{Rule: rule, Times: times, Per: per, Ends: ends}
	if at, found := slices.BinarySearchFunc(a.Usage, u, Usage.Compare); found {
		return a.Usage[at].N
	}
	return 0
}

// times returns how many times a rule's limit was used in the period of a day.
func (a Account) times(rule string, l Limit, day Date) int64 {
	return a.used(rule, true, l.Per, l.Per.ends(day))
}

// exhausted returns the first of a rule's limits that allows no further use on a day, if there is one.
func (a Account) exhausted(rule string, limits []Limit, day Date) (Limit, bool) {
	at := slices.IndexFunc(limits, func(l Limit) bool { return a.times(rule, l, day) >= l.Times })
	if at < 0 {
		return Limit{}, false
	}
	return limits[at], true
}

// bounded returns how much of want the caps of a rule allow to an order of a day, with the reasons for each cut. acc
// contains the usage of the earlier orders, and caps of a period allow the rest. In a closed period, the order keeps
// what it was allowed.
func (s *Share) bounded(
	acc Account, of *OrderState, caps []Cap, day Date, want Points, why []Reason,
) (Points, []Reason) {
	rule := s.Rule
	if rule == "" {
		rule = "earn.caps"
	}
	for _, c := range caps {
		u, allowed := c.usage(s.Rule, day, 0), c.Points
		closed := c.Per != PerOrder && acc.isClosed(u)
		switch {
		case c.Per == PerOrder:
		case closed:
			allowed = s.Peak
		default:
			allowed = max(0, c.Points-Points(acc.used(s.Rule, false, c.Per, u.Ends)))
		}
		if want <= allowed {
			continue
		}
		what := IsCapped
		if c.Reject && !closed {
			what, allowed = IsRefused, 0
		}
		why = append(why, NewReason(rule, points(allowed-want), what, points(c.Points), string(c.Per)))
		if c.Per != PerOrder {
			of.cutBy(u)
		}
		want = allowed
	}
	s.Peak = max(s.Peak, want)
	return want, why
}

// use sets the share's usage to n points and returns the change in the usage of the rule's caps and limits.
func (s *Share) use(n Points, caps []Cap, limits []Limit, day Date) (out []Usage) {
	delta := n - s.Used
	for _, c := range caps {
		if c.Per != PerOrder && delta != 0 {
			out = append(out, c.usage(s.Rule, day, delta))
		}
	}
	times := int64(0)
	switch {
	case s.Used == 0 && n > 0:
		times = 1
	case s.Used > 0 && n == 0:
		times = -1
	}
	for _, l := range limits {
		if times != 0 {
			out = append(out, l.usage(s.Rule, day, times))
		}
	}
	s.Used = n
	return out
}

// limited returns the limit that allows no further use for an event, if there is one.
func (s *Share) limited(acc Account, limits []Limit, day Date) (Limit, bool) {
	if s.Peak > 0 {
		return Limit{}, false // the event already has its use
	}
	return acc.exhausted(s.Rule, limits, day)
}

// limited returns the first limit of a rule that does not allow an order of a day, if there is one. acc contains the
// usage of the earlier orders. In a closed period, an order that had a use keeps it.
func (s *OrderState) limited(acc Account, rule string, limits []Limit, day Date) (found Limit, full bool) {
	for _, l := range limits {
		u := l.usage(rule, day, 1)
		used := acc.times(rule, l, day) >= l.Times
		if acc.isClosed(u) {
			used = s.shareOf(rule).Peak == 0
		}
		if !used {
			continue
		}
		s.cutBy(u)
		if !full {
			found, full = l, true
		}
	}
	return found, full
}
