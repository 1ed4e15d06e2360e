package program

import (
	"regexp"
	"strconv"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

func (c *compiler) tiers(n *node) (t loyalty.Tiers) {
	if n == nil {
		return t
	}
	if n.get("qualify").get("by").text() == "orders" {
		t.By = loyalty.ByOrders
	}
	t.Months = c.window(n.get("qualify").get("window"))
	t.KeepFor = c.period(n.get("keep_for"))
	if keep := n.get("keep_for"); t.KeepFor.IsZero() && durationForm.MatchString(keep.text()) {
		c.add(at(keep, "a level that is kept for no time cannot be reached"))
	}
	t.Grace = c.period(n.get("grace"))
	if n.get("move_down").text() == "to_qualified" {
		t.MoveDown = loyalty.ToQualified
	}
	t.Levels = c.levels(n.get("levels"), t.By)
	return t
}

var windowForm = regexp.MustCompile(`^([0-9]{1,3}) months? rolling$`)

// window reads "12 months rolling", or "lifetime" as zero.
func (c *compiler) window(n *node) int {
	m := windowForm.FindStringSubmatch(n.text())
	if m == nil {
		return 0
	}
	months, _ := strconv.Atoi(m[1]) // three digits
	if months < 1 || months > loyalty.MaxWindow {
		c.add(at(n, "%s is not from 1 to %d months", n.value, loyalty.MaxWindow))
	}
	return months
}

func (c *compiler) levels(n *node, by loyalty.Measure) (levels []loyalty.Level) {
	c.unique(n.list())
	most := int64(loyalty.MaxBalance)
	if by == loyalty.ByOrders {
		most = 1e9
	}
	for i, item := range n.list() {
		from := item.get("from")
		l := loyalty.Level{
			ID:       item.get("id").text(),
			Name:     c.words(item.get("name")),
			From:     c.integer(from, 0, most),
			Multiply: c.factor(item.get("multiply")),
		}
		for _, perk := range item.get("perks").list() {
			l.Perks = append(l.Perks, perk.text())
		}
		switch {
		case from == nil:
		case i == 0 && l.From != 0:
			c.add(at(from, "the first level is every new member's, so it must be from 0"))
		case i > 0 && l.From <= levels[i-1].From:
			c.add(at(from, "%d is not above the %d of the level before; nobody could reach one of them", l.From, levels[i-1].From))
		}
		levels = append(levels, l)
	}
	return levels
}
