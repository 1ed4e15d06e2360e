package program

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
	"github.com/perennial-loyalty/perennial/internal/program/nearest"
)

var measures = map[string]loyalty.Measure{
	"points_earned": loyalty.ByPointsEarned, "orders": loyalty.ByOrders, "spend": loyalty.BySpend,
	"qualifying_items": loyalty.ByQualifyingItems, "visits": loyalty.ByVisits, "brands": loyalty.ByBrands,
}

// These maps contain the words of keys that differ from the default.
var (
	moveUps   = map[string]loyalty.MoveUp{"next_period": loyalty.NextPeriod}
	moveDowns = map[string]loyalty.MoveDown{"to_qualified": loyalty.ToQualified, "none": loyalty.StayUp}
	welcomes  = map[string]loyalty.SkippedLevels{"each": loyalty.EachLevel}
)

func (c *compiler) tiers(n *node) (t loyalty.Tiers) {
	if n == nil {
		return t
	}
	qualify := n.get("qualify")
	t.By, t.Ways = c.ways(qualify)
	c.measured(qualify, &t)
	c.window(qualify.get("window"), &t)
	c.keep(n.get("keep_for"), &t)
	t.ExtendedBy, t.Grace = c.period(n.get("extended_by")), c.period(n.get("grace"))
	t.MoveUp, t.MoveDown = moveUps[n.get("move_up").text()], moveDowns[n.get("move_down").text()]
	t.KeepOnRefund = n.get("on_order_refund").text() == "keep"
	t.MaxDowngrades = c.share(n.get("max_downgrades"))
	t.SkippedLevels, t.RepeatEntryBonus = welcomes[n.get("skipped_levels").text()], n.get("repeat_entry_bonus") != nil
	t.Levels = c.levels(n.get("levels"), t)
	for _, f := range n.get("minimums").list() {
		t.Minimums = append(t.Minimums, loyalty.Minimum{Level: f.get("level").text(), Segment: f.get("segment").text()})
		c.levelOf(t.Levels, f.get("level"))
	}
	c.periods(n, t)
	return t
}

// periods rejects keys that require a window with periods if the window has none.
func (c *compiler) periods(n *node, t loyalty.Tiers) {
	cyclic := t.Calendar || t.Window.Kind != "" && t.Window.Kind != loyalty.LevelWindow
	keep, up, tail := n.get("keep_for"), n.get("move_up"), n.get("extended_by")
	if !cyclic && t.KeepPeriods > 0 {
		c.add(at(keep, "%s requires a window with periods, like calendar year", keep.text()))
	}
	if !cyclic && t.MoveUp == loyalty.NextPeriod {
		c.add(at(up, "next_period requires a window with periods, like calendar year"))
	}
	if cyclic && t.KeepYear > 0 && !t.Calendar {
		c.add(at(keep, "%s requires a window of calendar years", keep.text()).
			Suggest(strings.Replace(keep.text(), "year", "period", 1)))
	}
	if tail != nil && t.KeepYear+t.KeepPeriods == 0 {
		c.add(atKey(tail, "has no effect with a period under keep_for"))
	}
	if down := n.get("grace"); down != nil && t.MoveDown == loyalty.StayUp {
		c.add(atKey(down, "has no effect where levels do not end"))
	}
}

// ways reads the metrics that determine levels: one metric, or several.
func (c *compiler) ways(n *node) (by loyalty.Measure, ways [][]loyalty.Measure) {
	one, anyOf, allOf := n.get("by"), n.get("any_of"), n.get("all_of")
	switch {
	case !n.is(mapping):
	case one == nil && anyOf == nil && allOf == nil:
		c.missing(n, "by")
	case one != nil && (anyOf != nil || allOf != nil), anyOf != nil && allOf != nil:
		c.add(at(n, "is a second metric; by, any_of and all_of exclude each other"))
	}
	if allOf != nil {
		ways = append(ways, measuresOf(allOf))
	}
	for _, item := range anyOf.list() {
		if way := measuresOf(item.get("all_of")); item.is(mapping) {
			ways = append(ways, way)
		} else {
			ways = append(ways, []loyalty.Measure{measures[item.text()]})
		}
	}
	return measures[one.text()], ways
}

func measuresOf(n *node) (all []loyalty.Measure) {
	for _, item := range n.list() {
		all = append(all, measures[item.text()])
	}
	return all
}

