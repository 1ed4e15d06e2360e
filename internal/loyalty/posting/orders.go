package posting

import (
	"cmp"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// Rising is the input for deciding milestones and levels: the instants at which the changed orders were placed, and the
// account before the changes.
type Rising struct {
	Placed []time.Time
	Was    loyalty.Account
}

// MaxOrderNumber is the greatest order number that rules can use.
const MaxOrderNumber = 20

// spareOrders is how many orders an account remembers beyond the greatest number that rules use, so that a cancellation
// rarely needs the member's entries.
const spareOrders = 4

// mostRemembered returns the maximum number of first orders that an account remembers.
func mostRemembered(f loyalty.FirstOrders) int {
	return min(MaxOrderNumber, LeastRemembered(f)+spareOrders)
}

// LeastRemembered returns how many first orders an account must remember. A member with fewer orders needs fewer.
func LeastRemembered(f loyalty.FirstOrders) int { return max(f.Most, f.Target) }

// AddFirst returns the first orders after an order starts or stops counting. The parameter all states whether f
// contains all orders that count.
func AddFirst(f loyalty.FirstOrders, o loyalty.PlacedOrder, counts, all bool) loyalty.FirstOrders {
	at, found := slices.BinarySearchFunc(f.Orders, o, loyalty.PlacedOrder.Compare)
	orders := slices.Clone(f.Orders)
	switch {
	case found && !counts:
		orders = slices.Delete(orders, at, at+1)
	case !found && counts && (all || at < len(orders)):
		orders = slices.Insert(orders, at, o)
	}
	if len(orders) == 0 {
		orders = nil
	}
	return loyalty.FirstOrders{Most: f.Most, Target: f.Target, Orders: orders[:min(len(orders), mostRemembered(f))]}
}

// HasAllOrders reports whether the account remembers all orders that count.
func HasAllOrders(a *loyalty.Account) bool { return int64(len(a.First.Orders)) >= OrderCount(*a) }

// noteOrder updates the member's first orders from an entry.
func noteOrder(a *loyalty.Account, e loyalty.Entry) {
	if e.Order == nil {
		return
	}
	if a.First.Loaded {
		a.First = loyalty.FirstOrders{Most: a.First.Most, Orders: a.First.Orders}
		if e.Numbers+e.Target == 0 {
			a.First.Orders = nil // the orders were read only for the referral
		}
	}
	if f := (loyalty.FirstOrders{Most: e.Numbers, Target: e.Target, Orders: a.First.Orders}); LeastRemembered(f) > 0 {
		next := AddFirst(f, e.Order.Order.Placed(), e.Order.Counted, HasAllOrders(a))
		next.Target = 0
		if len(e.First) > 0 {
			next.Orders = e.First
		}
		a.First = next
	}
}

// Limits on the size of entries and accounts.
const (
	// InlineLines is the maximum number of lines, and of refunded lines, that an order's entry contains. The lines of
	// larger orders are stored separately.
	InlineLines = 100
	// MaxPending is how many orders and events of a member may have pending points. It limits the account's size.
	MaxPending = 2_000
)

// OrderCount returns how many orders of the member count.
func OrderCount(a loyalty.Account) (n int64) {
	for _, m := range a.Metrics {
		n += m.Orders
	}
	return n
}

// The points that caps and limits allow in a period go to the member's orders in the order in which they were placed.
// An order may use what the orders before it leave. So an order depends only on earlier orders. If a refund releases
// some of the allowed points, they go to the next orders that caps or limits had reduced.
//
// The account stores the usage by all orders of a period together, and the orders that were reduced. That is enough for
// an order that is reported in time, and for one that uses less than before. If an order would be reduced while later
// orders use some of the allowed points, the decision needs the usage of each later order (Needs.Later). These orders
// are then decided again after it.

// MaxCut is the maximum number of orders reduced by caps and limits that an account stores.
const MaxCut = 20

// noteCut updates the account's list of orders whose points caps and limits reduced.
func noteCut(a *loyalty.Account, e loyalty.Entry) {
	if e.Order == nil {
		return
	}
	o, oldest := e.Order.Order.Placed(), calendar.DateOf(e.Effective.Add(-UsageRetention), time.UTC)
	cut := slices.DeleteFunc(slices.Clone(a.Cut), func(x loyalty.CutOrder) bool {
		return x.Order == o || x.Ends != 0 && x.Ends < oldest
	})
	if len(e.Order.Cut) > 0 {
		x := loyalty.CutOrder{Order: o}
		if !slices.ContainsFunc(e.Order.Cut, func(u loyalty.Usage) bool { return u.Ends == 0 }) {
			x.Ends = slices.MaxFunc(
				e.Order.Cut, func(u, v loyalty.Usage) int { return cmp.Compare(u.Ends, v.Ends) },
			).Ends
		}
		at, _ := slices.BinarySearchFunc(cut, x, func(x, y loyalty.CutOrder) int { return x.Order.Compare(y.Order) })
		cut = slices.Insert(cut, at, x)
	}
	if len(cut) > MaxCut {
		cut = forgetCut(cut)
	}
	if a.Cut = cut; len(cut) == 0 {
		a.Cut = nil
	}
}

// forgetCut removes the order whose periods end first. If there are several, it removes the one placed last.
func forgetCut(cut []loyalty.CutOrder) []loyalty.CutOrder {
	last := 0
	for i, x := range cut {
		if calendar.Date.Compare(x.Ends, cut[last].Ends) <= 0 {
			last = i
		}
	}
	return slices.Delete(cut, last, last+1)
}

// IsUndecided reports whether the account remembers that an order waits to be decided again.
func IsUndecided(a *loyalty.Account, order string) bool {
	return slices.ContainsFunc(a.Undecided, func(x loyalty.Again) bool { return x.Order.ID == order })
}

// A Resumption lists the orders that wait to be decided again. The next entry records it.
type Resumption struct {
	Orders []loyalty.Again // the next orders to decide
	From   loyalty.Again   // the first order after those in Orders; zero if there is none
}

// NoteUndecided updates from an entry which orders wait to be decided again.
func NoteUndecided(a *loyalty.Account, e loyalty.Entry) {
	undecided := slices.Clone(a.Undecided)
	for _, x := range e.Undecided {
		if !IsUndecided(a, x.Order.ID) {
			undecided = append(undecided, x)
		}
	}
	if e.UndecidedFrom != nil {
		a.UndecidedFrom = *e.UndecidedFrom
	}
	if e.Order != nil {
		undecided = slices.DeleteFunc(undecided, func(x loyalty.Again) bool { return x.Order.ID == e.Order.Order.ID })
	}
	if a.Undecided = undecided; len(undecided) == 0 {
		a.Undecided = nil
	}
}
