package loyalty

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func factOf(kind FactKind, id string, amount int64, more func(*Fact)) Fact {
	f := Fact{Kind: kind, ID: id, State: FactDone, Money: eur(amount), Clock: noon.UnixMilli(), At: noon}
	if more != nil {
		more(&f)
	}
	return f
}

func mixed(f *Fact) { f.Mixed = true }

// Where gift cards paid a part that is not known, what no other tender is reported to have paid earns nothing.
func TestGiftCardsOfAPayment(t *testing.T) {
	failed := func(f *Fact) { f.State = FactFailed }
	dollars := func(f *Fact) { f.Money.Currency = "USD" }
	gift := func(n int64) func(*Fact) { return func(f *Fact) { f.GiftCard = n } }
	for name, c := range map[string]struct {
		facts        []Fact
		sum, unknown int64
		forOrder     int // how many of the facts the order needs
	}{
		"nothing":                       {nil, 0, 0, 0},
		"a card":                        {[]Fact{factOf(FactCapture, "1", 50, nil), factOf(FactTender, "2", 50, nil)}, 0, 0, 1},
		"gift cards alone":              {[]Fact{factOf(FactCapture, "1", 50, gift(50))}, 50, 0, 1},
		"more than was captured":        {[]Fact{factOf(FactCapture, "1", 50, gift(60))}, 50, 0, 1},
		"a gift card of its own":        {[]Fact{factOf(FactCapture, "1", 50, nil), factOf(FactGiftCard, "2", 20, nil)}, 20, 0, 2},
		"the same, stated twice":        {[]Fact{factOf(FactCapture, "1", 50, gift(20)), factOf(FactGiftCard, "2", 20, nil)}, 20, 0, 2},
		"a mixed payment":               {[]Fact{factOf(FactCapture, "1", 50, mixed)}, 0, 50, 1},
		"with its gift card":            {[]Fact{factOf(FactCapture, "1", 50, mixed), factOf(FactGiftCard, "2", 20, nil)}, 20, 30, 2},
		"with its card":                 {[]Fact{factOf(FactCapture, "1", 50, mixed), factOf(FactTender, "3", 30, nil)}, 0, 20, 2},
		"with both":                     {[]Fact{factOf(FactCapture, "1", 50, mixed), factOf(FactGiftCard, "2", 20, nil), factOf(FactTender, "3", 30, nil)}, 20, 0, 3},
		"with more than was due":        {[]Fact{factOf(FactCapture, "1", 50, mixed), factOf(FactGiftCard, "2", 20, nil), factOf(FactTender, "3", 90, nil)}, 20, 0, 3},
		"with a card that was declined": {[]Fact{factOf(FactCapture, "1", 50, mixed), factOf(FactTender, "3", 30, failed)}, 0, 50, 2},
		"with a card in dollars":        {[]Fact{factOf(FactCapture, "1", 50, mixed), factOf(FactTender, "3", 30, dollars)}, 0, 50, 2},
		"with a refund":                 {[]Fact{factOf(FactCapture, "1", 50, mixed), factOf(FactRefund, "3", 30, nil)}, 0, 50, 2},
		"of two captures":               {[]Fact{factOf(FactCapture, "1", 50, mixed), factOf(FactCapture, "2", 10, nil), factOf(FactTender, "3", 10, nil)}, 0, 50, 3},
	} {
		x := Receipt{}.With(c.facts)
		if sum, unknown := x.giftCards("EUR"); sum != c.sum || unknown != c.unknown {
			t.Errorf("%s: %d and %d unknown, want %d and %d", name, sum, unknown, c.sum, c.unknown)
		}
		if got := x.ForOrder(); len(got.Facts) != c.forOrder || len(x.Facts) != len(c.facts) {
			t.Errorf("%s: the order needs %d facts, want %d", name, len(got.Facts), c.forOrder)
		}
	}
	plain, flagged := factOf(FactCapture, "1", 50, nil), factOf(FactCapture, "1", 50, mixed)
	tendered := factOf(FactCapture, "1", 50, func(f *Fact) { f.Tendered = true })
	for _, f := range []Fact{flagged, tendered} {
		if plain.after(f) != -1 || f.after(plain) != 1 || f.after(f) != 0 {
			t.Errorf("%+v has no order", f)
		}
	}
}

