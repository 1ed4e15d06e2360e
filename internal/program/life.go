package program

import (
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program/nearest"
)

// wait reads how long points are pending.
func (c *compiler) wait(n *node) (w loyalty.Wait) {
	switch {
	case n.text() == "manual":
		w.Manual = true
	case n.is(text) && nearest.Word(n.value, []string{"manual"}) != "":
		c.add(notA(n, title("wait")).Suggest("manual"))
	case n.is(mapping):
		return c.waitFor(n)
	default:
		w.For = c.period(n)
	}
	return w
}

// waitFor reads a wait for a change to the order or for a day of the year.
func (c *compiler) waitFor(n *node) (w loyalty.Wait) {
	until, on := n.get("until"), n.get("on")
	switch {
	case until != nil && on != nil:
		c.add(atKey(on, "cannot be combined with until; remove one of them"))
	case until == nil && on == nil:
		c.add(at(n, "requires until or on; write a plain waiting period like 14 days"))
	case until == nil:
		for _, name := range []string{"then", "within"} {
			if f := n.get(name); f != nil {
				c.add(atKey(f, "has no effect without until"))
			}
		}
	}
	w.Until = loyalty.OrderEvent(until.text())
	w.For = c.period(n.get("then"))
	w.Within = c.some(n.get("within"))
	w.On = c.days(on)
	return w
}

// days reads days of the year, like "03-01".
func (c *compiler) days(n *node) (days []loyalty.Day) {
	for _, item := range n.list() {
		d, ok := c.dayOfYear(item)
		if !ok {
			continue
		}
		if len(days) > 0 && d <= days[len(days)-1] {
			c.add(at(item, "%s is not after the previous day in the list", item.value))
			continue
		}
		days = append(days, d)
	}
	return days
}

func (c *compiler) dayOfYear(n *node) (loyalty.Day, bool) {
	if n.text() == "" {
		return 0, false
	}
	t, err := time.Parse(time.DateOnly, "2024-"+n.value) // a leap year, so that 29 February is valid
	if err != nil {
		c.malformed(n, "day")
		return 0, false
	}
	return loyalty.Day(int(t.Month())*100 + t.Day()), true
}

var roundTo = map[string]loyalty.RoundTo{
	"end_of_day":     loyalty.EndOfDay,
	"end_of_week":    loyalty.EndOfWeek,
	"end_of_month":   loyalty.EndOfMonth,
	"end_of_quarter": loyalty.EndOfQuarter,
	"end_of_year":    loyalty.EndOfYear,
}

// expires reads when active points expire. "never" is the zero Expiry.
func (c *compiler) expires(n *node) (e loyalty.Expiry) {
	if !n.is(mapping) {
		return e
	}
	after, on, inactive := n.get("after"), n.get("on"), n.get("inactive")
	c.together(n)
	e.On = c.days(on)
	e.Anniversary = loyalty.Anniversary(n.get("anniversary").text())
	if after == nil && on == nil && inactive == nil {
		c.missing(n, "after")
	}
	e.After = c.lifetime(after)
	if inactive != nil {
		e.After, e.Inactive = c.lifetime(inactive), true
		e.ResetBy = c.resetBy(n.get("reset_by"))
	}
	if on != nil || e.Anniversary != "" {
		return e
	}
	e.RoundTo = loyalty.EndOfMonth
	if to, ok := roundTo[n.get("round_to").text()]; ok {
		e.RoundTo = to
	}
	return e
}

// together rejects contradictory keys of an expiry.
func (c *compiler) together(n *node) {
	for _, pair := range [][2]string{
		{"on", "anniversary"},
		{"inactive", "after"},
		{"inactive", "on"},
		{"inactive", "anniversary"},
		{"on", "round_to"},
		{"anniversary", "round_to"},
	} {
		if a, b := n.get(pair[0]), n.get(pair[1]); a != nil && b != nil {
			c.add(atKey(b, "cannot be combined with %s, which already states when points expire", pair[0]))
		}
	}
	if f := n.get("reset_by"); f != nil && n.get("inactive") == nil {
		c.add(atKey(f, "has no effect without inactive"))
	}
}

// lifetime reads a period of whole days.
func (c *compiler) lifetime(n *node) loyalty.Period {
	p := c.period(n)
	switch {
	case p.Hours > 0 || p.Minutes > 0:
		c.add(at(n, "%s is not a number of days, weeks, months or years", n.value))
	case p.IsZero() && durationForm.MatchString(n.text()):
		c.add(at(n, "points must not expire at once; write never for points that do not expire"))
	}
	return p
}

// resetBy reads the activities that extend points. By default, these are orders and redemptions.
func (c *compiler) resetBy(n *node) []string {
	usual := []string{"order", "redemption"}
	if n == nil {
		return usual
	}
	for _, item := range n.list() {
		if !slices.Contains(usual, item.text()) {
			c.event(item, usual...)
		}
	}
	return texts(n)
}

// life reads the pending and expiry terms of a rule, where they differ from those of the base rate.
func (c *compiler) life(item *node) (l loyalty.Life) {
	if n := item.get("pending"); n != nil {
		w := c.wait(n)
		l.Pending = &w
	}
	if n := item.get("expires"); n != nil {
		e := c.expires(n)
		l.Expires = &e
	}
	return l
}

// missing reports a missing key that only some entries require.
func (c *compiler) missing(n *node, name string) {
	p := atKey(n, "is missing")
	p.Path = n.child(name)
	c.add(p)
}
