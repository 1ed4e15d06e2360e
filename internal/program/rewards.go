package program

import (
	"math/big"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// generous is the share of what points cost to earn above which a reward is probably a slip: one half.
var generous = big.NewRat(1, 2)

func (c *compiler) rewards(n *node, rates map[loyalty.Currency]loyalty.Rate) (rewards []loyalty.Reward) {
	c.unique(n.list())
	for _, item := range n.list() {
		r := loyalty.Reward{
			ID:   item.get("id").text(),
			Type: item.get("type").text(),
			Cost: loyalty.Points(c.integer(item.get("cost"), 1, int64(loyalty.MaxPoints))),
		}
		if name := item.get("name"); name != nil {
			r.Name = c.words(name)
		}
		value, sku := item.get("value"), item.get("sku")
		switch r.Type {
		case "amount_off":
			r.Value = c.amountOff(value)
			c.giveBack(value, r, rates[r.Value.Currency])
			c.misplaced(r.Type, sku)
		case "percent_off":
			r.Percent = c.percent(value)
			c.misplaced(r.Type, sku)
		case "free_product":
			r.SKU = c.label(sku)
			c.misplaced(r.Type, value)
		case "free_shipping":
			c.misplaced(r.Type, value)
			c.misplaced(r.Type, sku)
		}
		rewards = append(rewards, r)
	}
	return rewards
}

func (c *compiler) amountOff(n *node) loyalty.Money {
	before := len(c.problems)
	m := c.money(n)
	if n != nil && m.Amount == 0 && len(c.problems) == before {
		c.add(at(n, "%s off is no reward", n.value))
	}
	return m
}

// misplaced refuses a key that the schema knows, but not for a reward of this type.
func (c *compiler) misplaced(kind string, n *node) {
	if n != nil {
		c.add(atKey(n, "means nothing for a reward of type %s", kind))
	}
}

// giveBack warns of a reward that returns much of what a member must spend to earn its points, at the base
// rate of its own currency.
func (c *compiler) giveBack(n *node, r loyalty.Reward, rate loyalty.Rate) {
	if n == nil || r.Cost < 1 || rate.Points == nil || rate.Per < 1 {
		return
	}
	share := new(big.Rat).Mul(big.NewRat(r.Value.Amount, rate.Per), rate.Points)
	share.Quo(share, big.NewRat(int64(r.Cost), 1))
	if share.Cmp(generous) > 0 {
		percent := share.Mul(share, big.NewRat(100, 1)).FloatString(0)
		c.warn(at(n, "gives back %s%% of what members must spend to earn its %d points", percent, r.Cost))
	}
}
