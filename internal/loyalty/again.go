package loyalty

import (
	"maps"
	"slices"
	"time"
)

// An Again is an order that must be decided again, and the ID of the order whose change is the reason.
type Again struct {
	Order   PlacedOrder
	Reasons string
}

// A KnownOrder is the latest entry of an order and the rules that the order keeps.
type KnownOrder struct {
	Entry Entry
	Rules *Program
}

// orders decides orders again, in the order of their placing. It posts nothing for an order that does not change.
func (d *decision) orders(h History) error {
	d.Needs.Orders, d.Needs.Later = nil, PlacedOrder{}
	d.Entries, d.later, d.holding = slices.Clip(d.Entries), h.Later, true
	slices.SortFunc(h.Orders, func(x, y KnownOrder) int { return x.placed().Compare(y.placed()) })
	for i, x := range h.Orders {
		if err := d.again(x, h.Left); err != nil {
			return err
		}
		if d.Needs.Undecided() {
			for _, x := range h.Orders[i:] {
				d.Needs = d.Needs.with(Needs{Orders: []PlacedOrder{x.placed()}})
			}
			return nil
		}
	}
	d.holding = false
	return d.settleOrders()
}

// again decides one order again.
func (d *decision) again(x KnownOrder, left Budgets) error {
	d.Needs.Orders = slices.DeleteFunc(d.Needs.Orders, func(o PlacedOrder) bool { return o == x.placed() })
	for _, e := range d.Entries {
		if e.Order != nil && e.Order.Order.ID == x.Entry.Order.Order.ID {
			x.Entry = e // this command already decided the order
		}
	}
	prior, n := x.Entry.Order, len(d.Entries)
	s, err := d.p.orderState(d.Account, prior, x.Rules, prior.Order, d.now)
	if err != nil {
		return err
	}
	again := Again{x.placed(), d.reason(prior.Order.ID)}
	if err := d.placeOrder(prior, x.Rules, s, left.after(d.Spends), &again); err != nil {
		return err
	}
	if len(d.Entries) > n {
		d.Entries[n].Input = x.Entry.Input // a repeated request with the same state of the order is still a replay
	}
	return nil
}

func (x KnownOrder) placed() PlacedOrder { return x.Entry.Order.Order.placed() }

// rising is the input for deciding milestones and levels: the instants at which the changed orders were placed, and the
// account before the changes.
type rising struct {
	placed []time.Time
	was    Account
}

// with adds a changed order. was is the account before the change.
func (r *rising) with(placed time.Time, was Account) *rising {
	if r == nil {
		return &rising{[]time.Time{placed}, was}
	}
	return &rising{append(slices.Clip(r.placed), placed), r.was}
}

// settleOrders decides what follows from orders once all of them are decided: automatic redemptions, milestones and
// levels. Points that one order gains and another loses in the same command therefore have no such effect.
func (d *decision) settleOrders() error {
	if d.rising == nil || d.holding || len(d.Needs.Orders) > 0 {
		return nil
	}
	r := *d.rising
	d.rising = nil
	if err := d.autoRedeem(d.now); err != nil {
		return err
	}
	if err := d.milestones(d.now); err != nil {
		return err
	}
	if err := d.climb(r.was, r.placed...); err != nil {
		return err
	}
	return d.autoRedeem(d.now)
}

// after returns the remaining budgets after the spends of the same command.
func (b Budgets) after(spends []Spend) Budgets {
	b = maps.Clone(b)
	for _, s := range spends {
		if _, known := b[s.Rule]; known {
			b[s.Rule] -= s.Points
		}
	}
	return b
}

// reason returns the ID of the order whose change made it necessary to decide another order again.
func (d *decision) reason(order string) string {
	for _, x := range d.Account.Undecided {
		if x.Order.ID == order {
			return x.Reasons
		}
	}
	return d.Entries[0].Cause.ID
}

// explain adds the reason to an entry.
func (a Again) explain(e Entry) Entry {
	e.Reasons = append([]Reason{NewReason("revision", "0", HasFollowed, a.Reasons)}, e.Reasons...)
	return e
}

// Follows reports whether the entry decides an order again after another order changed.
func (e *Entry) Follows() bool {
	return len(e.Reasons) > 0 && e.Reasons[0].Kind == HasFollowed
}

// changesNothing reports whether an order's entry changes only the facts that rules know of the order. was is the
// previous state of the order.
func (e *Entry) changesNothing(was *OrderState, spends []Spend) bool {
	return e.Order.Worth == was.Worth && sameGrants(was.Grants, e.Order.Grants) &&
		slices.Equal(was.Shares, e.Order.Shares) &&
		len(e.Postings)+len(e.Usage)+len(e.Brands)+len(e.Counts) == 0 && e.Metric == nil && e.Carried == "" &&
		!slices.ContainsFunc(spends, func(s Spend) bool { return s.Points != 0 })
}
