package validate

import (
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program/describe"
	"github.com/perennial-loyalty/perennial/internal/program/document"
	"github.com/perennial-loyalty/perennial/internal/program/nearest"
)

// Level reports whether n names an existing level. If not, it adds a problem.
func Level(c *document.Compiler, levels []loyalty.Level, n *document.Node) bool {
	return n.Text() != "" &&
		LevelID(c, levels, n.Text(), document.At(n, "%q is not a level", document.Clip(n.Text())))
}

// LevelID reports whether a level ID exists. If not, it adds the problem p with the list of existing levels.
func LevelID(c *document.Compiler, levels []loyalty.Level, id string, p document.Problem) bool {
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
		p.Message += "; use one of " + describe.Series(ids, "and")
	}
	c.Add(p.Suggest(nearest.Word(id, ids)))
	return false
}
