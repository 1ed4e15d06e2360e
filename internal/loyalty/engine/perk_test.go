package engine

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
)

func TestAPerkIsHadInDebtAndWithoutPoints(t *testing.T) {
	p := stocked(t, func(_ *loyalty.Program, r *loyalty.Reward) { r.Type, r.Cost = redeem.Perk, 0 })
	acc := saver(t, p)
	acc.Debt = 50
	if q := Available(p, acc, p.Rewards[0], loyalty.Redemption{}, nil, noon); len(q.Unmet) != 0 || q.Missing != 0 {
		t.Errorf("%+v", q)
	}
	for _, commit := range []bool{false, true} {
		out, err := redeem.Redeem(Begin(p, acc, noon), loyalty.Redemption{ID: "rd_1", Reward: "it"}, commit, nil)
		if err != nil {
			t.Fatal(err)
		}
		e := out.Entries[0]
		if e.Redemption.Status != loyalty.Committed || len(e.Postings) != 0 || e.Points != 0 ||
			len(out.Account.Holds) != 0 || out.Account.Debt != 50 {
			t.Errorf("commit %t: %+v", commit, e)
		}
	}
}

func TestAPerkOfALimitedNumber(t *testing.T) {
	p := stocked(t, func(_ *loyalty.Program, r *loyalty.Reward) {
		r.Type, r.Cost, r.StockBatches = redeem.Perk, 0, []loyalty.StockBatch{{Quantity: 1}}
	})
	acc := saver(t, p)
	out, err := redeem.Redeem(
		Begin(p, acc, noon), loyalty.Redemption{ID: "rd_1", Reward: "it"}, true, earn.Budgets{"rewards.it": 1},
	)
	if err != nil || len(out.Spends) != 1 || out.Spends[0].Points != 1 {
		t.Errorf("%+v, %v", out.Spends, err)
	}
	if _, err := redeem.Redeem(
		Begin(p, acc, noon), loyalty.Redemption{ID: "rd_2", Reward: "it"}, true, earn.Budgets{"rewards.it": 0},
	); !errors.Is(err, loyalty.RewardOutOfStock) {
		t.Error(err)
	}
}

func TestAPerkTakesThePlaceOfWhatItsCartHolds(t *testing.T) {
	p := stocked(t, nil)
	p.Rewards = append(p.Rewards, loyalty.Reward{ID: "coffee", Type: redeem.Perk})
	if err := Compile(p); err != nil {
		t.Fatal(err)
	}
	acc := redeemed(
		t, p, saver(t, p, loyalty.Lot{Expires: 20270131, Points: 150}), loyalty.Redemption{ID: "rd_1", Cart: "c"},
		false, noon,
	).Account
	for cart, holds := range map[string]int{"c": 0, "d": 1, "": 1} {
		out, err := redeem.Redeem(
			Begin(p, acc, noon), loyalty.Redemption{ID: "rd_2", Reward: "coffee", Cart: cart}, false, nil,
		)
		if err != nil || len(out.Account.Holds) != holds || last(out).Redemption.ID != "rd_2" ||
			loyalty.TotalPoints(out.Account.Lots) != loyalty.Points(150-100*holds) {
			t.Errorf("cart %q: %+v, %v", cart, out.Account.Holds, err)
		}
	}
}

func TestPerksOfLevelsAndRewards(t *testing.T) {
	p := stocked(t, func(p *loyalty.Program, r *loyalty.Reward) {
		r.Type, r.Cost, r.Visible = redeem.Perk, 0, calendar.Span{From: noon}
		p.Tiers.Levels[1].Perks, p.Tiers.Levels[2].Perks = []string{"tea"}, []string{"tea", "lounge"}
	})
	acc := joined(t, p, noon)
	for _, c := range []struct {
		level string
		at    time.Time
		want  string
	}{
		{"bronze", noon, "[tea of silver, lacks silver, gold] [lounge of gold, lacks gold] [it of ]"},
		{"silver", noon, "[tea of silver] [lounge of gold, lacks gold] [it of ]"},
		{"gold", noon.Add(-1), "[tea of silver] [lounge of gold]"},
	} {
		acc.Tier.Level = c.level
		got := ""
		for _, q := range Perks(p, acc, nil, c.at) {
			lacks := ""
			for _, l := range q.Unmet {
				lacks += ", lacks " + l.Required
			}
			got += fmt.Sprintf(" [%s of %s%s]", q.ID, q.Level, lacks)
		}
		if got != " "+c.want {
			t.Errorf("%s:%s, want %s", c.level, got, c.want)
		}
	}
}

func TestPerkIsAnActivity(t *testing.T) {
	p := slidingProgram(t, func(p *loyalty.Program) { p.Rewards = []loyalty.Reward{{ID: "perk", Type: redeem.Perk}} })
	s := member2026(t, p)
	s.buy("1", 100, instant(t, "2026-02-01T12:00:00Z"))
	at := instant(t, "2026-03-01T12:00:00Z")
	s.pass(at)
	out, err := redeem.Redeem(Begin(p, s.acc, at), loyalty.Redemption{ID: "rd_1", Reward: "perk"}, true, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.took(out)
	if s.wantLots(t, "100 2026-04-30, slides"); !s.acc.LastActivity.Equal(at) {
		t.Errorf("the last activity was at %s", s.acc.LastActivity)
	}
}
