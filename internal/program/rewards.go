package program

import (
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/program/describe"
	"github.com/perennial-loyalty/perennial/internal/program/document"
	"github.com/perennial-loyalty/perennial/internal/program/validate"
)

// parseRewards reads the rewards.
func parseRewards(c *document.Compiler, n *document.Node) (rewards []loyalty.Reward) {
	c.Unique(n.List())
	for _, item := range n.List() {
		cost := item.Get("cost")
		r := loyalty.Reward{
			ID:          item.Get("id").Text(),
			Type:        item.Get("type").Text(),
			Name:        c.WordsIf(item.Get("name")),
			Description: c.WordsIf(item.Get("description")),
			Cost:        loyalty.Points(c.Integer(cost, 1, int64(loyalty.MaxPoints))),
			Tiers:       levelsOf(c, item.Get("tiers")),
			Segments:    c.Labels(item.Get("segments")),
			Limits:      parseLimits(c, item.Get("limit")),
			When:        parseRewardCondition(c, item.Get("when")),
			Manual:      item.Get("fulfillment").Text() == "manual",
			Address:     item.Get("address").Text() == "required",
		}
		r.Prices = parsePrices(c, item.Get("prices"), r)
		r.Wallets = parseWalletPrices(c, item.Get("wallets"))
		parseWorth(c, item, &r)
		r.MinOrder = parseMinOrder(c, item.Get("min_order"), r)
		r.Visible, r.Active = parseTimes(c, item)
		r.Codes = parseCodes(c, item.Get("codes"), r.Type)
		r.StockBatches = stockBatches(c, item, r.Codes.From)
		r.Dates = parseDates(c, item)
		r.FirstCall = firstCall(c, item)
		rewards = append(rewards, r)
	}
	return rewards
}

// meaningful lists the keys that each reward type supports. It omits the keys that all reward types support.
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

// parseWorth reads the keys of a reward that only some reward types support, such as its value.
func parseWorth(c *document.Compiler, item *document.Node, r *loyalty.Reward) {
	parseCosts(c, item, r.Type)
	for _, name := range []string{
		"value", "max_value", "sku", "partner", "dates", "fulfillment", "address", "codes", "wallet", "points",
	} {
		keys, known := meaningful[r.Type]
		if n := item.Get(name); n != nil && known && !slices.Contains(keys, name) {
			c.Add(document.AtKey(n, "has no effect for a reward of type %s", r.Type))
		}
	}
	if n := item.Get("address"); n != nil && item.Get("fulfillment") == nil {
		c.Add(document.AtKey(n, "has no effect without fulfillment: nothing is shipped"))
	}
	value := item.Get("value")
	switch r.Type {
	case "amount_off":
		r.Value = someMoney(c, value, "%s is not a discount; use an amount above 0")
	case "gift_card":
		r.Value = someMoney(c, value, "%s is not a value for a gift card; use an amount above 0")
	case "donation":
		r.Value = someMoney(c, value, "%s is not a donation; use an amount above 0")
	case "percent_off":
		r.Percent = c.Percent(value)
		r.MaxValue = someMoney(c, item.Get("max_value"), "%s is not a maximum discount; use an amount above 0")
	case "free_product":
		r.SKU = c.Label(item.Get("sku"))
	case "partner":
		r.Partner = item.Get("partner").Text()
	case "wallet_points":
		r.Wallet = otherWallet(c, item.Get("wallet"))
		r.Points = loyalty.Points(c.Integer(item.Get("points"), 1, int64(loyalty.MaxPoints)))
	}
}

// parseCosts rejects the keys cost and prices for a perk, which is free.
func parseCosts(c *document.Compiler, item *document.Node, kind string) {
	for _, name := range []string{"cost", "prices"} {
		if n := item.Get(name); n != nil && kind == redeem.Perk {
			c.Add(document.AtKey(n, "has no effect for a reward of type perk, which costs nothing"))
		}
	}
}

// someMoney reads an amount that must be greater than zero. If the amount is zero, it reports a problem. The parameter
// nothing is the format of the problem's message.
func someMoney(c *document.Compiler, n *document.Node, nothing string) loyalty.Money {
	before := len(c.Problems)
	m := c.Money(n)
	if n != nil && m.Amount == 0 && len(c.Problems) == before {
		c.Add(document.At(n, nothing, n.Value))
	}
	return m
}

// parsePrices reads the special prices of a reward for members of certain levels.
func parsePrices(c *document.Compiler, n *document.Node, r loyalty.Reward) map[string]loyalty.Points {
	if n == nil {
		return nil
	}
	prices := map[string]loyalty.Points{}
	for _, f := range n.Pairs() {
		level := f.Key.Name
		price := loyalty.Points(c.Integer(f, 1, int64(loyalty.MaxPoints)))
		switch {
		case !validate.LevelID(
			c, c.P.Tiers.Levels, level, document.AtKey(f, "%q is not a level", document.Clip(level)),
		):
		case len(r.Tiers) > 0 && !slices.Contains(r.Tiers, level):
			c.Add(document.AtKey(f, "never applies: the reward is for members of %s", describe.Series(r.Tiers, "or")))
		case price > r.Cost && r.Cost > 0:
			c.Warn(document.At(f, "is above the %d points for other members", r.Cost))
		}
		prices[level] = price
	}
	return prices
}
