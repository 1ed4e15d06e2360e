package loyalty

import (
	"reflect"
	"slices"
	"testing"
	"time"
)

// captured is a payment of an amount with what its facts state besides.
func captured(id string, cents int64, edit ...func(*Fact)) Receipt {
	f := Fact{Kind: FactCapture, ID: "c", State: FactDone, Money: eur(cents), At: noon}
	for _, e := range edit {
		e(&f)
	}
	return Receipt{ID: id, Facts: []Fact{f}}
}

func backFact(id string, cents int64, edit ...func(*Fact)) Fact {
	f := Fact{Kind: FactRefund, ID: id, State: FactDone, Money: eur(cents), At: noon.Add(time.Hour)}
	for _, e := range edit {
		e(&f)
	}
	return f
}

func TestOrderOfPaymentsAlone(t *testing.T) {
	untold := func(receipts ...Receipt) Order {
		return Order{ID: "1", Currency: "EUR", Status: Untold, PlacedAt: noon, Receipts: receipts}
	}
	for _, c := range []struct {
		name                    string
		inside                  bool
		order                   Order
		lines                   []Line
		shipping, tax, included int64
		status                  OrderStatus
	}{
		{"goods alone", false, untold(captured("p", 1000)), []Line{{ID: "/p", Quantity: 1, Amount: 1000}}, 0, 0, 0, OrderPaid},
		{
			"goods, shipping, tax and a tip", false,
			untold(captured("p", 1000, func(f *Fact) { f.Shipping, f.Tax, f.Tip, f.ShippingTax = 100, 150, 50, 19 })),
			[]Line{{ID: "/p", Quantity: 1, Amount: 700}},
			100, 200, 0, OrderPaid,
		},
		{
			"amounts that include the tax", true,
			untold(captured("p", 1000, func(f *Fact) { f.Shipping, f.Tax, f.Tip, f.ShippingTax = 100, 150, 50, 19 })),
			[]Line{{ID: "/p", Quantity: 1, Amount: 831}},
			119, 50, 150, OrderPaid,
		},
		{
			"shipping of more than was paid", false,
			untold(captured("p", 1000, func(f *Fact) { f.Shipping, f.Tax = 1500, 100 })),
			[]Line{{ID: "/p", Quantity: 1}},
			1000, 0, 0, OrderPaid,
		},
		{
			"parts below zero", false,
			untold(captured("p", 1000, func(f *Fact) { f.Shipping, f.Tax, f.Tip, f.ShippingTax = -1, -1, -1, -1 })),
			[]Line{{ID: "/p", Quantity: 1, Amount: 1000}},
			0, 0, 0, OrderPaid,
		},
		{
			"included tax of more than was paid", true,
			untold(captured("p", 1000, func(f *Fact) { f.Tax, f.Tip = 2000, 100 })),
			[]Line{{ID: "/p", Quantity: 1, Amount: 900}},
			0, 100, 900, OrderPaid,
		},
		{
			"gift cards that were sold", false,
			untold(captured("p", 1000, func(f *Fact) {
				f.Lines = []FactLine{{ID: "g", Quantity: 2, Amount: 300}, {ID: "h", Amount: 900}}
			})),
			[]Line{{ID: "/p/g", Quantity: 2, Amount: 300}, {ID: "/p/h", Quantity: 1, Amount: 700}, {ID: "/p", Quantity: 1}},
			0, 0, 0, OrderPaid,
		},
		{
			"two payments", false, untold(captured("p", 1000), captured("q", 500, func(f *Fact) { f.Shipping = 500 })),
			[]Line{{ID: "/p", Quantity: 1, Amount: 1000}, {ID: "/q", Quantity: 1}},
			500, 0, 0, OrderPaid,
		},
		{"a payment of nothing", false, untold(captured("p", 0)), nil, 0, 0, 0, OrderPlaced},
		{"a pending payment", false, untold(captured("p", 1000, func(f *Fact) { f.State = FactPending })), nil, 0, 0, 0, OrderPlaced},
		{
			"a payment in another currency", false,
			untold(captured("p", 1000, func(f *Fact) { f.Money.Currency = "USD" })), nil, 0, 0, 0, OrderPlaced,
		},
	} {
		p := made(t, func(p *Program) { p.Earn.TaxIncluded, p.Payments = c.inside, PaymentTerms{Award: AwardPayments} })
		got := p.Paid(c.order)
		if !reflect.DeepEqual(got.Lines, c.lines) || got.Shipping != c.shipping || got.Tax != c.tax || got.Included != c.included {
			t.Errorf("%s: lines %+v, shipping %d, tax %d, included %d\nwant %+v, %d, %d, %d",
				c.name, got.Lines, got.Shipping, got.Tax, got.Included, c.lines, c.shipping, c.tax, c.included)
		}
		if got.Status != c.status || got.Told != Untold && c.status != Untold {
			t.Errorf("%s: %s, reported as %q", c.name, got.Status, got.Told)
		}
		if again := p.Paid(got); !reflect.DeepEqual(again, got) {
			t.Errorf("%s: applied again %+v, want %+v", c.name, again, got)
		}
	}
}

