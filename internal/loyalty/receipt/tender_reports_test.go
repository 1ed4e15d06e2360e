package receipt

import (
	"reflect"
	"slices"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
)

func TestGiftCardsThatPaidAnUnknownAmount(t *testing.T) {
	mixed := loyaltytest.Captured("p", 1000, func(f *loyalty.Fact) { f.Mixed = true }).Facts[0]
	usd := mixed
	usd.ID, usd.Money = "u", loyalty.Money{Amount: 700, Currency: "USD"}
	tender := func(kind loyalty.FactKind, id string, cents int64) loyalty.Fact {
		return loyalty.Fact{Kind: kind, ID: id, State: loyalty.FactDone, Money: loyaltytest.Eur(cents)}
	}
	for _, c := range []struct {
		name             string
		facts            []loyalty.Fact
		reported, unsure int64
	}{
		{"nothing is known", []loyalty.Fact{mixed}, 0, 1000},
		{
			"a part is",
			[]loyalty.Fact{mixed, tender(loyalty.FactTender, "c", 400), tender(loyalty.FactGiftCard, "g", 100)},
			100,
			500,
		},
		{
			"all is",
			[]loyalty.Fact{
				mixed, tender(loyalty.FactTender, "c", 400), tender(loyalty.FactTender, "d", 450),
				tender(loyalty.FactGiftCard, "g", 150),
			},
			150, 0,
		},
		{
			"more than all is",
			[]loyalty.Fact{mixed, tender(loyalty.FactTender, "c", 900), tender(loyalty.FactGiftCard, "g", 150)},
			150,
			0,
		},
		{
			"a second capture of a known kind",
			[]loyalty.Fact{
				mixed, {Kind: loyalty.FactCapture, ID: "z", State: loyalty.FactDone, Money: loyaltytest.Eur(50)},
			},
			0,
			1050,
		},
		{
			"other tenders without gift cards",
			[]loyalty.Fact{loyaltytest.Captured("p", 1000).Facts[0], tender(loyalty.FactTender, "c", 400)},
			0, 0,
		},
		{"in another currency", []loyalty.Fact{usd}, 0, 0},
	} {
		x := WithFacts(loyalty.Receipt{ID: "p"}, c.facts)
		if reported, unsure := giftCards(x, "EUR"); reported != c.reported || unsure != c.unsure {
			t.Errorf("%s: %d and perhaps %d, want %d and %d", c.name, reported, unsure, c.reported, c.unsure)
		}
		o := loyaltytest.Paid("EUR", loyalty.Line{Amount: 1000})
		o.Receipts = []loyalty.Receipt{x}
		reportTenders(&o)
		var want []loyalty.Tender
		if cards := min(1000, c.reported+c.unsure); cards > 0 {
			want = []loyalty.Tender{{Kind: loyalty.TenderGiftCard, Amount: cards, Reported: true}}
			if cards < 1000 {
				want = append(want, loyalty.Tender{Kind: loyalty.TenderOther, Amount: 1000 - cards, Reported: true})
			}
		}
		if !reflect.DeepEqual(o.Tenders, want) {
			t.Errorf("%s: %+v, want %+v", c.name, o.Tenders, want)
		}
		if got, want := Unearning(o), min(1000, c.reported+c.unsure); got != want {
			t.Errorf("%s: %d earn nothing, want %d", c.name, got, want)
		}
		reportTenders(&o)
		if !reflect.DeepEqual(o.Tenders, want) {
			t.Errorf("%s: applied again %+v", c.name, o.Tenders)
		}
		o.Tenders = []loyalty.Tender{{Kind: loyalty.TenderCard, Amount: 1000}}
		if reportTenders(&o); len(o.Tenders) != 1 || o.Tenders[0].Kind != loyalty.TenderCard ||
			Unearning(o) != c.reported {
			t.Errorf("%s: the merchant's tenders become %+v", c.name, o.Tenders)
		}
		forOrder := ForOrder(x)
		for _, f := range c.facts {
			included := slices.ContainsFunc(forOrder.Facts, func(g loyalty.Fact) bool { return equalFacts(f, g) })
			if keeps := f.Kind != loyalty.FactTender || x.Facts[0].Mixed; included != keeps {
				t.Errorf("%s: the order has %+v: %t", c.name, f, included)
			}
		}
	}
}