// measured reads the additional keys of certain metrics.
func (c *compiler) measured(n *node, t *loyalty.Tiers) {
	currency, least, event, brands := n.get("currency"), n.get("at_least"), n.get("event"), n.get("brands")
	for _, need := range []struct {
		by     loyalty.Measure
		name   string
		needed bool
	}{
		{loyalty.BySpend, "currency", true},
		{loyalty.ByQualifyingItems, "at_least", true},
		{loyalty.ByVisits, "event", false},
		{loyalty.ByBrands, "brands", true},
	} {
		switch f := n.get(need.name); {
		case earn.QualifyBy(t, need.by) && f == nil && need.needed:
			c.missing(n, need.name)
		case !earn.QualifyBy(t, need.by) && f != nil && n.get("by").text() != "":
			c.add(atKey(f, "has no effect with %s", t.By))
		case !earn.QualifyBy(t, need.by) && f != nil && len(t.Ways) > 0:
			c.add(atKey(f, "has no effect without %s", need.by))
		}
	}
	if code := currency.text(); code != "" && c.currency(currency, code) {
		t.Currency = loyalty.Currency(code)
		if _, ok := c.p.Earn.Rates[t.Currency]; !ok {
			c.add(at(currency, "has no rate under earn.purchase.rates, so no order would count"))
		}
	}
	if least != nil {
		t.AtLeast = byCurrency(c, least, c.amount)
		c.earnable(least)
	}
	if earn.QualifyBy(t, loyalty.ByVisits) {
		t.Visit = "visit.completed"
		if event != nil && c.event(event) {
			t.Visit = event.text()
		}
	}
	t.Brands = c.labels(brands)
}

// keeps maps a word of keep_for to a number of calendar years or of window periods.
var keeps = map[string]struct{ years, periods int }{
	"end_of_year": {1, 0}, "end_of_next_year": {2, 0}, "end_of_period": {0, 1}, "end_of_next_period": {0, 2},
}

// keep reads how long members keep a level: a period of time, or until the end of a year or window period.
func (c *compiler) keep(n *node, t *loyalty.Tiers) {
	if k, ok := keeps[n.text()]; ok {
		t.KeepYear, t.KeepPeriods = k.years, k.periods
		return
	}
	if guess := nearest.Word(n.text(), []string{"end_of_year", "end_of_next_year", "end_of_period", "end_of_next_period"}); guess != "" {
		c.add(notA(n, title("keep")).Suggest(guess))
		return
	}
	t.KeepFor = c.period(n)
	if t.KeepFor.IsZero() && durationForm.MatchString(n.text()) {
		c.add(at(n, "must be above 0: a level with no duration cannot be reached"))
	}
}

var (
	rollingForm   = regexp.MustCompile(`^([0-9]{1,3}) months? rolling$`)
	calendarParts = map[string]int{"half": 6, "quarter": 3, "month": 1}
)

// window reads the period of time over which levels are measured.
func (c *compiler) window(n *node, t *loyalty.Tiers) {
	if m := rollingForm.FindStringSubmatch(n.text()); m != nil {
		t.Months, _ = strconv.Atoi(m[1]) // three digits
		if t.Months < 1 || t.Months > tier.MaxWindow {
			c.add(at(n, "%s is not from 1 to %d months", n.value, tier.MaxWindow))
		}
		return
	}
	kind, of, _ := strings.Cut(n.text(), " ")
	day, _ := strings.CutPrefix(of, "from ")
	switch {
	case n.text() == "calendar year":
		t.Calendar = true
	case kind == "calendar" && calendarParts[of] > 0:
		t.Window = loyalty.Window{Kind: loyalty.CycleWindow, Months: calendarParts[of], From: 101}
	case n.text() == "since level":
		t.Window.Kind = loyalty.LevelWindow
	case kind == "year" && day == "joining":
		t.Window = loyalty.Window{Kind: loyalty.JoinWindow, Months: 12}
	case kind == "year" && day == "member":
		t.Window = loyalty.Window{Kind: loyalty.OwnWindow, Months: 12}
	case kind == "year":
		on := *n
		on.value = day
		if d, ok := c.dayOfYear(&on); ok {
			t.Window = loyalty.Window{Kind: loyalty.CycleWindow, Months: 12, From: d}
		}
	}
}

func (c *compiler) levels(n *node, t loyalty.Tiers) (levels []loyalty.Level) {
	c.unique(n.list())
	for i, item := range n.list() {
		l := loyalty.Level{
			ID:       item.get("id").text(),
			Name:     c.words(item.get("name")),
			Multiply: c.factor(item.get("multiply")),
		}
		if points := c.entryBonus(item); points != nil {
			l.EntryBonus = loyalty.Points(c.integer(points, 1, int64(loyalty.MaxPoints)))
			if i == 0 {
				c.add(atKey(points, "has no effect: every new member has the first level; use an action for member.joined instead"))
			}
		}
		for _, perk := range item.get("perks").list() {
			l.Perks = append(l.Perks, perk.text())
		}
		if n := item.get("expires"); n != nil {
			e := c.expires(n)
			l.Expires = &e
		}
		if len(t.Ways) > 0 {
			l.Needs = c.needs(n, i, t, levels)
		} else {
			l.From = c.from(n, i, t, levels)
		}
		levels = append(levels, l)
	}
	return levels
}

