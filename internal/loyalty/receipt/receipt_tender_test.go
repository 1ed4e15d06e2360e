package receipt

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
)

// Where gift cards paid a part that is not known, what no other tender is reported to have paid earns nothing.
func TestGiftCardsOfAPayment(t *testing.T) {
	failed := func(f *loyalty.Fact) { f.State = loyalty.FactFailed }
	dollars := func(f *loyalty.Fact) { f.Money.Currency = "USD" }
	fact := loyaltytest.FactOf
	captured := func(edit func(*loyalty.Fact)) loyalty.Fact { return fact(loyalty.FactCapture, "1", 50, edit) }
	withGift := func(n int64) loyalty.Fact { return captured(func(f *loyalty.Fact) { f.GiftCard = n }) }
	tender := func(n int64, edit func(*loyalty.Fact)) loyalty.Fact { return fact(loyalty.FactTender, "3", n, edit) }
	plain, mixed, giftCard := captured(nil), captured(loyaltytest.Mixed), fact(loyalty.FactGiftCard, "2", 20, nil)
	for name, c := range map[string]struct {
		facts        []loyalty.Fact
		sum, unknown int64
		forOrder     int // how many of the facts the order needs
	}{
		"nothing":                       {nil, 0, 0, 0},
		"a card":                        {[]loyalty.Fact{plain, fact(loyalty.FactTender, "2", 50, nil)}, 0, 0, 1},
		"gift cards alone":              {[]loyalty.Fact{withGift(50)}, 50, 0, 1},
		"more than was captured":        {[]loyalty.Fact{withGift(60)}, 50, 0, 1},
		"a gift card of its own":        {[]loyalty.Fact{plain, giftCard}, 20, 0, 2},
		"the same, stated twice":        {[]loyalty.Fact{withGift(20), giftCard}, 20, 0, 2},
		"a mixed payment":               {[]loyalty.Fact{mixed}, 0, 50, 1},
		"with its gift card":            {[]loyalty.Fact{mixed, giftCard}, 20, 30, 2},
		"with its card":                 {[]loyalty.Fact{mixed, tender(30, nil)}, 0, 20, 2},
		"with both":                     {[]loyalty.Fact{mixed, giftCard, tender(30, nil)}, 20, 0, 3},
		"with more than was due":        {[]loyalty.Fact{mixed, giftCard, tender(90, nil)}, 20, 0, 3},
		"with a card that was declined": {[]loyalty.Fact{mixed, tender(30, failed)}, 0, 50, 2},
		"with a card in dollars":        {[]loyalty.Fact{mixed, tender(30, dollars)}, 0, 50, 2},
		"with a refund":                 {[]loyalty.Fact{mixed, fact(loyalty.FactRefund, "3", 30, nil)}, 0, 50, 2},
		"of two captures": {
			[]loyalty.Fact{mixed, fact(loyalty.FactCapture, "2", 10, nil), tender(10, nil)}, 0, 50, 3,
		},
	} {
		x := WithFacts(loyalty.Receipt{}, c.facts)
		if sum, unknown := giftCards(x, "EUR"); sum != c.sum || unknown != c.unknown {
			t.Errorf("%s: %d and %d unknown, want %d and %d", name, sum, unknown, c.sum, c.unknown)
		}
		if got := ForOrder(x); len(got.Facts) != c.forOrder || len(x.Facts) != len(c.facts) {
			t.Errorf("%s: the order needs %d facts, want %d", name, len(got.Facts), c.forOrder)
		}
	}
	tendered := captured(func(f *loyalty.Fact) { f.Tendered = true })
	for _, f := range []loyalty.Fact{mixed, tendered} {
		if compareAge(plain, f) != -1 || compareAge(f, plain) != 1 || compareAge(f, f) != 0 {
			t.Errorf("%+v has no order", f)
		}
	}
}

