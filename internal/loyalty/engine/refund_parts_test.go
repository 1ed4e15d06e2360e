package engine

import (
	"reflect"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
)

// A payment's refund that states only a tip is a refund of the tip. It takes nothing from the goods.
func TestRefundOfATipTakesNoGoods(t *testing.T) {
	o := paid("EUR", loyalty.Line{Amount: 800})
	o.Tax = 100 // taxes and tips
	tip := backFact("r", 100, func(f *loyalty.Fact) { f.Tip = 100 })
	o.Receipts = []loyalty.Receipt{
		receipt.WithFacts(loyalty.Receipt{ID: "p"}, append(captured("p", 900).Facts, tip)),
	}
	want := []loyalty.Refund{
		{ID: "/p/", At: noon.Add(time.Hour), Status: loyalty.RefundSucceeded, Amount: 100, Tax: 100},
	}
	if got := receipt.Paid(
		&made(t, func(*loyalty.Program) {}).Earn, &made(t, func(*loyalty.Program) {}).Payments, o,
	).Refunds; !reflect.DeepEqual(got, want) {
		t.Errorf("the refunds are %+v, want %+v", got, want)
	}
}
