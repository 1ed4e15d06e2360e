package receipt

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
)

// No more money goes back by a payment than came by it.
func TestPaymentGivesBackWhatCame(t *testing.T) {
	o := loyaltytest.Paid("EUR", loyalty.Line{Amount: 100_00})
	for i, n := range []int64{30_00, 70_00} {
		id := string(rune('a' + i))
		facts := []loyalty.Fact{
			{
				Kind: loyalty.FactCapture, ID: id, State: loyalty.FactDone,
				Money: loyalty.Money{Amount: n, Currency: "EUR"}, At: loyaltytest.Noon,
			},
			{
				Kind: loyalty.FactRefund, ID: id + "r", State: loyalty.FactDone,
				Money: loyalty.Money{Amount: 50_00, Currency: "EUR"}, At: loyaltytest.Noon,
			},
		}
		o.Receipts = append(o.Receipts, WithFacts(loyalty.Receipt{ID: id}, facts))
	}
	addReportedRefunds(&o, false)
	sum := int64(0)
	for _, r := range o.Refunds {
		sum += r.Amount
	}
	if sum != 80_00 {
		t.Errorf("%d went back, want all of the first payment and 5000 of the second: %+v", sum, o.Refunds)
	}
}