func TestStatusOfAnOrderByItsPayments(t *testing.T) {
	for _, c := range []struct {
		name  string
		award Award
		edit  func(*Order)
		want  OrderStatus
	}{
		{"orders award by themselves", AwardOrders, func(*Order) {}, OrderPaid},
		{"without money", AwardOrdersWhenPaid, func(*Order) {}, OrderPlaced},
		{"a cent too little", AwardOrdersWhenPaid, func(o *Order) { o.Receipts = []Receipt{captured("p", 999)} }, OrderPlaced},
		{"all of the money", AwardOrdersWhenPaid, func(o *Order) { o.Receipts = []Receipt{captured("p", 1000)} }, OrderPaid},
		{"by two payments", AwardPayments, func(o *Order) { o.Receipts = []Receipt{captured("p", 400), captured("q", 600)} }, OrderPaid},
		{"placed, but paid", AwardPayments, func(o *Order) {
			o.Status, o.Receipts = OrderPlaced, []Receipt{captured("p", 1000)}
		}, OrderPaid},
		{"canceled, but paid", AwardPayments, func(o *Order) {
			o.Status, o.Receipts = OrderCancelled, []Receipt{captured("p", 1000)}
		}, OrderCancelled},
		{"the rest in cash", AwardOrdersWhenPaid, func(o *Order) {
			o.Tenders, o.Receipts = []Tender{{Kind: TenderCash, Amount: 400}}, []Receipt{captured("p", 600)}
		}, OrderPaid},
		{"the rest by card, which must be reported", AwardOrdersWhenPaid, func(o *Order) {
			o.Tenders, o.Receipts = []Tender{{Kind: TenderCard, Amount: 400}}, []Receipt{captured("p", 600)}
		}, OrderPlaced},
		{"the rest by other means, which must be reported", AwardOrdersWhenPaid, func(o *Order) {
			o.Tenders, o.Receipts = []Tender{{Kind: TenderOther, Amount: 400}}, []Receipt{captured("p", 600)}
		}, OrderPlaced},
		{"all in cash", AwardOrdersWhenPaid, func(o *Order) { o.Tenders = []Tender{{Kind: TenderCash, Amount: 1000}} }, OrderPaid},
		{"all in cash and not paid", AwardOrdersWhenPaid, func(o *Order) {
			o.Status, o.Tenders = OrderPlaced, []Tender{{Kind: TenderCash, Amount: 1000}}
		}, OrderPlaced},
	} {
		p := made(t, func(p *Program) { p.Payments.Award = c.award })
		o := paid("EUR", Line{Amount: 1000})
		c.edit(&o)
		told := o.Status
		got := p.Paid(o)
		if got.Status != c.want {
			t.Errorf("%s: %s, want %s", c.name, got.Status, c.want)
		}
		if want := told; got.Told != "" && got.Told != want || (got.Told != "") != (told != c.want) {
			t.Errorf("%s: reported as %q", c.name, got.Told)
		}
	}
}

