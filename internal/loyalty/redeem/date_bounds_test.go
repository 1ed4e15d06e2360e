package redeem

import (
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

func TestDatesOfRewards(t *testing.T) {
	now := loyaltytest.Noon
	r := loyalty.Reward{ID: "r", Dates: []loyalty.RewardDate{
		{ID: "past", At: now, Capacity: 9}, {
			ID: "a", At: now.Add(1), Capacity: 2,
		}, {ID: "b", At: now.Add(2), Capacity: 3},
	}}
	for _, c := range []struct {
		name    string
		r       loyalty.Reward
		date    string
		code    loyalty.Code
		pointer string
	}{
		{"a date", r, "a", "", ""},
		{"a date that is over", r, "past", loyalty.RewardUnavailable, "/reward"},
		{"an unknown date", r, "x", loyalty.ValidationFailed, "/date"},
		{"no date", r, "", loyalty.ValidationFailed, "/date"},
		{"no date of a reward without dates", loyalty.Reward{}, "", "", ""},
		{"a date of a reward without dates", loyalty.Reward{}, "a", loyalty.ValidationFailed, "/date"},
		{
			"no date of a reward whose dates are over",
			loyalty.Reward{Dates: r.Dates[:1]},
			"",
			loyalty.RewardUnavailable, "/reward",
		},
	} {
		in := loyalty.Redemption{Date: c.date}
		loyaltytest.WantRefusal(t, c.name, RewardDate(&c.r, &in, now), c.code, c.pointer)
		if c.code == "" && c.date != "" && !in.DateAt.Equal(now.Add(1)) {
			t.Errorf("%s: at %s", c.name, in.DateAt)
		}
	}
	full := earn.Budgets{"rewards.r@a": 0, "rewards.r@b": 0, "rewards.r@past": 9}
	for _, c := range []struct {
		name string
		r    loyalty.Reward
		left earn.Budgets
		want []loyalty.UnmetRequirement
	}{
		{"with capacity", r, nil, nil},
		{"with capacity on one date", r, earn.Budgets{"rewards.r@a": 1, "rewards.r@b": 0}, nil},
		{
			"without capacity", r, full,
			[]loyalty.UnmetRequirement{{Requirement: loyalty.RequirementStock, Available: "0"}},
		},
		{
			"whose dates are over",
			loyalty.Reward{Dates: r.Dates[:1]},
			nil,
			[]loyalty.UnmetRequirement{{Requirement: loyalty.RequirementTime}},
		},
		{"without dates", loyalty.Reward{}, nil, nil},
	} {
		if got := DatedReward(&c.r, c.left, now); !slices.Equal(got, c.want) {
			t.Errorf("a reward %s: %+v", c.name, got)
		}
	}
	for date, want := range map[string]string{"a": "b", "b": "a", "past": "a, b"} {
		if err := NoCapacity(&r, date, nil, now); err.Unmet[0].Available != want || err.Unmet[0].Required != date {
			t.Errorf("without capacity on %s: %+v", date, err.Unmet)
		}
	}
	if err := NoCapacity(&r, "a", full, now); err.Unmet[0].Available != "" {
		t.Errorf("without any capacity: %+v", err.Unmet)
	}
	r.StockBatches = []loyalty.StockBatch{{Quantity: 1}, {At: now, Quantity: 2}, {At: now.Add(1), Quantity: 4}}
	if got := Counters(&r, now); !slices.Equal(got, []posting.Spend{
		{Rule: "rewards.r", Budget: 3}, {Rule: "rewards.r@a", Budget: 2}, {Rule: "rewards.r@b", Budget: 3},
	}) {
		t.Errorf("the limited quantities are %+v", got)
	}
	for date, want := range map[string]posting.Spend{
		"": {Rule: "rewards.r", Budget: 3}, "b": {Rule: "rewards.r@b", Budget: 3}, "x": {Rule: "rewards.r@x"},
	} {
		if got := Counter(&r, date, now); got != want {
			t.Errorf("a redemption on the date %q uses %+v", date, got)
		}
	}
}

func TestLevelsAtInstants(t *testing.T) {
	at := loyaltytest.Noon
	s := func(level string, n time.Duration) loyalty.Standing {
		return loyalty.Standing{Level: level, Since: at.Add(n)}
	}
	tiers := &loyalty.Tiers{
		Levels: []loyalty.Level{{ID: "a"}, {ID: "b"}, {ID: "c"}}, Replaced: map[string]string{"old": "b"},
	}
	acc := loyalty.Account{Tier: s("c", 4), Past: []loyalty.Standing{s("a", 0), s("old", 2)}}
	for n, want := range map[time.Duration]string{-1: "a", 0: "a", 1: "a", 2: "b", 3: "b", 4: "c", 5: "c"} {
		if got := posting.LevelAt(tiers, acc, at.Add(n)); got.ID != want {
			t.Errorf("at %d, the level is %q", n, got.ID)
		}
	}
	if acc.Past = nil; posting.LevelAt(tiers, acc, at).ID != "c" ||
		posting.LevelAt(&loyalty.Tiers{}, acc, at).ID != "" {
		t.Error("without earlier standings, the present one counts")
	}
	traits := loyalty.Traits{OptIns: []loyalty.OptIn{{Campaign: "x", At: at}, {Campaign: "y", At: at.Add(1)}}}
	if got := posting.OptedIn(traits, at); !slices.Equal(got, []string{"x"}) {
		t.Errorf("the member registered for %s", got)
	}
}
