package program

import (
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

func (c *compiler) earn(n *node) (e loyalty.Earn) {
	purchase := n.get("purchase")
	e.Rates = c.rates(purchase.get("rates"))
	e.Counts = counts(purchase.get("counts"))
	switch purchase.get("rounding").text() {
	case "nearest":
		e.Rounding = loyalty.Nearest
	case "up":
		e.Rounding = loyalty.Up
	}
	e.Pending = loyalty.Wait{For: c.period(purchase.get("pending"))}
	e.Expires = c.expires(purchase.get("expires"))
	e.Categories = c.categories(n.get("categories"))
	e.Caps = c.caps(n.get("caps"))
	return e
}

func (c *compiler) caps(n *node) (caps []loyalty.Cap) {
	for _, item := range n.list() {
		amount, period, _ := strings.Cut(item.text(), " per ")
		points, err := strconv.ParseInt(amount, 10, 64)
		if err != nil {
			continue // the schema reports it
		}
		seen := func(x loyalty.Cap) bool { return string(x.Per) == period }
		switch {
		case points > int64(loyalty.MaxPoints):
			c.add(at(item, "%s is more than the %d points that one operation may move", amount, loyalty.MaxPoints))
		case slices.ContainsFunc(caps, seen):
			c.add(at(item, "there is a cap per %s already", period))
		default:
			caps = append(caps, loyalty.Cap{Points: loyalty.Points(points), Per: loyalty.CapPeriod(period)})
		}
	}
	return caps
}

func (c *compiler) rates(n *node) map[loyalty.Currency]loyalty.Rate {
	rates := map[loyalty.Currency]loyalty.Rate{}
	for _, f := range n.pairs() {
		code := loyalty.Currency(f.key.name)
		if _, ok := code.Exponent(); !ok {
			c.add(noCurrency(atKey(f, "%q is not a currency (ISO 4217)", clip(f.key.name)), f.key.name))
			continue
		}
		rates[code] = c.rate(f, code)
	}
	return rates
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

func (c *compiler) expires(n *node) (e loyalty.Expiry) {
	after := n.get("after")
	if after == nil {
		return e
	}
	e.After = c.period(after)
	switch {
	case e.After.Hours > 0 || e.After.Minutes > 0:
		c.add(at(after, "%s is not a number of days, weeks, months or years; points lapse at the end of a day", after.value))
	case e.After.IsZero() && durationForm.MatchString(after.text()):
		c.add(at(after, "points that lapse at once are none; write never for points that do not lapse"))
	}
	switch n.get("round_to").text() {
	case "end_of_day":
		e.RoundTo = loyalty.EndOfDay
	case "end_of_quarter":
		e.RoundTo = loyalty.EndOfQuarter
	case "end_of_year":
		e.RoundTo = loyalty.EndOfYear
	default:
		e.RoundTo = loyalty.EndOfMonth
	}
	return e
}

func (c *compiler) categories(n *node) (rules []loyalty.CategoryRule) {
	c.unique(n.list())
	best := map[string]*node{}
	factors := map[*node]*big.Rat{}
	for _, item := range n.list() {
		category := c.label(item.get("category"))
		rule := loyalty.CategoryRule{ID: item.get("id").text(), Category: category, Multiply: c.factor(item.get("multiply"))}
		if rule.Multiply == nil {
			continue
		}
		rules, factors[item] = append(rules, rule), rule.Multiply
		if category == "" {
			continue
		}
		other := best[category]
		if other == nil {
			best[category] = item
			continue
		}
		loser, winner := item, other
		if rule.Multiply.Cmp(factors[other]) > 0 {
			loser, winner, best[category] = other, item, item
		}
		c.add(at(loser, "never fires: %s is for %q too and always wins", winner.get("id").text(), clip(category)))
	}
	return rules
}
