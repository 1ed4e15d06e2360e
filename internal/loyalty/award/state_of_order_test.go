package award

import (
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

func TestFirstOrdersOfAnImportedMember(t *testing.T) {
	for n, want := range map[int64]int{0: 0, 1: 1, 19: 19, 20: 20, 21: 20, 1000: 20} {
		f := EarlierOrders(n, loyaltytest.Noon)
		if len(f.Orders) != want || f.Most != posting.MaxOrderNumber {
			t.Errorf("%d orders: %+v", n, f)
			continue
		}
		if want == 0 {
			continue
		}
		if at := f.Orders[0].At; !at.Equal(loyaltytest.Noon.Add(-time.Duration(n) * time.Millisecond)) {
			t.Errorf("of %d orders the first was placed at %s", n, at)
		}
		if !slices.IsSortedFunc(f.Orders, loyalty.PlacedOrder.Compare) ||
			!f.Orders[want-1].At.Before(loyaltytest.Noon) {
			t.Errorf("%d orders: %+v", n, f.Orders)
		}
	}
}