func TestRefundsOfPayments(t *testing.T) {
	at := noon.Add(time.Hour)
	order := func(facts ...Fact) Order {
		o := paid("EUR", Line{Amount: 600}, Line{Amount: 200})
		o.Shipping, o.Tax = 100, 100
		o.Receipts = []Receipt{Receipt{ID: "p"}.With(append(facts, captured("p", 1000).Facts...))}
		return o
	}
	stated := func(amount, shipping, tax, goods int64, lines ...RefundLine) Refund {
		return Refund{ID: "/p/", At: at, Status: RefundSucceeded, Amount: amount, Shipping: shipping, Tax: tax, Goods: goods, Lines: lines}
	}
	sum := func(amount int64) Refund { return Refund{ID: "/p", At: at, Status: RefundSucceeded, Amount: amount} }
	for _, c := range []struct {
		name  string
		order Order
		want  []Refund
	}{
		{"none", order(), nil},
		{"a sum", order(backFact("r", 300)), []Refund{sum(300)}},
		{"more than was paid", order(backFact("r", 1001)), []Refund{sum(1000)}},
		{"pending and failed", order(
			backFact("r", 300, func(f *Fact) { f.State = FactPending }), backFact("s", 300, func(f *Fact) { f.State = FactFailed }),
		), nil},
		{"shipping", order(backFact("r", 100, func(f *Fact) { f.Shipping = 100 })), []Refund{stated(100, 100, 0, 0)}},
		{"more shipping than the order has", order(backFact("r", 300, func(f *Fact) { f.Shipping = 300 })), []Refund{stated(300, 100, 0, 0)}},
		{"more shipping than the refund", order(backFact("r", 50, func(f *Fact) { f.Shipping = 80 })), []Refund{stated(50, 50, 0, 0)}},
		{"tax and a tip", order(backFact("r", 90, func(f *Fact) { f.Tax, f.Tip = 30, 20 })), []Refund{stated(90, 0, 50, 0)}},
		{"a line", order(backFact("r", 150, func(f *Fact) { f.Lines = []FactLine{{ID: "2", Quantity: 1, Amount: 150}} })), []Refund{
			stated(150, 0, 0, 0, RefundLine{"2", 1, 150}),
		}},
		{"more of a line than it cost", order(backFact("r", 300, func(f *Fact) { f.Lines = []FactLine{{ID: "2", Quantity: 1, Amount: 300}} })), []Refund{
			stated(300, 0, 0, 0, RefundLine{"2", 1, 200}),
		}},
		{"a line of nothing", order(backFact("r", 100, func(f *Fact) { f.Lines = []FactLine{{ID: "2", Quantity: 1}} })), []Refund{stated(100, 0, 0, 0)}},
		{"a line that the order does not have", order(backFact("r", 150, func(f *Fact) {
			f.Lines = []FactLine{{ID: "9", Quantity: 1, Amount: 150}}
		})), []Refund{stated(150, 0, 0, 150)}},
		{"a line twice", order(
			backFact("r", 150, func(f *Fact) { f.Lines = []FactLine{{ID: "2", Quantity: 1, Amount: 150}} }),
			backFact("s", 150, func(f *Fact) { f.Lines = []FactLine{{ID: "2", Quantity: 1, Amount: 150}} }),
		), []Refund{stated(300, 0, 0, 0, RefundLine{"2", 1, 150}, RefundLine{"2", 1, 50})}},
		{"more stated than was paid", order(backFact("r", 1001, func(f *Fact) { f.Shipping = 100 })), []Refund{sum(1000)}},
		{"one stated, one not", order(backFact("r", 50, func(f *Fact) { f.Shipping = 50 }), backFact("s", 70)), []Refund{stated(50, 50, 0, 0), sum(70)}},
		{"in another currency", order(backFact("r", 300, func(f *Fact) { f.Money.Currency = "USD" })), nil},
	} {
		p := made(t, func(*Program) {})
		got := p.Paid(c.order)
		if len(got.Refunds)+len(c.want) > 0 && !reflect.DeepEqual(got.Refunds, c.want) {
			t.Errorf("%s: %+v\nwant %+v", c.name, got.Refunds, c.want)
		}
		if again := p.Paid(got); !reflect.DeepEqual(again, got) {
			t.Errorf("%s: applied again %+v", c.name, again.Refunds)
		}
	}
}

