package loyalty

import "slices"

// Orders that must be decided again, but do not fit into the transaction of the order that changed, wait for the due
// queue. The account remembers the first maxUndecided of them by their IDs. If there are more, it remembers one order,
// from which on all of the member's orders are decided again. To decide an unaffected order again is correct and costs
// only a write.

// maxUndecided is how many orders that wait to be decided again an account remembers by their IDs.
const maxUndecided = 10

// HasUndecided reports whether orders wait to be decided again.
func (a *Account) HasUndecided() bool {
	return len(a.Undecided) > 0 || a.UndecidedFrom != Again{}
}

// isUndecided reports whether the account remembers that an order waits to be decided again.
func (a *Account) isUndecided(order string) bool {
	return slices.ContainsFunc(a.Undecided, func(x Again) bool { return x.Order.ID == order })
}

// Postpone leaves all but the first n of the orders that an outcome requests to Resume.
func (o Outcome) Postpone(n int) Outcome {
	if len(o.Needs.Orders) <= n {
		return o
	}
	rest := o.Needs.Orders[n:]
	o.Needs.Orders = o.Needs.Orders[:n]
	if len(o.Entries) == 0 {
		return o // the account remembers them already
	}
	o.Entries = slices.Clone(o.Entries)
	e, acc := &o.Entries[0], &o.Account
	for _, order := range rest {
		x := Again{order, e.Cause.ID}
		switch {
		case acc.isUndecided(order.ID), acc.UndecidedFrom.covers(order):
		case len(acc.Undecided) < maxUndecided:
			e.Undecided = append(slices.Clip(e.Undecided), x)
			acc.Undecided = append(slices.Clip(acc.Undecided), x)
		default:
			acc.UndecidedFrom, e.UndecidedFrom = x, &x
		}
	}
	return o
}

// covers reports whether an order is among the orders from x on, all of which are decided again.
func (x Again) covers(o PlacedOrder) bool { return x != Again{} && x.Order.Compare(o) <= 0 }

// resumption is what the next entry records about the orders that wait to be decided again.
type resumption struct {
	orders []Again // the next orders to decide
	from   Again   // the first order after them; zero if there is none
}

// Resume requests the orders that wait to be decided again. If there are none, the outcome is complete. placed are the
// member's orders from Account.UndecidedFrom on. They are required when no other orders wait.
func (p *Program) Resume(acc Account, placed []PlacedOrder) Outcome {
	out := Outcome{Account: acc}
	if acc.Status != Active {
		return out
	}
	if len(acc.Undecided) == 0 && len(placed) > 0 {
		r := &resumption{}
		for i, o := range placed {
			x := Again{o, acc.UndecidedFrom.Reasons}
			if i == maxUndecided {
				r.from = x
				break
			}
			r.orders = append(r.orders, x)
		}
		out.resumed, out.Account.Undecided = r, r.orders
	}
	out.Needs = out.Needs.with(Needs{Orders: out.Account.undecided()})
	return out
}

// PlacedFrom returns the orders in entries that are equal to or after another order, in the order of
// PlacedOrder.Compare.
func PlacedFrom(from PlacedOrder, entries []Entry) (orders []PlacedOrder) {
	for i := range entries {
		if s := entries[i].Order; s != nil && s.Order.placed().Compare(from) >= 0 {
			orders = append(orders, s.Order.placed())
		}
	}
	slices.SortFunc(orders, PlacedOrder.Compare)
	return slices.Compact(orders)
}

// resume records in an order's entry which orders wait to be decided again now, unless that was recorded already.
func (d *decision) resume(e *Entry) {
	if r := d.resumed; r != nil {
		e.Undecided, e.UndecidedFrom = append(e.Undecided, r.orders...), &r.from
		d.resumed = nil
	}
}

func (a *Account) undecided() (orders []PlacedOrder) {
	for _, x := range a.Undecided {
		orders = append(orders, x.Order)
	}
	return orders
}

// noteUndecided updates from an entry which orders wait to be decided again.
func (a *Account) noteUndecided(e Entry) {
	undecided := slices.Clone(a.Undecided)
	for _, x := range e.Undecided {
		if !a.isUndecided(x.Order.ID) {
			undecided = append(undecided, x)
		}
	}
	if e.UndecidedFrom != nil {
		a.UndecidedFrom = *e.UndecidedFrom
	}
	if e.Order != nil {
		undecided = slices.DeleteFunc(undecided, func(x Again) bool { return x.Order.ID == e.Order.Order.ID })
	}
	if a.Undecided = undecided; len(undecided) == 0 {
		a.Undecided = nil
	}
}
