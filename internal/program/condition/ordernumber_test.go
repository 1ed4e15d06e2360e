package condition_test

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program/condition"
)

// OrderNumbers returns the greatest order number that affects the condition. The answer must be the same for all
// greater numbers.
func TestConditionStatesGreatestOrderNumber(t *testing.T) {
	for source, want := range map[string]int{
		`order.total > 20`: 0, `order.first`: 1, `not order.first and order.total > 20`: 1, `order.number == 3`: 3,
		`order.number != 20`: 20, `order.number <= 20`: 20, `order.number < 21`: 20, `20 >= order.number`: 20,
		`21 > order.number`: 20, `order.number > 4`: 4, `order.number >= 4`: 3, `order.number < 4.5`: 4,
		`order.number > 4.5`: 4, `order.number in [2, 7, 5]`: 7, `order.number not in [2, 7]`: 7,
		`1 < order.number < 6`: 5,
		`member.orders == 0`:   1, `member.orders < 3`: 3, `member.orders in [4, 19]`: 20, `order.number == 0`: 1,
	} {
		c, err := condition.Compile(source, condition.Env{Order: true})
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		if got := c.OrderNumbers(); got != want {
			t.Errorf("%s asks for numbers up to %d, want %d", source, got, want)
		}
		var answers [2]bool
		for i, before := range []int64{int64(want), 1_000} {
			facts := aboutOrder()
			facts.Buyer = loyalty.Buyer{Orders: before}
			if answers[i], err = c.Holds(facts); err != nil {
				t.Errorf("%s: %v", source, err)
			}
		}
		if answers[0] != answers[1] {
			t.Errorf("%s holds for the number %d: %t, and for greater ones: %t", source, want+1, answers[0], answers[1])
		}
	}
	for source, env := range map[string]condition.Env{
		`member.orders > 50`: {Member: true}, `member.orders >= 40 and member.tier == "gold"`: {Reward: true},
	} {
		if c, err := condition.Compile(source, env); err != nil || c.OrderNumbers() != 0 {
			t.Errorf("%s: %v", source, err)
		}
	}
}
