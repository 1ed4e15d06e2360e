package program

import "github.com/perennial-loyalty/perennial/internal/loyalty"

// tierGroups reads the additional tier groups, which have the same form as tiers.
func (c *compiler) tierGroups(root *node) (ladders []loyalty.TierGroup) {
	n := root.get("tier_groups")
	if n == nil {
		return nil
	}
	if root.get("tiers") == nil {
		c.add(atKey(n, "require tiers, on which rules and rewards depend; use tiers for a single tier group"))
	}
	c.unique(n.list())
	for _, item := range n.list() {
		ladders = append(ladders, loyalty.TierGroup{
			ID: item.get("id").text(), Name: c.wordsIf(item.get("name")), Tiers: c.tiers(item),
		})
	}
	return ladders
}
