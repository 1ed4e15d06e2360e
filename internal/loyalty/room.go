package loyalty

import (
	"cmp"
	"slices"
	"time"
)

// Capacity under the caps and limits of a period is assigned to the member's orders in the order in which they were
// placed. An order may use what the orders before it leave. So an order depends only on earlier orders, and the
// capacity that a refund releases goes to the next orders that had been cut.
//
// The account stores what all orders of a period use together, and the orders that were cut. That is enough for an
// order that is reported in time, and for one that uses less than before. If an order would be cut although later
// orders use some of the capacity, the decision needs what these use (Needs.Later). The later orders are then decided
// again after it.

// maxCut is the number of cut orders that an account stores.
const maxCut = 20

// A CutOrder is an order whose points were reduced by caps or limits with periods that are still open.
type CutOrder struct {
	Order PlacedOrder
	Ends  Date // the last day of the longest of these periods; zero: never
}

// A LaterOrder is an order that was placed after another one, with its usage of caps and limits.
type LaterOrder struct {
	Order PlacedOrder
	Usage []Usage
}

// LaterOrders contains the usage of the orders that were placed after an order.
type LaterOrders struct {
	Than PlacedOrder // that order; zero if unknown
	All  []LaterOrder
}

// WithLaterOrders returns the account with the usage of the orders that were placed after an order, from the entries.
func (a Account) WithLaterOrders(than PlacedOrder, entries []Entry) Account {
	a.Later = LaterThan(than, entries)
	return a
}

// LaterThan returns the usage of the orders that were placed after an order, from the entries.
func LaterThan(than PlacedOrder, entries []Entry) LaterOrders {
	l := LaterOrders{Than: than}
	for _, e := range entries {
		if e.Order == nil {
			continue
		}
		o := e.Order.Order.placed()
		if o.Compare(than) <= 0 {
			continue
		}
		at := slices.IndexFunc(l.All, func(x LaterOrder) bool { return x.Order == o })
		if at < 0 {
			at = len(l.All)
			l.All = append(l.All, LaterOrder{Order: o})
		}
		l.All[at].Usage = sumUsage(l.All[at].Usage, e.Usage, 1)
	}
	return l
}

// sumUsage returns all with more added, multiplied by sign.
func sumUsage(all, more []Usage, sign int64) []Usage {
	all = slices.Clone(all)
	for _, u := range more {
		at, found := slices.BinarySearchFunc(all, u, Usage.Compare)
		if u.N *= sign; !found {
			all = slices.Insert(all, at, u)
			continue
		}
		all[at].N += u.N
	}
	return all
}

// of returns the usage of a later order, including changes by entries of the same command.
func (l LaterOrders) of(x LaterOrder, entries []Entry) []Usage {
	used := x.Usage
	for _, e := range entries {
		if e.Order != nil && e.Order.Order.placed() == x.Order {
			used = sumUsage(used, e.Usage, 1)
		}
	}
	return used
}

// knows reports whether the usage of all orders after an order is known.
func (l LaterOrders) knows(o PlacedOrder) bool { return !l.Than.At.IsZero() && l.Than.Compare(o) <= 0 }

// usage returns what an order uses of the caps and limits of its rules.
func (s *OrderState) usage(rules *Program) (all []Usage) {
	day := DateOf(s.Order.PlacedAt, rules.Zone)
	for _, x := range s.Shares {
		caps, limits := rules.boundsOf(x.Rule)
		used := Share{Rule: x.Rule}
		all = append(all, used.use(x.Used, caps, limits, day)...)
	}
	return all
}

// without returns the account without the given usage of caps and limits.
func (a Account) without(used []Usage) Account {
	left := slices.Clone(a.Usage)
	for _, u := range used {
		if at, found := slices.BinarySearchFunc(left, u, Usage.Compare); found {
			left[at].N = max(0, left[at].N-u.N)
		}
	}
	a.Usage = left
	return a
}

// roomFor returns the account with only the usage of the orders before an order.
func (d *decision) roomFor(prior *OrderState, rules *Program, o *Order) Account {
	acc := d.Account
	if len(acc.Usage) == 0 {
		return acc
	}
	if prior != nil {
		acc = acc.without(prior.usage(rules))
	}
	for _, x := range d.later.All {
		if x.Order.Compare(o.placed()) > 0 {
			acc = acc.without(d.later.of(x, d.Entries))
		}
	}
	return acc
}

// crowded reports whether an order may take capacity from later orders. It does if a cap or limit cuts it that left
// capacity for later orders before. It also does if the order uses more of a cap that rejects orders beyond it, or that
// another version may have lowered. used is the change of the order's usage.
func (d *decision) crowded(prior *OrderState, s *OrderState, rules *Program, used []Usage) bool {
	fresh := slices.ContainsFunc(s.Cut, func(u Usage) bool {
		wasFull := func(x Usage) bool { return x.N == isFull && u.Compare(x) == 0 }
		// A newer version of the program may have allowed later orders more.
		return prior == nil || rules.Version != d.p.Version || !slices.ContainsFunc(prior.Cut, wasFull)
	})
	// A newer version may allow later orders less.
	fresh = fresh || slices.ContainsFunc(used, func(u Usage) bool {
		return u.N > 0 && (rules.refuses(u) || rules.Version != d.p.Version)
	})
	return fresh && !s.Order.PlacedAt.After(d.Account.Counted) && !d.later.knows(s.Order.placed())
}