// Tenders follow what is reported, and refunds to them never exceed what they paid.
func TestReportedTendersChange(t *testing.T) {
	p := loyalty.Program{Spending: loyalty.Spending{Payments: loyalty.PaymentTerms{Award: loyalty.AwardPayments}}}
	capture, gift, card := loyaltytest.FactOf(
		loyalty.FactCapture, "1", 50, loyaltytest.Mixed,
	), loyaltytest.FactOf(loyalty.FactGiftCard, "2", 20, nil), loyaltytest.FactOf(loyalty.FactTender, "3", 30, nil)
	o := Paid(&p.Earn, &p.Payments, loyalty.Order{
		ID: "1", Currency: "EUR", Status: loyalty.OrderPaid, Lines: []loyalty.Line{{ID: "a", Quantity: 1, Amount: 50}},
		Receipts: []loyalty.Receipt{WithFacts(loyalty.Receipt{ID: "x"}, []loyalty.Fact{capture})},
	})
	o.Receipts = []loyalty.Receipt{WithFacts(loyalty.Receipt{ID: "x"}, []loyalty.Fact{capture, gift, card})}
	if o = Paid(&p.Earn, &p.Payments, o); len(o.Tenders) != 2 || Unearning(o) != 20 {
		t.Errorf("%+v, %d earn nothing", o.Tenders, Unearning(o))
	}
	o.Receipts = []loyalty.Receipt{
		WithFacts(
			loyalty.Receipt{ID: "x"},
			[]loyalty.Fact{loyaltytest.FactOf(loyalty.FactCapture, "1", 40, loyaltytest.Mixed), gift, card},
		),
	}
	if o = Paid(&p.Earn, &p.Payments, o); o.Status != loyalty.OrderPlaced {
		t.Errorf("%s, though 0.40 came of 0.50, gift cards included", o.Status)
	}
	for _, kind := range []loyalty.TenderKind{loyalty.TenderGiftCard, loyalty.TenderStoreCredit} {
		o.Tenders = []loyalty.Tender{{Kind: kind, Amount: 20}, {Kind: loyalty.TenderCash, Amount: 30}}
		for _, c := range []struct {
			refunds            []loyalty.Refund
			cards, others, sum int64
		}{
			{
				[]loyalty.Refund{
					{Amount: 15, Tendered: true, ToGiftCards: 15}, {Amount: 15, Tendered: true, ToGiftCards: 15},
				},
				20, 0, 20,
			},
			{[]loyalty.Refund{{Amount: 20, Tendered: true}, {Amount: 20, Tendered: true}}, 0, 30, 30},
			{
				[]loyalty.Refund{{Amount: 15, Tender: string(kind)}, {Amount: 25, Tendered: true, ToGiftCards: 10}},
				20, 15, 35,
			},
			{[]loyalty.Refund{{Amount: 25, Tender: "cash"}, {Amount: 15, Tendered: true, ToGiftCards: 5}}, 5, 30, 35},
		} {
			o.Refunds = c.refunds
			for i := range o.Refunds {
				o.Refunds[i].Status = loyalty.RefundSucceeded
			}
			got := TenderRefundsOf(&o)
			if got.Each[0].Sub(exact.Whole(c.cards)).Sign() != 0 ||
				got.Each[1].Sub(exact.Whole(c.others)).Sign() != 0 || got.Sum.Sub(exact.Whole(c.sum)).Sign() != 0 ||
				got.Unearning.Sub(exact.Whole(c.cards)).Sign() != 0 {
				t.Errorf("%s, %+v: %v", kind, c.refunds, got)
			}
		}
	}
}

