package program

import (
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// takeBack is how far a clawback reaches, by the words of the file; debt unless given.
var takeBack = map[string]loyalty.ClawbackPolicy{
	"within_balance": loyalty.ClawbackWithinBalance,
	"pending_only":   loyalty.ClawbackPendingOnly,
	"unlimited":      loyalty.ClawbackUnlimited,
}

func (c *compiler) refunds(n *node) {
	c.p.Clawback, c.p.MaxDebt = c.reach(n)
}

// reach reads how far a refund reaches, in all wallets or in one.
func (c *compiler) reach(n *node) (loyalty.ClawbackPolicy, loyalty.Points) {
	far, most := takeBack[n.get("policy").text()], n.get("max_debt")
	if most != nil && far != loyalty.ClawbackDebt {
		c.add(atKey(most, "means nothing with policy: %s; only debt has a bound", n.get("policy").text()))
	}
	return far, loyalty.Points(c.integer(most, 1, int64(loyalty.MaxPoints)))
}

// promises reads what stands between a member and the program apart from points.
func (c *compiler) promises(root *node) {
	c.p.Goodwill.Reinstate = c.some(root.get("goodwill").get("reinstate_within"))
	c.p.Goodwill.Extend = c.some(root.get("goodwill").get("extend_by"))
	c.p.BirthdayLock = c.some(root.get("members").get("birthday_change_cooldown"))
}

// some reads a period of at least something: who wants none leaves the key out.
func (c *compiler) some(n *node) loyalty.Period {
	p := c.period(n)
	if p.IsZero() && durationForm.MatchString(n.text()) {
		c.add(at(n, "%s is no time; leave the key out for none", n.value))
	}
	return p
}

// milestones reads what is given for the n-th order. What else could be counted is refused elsewhere.
func (c *compiler) milestones(n *node) (all []loyalty.Milestone) {
	c.unique(n.list())
	for _, item := range n.list() {
		points, counted := item.get("points"), item.get("count")
		if points == nil && item.get("reward") == nil {
			c.missing(item, "points")
		}
		if words := laterValues["milestones.*.count"]; counted.text() != "order.completed" && !slices.Contains(words, counted.text()) && counted != nil {
			c.add(at(counted, "%s cannot be counted yet; order.completed can", shown(counted)))
		}
		all = append(all, loyalty.Milestone{
			ID:     item.get("id").text(),
			Target: c.integer(item.get("target"), 1, 1e9),
			Points: loyalty.Points(c.integer(points, 1, int64(loyalty.MaxPoints))),
		})
	}
	return all
}
