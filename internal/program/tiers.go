package program

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/lazyregexp"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
	"github.com/perennial-loyalty/perennial/internal/program/document"
	"github.com/perennial-loyalty/perennial/internal/program/nearest"
	"github.com/perennial-loyalty/perennial/internal/program/validate"
)

var measures = map[string]loyalty.Measure{
	"points_earned": loyalty.ByPointsEarned, "orders": loyalty.ByOrders, "spend": loyalty.BySpend,
	"qualifying_items": loyalty.ByQualifyingItems, "visits": loyalty.ByVisits, "brands": loyalty.ByBrands,
}

// These maps contain the words of the program file that select a value other than the default.
var (
	moveUps   = map[string]loyalty.MoveUp{"next_period": loyalty.NextPeriod}
	moveDowns = map[string]loyalty.MoveDown{"to_qualified": loyalty.ToQualified, "none": loyalty.StayUp}
	welcomes  = map[string]loyalty.SkippedLevels{"each": loyalty.EachLevel}
)

func parseTiers(c *document.Compiler, n *document.Node) (t loyalty.Tiers) {
	if n == nil {
		return t
	}
	qualify := n.Get("qualify")
	t.By, t.Ways = parseWays(c, qualify)
	measured(c, qualify, &t)
	parseWindow(c, qualify.Get("window"), &t)
	parseKeep(c, n.Get("keep_for"), &t)
	t.ExtendedBy, t.Grace = c.Period(n.Get("extended_by")), c.Period(n.Get("grace"))
	t.MoveUp, t.MoveDown = moveUps[n.Get("move_up").Text()], moveDowns[n.Get("move_down").Text()]
	t.KeepOnRefund = n.Get("on_order_refund").Text() == "keep"
	t.MaxDowngrades = c.Share(n.Get("max_downgrades"))
	t.SkippedLevels, t.RepeatEntryBonus = welcomes[n.Get("skipped_levels").Text()], n.Get("repeat_entry_bonus") != nil
	t.Levels = parseLevels(c, n.Get("levels"), t)
	for _, f := range n.Get("minimums").List() {
		t.Minimums = append(t.Minimums, loyalty.Minimum{Level: f.Get("level").Text(), Segment: f.Get("segment").Text()})
		validate.Level(c, t.Levels, f.Get("level"))
	}
	parsePeriods(c, n, t)
	return t
}

// parsePeriods rejects keys that are valid only for a window with periods, if the window has no periods.
func parsePeriods(c *document.Compiler, n *document.Node, t loyalty.Tiers) {
	cyclic := t.Calendar || t.Window.Kind != "" && t.Window.Kind != loyalty.LevelWindow
	keep, up, tail := n.Get("keep_for"), n.Get("move_up"), n.Get("extended_by")
	if !cyclic && t.KeepPeriods > 0 {
		c.Add(document.At(keep, "%s requires a window with periods, like calendar year", keep.Text()))
	}
	if !cyclic && t.MoveUp == loyalty.NextPeriod {
		c.Add(document.At(up, "next_period requires a window with periods, like calendar year"))
	}
	if cyclic && t.KeepYear > 0 && !t.Calendar {
		c.Add(document.At(keep, "%s requires a window of calendar years", keep.Text()).
			Suggest(strings.Replace(keep.Text(), "year", "period", 1)))
	}
	if tail != nil && t.KeepYear+t.KeepPeriods == 0 {
		c.Add(document.AtKey(tail, "has no effect with a period under keep_for"))
	}
	if down := n.Get("grace"); down != nil && t.MoveDown == loyalty.StayUp {
		c.Add(document.AtKey(down, "has no effect where levels do not end"))
	}
}

