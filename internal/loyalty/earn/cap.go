package earn

import (
	"slices"
	"strconv"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
)

// IsCapPeriod reports whether p is a period of caps or limits.
func IsCapPeriod(p loyalty.CapPeriod) bool {
	switch p {
	case loyalty.PerOrder, loyalty.PerDay, loyalty.PerWeek, loyalty.PerMonth, loyalty.PerYear, loyalty.PerEver:
		return true
	}
	return false
}

// PeriodEnd returns the last day of the period that contains a day. It returns zero for loyalty.PerOrder and
// loyalty.PerEver.
func PeriodEnd(p loyalty.CapPeriod, d calendar.Date) calendar.Date {
	switch p {
	case loyalty.PerDay:
		return d
	case loyalty.PerWeek:
		return calendar.EndOfWeek.Date(d)
	case loyalty.PerMonth:
		return calendar.EndOfMonth.Date(d)
	case loyalty.PerYear:
		return calendar.EndOfYear.Date(d)
	}
	return 0
}

// LimitUsage returns n uses of a rule's limit on a day.
func LimitUsage(l loyalty.Limit, rule string, day calendar.Date, n int64) loyalty.Usage {
	return loyalty.Usage{Rule: rule, Times: true, Per: l.Per, Ends: PeriodEnd(l.Per, day), N: n}
}

// LimitText returns the limit as text for error messages: "once per day", "3 times per month", "once ever".
func LimitText(l loyalty.Limit) string {
	n := strconv.FormatInt(l.Times, 10) + " times"
	if l.Times == 1 {
		n = "once"
	}
	if l.Per == loyalty.PerEver {
		return n + " ever"
	}
	return n + " per " + string(l.Per)
}

// CapUsage returns n points used of a rule's cap on a day.
func CapUsage(c loyalty.Cap, rule string, day calendar.Date, n loyalty.Points) loyalty.Usage {
	return loyalty.Usage{Rule: rule, Per: c.Per, Ends: PeriodEnd(c.Per, day), N: int64(n)}
}

// UsedAmount returns how much of a rule's cap or limit was used in the period that ends on a day: the number of uses if
// times is set, otherwise points.
func UsedAmount(a loyalty.Account, rule string, times bool, per loyalty.CapPeriod, ends calendar.Date) int64 {
	u := loyalty.Usage{Rule: rule, Times: times, Per: per, Ends: ends}
	if at, found := slices.BinarySearchFunc(a.Usage, u, loyalty.Usage.Compare); found {
		return a.Usage[at].N
	}
	return 0
}

// UsedTimes returns how many times a rule's limit was used in the period of a day.
func UsedTimes(a loyalty.Account, rule string, l loyalty.Limit, day calendar.Date) int64 {
	return UsedAmount(a, rule, true, l.Per, PeriodEnd(l.Per, day))
}

// Exhausted returns the first of a rule's limits that allows no further use on a day, if there is one.
func Exhausted(a loyalty.Account, rule string, limits []loyalty.Limit, day calendar.Date) (loyalty.Limit, bool) {
	at := slices.IndexFunc(limits, func(l loyalty.Limit) bool { return UsedTimes(a, rule, l, day) >= l.Times })
	if at < 0 {
		return loyalty.Limit{}, false
	}
	return limits[at], true
}

// bounded returns how many of the wanted points the caps of a rule allow for an order placed on a day, with a reason
// for each cut. The account contains the usage by earlier orders, and a cap of a period allows only the points that
// they left. In a closed period, the order keeps at most the points that it was allowed before.
func bounded(
	s *loyalty.Share,
	acc loyalty.Account, of *loyalty.OrderState, caps []loyalty.Cap, day calendar.Date, want loyalty.Points,
	why []loyalty.Reason,
) (loyalty.Points, []loyalty.Reason) {
	rule := s.Rule
	if rule == "" {
		rule = "earn.caps"
	}
	for _, c := range caps {
		u, allowed := CapUsage(c, s.Rule, day, 0), c.Points
		closed := c.Per != loyalty.PerOrder && isClosed(&acc, u)
		switch {
		case c.Per == loyalty.PerOrder:
		case closed:
			allowed = s.Peak
		default:
			allowed = max(0, c.Points-loyalty.Points(UsedAmount(acc, s.Rule, false, c.Per, u.Ends)))
		}
		if want <= allowed {
			continue
		}
		what := loyalty.IsCapped
		if c.Reject && !closed {
			what, allowed = loyalty.IsRefused, 0
		}
		why = append(
			why,
			loyalty.NewReason(
				rule, loyalty.FormatPoints(allowed-want), what, loyalty.FormatPoints(c.Points), string(c.Per),
			),
		)
		if c.Per != loyalty.PerOrder {
			cutBy(of, u)
		}
		want = allowed
	}
	s.Peak = max(s.Peak, want)
	return want, why
}

// UseShare sets the share's usage to n points and returns the change in the usage of the rule's caps and limits. The
// result is nil if no usage changes.
func UseShare(
	s *loyalty.Share, n loyalty.Points, caps []loyalty.Cap, limits []loyalty.Limit, day calendar.Date,
) (out []loyalty.Usage) {
	delta := n - s.Used
	for i, c := range caps {
		if c.Per == loyalty.PerOrder || delta == 0 {
			continue
		}
		if out == nil {
			out = make([]loyalty.Usage, 0, len(caps)-i+len(limits))
		}
		out = append(out, CapUsage(c, s.Rule, day, delta))
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
			out = append(out, LimitUsage(l, s.Rule, day, times))
		}
	}
	s.Used = n
	return out
}

// LimitReached returns the limit that allows no further use for an event, if there is one.
func LimitReached(
	s *loyalty.Share, acc loyalty.Account, limits []loyalty.Limit, day calendar.Date,
) (loyalty.Limit, bool) {
	if s.Peak > 0 {
		return loyalty.Limit{}, false // the event has already used the limit
	}
	return Exhausted(acc, s.Rule, limits, day)
}

// limited returns the first of a rule's limits that prevents the rule from applying to an order placed on a day, if
// there is one. The account contains the usage by the earlier orders. In a closed period, a rule that applied to the
// order before still applies.
func limited(
	s *loyalty.OrderState, acc loyalty.Account, rule string, limits []loyalty.Limit, day calendar.Date,
) (found loyalty.Limit, full bool) {
	for _, l := range limits {
		u := LimitUsage(l, rule, day, 1)
		used := UsedTimes(acc, rule, l, day) >= l.Times
		if isClosed(&acc, u) {
			used = receipt.ShareOf(s, rule).Peak == 0
		}
		if !used {
			continue
		}
		cutBy(s, u)
		if !full {
			found, full = l, true
		}
	}
	return found, full
}

// The values of Usage.N in OrderState.Cut. HasRoom means that later orders may still use the cap or limit, because it
// rejected this order, or because this order does not use everything that it may. IsFull means that nothing is left for
// later orders.
const (
	HasRoom = 1
	IsFull  = 2
)

// cutBy records that a cap or limit reduces the points of an order.
func cutBy(s *loyalty.OrderState, u loyalty.Usage) {
	u.N = HasRoom
	if at, found := slices.BinarySearchFunc(s.Cut, u, loyalty.Usage.Compare); !found {
		s.Cut = slices.Insert(slices.Clone(s.Cut), at, u)
	}
}

// isClosed reports whether the account may no longer store the usage of a period.
func isClosed(a *loyalty.Account, u loyalty.Usage) bool {
	return u.Ends != 0 && u.Ends < calendar.DateOf(a.Seen.Add(-posting.UsageRetention), time.UTC)
}
