package earn

import (
	"fmt"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
	"pgregory.net/rapid"
)

// The parts of all refunds and disputes add up to what went back, whatever they state, and all of it takes everything.
func TestPartsOfRefundsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amount := rapid.Int64Range(0, 10_000)
		o := loyaltytest.Paid(
			"EUR", loyalty.Line{Amount: amount.Draw(t, "first")}, loyalty.Line{Amount: amount.Draw(t, "second")},
		)
		o.Shipping, o.Tax = amount.Draw(t, "shipping"), amount.Draw(t, "tax")
		back := int64(0)
		for i := range rapid.IntRange(0, 5).Draw(t, "refunds") {
			r := loyalty.Refund{ID: fmt.Sprint(i), Status: loyalty.RefundSucceeded}
			s := receipt.StatedRefunds(o)
			if rapid.Bool().Draw(t, "by line") {
				r.Lines = []loyalty.RefundLine{
					{ID: "1", Amount: rapid.Int64Range(0, o.Lines[0].Amount-s.Lines["1"]).Draw(t, "line")},
				}
				r.Amount += r.Lines[0].Amount
			}
			if rapid.Bool().Draw(t, "with tax") {
				r.Tax = rapid.Int64Range(0, o.Tax-s.Tax).Draw(t, "refunded tax")
				r.Amount += r.Tax
			}
			if back+r.Amount > receipt.OrderTotal(o) {
				continue
			}
			r.Amount += rapid.Int64Range(0, receipt.OrderTotal(o)-back-r.Amount).Draw(t, "rest")
			back, o.Refunds = back+r.Amount, append(o.Refunds, r)
		}
		r := RefundedAmounts(o)
		goods := r.Goods.Add(exact.Whole(receipt.StatedRefunds(o).ByLine()))
		sum := goods.Add(r.Sum())
		if sum.Sub(exact.Whole(back)).Sign() > 0 {
			t.Fatalf("%d went back, by parts %v", back, sum)
		}
		if back == receipt.OrderTotal(o) && goods.Sub(exact.Whole(receipt.ItemTotal(o))).Sign() != 0 {
			t.Fatalf("everything went back, and of %d of goods %v", receipt.ItemTotal(o), goods)
		}
	})
}
