package program

import (
	"regexp"
	"slices"
	"strconv"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

var capForm = regexp.MustCompile(`^([0-9]{1,13}) (?:per (order|day|week|month|year)|(ever))$`)

// counted parses "3000 per day" or "1 ever". The schema reports other forms.
func (c *compiler) counted(n *node, most int64) (count int64, per loyalty.CapPeriod, ok bool) {
	m := capForm.FindStringSubmatch(n.text())
	if m == nil {
		return 0, "", false
	}
	count, err := strconv.ParseInt(m[1], 10, 64)
	switch {
	case err != nil || count > most:
		c.add(at(n, "%s exceeds the limit of %d points per operation", m[1], most))
		return 0, "", false
	case count == 0:
		c.add(at(n, "a cap of 0 allows no points; remove the rule instead"))
		return 0, "", false
	}
	return count, loyalty.CapPeriod(m[2] + m[3]), true
}

// spoken returns a period as it follows a number: "per day", "ever".
func spoken(per loyalty.CapPeriod) string {
	if per == loyalty.PerEver {
		return "ever"
	}
	return "per " + string(per)
}

func (c *compiler) caps(n *node) (caps []loyalty.Cap) {
	for _, item := range n.list() {
		value, refuse := item, false
		if item.is(mapping) {
			value, refuse = item.get("cap"), item.get("on_exceed").text() == "reject"
		}
		points, per, ok := c.counted(value, int64(loyalty.MaxPoints))
		seen := func(x loyalty.Cap) bool { return x.Per == per }
		switch {
		case !ok:
		case slices.ContainsFunc(caps, seen):
			c.add(at(value, "there is already a cap %s", spoken(per)))
		default:
			caps = append(caps, loyalty.Cap{Points: loyalty.Points(points), Per: per, Reject: refuse})
		}
	}
	return caps
}

// limits reads how often a rule earns for a member: one limit or several.
func (c *compiler) limits(n *node) (limits []loyalty.Limit) {
	for _, item := range n.several() {
		times, per, ok := c.counted(item, int64(loyalty.MaxPoints))
		if !ok || per == loyalty.PerOrder {
			continue // the schema reports it
		}
		if slices.ContainsFunc(limits, func(x loyalty.Limit) bool { return x.Per == per }) {
			c.add(at(item, "there is already a limit %s", spoken(per)))
			continue
		}
		limits = append(limits, loyalty.Limit{Times: times, Per: per})
	}
	return limits
}

var budgetForm = regexp.MustCompile(`^([0-9]{1,13}) points$`)

// budget reads "250000 points": the maximum that a rule gives to all members together.
func (c *compiler) budget(n *node) loyalty.Points {
	m := budgetForm.FindStringSubmatch(n.text())
	if m == nil {
		return 0
	}
	points, _ := strconv.ParseInt(m[1], 10, 64) // at most thirteen digits
	if points == 0 || points > int64(loyalty.MaxBalance) {
		c.add(at(n, "%s is not a number from 1 to %d points", n.value, loyalty.MaxBalance))
	}
	return loyalty.Points(points)
}