func TestPartsOfAPaymentThatAnotherObjectStates(t *testing.T) {
	parts := func(id string, of, shipping, tax, shippingTax int64) loyalty.Fact {
		return loyalty.Fact{
			Kind:        loyalty.FactParts,
			ID:          id,
			State:       loyalty.FactDone,
			Money:       loyaltytest.Eur(of),
			Shipping:    shipping,
			Tax:         tax,
			ShippingTax: shippingTax,
		}
	}
	usd := parts("u", 1000, 500, 500, 0)
	usd.Money.Currency = "USD"
	for _, c := range []struct {
		name                       string
		capture                    func(*loyalty.Fact)
		facts                      []loyalty.Fact
		shipping, tax, shippingTax int64
	}{
		{"none", nil, nil, 0, 0, 0},
		{"of the whole amount", nil, []loyalty.Fact{parts("a", 1000, 100, 160, 16)}, 100, 160, 16},
		{"of a part of it", nil, []loyalty.Fact{parts("a", 500, 100, 160, 16)}, 100, 160, 16},
		{"of more than it, rounded down", nil, []loyalty.Fact{parts("a", 1500, 100, 160, 16)}, 66, 106, 10},
		{
			"without the tip", func(f *loyalty.Fact) { f.Tip = 100 },
			[]loyalty.Fact{parts("a", 1000, 100, 160, 16)},
			90, 144, 14,
		},
		{
			"the object that states the most", nil,
			[]loyalty.Fact{parts("a", 1000, 10, 20, 0), parts("b", 1000, 20, 11, 0), parts("c", 1000, 15, 15, 0)},
			20,
			11, 0,
		},
		{
			"the first of two that state as much", nil,
			[]loyalty.Fact{parts("a", 1000, 10, 20, 0), parts("b", 1000, 20, 10, 0)},
			10, 20, 0,
		},
		{"in another currency", nil, []loyalty.Fact{usd}, 0, 0, 0},
		{
			"if the capture states its shipping", func(f *loyalty.Fact) { f.Shipping = 1 },
			[]loyalty.Fact{parts("a", 1000, 100, 160, 16)},
			1, 0, 0,
		},
		{
			"if the capture states its tax", func(f *loyalty.Fact) { f.Tax = 1 },
			[]loyalty.Fact{parts("a", 1000, 100, 160, 16)},
			0, 1, 0,
		},
		{"of nothing", nil, []loyalty.Fact{parts("a", 0, 100, 160, 16)}, 0, 0, 0},
	} {
		x := loyaltytest.Captured("p", 1000)
		if c.capture != nil {
			c.capture(&x.Facts[0])
		}
		got := withParts(WithFacts(x, c.facts), x.Facts[0])
		if got.Shipping != c.shipping || got.Tax != c.tax || got.ShippingTax != c.shippingTax ||
			got.Money != loyaltytest.Eur(1000) {
			t.Errorf("%s: shipping %d, tax %d, of which %d for shipping; want %d, %d, %d",
				c.name, got.Shipping, got.Tax, got.ShippingTax, c.shipping, c.tax, c.shippingTax)
		}
	}
}

