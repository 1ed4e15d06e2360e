package receipt

import (
	"reflect"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
)

// Two payments of an order refund goods of no line item of the order. The second refunds only the goods that remain
// after the first.
func TestSecondPaymentRefundsTheGoodsThatRemain(t *testing.T) {
	o := loyaltytest.Paid("EUR", loyalty.Line{Amount: 800})
	o.Shipping = 200
	payment := func(id string, amount int64) loyalty.Receipt {
		unknown := []loyalty.FactLine{{ID: "9", Quantity: 1, Amount: amount}}
		refund := loyaltytest.BackFact("r", amount, func(f *loyalty.Fact) { f.Lines = unknown })
		return WithFacts(loyalty.Receipt{ID: id}, append(loyaltytest.Captured(id, 500).Facts, refund))
	}
	o.Receipts = []loyalty.Receipt{payment("p", 500), payment("q", 400)}
	at := loyaltytest.Noon.Add(time.Hour)
	want := []loyalty.Refund{
		{ID: "/p/", At: at, Status: loyalty.RefundSucceeded, Amount: 500, Goods: 500},
		{ID: "/q/", At: at, Status: loyalty.RefundSucceeded, Amount: 400, Goods: 300},
	}
	if addReportedRefunds(&o, false); !reflect.DeepEqual(o.Refunds, want) {
		t.Errorf("the refunds are %+v, want %+v", o.Refunds, want)
	}
}
