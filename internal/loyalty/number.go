package loyalty

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// MaxOrderNumber is the greatest order number that rules can use.
const MaxOrderNumber = 20

// spareOrders is how many orders an account remembers beyond the greatest number that rules use, so that a cancellation
// rarely needs the member's entries.
const spareOrders = 4

// A PlacedOrder is an order with the instant at which it was placed. A member's orders are numbered in this order (see
// Compare).
type PlacedOrder struct {
	At time.Time
	ID string
}

// Compare orders by the instant of placing, then by ID.
func (x PlacedOrder) Compare(y PlacedOrder) int {
	return cmp.Or(x.At.Compare(y.At), cmp.Compare(x.ID, y.ID))
}

func (o *Order) placed() PlacedOrder { return PlacedOrder{o.PlacedAt.UTC(), o.ID} }

// FirstOrders are the first of a member's orders that count, in the order of their numbers and without gaps. An account
// remembers them once a rule uses order numbers.
type FirstOrders struct {
	Most   int // the greatest number that any rule has ever used; 0 if no rule has
	Target int // the greatest target of the program's milestones, while an order is decided; 0 if there is none
	Orders []PlacedOrder

	Loaded bool // the orders were read from the member's entries, so the next entry must record them
}

// keep returns how many orders are remembered.
func (f FirstOrders) keep() int { return min(MaxOrderNumber, f.least()+spareOrders) }

// least returns how many orders must be remembered, if the member has that many.
func (f FirstOrders) least() int { return max(f.Most, f.Target) }

// number returns the number that an order has if it counts.
func (f FirstOrders) number(o PlacedOrder) int {
	at, _ := slices.BinarySearchFunc(f.Orders, o, PlacedOrder.Compare)
	return at + 1
}

// with returns the first orders after an order starts or stops counting. all reports whether f contains all orders that
// count.
func (f FirstOrders) with(o PlacedOrder, counts, all bool) FirstOrders {
	at, found := slices.BinarySearchFunc(f.Orders, o, PlacedOrder.Compare)
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
	return FirstOrders{Most: f.Most, Target: f.Target, Orders: orders[:min(len(orders), f.keep())]}
}

// moved returns the orders other than o whose numbers change for the rules that use numbers up to f.Most. next are the
// first orders after the change.
func (f FirstOrders) moved(next FirstOrders, o PlacedOrder) (moved []PlacedOrder) {
	for _, x := range slices.Concat(f.Orders, next.Orders) {
		was, is := f.number(x), next.number(x)
		if was != is && min(was, is) <= next.Most && x != o && !slices.Contains(moved, x) {
			moved = append(moved, x)
		}
	}
	slices.SortFunc(moved, PlacedOrder.Compare)
	return moved
}

// EarlierOrders returns the first orders of a member who placed n orders before an instant, where nothing else is known
// about these orders.
func EarlierOrders(n int64, before time.Time) (f FirstOrders) {
	f.Most = MaxOrderNumber
	for i := range min(n, MaxOrderNumber) {
		f.Orders = append(f.Orders, PlacedOrder{before.Add(time.Duration(i-n) * time.Millisecond).UTC(), ""})
	}
	return f
}

// hasAllOrders reports whether the account remembers all orders that count.
func (a *Account) hasAllOrders() bool { return int64(len(a.First.Orders)) >= a.orders() }

// firstOrders returns the member's first orders after an order starts or stops counting. It returns false if the
// account does not remember enough of them, so that the member's entries are needed. was reports whether the order
// counted before.
func (p *Program) firstOrders(acc Account, rules *Program, o *Order, was, counts bool) (FirstOrders, bool) {
	f := acc.First
	f.Most = max(f.Most, p.compiled.numbers, rules.compiled.numbers)
	f.Target = p.compiled.target
	if f.least() == 0 {
		return f, true
	}
	next, orders := f.with(o.placed(), counts, acc.hasAllOrders()), acc.orders()
	switch {
	case counts && !was:
		orders++
	case was && !counts:
		orders--
	}
	return next, len(next.Orders) >= f.least() || int64(len(next.Orders)) >= orders
}

// WithFirstOrders returns the account with the first orders read from the member's entries. entries must be all of the
// member's entries.
func (p *Program) WithFirstOrders(acc Account, entries []Entry) Account {
	latest := map[string]*OrderState{}
	for i := range entries {
		if s := entries[i].Order; s != nil {
			latest[s.Order.ID] = s
		}
	}
	acc.First = FirstOrders{Most: acc.First.Most, Loaded: true}
	acc.Converting = Converting{}
	for _, s := range latest {
		if s.Counted {
			acc.First.Orders = append(acc.First.Orders, s.Order.placed())
		}
		if len(s.Converts) > 0 {
			acc.Converting.Orders = append(acc.Converting.Orders, s.Order.placed())
		}
	}
	slices.SortFunc(acc.First.Orders, PlacedOrder.Compare)
	slices.SortFunc(acc.Converting.Orders, PlacedOrder.Compare)
	acc.Converting = acc.Converting.trimmed()
	return acc
}

// noteOrder updates the member's first orders from an entry.
func (a *Account) noteOrder(e Entry) {
	if e.Order == nil {
		return
	}
	if a.First.Loaded {
		a.First = FirstOrders{Most: a.First.Most, Orders: a.First.Orders}
		if e.Numbers+e.Target == 0 {
			a.First.Orders = nil // they were read for the referral alone
		}
	}
	if f := (FirstOrders{Most: e.Numbers, Target: e.Target, Orders: a.First.Orders}); f.least() > 0 {
		next := f.with(e.Order.Order.placed(), e.Order.Counted, a.hasAllOrders())
		next.Target = 0
		if len(e.First) > 0 {
			next.Orders = e.First
		}
		a.First = next
	}
}

// counts reports whether what remains of the order counts as one of the member's orders: that is, whether anything
// remains that earns. The result must not depend on the order's number.
func (v *valuation) counts() bool {
	if v.p.Earn.CountPlaced {
		return true
	}
	defer func() { v.facts = nil }() // the facts were those of an order without a number
	return v.kept.sign() > 0 && slices.ContainsFunc(v.o.Lines, func(l Line) bool {
		if !v.earning(l) || v.leftOf(l).sign() == 0 {
			return false
		}
		m, ok := v.category(l.Category)
		return !ok || m.by.sign() > 0
	})
}

// number determines the order's number among the member's orders that count.
func (v *valuation) number() {
	v.counted = v.counts()
	most := v.p.compiled.numbers
	switch {
	case most == 0:
	case v.counted:
		v.s.Buyer.Orders = int64(min(v.acc.First.number(v.o.placed()), most+1) - 1)
	default:
		v.s.Buyer.Orders = -1
	}
}

// askNumbers records the order numbers that a condition uses.
func (p *Program) askNumbers(when Condition) error {
	n := orderNumbers(when)
	if n > MaxOrderNumber {
		return fmt.Errorf("%s uses an order number above %d", when, MaxOrderNumber)
	}
	p.compiled.numbers = max(p.compiled.numbers, n)
	return nil
}

// excludes reports whether a rule excludes the line items of a category from earning.
func (p *Program) excludes(category string) bool {
	return slices.ContainsFunc(p.Earn.Categories, func(c CategoryRule) bool {
		return c.Category == category && c.Multiply.Sign() == 0
	})
}
