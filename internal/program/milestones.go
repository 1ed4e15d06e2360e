package program

import (
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program/document"
	"github.com/perennial-loyalty/perennial/internal/program/validate"
)

// parseMilestones reads the milestones, which award points for a member's n-th order. Other milestones are not
// supported yet; validate.Unsupported rejects them.
func parseMilestones(c *document.Compiler, n *document.Node) (all []loyalty.Milestone) {
	c.Unique(n.List())
	for _, item := range n.List() {
		points, counted := item.Get("points"), item.Get("count")
		if points == nil && item.Get("reward") == nil {
			missing(c, item, "points")
		}
		if words := validate.LaterValues["milestones.*.count"]; counted.Text() != "order.completed" &&
			!slices.Contains(words, counted.Text()) && counted != nil {
			c.Add(document.At(counted, "%s cannot be counted; use order.completed", document.Shown(counted)))
		}
		all = append(all, loyalty.Milestone{
			ID:     item.Get("id").Text(),
			Target: c.Integer(item.Get("target"), 1, 1e9),
			Points: loyalty.Points(c.Integer(points, 1, int64(loyalty.MaxPoints))),
		})
	}
	return all
}