// parseWays reads the metrics that determine levels: one metric, or several paths of metrics.
func parseWays(c *document.Compiler, n *document.Node) (by loyalty.Measure, ways [][]loyalty.Measure) {
	one, anyOf, allOf := n.Get("by"), n.Get("any_of"), n.Get("all_of")
	switch {
	case !n.Is(document.Mapping):
	case one == nil && anyOf == nil && allOf == nil:
		missing(c, n, "by")
	case one != nil && (anyOf != nil || allOf != nil), anyOf != nil && allOf != nil:
		c.Add(document.At(n, "is a second metric; by, any_of and all_of exclude each other"))
	}
	if allOf != nil {
		ways = append(ways, measuresOf(allOf))
	}
	for _, item := range anyOf.List() {
		if way := measuresOf(item.Get("all_of")); item.Is(document.Mapping) {
			ways = append(ways, way)
		} else {
			ways = append(ways, []loyalty.Measure{measures[item.Text()]})
		}
	}
	return measures[one.Text()], ways
}

func measuresOf(n *document.Node) (all []loyalty.Measure) {
	for _, item := range n.List() {
		all = append(all, measures[item.Text()])
	}
	return all
}

// measured reads the keys that only certain metrics use, such as currency.
func measured(c *document.Compiler, n *document.Node, t *loyalty.Tiers) {
	currency, least, event, brands := n.Get("currency"), n.Get("at_least"), n.Get("event"), n.Get("brands")
	checkMetricKey(c, n, t, loyalty.BySpend, "currency", true)
	checkMetricKey(c, n, t, loyalty.ByQualifyingItems, "at_least", true)
	checkMetricKey(c, n, t, loyalty.ByVisits, "event", false)
	checkMetricKey(c, n, t, loyalty.ByBrands, "brands", true)
	if code := currency.Text(); code != "" && c.Currency(currency, code) {
		t.Currency = loyalty.Currency(code)
		if _, ok := c.P.Earn.Rates[t.Currency]; !ok {
			c.Add(document.At(currency, "has no rate under earn.purchase.rates, so no order would count"))
		}
	}
	if least != nil {
		t.AtLeast = byCurrency(c, least, (*document.Compiler).Amount)
		earnable(c, least)
	}
	if earn.QualifyBy(t, loyalty.ByVisits) {
		t.Visit = "visit.completed"
		if event != nil && checkEventType(c, event) {
			t.Visit = event.Text()
		}
	}
	t.Brands = c.Labels(brands)
}

// checkMetricKey rejects a key that belongs to a metric if the program does not use this metric. If the program uses
// the metric and the key is required, it reports a missing key.
func checkMetricKey(
	c *document.Compiler, n *document.Node, t *loyalty.Tiers, by loyalty.Measure, key string, required bool,
) {
	f := n.Get(key)
	if earn.QualifyBy(t, by) {
		if f == nil && required {
			missing(c, n, key)
		}
		return
	}
	switch {
	case f == nil:
	case n.Get("by").Text() != "":
		c.Add(document.AtKey(f, "has no effect with %s", t.By))
	case len(t.Ways) > 0:
		c.Add(document.AtKey(f, "has no effect without %s", by))
	}
}

// keeps maps the words of the key keep_for to a number of calendar years or of window periods, including the current
// one.
var keeps = map[string]struct{ years, periods int }{
	"end_of_year": {1, 0}, "end_of_next_year": {2, 0}, "end_of_period": {0, 1}, "end_of_next_period": {0, 2},
}

// parseKeep reads how long members keep a level: for a period of time, or until the end of a year or window period.
func parseKeep(c *document.Compiler, n *document.Node, t *loyalty.Tiers) {
	if k, ok := keeps[n.Text()]; ok {
		t.KeepYear, t.KeepPeriods = k.years, k.periods
		return
	}
	if guess := nearest.Word(
		n.Text(), []string{"end_of_year", "end_of_next_year", "end_of_period", "end_of_next_period"},
	); guess != "" {
		c.Add(document.NotA(n, document.Title("keep")).Suggest(guess))
		return
	}
	t.KeepFor = c.Period(n)
	if t.KeepFor.IsZero() && document.DurationForm.MatchString(n.Text()) {
		c.Add(document.At(n, "must be above 0: a level with no duration cannot be reached"))
	}
}

var (
	rollingForm   = lazyregexp.New(`^([0-9]{1,3}) months? rolling$`)
	calendarParts = map[string]int{"half": 6, "quarter": 3, "month": 1}
)

