package program

import (
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

func (c *compiler) rewards(n *node) (rewards []loyalty.Reward) {
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
