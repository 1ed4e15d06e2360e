package engine

import (
	"math/big"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// A member affords a reward with the points of one of its prices, and nothing while in debt.
func TestMemberWhoAffordsAPrice(t *testing.T) {
	p := miles(t, big.NewRat(1, 1))
	acc := holding(loyalty.Lot{Expires: 20271231, Points: 60}, loyalty.Lot{Expires: 20281231, Points: 40})
	acc.Purses = []loyalty.Purse{{Wallet: "pay", Lots: []loyalty.Lot{{Expires: 20271231, Points: 5}}}}
	debtor := acc
	debtor.Debt = 1
	for _, c := range []struct {
		acc    loyalty.Account
		prices map[string]loyalty.Points
		want   bool
	}{
		{acc, map[string]loyalty.Points{"": 100}, true},
		{acc, map[string]loyalty.Points{"": 101}, false},
		{acc, map[string]loyalty.Points{"": 101, "pay": 5}, true},
		{acc, map[string]loyalty.Points{"pay": 6}, false},
		{acc, nil, false},
		{debtor, map[string]loyalty.Points{"": 100}, false},
	} {
		if got := affords(p, c.acc, c.prices); got != c.want {
			t.Errorf("%v with a debt of %d: %t", c.prices, c.acc.Debt, got)
		}
	}
}
