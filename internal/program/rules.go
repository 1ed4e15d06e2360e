package program

import (
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program/describe"
	"github.com/perennial-loyalty/perennial/internal/program/document"
	"github.com/perennial-loyalty/perennial/internal/program/nearest"
	"github.com/perennial-loyalty/perennial/internal/program/validate"
)

// parseRules reads rules that award points in addition to the base rate. It reads both earn.rules and campaigns, which
// have the same form.
func parseRules(c *document.Compiler, n *document.Node) (rules []loyalty.Rule) {
	c.Unique(n.List())
	for _, item := range n.List() {
		r := loyalty.Rule{
			ID:       item.Get("id").Text(),
			Match:    parseMatch(c, item),
			Give:     parseStrategy(c, item),
			Group:    parseGroup(c, item.Get("group")),
			Priority: int(c.Integer(item.Get("priority"), -1000, 1000)),
			Caps:     parseCaps(c, item.Get("caps")),
			Limits:   parseLimits(c, item.Get("limit")),
			Budget:   parseBudget(c, item.Get("budget")),
			OptIn:    yes(item.Get("opt_in")),
			Shadow:   yes(item.Get("shadow")),
			Life:     parseLife(c, item),
			Name:     c.WordsIf(item.Get("name")),
		}
		rules = append(rules, r)
		c.Entries = append(c.Entries, document.Entry{Item: item, Rule: r})
	}
	return rules
}

var stacking = map[string]loyalty.Stacking{
	"best": loyalty.Best, "sum": loyalty.Sum, "first": loyalty.First, "exclusive": loyalty.Exclusive,
}

// parseGroups reads the groups under stacking, which state how rules combine.
func parseGroups(c *document.Compiler, n *document.Node) (groups []loyalty.Group) {
	c.Unique(n.List())
	for _, item := range n.List() {
		groups = append(groups, loyalty.Group{ID: item.Get("id").Text(), Mode: stacking[item.Get("mode").Text()]})
	}
	return groups
}

// parseGroup reads the group of a rule. It rejects a group that is not defined under stacking.
func parseGroup(c *document.Compiler, n *document.Node) string {
	var ids []string
	for _, g := range c.P.Groups {
		ids = append(ids, g.ID)
	}
	switch {
	case n.Text() == "" || slices.Contains(ids, n.Text()):
	case len(ids) == 0:
		c.Add(document.At(n, "%q is not a group: stacking has no groups", document.Clip(n.Text())))
	default:
		c.Add(
			document.At(
				n, "%q is not a group under stacking; the groups are %s", document.Clip(n.Text()),
				describe.Series(ids, "and"),
			).Suggest(nearest.Word(n.Text(), ids)),
		)
	}
	return n.Text()
}

// levelsOf reads a list of level IDs.
func levelsOf(c *document.Compiler, n *document.Node) []string {
	for _, item := range n.List() {
		validate.Level(c, c.P.Tiers.Levels, item)
	}
	return texts(n)
}