// parseWindow reads the period over which the metrics of levels are measured.
func parseWindow(c *document.Compiler, n *document.Node, t *loyalty.Tiers) {
	if m := rollingForm.FindStringSubmatch(n.Text()); m != nil {
		t.Months, _ = strconv.Atoi(m[1]) // the form allows at most three digits
		if t.Months < 1 || t.Months > tier.MaxWindow {
			c.Add(document.At(n, "%s is not from 1 to %d months", n.Value, tier.MaxWindow))
		}
		return
	}
	kind, of, _ := strings.Cut(n.Text(), " ")
	day, _ := strings.CutPrefix(of, "from ")
	switch {
	case n.Text() == "calendar year":
		t.Calendar = true
	case kind == "calendar" && calendarParts[of] > 0:
		t.Window = loyalty.Window{Kind: loyalty.CycleWindow, Months: calendarParts[of], From: 101}
	case n.Text() == "since level":
		t.Window.Kind = loyalty.LevelWindow
	case kind == "year" && day == "joining":
		t.Window = loyalty.Window{Kind: loyalty.JoinWindow, Months: 12}
	case kind == "year" && day == "member":
		t.Window = loyalty.Window{Kind: loyalty.OwnWindow, Months: 12}
	case kind == "year":
		on := *n
		on.Value = day
		if d, ok := c.DayOfYear(&on); ok {
			t.Window = loyalty.Window{Kind: loyalty.CycleWindow, Months: 12, From: d}
		}
	}
}

func parseLevels(c *document.Compiler, n *document.Node, t loyalty.Tiers) (levels []loyalty.Level) {
	c.Unique(n.List())
	for i, item := range n.List() {
		l := loyalty.Level{
			ID:       item.Get("id").Text(),
			Name:     c.Words(item.Get("name")),
			Multiply: c.Factor(item.Get("multiply")),
		}
		if points := parseEntryBonus(c, item); points != nil {
			l.EntryBonus = loyalty.Points(c.Integer(points, 1, int64(loyalty.MaxPoints)))
			if i == 0 {
				c.Add(
					document.AtKey(
						points,
						"has no effect: every new member has the first level; use an action for member.joined instead",
					),
				)
			}
		}
		for _, perk := range item.Get("perks").List() {
			l.Perks = append(l.Perks, perk.Text())
		}
		if n := item.Get("expires"); n != nil {
			e := parseExpires(c, n)
			l.Expires = &e
		}
		if len(t.Ways) > 0 {
			l.Needs = needs(c, n, i, t, levels)
		} else {
			l.From = from(c, n, i, t, levels)
		}
		levels = append(levels, l)
	}
	return levels
}

// from reads the threshold of the i-th level if levels depend on a single metric.
func from(c *document.Compiler, n *document.Node, i int, t loyalty.Tiers, levels []loyalty.Level) int64 {
	from := n.List()[i].Get("from")
	if from.Is(document.Mapping) {
		c.Add(document.At(from, "has several metrics, but levels depend on %s only", t.By))
		return 0
	}
	x := parseThreshold(c, from, t.By, t)
	switch {
	case from == nil, t.By == loyalty.BySpend && t.Currency == "":
	case i == 0 && x != 0:
		c.Add(document.At(from, "the first level is for every new member, so it must start from 0"))
	case i > 0 && x <= levels[i-1].From:
		c.Add(
			document.At(
				from, "%s is not above the %s of the level before, so one of them could never be reached", from.Value,
				before(n, i),
			),
		)
	}
	return x
}

