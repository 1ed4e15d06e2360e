package engine

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// The balance that triggers automatic redemption may equal the reward's highest price.
func TestAutomaticRewardMayCostTheTriggeringBalance(t *testing.T) {
	p := testProgram(t)
	p.Rewards = []loyalty.Reward{
		{ID: "it", Type: "free_product", Cost: 100, Prices: map[string]loyalty.Points{"gold": 120}},
	}
	p.Redemption.Auto = loyalty.Auto{Reward: "it", At: 120, Limit: 3}
	if err := Compile(p); err != nil {
		t.Error(err)
	}
}
