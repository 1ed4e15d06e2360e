package program

import "github.com/perennial-loyalty/perennial/internal/loyalty"

// ladders reads the additional tier groups, which have the same form as tiers.
func (c *compiler) ladders(root *node) (ladders []loyalty.TierGroup) {
	n := root.get("tier_groups")
	if n == nil {
		return nil
	}
	if root.get("tiers") == nil {
		c.add(atKey(n, "stand beside tiers, which rules and rewards go by, and there are none; let the only ladder be tiers"))
	}
	c.unique(n.list())
	for _, item := range n.list() {
		ladders = append(ladders, loyalty.TierGroup{
			ID: item.get("id").text(), Name: c.wordsIf(item.get("name")), Tiers: c.tiers(item),
		})
	}
	return ladders
}
