package describe

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// A ruleSection describes the rules.
type ruleSection struct{ *writer }

// explain describes the rules that award points in addition to the base rate, and how the rules combine.
func (s ruleSection) explain() {
	all := slices.Concat(s.p.Earn.Rules, s.p.Campaigns)
	for _, r := range all {
		s.rule(r)
	}
	for _, g := range s.p.Groups {
		s.say("%s.", fmt.Sprintf(map[loyalty.Stacking]string{
			loyalty.Best:  "Of the rules of group %s, the one that gives the most points is applied",
			loyalty.Sum:   "All rules of group %s are applied",
			loyalty.First: "Of the rules of group %s, the one with the highest priority is applied",
			loyalty.Exclusive: "Of the rules of group %s, the one with the highest priority is applied, " +
				"and then no rule of a later group or without a group",
		}[g.Mode], g.ID))
	}
	loose := 0
	for _, r := range all {
		if _, ok := r.Give.(loyalty.Multiply); ok && r.Group == "" {
			loose++
		}
	}
	if loose > 1 {
		s.say("Of the multipliers without a group, the highest is applied.")
	}
}

func (s ruleSection) rule(r loyalty.Rule) {
	parts := append([]string{subject(r.Match) + " earn " + s.gives(r.Give)}, s.about(r.Match)...)
	s.say("%s (%s).", strings.Join(parts, ", "), r.ID)
	if r.Shadow {
		s.say("- It runs in shadow mode: the points that it would give are recorded but not awarded.")
	}
	if r.OptIn {
		s.say("- It is only for members who registered for it.")
	}
	if r.Group != "" {
		s.say("- It belongs to group %s, with priority %d.", r.Group, r.Priority)
	}
	for _, c := range r.Caps {
		beyond := ""
		if c.Reject {
			beyond = ", or nothing if it would exceed that"
		}
		s.say("- It gives a member at most %s %s%s.", s.whole(int64(c.Points)), Spoken(c.Per), beyond)
	}
	if len(r.Limits) > 0 {
		s.say("- It applies to a member %s.", Series(often(r.Limits), "and"))
	}
	if r.Budget > 0 {
		s.say("- It gives all members together at most %s.", s.whole(int64(r.Budget)))
	}
	s.ownLife(r.Life)
}

// subject describes the items to which a rule applies, such as "Lines of product BEANS".
func subject(m loyalty.Match) string {
	var parts []string
	for _, part := range []struct {
		names []string
		of    string
	}{{m.Categories, "of "}, {m.SKUs, "of product "}, {m.Brands, "of brand "}} {
		if len(part.names) > 0 {
			parts = append(parts, part.of+Series(part.names, "or"))
		}
	}
	if len(parts) == 0 {
		return "Orders"
	}
	return "Lines " + Series(parts, "and")
}

// gives describes the points that a rule awards with a strategy.
func (s ruleSection) gives(by loyalty.Strategy) string {
	switch by := by.(type) {
	case loyalty.PerAmount:
		return "another " + s.rates(by.Rates, "or")
	case loyalty.PerUnit:
		return "another " + s.points(by.Points) + " for each item"
	case loyalty.PerVisit:
		return "another " + s.whole(int64(by.Points)) + ", once a day"
	case loyalty.Fixed:
		return "another " + s.whole(int64(by.Points))
	case loyalty.Steps:
		var parts []string
		for _, c := range slices.Sorted(maps.Keys(by.Bands)) {
			for _, b := range by.Bands[c] {
				parts = append(
					parts, s.whole(int64(b.Points))+" from "+loyalty.Money{Amount: b.From, Currency: c}.String(),
				)
			}
		}
		return "another " + Series(parts, "or")
	case loyalty.Multiply:
		return times(by.By)
	}
	return "nothing"
}

// about describes the conditions under which a rule applies to an order.
func (s ruleSection) about(m loyalty.Match) (parts []string) {
	add := func(lead string, names []string) {
		if len(names) > 0 {
			parts = append(parts, lead+Series(names, "or"))
		}
	}
	add("for the part paid with ", m.Tenders)
	var currencies, days []string
	for _, c := range m.Currencies {
		currencies = append(currencies, string(c))
	}
	add("in ", currencies)
	add("through ", m.Channels)
	add("in the store ", m.Stores)
	parts = append(parts, s.whose(m.Tiers, m.Segments)...)
	if m.FirstOrder {
		parts = append(parts, "for a member's first order")
	}
	if m.BirthdayMonth {
		parts = append(parts, "in the month of the member's birthday")
	}
	if n := m.BirthdayDays; n > 0 {
		parts = append(parts, "within "+Period(calendar.Period{Days: n})+" before or after the member's birthday")
	}
	parts = append(parts, s.span(m.From, m.Until)...)
	for _, d := range m.Weekdays {
		days = append(days, d.String()+"s")
	}
	add("on ", days)
	if m.HoursFrom != m.HoursUntil {
		parts = append(parts, "from "+ClockTime(m.HoursFrom)+" until "+ClockTime(m.HoursUntil))
	}
	if m.TimezoneOf != loyalty.ProgramClock {
		parts = append(
			parts,
			map[loyalty.TimezoneOf]string{
				loyalty.StoreClock: "in the store's time zone", loyalty.MemberClock: "in the member's time zone",
			}[m.TimezoneOf],
		)
	}
	add("for at least ", amounts(m.MinSpend))
	if m.When != nil {
		parts = append(parts, asked(m.When, ""))
	}
	return parts
}

// amounts formats amounts in the order of their currencies.
func amounts(of map[loyalty.Currency]int64) (out []string) {
	for _, c := range slices.Sorted(maps.Keys(of)) {
		out = append(out, loyalty.Money{Amount: of[c], Currency: c}.String())
	}
	return out
}

// whose describes the members to whom a rule or reward applies: members of certain levels or segments.
func (w *writer) whose(tiers, segments []string) (parts []string) {
	if len(tiers) > 0 {
		var names []string
		for _, id := range tiers {
			level, _, _ := w.p.Tiers.Level(id)
			names = append(names, level.Name.In("en"))
		}
		parts = append(parts, "for members of "+Series(names, "or"))
	}
	if len(segments) > 0 {
		parts = append(parts, "for members in "+Series(segments, "or"))
	}
	return parts
}

// span describes the period in which a rule or reward applies, in the program's time zone.
func (w *writer) span(from, until time.Time) (parts []string) {
	if !from.IsZero() {
		parts = append(parts, "from "+w.instant(from))
	}
	if !until.IsZero() {
		parts = append(parts, "until "+w.instant(until))
	}
	return parts
}

func (w *writer) instant(at time.Time) string {
	return at.In(w.p.Zone).Format("2 January 2006, 15:04")
}