func TestRefundThatBothReportCountsOnce(t *testing.T) {
	p := made(t, func(*Program) {})
	for _, c := range []struct {
		told  int64
		facts []Fact
		want  int64
	}{
		{300, []Fact{backFact("r", 300)}, 0},
		{300, []Fact{backFact("r", 301)}, 1},
		{301, []Fact{backFact("r", 300)}, 0},
		{900, []Fact{backFact("r", 950)}, 50},
		{0, []Fact{backFact("r", 400, func(f *Fact) { f.Shipping = 1 })}, 400},
	} {
		o := paid("EUR", Line{Amount: 1000})
		o.Receipts = []Receipt{Receipt{ID: "p"}.With(append(c.facts, captured("p", 1000).Facts...))}
		pending := back("pending", 500)
		pending.Status = RefundPending
		o.Refunds = []Refund{back("m", c.told), pending}
		got := int64(0)
		for _, r := range p.Paid(o).Refunds[2:] {
			got += r.Amount
		}
		if got != c.want {
			t.Errorf("the shop reports %d, the processor %d: %d more are refunded, want %d", c.told, c.facts[0].Money.Amount, got, c.want)
		}
	}
	o := paid("EUR", Line{Amount: 1000}) // without a capture, and from two payments
	o.Receipts = []Receipt{{ID: "p", Facts: []Fact{backFact("r", 700)}}, {ID: "q", Facts: []Fact{backFact("r", 700)}}}
	if got := p.Paid(o).Refunds; len(got) != 2 || got[0].Amount != 700 || got[1].Amount != 300 {
		t.Errorf("no more is refunded than was paid: %+v", got)
	}
	o.Receipts = []Receipt{{ID: "p", Facts: []Fact{backFact("r", 700)}}, {ID: "q", Facts: []Fact{backFact("r", 200)}}}
	o.Refunds = []Refund{back("m", 800)} // 700 of p and 100 of q
	if got := p.Paid(o).Refunds; len(got) != 2 || got[1].ID != "/q" || got[1].Amount != 100 {
		t.Errorf("what the shop reports is of the first payments: %+v", got)
	}
}

func TestRefundsOfTaxIncludedPayments(t *testing.T) {
	p := made(t, func(p *Program) { p.Earn.TaxIncluded = true })
	o := paid("EUR", Line{Amount: 800})
	o.Shipping, o.Tax = 200, 150
	refund := backFact("r", 500, func(f *Fact) { f.Shipping, f.ShippingTax, f.Tax = 100, 19, 80 })
	lines := backFact("s", 100, func(f *Fact) { f.Lines = []FactLine{{ID: "1", Quantity: 1, Amount: 70, Tax: 13}} })
	o.Receipts = []Receipt{Receipt{ID: "p"}.With(append([]Fact{refund, lines}, captured("p", 1000).Facts...))}
	o.Refunds = []Refund{
		{ID: "m", Status: RefundSucceeded, Amount: 10, Tax: 2},
		{ID: "n", Status: RefundFailed, Amount: 30},
		{ID: "o", Status: RefundFailed, Amount: 30, Shipping: 30, Tax: 5},
		{ID: "q", Status: RefundFailed, Amount: 5, Tax: 1, Lines: []RefundLine{{"1", 1, 5}}},
	}
	o.Told = OrderPaid
	got := p.Paid(o)
	if got.Tax != 0 || got.Included != 150 || o.Refunds[0].Tax != 2 {
		t.Errorf("tax %d, included %d", got.Tax, got.Included)
	}
	want := []Refund{
		{ID: "m", Status: RefundSucceeded, Amount: 10, Goods: 10, Included: 2},
		{ID: "n", Status: RefundFailed, Amount: 30},
		{ID: "o", Status: RefundFailed, Amount: 30, Shipping: 30, Included: 5},
		{ID: "q", Status: RefundFailed, Amount: 5, Included: 1, Lines: []RefundLine{{"1", 1, 5}}},
		{ID: "/p", At: noon.Add(time.Hour), Status: RefundSucceeded, Amount: 590},
	}
	if !reflect.DeepEqual(got.Refunds, want) {
		t.Errorf("%+v\nwant %+v", got.Refunds, want)
	}
	o.Refunds = nil
	want = []Refund{{
		ID: "/p/", At: noon.Add(time.Hour), Status: RefundSucceeded, Amount: 600, Shipping: 119, Goods: 381, Included: 80,
		Lines: []RefundLine{{"1", 1, 83}},
	}}
	if got := p.Paid(o).Refunds; !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	o.Refunds, o.Tax = nil, 0
	if got := p.Paid(o); got.Included != 0 {
		t.Errorf("an order without tax includes %d", got.Included)
	}
}

