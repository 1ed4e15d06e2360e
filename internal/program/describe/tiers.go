package describe

import (
	"cmp"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// A tierSection describes the tiers of the program or of a tier group.
type tierSection struct {
	*writer
	tiers loyalty.Tiers
}

// explain describes the levels, and how members reach and keep them.
func (s tierSection) explain() {
	t := s.tiers
	if len(t.Levels) == 0 {
		return
	}
	s.say("Levels depend on %s %s:", s.ways(), s.window())
	for _, l := range t.Levels {
		s.level(l)
	}
	if t.SkippedLevels == loyalty.EachLevel {
		s.say("A member who passes several levels at once receives the entry bonus of each.")
	}
	if t.RepeatEntryBonus {
		s.say("A member who reaches a level again receives its entry bonus again.")
	}
	for _, f := range t.Minimums {
		l, _, _ := t.Level(f.Level)
		s.say("Members in %s have at least %s.", f.Segment, l.Name.In("en"))
	}
	if t.KeepOnRefund {
		s.say("A level that was reached by an order remains when the order is canceled or refunded.")
	}
	if t.MoveUp == loyalty.NextPeriod {
		s.say("A member who qualifies moves up when the period ends.")
	}
	if t.MaxDowngrades != nil {
		s.say("A run that would move down more than %s of the evaluated members stops.", percentage(t.MaxDowngrades))
	}
	if t.MoveDown == loyalty.StayUp {
		s.say("Levels do not end.")
		return
	}
	s.validity()
}

// tierGroups describes each tier group other than the main tiers.
func (e explainer) tierGroups() {
	for _, l := range e.p.TierGroups {
		e.say(
			"There is also the tier group %s. Rules, rewards and expiry do not depend on it.",
			cmp.Or(l.Name.In("en"), l.ID),
		)
		tierSection{e.writer, l.Tiers}.explain()
		if !e.p.AdvanceNotice.Period.IsZero() && l.Tiers.MoveDown != loyalty.StayUp {
			e.say("Its levels end without notice.")
		}
	}
}

// validity describes how long a member keeps a level, and how far the member then moves down.
func (s tierSection) validity() {
	t := s.tiers
	validity := map[int]string{
		0: "for " + Period(t.KeepFor), 1: "to the end of the year", 2: "to the end of the next year",
	}[t.KeepYear]
	switch t.KeepPeriods {
	case 1:
		validity = "to the end of the period"
	case 2:
		validity = "to the end of the next period"
	}
	grace := ""
	if !t.ExtendedBy.IsZero() {
		grace = " and " + Period(t.ExtendedBy) + " longer"
	}
	if !t.Grace.IsZero() {
		grace += " and " + Period(t.Grace) + " of grace"
	}
	down := "one level"
	if t.MoveDown == loyalty.ToQualified {
		down = "to the level for which they qualify"
	}
	s.say("A level is kept %s%s; members who do not qualify again by then move down %s.", validity, grace, down)
}

// window describes the period over which the metrics of levels are measured.
func (s tierSection) window() string {
	t := s.tiers
	switch w := t.Window; {
	case t.Calendar:
		return "in the calendar year"
	case w.Kind == loyalty.CycleWindow && w.Months < 12:
		return "in the calendar " + map[int]string{1: "month", 3: "quarter", 6: "half-year"}[w.Months]
	case w.Kind == loyalty.CycleWindow:
		return "in the year that begins on " + days([]calendar.Day{w.From})
	case w.Kind == loyalty.JoinWindow:
		return "in the year since the day of enrollment"
	case w.Kind == loyalty.OwnWindow:
		return "in the member's membership year"
	case w.Kind == loyalty.LevelWindow:
		return "since the level was reached or last retained"
	case t.Months > 0:
		return "in " + count(t.Months, "calendar month") + ", including the present one"
	}
	return "in a lifetime"
}

// ways describes the metrics with which members reach levels.
func (s tierSection) ways() string {
	t := s.tiers
	if len(t.Ways) == 0 {
		return s.what(t.By)
	}
	var ways []string
	for _, way := range t.Ways {
		var all []string
		for _, by := range way {
			all = append(all, s.what(by))
		}
		ways = append(ways, strings.Join(all, " with "))
	}
	return Series(ways, "or")
}

func (s tierSection) what(by loyalty.Measure) string {
	t := s.tiers
	switch by {
	case loyalty.ByOrders:
		return "orders"
	case loyalty.BySpend:
		return "spending on items in " + string(t.Currency)
	case loyalty.ByQualifyingItems:
		return "line items of at least " + Series(amounts(t.AtLeast), "or")
	case loyalty.ByVisits:
		return "events of type " + t.Visit
	case loyalty.ByBrands:
		return "different brands of " + Series(t.Brands, "and")
	}
	return "points earned"
}

func (s tierSection) level(l loyalty.Level) {
	from := "from the start"
	if l.From > 0 {
		from = "from " + s.measured(s.tiers.By, l.From)
	}
	if len(l.Needs) > 0 {
		from = "from " + s.needs(l)
	}
	line := "- " + l.Name.In("en") + " " + from
	if l.Multiply != nil {
		line += ", earning " + times(l.Multiply)
	}
	if len(l.Perks) > 0 {
		line += ", with " + Series(l.Perks, "and")
	}
	if l.EntryBonus > 0 {
		line += ", and " + s.whole(int64(l.EntryBonus)) + " for reaching it"
	}
	if l.Expires != nil {
		line += "; the points of its members " + ends(*l.Expires)
	}
	s.say("%s.", line)
}

// needs describes the thresholds of a level: for each path, the required amount of each metric.
func (s tierSection) needs(l loyalty.Level) string {
	var ways []string
	for _, way := range s.tiers.Ways {
		var all []string
		for _, by := range way {
			for _, n := range l.Needs {
				if n.By == by {
					all = append(all, s.measured(by, n.From))
				}
			}
		}
		if len(all) == len(way) {
			ways = append(ways, strings.Join(all, " with "))
		}
	}
	return Series(ways, "or")
}

// measured formats an amount of a metric.
func (s tierSection) measured(by loyalty.Measure, n int64) string {
	switch by {
	case loyalty.ByOrders:
		return count(int(n), "order")
	case loyalty.ByQualifyingItems:
		return count(int(n), "such line")
	case loyalty.ByVisits:
		return count(int(n), "such event")
	case loyalty.ByBrands:
		return count(int(n), "brand")
	case loyalty.BySpend:
		return loyalty.Money{Amount: n, Currency: s.tiers.Currency}.String()
	}
	return s.whole(n)
}
