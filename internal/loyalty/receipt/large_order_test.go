package receipt

import (
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
)

func TestOlderStateOfAnOrderReplacesNothing(t *testing.T) {
	was := loyalty.Order{UpdatedAt: loyaltytest.Noon}
	for at, want := range map[time.Time]bool{
		loyaltytest.Noon.Add(-1): false, loyaltytest.Noon: true, loyaltytest.Noon.Add(1): true, {}: true,
	} {
		if got := Supersedes((loyalty.Order{UpdatedAt: at}), was); got != want {
			t.Errorf("changed at %s: %t", at, got)
		}
	}
	if !Supersedes((loyalty.Order{UpdatedAt: loyaltytest.Noon}), loyalty.Order{}) {
		t.Error("a state with a time of change replaces one without")
	}
}
