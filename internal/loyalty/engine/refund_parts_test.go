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
	if got := receipt.Paid(made(t, func(*loyalty.Program) {}), o).Refunds; !reflect.DeepEqual(got, want) {
		t.Errorf("the refunds are %+v, want %+v", got, want)
	}
}

// Two payments of an order refund goods of no line item of the order. The second refunds only the goods that remain
// after the first.
func TestSecondPaymentRefundsTheGoodsThatRemain(t *testing.T) {
	o := paid("EUR", loyalty.Line{Amount: 800})
	o.Shipping = 200
	payment := func(id string, amount int64) loyalty.Receipt {
		unknown := []loyalty.FactLine{{ID: "9", Quantity: 1, Amount: amount}}
		refund := backFact("r", amount, func(f *loyalty.Fact) { f.Lines = unknown })
		return receipt.WithFacts(loyalty.Receipt{ID: id}, append(captured(id, 500).Facts, refund))
	}
	o.Receipts = []loyalty.Receipt{payment("p", 500), payment("q", 400)}
	at := noon.Add(time.Hour)
	want := []loyalty.Refund{
		{ID: "/p/", At: at, Status: loyalty.RefundSucceeded, Amount: 500, Goods: 500},
		{ID: "/q/", At: at, Status: loyalty.RefundSucceeded, Amount: 400, Goods: 300},
	}
	if receipt.AddReportedRefunds(&o, false); !reflect.DeepEqual(o.Refunds, want) {
		t.Errorf("the refunds are %+v, want %+v", o.Refunds, want)
	}
}
