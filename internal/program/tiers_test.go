package program

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

func TestTiersAreReadCompletely(t *testing.T) {
	type tiers = loyalty.Tiers
	cycle := func(months int, from calendar.Day) loyalty.Window {
		return loyalty.Window{Kind: loyalty.CycleWindow, Months: months, From: from}
	}
	for _, c := range []struct {
		source string
		want   tiers
	}{
		{
			"qualify: { by: orders, window: 6 months rolling }|keep_for: 12 months",
			tiers{By: loyalty.ByOrders, Months: 6, KeepFor: calendar.Period{Months: 12}},
		},
		{
			"qualify: { by: orders, window: lifetime }|keep_for: 1 day|move_down: none",
			tiers{By: loyalty.ByOrders, KeepFor: calendar.Period{Days: 1}, MoveDown: loyalty.StayUp},
		},
		{
			"qualify: { by: orders, window: calendar year }|keep_for: end_of_year|extended_by: 31 days",
			tiers{By: loyalty.ByOrders, Calendar: true, KeepYear: 1, ExtendedBy: calendar.Period{Days: 31}},
		},
		{
			"qualify: { by: orders, window: calendar half }|keep_for: end_of_period",
			tiers{By: loyalty.ByOrders, Window: cycle(6, 101), KeepPeriods: 1},
		},
		{
			"qualify: { by: orders, window: calendar quarter }|keep_for: end_of_next_period|move_up: next_period",
			tiers{By: loyalty.ByOrders, Window: cycle(3, 101), KeepPeriods: 2, MoveUp: loyalty.NextPeriod},
		},
		{
			"qualify: { by: orders, window: calendar month }|keep_for: end_of_period|move_up: at_once",
			tiers{By: loyalty.ByOrders, Window: cycle(1, 101), KeepPeriods: 1},
		},
		{
			"qualify: { by: orders, window: year from 02-29 }|keep_for: end_of_period",
			tiers{By: loyalty.ByOrders, Window: cycle(12, 229), KeepPeriods: 1},
		},
		{
			"qualify: { by: orders, window: year from joining }|keep_for: end_of_period",
			tiers{By: loyalty.ByOrders, Window: loyalty.Window{Kind: loyalty.JoinWindow, Months: 12}, KeepPeriods: 1},
		},
		{
			"qualify: { by: orders, window: year from member }|keep_for: end_of_period",
			tiers{By: loyalty.ByOrders, Window: loyalty.Window{Kind: loyalty.OwnWindow, Months: 12}, KeepPeriods: 1},
		},
		{
			"qualify: { by: orders, window: since level }|keep_for: 6 months|skipped_levels: highest_only",
			tiers{
				By: loyalty.ByOrders, Window: loyalty.Window{Kind: loyalty.LevelWindow},
				KeepFor: calendar.Period{Months: 6},
			},
		},
		{
			"qualify: { by: visits, window: lifetime }|keep_for: 6 months|skipped_levels: each|" +
				"repeat_entry_bonus: true",
			tiers{
				By: loyalty.ByVisits, Visit: "visit.completed", KeepFor: calendar.Period{Months: 6},
				SkippedLevels: loyalty.EachLevel, RepeatEntryBonus: true,
			},
		},
		{
			"qualify: { by: visits, event: survey.completed, window: lifetime }|keep_for: 6 months",
			tiers{By: loyalty.ByVisits, Visit: "survey.completed", KeepFor: calendar.Period{Months: 6}},
		},
		{
			"qualify: { by: orders, window: lifetime }|keep_for: 6 months|on_order_refund: withdraw",
			tiers{By: loyalty.ByOrders, KeepFor: calendar.Period{Months: 6}},
		},
		{
			"qualify: { by: orders, window: lifetime }|keep_for: 6 months|on_order_refund: keep",
			tiers{By: loyalty.ByOrders, KeepFor: calendar.Period{Months: 6}, KeepOnRefund: true},
		},
		{
			"qualify: { by: orders, window: lifetime }|keep_for: 6 months|minimums: [ { level: best, segment: card } ]",
			tiers{
				By: loyalty.ByOrders, KeepFor: calendar.Period{Months: 6},
				Minimums: []loyalty.Minimum{{Level: "best", Segment: "card"}},
			},
		},
	} {
		t.Run(c.source, func(t *testing.T) {
			source := corner + "tiers:\n  " + strings.ReplaceAll(c.source, "|", "\n  ") +
				"\n  levels: [ { id: plain, name: Plain, from: 0 }, " +
				"{ id: best, name: Best, from: 5, entry_bonus: 10 } ]\n"
			got := mustCompile(t, []byte(source)).Tiers
			got.Levels = nil
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLevelsByAnyAndAllOfSeveralMeasures(t *testing.T) {
	got := mustCompile(t, []byte(corner+`tiers:
  qualify:
    any_of: [spend, { all_of: [brands, visits] }]
    currency: EUR
    brands: [North, South]
    window: calendar year
  keep_for: end_of_next_year
  levels:
    - { id: plain, name: Plain, from: 0 }
    - { id: better, name: Better, from: { spend: 99.50, visits: 3, brands: 2 } }
    - { id: best, name: Best, from: { spend: 500 } }
`)).Tiers
	want := loyalty.Tiers{
		Ways:     [][]loyalty.Measure{{loyalty.BySpend}, {loyalty.ByBrands, loyalty.ByVisits}},
		Currency: "EUR", Visit: "visit.completed", Brands: []string{"North", "South"}, Calendar: true, KeepYear: 2,
		Levels: []loyalty.Level{
			{ID: "plain"},
			{
				ID: "better",
				Needs: []loyalty.Need{
					{By: loyalty.BySpend, From: 99_50},
					{By: loyalty.ByVisits, From: 3},
					{By: loyalty.ByBrands, From: 2},
				},
			},
			{ID: "best", Needs: []loyalty.Need{{By: loyalty.BySpend, From: 500_00}}},
		},
	}
	for i := range got.Levels {
		got.Levels[i].Name = nil
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestLevelAcceptsPointsForEntryBonus checks that a level accepts the earlier name of the key, but not both names.
func TestLevelAcceptsPointsForEntryBonus(t *testing.T) {
	const levels = "tiers:\n  qualify: { by: orders, window: lifetime }\n  keep_for: 1 day\n" +
		"  levels: [ { id: plain, name: Plain, from: 0 }, { id: best, name: Best, from: 5, KEYS } ]\n"
	for keys, want := range map[string]loyalty.Points{"entry_bonus: 10": 10, "points: 20": 20} {
		p := mustCompile(t, []byte(corner+strings.Replace(levels, "KEYS", keys, 1)))
		if got := p.Tiers.Levels[1].EntryBonus; got != want {
			t.Errorf("%s gives %d", keys, got)
		}
	}
	_, problems := Compile([]byte(corner + strings.Replace(levels, "KEYS", "points: 10, entry_bonus: 10", 1)))
	if err := problems.Err(); err == nil ||
		!strings.Contains(err.Error(), "tiers.levels.best.points: cannot be combined with entry_bonus") {
		t.Errorf("both keys: %v", err)
	}
}
