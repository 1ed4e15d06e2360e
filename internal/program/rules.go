package program

import (
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program/nearest"
)

// rules reads rules that award points beyond the base rate. The keys earn.rules and campaigns have the same form.
func (c *compiler) rules(n *node) (rules []loyalty.Rule) {
	c.unique(n.list())
	for _, item := range n.list() {
		r := loyalty.Rule{
			ID:       item.get("id").text(),
			Match:    c.match(item),
			Give:     c.strategy(item),
			Group:    c.group(item.get("group")),
			Priority: int(c.integer(item.get("priority"), -1000, 1000)),
			Caps:     c.caps(item.get("caps")),
			Limits:   c.limits(item.get("limit")),
			Budget:   c.budget(item.get("budget")),
			OptIn:    item.get("opt_in").yes(),
			Shadow:   item.get("shadow").yes(),
			Life:     c.life(item),
			Name:     c.wordsIf(item.get("name")),
		}
		rules = append(rules, r)
		c.entries = append(c.entries, entry{item, r})
	}
	return rules
}

var stacking = map[string]loyalty.Stacking{
	"best": loyalty.Best, "sum": loyalty.Sum, "first": loyalty.First, "exclusive": loyalty.Exclusive,
}

// groups reads how rules combine.
func (c *compiler) groups(n *node) (groups []loyalty.Group) {
	c.unique(n.list())
	for _, item := range n.list() {
		groups = append(groups, loyalty.Group{ID: item.get("id").text(), Mode: stacking[item.get("mode").text()]})
	}
	return groups
}

// group rejects a group that is not defined under stacking.
func (c *compiler) group(n *node) string {
	var ids []string
	for _, g := range c.p.Groups {
		ids = append(ids, g.ID)
	}
	switch {
	case n.text() == "" || slices.Contains(ids, n.text()):
	case len(ids) == 0:
		c.add(at(n, "%q is not a group: stacking has no groups", clip(n.text())))
	default:
		c.add(at(n, "%q is not a group under stacking; the groups are %s", clip(n.text()), series(ids, "and")).Suggest(nearest.Word(n.text(), ids)))
	}
	return n.text()
}

// levelsOf reads a list of levels.
func (c *compiler) levelsOf(n *node) []string {
	for _, item := range n.list() {
		c.level(item)
	}
	return texts(n)
}

// level rejects a text that is not a level of the program's main tier group.
func (c *compiler) level(n *node) bool {
	return c.levelOf(c.p.Tiers.Levels, n)
}

// levelOf rejects a text that is not one of the levels.
func (c *compiler) levelOf(levels []loyalty.Level, n *node) bool {
	return n.text() != "" && c.isLevel(levels, n.text(), at(n, "%q is not a level", clip(n.text())))
}

// isLevel rejects an unknown level ID. It adds the list of known levels to the given problem.
func (c *compiler) isLevel(levels []loyalty.Level, id string, p Problem) bool {
	var ids []string
	for _, l := range levels {
		ids = append(ids, l.ID)
	}
	switch {
	case slices.Contains(ids, id):
		return true
	case len(ids) == 0:
		p.Message += ": the program has no tiers"
	default:
		p.Message += "; use one of " + series(ids, "and")
	}
	c.add(p.Suggest(nearest.Word(id, ids)))
	return false
}
