package loyalty

import (
	"reflect"
	"slices"
	"testing"
)

func TestGiftCardsThatPaidAnUnknownAmount(t *testing.T) {
	mixed := captured("p", 1000, func(f *Fact) { f.Mixed = true }).Facts[0]
	usd := mixed
	usd.ID, usd.Money = "u", Money{700, "USD"}
	tender := func(kind FactKind, id string, cents int64) Fact {
		return Fact{Kind: kind, ID: id, State: FactDone, Money: eur(cents)}
	}
	for _, c := range []struct {
		name             string
		facts            []Fact
		reported, unsure int64
	}{
		{"nothing is known", []Fact{mixed}, 0, 1000},
		{"a part is", []Fact{mixed, tender(FactTender, "c", 400), tender(FactGiftCard, "g", 100)}, 100, 500},
		{"all is", []Fact{mixed, tender(FactTender, "c", 400), tender(FactTender, "d", 450), tender(FactGiftCard, "g", 150)}, 150, 0},
		{"more than all is", []Fact{mixed, tender(FactTender, "c", 900), tender(FactGiftCard, "g", 150)}, 150, 0},
		{"a second capture of a known kind", []Fact{mixed, {Kind: FactCapture, ID: "z", State: FactDone, Money: eur(50)}}, 0, 1050},
		{"other tenders without gift cards", []Fact{captured("p", 1000).Facts[0], tender(FactTender, "c", 400)}, 0, 0},
		{"in another currency", []Fact{usd}, 0, 0},
	} {
		x := Receipt{ID: "p"}.With(c.facts)
		if reported, unsure := x.giftCards("EUR"); reported != c.reported || unsure != c.unsure {
			t.Errorf("%s: %d and perhaps %d, want %d and %d", c.name, reported, unsure, c.reported, c.unsure)
		}
		o := paid("EUR", Line{Amount: 1000})
		o.Receipts = []Receipt{x}
		o.reportTenders()
		var want []Tender
		if cards := min(1000, c.reported+c.unsure); cards > 0 {
			want = []Tender{{Kind: TenderGiftCard, Amount: cards, Reported: true}}
			if cards < 1000 {
				want = append(want, Tender{Kind: TenderOther, Amount: 1000 - cards, Reported: true})
			}
		}
		if !reflect.DeepEqual(o.Tenders, want) {
			t.Errorf("%s: %+v, want %+v", c.name, o.Tenders, want)
		}
		if got, want := o.unearning(), min(1000, c.reported+c.unsure); got != want {
			t.Errorf("%s: %d earn nothing, want %d", c.name, got, want)
		}
		o.reportTenders()
		if !reflect.DeepEqual(o.Tenders, want) {
			t.Errorf("%s: applied again %+v", c.name, o.Tenders)
		}
		o.Tenders = []Tender{{Kind: TenderCard, Amount: 1000}}
		if o.reportTenders(); len(o.Tenders) != 1 || o.Tenders[0].Kind != TenderCard || o.unearning() != c.reported {
			t.Errorf("%s: the merchant's tenders become %+v", c.name, o.Tenders)
		}
		forOrder := x.ForOrder()
		for _, f := range c.facts {
			kept := slices.ContainsFunc(forOrder.Facts, func(g Fact) bool { return f.equal(g) })
			if keeps := f.Kind != FactTender || x.Facts[0].Mixed; kept != keeps {
				t.Errorf("%s: the order has %+v: %t", c.name, f, kept)
			}
		}
	}
}

