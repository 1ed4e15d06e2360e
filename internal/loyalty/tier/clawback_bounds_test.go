package tier

import (
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// asOf decides as of an instant and then continues at the present one.
func TestDecisionAsOfAnInstant(t *testing.T) {
	d := posting.Decide((&loyalty.Program{}), loyalty.Account{}, loyaltytest.Noon)
	var at time.Time
	asOf(d, loyaltytest.Noon.Add(-time.Hour), func() loyalty.Entry {
		at = d.Now
		return loyalty.Entry{}
	})
	if !at.Equal(loyaltytest.Noon.Add(-time.Hour)) || !d.Now.Equal(loyaltytest.Noon) {
		t.Errorf("decided as of %s, and then at %s", at, d.Now)
	}
}
