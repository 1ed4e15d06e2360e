package loyalty

import (
	"errors"
	"testing"
)

func TestAPerkIsHadInDebtAndWithoutPoints(t *testing.T) {
	p := stocked(t, func(_ *Program, r *Reward) { r.Type, r.Cost = Perk, 0 })
	acc := saver(t, p)
	acc.Debt = 50
	if q := p.Available(acc, p.Rewards[0], Redemption{}, nil, noon); len(q.Lacks) != 0 || q.Missing != 0 {
		t.Errorf("%+v", q)
	}
	for _, commit := range []bool{false, true} {
		out, err := p.Redeem(acc, Redemption{ID: "rd_1", Reward: "it"}, commit, nil, noon)
		if err != nil {
			t.Fatal(err)
		}
		e := out.Entries[0]
		if e.Redemption.Status != Committed || len(e.Postings) != 0 || e.Points != 0 || len(out.Account.Holds) != 0 || out.Account.Debt != 50 {
			t.Errorf("commit %t: %+v", commit, e)
		}
	}
}

func TestAPerkOfALimitedNumber(t *testing.T) {
	p := stocked(t, func(_ *Program, r *Reward) { r.Type, r.Cost, r.Drops = Perk, 0, []Drop{{Pieces: 1}} })
	acc := saver(t, p)
	out, err := p.Redeem(acc, Redemption{ID: "rd_1", Reward: "it"}, true, Budgets{"rewards.it": 1}, noon)
	if err != nil || len(out.Spends) != 1 || out.Spends[0].Points != 1 {
		t.Errorf("%+v, %v", out.Spends, err)
	}
	if _, err := p.Redeem(acc, Redemption{ID: "rd_2", Reward: "it"}, true, Budgets{"rewards.it": 0}, noon); !errors.Is(err, RewardOutOfStock) {
		t.Error(err)
	}
}

func TestAPerkTakesThePlaceOfWhatItsCartHolds(t *testing.T) {
	p := stocked(t, nil)
	p.Rewards = append(p.Rewards, Reward{ID: "coffee", Type: Perk})
	if err := p.Compile(); err != nil {
		t.Fatal(err)
	}
	acc := redeemed(t, p, saver(t, p, Lot{20270131, 150}), Redemption{ID: "rd_1", Cart: "c"}, false, noon).Account
	for cart, holds := range map[string]int{"c": 0, "d": 1, "": 1} {
		out, err := p.Redeem(acc, Redemption{ID: "rd_2", Reward: "coffee", Cart: cart}, false, nil, noon)
		if err != nil || len(out.Account.Holds) != holds || last(out).Redemption.ID != "rd_2" || total(out.Account.Lots) != Points(150-100*holds) {
			t.Errorf("cart %q: %+v, %v", cart, out.Account.Holds, err)
		}
	}
}