func TestPartsOfAPaymentThatAnotherObjectStates(t *testing.T) {
	parts := func(id string, of, shipping, tax, shippingTax int64) Fact {
		return Fact{
			Kind:        FactParts,
			ID:          id,
			State:       FactDone,
			Money:       eur(of),
			Shipping:    shipping,
			Tax:         tax,
			ShippingTax: shippingTax,
		}
	}
	usd := parts("u", 1000, 500, 500, 0)
	usd.Money.Currency = "USD"
	for _, c := range []struct {
		name                       string
		capture                    func(*Fact)
		facts                      []Fact
		shipping, tax, shippingTax int64
	}{
		{"none", nil, nil, 0, 0, 0},
		{"of the whole amount", nil, []Fact{parts("a", 1000, 100, 160, 16)}, 100, 160, 16},
		{"of a part of it", nil, []Fact{parts("a", 500, 100, 160, 16)}, 100, 160, 16},
		{"of more than it, rounded down", nil, []Fact{parts("a", 1500, 100, 160, 16)}, 66, 106, 10},
		{"without the tip", func(f *Fact) { f.Tip = 100 }, []Fact{parts("a", 1000, 100, 160, 16)}, 90, 144, 14},
		{"the object that states the most", nil, []Fact{parts("a", 1000, 10, 20, 0), parts("b", 1000, 20, 11, 0), parts("c", 1000, 15, 15, 0)}, 20, 11, 0},
		{"the first of two that state as much", nil, []Fact{parts("a", 1000, 10, 20, 0), parts("b", 1000, 20, 10, 0)}, 10, 20, 0},
		{"in another currency", nil, []Fact{usd}, 0, 0, 0},
		{"if the capture states its shipping", func(f *Fact) { f.Shipping = 1 }, []Fact{parts("a", 1000, 100, 160, 16)}, 1, 0, 0},
		{"if the capture states its tax", func(f *Fact) { f.Tax = 1 }, []Fact{parts("a", 1000, 100, 160, 16)}, 0, 1, 0},
		{"of nothing", nil, []Fact{parts("a", 0, 100, 160, 16)}, 0, 0, 0},
	} {
		x := captured("p", 1000)
		if c.capture != nil {
			c.capture(&x.Facts[0])
		}
		got := x.With(c.facts).withParts(x.Facts[0])
		if got.Shipping != c.shipping || got.Tax != c.tax || got.ShippingTax != c.shippingTax ||
			got.Money != eur(1000) {
			t.Errorf("%s: shipping %d, tax %d, of which %d for shipping; want %d, %d, %d",
				c.name, got.Shipping, got.Tax, got.ShippingTax, c.shipping, c.tax, c.shippingTax)
		}
	}
}