func TestDisputesOfPayments(t *testing.T) {
	p := made(t, func(*Program) {})
	o := paid("EUR", Line{Amount: 1000})
	dispute := func(id string, state FactState, money Money) Fact {
		return Fact{Kind: FactDispute, ID: id, State: state, Money: money, At: noon}
	}
	o.Receipts = []Receipt{{ID: "p", Facts: []Fact{
		dispute("a", FactOpen, eur(300)), dispute("b", FactWon, eur(1000)), dispute("c", FactLost, eur(1001)),
		dispute("d", FactPending, eur(300)), dispute("e", FactOpen, Money{300, "USD"}),
		{Kind: FactRefund, ID: "f", State: FactOpen, Money: eur(300)},
	}}}
	want := []Dispute{
		{"/p/a", noon, DisputeOpen, 300}, {"/p/b", noon, DisputeWon, 1000}, {"/p/c", noon, DisputeLost, 1000},
	}
	got := p.Paid(o)
	if !reflect.DeepEqual(got.Disputes, want) {
		t.Errorf("%+v\nwant %+v", got.Disputes, want)
	}
	got.Disputes = append(got.Disputes, Dispute{"mine", noon, DisputeOpen, 1})
	if again := p.Paid(got).Disputes; len(again) != 4 || again[0].ID != "mine" {
		t.Errorf("applied again %+v", again)
	}
}

func TestMoneyThatAReceiptReports(t *testing.T) {
	of := func(facts ...Fact) Receipt { return Receipt{ID: "p"}.With(facts) }
	usd := func(f *Fact) { f.Money.Currency = "USD" }
	capture := func(id string, cents int64, at time.Time, edit ...func(*Fact)) Fact {
		f := captured("p", cents, edit...).Facts[0]
		f.ID, f.At = id, at
		return f
	}
	x := of(capture("a", 300, noon.Add(time.Hour)), capture("b", 200, noon), capture("c", 100, noon.Add(-1), usd))
	if sum, at, ok := x.Captured(); sum != eur(500) || !at.Equal(noon) || !ok {
		t.Errorf("captured %v at %s, %t", sum, at, ok)
	}
	if n := x.Foreign(); n != 1 {
		t.Errorf("%d reports are in another currency", n)
	}
	if _, _, ok := of(backFact("r", 1)).Captured(); ok || of(backFact("r", 1)).Foreign() != 0 || of(backFact("r", 1)).Excess() != 0 {
		t.Error("nothing was captured")
	}
	for refunded, want := range map[int64]int64{499: 0, 500: 0, 501: 1} {
		if got := x.With([]Fact{backFact("r", refunded)}).Excess(); got != want {
			t.Errorf("%d went back, %d too much, want %d", refunded, got, want)
		}
	}
	for _, c := range []struct {
		name string
		x    Receipt
		want int64
	}{
		{"none", of(capture("a", 300, noon)), 0},
		{"stated", of(capture("a", 300, noon, func(f *Fact) { f.GiftCard = 100 })), 100},
		{"stated above the capture", of(capture("a", 300, noon, func(f *Fact) { f.GiftCard = 400 }), capture("b", 50, noon)), 300},
		{"reported alone", of(capture("a", 300, noon), Fact{Kind: FactGiftCard, ID: "g", State: FactDone, Money: eur(120)}), 120},
		{"reported and stated", of(capture("a", 300, noon, func(f *Fact) { f.GiftCard = 100 }),
			Fact{Kind: FactGiftCard, ID: "g", State: FactDone, Money: eur(120)}), 120},
		{"reported above what was captured", of(capture("a", 300, noon),
			Fact{Kind: FactGiftCard, ID: "g", State: FactDone, Money: eur(200)}, Fact{Kind: FactGiftCard, ID: "h", State: FactDone, Money: eur(200)}), 300},
		{"pending", of(capture("a", 300, noon), Fact{Kind: FactGiftCard, ID: "g", State: FactPending, Money: eur(120)}), 0},
		{"in another currency", of(capture("a", 300, noon), Fact{Kind: FactGiftCard, ID: "g", State: FactDone, Money: Money{120, "USD"}}), 0},
		{"a refund", of(capture("a", 300, noon), backFact("r", 100)), 0},
	} {
		if got, unknown := c.x.giftCards("EUR"); got != c.want || unknown != 0 {
			t.Errorf("%s: %d were paid with gift cards, want %d", c.name, got, c.want)
		}
	}
}

