package program

import (
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program/document"
)

var roundings = map[string]loyalty.Rounding{
	"nearest": loyalty.Nearest, "half_even": loyalty.HalfEven, "up": loyalty.Up,
}

// parseEarn reads the earning rules except the rates, which other sections need earlier.
func parseEarn(c *document.Compiler, n *document.Node) {
	purchase, e := n.Get("purchase"), &c.P.Earn
	e.Counts = counts(purchase.Get("counts"))
	e.TaxIncluded = purchase.Get("amounts").Text() == "tax_included"
	if n := purchase.Get("counts"); e.TaxIncluded && e.Counts.Tax {
		c.Add(
			document.At(
				n, "has tax, which amounts: tax_included already includes in the items and shipping; remove it",
			),
		)
	}
	e.Rounding = roundings[purchase.Get("rounding").Text()]
	e.CountPlaced = purchase.Get("count").Text() == "placed"
	e.Carry = yes(purchase.Get("carry"))
	e.Pending = parseWait(c, purchase.Get("pending"))
	e.Expires = parseExpires(c, purchase.Get("expires"))
	e.Categories = parseCategories(c, n.Get("categories"))
	e.Rules = parseRules(c, n.Get("rules"))
	e.Actions = parseActions(c, n.Get("actions"))
	e.Caps = parseCaps(c, n.Get("caps"))
}

func counts(n *document.Node) loyalty.Counts {
	if n == nil {
		return loyalty.Counts{Items: true}
	}
	var counts loyalty.Counts
	for _, item := range n.List() {
		switch item.Text() {
		case "items":
			counts.Items = true
		case "shipping":
			counts.Shipping = true
		case "tax":
			counts.Tax = true
		}
	}
	return counts
}

func parseCategories(c *document.Compiler, n *document.Node) (rules []loyalty.CategoryRule) {
	c.Unique(n.List())
	var items []*document.Node
	for _, item := range n.List() {
		rule := loyalty.CategoryRule{
			ID:       item.Get("id").Text(),
			Category: c.Label(item.Get("category")),
			Multiply: c.Factor(item.Get("multiply")),
			When:     parseOrderCondition(c, item.Get("when")),
		}
		if rule.Multiply != nil {
			rules, items = append(rules, rule), append(items, item)
		}
	}
	uncountable(c, rules, items)
	for i, rule := range rules {
		if winner := beaten(rules, i, items); winner != nil && rule.Category != "" {
			c.Add(
				document.At(
					items[i], "never applies: %s is also for %q and always takes precedence", winner.Get("id").Text(),
					document.Clip(rule.Category),
				),
			)
		}
	}
	return rules
}

// uncountable rejects a rule of a category if its condition uses the order number and another rule of the category
// multiplies by zero. An order has a number only if it earns points. With both rules, the number would have to be known
// before it is clear that the order earns points.
func uncountable(c *document.Compiler, rules []loyalty.CategoryRule, items []*document.Node) {
	for i, r := range rules {
		zero := slices.ContainsFunc(rules, func(x loyalty.CategoryRule) bool {
			return x.Category == r.Category && x.Multiply.Sign() == 0
		})
		if zero && r.When != nil && r.When.OrderNumbers() > 0 {
			c.Add(document.At(items[i].Get("when"), "must not use the order's number where line items "+
				"of %q may earn nothing, because only orders that earn points have a number; "+
				"use a rule under earn.rules with categories instead", document.Clip(r.Category)))
		}
	}
}

// beaten returns an unconditional rule of the same category that always takes precedence over the i-th rule. It returns
// nil if there is no such rule; the i-th rule can then apply.
func beaten(rules []loyalty.CategoryRule, i int, items []*document.Node) (winner *document.Node) {
	best := rules[i]
	for j, other := range rules {
		if j == i || other.Category != best.Category || items[j].Get("when") != nil {
			continue
		}
		by := other.Multiply.Cmp(best.Multiply)
		if by > 0 || by == 0 && winner == nil && (j < i || items[i].Get("when") != nil) {
			best, winner = other, items[j]
		}
	}
	return winner
}
