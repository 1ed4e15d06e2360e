package program

import (
	"math/big"
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// contradictions rejects contradictory keys of a rule, and rules that never award points.
func (c *compiler) contradictions(item *node, r loyalty.Rule) {
	if budget := item.get("budget"); r.Shadow && budget != nil {
		c.add(atKey(budget, "cannot be combined with shadow: true, which awards no points"))
	}
	for i, cap := range r.Caps {
		if r.Budget > 0 && cap.Points > r.Budget && i < len(item.get("caps").list()) {
			c.add(at(item.get("caps").list()[i], "exceeds the budget of all members together, %d points", r.Budget))
		}
	}
	if m, ok := r.Give.(loyalty.Multiply); ok && m.By.Cmp(big.NewRat(1, 1)) < 0 {
		for _, name := range []string{"pending", "expires"} {
			if f := item.get(name); f != nil {
				c.add(atKey(f, "has no effect for a multiplier below 1, which only removes points"))
			}
		}
	}
	c.inactiveAlone(item)
	c.payable(item, r)
	c.worthless(item, r)
	c.disjoint(item, r)
}

// inactiveAlone rejects an inactivity expiry for the points of a single rule or action, because it must apply to all
// points or none.
func (c *compiler) inactiveAlone(item *node) {
	if f := item.get("expires").get("inactive"); f != nil {
		c.add(atKey(f, "can only be set for all points, under earn.purchase.expires"))
	}
}

// payable rejects a rule for tenders if none of them earns points.
func (c *compiler) payable(item *node, r loyalty.Rule) {
	unearning := []string{"points", "gift_card", "store_credit"}
	var never []*node
	for _, n := range item.get("tenders").list() {
		if slices.Contains(unearning, n.text()) {
			never = append(never, n)
		}
	}
	if len(never) > 0 && len(never) == len(r.Match.Tenders) {
		c.add(at(never[0], "never applies: amounts paid with points, gift cards or store credit earn nothing"))
		return
	}
	for _, n := range never {
		c.warn(at(n, "has no effect: amounts paid with points, gift cards or store credit earn nothing"))
	}
}

// worthless rejects a multiplier of line items that earn nothing.
func (c *compiler) worthless(item *node, r loyalty.Rule) {
	if _, ok := r.Give.(loyalty.Multiply); !ok {
		return
	}
	lines := len(r.Match.Categories)+len(r.Match.SKUs)+len(r.Match.Brands) > 0
	if lines && c.p.Earn.Counts == (loyalty.Counts{Shipping: c.p.Earn.Counts.Shipping, Tax: c.p.Earn.Counts.Tax}) {
		c.add(at(item, "never gives points: it multiplies the points of line items, and earn.purchase.counts omits items"))
		return
	}
	for _, category := range r.Match.Categories {
		if !c.zeroed(category) {
			return
		}
	}
	if len(r.Match.Categories) > 0 {
		c.add(at(item.get("categories").list()[0], "never gives points: earn.categories multiplies these line items by 0"))
	}
}

// zeroed reports whether line items of a category never earn points.
func (c *compiler) zeroed(category string) bool {
	zero := false
	for _, rule := range c.p.Earn.Categories {
		if rule.Category == category {
			if rule.Multiply.Sign() > 0 {
				return false
			}
			zero = zero || rule.When == nil
		}
	}
	return zero
}

// disjoint rejects amounts in currencies other than those of the rule's orders.
func (c *compiler) disjoint(item *node, r loyalty.Rule) {
	in := map[loyalty.Currency]bool{} // currencies in which the rule's orders are counted
	for i, code := range r.Match.Currencies {
		if !c.accepts(code) {
			c.add(at(item.get("currencies").list()[i], "never applies: orders cannot be in %s, which has no rate under earn.purchase.rates", code))
			return
		}
		if _, own := c.p.Earn.Rates[code]; !own {
			code = c.p.Exchange.Base
		}
		in[code] = true
	}
	for _, name := range []string{"per_amount", "steps", "min_spend"} {
		amounts := item.get(name)
		meets := func(f *node) bool { return in[loyalty.Currency(f.key.name)] }
		if amounts != nil && len(in) > 0 && !slices.ContainsFunc(amounts.pairs(), meets) {
			c.add(atKey(amounts, "never applies: it has no amount in any of the rule's currencies"))
		}
	}
}
