package program

import (
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/program/document"
	"github.com/perennial-loyalty/perennial/internal/program/nearest"
	"github.com/perennial-loyalty/perennial/internal/program/validate"
)

// parseWait reads how long points are pending before they become active.
func parseWait(c *document.Compiler, n *document.Node) (w calendar.Wait) {
	switch {
	case n.Text() == "manual":
		w.Manual = true
	case n.Is(document.Text) && nearest.Word(n.Value, []string{"manual"}) != "":
		c.Add(document.NotA(n, document.Title("wait")).Suggest("manual"))
	case n.Is(document.Mapping):
		return waitFor(c, n)
	default:
		w.For = c.Period(n)
	}
	return w
}

// waitFor reads the key that states the end of a wait: a status of the order, or a day of the year.
func waitFor(c *document.Compiler, n *document.Node) (w calendar.Wait) {
	until, on := n.Get("until"), n.Get("on")
	switch {
	case until != nil && on != nil:
		c.Add(document.AtKey(on, "cannot be combined with until; remove one of them"))
	case until == nil && on == nil:
		c.Add(document.At(n, "requires until or on; write a plain waiting period like 14 days"))
	case until == nil:
		for _, name := range []string{"then", "within"} {
			if f := n.Get(name); f != nil {
				c.Add(document.AtKey(f, "has no effect without until"))
			}
		}
	}
	w.Until = calendar.OrderEvent(until.Text())
	w.For = c.Period(n.Get("then"))
	w.Within = validate.Some(c, n.Get("within"))
	w.On = parseDays(c, on)
	return w
}

// parseDays reads a list of days of the year, such as "03-01".
func parseDays(c *document.Compiler, n *document.Node) (days []calendar.Day) {
	for _, item := range n.List() {
		d, ok := c.DayOfYear(item)
		if !ok {
			continue
		}
		if len(days) > 0 && d <= days[len(days)-1] {
			c.Add(document.At(item, "%s is not after the previous day in the list", item.Value))
			continue
		}
		days = append(days, d)
	}
	return days
}

var roundTo = map[string]calendar.RoundTo{
	"end_of_day":     calendar.EndOfDay,
	"end_of_week":    calendar.EndOfWeek,
	"end_of_month":   calendar.EndOfMonth,
	"end_of_quarter": calendar.EndOfQuarter,
	"end_of_year":    calendar.EndOfYear,
}

// parseExpires reads when active points expire. It returns the zero Expiry for "never".
func parseExpires(c *document.Compiler, n *document.Node) (e calendar.Expiry) {
	if !n.Is(document.Mapping) {
		return e
	}
	after, on, inactive := n.Get("after"), n.Get("on"), n.Get("inactive")
	together(c, n)
	e.On = parseDays(c, on)
	e.Anniversary = calendar.Anniversary(n.Get("anniversary").Text())
	if after == nil && on == nil && inactive == nil {
		missing(c, n, "after")
	}
	e.After = parseLifetime(c, after)
	if inactive != nil {
		e.After, e.Inactive = parseLifetime(c, inactive), true
		e.ResetBy = resetBy(c, n.Get("reset_by"))
	}
	if on != nil || e.Anniversary != "" {
		return e
	}
	e.RoundTo = calendar.EndOfMonth
	if to, ok := roundTo[n.Get("round_to").Text()]; ok {
		e.RoundTo = to
	}
	return e
}

// together rejects keys of an expiry that contradict each other.
func together(c *document.Compiler, n *document.Node) {
	for _, pair := range [][2]string{
		{"on", "anniversary"},
		{"inactive", "after"},
		{"inactive", "on"},
		{"inactive", "anniversary"},
		{"on", "round_to"},
		{"anniversary", "round_to"},
	} {
		if a, b := n.Get(pair[0]), n.Get(pair[1]); a != nil && b != nil {
			c.Add(document.AtKey(b, "cannot be combined with %s, which already states when points expire", pair[0]))
		}
	}
	if f := n.Get("reset_by"); f != nil && n.Get("inactive") == nil {
		c.Add(document.AtKey(f, "has no effect without inactive"))
	}
}

// parseLifetime reads a period in whole days, weeks, months or years.
func parseLifetime(c *document.Compiler, n *document.Node) calendar.Period {
	p := c.Period(n)
	switch {
	case p.Hours > 0 || p.Minutes > 0:
		c.Add(document.At(n, "%s is not a number of days, weeks, months or years", n.Value))
	case p.IsZero() && document.DurationForm.MatchString(n.Text()):
		c.Add(document.At(n, "points must not expire at once; write never for points that do not expire"))
	}
	return p
}

// resetBy reads the activities of a member that extend the expiry of points. By default, these are orders and
// redemptions.
func resetBy(c *document.Compiler, n *document.Node) []string {
	usual := []string{"order", "redemption"}
	if n == nil {
		return usual
	}
	for _, item := range n.List() {
		if !slices.Contains(usual, item.Text()) {
			checkEventType(c, item, usual...)
		}
	}
	return texts(n)
}

// parseLife reads the pending and expiry terms of a rule. A term that the rule does not state is the same as for the
// base rate.
func parseLife(c *document.Compiler, item *document.Node) (l loyalty.Life) {
	if n := item.Get("pending"); n != nil {
		w := parseWait(c, n)
		l.Pending = &w
	}
	if n := item.Get("expires"); n != nil {
		e := parseExpires(c, n)
		l.Expires = &e
	}
	return l
}

// missing reports that an entry lacks a required key. It is for keys that only some entries require.
func missing(c *document.Compiler, n *document.Node, name string) {
	p := document.AtKey(n, "is missing")
	p.Path = n.Child(name)
	c.Add(p)
}