func TestSumsOfRefunds(t *testing.T) {
	clock := noon.Add(time.Hour).UnixMilli()
	sum := func(cents, clock, released int64) Fact {
		return Fact{Kind: FactRefunded, ID: "p", State: FactDone, Money: eur(cents), Clock: clock, Released: released, At: noon}
	}
	failed := func(at int64) func(*Fact) { return func(f *Fact) { f.State, f.Clock = FactFailed, at } }
	older := func(f *Fact) { f.At = noon }
	for _, c := range []struct {
		name  string
		facts []Fact
		want  int64
	}{
		{"a refund until then is part of the sum", []Fact{sum(500, clock, 0), backFact("r", 300)}, 500},
		{"a later refund is not", []Fact{sum(500, clock-1, 0), backFact("r", 300)}, 800},
		{"all refunds are more than the sum", []Fact{sum(500, clock, 0), backFact("r", 300), backFact("s", 300)}, 600},
		{"a refund that failed then", []Fact{sum(500, clock, 0), backFact("r", 300, failed(clock))}, 200},
		{"a refund that failed before", []Fact{sum(500, clock, 0), backFact("r", 300, failed(clock-1))}, 500},
		{"a refund that was made and failed later", []Fact{sum(500, clock-1, 0), backFact("r", 300, failed(clock))}, 500},
		{"a pending refund", []Fact{sum(500, clock-1, 0), backFact("r", 300, func(f *Fact) { f.State = FactPending })}, 500},
		{"no sum", []Fact{backFact("r", 300), backFact("s", 300)}, 600},
		{"a release", []Fact{sum(0, clock, 300), backFact("r", 300)}, 0},
		{"the older of two refunds is the release", []Fact{sum(0, clock-1, 300), backFact("r", 300), backFact("s", 300, older)}, 300},
		{"the first of two equal refunds is the release", []Fact{sum(0, clock, 300), backFact("r", 300, func(f *Fact) { f.State = FactPending }), backFact("s", 300)}, 300},
		{"no refund of the released amount", []Fact{sum(0, clock, 301), backFact("r", 300)}, 300},
	} {
		if got := (Receipt{ID: "p"}).With(c.facts).back("EUR"); got != c.want {
			t.Errorf("%s: %d went back, want %d", c.name, got, c.want)
		}
		if got := (Receipt{ID: "p"}).With(c.facts).back("USD"); got != 0 {
			t.Errorf("%s: %d US cents went back", c.name, got)
		}
	}
	x := Receipt{ID: "p"}.With([]Fact{sum(5, clock, 0), backFact("r", 1, older), captured("p", 9, func(f *Fact) { f.At = noon.AddDate(1, 0, 0) }).Facts[0]})
	if got := x.lastRefund(); !got.Equal(noon) {
		t.Errorf("the last refund was at %s", got)
	}
}

