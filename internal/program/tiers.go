package program

import (
	"regexp"
	"strconv"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program/nearest"
)

var measures = map[string]loyalty.Measure{
	"orders": loyalty.ByOrders, "spend": loyalty.BySpend, "elements": loyalty.ByElements,
}

func (c *compiler) tiers(n *node) (t loyalty.Tiers) {
	if n == nil {
		return t
	}
	qualify := n.get("qualify")
	t.By = measures[qualify.get("by").text()]
	c.measured(qualify, &t)
	t.Months = c.window(qualify.get("window"))
	t.Calendar = qualify.get("window").text() == "calendar year"
	t.KeepFor, t.KeepYear = c.keep(n.get("keep_for"))
	t.Grace = c.period(n.get("grace"))
	if n.get("move_down").text() == "to_qualified" {
		t.MoveDown = loyalty.ToQualified
	}
	t.Levels = c.levels(n.get("levels"), t)
	return t
}

// measured reads what some measures need.
func (c *compiler) measured(n *node, t *loyalty.Tiers) {
	currency, least := n.get("currency"), n.get("at_least")
	for _, need := range []struct {
		by   loyalty.Measure
		name string
	}{{loyalty.BySpend, "currency"}, {loyalty.ByElements, "at_least"}} {
		switch f := n.get(need.name); {
		case t.By == need.by && f == nil:
			c.missing(n, need.name)
		case t.By != need.by && f != nil && n.get("by").text() != "":
			c.add(atKey(f, "means nothing by %s", t.By))
		}
	}
	if code := currency.text(); code != "" && c.currency(currency, code) {
		t.Currency = loyalty.Currency(code)
		if _, ok := c.p.Earn.Rates[t.Currency]; !ok {
			c.add(at(currency, "has no rate under earn.purchase.rates, so that no order would count"))
		}
	}
	if least != nil {
		t.AtLeast = byCurrency(c, least, c.amount)
		c.earnable(least)
	}
}

// keep reads how long a level is kept: a period, or the end of a calendar year (1 for the present one, 2 for the next).
func (c *compiler) keep(n *node) (p loyalty.Period, year int) {
	switch n.text() {
	case "end_of_year":
		return p, 1
	case "end_of_next_year":
		return p, 2
	}
	if guess := nearest.Word(n.text(), []string{"end_of_year", "end_of_next_year"}); guess != "" {
		c.add(notA(n, title("keep")).Suggest(guess))
		return p, 0
	}
	p = c.period(n)
	if p.IsZero() && durationForm.MatchString(n.text()) {
		c.add(at(n, "a level that is kept for no time cannot be reached"))
	}
	return p, 0
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

func (c *compiler) levels(n *node, t loyalty.Tiers) (levels []loyalty.Level) {
	c.unique(n.list())
	for i, item := range n.list() {
		from := item.get("from")
		l := loyalty.Level{
			ID:       item.get("id").text(),
			Name:     c.words(item.get("name")),
			From:     c.threshold(from, t),
			Multiply: c.factor(item.get("multiply")),
		}
		for _, perk := range item.get("perks").list() {
			l.Perks = append(l.Perks, perk.text())
		}
		if n := item.get("expires"); n != nil {
			e := c.expires(n)
			l.Expires = &e
		}
		switch {
		case from == nil, t.By == loyalty.BySpend && t.Currency == "":
		case i == 0 && l.From != 0:
			c.add(at(from, "the first level is every new member's, so it must be from 0"))
		case i > 0 && l.From <= levels[i-1].From:
			c.add(at(from, "%s is not above the %s of the level before; nobody could reach one of them", from.value, before(n, i)))
		}
		levels = append(levels, l)
	}
	return levels
}

// before is from where the level before the i-th is, as it was written.
func before(n *node, i int) string {
	if from := n.list()[i-1].get("from"); from.is(number) {
		return from.value
	}
	return "0"
}

// threshold reads from how much of the measure on a level is.
func (c *compiler) threshold(n *node, t loyalty.Tiers) int64 {
	switch t.By {
	case loyalty.ByPointsEarned:
		return c.integer(n, 0, int64(loyalty.MaxBalance))
	case loyalty.BySpend:
		if !n.is(number) || t.Currency == "" {
			return 0 // the schema reports it
		}
		return c.amount(n, t.Currency)
	}
	return c.integer(n, 0, 1e9)
}