// from reads the threshold of the i-th level for a single metric.
func (c *compiler) from(n *node, i int, t loyalty.Tiers, levels []loyalty.Level) int64 {
	from := n.list()[i].get("from")
	if from.is(mapping) {
		c.add(at(from, "has several metrics, but levels depend on %s only", t.By))
		return 0
	}
	x := c.threshold(from, t.By, t)
	switch {
	case from == nil, t.By == loyalty.BySpend && t.Currency == "":
	case i == 0 && x != 0:
		c.add(at(from, "the first level is for every new member, so it must start from 0"))
	case i > 0 && x <= levels[i-1].From:
		c.add(at(from, "%s is not above the %s of the level before, so one of them could never be reached", from.value, before(n, i)))
	}
	return x
}

// needs reads the thresholds of the i-th level for several metrics, in the order of the metrics.
func (c *compiler) needs(n *node, i int, t loyalty.Tiers, levels []loyalty.Level) (needs []loyalty.Need) {
	from := n.list()[i].get("from")
	switch {
	case i == 0 && from.is(number) && from.value == "0":
		return nil
	case i == 0 && from != nil:
		c.add(at(from, "the first level is for every new member, so it must start from 0"))
		return nil
	case from.is(number):
		c.add(at(from, "levels depend on several metrics; state the requirement for each, like { spend: 350, visits: 10 }"))
		return nil
	}
	more := i == 1
	for _, f := range from.pairs() {
		by := measures[f.key.name]
		if !earn.QualifyBy(&t, by) {
			c.add(atKey(f, "is not a metric of the levels"))
			continue
		}
		x, least := loyalty.Need{By: by, From: c.threshold(f, by, t)}, int64(0)
		for _, was := range levels[max(0, i-1)].Needs {
			if was.By == by {
				least = was.From
			}
		}
		switch more = more || x.From > least; {
		case x.From < 1 && (by != loyalty.BySpend || t.Currency != ""):
			c.add(at(f, "%s is not above 0; omit the metric", f.value))
			more = true // one problem is enough
		case x.From < least:
			c.add(at(f, "%s is below the requirement of the level before", f.value))
			more = true
		}
		needs = append(needs, x)
	}
	switch {
	case from == nil:
	case !reachable(t, needs):
		c.add(at(from, "makes the level unreachable: state all metrics of at least one path"))
	case !more:
		c.add(at(from, "must require more than the level before; otherwise one of them could never be kept"))
	}
	return needs
}

// reachable reports whether all metrics of at least one way have a threshold.
func reachable(t loyalty.Tiers, needs []loyalty.Need) bool {
	var by []loyalty.Measure
	for _, n := range needs {
		by = append(by, n.By)
	}
	return slices.ContainsFunc(t.Ways, func(way []loyalty.Measure) bool {
		return !slices.ContainsFunc(way, func(m loyalty.Measure) bool { return !slices.Contains(by, m) })
	})
}

// before returns the threshold of the level before the i-th, as written.
func before(n *node, i int) string {
	if from := n.list()[i-1].get("from"); from.is(number) {
		return from.value
	}
	return "0"
}

// threshold reads the threshold of a metric.
func (c *compiler) threshold(n *node, by loyalty.Measure, t loyalty.Tiers) int64 {
	switch by {
	case loyalty.ByPointsEarned:
		return c.integer(n, 0, int64(loyalty.MaxBalance))
	case loyalty.BySpend:
		if !n.is(number) || t.Currency == "" {
			return 0 // the schema reports it
		}
		return c.amount(n, t.Currency)
	case loyalty.ByBrands:
		return c.integer(n, 0, int64(max(1, len(t.Brands))))
	}
	return c.integer(n, 0, 1e9)
}

// entryBonus returns a level's points for reaching it. They may also be written as points, the key's first name.
func (c *compiler) entryBonus(level *node) *node {
	bonus, points := level.get("entry_bonus"), level.get("points")
	if bonus != nil && points != nil {
		c.add(atKey(points, "cannot be combined with entry_bonus; remove one of them"))
	}
	return cmp.Or(bonus, points)
}
