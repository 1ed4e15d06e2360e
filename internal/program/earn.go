package program

import (
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

var roundings = map[string]loyalty.Rounding{
	"nearest": loyalty.Nearest, "half_even": loyalty.HalfEven, "up": loyalty.Up,
}

// earn reads the earning rules except the rates, which other sections need earlier.
func (c *compiler) earn(n *node) {
	purchase, e := n.get("purchase"), &c.p.Earn
	e.Counts = counts(purchase.get("counts"))
	e.TaxIncluded = purchase.get("amounts").text() == "tax_included"
	if n := purchase.get("counts"); e.TaxIncluded && e.Counts.Tax {
		c.add(at(n, "has tax, which amounts: tax_included already includes in the items and shipping; remove it"))
	}
	e.Rounding = roundings[purchase.get("rounding").text()]
	e.CountPlaced = purchase.get("count").text() == "placed"
	e.Carry = purchase.get("carry").yes()
	e.Pending = c.wait(purchase.get("pending"))
	e.Expires = c.expires(purchase.get("expires"))
	e.Categories = c.categories(n.get("categories"))
	e.Rules = c.rules(n.get("rules"))
	e.Actions = c.actions(n.get("actions"))
	e.Caps = c.caps(n.get("caps"))
}

func counts(n *node) loyalty.Counts {
	if n == nil {
		return loyalty.Counts{Items: true}
	}
	var counts loyalty.Counts
	for _, item := range n.list() {
		switch item.text() {
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

func (c *compiler) categories(n *node) (rules []loyalty.CategoryRule) {
	c.unique(n.list())
	var items []*node
	for _, item := range n.list() {
		rule := loyalty.CategoryRule{
			ID:       item.get("id").text(),
			Category: c.label(item.get("category")),
			Multiply: c.factor(item.get("multiply")),
			When:     c.orderCondition(item.get("when")),
		}
		if rule.Multiply != nil {
			rules, items = append(rules, rule), append(items, item)
		}
	}
	c.uncountable(rules, items)
	for i, rule := range rules {
		if winner := beaten(rules, i, items); winner != nil && rule.Category != "" {
			c.add(at(items[i], "never applies: %s is also for %q and always takes precedence", winner.get("id").text(), clip(rule.Category)))
		}
	}
	return rules
}

// uncountable rejects a category rule for certain order numbers if lines of its category may earn nothing: whether an
// order counts must not depend on the order's own number.
func (c *compiler) uncountable(rules []loyalty.CategoryRule, items []*node) {
	for i, r := range rules {
		zero := slices.ContainsFunc(rules, func(x loyalty.CategoryRule) bool {
			return x.Category == r.Category && x.Multiply.Sign() == 0
		})
		if zero && r.When != nil && r.When.OrderNumbers() > 0 {
			c.add(at(items[i].get("when"), "must not use the order's number where line items of %q may earn nothing, because only "+
				"orders that earn points have a number; use a rule under earn.rules with categories instead", clip(r.Category)))
		}
	}
}

// beaten returns the rule without a condition that always takes precedence over the i-th rule, or nil if the i-th rule
// can apply.
func beaten(rules []loyalty.CategoryRule, i int, items []*node) (winner *node) {
	best := rules[i]
	for j, other := range rules {
		if j == i || other.Category != best.Category || items[j].get("when") != nil {
			continue
		}
		by := other.Multiply.Cmp(best.Multiply)
		if by > 0 || by == 0 && winner == nil && (j < i || items[i].get("when") != nil) {
			best, winner = other, items[j]
		}
	}
	return winner
}
