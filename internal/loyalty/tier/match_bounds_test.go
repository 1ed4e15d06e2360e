package tier

import (
	"errors"
	"slices"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

func TestNearestGap(t *testing.T) {
	far, near, done := Gap{
		By: loyalty.BySpend, From: 100, Have: 10,
	}, Gap{By: loyalty.ByOrders, From: 10, Have: 9}, Gap{By: loyalty.ByVisits, From: 2, Have: 2}
	half, owed := Gap{By: loyalty.ByVisits, From: 2, Have: 1}, Gap{
		By: loyalty.ByPointsEarned, From: 100, Have: -50,
	}
	for _, c := range []struct {
		ways   [][]Gap
		want   Gap
		others []Gap
	}{
		{[][]Gap{{far}}, far, nil},
		{[][]Gap{{far, near, done}}, far, []Gap{near}},
		{[][]Gap{{near, half, far}}, far, []Gap{near, half}},
		{[][]Gap{{far}, {near}}, near, nil},
		{[][]Gap{{near}, {far}}, near, nil},
		{[][]Gap{{far}, {near, half, done}}, half, []Gap{near}},
		{[][]Gap{{far}, {done}}, Gap{}, nil},
		{[][]Gap{{owed, far}}, owed, []Gap{far}},
		{nil, Gap{}, nil},
	} {
		got := nearest(c.ways)
		if got != c.want {
			t.Errorf("%+v: %+v, want %+v", c.ways, got, c.want)
		}
		if others := OtherGaps(c.ways, c.want); !slices.Equal(others, c.others) {
			t.Errorf("%+v: other gaps %+v, want %+v", c.ways, others, c.others)
		}
	}
}

func TestOrderOfLevels(t *testing.T) {
	two := [][]loyalty.Measure{{loyalty.BySpend}, {loyalty.ByOrders}}
	for _, c := range []struct {
		name   string
		ways   [][]loyalty.Measure
		levels []loyalty.Level
		ok     bool
	}{
		{"one measure", nil, []loyalty.Level{{ID: "a"}, {ID: "b", From: 1}, {ID: "c", From: 2}}, true},
		{"the first needs something", nil, []loyalty.Level{{ID: "a", From: 1}}, false},
		{"the second needs nothing", nil, []loyalty.Level{{ID: "a"}, {ID: "b"}}, false},
		{"two need the same", nil, []loyalty.Level{{ID: "a"}, {ID: "b", From: 2}, {ID: "c", From: 2}}, false},
		{"no bonus below zero", nil, []loyalty.Level{{ID: "a", EntryBonus: -1}}, false},
		{"the largest bonus", nil, []loyalty.Level{{ID: "a", EntryBonus: loyalty.MaxPoints}}, true},
		{"a larger bonus", nil, []loyalty.Level{{ID: "a", EntryBonus: loyalty.MaxPoints + 1}}, false},
		{
			"two measures", two,
			[]loyalty.Level{
				{ID: "a"},
				{ID: "b", Needs: []loyalty.Need{{By: loyalty.BySpend, From: 1}, {By: loyalty.ByOrders, From: 1}}},
			},
			true,
		},
		{
			"the first needs something of two", two,
			[]loyalty.Level{{ID: "a", Needs: []loyalty.Need{{By: loyalty.BySpend, From: 1}}}},
			false,
		},
		{"the second needs nothing of two", two, []loyalty.Level{{ID: "a"}, {ID: "b"}}, false},
		{
			"the second needs zero", two,
			[]loyalty.Level{{ID: "a"}, {ID: "b", Needs: []loyalty.Need{{By: loyalty.BySpend, From: 0}}}},
			false,
		},
		{"the third needs more of one", two, []loyalty.Level{
			{ID: "a"},
			{ID: "b", Needs: []loyalty.Need{{By: loyalty.BySpend, From: 5}, {By: loyalty.ByOrders, From: 1}}},
			{ID: "c", Needs: []loyalty.Need{{By: loyalty.BySpend, From: 5}, {By: loyalty.ByOrders, From: 2}}},
		}, true},
		{"the third needs the same", two, []loyalty.Level{
			{ID: "a"},
			{ID: "b", Needs: []loyalty.Need{{By: loyalty.BySpend, From: 5}, {By: loyalty.ByOrders, From: 1}}},
			{ID: "c", Needs: []loyalty.Need{{By: loyalty.BySpend, From: 5}, {By: loyalty.ByOrders, From: 1}}},
		}, false},
		{"the third needs less of one", two, []loyalty.Level{
			{ID: "a"},
			{ID: "b", Needs: []loyalty.Need{{By: loyalty.BySpend, From: 5}, {By: loyalty.ByOrders, From: 1}}},
			{ID: "c", Needs: []loyalty.Need{{By: loyalty.BySpend, From: 4}, {By: loyalty.ByOrders, From: 2}}},
		}, false},
	} {
		tiers := loyalty.Tiers{Levels: c.levels, Ways: c.ways, By: loyalty.BySpend}
		var err error
		for i := range c.levels {
			err = errors.Join(err, checkLevel(&tiers, i))
		}
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestPeriodsOfTiers(t *testing.T) {
	levels := []loyalty.Level{{ID: "bronze"}, {ID: "silver", From: 1}}
	for _, c := range []struct {
		name  string
		tiers loyalty.Tiers
		ok    bool
	}{
		{
			"months",
			loyalty.Tiers{Window: loyalty.Window{Kind: loyalty.CycleWindow, Months: 1, From: 101}, KeepPeriods: 1},
			true,
		},
		{"no months", loyalty.Tiers{Window: loyalty.Window{Kind: loyalty.CycleWindow, Months: 0, From: 101}}, false},
		{"five months", loyalty.Tiers{Window: loyalty.Window{Kind: loyalty.CycleWindow, Months: 5, From: 101}}, false},
		{
			"a cycle from no day",
			loyalty.Tiers{Window: loyalty.Window{Kind: loyalty.CycleWindow, Months: 3, From: 100}},
			false,
		},
		{
			"a cycle from the last day",
			loyalty.Tiers{Window: loyalty.Window{Kind: loyalty.CycleWindow, Months: 3, From: 1231}},
			true,
		},
		{
			"a cycle from a later day",
			loyalty.Tiers{Window: loyalty.Window{Kind: loyalty.CycleWindow, Months: 3, From: 1232}},
			false,
		},
		{"years from joining", loyalty.Tiers{Window: loyalty.Window{Kind: loyalty.JoinWindow, Months: 12}}, true},
		{"kept by periods without periods", loyalty.Tiers{Months: 12, KeepPeriods: 1}, false},
		{"with the next period without periods", loyalty.Tiers{Months: 12, MoveUp: loyalty.NextPeriod}, false},
		{"as many brands as there may be", loyalty.Tiers{Brands: make([]string, loyalty.MaxBrands)}, true},
		{"one brand too many", loyalty.Tiers{Brands: make([]string, loyalty.MaxBrands+1)}, false},
		{
			"a minimum",
			loyalty.Tiers{Levels: levels, Minimums: []loyalty.Minimum{{Level: "silver", Segment: "vip"}}},
			true,
		},
		{
			"a minimum of no level",
			loyalty.Tiers{Levels: levels, Minimums: []loyalty.Minimum{{Level: "gold", Segment: "vip"}}},
			false,
		},
	} {
		if err := check(&c.tiers); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