// These are the values of OrderState.Cut for a cap or limit. A cap or limit has room for later orders if it rejected
// the order, or if the order does not use everything that it may.
const (
	hasRoom = 1
	isFull  = 2
)

// findFull determines which of the caps and limits that cut an order have no room for later orders. acc includes only
// the usage of the orders before it.
func (s *OrderState) findFull(acc Account, rules *Program) {
	if len(s.Cut) == 0 {
		return
	}
	acc.Usage = sumUsage(acc.Usage, s.usage(rules), 1)
	s.Cut = slices.Clone(s.Cut)
	for i, u := range s.Cut {
		if s.Cut[i].N = hasRoom; acc.used(u.Rule, u.Times, u.Per, u.Ends) >= rules.bound(u) {
			s.Cut[i].N = isFull
		}
	}
}

// bound returns the points that a cap allows in a period, or the number of times that a limit allows.
func (p *Program) bound(u Usage) int64 {
	caps, limits := p.boundsOf(u.Rule)
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

// refuses reports whether a cap gives nothing to an order that would exceed it. That depends on the whole order, which
// may use less after a partial refund.
func (p *Program) refuses(u Usage) bool {
	caps, _ := p.boundsOf(u.Rule)
	return !u.Times && slices.ContainsFunc(caps, func(c Cap) bool { return c.Per == u.Per && c.Reject })
}

// boundsOf returns the caps and limits of a rule, or those of the program if rule is empty.
func (p *Program) boundsOf(rule string) ([]Cap, []Limit) {
	if rule == "" {
		return p.Earn.Caps, nil
	}
	for i := range p.compiled.rules {
		if r := &p.compiled.rules[i]; r.key == rule {
			return r.Caps, r.limits
		}
	}
	return nil, nil
}

// cutBy records a cap or limit that gives an order less than it would otherwise get.
func (s *OrderState) cutBy(u Usage) {
	u.N = hasRoom
	if at, found := slices.BinarySearchFunc(s.Cut, u, Usage.Compare); !found {
		s.Cut = slices.Insert(slices.Clone(s.Cut), at, u)
	}
}

// isClosed reports whether the account may no longer store the usage of a period.
func (a *Account) isClosed(u Usage) bool {
	return u.Ends != 0 && u.Ends < DateOf(a.Seen.Add(-usageKept), time.UTC)
}

// displaced returns the later orders that must be decided again because an order's usage changed.
func (d *decision) displaced(s *OrderState, used []Usage) (orders []PlacedOrder) {
	o := s.Order.placed()
	for _, x := range d.Account.Cut {
		day := DateOf(x.Order.At, d.p.Zone)
		frees := func(u Usage) bool { return u.N < 0 && (u.Ends == 0 || u.Per.ends(day) == u.Ends) }
		if x.Order.Compare(o) > 0 && slices.ContainsFunc(used, frees) {
			orders = append(orders, x.Order)
		}
	}
	if !d.later.knows(o) {
		return orders
	}
	for _, x := range d.later.All {
		shares := func(u Usage) bool {
			takes := func(t Usage) bool { return (t.N > 0 || len(s.Cut) > 0) && t.Compare(u) == 0 }
			return u.N > 0 && (slices.ContainsFunc(used, takes) || slices.ContainsFunc(s.Cut, takes))
		}
		if x.Order.Compare(o) > 0 && slices.ContainsFunc(d.later.of(x, d.Entries), shares) {
			orders = append(orders, x.Order)
		}
	}
	return orders
}

// noteCut updates the account's list of orders that caps and limits cut.
func (a *Account) noteCut(e Entry) {
	if e.Order == nil || len(a.Cut) == 0 && len(e.Order.Cut) == 0 {
		return
	}
	o, oldest := e.Order.Order.placed(), DateOf(e.Effective.Add(-usageKept), time.UTC)
	cut := slices.DeleteFunc(slices.Clone(a.Cut), func(x CutOrder) bool {
		return x.Order == o || x.Ends != 0 && x.Ends < oldest
	})
	if len(e.Order.Cut) > 0 {
		x := CutOrder{Order: o}
		if !slices.ContainsFunc(e.Order.Cut, func(u Usage) bool { return u.Ends == 0 }) {
			x.Ends = slices.MaxFunc(e.Order.Cut, func(u, v Usage) int { return cmp.Compare(u.Ends, v.Ends) }).Ends
		}
		at, _ := slices.BinarySearchFunc(cut, x, func(x, y CutOrder) int { return x.Order.Compare(y.Order) })
		cut = slices.Insert(cut, at, x)
	}
	if len(cut) > maxCut {
		cut = forgetCut(cut)
	}
	if a.Cut = cut; len(cut) == 0 {
		a.Cut = nil
	}
}

// forgetCut removes the order whose periods end first; of several, the one placed last.
func forgetCut(cut []CutOrder) []CutOrder {
	last := 0
	for i, x := range cut {
		if Date.Compare(x.Ends, cut[last].Ends) <= 0 {
			last = i
		}
	}
	return slices.Delete(cut, last, last+1)
}
