package award

import (
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// If too many orders must be decided again for the transaction of the order that changed, the others wait for a
// background task, which calls Resume. The account remembers the first MaxUndecided of them by their IDs. If there are
// more, it remembers one order, and all of the member's orders from that one on are decided again. Deciding an
// unaffected order again is correct, and only costs a write.

// MaxUndecided is how many orders that wait to be decided again an account remembers by their IDs.
const MaxUndecided = 10

// HasUndecided reports whether orders wait to be decided again.
func HasUndecided(a *loyalty.Account) bool {
	return len(a.Undecided) > 0 || a.UndecidedFrom != loyalty.Again{}
}

// Postpone removes all but the first n of the orders that an outcome requests. It records the others in the outcome's
// first entry and in the account. Resume requests them later.
func Postpone(o posting.Outcome, n int) posting.Outcome {
	if len(o.Needs.Orders) <= n {
		return o
	}
	rest := o.Needs.Orders[n:]
	o.Needs.Orders = o.Needs.Orders[:n]
	if len(o.Entries) == 0 {
		return o // the account already remembers the orders
	}
	o.Entries = slices.Clone(o.Entries)
	e, acc := &o.Entries[0], &o.Account
	for _, order := range rest {
		x := loyalty.Again{Order: order, Reasons: e.Cause.ID}
		switch {
		case posting.IsUndecided(acc, order.ID), covers(acc.UndecidedFrom, order):
		case len(acc.Undecided) < MaxUndecided:
			e.Undecided = append(slices.Clip(e.Undecided), x)
			acc.Undecided = append(slices.Clip(acc.Undecided), x)
		default:
			acc.UndecidedFrom, e.UndecidedFrom = x, &x
		}
	}
	return o
}

// covers reports whether an order is equal to or after the given order, from which all orders are decided again.
func covers(x loyalty.Again, o loyalty.PlacedOrder) bool {
	return x != loyalty.Again{} && x.Order.Compare(o) <= 0
}

// Resume returns an outcome that requests the orders that wait to be decided again. If there are none, the outcome
// requests nothing. The parameter placed contains the member's orders from Account.UndecidedFrom on. The caller must
// pass it if Account.Undecided is empty.
func Resume(acc loyalty.Account, placed []loyalty.PlacedOrder) posting.Outcome {
	out := posting.Outcome{Account: acc}
	if !acc.Status.Earns() {
		return out
	}
	if len(acc.Undecided) == 0 && len(placed) > 0 {
		r := &posting.Resumption{}
		for i, o := range placed {
			x := loyalty.Again{Order: o, Reasons: acc.UndecidedFrom.Reasons}
			if i == MaxUndecided {
				r.From = x
				break
			}
			r.Orders = append(r.Orders, x)
		}
		out.Resumed, out.Account.Undecided = r, r.Orders
	}
	out.Needs = tier.MergeNeeds(out.Needs, posting.Needs{Orders: undecided(&out.Account)})
	return out
}

// PlacedFrom returns the orders in entries that are equal to or after another order, in the order of
// PlacedOrder.Compare.
func PlacedFrom(from loyalty.PlacedOrder, entries []loyalty.Entry) (orders []loyalty.PlacedOrder) {
	for i := range entries {
		if s := entries[i].Order; s != nil && s.Order.Placed().Compare(from) >= 0 {
			orders = append(orders, s.Order.Placed())
		}
	}
	slices.SortFunc(orders, loyalty.PlacedOrder.Compare)
	return slices.Compact(orders)
}

// resume records in an order's entry the orders that wait to be decided again (Outcome.Resumed), unless an entry has
// already recorded them.
func resume(d *posting.Decision, e *loyalty.Entry) {
	if r := d.Resumed; r != nil {
		e.Undecided, e.UndecidedFrom = append(e.Undecided, r.Orders...), &r.From
		d.Resumed = nil
	}
}

func undecided(a *loyalty.Account) (orders []loyalty.PlacedOrder) {
	for _, x := range a.Undecided {
		orders = append(orders, x.Order)
	}
	return orders
}
