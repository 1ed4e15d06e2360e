package share

import (
	"slices"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

func TestFeeIsPaidWithTheFirstLots(t *testing.T) {
	d := posting.Decide((&loyalty.Program{}), loyalty.Account{}, loyaltytest.Noon)
	lots := []loyalty.Lot{{Expires: 20270101, Points: 5}, {Expires: 20270201, Points: 7}, {Expires: 0, Points: 9}}
	for fee, want := range map[loyalty.Points][]loyalty.Lot{
		0: lots, 3: {{Expires: 20270101, Points: 2}, {Expires: 20270201, Points: 7}, {Expires: 0, Points: 9}},
		5: lots[1:], 6: {{Expires: 20270201, Points: 6}, {Expires: 0, Points: 9}}, 12: lots[2:], 21: nil,
	} {
		if got := sentLots(d, lots, fee); !slices.Equal(got, want) {
			t.Errorf("after a fee of %d arrive %v, want %v", fee, got, want)
		}
	}
}
