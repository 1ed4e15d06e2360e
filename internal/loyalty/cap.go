package loyalty

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// A Cap bounds what a member can earn, by all rules or by one: each order by itself, or all that were placed in one
// day, week, month or year of the program's calendar, or ever. What is above is cut off and reported, never silently.
type Cap struct {
	Points Points
	Per    CapPeriod
	Reject bool // what would go beyond gives nothing at all, instead of what is left
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

	perRest CapPeriod = "rest" // an action's cool-down
)

func (c Cap) String() string { return points(c.Points) + " per " + string(c.Per) }

func (p CapPeriod) known() bool {
	switch p {
	case PerOrder, PerDay, PerWeek, PerMonth, PerYear, PerEver:
		return true
	}
	return false
}

// ends is the last day of the period in which a day lies; zero for an order, which has none, and for ever.
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

// A Usage is how much of a cap, or of a limit, one period has used up.
type Usage struct {
	Rule  string // with its section; empty for the caps of the program
	Times bool   // it counts how often, not points
	Per   CapPeriod
	Ends  Date // the period's last day; zero for ever
	N     int64
}

// Compare orders usages as accounts keep them.
func (u Usage) Compare(v Usage) int {
	b := func(x bool) int {
		if x {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(u.Rule, v.Rule), b(u.Times)-b(v.Times), cmp.Compare(u.Per, v.Per), cmp.Compare(u.Ends, v.Ends))
}

// usage is n times more on a day under a rule's limit.
func (l Limit) usage(rule string, day Date, n int64) Usage {
	return Usage{Rule: rule, Times: true, Per: l.Per, Ends: l.Per.ends(day), N: n}
}

// often is how often, for a refusal: "once per day", "3 times per month", "once ever".
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

// usage is n points more on a day under a rule's cap.
func (c Cap) usage(rule string, day Date, n Points) Usage {
	return Usage{Rule: rule, Per: c.Per, Ends: c.Per.ends(day), N: int64(n)}
}

// usageKept is how long after its end a period's usage is kept. No first revision of an order comes later; and
// what later revisions give back to a period that is forgotten, nobody can use.
const usageKept = MaxOrderAge + 48*time.Hour

// addUsage is all with more added, and without what is older than now minus usageKept.
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

// used is what a period has used up.
func (a Account) used(rule string, times bool, per CapPeriod, ends Date) int64 {
	u := Usage{Rule: rule, Times: times, Per: per, Ends: ends}
	if at, found := slices.BinarySearchFunc(a.Usage, u, Usage.Compare); found {
		return a.Usage[at].N
	}
	return 0
}

// times is how often a rule's limit is used up in the period of a day.
func (a Account) times(rule string, l Limit, day Date) int64 {
	return a.used(rule, true, l.Per, l.Per.ends(day))
}

// exhausted is the first of a rule's limits that leaves no room for another time on a day, if there is one.
func (a Account) exhausted(rule string, limits []Limit, day Date) (Limit, bool) {
	at := slices.IndexFunc(limits, func(l Limit) bool { return a.times(rule, l, day) >= l.Times })
	if at < 0 {
		return Limit{}, false
	}
	return limits[at], true
}

// bounded is how much of want the caps of a rule allow to an order of a day, and why not more. acc has used what the
// orders before it use: the caps of a period leave the rest. Of a period that is closed the order keeps what it was
// allowed.
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

// use brings a share to what is used now, and is what that changes of the caps and limits of its rule.
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

// limited is the limit that leaves no room for another time of an event, if there is one.
func (s *Share) limited(acc Account, limits []Limit, day Date) (Limit, bool) {
	if s.Peak > 0 {
		return Limit{}, false // it had its time
	}
	return acc.exhausted(s.Rule, limits, day)
}

// limited is the limit of a rule that leaves no room for an order of a day, if there is one. acc has used what the orders
// before it use. Of a period that is closed the order keeps its time if it had one.
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
