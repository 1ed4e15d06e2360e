package redeem

import (
	"errors"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
)

func TestRejectedFulfillmentNamesAllowedStatuses(t *testing.T) {
	for from, want := range map[FulfillmentStatus]string{
		Ordered:   "",
		Shipped:   "The fulfillment is shipped; it can change to delivered.",
		Delivered: "The fulfillment is delivered; it can change to no other status.",
	} {
		_, err := Fulfillment{Status: from}.Move(Ordered, "", loyaltytest.Noon)
		var rejected *loyalty.Error
		if got := errors.As(err, &rejected); got != (want != "") || got && rejected.Detail != want {
			t.Errorf("%s: %v", from, err)
		}
	}
}
