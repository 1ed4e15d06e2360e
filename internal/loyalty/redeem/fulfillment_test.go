package redeem

import (
	"errors"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
)

func TestFulfillmentMovesOnlyForward(t *testing.T) {
	can := map[FulfillmentStatus]string{
		"": "", Ordered: "ordered shipped delivered canceled", Shipped: "shipped delivered",
		Delivered: "delivered", FulfillmentCanceled: "canceled",
	}
	for from, want := range can {
		got := ""
		for _, to := range []FulfillmentStatus{
			Ordered, Shipped, Delivered, FulfillmentCanceled,
		} {
			f := Fulfillment{Status: from}
			next, err := f.Move(to, "1Z", loyaltytest.Noon)
			if err != nil {
				if !errors.Is(err, loyalty.InvalidFulfillmentTransition) || next.Tracking != "" {
					t.Errorf("%s to %s: %+v, %v", from, to, next, err)
				}
				continue
			}
			if got != "" {
				got += " "
			}
			got += string(next.Status)
			if steps := map[bool]int{true: 0, false: 1}[from == to]; len(next.Steps) != steps ||
				next.Tracking != "1Z" || len(f.Steps) != 0 {
				t.Errorf("%s to %s: %+v", from, to, next)
			}
		}
		if got != want {
			t.Errorf("%q can become %q, not %q", from, got, want)
		}
	}
}

func TestAnAddressIsForWhatIsSent(t *testing.T) {
	for _, c := range []struct {
		r           loyalty.Reward
		given, fine bool
	}{
		{loyalty.Reward{}, false, true},
		{loyalty.Reward{}, true, false},
		{loyalty.Reward{Manual: true}, false, true},
		{loyalty.Reward{Manual: true}, true, true},
		{loyalty.Reward{Manual: true, Address: true}, false, false},
		{loyalty.Reward{Manual: true, Address: true}, true, true},
	} {
		if err := CheckAddress(&c.r, c.given); (err == nil) != c.fine {
			t.Errorf("%+v, given %t: %v", c.r, c.given, err)
		}
	}
}
