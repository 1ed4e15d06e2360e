package engine

import (
	"math/big"
	"slices"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// An order counts as one of the member's orders while an item that earns remains of it.
func TestOrderCountsWhileSomethingThatEarnsIsLeft(t *testing.T) {
	shipped := func(o *loyalty.Order) { o.Shipping = 490 }
	for _, c := range []struct {
		name   string
		edit   func(*loyalty.Order)
		want   int64 // by default
		placed int64 // with count: placed
	}{
		{"paid", func(*loyalty.Order) {}, 1, 1},
		{"placed", func(o *loyalty.Order) { o.Status = loyalty.OrderPlaced }, 0, 0},
		{"canceled", func(o *loyalty.Order) { o.Status = loyalty.OrderCanceled }, 0, 0},
		{"of 0.00", func(o *loyalty.Order) { o.Lines[0].Amount = 0 }, 0, 1},
		{"of 0.00 with shipping", func(o *loyalty.Order) {
			o.Lines[0].Amount = 0
			shipped(o)
		}, 0, 1},
		{"of gift cards", func(o *loyalty.Order) { o.Lines[0].Category = "gift-cards" }, 0, 1},
		{
			"paid with a gift card",
			func(o *loyalty.Order) { o.Tenders = []loyalty.Tender{{Kind: loyalty.TenderGiftCard, Amount: 1000}} }, 0,
			1,
		},
		{
			"paid with points",
			func(o *loyalty.Order) { o.Tenders = []loyalty.Tender{{Kind: loyalty.TenderPoints, Amount: 1000}} }, 0, 1,
		},
		{
			"paid with points in part",
			func(o *loyalty.Order) { o.Tenders = []loyalty.Tender{{Kind: loyalty.TenderPoints, Amount: 999}} }, 1, 1,
		},
		{"refunded in part", func(o *loyalty.Order) { o.Refunds = []loyalty.Refund{back("r", 999)} }, 1, 1},
		{"refunded in full", func(o *loyalty.Order) { o.Refunds = []loyalty.Refund{back("r", 1000)} }, 0, 1},
		{"refunded but for shipping", func(o *loyalty.Order) {
			shipped(o)
			o.Refunds = []loyalty.Refund{back("r", 1000)}
		}, 0, 1},
		{"refunded by line", func(o *loyalty.Order) {
			o.Refunds = []loyalty.Refund{back("r", 1000, loyalty.RefundLine{ID: "1", Quantity: 1, Amount: 1000})}
		}, 0, 1},
		{"with a pending refund", func(o *loyalty.Order) {
			o.Refunds = []loyalty.Refund{{ID: "r", At: noon, Status: loyalty.RefundPending, Amount: 1000}}
		}, 1, 1},
		{"in an open dispute", func(o *loyalty.Order) {
			o.Disputes = []loyalty.Dispute{{ID: "d", At: noon, Status: loyalty.DisputeOpen, Amount: 1000}}
		}, 0, 1},
		{"in a dispute that was won", func(o *loyalty.Order) {
			o.Disputes = []loyalty.Dispute{{ID: "d", At: noon, Status: loyalty.DisputeWon, Amount: 1000}}
		}, 1, 1},
	} {
		for placed, want := range map[bool]int64{false: c.want, true: c.placed} {
			p := made(t, func(p *loyalty.Program) {
				p.Earn.CountPlaced = placed
				p.Earn.Categories = []loyalty.CategoryRule{{ID: "none", Category: "gift-cards", Multiply: new(big.Rat)}}
			})
			s := newShop(t, p)
			o := bought("EUR", loyalty.Line{ID: "1", Quantity: 1, Amount: 1000})
			plain := o
			plain.Lines = slices.Clone(o.Lines)
			c.edit(&o)
			// The count is the same if the order is reported in this state at once or later, and it increases again
			// when the order is restored.
			for _, state := range []loyalty.Order{o, o} {
				s.send(t, state)
				if got := posting.OrderCount(s.acc); got != want {
					t.Errorf("%s, count placed %t: %d orders, want %d", c.name, placed, got, want)
				}
			}
			s = newShop(t, p)
			s.send(t, plain)
			s.send(t, o)
			if got := posting.OrderCount(s.acc); got != want {
				t.Errorf("%s later, count placed %t: %d orders, want %d", c.name, placed, got, want)
			}
			if s.send(t, plain); posting.OrderCount(s.acc) != 1 {
				t.Errorf("%s and restored, count placed %t: %d orders", c.name, placed, posting.OrderCount(s.acc))
			}
		}
	}
}