// needs reads the thresholds of the i-th level if levels depend on several metrics. The thresholds are in the order of
// the metrics.
func needs(
	c *document.Compiler, n *document.Node, i int, t loyalty.Tiers, levels []loyalty.Level,
) (needs []loyalty.Need) {
	from := n.List()[i].Get("from")
	switch {
	case i == 0 && from.Is(document.Number) && from.Value == "0":
		return nil
	case i == 0 && from != nil:
		c.Add(document.At(from, "the first level is for every new member, so it must start from 0"))
		return nil
	case from.Is(document.Number):
		c.Add(
			document.At(
				from,
				"levels depend on several metrics; state the requirement for each, like { spend: 350, visits: 10 }",
			),
		)
		return nil
	}
	more := i == 1
	for _, f := range from.Pairs() {
		if !earn.QualifyBy(&t, measures[f.Key.Name]) {
			c.Add(document.AtKey(f, "is not a metric of the levels"))
			continue
		}
		need, higher := parseNeed(c, f, t, levels[max(0, i-1)].Needs)
		needs, more = append(needs, need), more || higher
	}
	switch {
	case from == nil:
	case !reachable(t, needs):
		c.Add(document.At(from, "makes the level unreachable: state all metrics of at least one path"))
	case !more:
		c.Add(document.At(from, "must require more than the level before; otherwise one of them could never be kept"))
	}
	return needs
}

// parseNeed reads a level's threshold for one metric. It reports whether the threshold is above the threshold of the
// level before. After an invalid value, it reports true, so that the caller does not report a second problem.
func parseNeed(
	c *document.Compiler, f *document.Node, t loyalty.Tiers, before []loyalty.Need,
) (need loyalty.Need, higher bool) {
	by := measures[f.Key.Name]
	need, least := loyalty.Need{By: by, From: parseThreshold(c, f, by, t)}, int64(0)
	for _, was := range before {
		if was.By == by {
			least = was.From
		}
	}
	switch {
	case need.From < 1 && (by != loyalty.BySpend || t.Currency != ""):
		c.Add(document.At(f, "%s is not above 0; omit the metric", f.Value))
	case need.From < least:
		c.Add(document.At(f, "%s is below the requirement of the level before", f.Value))
	default:
		return need, need.From > least
	}
	return need, true
}

// reachable reports whether there is a path on which every metric has a threshold.
func reachable(t loyalty.Tiers, needs []loyalty.Need) bool {
	var by []loyalty.Measure
	for _, n := range needs {
		by = append(by, n.By)
	}
	return slices.ContainsFunc(t.Ways, func(way []loyalty.Measure) bool {
		return !slices.ContainsFunc(way, func(m loyalty.Measure) bool { return !slices.Contains(by, m) })
	})
}

// before returns the threshold of the level before the i-th level, as it is written in the file.
func before(n *document.Node, i int) string {
	if from := n.List()[i-1].Get("from"); from.Is(document.Number) {
		return from.Value
	}
	return "0"
}

// parseThreshold reads the threshold of a metric.
func parseThreshold(c *document.Compiler, n *document.Node, by loyalty.Measure, t loyalty.Tiers) int64 {
	switch by {
	case loyalty.ByPointsEarned:
		return c.Integer(n, 0, int64(loyalty.MaxBalance))
	case loyalty.BySpend:
		if !n.Is(document.Number) || t.Currency == "" {
			return 0 // the schema reports this error
		}
		return c.Amount(n, t.Currency)
	case loyalty.ByBrands:
		return c.Integer(n, 0, int64(max(1, len(t.Brands))))
	}
	return c.Integer(n, 0, 1e9)
}

// parseEntryBonus returns the node of a level's entry bonus. It also accepts points, the earlier name of the key
// entry_bonus.
func parseEntryBonus(c *document.Compiler, level *document.Node) *document.Node {
	bonus, points := level.Get("entry_bonus"), level.Get("points")
	if bonus != nil && points != nil {
		c.Add(document.AtKey(points, "cannot be combined with entry_bonus; remove one of them"))
	}
	return cmp.Or(bonus, points)
}

// tierGroups reads the additional tier groups, which have the same form as tiers.
func tierGroups(c *document.Compiler, root *document.Node) (groups []loyalty.TierGroup) {
	n := root.Get("tier_groups")
	if n == nil {
		return nil
	}
	if root.Get("tiers") == nil {
		c.Add(document.AtKey(n, "require tiers, on which rules and rewards depend; use tiers for a single tier group"))
	}
	c.Unique(n.List())
	for _, item := range n.List() {
		groups = append(groups, loyalty.TierGroup{
			ID: item.Get("id").Text(), Name: c.WordsIf(item.Get("name")), Tiers: parseTiers(c, item),
		})
	}
	return groups
}