// A capture that states neither shipping nor tax has those that another object states, in proportion.
func TestPartsOfACapture(t *testing.T) {
	parts := func(id string, amount, shipping, tax, shippingTax int64) loyalty.Fact {
		return loyaltytest.FactOf(
			loyalty.FactParts, id, amount,
			func(f *loyalty.Fact) { f.Shipping, f.Tax, f.ShippingTax = shipping, tax, shippingTax },
		)
	}
	for name, c := range map[string]struct {
		capture                    loyalty.Fact
		parts                      []loyalty.Fact
		shipping, tax, shippingTax int64
	}{
		"nothing stated": {loyaltytest.FactOf(loyalty.FactCapture, "1", 100, nil), nil, 0, 0, 0},
		"stated": {
			loyaltytest.FactOf(loyalty.FactCapture, "1", 100, nil),
			[]loyalty.Fact{parts("2", 100, 10, 20, 3)},
			10, 20,
			3,
		},
		"shipping of its own": {
			loyaltytest.FactOf(loyalty.FactCapture, "1", 100, func(f *loyalty.Fact) { f.Shipping = 1 }),
			[]loyalty.Fact{parts("2", 100, 10, 20, 3)},
			1, 0, 0,
		},
		"tax of its own": {
			loyaltytest.FactOf(loyalty.FactCapture, "1", 100, func(f *loyalty.Fact) { f.Tax = 1 }),
			[]loyalty.Fact{parts("2", 100, 10, 20, 3)},
			0, 1, 0,
		},
		"a half captured": {
			loyaltytest.FactOf(loyalty.FactCapture, "1", 50, nil), []loyalty.Fact{parts("2", 100, 10, 21, 3)}, 5, 10, 1,
		},
		"more captured": {
			loyaltytest.FactOf(loyalty.FactCapture, "1", 200, nil),
			[]loyalty.Fact{parts("2", 100, 10, 20, 3)},
			10, 20,
			3,
		},
		"a tip": {
			loyaltytest.FactOf(loyalty.FactCapture, "1", 60, func(f *loyalty.Fact) { f.Tip = 10 }),
			[]loyalty.Fact{parts("2", 100, 10, 20, 4)},
			5, 10, 2,
		},
		"two objects": {
			loyaltytest.FactOf(loyalty.FactCapture, "1", 100, nil),
			[]loyalty.Fact{parts("2", 100, 5, 5, 0), parts("3", 100, 10, 20, 3), parts("4", 100, 9, 20, 0)},
			10, 20, 3,
		},
		"more of it shipping": {
			loyaltytest.FactOf(loyalty.FactCapture, "1", 100, nil),
			[]loyalty.Fact{parts("2", 100, 9, 20, 0), parts("3", 100, 30, 10, 3)},
			30, 10, 3,
		},
		"two that are equal": {
			loyaltytest.FactOf(loyalty.FactCapture, "1", 100, nil),
			[]loyalty.Fact{parts("2", 100, 10, 20, 0), parts("3", 100, 20, 10, 3)},
			10, 20, 0,
		},
		"a refund": {
			loyaltytest.FactOf(loyalty.FactCapture, "1", 100, nil),
			[]loyalty.Fact{loyaltytest.FactOf(loyalty.FactRefund, "2", 100, func(f *loyalty.Fact) { f.Tax = 20 })},
			0, 0, 0,
		},
		"in dollars": {loyaltytest.FactOf(
			loyalty.FactCapture, "1", 100, nil,
		), []loyalty.Fact{loyaltytest.FactOf(loyalty.FactParts,
			"2",
			100, func(f *loyalty.Fact) {
				f.Money.Currency, f.Tax = "USD", 20
			})}, 0, 0, 0},
	} {
		got := withParts(WithFacts(loyalty.Receipt{}, append(c.parts, c.capture)), c.capture)
		if got.Shipping != c.shipping || got.Tax != c.tax || got.ShippingTax != c.shippingTax {
			t.Errorf(
				"%s: %d, %d, %d; want %d, %d, %d", name, got.Shipping, got.Tax, got.ShippingTax, c.shipping, c.tax,
				c.shippingTax,
			)
		}
	}
}

// Facts state the tender of a refund only together.
func TestTenderOfARefund(t *testing.T) {
	f := func(amount, cards int64, tendered bool) loyalty.Fact {
		return loyaltytest.FactOf(
			loyalty.FactRefund, "9", amount, func(f *loyalty.Fact) { f.Tendered, f.GiftCard = tendered, cards },
		)
	}
	for _, c := range []struct {
		facts []loyalty.Fact
		want  loyalty.Refund
	}{
		{[]loyalty.Fact{f(20, 5, true), f(10, 10, true)}, loyalty.Refund{Amount: 30, Tendered: true, ToGiftCards: 15}},
		{[]loyalty.Fact{f(30, 0, true)}, loyalty.Refund{Amount: 30, Tendered: true}},
		{[]loyalty.Fact{f(20, 5, true), f(10, 0, false)}, loyalty.Refund{Amount: 30}},
		{[]loyalty.Fact{f(20, 5, true)}, loyalty.Refund{Amount: 30}},
		{nil, loyalty.Refund{Amount: 30}},
	} {
		if diff := cmp.Diff(c.want, withTenders(loyalty.Refund{Amount: 30}, c.facts)); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", c.facts, diff)
		}
	}
}
