package award

import (
	"maps"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// orders decides the orders of a History again, in the order in which they were placed. It posts nothing for an order
// that does not change.
func orders(d *posting.Decision, h tier.History) error {
	d.Needs.Orders, d.Needs.Later = nil, loyalty.PlacedOrder{}
	d.Entries, d.Later, d.Holding = slices.Clip(d.Entries), h.Later, true
	slices.SortFunc(h.Orders, func(x, y tier.KnownOrder) int { return placed(x).Compare(placed(y)) })
	for i, x := range h.Orders {
		if err := again(d, x, h.Left); err != nil {
			return err
		}
		if tier.Undecided(d.Needs) {
			for _, x := range h.Orders[i:] {
				d.Needs = tier.MergeNeeds(d.Needs, posting.Needs{Orders: []loyalty.PlacedOrder{placed(x)}})
			}
			return nil
		}
	}
	d.Holding = false
	return settleOrders(d)
}

// again decides one order again.
func again(d *posting.Decision, x tier.KnownOrder, left earn.Budgets) error {
	d.Needs.Orders = slices.DeleteFunc(d.Needs.Orders, func(o loyalty.PlacedOrder) bool { return o == placed(x) })
	for _, e := range d.Entries {
		if e.Order != nil && e.Order.Order.ID == x.Entry.Order.Order.ID {
			x.Entry = e // this command already decided the order
		}
	}
	prior, n := x.Entry.Order, len(d.Entries)
	s, err := orderState(d, prior, x.Rules, prior.Order)
	if err != nil {
		return err
	}
	again := loyalty.Again{Order: placed(x), Reasons: reason(d, prior.Order.ID)}
	if err := placeOrder(d, prior, x.Rules, s, budgetsAfter(left, d.Spends), &again); err != nil {
		return err
	}
	if len(d.Entries) > n {
		d.Entries[n].Input = x.Entry.Input // a repeated request with the same state of the order is still a replay
	}
	return nil
}

func placed(x tier.KnownOrder) loyalty.PlacedOrder { return x.Entry.Order.Order.Placed() }

// settleOrder decides automatic redemptions, milestones and levels after an order was changed, unless more orders must
// be decided first. The caller passes the account as it was before the change.
func settleOrder(d *posting.Decision, placed time.Time, was *loyalty.Account) error {
	switch {
	case d.Rising != nil:
		d.Rising = &posting.Rising{Placed: append(slices.Clip(d.Rising.Placed), placed), Was: d.Rising.Was}
		return settleOrders(d)
	case mustWait(d):
		d.Rising = &posting.Rising{Placed: []time.Time{placed}, Was: *was}
		return nil
	}
	return settle(d, was, placed)
}

// mustWait reports whether more orders must be decided before milestones and levels.
func mustWait(d *posting.Decision) bool { return d.Holding || len(d.Needs.Orders) > 0 }

// settleOrders decides automatic redemptions, milestones and levels after all orders of a command are decided.
func settleOrders(d *posting.Decision) error {
	if d.Rising == nil || mustWait(d) {
		return nil
	}
	r := *d.Rising
	d.Rising = nil
	return settle(d, &r.Was, r.Placed...)
}

// settle decides automatic redemptions, milestones and levels after orders were changed. If one order gains the points
// that another loses, the sum is the same, and none of these happens.
func settle(d *posting.Decision, was *loyalty.Account, placed ...time.Time) error {
	if err := redeem.AutoRedeem(d, d.Now); err != nil {
		return err
	}
	if err := milestones(d); err != nil {
		return err
	}
	if err := tier.Climb(d, *was, placed...); err != nil {
		return err
	}
	return redeem.AutoRedeem(d, d.Now)
}

// budgetsAfter returns the budgets that remain after the spends of the same command.
func budgetsAfter(b earn.Budgets, spends []posting.Spend) earn.Budgets {
	b = maps.Clone(b)
	for _, s := range spends {
		if _, known := b[s.Rule]; known {
			b[s.Rule] -= s.Points
		}
	}
	return b
}

// reason returns the ID of the order whose change requires deciding another order again.
func reason(d *posting.Decision, order string) string {
	for _, x := range d.Account.Undecided {
		if x.Order.ID == order {
			return x.Reasons
		}
	}
	return d.Entries[0].Cause.ID
}

// explain adds to an entry the reason why its order is decided again.
func explain(a loyalty.Again, e loyalty.Entry) loyalty.Entry {
	e.Reasons = append(
		[]loyalty.Reason{loyalty.NewReason("revision", "0", loyalty.HasFollowed, a.Reasons)}, e.Reasons...,
	)
	return e
}

// changesNothing reports whether an order's entry changes no points, usage or metrics, but only the stored facts about
// the order. The caller passes the previous state of the order.
func changesNothing(e *loyalty.Entry, was *loyalty.OrderState, spends []posting.Spend) bool {
	return e.Order.Worth == was.Worth && sameGrants(was.Grants, e.Order.Grants) &&
		slices.Equal(was.Shares, e.Order.Shares) &&
		len(e.Postings)+len(e.Usage)+len(e.Brands)+len(e.Counts) == 0 && e.Metric == nil && e.Carried == "" &&
		!slices.ContainsFunc(spends, func(s posting.Spend) bool { return s.Points != 0 })
}

// Redecide repeats the decisions about the orders that the outcome of a decision requests. If it requests none,
// Redecide repeats the decisions about the levels of Tiers and all tier groups, and posts the difference: the standing
// that follows from the facts that still count, and the entry bonuses of the levels reached. It starts from the
// account as it was at Needs.Since, and decides all facts since then in the order in which they happened, with the
// same functions as for facts that are reported in time. The result therefore does not depend on when, or how often, a
// fact was reported. Levels that were set manually, locks and minimums apply as before. If more entries are needed,
// the returned outcome requests them in Needs and is otherwise unchanged.
func Redecide(d *posting.Decision, h tier.History) (posting.Outcome, error) {
	out := d.Outcome
	if tier.NeedsNothing(out.Needs) {
		return out, nil
	}
	if len(out.Needs.Orders) > 0 {
		err := orders(d, h)
		return d.Outcome, err
	}
	h.Entries = slices.Concat(h.Entries, out.Entries)
	since := calendar.Later(out.Needs.Since, out.Account.Joined)
	if !h.All {
		needs := tier.MergeNeeds(out.Needs, tier.NeedsSince(d, since))
		if needs.All = needs.All || h.ChangesTraits(since); tier.NeedsOfLevels(needs) != tier.NeedsOfLevels(out.Needs) {
			out.Needs = needs
			return out, nil
		}
	}
	if d.Needs = (posting.Needs{}); h.All {
		since = out.Account.Joined
	}
	if err := tier.Redecide(d, h, since, d); err != nil {
		return posting.Outcome{}, err
	}
	err := tier.InTierGroups(d, func(on *posting.Decision) error { return tier.Redecide(on, h, since, d) })
	return d.Outcome, err
}
