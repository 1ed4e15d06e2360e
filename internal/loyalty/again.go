package loyalty

import (
	"maps"
	"slices"
	"time"
)

// An Again is an order that is to be decided again, and the order whose change is the reason.
type Again struct {
	Order   PlacedOrder
	Reasons string
}

// A KnownOrder is the latest entry of an order, with the rules that the order keeps.
type KnownOrder struct {
	Entry Entry
	Rules *Program
}

// orders decides orders again, in their order. An order for which nothing changes is not posted.
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

// again decides an order again.
func (d *decision) again(x KnownOrder, left Budgets) error {
	d.Needs.Orders = slices.DeleteFunc(d.Needs.Orders, func(o PlacedOrder) bool { return o == x.placed() })
	for _, e := range d.Entries {
		if e.Order != nil && e.Order.Order.ID == x.Entry.Order.Order.ID {
			x.Entry = e // it was decided in this command already
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
		d.Entries[n].Input = x.Entry.Input // the same state of the order is still a replay
	}
	return nil
}

func (x KnownOrder) placed() PlacedOrder { return x.Entry.Order.Order.placed() }

// rising is what the milestones and levels are decided by: when the orders that changed were placed, and the account
// before.
type rising struct {
	placed []time.Time
	was    Account
}

// with adds an order that changed. was is the account before it.
func (r *rising) with(placed time.Time, was Account) *rising {
	if r == nil {
		return &rising{[]time.Time{placed}, was}
	}
	return &rising{append(slices.Clip(r.placed), placed), r.was}
}

// settleOrders decides what follows from orders, once all of them are decided: what is redeemed automatically, the
// milestones and the levels. So points that another order gains or loses at once cause neither.
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

// after returns what is left of budgets after spends of the same command.
func (b Budgets) after(spends []Spend) Budgets {
	b = maps.Clone(b)
	for _, s := range spends {
		if _, known := b[s.Rule]; known {
			b[s.Rule] -= s.Points
		}
	}
	return b
}

// reason returns the order whose change made the program decide about another one again.
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

// Follows reports whether an entry is of an order that was decided again because another one changed.
func (e *Entry) Follows() bool {
	return len(e.Reasons) > 0 && e.Reasons[0].Kind == HasFollowed
}

// changesNothing reports whether an order's entry changes nothing but what the order's rules know of it. was is the
// state of the order before.
func (e *Entry) changesNothing(was *OrderState, spends []Spend) bool {
	return e.Order.Worth == was.Worth && sameGrants(was.Grants, e.Order.Grants) &&
		slices.Equal(was.Shares, e.Order.Shares) && len(e.Postings)+len(e.Usage)+len(e.Brands)+len(e.Counts) == 0 && e.Metric == nil && e.Carried == "" &&
		!slices.ContainsFunc(spends, func(s Spend) bool { return s.Points != 0 })
}
