package award

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
)

// An order for which the merchant sent no tenders gets those that its payments report. Refunds reduce what their tender
// paid, and no more than that.
func TestReportedTenders(t *testing.T) {
	p := loyalty.Program{Spending: loyalty.Spending{Payments: loyalty.PaymentTerms{Award: loyalty.AwardPayments}}}
	order := func(reported []loyalty.Tender, facts ...loyalty.Fact) loyalty.Order {
		o := loyalty.Order{
			ID: "1", Currency: "EUR", Status: loyalty.OrderPaid,
			Lines: []loyalty.Line{{ID: "a", Quantity: 1, Amount: 50}}, Tenders: reported,
			Receipts: []loyalty.Receipt{receipt.WithFacts(loyalty.Receipt{ID: "x"}, facts)},
		}
		return receipt.Paid(
			&p.Earn, &p.Payments, receipt.Paid(&p.Earn, &p.Payments, o),
		) // applied again, it changes nothing
	}
	refund := func(amount, cards int64, tendered bool) loyalty.Fact {
		return loyaltytest.FactOf(
			loyalty.FactRefund, "9", amount, func(f *loyalty.Fact) { f.Tendered, f.GiftCard = tendered, cards },
		)
	}
	capture, gift, card := loyaltytest.FactOf(
		loyalty.FactCapture, "1", 50, loyaltytest.Mixed,
	), loyaltytest.FactOf(loyalty.FactGiftCard, "2", 20, nil), loyaltytest.FactOf(loyalty.FactTender, "3", 30, nil)
	tenders := []loyalty.Tender{{Kind: loyalty.TenderGiftCard, Amount: 20}, {Kind: loyalty.TenderCard, Amount: 30}}
	reported := []loyalty.Tender{
		{Kind: loyalty.TenderGiftCard, Amount: 20, Reported: true},
		{Kind: loyalty.TenderOther, Amount: 30, Reported: true},
	}
	for name, c := range map[string]struct {
		o            loyalty.Order
		tenders      []loyalty.Tender
		unearning    int64
		all, earning int64 // what remains of the money
	}{
		"a card": {order(nil, loyaltytest.FactOf(loyalty.FactCapture, "1", 50, nil), card), nil, 0, 50, 50},
		"not known yet": {
			order(nil, capture),
			[]loyalty.Tender{{Kind: loyalty.TenderGiftCard, Amount: 50, Reported: true}},
			50, 50,
			0,
		},
		"known": {order(nil, capture, gift, card), reported, 20, 50, 30},
		"told":  {order(tenders, capture), tenders, 20, 50, 30},
		"reported, and more is reported": {
			order(tenders, capture, loyaltytest.FactOf(loyalty.FactGiftCard, "2", 30, nil)), tenders, 30, 50, 20,
		},
		"refunded to the gift card":   {order(nil, capture, gift, card, refund(20, 20, true)), reported, 20, 30, 30},
		"refunded to the card":        {order(nil, capture, gift, card, refund(20, 0, true)), reported, 20, 30, 10},
		"refunded to both":            {order(nil, capture, gift, card, refund(20, 5, true)), reported, 20, 30, 15},
		"refunded to no known tender": {order(nil, capture, gift, card, refund(20, 0, false)), reported, 20, 50, 30},
		"more to the gift card":       {order(nil, capture, gift, card, refund(25, 25, true)), reported, 20, 30, 30},
		"more to the card":            {order(nil, capture, gift, card, refund(35, 0, true)), reported, 20, 20, 0},
		"reported, refunded":          {order(tenders, capture, refund(20, 20, true)), tenders, 20, 30, 30},
		"a card alone, refunded": {
			order(nil, loyaltytest.FactOf(loyalty.FactCapture, "1", 50, nil), refund(20, 20, true)), nil, 0, 50, 50,
		},
	} {
		if diff := cmp.Diff(c.tenders, c.o.Tenders); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		all, earning := receipt.RemainingMoney(&c.o, receipt.TenderRefundsOf(&c.o))
		if all.Sub(exact.Whole(c.all)).Sign() != 0 || earning.Sub(exact.Whole(c.earning)).Sign() != 0 ||
			receipt.Unearning(c.o) != c.unearning {
			t.Errorf(
				"%s: %s remain, %s of it earn, %d do not; want %d, %d, %d", name, all, earning, receipt.Unearning(c.o),
				c.all, c.earning, c.unearning,
			)
		}
		if err := checkOrder(c.o); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if c.o.Status != loyalty.OrderPaid {
			t.Errorf("%s: %s", name, c.o.Status)
		}
	}
}
