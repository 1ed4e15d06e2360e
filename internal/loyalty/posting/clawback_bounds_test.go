package posting

import (
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
)

func TestLatestActivity(t *testing.T) {
	for _, c := range []struct {
		acc  loyalty.Account
		want time.Time
	}{
		{loyalty.Account{}, time.Time{}},
		{loyalty.Account{LastActivity: loyaltytest.Noon}, loyaltytest.Noon},
		{
			loyalty.Account{
				LastActivity: loyaltytest.Noon,
				Activities:   []time.Time{loyaltytest.Noon.Add(-2), loyaltytest.Noon.Add(-1)},
			},
			loyaltytest.Noon.Add(-1),
		},
	} {
		if got := LastActivity(c.acc); !got.Equal(c.want) {
			t.Errorf("%+v: %s", c.acc, got)
		}
	}
}