// An order for which the merchant sent no tenders gets those that its payments report. Refunds reduce what their tender
// paid, and no more than that.
func TestReportedTenders(t *testing.T) {
	p := Program{Payments: PaymentTerms{Award: AwardPayments}}
	order := func(told []Tender, facts ...Fact) Order {
		o := Order{
			ID: "1", Currency: "EUR", Status: OrderPaid, Lines: []Line{{ID: "a", Quantity: 1, Amount: 50}}, Tenders: told,
			Receipts: []Receipt{Receipt{ID: "x"}.With(facts)},
		}
		return p.Paid(p.Paid(o)) // applied again, it changes nothing
	}
	refund := func(amount, cards int64, tendered bool) Fact {
		return factOf(FactRefund, "9", amount, func(f *Fact) { f.Tendered, f.GiftCard = tendered, cards })
	}
	capture, gift, card := factOf(FactCapture, "1", 50, mixed), factOf(FactGiftCard, "2", 20, nil), factOf(FactTender, "3", 30, nil)
	told := []Tender{{Kind: TenderGiftCard, Amount: 20}, {Kind: TenderCard, Amount: 30}}
	reported := []Tender{{Kind: TenderGiftCard, Amount: 20, Reported: true}, {Kind: TenderOther, Amount: 30, Reported: true}}
	for name, c := range map[string]struct {
		o            Order
		tenders      []Tender
		unearning    int64
		all, earning int64 // what remains of the money
	}{
		"a card":                      {order(nil, factOf(FactCapture, "1", 50, nil), card), nil, 0, 50, 50},
		"not known yet":               {order(nil, capture), []Tender{{Kind: TenderGiftCard, Amount: 50, Reported: true}}, 50, 50, 0},
		"known":                       {order(nil, capture, gift, card), reported, 20, 50, 30},
		"told":                        {order(told, capture), told, 20, 50, 30},
		"told, and more is reported":  {order(told, capture, factOf(FactGiftCard, "2", 30, nil)), told, 30, 50, 20},
		"refunded to the gift card":   {order(nil, capture, gift, card, refund(20, 20, true)), reported, 20, 30, 30},
		"refunded to the card":        {order(nil, capture, gift, card, refund(20, 0, true)), reported, 20, 30, 10},
		"refunded to both":            {order(nil, capture, gift, card, refund(20, 5, true)), reported, 20, 30, 15},
		"refunded to no known tender": {order(nil, capture, gift, card, refund(20, 0, false)), reported, 20, 50, 30},
		"more to the gift card":       {order(nil, capture, gift, card, refund(25, 25, true)), reported, 20, 30, 30},
		"more to the card":            {order(nil, capture, gift, card, refund(35, 0, true)), reported, 20, 20, 0},
		"told, refunded":              {order(told, capture, refund(20, 20, true)), told, 20, 30, 30},
		"a card alone, refunded":      {order(nil, factOf(FactCapture, "1", 50, nil), refund(20, 20, true)), nil, 0, 50, 50},
	} {
		if diff := cmp.Diff(c.tenders, c.o.Tenders); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		all, earning := c.o.remaining(c.o.tenderRefunds())
		if all.sub(whole(c.all)).sign() != 0 || earning.sub(whole(c.earning)).sign() != 0 || c.o.unearning() != c.unearning {
			t.Errorf("%s: %s remain, %s of it earn, %d do not; want %d, %d, %d", name, all, earning, c.o.unearning(), c.all, c.earning, c.unearning)
		}
		if err := c.o.check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if c.o.Status != OrderPaid {
			t.Errorf("%s: %s", name, c.o.Status)
		}
	}
}

// Tenders follow what is reported, and refunds to them never exceed what they paid.
func TestReportedTendersChange(t *testing.T) {
	p := Program{Payments: PaymentTerms{Award: AwardPayments}}
	capture, gift, card := factOf(FactCapture, "1", 50, mixed), factOf(FactGiftCard, "2", 20, nil), factOf(FactTender, "3", 30, nil)
	o := p.Paid(Order{
		ID: "1", Currency: "EUR", Status: OrderPaid, Lines: []Line{{ID: "a", Quantity: 1, Amount: 50}}, Receipts: []Receipt{Receipt{ID: "x"}.With([]Fact{capture})},
	})
	o.Receipts = []Receipt{Receipt{ID: "x"}.With([]Fact{capture, gift, card})}
	if o = p.Paid(o); len(o.Tenders) != 2 || o.unearning() != 20 {
		t.Errorf("%+v, %d earn nothing", o.Tenders, o.unearning())
	}
	o.Receipts = []Receipt{Receipt{ID: "x"}.With([]Fact{factOf(FactCapture, "1", 40, mixed), gift, card})}
	if o = p.Paid(o); o.Status != OrderPlaced {
		t.Errorf("%s, though 0.40 came of 0.50, gift cards included", o.Status)
	}
	for _, kind := range []TenderKind{TenderGiftCard, TenderStoreCredit} {
		o.Tenders = []Tender{{Kind: kind, Amount: 20}, {Kind: TenderCash, Amount: 30}}
		for _, c := range []struct {
			refunds            []Refund
			cards, others, sum int64
		}{
			{[]Refund{{Amount: 15, Tendered: true, ToGiftCards: 15}, {Amount: 15, Tendered: true, ToGiftCards: 15}}, 20, 0, 20},
			{[]Refund{{Amount: 20, Tendered: true}, {Amount: 20, Tendered: true}}, 0, 30, 30},
			{[]Refund{{Amount: 15, Tender: string(kind)}, {Amount: 25, Tendered: true, ToGiftCards: 10}}, 20, 15, 35},
			{[]Refund{{Amount: 25, Tender: "cash"}, {Amount: 15, Tendered: true, ToGiftCards: 5}}, 5, 30, 35},
		} {
			o.Refunds = c.refunds
			for i := range o.Refunds {
				o.Refunds[i].Status = RefundSucceeded
			}
			got := o.tenderRefunds()
			if got.each[0].sub(whole(c.cards)).sign() != 0 || got.each[1].sub(whole(c.others)).sign() != 0 || got.sum.sub(whole(c.sum)).sign() != 0 ||
				got.unearning.sub(whole(c.cards)).sign() != 0 {
				t.Errorf("%s, %+v: %v", kind, c.refunds, got)
			}
		}
	}
}

