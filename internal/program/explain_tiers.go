package program

import (
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

func (e *explainer) tiers() {
	t := e.p.Tiers
	if len(t.Levels) == 0 {
		return
	}
	window := "in a lifetime"
	switch {
	case t.Calendar:
		window = "in the calendar year"
	case t.Months > 0:
		window = "in " + count(t.Months, "calendar month") + ", the present one included"
	}
	measure := map[loyalty.Measure]string{
		loyalty.ByPointsEarned: "points earned", loyalty.ByOrders: "orders",
		loyalty.BySpend:    "what is spent on items in " + string(t.Currency),
		loyalty.ByElements: "lines of at least " + series(amounts(t.AtLeast), "or"),
	}[t.By]
	e.say("Levels go by %s %s:", measure, window)
	for _, l := range t.Levels {
		e.level(l)
	}
	kept := map[int]string{0: "for " + period(t.KeepFor), 1: "to the end of the year", 2: "to the end of the next year"}[t.KeepYear]
	grace := ""
	if !t.Grace.IsZero() {
		grace = " and " + period(t.Grace) + " of grace"
	}
	down := "one level"
	if t.MoveDown == loyalty.ToQualified {
		down = "to the level that they qualify for"
	}
	e.say("A level is kept %s%s; those who have not requalified by then move down %s.", kept, grace, down)
}

func (e *explainer) level(l loyalty.Level) {
	from := "from the start"
	if l.From > 0 {
		from = "from " + e.measured(l.From)
	}
	line := "- " + l.Name.In("en") + " " + from
	if l.Multiply != nil {
		line += ", earning " + times(l.Multiply)
	}
	if len(l.Perks) > 0 {
		line += ", with " + series(l.Perks, "and")
	}
	if l.Expires != nil {
		line += "; the points of its members " + ends(*l.Expires)
	}
	e.say("%s.", line)
}

// measured is so much of what levels go by.
func (e *explainer) measured(n int64) string {
	switch e.p.Tiers.By {
	case loyalty.ByOrders:
		return count(int(n), "order")
	case loyalty.ByElements:
		return count(int(n), "such line")
	case loyalty.BySpend:
		return loyalty.Money{Amount: n, Currency: e.p.Tiers.Currency}.String()
	}
	return e.whole(n)
}
