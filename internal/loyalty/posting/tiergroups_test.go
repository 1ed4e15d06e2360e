package posting

import (
	"fmt"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

func TestAccountLimitsStoredTierGroups(t *testing.T) {
	acc := loyalty.Account{}
	for i := range 3 * maxGroupStandings {
		setGroupStanding(&acc, fmt.Sprint(i), func(l *loyalty.TierGroupStanding) { l.Tier.Level = "gold" })
	}
	if len(acc.TierGroups) != maxGroupStandings ||
		acc.TierGroups[maxGroupStandings-1].TierGroup != fmt.Sprint(3*maxGroupStandings-1) {
		t.Errorf("it remembers %+v", acc.TierGroups)
	}
}
