package program

import (
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program/document"
)

// tierGroups reads the additional tier groups, which have the same form as tiers.
func tierGroups(c *document.Compiler, root *document.Node) (groups []loyalty.TierGroup) {
	n := root.Get("tier_groups")
	if n == nil {
		return nil
	}
	if root.Get("tiers") == nil {
		c.Add(document.AtKey(n, "require tiers, on which rules and rewards depend; use tiers for a single tier group"))
	}
	unique(c, n.List())
	for _, item := range n.List() {
		groups = append(groups, loyalty.TierGroup{
			ID: item.Get("id").Text(), Name: c.WordsIf(item.Get("name")), Tiers: parseTiers(c, item),
		})
	}
	return groups
}