func TestUnclearReports(t *testing.T) {
	known := func(kind FactKind) Fact {
		return Fact{Kind: kind, ID: "x", State: FactDone, Money: eur(100), Clock: 10}
	}
	for _, c := range []struct {
		name string
		kind FactKind
		edit func(*Fact)
		want bool
	}{
		{"the same again", FactRefund, func(*Fact) {}, false},
		{"the same, earlier", FactRefund, func(f *Fact) { f.Clock = 9 }, false},
		{"another state of the same instant", FactRefund, func(f *Fact) { f.State = FactFailed }, true},
		{"another amount of the same instant", FactRefund, func(f *Fact) { f.Money.Amount = 99 }, true},
		{"another amount, earlier", FactRefund, func(f *Fact) { f.Money.Amount, f.Clock = 99, 9 }, true},
		{"another amount, later", FactRefund, func(f *Fact) { f.Money.Amount, f.Clock = 99, 11 }, false},
		{"another capture of the same instant", FactCapture, func(f *Fact) { f.Money.Amount = 99 }, true},
		{"another capture, earlier", FactCapture, func(f *Fact) { f.Money.Amount, f.Clock = 99, 9 }, false},
		{"an object that is not known", FactRefund, func(f *Fact) { f.ID, f.State = "y", FactFailed }, false},
	} {
		f := known(c.kind)
		c.edit(&f)
		got := Receipt{Facts: []Fact{known(c.kind)}}.Unclear([]Fact{f})
		if want := []Fact{known(c.kind)}; (len(got) > 0) != c.want || c.want && !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// Each field of a fact decides which of two reports of one instant remains, whatever the order of arrival.
func TestReportsOfOneInstantHaveAnOrder(t *testing.T) {
	base := Fact{Kind: FactRefund, ID: "r", State: FactDone, Money: eur(100), Clock: 10, At: noon}
	for name, newer := range map[string]func(*Fact){
		"clock":         func(f *Fact) { f.Clock, f.State = 11, FactPending },
		"state":         func(f *Fact) { f.State, f.Money.Amount = FactFailed, 1 },
		"amount":        func(f *Fact) { f.Money = Money{101, "AUD"} },
		"currency":      func(f *Fact) { f.Money.Currency, f.At = "USD", noon.Add(1) },
		"earlier birth": func(f *Fact) { f.At = noon.Add(-1); f.Shipping = -1 },
		"shipping":      func(f *Fact) { f.Shipping, f.Tax = 1, -1 },
		"tax":           func(f *Fact) { f.Tax, f.ShippingTax = 1, -1 },
		"shipping tax":  func(f *Fact) { f.ShippingTax, f.Tip = 1, -1 },
		"tip":           func(f *Fact) { f.Tip, f.GiftCard = 1, -1 },
		"gift card":     func(f *Fact) { f.GiftCard, f.Released = 1, -1 },
		"mixed":         func(f *Fact) { f.Mixed, f.Released = true, -1 },
		"tendered":      func(f *Fact) { f.Tendered, f.Released = true, -1 },
		"released":      func(f *Fact) { f.Released = 1 },
		"lines":         func(f *Fact) { f.Lines = []FactLine{{ID: "1"}} },
	} {
		f := base
		newer(&f)
		for _, order := range [][]Fact{{base, f}, {f, base}} {
			if got := (Receipt{}).With(order[:1]).With(order[1:]); !reflect.DeepEqual(got.Facts, []Fact{f}) {
				t.Errorf("%s: %+v", name, got.Facts)
			}
		}
		if f.equal(base) || !f.equal(f) {
			t.Errorf("%s: equal to the other", name)
		}
		o := Order{Receipts: []Receipt{{ID: "a"}, {ID: "p", Facts: []Fact{base}}, {ID: "z"}}}
		if next, changed := o.WithReceipt(Receipt{ID: "p", Facts: []Fact{f}}); !changed || !reflect.DeepEqual(next.Receipts[1].Facts, []Fact{f}) ||
			!reflect.DeepEqual(o.Receipts[1].Facts, []Fact{base}) || len(next.Receipts) != 3 {
			t.Errorf("%s: %+v, %t", name, next.Receipts, changed)
		}
		if next, changed := o.WithReceipt(Receipt{ID: "p", Facts: []Fact{base}}); changed || !reflect.DeepEqual(next, o) {
			t.Errorf("%s: an old report changes the order", name)
		}
	}
	for name, newer := range map[string]FactLine{"id": {"2", 1, 1, 1}, "quantity": {"1", 2, 0, 0}, "amount": {"1", 1, 2, 0}, "tax": {"1", 1, 1, 2}} {
		if one := (FactLine{"1", 1, 1, 1}); newer.compare(one) <= 0 || one.compare(newer) >= 0 || one.compare(one) != 0 {
			t.Errorf("lines by %s", name)
		}
	}
	o, changed := Order{Receipts: []Receipt{{ID: "a"}, {ID: "z"}}}.WithReceipt(Receipt{ID: "p", Facts: []Fact{base, base}})
	if !changed || len(o.Receipts) != 3 || o.Receipts[1].ID != "p" || len(o.Receipts[1].Facts) != 1 {
		t.Errorf("a new payment: %+v", o.Receipts)
	}
}

func TestWhichUnknownCustomersOrdersAMemberMayClaim(t *testing.T) {
	p := made(t, func(*Program) {})
	now := noon
	for _, c := range []struct {
		placed, joined time.Time
		want           bool
	}{
		{now.Add(-MaxOrderAge), now.Add(-MaxOrderAge), true},
		{now.Add(-MaxOrderAge - 1), now.Add(-MaxOrderAge), false},
		{now.Add(-60 * 24 * time.Hour), now.Add(-59 * 24 * time.Hour), true},
		{now.Add(-60 * 24 * time.Hour), now.Add(-59*24*time.Hour + 1), false},
		{Period{Days: -30}.After(now, p.Zone), now, true},
		{Period{Days: -30}.After(now, p.Zone).Add(-1), now, false},
	} {
		if got := p.Attributable(c.placed, c.joined, now); got != c.want {
			t.Errorf("placed %s, joined %s: %t", c.placed, c.joined, got)
		}
	}
	if got := (PaymentTerms{ClaimWithin: Period{Days: 3}}).Claims(); got != (Period{Days: 3}) {
		t.Errorf("claims within %v", got)
	}
	terms := PaymentTerms{FindBy: []MemberBy{ByEmail}}
	if !terms.FindsBy(ByEmail) || terms.FindsBy(ByCustomer) || !(PaymentTerms{}).FindsBy(ByMetadata) {
		t.Error("payments find their members by other means")
	}
}

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
			kept := slices.ContainsFunc(forOrder.Facts, f.equal)
			if keeps := f.Kind != FactTender || x.Facts[0].Mixed; kept != keeps {
				t.Errorf("%s: the order has %+v: %t", c.name, f, kept)
			}
		}
	}
}

func TestPartsOfAPaymentThatAnotherObjectStates(t *testing.T) {
	parts := func(id string, of, shipping, tax, shippingTax int64) Fact {
		return Fact{Kind: FactParts, ID: id, State: FactDone, Money: eur(of), Shipping: shipping, Tax: tax, ShippingTax: shippingTax}
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
		if got.Shipping != c.shipping || got.Tax != c.tax || got.ShippingTax != c.shippingTax || got.Money != eur(1000) {
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
	card, other, gift, points := Tender{Kind: TenderCard, Amount: 400}, Tender{Kind: TenderOther, Amount: 200}, Tender{Kind: TenderGiftCard, Amount: 300}, Tender{Kind: TenderPoints, Amount: 100}
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
	o.Tenders = []Tender{{Kind: TenderCard, Name: "visa", Amount: 400}, {Kind: TenderGiftCard, Name: "visa", Amount: 300}}
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
