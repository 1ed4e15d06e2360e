package validate

import (
	"math/big"
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program/document"
)

// contradictions rejects keys of a rule that contradict each other, and rules that can never award points.
func contradictions(c *document.Compiler, item *document.Node, r loyalty.Rule) {
	if budget := item.Get("budget"); r.Shadow && budget != nil {
		c.Add(document.AtKey(budget, "cannot be combined with shadow: true, which awards no points"))
	}
	for i, cap := range r.Caps {
		if r.Budget > 0 && cap.Points > r.Budget && i < len(item.Get("caps").List()) {
			c.Add(
				document.At(
					item.Get("caps").List()[i], "exceeds the budget of all members together, %d points", r.Budget,
				),
			)
		}
	}
	if m, ok := r.Give.(loyalty.Multiply); ok && m.By.Cmp(big.NewRat(1, 1)) < 0 {
		for _, name := range []string{"pending", "expires"} {
			if f := item.Get(name); f != nil {
				c.Add(document.AtKey(f, "has no effect for a multiplier below 1, which only removes points"))
			}
		}
	}
	InactiveAlone(c, item)
	payable(c, item, r)
	worthless(c, item, r)
	disjoint(c, item, r)
}

// InactiveAlone rejects an expiry after inactivity for the points of a single rule or action. Such an expiry must apply
// to all points or to no points.
func InactiveAlone(c *document.Compiler, item *document.Node) {
	if f := item.Get("expires").Get("inactive"); f != nil {
		c.Add(document.AtKey(f, "can only be set for all points, under earn.purchase.expires"))
	}
}

// payable rejects a rule that applies only to certain tenders if none of these tenders earns points.
func payable(c *document.Compiler, item *document.Node, r loyalty.Rule) {
	unearning := []string{"points", "gift_card", "store_credit"}
	var never []*document.Node
	for _, n := range item.Get("tenders").List() {
		if slices.Contains(unearning, n.Text()) {
			never = append(never, n)
		}
	}
	if len(never) > 0 && len(never) == len(r.Match.Tenders) {
		c.Add(document.At(never[0], "never applies: amounts paid with points, gift cards or store credit earn nothing"))
		return
	}
	for _, n := range never {
		c.Warn(document.At(n, "has no effect: amounts paid with points, gift cards or store credit earn nothing"))
	}
}

// worthless rejects a rule that multiplies the points of line items if these line items earn no points.
func worthless(c *document.Compiler, item *document.Node, r loyalty.Rule) {
	if _, ok := r.Give.(loyalty.Multiply); !ok {
		return
	}
	lines := len(r.Match.Categories)+len(r.Match.SKUs)+len(r.Match.Brands) > 0
	if lines && c.P.Earn.Counts == (loyalty.Counts{Shipping: c.P.Earn.Counts.Shipping, Tax: c.P.Earn.Counts.Tax}) {
		c.Add(
			document.At(
				item,
				"never gives points: it multiplies the points of line items, and earn.purchase.counts omits items",
			),
		)
		return
	}
	for _, category := range r.Match.Categories {
		if !zeroed(c, category) {
			return
		}
	}
	if len(r.Match.Categories) > 0 {
		c.Add(
			document.At(
				item.Get("categories").List()[0],
				"never gives points: earn.categories multiplies these line items by 0",
			),
		)
	}
}

// zeroed reports whether line items of a category can never earn points.
func zeroed(c *document.Compiler, category string) bool {
	zero := false
	for _, rule := range c.P.Earn.Categories {
		if rule.Category == category {
			if rule.Multiply.Sign() > 0 {
				return false
			}
			zero = zero || rule.When == nil
		}
	}
	return zero
}

// disjoint rejects an amount of a rule if the rule applies to no order in the currency of the amount.
func disjoint(c *document.Compiler, item *document.Node, r loyalty.Rule) {
	in := map[loyalty.Currency]bool{} // the currencies in which the rule's orders are counted
	for i, code := range r.Match.Currencies {
		if !Accepts(c, code) {
			c.Add(
				document.At(
					item.Get("currencies").List()[i],
					"never applies: orders cannot be in %s, which has no rate under earn.purchase.rates", code,
				),
			)
			return
		}
		if _, own := c.P.Earn.Rates[code]; !own {
			code = c.P.Exchange.Base
		}
		in[code] = true
	}
	for _, name := range []string{"per_amount", "steps", "min_spend"} {
		amounts := item.Get(name)
		meets := func(f *document.Node) bool { return in[loyalty.Currency(f.Key.Name)] }
		if amounts != nil && len(in) > 0 && !slices.ContainsFunc(amounts.Pairs(), meets) {
			c.Add(document.AtKey(amounts, "never applies: it has no amount in any of the rule's currencies"))
		}
	}
}