// A capture that states neither shipping nor tax has those that another object states, in proportion.
func TestPartsOfACapture(t *testing.T) {
	parts := func(id string, amount, shipping, tax, shippingTax int64) Fact {
		return factOf(FactParts, id, amount, func(f *Fact) { f.Shipping, f.Tax, f.ShippingTax = shipping, tax, shippingTax })
	}
	for name, c := range map[string]struct {
		capture                    Fact
		parts                      []Fact
		shipping, tax, shippingTax int64
	}{
		"nothing stated":      {factOf(FactCapture, "1", 100, nil), nil, 0, 0, 0},
		"stated":              {factOf(FactCapture, "1", 100, nil), []Fact{parts("2", 100, 10, 20, 3)}, 10, 20, 3},
		"shipping of its own": {factOf(FactCapture, "1", 100, func(f *Fact) { f.Shipping = 1 }), []Fact{parts("2", 100, 10, 20, 3)}, 1, 0, 0},
		"tax of its own":      {factOf(FactCapture, "1", 100, func(f *Fact) { f.Tax = 1 }), []Fact{parts("2", 100, 10, 20, 3)}, 0, 1, 0},
		"a half captured":     {factOf(FactCapture, "1", 50, nil), []Fact{parts("2", 100, 10, 21, 3)}, 5, 10, 1},
		"more captured":       {factOf(FactCapture, "1", 200, nil), []Fact{parts("2", 100, 10, 20, 3)}, 10, 20, 3},
		"a tip":               {factOf(FactCapture, "1", 60, func(f *Fact) { f.Tip = 10 }), []Fact{parts("2", 100, 10, 20, 4)}, 5, 10, 2},
		"two objects":         {factOf(FactCapture, "1", 100, nil), []Fact{parts("2", 100, 5, 5, 0), parts("3", 100, 10, 20, 3), parts("4", 100, 9, 20, 0)}, 10, 20, 3},
		"more of it shipping": {factOf(FactCapture, "1", 100, nil), []Fact{parts("2", 100, 9, 20, 0), parts("3", 100, 30, 10, 3)}, 30, 10, 3},
		"two that are equal":  {factOf(FactCapture, "1", 100, nil), []Fact{parts("2", 100, 10, 20, 0), parts("3", 100, 20, 10, 3)}, 10, 20, 0},
		"a refund":            {factOf(FactCapture, "1", 100, nil), []Fact{factOf(FactRefund, "2", 100, func(f *Fact) { f.Tax = 20 })}, 0, 0, 0},
		"in dollars": {factOf(FactCapture, "1", 100, nil), []Fact{factOf(FactParts, "2", 100, func(f *Fact) {
			f.Money.Currency, f.Tax = "USD", 20
		})}, 0, 0, 0},
	} {
		got := Receipt{}.With(append(c.parts, c.capture)).withParts(c.capture)
		if got.Shipping != c.shipping || got.Tax != c.tax || got.ShippingTax != c.shippingTax {
			t.Errorf("%s: %d, %d, %d; want %d, %d, %d", name, got.Shipping, got.Tax, got.ShippingTax, c.shipping, c.tax, c.shippingTax)
		}
	}
}

// Facts state the tender of a refund only together.
func TestTenderOfARefund(t *testing.T) {
	f := func(amount, cards int64, tendered bool) Fact {
		return factOf(FactRefund, "9", amount, func(f *Fact) { f.Tendered, f.GiftCard = tendered, cards })
	}
	for _, c := range []struct {
		facts []Fact
		want  Refund
	}{
		{[]Fact{f(20, 5, true), f(10, 10, true)}, Refund{Amount: 30, Tendered: true, ToGiftCards: 15}},
		{[]Fact{f(30, 0, true)}, Refund{Amount: 30, Tendered: true}},
		{[]Fact{f(20, 5, true), f(10, 0, false)}, Refund{Amount: 30}},
		{[]Fact{f(20, 5, true)}, Refund{Amount: 30}},
		{nil, Refund{Amount: 30}},
	} {
		if diff := cmp.Diff(c.want, Refund{Amount: 30}.tendered(c.facts)); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", c.facts, diff)
		}
	}
}
