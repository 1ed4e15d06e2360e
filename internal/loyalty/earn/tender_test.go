package earn

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
)

// A rule for one tender follows the refunds to it.
func TestRefundToATenderCountsForRulesOfIt(t *testing.T) {
	for name, c := range map[string]struct {
		tender string
		want   exact.Number
	}{
		"no tender":     {"", exact.Fraction(2, 3)},
		"the card":      {"house-card", exact.Fraction(1, 2)},
		"the other":     {"cash", exact.Fraction(1, 1)},
		"the gift card": {"gift_card", exact.Fraction(2, 3)},
	} {
		o := loyalty.Order{
			Lines: []loyalty.Line{{ID: "1", Quantity: 1, Amount: 90}},
			Tenders: []loyalty.Tender{
				{Kind: loyalty.TenderCard, Name: "house-card", Amount: 40},
				{Kind: loyalty.TenderCash, Amount: 20},
				{Kind: loyalty.TenderGiftCard, Amount: 30},
			},
			Refunds: []loyalty.Refund{{ID: "r1", Status: loyalty.RefundSucceeded, Amount: 20, Tender: c.tender}},
		}
		v := goods{order: &o, tenders: receipt.TenderRefundsOf(&o)}
		if got := v.paidBy([]string{"house-card"}); got.Sub(c.want).Sign() != 0 {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// A refund to two cards went back to each in proportion to its amount, whatever the order of refunds.
func TestRefundToSeveralTendersIsShared(t *testing.T) {
	o := loyalty.Order{
		Lines: []loyalty.Line{{ID: "1", Quantity: 1, Amount: 90}},
		Tenders: []loyalty.Tender{
			{Kind: loyalty.TenderCard, Name: "a", Amount: 60}, {Kind: loyalty.TenderCard, Name: "b", Amount: 30},
		},
		Refunds: []loyalty.Refund{
			{ID: "r1", Status: loyalty.RefundSucceeded, Amount: 30, Tender: "card"},
			{ID: "r2", Status: loyalty.RefundPending, Amount: 60, Tender: "a"},
		},
	}
	back := receipt.TenderRefundsOf(&o)
	if back.Each[0].Sub(exact.Whole(20)).Sign() != 0 || back.Each[1].Sub(exact.Whole(10)).Sign() != 0 ||
		back.Sum.Sub(exact.Whole(30)).Sign() != 0 {
		t.Errorf("%v", back)
	}
	if err := receipt.CheckRefundTenders(&o); err != nil {
		t.Error(err)
	}
	o.Refunds[1].Status = loyalty.RefundSucceeded // with its part of the other one it is more than the card paid
	if err := receipt.CheckRefundTenders(&o); err == nil {
		t.Error("80 of 60 were refunded")
	}
}
