package explain

import (
	"math/big"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// bluebird returns a program whose rules, rewards and levels have names in both languages, in one, or in none.
func bluebird(t *testing.T) *loyalty.Program {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return &loyalty.Program{
		ID:   "bluebird",
		Zone: zone,
		Name: loyalty.Text{"en": "Bluebird Rewards", "de": "Bluebird Prämien"},
		Unit: loyalty.Units{
			One:   loyalty.Text{"en": "bean", "de": "Bohne"},
			Other: loyalty.Text{"en": "beans", "de": "Bohnen"},
		},
		Earning: loyalty.Earning{
			Earn: loyalty.Earn{
				Categories: []loyalty.CategoryRule{
					{ID: "beans-x2", Category: "coffee-beans", Multiply: big.NewRat(2, 1)},
				},
				Rules: []loyalty.Rule{{ID: "mugs", Name: loyalty.Text{"en": "Mug love", "de": "Tassenliebe"}}},
			},
			Campaigns: []loyalty.Rule{
				{ID: "double-weekend", Name: loyalty.Text{"en": "Double beans weekend", "de": "Doppelte Bohnen"}},
				{ID: "spring"},
			},
		},
		Sharing: loyalty.Sharing{Wallets: []loyalty.Wallet{{
			ID:   "miles",
			Name: loyalty.Text{"en": "Sea miles", "de": "Seemeilen"}, Unit: loyalty.Units{
				One: loyalty.Text{"en": "mile", "de": "Meile"}, Other: loyalty.Text{"en": "miles", "de": "Meilen"},
			},
		}}},
		Levels: loyalty.Levels{Tiers: loyalty.Tiers{Currency: "EUR", Levels: []loyalty.Level{
			{ID: "bronze", Name: loyalty.Text{"en": "Bronze", "de": "Bronze"}},
			{ID: "silver", Name: loyalty.Text{"en": "Silver", "de": "Silber"}, From: 500},
			{ID: "gold", Name: loyalty.Text{"en": "Gold", "de": "Gold"}, From: 2000},
		}}},
		Spending: loyalty.Spending{Rewards: []loyalty.Reward{
			{ID: "free-mug", Name: loyalty.Text{"en": "Free mug", "de": "Gratis-Tasse"}, Cost: 1200},
		}},
	}
}
