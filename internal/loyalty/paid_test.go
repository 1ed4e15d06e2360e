package loyalty

import (
	"reflect"
	"testing"
	"time"
)

// captured returns a payment of an amount. edit changes its capture.
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
		return Order{ID: "1", Currency: "EUR", Status: Unreported, PlacedAt: noon, Receipts: receipts}
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
		p := made(
			t,
			func(p *Program) { p.Earn.TaxIncluded, p.Payments = c.inside, PaymentTerms{Award: AwardPayments} },
		)
		got := p.Paid(c.order)
		if !reflect.DeepEqual(got.Lines, c.lines) || got.Shipping != c.shipping || got.Tax != c.tax ||
			got.Included != c.included {
			t.Errorf("%s: lines %+v, shipping %d, tax %d, included %d\nwant %+v, %d, %d, %d",
				c.name, got.Lines, got.Shipping, got.Tax, got.Included, c.lines, c.shipping, c.tax, c.included)
		}
		if got.Status != c.status || got.ReportedStatus != Unreported && c.status != Unreported {
			t.Errorf("%s: %s, reported as %q", c.name, got.Status, got.ReportedStatus)
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
			o.Status, o.Receipts = OrderCanceled, []Receipt{captured("p", 1000)}
		}, OrderCanceled},
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
		if want := told; got.ReportedStatus != "" && got.ReportedStatus != want || (got.ReportedStatus != "") != (told != c.want) {
			t.Errorf("%s: reported as %q", c.name, got.ReportedStatus)
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
		return Refund{
			ID:       "/p/",
			At:       at,
			Status:   RefundSucceeded,
			Amount:   amount,
			Shipping: shipping,
			Tax:      tax,
			Goods:    goods,
			Lines:    lines,
		}
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
			t.Errorf(
				"the shop reports %d, the processor %d: %d more are refunded, want %d",
				c.told,
				c.facts[0].Money.Amount,
				got,
				c.want,
			)
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
	o.ReportedStatus = OrderPaid
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
