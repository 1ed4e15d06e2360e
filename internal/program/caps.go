package program

import (
	"slices"
	"strconv"

	"github.com/perennial-loyalty/perennial/internal/lazyregexp"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program/describe"
	"github.com/perennial-loyalty/perennial/internal/program/document"
)

var capForm = lazyregexp.New(`^([0-9]{1,13}) (?:per (order|day|week|month|year)|(ever))$`)

// counted parses a text such as "3000 per day" or "1 ever" into a count and a period. It ignores texts of another form,
// because the schema reports them. The count must be at least 1 and at most the given number.
func counted(c *document.Compiler, n *document.Node, most int64) (count int64, per loyalty.CapPeriod, ok bool) {
	m := capForm.FindStringSubmatch(n.Text())
	if m == nil {
		return 0, "", false
	}
	count, err := strconv.ParseInt(m[1], 10, 64)
	switch {
	case err != nil || count > most:
		c.Add(document.At(n, "%s exceeds the limit of %d points per operation", m[1], most))
		return 0, "", false
	case count == 0:
		c.Add(document.At(n, "a cap of 0 allows no points; remove the rule instead"))
		return 0, "", false
	}
	return count, loyalty.CapPeriod(m[2] + m[3]), true
}

func parseCaps(c *document.Compiler, n *document.Node) (caps []loyalty.Cap) {
	for _, item := range n.List() {
		value, refuse := item, false
		if item.Is(document.Mapping) {
			value, refuse = item.Get("cap"), item.Get("on_exceed").Text() == "reject"
		}
		points, per, ok := counted(c, value, int64(loyalty.MaxPoints))
		seen := func(x loyalty.Cap) bool { return x.Per == per }
		switch {
		case !ok:
		case slices.ContainsFunc(caps, seen):
			c.Add(document.At(value, "there is already a cap %s", describe.Spoken(per)))
		default:
			caps = append(caps, loyalty.Cap{Points: loyalty.Points(points), Per: per, Reject: refuse})
		}
	}
	return caps
}

// parseLimits reads how often a member can earn points with a rule. The value is one limit or a list of limits.
func parseLimits(c *document.Compiler, n *document.Node) (limits []loyalty.Limit) {
	for _, item := range n.Several() {
		times, per, ok := counted(c, item, int64(loyalty.MaxPoints))
		if !ok || per == loyalty.PerOrder {
			continue // the schema reports this error
		}
		if slices.ContainsFunc(limits, func(x loyalty.Limit) bool { return x.Per == per }) {
			c.Add(document.At(item, "there is already a limit %s", describe.Spoken(per)))
			continue
		}
		limits = append(limits, loyalty.Limit{Times: times, Per: per})
	}
	return limits
}

var budgetForm = lazyregexp.New(`^([0-9]{1,13}) points$`)

// parseBudget reads a budget such as "250000 points": the maximum number of points that a rule gives to all members
// together.
func parseBudget(c *document.Compiler, n *document.Node) loyalty.Points {
	m := budgetForm.FindStringSubmatch(n.Text())
	if m == nil {
		return 0
	}
	points, _ := strconv.ParseInt(m[1], 10, 64) // the form allows at most thirteen digits
	if points == 0 || points > int64(loyalty.MaxBalance) {
		c.Add(document.At(n, "%s is not a number from 1 to %d points", n.Value, loyalty.MaxBalance))
	}
	return loyalty.Points(points)
}