func TestMoneyThatRemainsAfterRefundsToTenders(t *testing.T) {
	card, other, gift, points := loyalty.Tender{
		Kind:   loyalty.TenderCard,
		Amount: 400,
	}, loyalty.Tender{
		Kind:   loyalty.TenderOther,
		Amount: 200,
	}, loyalty.Tender{
		Kind:   loyalty.TenderGiftCard,
		Amount: 300,
	}, loyalty.Tender{
		Kind:   loyalty.TenderPoints,
		Amount: 100,
	}
	to := func(id, tender string, cents int64) loyalty.Refund {
		return loyalty.Refund{ID: id, Status: loyalty.RefundSucceeded, Amount: cents, Tender: tender}
	}
	reported := func(id string, cents, cards int64) loyalty.Refund {
		return loyalty.Refund{
			ID: id, Status: loyalty.RefundSucceeded, Amount: cents, Tendered: true, ToGiftCards: cards,
		}
	}
	for _, c := range []struct {
		name         string
		refunds      []loyalty.Refund
		all, earning int64
	}{
		{"none", nil, 1000, 600},
		{"to no tender", []loyalty.Refund{to("r", "", 100)}, 1000, 600},
		{"to a card", []loyalty.Refund{to("r", "card", 100)}, 900, 500},
		{"to a gift card", []loyalty.Refund{to("r", "gift_card", 100)}, 900, 600},
		{"to points", []loyalty.Refund{to("r", "points", 100)}, 900, 600},
		{
			"that failed",
			[]loyalty.Refund{{ID: "r", Status: loyalty.RefundFailed, Amount: 100, Tender: "card"}},
			1000, 600,
		},
		{"to a tender that paid nothing", []loyalty.Refund{to("r", "cash", 100)}, 1000, 600},
		{"reported", []loyalty.Refund{reported("r", 300, 100)}, 700, 400},
		{"reported of more than the gift cards paid", []loyalty.Refund{reported("r", 350, 350)}, 700, 600},
		{
			"reported of more than the gift cards have left",
			[]loyalty.Refund{to("r", "gift_card", 200), reported("s", 150, 150)},
			700, 600,
		},
		{"reported of more than the others paid", []loyalty.Refund{reported("r", 650, 0)}, 400, 0},
		{
			"reported of more than the others have left",
			[]loyalty.Refund{to("r", "card", 300), to("s", "other", 200), reported("t", 150, 0)},
			400, 0,
		},
	} {
		o := loyaltytest.Paid("EUR", loyalty.Line{Amount: 1000})
		o.Tenders, o.Refunds = []loyalty.Tender{card, other, gift, points}, c.refunds
		all, earning := RemainingMoney(&o, TenderRefundsOf(&o))
		if all.Sub(exact.Whole(c.all)).Sign() != 0 || earning.Sub(exact.Whole(c.earning)).Sign() != 0 {
			t.Errorf("%s: %s remain, and %s earn; want %d and %d", c.name, all, earning, c.all, c.earning)
		}
	}
	o := loyaltytest.Paid("EUR", loyalty.Line{Amount: 1000})
	o.Tenders = []loyalty.Tender{
		{Kind: loyalty.TenderCard, Name: "visa", Amount: 400},
		{Kind: loyalty.TenderGiftCard, Name: "visa", Amount: 300},
	}
	for tender, want := range map[string]loyalty.Code{
		"visa": loyalty.ValidationFailed, "cash": loyalty.ValidationFailed, "card": "", "": "",
	} {
		o.Refunds = []loyalty.Refund{to("r", tender, 1)}
		pointer := ""
		if want != "" {
			pointer = "/refunds/0/tender"
		}
		loyaltytest.WantRefusal(t, "to "+tender, CheckRefundTenders(&o), want, pointer)
	}
	for _, cents := range []int64{400, 401} {
		o.Refunds = []loyalty.Refund{to("r", "card", cents)}
		if err := CheckRefundTenders(&o); (err == nil) != (cents == 400) {
			t.Errorf("%d to the card: %v", cents, err)
		}
		o.Refunds = []loyalty.Refund{to("r", "card", 200), to("s", "card", cents-200)}
		if err := CheckRefundTenders(&o); (err == nil) != (cents == 400) {
			t.Errorf("%d to the card in two refunds: %v", cents, err)
		}
	}
}
