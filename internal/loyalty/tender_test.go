package loyalty

import "testing"

// A rule for one tender follows the refunds to it.
func TestRefundToATenderCountsForRulesOfIt(t *testing.T) {
	for name, c := range map[string]struct {
		tender string
		want   exact
	}{
		"no tender":     {"", share(2, 3)},
		"the card":      {"house-card", share(1, 2)},
		"the other":     {"cash", share(1, 1)},
		"the gift card": {"gift_card", share(2, 3)},
	} {
		o := Order{
			Lines: []Line{{ID: "1", Quantity: 1, Amount: 90}},
			Tenders: []Tender{
				{Kind: TenderCard, Name: "house-card", Amount: 40}, {Kind: TenderCash, Amount: 20}, {Kind: TenderGiftCard, Amount: 30},
			},
			Refunds: []Refund{{ID: "r1", Status: RefundSucceeded, Amount: 20, Tender: c.tender}},
		}
		v := valuation{o: &o, tenders: o.tenderRefunds()}
		if got := v.paidBy([]string{"house-card"}); got.sub(c.want).sign() != 0 {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// A refund to two cards went back to each in proportion to its amount, whatever the order of refunds.
func TestRefundToSeveralTendersIsShared(t *testing.T) {
	o := Order{
		Lines:   []Line{{ID: "1", Quantity: 1, Amount: 90}},
		Tenders: []Tender{{Kind: TenderCard, Name: "a", Amount: 60}, {Kind: TenderCard, Name: "b", Amount: 30}},
		Refunds: []Refund{
			{ID: "r1", Status: RefundSucceeded, Amount: 30, Tender: "card"}, {ID: "r2", Status: RefundPending, Amount: 60, Tender: "a"},
		},
	}
	back := o.tenderRefunds()
	if back.each[0].sub(whole(20)).sign() != 0 || back.each[1].sub(whole(10)).sign() != 0 || back.sum.sub(whole(30)).sign() != 0 {
		t.Errorf("%v", back)
	}
	if err := o.checkRefundTenders(); err != nil {
		t.Error(err)
	}
	o.Refunds[1].Status = RefundSucceeded // with its part of the other one it is more than the card paid
	if err := o.checkRefundTenders(); err == nil {
		t.Error("80 of 60 were refunded")
	}
}
