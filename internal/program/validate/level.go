package validate

import (
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program/describe"
	"github.com/perennial-loyalty/perennial/internal/program/document"
	"github.com/perennial-loyalty/perennial/internal/program/nearest"
)

// Level reports whether n names a level, and adds a problem if it does not.
func Level(c *document.Compiler, levels []loyalty.Level, n *document.Node) bool {
	return n.Text() != "" &&
		LevelID(c, levels, n.Text(), document.At(n, "%q is not a level", document.Clip(n.Text())))
}

// LevelID rejects an unknown level ID. It adds the list of known levels to the given problem.
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
