package program

import (
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// takeBack maps the clawback policies of the program file. The default is debt.
var takeBack = map[string]loyalty.ClawbackPolicy{
	"within_balance": loyalty.ClawbackWithinBalance,
	"pending_only":   loyalty.ClawbackPendingOnly,
	"unlimited":      loyalty.ClawbackUnlimited,
}

func (c *compiler) refunds(n *node) {
	c.p.Clawback, c.p.MaxDebt = c.reach(n)
}

// reach reads the clawback policy for all wallets or for one wallet, and the maximum debt.
func (c *compiler) reach(n *node) (loyalty.ClawbackPolicy, loyalty.Points) {
	far, most := takeBack[n.get("policy").text()], n.get("max_debt")
	if most != nil && far != loyalty.ClawbackDebt {
		c.add(atKey(most, "has no effect with policy: %s; only debt has a maximum", n.get("policy").text()))
	}
	return far, loyalty.Points(c.integer(most, 1, int64(loyalty.MaxPoints)))
}

// promises reads the goodwill terms and the cooldown for birthday changes.
func (c *compiler) promises(root *node) {
	c.p.Goodwill.Reinstate = c.some(root.get("goodwill").get("reinstate_within"))
	c.p.Goodwill.Extend = c.some(root.get("goodwill").get("extend_by"))
	c.p.BirthdayLock = c.some(root.get("members").get("birthday_change_cooldown"))
}

// some reads a period that must not be zero. The key is omitted if there is no period.
func (c *compiler) some(n *node) loyalty.Period {
	p := c.period(n)
	if p.IsZero() && durationForm.MatchString(n.text()) {
		c.add(at(n, "%s is not above 0; omit the key instead", n.value))
	}
	return p
}

// milestones reads the points for a member's n-th order. Other counts are rejected elsewhere.
func (c *compiler) milestones(n *node) (all []loyalty.Milestone) {
	c.unique(n.list())
	for _, item := range n.list() {
		points, counted := item.get("points"), item.get("count")
		if points == nil && item.get("reward") == nil {
			c.missing(item, "points")
		}
		if words := laterValues["milestones.*.count"]; counted.text() != "order.completed" && !slices.Contains(words, counted.text()) && counted != nil {
			c.add(at(counted, "%s cannot be counted; use order.completed", shown(counted)))
		}
		all = append(all, loyalty.Milestone{
			ID:     item.get("id").text(),
			Target: c.integer(item.get("target"), 1, 1e9),
			Points: loyalty.Points(c.integer(points, 1, int64(loyalty.MaxPoints))),
		})
	}
	return all
}