func TestTendersToWhichPaymentsRefund(t *testing.T) {
	to := func(cards int64) func(*Fact) { return func(f *Fact) { f.Tendered, f.GiftCard = true, cards } }
	shipping := func(cards int64) func(*Fact) {
		return func(f *Fact) { f.Shipping = f.Money.Amount; to(cards)(f) }
	}
	for _, c := range []struct {
		name  string
		facts []Fact
		want  []Refund // with their amounts and tenders alone
	}{
		{"not reported", []Fact{backFact("r", 300)}, []Refund{{Amount: 300}}},
		{"to a card", []Fact{backFact("r", 300, to(0))}, []Refund{{Amount: 300, Tendered: true}}},
		{"in part to a gift card", []Fact{backFact("r", 300, to(100))}, []Refund{{Amount: 300, Tendered: true, ToGiftCards: 100}}},
		{"reported of one of two", []Fact{backFact("r", 300, to(100)), backFact("s", 50)}, []Refund{{Amount: 350}}},
		{"reported of two", []Fact{backFact("r", 300, to(100)), backFact("s", 50, to(50))}, []Refund{{Amount: 350, Tendered: true, ToGiftCards: 150}}},
		{"of shipping", []Fact{backFact("r", 60, shipping(20)), backFact("s", 50, to(50))}, []Refund{{Amount: 60, Tendered: true, ToGiftCards: 20}, {Amount: 50, Tendered: true, ToGiftCards: 50}}},
		{"pending", []Fact{backFact("r", 300, to(100)), backFact("s", 50, func(f *Fact) { f.State = FactPending })}, []Refund{{Amount: 300, Tendered: true, ToGiftCards: 100}}},
	} {
		o := paid("EUR", Line{Amount: 900})
		o.Shipping = 100
		o.Receipts = []Receipt{Receipt{ID: "p"}.With(append(c.facts, captured("p", 1000).Facts...))}
		got := made(t, func(*Program) {}).Paid(o).Refunds
		for i, r := range got {
			got[i] = Refund{Amount: r.Amount, Tendered: r.Tendered, ToGiftCards: r.ToGiftCards}
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestMoneyThatRemainsAfterRefundsToTenders(t *testing.T) {
	card, other, gift, points := Tender{
		Kind:   TenderCard,
		Amount: 400,
	}, Tender{
		Kind:   TenderOther,
		Amount: 200,
	}, Tender{
		Kind:   TenderGiftCard,
		Amount: 300,
	}, Tender{
		Kind:   TenderPoints,
		Amount: 100,
	}
	to := func(id, tender string, cents int64) Refund {
		return Refund{ID: id, Status: RefundSucceeded, Amount: cents, Tender: tender}
	}
	reported := func(id string, cents, cards int64) Refund {
		return Refund{ID: id, Status: RefundSucceeded, Amount: cents, Tendered: true, ToGiftCards: cards}
	}
	for _, c := range []struct {
		name         string
		refunds      []Refund
		all, earning int64
	}{
		{"none", nil, 1000, 600},
		{"to no tender", []Refund{to("r", "", 100)}, 1000, 600},
		{"to a card", []Refund{to("r", "card", 100)}, 900, 500},
		{"to a gift card", []Refund{to("r", "gift_card", 100)}, 900, 600},
		{"to points", []Refund{to("r", "points", 100)}, 900, 600},
		{"that failed", []Refund{{ID: "r", Status: RefundFailed, Amount: 100, Tender: "card"}}, 1000, 600},
		{"to a tender that paid nothing", []Refund{to("r", "cash", 100)}, 1000, 600},
		{"reported", []Refund{reported("r", 300, 100)}, 700, 400},
		{"reported of more than the gift cards paid", []Refund{reported("r", 350, 350)}, 700, 600},
		{"reported of more than the gift cards have left", []Refund{to("r", "gift_card", 200), reported("s", 150, 150)}, 700, 600},
		{"reported of more than the others paid", []Refund{reported("r", 650, 0)}, 400, 0},
		{"reported of more than the others have left", []Refund{to("r", "card", 300), to("s", "other", 200), reported("t", 150, 0)}, 400, 0},
	} {
		o := paid("EUR", Line{Amount: 1000})
		o.Tenders, o.Refunds = []Tender{card, other, gift, points}, c.refunds
		all, earning := o.remaining(o.tenderRefunds())
		if all.sub(whole(c.all)).sign() != 0 || earning.sub(whole(c.earning)).sign() != 0 {
			t.Errorf("%s: %s remain, and %s earn; want %d and %d", c.name, all, earning, c.all, c.earning)
		}
	}
	o := paid("EUR", Line{Amount: 1000})
	o.Tenders = []Tender{
		{Kind: TenderCard, Name: "visa", Amount: 400},
		{Kind: TenderGiftCard, Name: "visa", Amount: 300},
	}
	for tender, want := range map[string]Code{"visa": ValidationFailed, "cash": ValidationFailed, "card": "", "": ""} {
		o.Refunds = []Refund{to("r", tender, 1)}
		pointer := ""
		if want != "" {
			pointer = "/refunds/0/tender"
		}
		wantRefusal(t, "to "+tender, o.checkRefundTenders(), want, pointer)
	}
	for _, cents := range []int64{400, 401} {
		o.Refunds = []Refund{to("r", "card", cents)}
		if err := o.checkRefundTenders(); (err == nil) != (cents == 400) {
			t.Errorf("%d to the card: %v", cents, err)
		}
		o.Refunds = []Refund{to("r", "card", 200), to("s", "card", cents-200)}
		if err := o.checkRefundTenders(); (err == nil) != (cents == 400) {
			t.Errorf("%d to the card in two refunds: %v", cents, err)
		}
	}
}
