package tier

import (
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// A bonus of a promotion that is found again is kept. The bonus of an earlier promotion to the same level, which is not
// found again, is withdrawn.
func TestBonusOfTheSamePromotionIsKept(t *testing.T) {
	early := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	late := early.AddDate(0, 2, 0)
	p := &loyalty.Program{Zone: time.UTC}
	key := Of(p).LevelKey("gold")
	given := func(at time.Time, n int) loyalty.Reached {
		return loyalty.Reached{At: at, N: n, Grant: loyalty.Grant{Rule: key, Worth: 100}}
	}
	d := posting.Decide(p, loyalty.Account{Reached: []loyalty.Reached{given(early, 0), given(late, 1)}}, late)
	got := findBonusChanges(d, early, []posting.Bonus{{Key: key, At: late}})
	if len(got.withdraw) != 1 || !got.withdraw[0].At.Equal(early) || len(got.give) != 0 {
		t.Errorf(
			"it withdraws %+v and gives %+v; want the withdrawal of the bonus of %s", got.withdraw, got.give, early,
		)
	}
}
