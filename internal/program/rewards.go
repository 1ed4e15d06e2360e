package program

import (
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
)

// rewards reads the rewards.
func (c *compiler) rewards(n *node) (rewards []loyalty.Reward) {
	c.unique(n.list())
	for _, item := range n.list() {
		cost := item.get("cost")
		r := loyalty.Reward{
			ID:          item.get("id").text(),
			Type:        item.get("type").text(),
			Name:        c.wordsIf(item.get("name")),
			Description: c.wordsIf(item.get("description")),
			Cost:        loyalty.Points(c.integer(cost, 1, int64(loyalty.MaxPoints))),
			Tiers:       c.levelsOf(item.get("tiers")),
			Segments:    c.labels(item.get("segments")),
			Limits:      c.limits(item.get("limit")),
			When:        c.rewardCondition(item.get("when")),
			Manual:      item.get("fulfillment").text() == "manual",
			Address:     item.get("address").text() == "required",
		}
		r.Prices = c.prices(item.get("prices"), r)
		r.Wallets = c.walletPrices(item.get("wallets"))
		c.worth(item, &r)
		r.MinOrder = c.minOrder(item.get("min_order"), r)
		r.Visible, r.Active = c.times(item)
		r.Codes = c.codes(item.get("codes"), r.Type)
		r.StockBatches = c.drops(item, r.Codes.From)
		r.Dates = c.dates(item)
		r.FirstCall = c.firstCall(item)
		rewards = append(rewards, r)
	}
	return rewards
}

// meaningful maps each reward type to the type-specific keys that it supports.
var meaningful = map[string][]string{
	"amount_off":    {"value", "codes"},
	"percent_off":   {"value", "max_value", "codes"},
	"free_shipping": {"codes"},
	"free_product":  {"sku", "fulfillment", "address", "codes"},
	"gift_card":     {"value", "codes"},
	"experience":    {"dates", "fulfillment", "address", "codes"},
	"partner":       {"partner", "codes"},
	"donation":      {"value"},
	"wallet_points": {"wallet", "points"},
	"perk":          {"codes"},
}

// worth reads the type-specific keys of a reward.
func (c *compiler) worth(item *node, r *loyalty.Reward) {
	c.costs(item, r.Type)
	for _, name := range []string{"value", "max_value", "sku", "partner", "dates", "fulfillment", "address", "codes", "wallet", "points"} {
		keys, known := meaningful[r.Type]
		if n := item.get(name); n != nil && known && !slices.Contains(keys, name) {
			c.add(atKey(n, "has no effect for a reward of type %s", r.Type))
		}
	}
	if n := item.get("address"); n != nil && item.get("fulfillment") == nil {
		c.add(atKey(n, "has no effect without fulfillment: nothing is shipped"))
	}
	value := item.get("value")
	switch r.Type {
	case "amount_off":
		r.Value = c.someMoney(value, "%s is not a discount; use an amount above 0")
	case "gift_card":
		r.Value = c.someMoney(value, "%s is not a value for a gift card; use an amount above 0")
	case "donation":
		r.Value = c.someMoney(value, "%s is not a donation; use an amount above 0")
	case "percent_off":
		r.Percent = c.percent(value)
		r.MaxValue = c.someMoney(item.get("max_value"), "%s is not a maximum discount; use an amount above 0")
	case "free_product":
		r.SKU = c.label(item.get("sku"))
	case "partner":
		r.Partner = item.get("partner").text()
	case "wallet_points":
		r.Wallet = c.otherWallet(item.get("wallet"))
		r.Points = loyalty.Points(c.integer(item.get("points"), 1, int64(loyalty.MaxPoints)))
	}
}

// costs rejects a price for a perk, which is free.
func (c *compiler) costs(item *node, kind string) {
	for _, name := range []string{"cost", "prices"} {
		if n := item.get(name); n != nil && kind == redeem.Perk {
			c.add(atKey(n, "has no effect for a reward of type perk, which costs nothing"))
		}
	}
}

// someMoney reads an amount above zero. Parameter nothing is the message for zero.
func (c *compiler) someMoney(n *node, nothing string) loyalty.Money {
	before := len(c.problems)
	m := c.money(n)
	if n != nil && m.Amount == 0 && len(c.problems) == before {
		c.add(at(n, nothing, n.value))
	}
	return m
}

// prices reads the prices for members of certain levels.
func (c *compiler) prices(n *node, r loyalty.Reward) map[string]loyalty.Points {
	if n == nil {
		return nil
	}
	prices := map[string]loyalty.Points{}
	for _, f := range n.pairs() {
		level := f.key.name
		price := loyalty.Points(c.integer(f, 1, int64(loyalty.MaxPoints)))
		switch {
		case !c.isLevel(c.p.Tiers.Levels, level, atKey(f, "%q is not a level", clip(level))):
		case len(r.Tiers) > 0 && !slices.Contains(r.Tiers, level):
			c.add(atKey(f, "never applies: the reward is for members of %s", series(r.Tiers, "or")))
		case price > r.Cost && r.Cost > 0:
			c.warn(at(f, "is above the %d points for other members", r.Cost))
		}
		prices[level] = price
	}
	return prices
}
