package earn

import (
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// markEvery is the number of changes of a timeline after which it stores the whole set of running rules, as a mark.
const markEvery = 64

// NewIndex builds the index of the rules of a program.
func NewIndex(rules []loyalty.CompiledRule) loyalty.RuleIndex {
	n := (len(rules) + 63) / 64
	x := loyalty.RuleIndex{
		Explained: make(loyalty.RuleSet, n), Runs: newTimeline(rules, n), AnyItem: make(loyalty.RuleSet, n),
		ByCategory: map[string]loyalty.SparseRules{}, BySKU: map[string]loyalty.SparseRules{},
		ByBrand: map[string]loyalty.SparseRules{}, FirstOrder: make(loyalty.RuleSet, n),
	}
	for _, by := range []*loyalty.RulesBy{&x.Channels, &x.Stores, &x.Currencies, &x.Tiers, &x.Segments, &x.OptIns} {
		by.Any = make(loyalty.RuleSet, n)
	}
	for i := range x.Weekdays {
		x.Weekdays[i].Any = make(loyalty.RuleSet, n)
	}
	for i := range rules {
		indexRule(&x, &rules[i], i)
	}
	return x
}

// indexRule adds the rule at a position to the index.
func indexRule(x *loyalty.RuleIndex, r *loyalty.CompiledRule, at int) {
	m := &r.Match
	if explains(r) || r.OptIn { // if a rule requires registration, orders record that the member has not registered
		include(x.Explained, at)
	}
	if m.FirstOrder {
		include(x.FirstOrder, at)
	}
	switch {
	case len(m.Categories) > 0:
		list(x.ByCategory, m.Categories, at)
	case len(m.SKUs) > 0:
		list(x.BySKU, m.SKUs, at)
	case len(m.Brands) > 0:
		list(x.ByBrand, m.Brands, at)
	default:
		include(x.AnyItem, at)
	}
	accept(&x.Channels, m.Channels, at)
	accept(&x.Stores, m.Stores, at)
	accept(&x.Currencies, m.Currencies, at)
	accept(&x.Tiers, m.Tiers, at)
	accept(&x.Segments, m.Segments, at)
	if r.OptIn {
		accept(&x.OptIns, []string{r.ID}, at)
	} else {
		accept(&x.OptIns, []string(nil), at)
	}
	for zone := range x.Weekdays {
		days := []string(nil)
		if int(m.TimezoneOf) == zone {
			days = weekdays(m)
		}
		accept(&x.Weekdays[zone], days, at)
	}
}

// weekdays returns the weekdays on which a rule can apply. Hours that cross midnight also apply on the next day.
func weekdays(m *loyalty.Match) (days []string) {
	for _, d := range m.Weekdays {
		days = append(days, d.String())
		if m.HoursFrom > m.HoursUntil {
			days = append(days, ((d + 1) % 7).String())
		}
	}
	return days
}

// include adds the rule at a position to a set.
func include(set loyalty.RuleSet, at int) { set[at/64] |= 1 << (at % 64) }

// accept adds a rule that accepts the given values. A rule without values accepts all of them.
func accept[S ~string](by *loyalty.RulesBy, values []S, at int) {
	if len(values) == 0 {
		include(by.Any, at)
		return
	}
	if by.By == nil {
		by.By = map[string]loyalty.SparseRules{}
	}
	list(by.By, values, at)
}

// list adds the rule at a position to the sets of all given values. Rules are added in ascending order of their
// positions.
func list[S ~string](sets map[string]loyalty.SparseRules, values []S, at int) {
	for _, s := range values {
		set := sets[string(s)]
		if n := len(set); n == 0 || set[n-1].At != at/64 {
			set = append(set, loyalty.RuleWord{At: at / 64})
		}
		set[len(set)-1].Bits |= 1 << (at % 64)
		sets[string(s)] = set
	}
}

// newTimeline returns the instants at which rules start or stop applying. The parameter n is the number of words of a
// set.
func newTimeline(rules []loyalty.CompiledRule, n int) loyalty.Timeline {
	var t loyalty.Timeline
	running := make(loyalty.RuleSet, n)
	for i := range rules {
		m := &rules[i].Match
		if !m.Until.IsZero() && !m.From.Before(m.Until) {
			continue // the rule never applies
		}
		if m.From.IsZero() {
			include(running, i)
		} else {
			t.Changes = append(t.Changes, loyalty.RuleChange{At: m.From, Rule: i})
		}
		if !m.Until.IsZero() {
			t.Changes = append(t.Changes, loyalty.RuleChange{At: m.Until, Rule: i})
		}
	}
	slices.SortStableFunc(t.Changes, func(a, b loyalty.RuleChange) int { return a.At.Compare(b.At) })
	t.Marks = append(t.Marks, slices.Clone(running))
	for i, c := range t.Changes {
		toggle(running, c)
		if (i+1)%markEvery == 0 {
			t.Marks = append(t.Marks, slices.Clone(running))
		}
	}
	return t
}

// toggle applies a change to the set of running rules.
func toggle(running loyalty.RuleSet, c loyalty.RuleChange) { running[c.Rule/64] ^= 1 << (c.Rule % 64) }

// runningAt stores in set the rules of the timeline that apply at an instant.
func runningAt(t *loyalty.Timeline, at time.Time, set loyalty.RuleSet) {
	n, _ := slices.BinarySearchFunc(t.Changes, at, func(c loyalty.RuleChange, at time.Time) int {
		if c.At.After(at) {
			return 1
		}
		return -1
	})
	mark := n / markEvery
	copy(set, t.Marks[mark])
	for _, c := range t.Changes[mark*markEvery : n] {
		toggle(set, c)
	}
}
