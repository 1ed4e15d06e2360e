package award

import (
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// WithLaterOrders returns the account with the usage of caps and limits by the orders that were placed after the given
// order. It reads the usage from the entries.
func WithLaterOrders(a loyalty.Account, than loyalty.PlacedOrder, entries []loyalty.Entry) loyalty.Account {
	a.Later = LaterThan(than, entries)
	return a
}

// LaterThan returns the usage of caps and limits by the orders that were placed after the given order. It reads the
// usage from the entries.
func LaterThan(than loyalty.PlacedOrder, entries []loyalty.Entry) loyalty.LaterOrders {
	l := loyalty.LaterOrders{Than: than}
	for _, e := range entries {
		if e.Order == nil {
			continue
		}
		o := e.Order.Order.Placed()
		if o.Compare(than) <= 0 {
			continue
		}
		at := slices.IndexFunc(l.All, func(x loyalty.LaterOrder) bool { return x.Order == o })
		if at < 0 {
			at = len(l.All)
			l.All = append(l.All, loyalty.LaterOrder{Order: o})
		}
		l.All[at].Usage = sumUsage(l.All[at].Usage, e.Usage)
	}
	return l
}

// sumUsage returns the sum of two lists of usage, in which usages with the same key are added.
func sumUsage(all, more []loyalty.Usage) []loyalty.Usage {
	all = slices.Clone(all)
	for _, u := range more {
		at, found := slices.BinarySearchFunc(all, u, loyalty.Usage.Compare)
		if !found {
			all = slices.Insert(all, at, u)
			continue
		}
		all[at].N += u.N
	}
	return all
}

// laterOf returns the usage of a later order, including changes by entries of the same command.
func laterOf(l loyalty.LaterOrders, x loyalty.LaterOrder, entries []loyalty.Entry) []loyalty.Usage {
	used := x.Usage
	for _, e := range entries {
		if e.Order != nil && e.Order.Order.Placed() == x.Order {
			used = sumUsage(used, e.Usage)
		}
	}
	return used
}

// knows reports whether the usage by all orders that were placed after an order is known.
func knows(l loyalty.LaterOrders, o loyalty.PlacedOrder) bool {
	return !l.Than.At.IsZero() && l.Than.Compare(o) <= 0
}

// usage returns the order's usage of the caps and limits of its rules.
func usage(s *loyalty.OrderState, earning *loyalty.Earning, zone *time.Location) (all []loyalty.Usage) {
	day := calendar.DateOf(s.Order.PlacedAt, zone)
	for _, x := range s.Shares {
		caps, limits := boundsOf(earning, x.Rule)
		used := loyalty.Share{Rule: x.Rule}
		all = append(all, earn.UseShare(&used, x.Used, caps, limits, day)...)
	}
	return all
}

// without returns the account without the given usage of caps and limits.
func without(a loyalty.Account, used []loyalty.Usage) loyalty.Account {
	left := slices.Clone(a.Usage)
	for _, u := range used {
		if at, found := slices.BinarySearchFunc(left, u, loyalty.Usage.Compare); found {
			left[at].N = max(0, left[at].N-u.N)
		}
	}
	a.Usage = left
	return a
}

// roomFor returns the account without the known usage by the orders that were placed after an order.
func roomFor(
	d *posting.Decision, prior *loyalty.OrderState, earning *loyalty.Earning, zone *time.Location, o *loyalty.Order,
) loyalty.Account {
	acc := d.Account
	if len(acc.Usage) == 0 {
		return acc
	}
	if prior != nil {
		acc = without(acc, usage(prior, earning, zone))
	}
	for _, x := range d.Later.All {
		if x.Order.Compare(o.Placed()) > 0 {
			acc = without(acc, laterOf(d.Later, x, d.Entries))
		}
	}
	return acc
}

// Crowded reports whether an order may use points of a cap, or uses of a limit, that later orders already have, while
// the usage by these orders is not known yet. There are two cases. In the first, a cap or limit cuts the order now and
// previously left something for later orders. In the second, the order uses more of a cap that rejects orders beyond
// it, or that another version may have lowered. The parameter used is the change of the order's usage.
func Crowded(
	d *posting.Decision, prior *loyalty.OrderState, s *loyalty.OrderState, rules earn.Rules,
	used []loyalty.Usage,
) bool {
	fresh := slices.ContainsFunc(s.Cut, func(u loyalty.Usage) bool {
		wasFull := func(x loyalty.Usage) bool { return x.N == earn.IsFull && u.Compare(x) == 0 }
		// A newer version of the program may have allowed later orders more.
		return prior == nil || rules.Version != d.P.Version || !slices.ContainsFunc(prior.Cut, wasFull)
	})
	// A newer version may allow later orders less.
	fresh = fresh || slices.ContainsFunc(used, func(u loyalty.Usage) bool {
		return u.N > 0 && (Refuses(rules.Earning, u) || rules.Version != d.P.Version)
	})
	return fresh && !s.Order.PlacedAt.After(d.Account.Counted) && !knows(d.Later, s.Order.Placed())
}

// FindFull determines which of the caps and limits that cut an order leave nothing for later orders. The account must
// include only the usage by the orders before it.
func FindFull(s *loyalty.OrderState, acc loyalty.Account, earning *loyalty.Earning, zone *time.Location) {
	if len(s.Cut) == 0 {
		return
	}
	acc.Usage = sumUsage(acc.Usage, usage(s, earning, zone))
	s.Cut = slices.Clone(s.Cut)
	for i, u := range s.Cut {
		if s.Cut[i].N = earn.HasRoom; earn.UsedAmount(acc, u.Rule, u.Times, u.Per, u.Ends) >= Bound(earning, u) {
			s.Cut[i].N = earn.IsFull
		}
	}
}

// Bound returns the points that a cap allows in a period, or the number of times that a limit allows.
func Bound(earning *loyalty.Earning, u loyalty.Usage) int64 {
	caps, limits := boundsOf(earning, u.Rule)
	for _, l := range limits {
		if u.Times && l.Per == u.Per {
			return l.Times
		}
	}
	for _, c := range caps {
		if !u.Times && c.Per == u.Per {
			return int64(c.Points)
		}
	}
	return 0
}

// Refuses reports whether u is the usage of a cap that rejects an order which exceeds it, instead of reducing the
// order's points. After a partial refund, such an order may no longer exceed the cap.
func Refuses(earning *loyalty.Earning, u loyalty.Usage) bool {
	caps, _ := boundsOf(earning, u.Rule)
	return !u.Times && slices.ContainsFunc(caps, func(c loyalty.Cap) bool { return c.Per == u.Per && c.Reject })
}

// boundsOf returns the caps and limits of a rule. If rule is empty, they are those of the program.
func boundsOf(earning *loyalty.Earning, rule string) ([]loyalty.Cap, []loyalty.Limit) {
	if rule == "" {
		return earning.Earn.Caps, nil
	}
	if r := earning.Compiled.Rule(rule); r != nil {
		return r.Caps, r.Limits
	}
	return nil, nil
}

// Displaced returns the later orders that must be decided again because an order's usage changed.
func Displaced(d *posting.Decision, s *loyalty.OrderState, used []loyalty.Usage) (orders []loyalty.PlacedOrder) {
	o := s.Order.Placed()
	for _, x := range d.Account.Cut {
		day := calendar.DateOf(x.Order.At, d.P.Zone)
		frees := func(u loyalty.Usage) bool { return u.N < 0 && earn.PeriodEnd(u.Per, day) == u.Ends }
		if x.Order.Compare(o) > 0 && slices.ContainsFunc(used, frees) {
			orders = append(orders, x.Order)
		}
	}
	if !knows(d.Later, o) {
		return orders
	}
	for _, x := range d.Later.All {
		shares := func(u loyalty.Usage) bool {
			takes := func(t loyalty.Usage) bool { return (t.N > 0 || len(s.Cut) > 0) && t.Compare(u) == 0 }
			return u.N > 0 && (slices.ContainsFunc(used, takes) || slices.ContainsFunc(s.Cut, takes))
		}
		if x.Order.Compare(o) > 0 && slices.ContainsFunc(laterOf(d.Later, x, d.Entries), shares) {
			orders = append(orders, x.Order)
		}
	}
	return orders
}
