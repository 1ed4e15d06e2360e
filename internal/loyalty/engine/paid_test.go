package engine

import (
	"reflect"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
)

func TestOrderOfPaymentsAlone(t *testing.T) {
	unreported := func(receipts ...loyalty.Receipt) loyalty.Order {
		return loyalty.Order{ID: "1", Currency: "EUR", Status: loyalty.Unreported, PlacedAt: noon, Receipts: receipts}
	}
	for _, c := range []struct {
		name                    string
		inside                  bool
		order                   loyalty.Order
		lines                   []loyalty.Line
		shipping, tax, included int64
		status                  loyalty.OrderStatus
	}{
		{
			"goods alone", false, unreported(captured("p", 1000)),
			[]loyalty.Line{{ID: "/p", Quantity: 1, Amount: 1000}},
			0, 0, 0, loyalty.OrderPaid,
		},
		{
			"goods, shipping, tax and a tip", false,
			unreported(
				captured(
					"p", 1000, func(f *loyalty.Fact) { f.Shipping, f.Tax, f.Tip, f.ShippingTax = 100, 150, 50, 19 },
				),
			),
			[]loyalty.Line{{ID: "/p", Quantity: 1, Amount: 700}},
			100, 200, 0, loyalty.OrderPaid,
		},
		{
			"amounts that include the tax", true,
			unreported(
				captured(
					"p", 1000, func(f *loyalty.Fact) { f.Shipping, f.Tax, f.Tip, f.ShippingTax = 100, 150, 50, 19 },
				),
			),
			[]loyalty.Line{{ID: "/p", Quantity: 1, Amount: 831}},
			119, 50, 150, loyalty.OrderPaid,
		},
		{
			"shipping of more than was paid", false,
			unreported(captured("p", 1000, func(f *loyalty.Fact) { f.Shipping, f.Tax = 1500, 100 })),
			[]loyalty.Line{{ID: "/p", Quantity: 1}},
			1000, 0, 0, loyalty.OrderPaid,
		},
		{
			"parts below zero", false,
			unreported(
				captured("p", 1000, func(f *loyalty.Fact) { f.Shipping, f.Tax, f.Tip, f.ShippingTax = -1, -1, -1, -1 }),
			),
			[]loyalty.Line{{ID: "/p", Quantity: 1, Amount: 1000}},
			0, 0, 0, loyalty.OrderPaid,
		},
		{
			"included tax of more than was paid", true,
			unreported(captured("p", 1000, func(f *loyalty.Fact) { f.Tax, f.Tip = 2000, 100 })),
			[]loyalty.Line{{ID: "/p", Quantity: 1, Amount: 900}},
			0, 100, 900, loyalty.OrderPaid,
		},
		{
			"gift cards that were sold", false,
			unreported(captured("p", 1000, func(f *loyalty.Fact) {
				f.Lines = []loyalty.FactLine{{ID: "g", Quantity: 2, Amount: 300}, {ID: "h", Amount: 900}}
			})),
			[]loyalty.Line{
				{ID: "/p/g", Quantity: 2, Amount: 300},
				{ID: "/p/h", Quantity: 1, Amount: 700},
				{ID: "/p", Quantity: 1},
			},
			0, 0, 0, loyalty.OrderPaid,
		},
		{
			"two payments", false,
			unreported(captured("p", 1000), captured("q", 500, func(f *loyalty.Fact) { f.Shipping = 500 })),
			[]loyalty.Line{{ID: "/p", Quantity: 1, Amount: 1000}, {ID: "/q", Quantity: 1}},
			500, 0, 0, loyalty.OrderPaid,
		},
		{"a payment of nothing", false, unreported(captured("p", 0)), nil, 0, 0, 0, loyalty.OrderPlaced},
		{
			"a pending payment", false,
			unreported(captured("p", 1000, func(f *loyalty.Fact) { f.State = loyalty.FactPending })), nil, 0, 0, 0,
			loyalty.OrderPlaced,
		},
		{
			"a payment in another currency", false,
			unreported(captured("p", 1000, func(f *loyalty.Fact) { f.Money.Currency = "USD" })), nil, 0, 0, 0,
			loyalty.OrderPlaced,
		},
	} {
		p := made(
			t,
			func(p *loyalty.Program) {
				p.Earn.TaxIncluded, p.Payments = c.inside, loyalty.PaymentTerms{Award: loyalty.AwardPayments}
			},
		)
		got := receipt.Paid(&p.Earn, &p.Payments, c.order)
		if !reflect.DeepEqual(got.Lines, c.lines) || got.Shipping != c.shipping || got.Tax != c.tax ||
			got.Included != c.included {
			t.Errorf("%s: lines %+v, shipping %d, tax %d, included %d\nwant %+v, %d, %d, %d",
				c.name, got.Lines, got.Shipping, got.Tax, got.Included, c.lines, c.shipping, c.tax, c.included)
		}
		if got.Status != c.status || got.ReportedStatus != loyalty.Unreported && c.status != loyalty.Unreported {
			t.Errorf("%s: %s, reported as %q", c.name, got.Status, got.ReportedStatus)
		}
		if again := receipt.Paid(&p.Earn, &p.Payments, got); !reflect.DeepEqual(again, got) {
			t.Errorf("%s: applied again %+v, want %+v", c.name, again, got)
		}
	}
}

func TestStatusOfAnOrderByItsPayments(t *testing.T) {
	for _, c := range []struct {
		name  string
		award loyalty.Award
		edit  func(*loyalty.Order)
		want  loyalty.OrderStatus
	}{
		{"orders award by themselves", loyalty.AwardOrders, func(*loyalty.Order) {}, loyalty.OrderPaid},
		{"without money", loyalty.AwardOrdersWhenPaid, func(*loyalty.Order) {}, loyalty.OrderPlaced},
		{
			"a cent too little", loyalty.AwardOrdersWhenPaid,
			func(o *loyalty.Order) { o.Receipts = []loyalty.Receipt{captured("p", 999)} }, loyalty.OrderPlaced,
		},
		{
			"all of the money", loyalty.AwardOrdersWhenPaid,
			func(o *loyalty.Order) { o.Receipts = []loyalty.Receipt{captured("p", 1000)} }, loyalty.OrderPaid,
		},
		{
			"by two payments", loyalty.AwardPayments,
			func(o *loyalty.Order) { o.Receipts = []loyalty.Receipt{captured("p", 400), captured("q", 600)} },
			loyalty.OrderPaid,
		},
		{"placed, but paid", loyalty.AwardPayments, func(o *loyalty.Order) {
			o.Status, o.Receipts = loyalty.OrderPlaced, []loyalty.Receipt{captured("p", 1000)}
		}, loyalty.OrderPaid},
		{"canceled, but paid", loyalty.AwardPayments, func(o *loyalty.Order) {
			o.Status, o.Receipts = loyalty.OrderCanceled, []loyalty.Receipt{captured("p", 1000)}
		}, loyalty.OrderCanceled},
		{"the rest in cash", loyalty.AwardOrdersWhenPaid, func(o *loyalty.Order) {
			o.Tenders, o.Receipts = []loyalty.Tender{
				{Kind: loyalty.TenderCash, Amount: 400},
			}, []loyalty.Receipt{captured("p", 600)}
		}, loyalty.OrderPaid},
		{"the rest by card, which must be reported", loyalty.AwardOrdersWhenPaid, func(o *loyalty.Order) {
			o.Tenders, o.Receipts = []loyalty.Tender{
				{Kind: loyalty.TenderCard, Amount: 400},
			}, []loyalty.Receipt{captured("p", 600)}
		}, loyalty.OrderPlaced},
		{"the rest by other means, which must be reported", loyalty.AwardOrdersWhenPaid, func(o *loyalty.Order) {
			o.Tenders, o.Receipts = []loyalty.Tender{
				{Kind: loyalty.TenderOther, Amount: 400},
			}, []loyalty.Receipt{captured("p", 600)}
		}, loyalty.OrderPlaced},
		{
			"all in cash", loyalty.AwardOrdersWhenPaid,
			func(o *loyalty.Order) { o.Tenders = []loyalty.Tender{{Kind: loyalty.TenderCash, Amount: 1000}} },
			loyalty.OrderPaid,
		},
		{"all in cash and not paid", loyalty.AwardOrdersWhenPaid, func(o *loyalty.Order) {
			o.Status, o.Tenders = loyalty.OrderPlaced, []loyalty.Tender{{Kind: loyalty.TenderCash, Amount: 1000}}
		}, loyalty.OrderPlaced},
	} {
		p := made(t, func(p *loyalty.Program) { p.Payments.Award = c.award })
		o := paid("EUR", loyalty.Line{Amount: 1000})
		c.edit(&o)
		reported := o.Status
		got := receipt.Paid(&p.Earn, &p.Payments, o)
		if got.Status != c.want {
			t.Errorf("%s: %s, want %s", c.name, got.Status, c.want)
		}
		if want := reported; got.ReportedStatus != "" && got.ReportedStatus != want ||
			(got.ReportedStatus != "") != (reported != c.want) {
			t.Errorf("%s: reported as %q", c.name, got.ReportedStatus)
		}
	}
}

func TestRefundsOfPayments(t *testing.T) {
	at := noon.Add(time.Hour)
	order := func(facts ...loyalty.Fact) loyalty.Order {
		o := paid("EUR", loyalty.Line{Amount: 600}, loyalty.Line{Amount: 200})
		o.Shipping, o.Tax = 100, 100
		o.Receipts = []loyalty.Receipt{
			receipt.WithFacts(loyalty.Receipt{ID: "p"}, append(facts, captured("p", 1000).Facts...)),
		}
		return o
	}
	stated := func(amount, shipping, tax, goods int64, lines ...loyalty.RefundLine) loyalty.Refund {
		return loyalty.Refund{
			ID:       "/p/",
			At:       at,
			Status:   loyalty.RefundSucceeded,
			Amount:   amount,
			Shipping: shipping,
			Tax:      tax,
			Goods:    goods,
			Lines:    lines,
		}
	}
	sum := func(amount int64) loyalty.Refund {
		return loyalty.Refund{ID: "/p", At: at, Status: loyalty.RefundSucceeded, Amount: amount}
	}
	for _, c := range []struct {
		name  string
		order loyalty.Order
		want  []loyalty.Refund
	}{
		{"none", order(), nil},
		{"a sum", order(backFact("r", 300)), []loyalty.Refund{sum(300)}},
		{"more than was paid", order(backFact("r", 1001)), []loyalty.Refund{sum(1000)}},
		{"pending and failed", order(
			backFact("r", 300, func(f *loyalty.Fact) { f.State = loyalty.FactPending }),
			backFact("s", 300, func(f *loyalty.Fact) { f.State = loyalty.FactFailed }),
		), nil},
		{
			"shipping", order(backFact("r", 100, func(f *loyalty.Fact) { f.Shipping = 100 })),
			[]loyalty.Refund{stated(100, 100, 0, 0)},
		},
		{
			"more shipping than the order has", order(backFact("r", 300, func(f *loyalty.Fact) { f.Shipping = 300 })),
			[]loyalty.Refund{stated(300, 100, 0, 0)},
		},
		{
			"more shipping than the refund", order(backFact("r", 50, func(f *loyalty.Fact) { f.Shipping = 80 })),
			[]loyalty.Refund{stated(50, 50, 0, 0)},
		},
		{
			"tax and a tip", order(backFact("r", 90, func(f *loyalty.Fact) { f.Tax, f.Tip = 30, 20 })),
			[]loyalty.Refund{stated(90, 0, 50, 0)},
		},
		{
			"a line",
			order(
				backFact(
					"r", 150,
					func(f *loyalty.Fact) { f.Lines = []loyalty.FactLine{{ID: "2", Quantity: 1, Amount: 150}} },
				),
			),
			[]loyalty.Refund{
				stated(150, 0, 0, 0, loyalty.RefundLine{ID: "2", Quantity: 1, Amount: 150}),
			},
		},
		{
			"more of a line than it cost",
			order(
				backFact(
					"r", 300,
					func(f *loyalty.Fact) { f.Lines = []loyalty.FactLine{{ID: "2", Quantity: 1, Amount: 300}} },
				),
			),
			[]loyalty.Refund{
				stated(300, 0, 0, 0, loyalty.RefundLine{ID: "2", Quantity: 1, Amount: 200}),
			},
		},
		{
			"a line of nothing",
			order(backFact("r", 100, func(f *loyalty.Fact) { f.Lines = []loyalty.FactLine{{ID: "2", Quantity: 1}} })),
			[]loyalty.Refund{stated(100, 0, 0, 0)},
		},
		{"a line that the order does not have", order(backFact("r", 150, func(f *loyalty.Fact) {
			f.Lines = []loyalty.FactLine{{ID: "9", Quantity: 1, Amount: 150}}
		})), []loyalty.Refund{stated(150, 0, 0, 150)}},
		{"a line twice", order(
			backFact(
				"r", 150, func(f *loyalty.Fact) { f.Lines = []loyalty.FactLine{{ID: "2", Quantity: 1, Amount: 150}} },
			),
			backFact(
				"s", 150, func(f *loyalty.Fact) { f.Lines = []loyalty.FactLine{{ID: "2", Quantity: 1, Amount: 150}} },
			),
		), []loyalty.Refund{
			stated(
				300, 0, 0, 0, loyalty.RefundLine{ID: "2", Quantity: 1, Amount: 150},
				loyalty.RefundLine{ID: "2", Quantity: 1, Amount: 50},
			),
		}},
		{
			"more stated than was paid", order(backFact("r", 1001, func(f *loyalty.Fact) { f.Shipping = 100 })),
			[]loyalty.Refund{sum(1000)},
		},
		{
			"one stated, one not",
			order(backFact("r", 50, func(f *loyalty.Fact) { f.Shipping = 50 }), backFact("s", 70)),
			[]loyalty.Refund{stated(50, 50, 0, 0), sum(70)},
		},
		{"in another currency", order(backFact("r", 300, func(f *loyalty.Fact) { f.Money.Currency = "USD" })), nil},
	} {
		p := made(t, func(*loyalty.Program) {})
		got := receipt.Paid(&p.Earn, &p.Payments, c.order)
		if len(got.Refunds)+len(c.want) > 0 && !reflect.DeepEqual(got.Refunds, c.want) {
			t.Errorf("%s: %+v\nwant %+v", c.name, got.Refunds, c.want)
		}
		if again := receipt.Paid(&p.Earn, &p.Payments, got); !reflect.DeepEqual(again, got) {
			t.Errorf("%s: applied again %+v", c.name, again.Refunds)
		}
	}
}

func TestRefundThatBothReportCountsOnce(t *testing.T) {
	p := made(t, func(*loyalty.Program) {})
	for _, c := range []struct {
		reported int64
		facts    []loyalty.Fact
		want     int64
	}{
		{300, []loyalty.Fact{backFact("r", 300)}, 0},
		{300, []loyalty.Fact{backFact("r", 301)}, 1},
		{301, []loyalty.Fact{backFact("r", 300)}, 0},
		{900, []loyalty.Fact{backFact("r", 950)}, 50},
		{0, []loyalty.Fact{backFact("r", 400, func(f *loyalty.Fact) { f.Shipping = 1 })}, 400},
	} {
		o := paid("EUR", loyalty.Line{Amount: 1000})
		o.Receipts = []loyalty.Receipt{
			receipt.WithFacts(loyalty.Receipt{ID: "p"}, append(c.facts, captured("p", 1000).Facts...)),
		}
		pending := back("pending", 500)
		pending.Status = loyalty.RefundPending
		o.Refunds = []loyalty.Refund{back("m", c.reported), pending}
		got := int64(0)
		for _, r := range receipt.Paid(&p.Earn, &p.Payments, o).Refunds[2:] {
			got += r.Amount
		}
		if got != c.want {
			t.Errorf(
				"the shop reports %d, the processor %d: %d more are refunded, want %d",
				c.reported,
				c.facts[0].Money.Amount,
				got,
				c.want,
			)
		}
	}
	o := paid("EUR", loyalty.Line{Amount: 1000}) // without a capture, and from two payments
	o.Receipts = []loyalty.Receipt{
		{ID: "p", Facts: []loyalty.Fact{backFact("r", 700)}}, {ID: "q", Facts: []loyalty.Fact{backFact("r", 700)}},
	}
	if got := receipt.Paid(&p.Earn, &p.Payments, o).Refunds; len(got) != 2 || got[0].Amount != 700 ||
		got[1].Amount != 300 {
		t.Errorf("no more is refunded than was paid: %+v", got)
	}
	o.Receipts = []loyalty.Receipt{
		{ID: "p", Facts: []loyalty.Fact{backFact("r", 700)}}, {ID: "q", Facts: []loyalty.Fact{backFact("r", 200)}},
	}
	o.Refunds = []loyalty.Refund{back("m", 800)} // 700 of p and 100 of q
	if got := receipt.Paid(&p.Earn, &p.Payments, o).Refunds; len(got) != 2 || got[1].ID != "/q" ||
		got[1].Amount != 100 {
		t.Errorf("what the shop reports is of the first payments: %+v", got)
	}
}

func TestRefundsOfTaxIncludedPayments(t *testing.T) {
	p := made(t, func(p *loyalty.Program) { p.Earn.TaxIncluded = true })
	o := paid("EUR", loyalty.Line{Amount: 800})
	o.Shipping, o.Tax = 200, 150
	refund := backFact("r", 500, func(f *loyalty.Fact) { f.Shipping, f.ShippingTax, f.Tax = 100, 19, 80 })
	lines := backFact(
		"s", 100, func(f *loyalty.Fact) { f.Lines = []loyalty.FactLine{{ID: "1", Quantity: 1, Amount: 70, Tax: 13}} },
	)
	o.Receipts = []loyalty.Receipt{
		receipt.WithFacts(
			loyalty.Receipt{ID: "p"}, append([]loyalty.Fact{refund, lines}, captured("p", 1000).Facts...),
		),
	}
	o.Refunds = []loyalty.Refund{
		{ID: "m", Status: loyalty.RefundSucceeded, Amount: 10, Tax: 2},
		{ID: "n", Status: loyalty.RefundFailed, Amount: 30},
		{ID: "o", Status: loyalty.RefundFailed, Amount: 30, Shipping: 30, Tax: 5},
		{
			ID: "q", Status: loyalty.RefundFailed, Amount: 5, Tax: 1,
			Lines: []loyalty.RefundLine{{ID: "1", Quantity: 1, Amount: 5}},
		},
	}
	o.ReportedStatus = loyalty.OrderPaid
	got := receipt.Paid(&p.Earn, &p.Payments, o)
	if got.Tax != 0 || got.Included != 150 || o.Refunds[0].Tax != 2 {
		t.Errorf("tax %d, included %d", got.Tax, got.Included)
	}
	want := []loyalty.Refund{
		{ID: "m", Status: loyalty.RefundSucceeded, Amount: 10, Goods: 10, Included: 2},
		{ID: "n", Status: loyalty.RefundFailed, Amount: 30},
		{ID: "o", Status: loyalty.RefundFailed, Amount: 30, Shipping: 30, Included: 5},
		{
			ID: "q", Status: loyalty.RefundFailed, Amount: 5, Included: 1,
			Lines: []loyalty.RefundLine{{ID: "1", Quantity: 1, Amount: 5}},
		},
		{ID: "/p", At: noon.Add(time.Hour), Status: loyalty.RefundSucceeded, Amount: 590},
	}
	if !reflect.DeepEqual(got.Refunds, want) {
		t.Errorf("%+v\nwant %+v", got.Refunds, want)
	}
	o.Refunds = nil
	want = []loyalty.Refund{{
		ID: "/p/", At: noon.Add(time.Hour), Status: loyalty.RefundSucceeded, Amount: 600, Shipping: 119, Goods: 381,
		Included: 80,
		Lines:    []loyalty.RefundLine{{ID: "1", Quantity: 1, Amount: 83}},
	}}
	if got := receipt.Paid(&p.Earn, &p.Payments, o).Refunds; !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	o.Refunds, o.Tax = nil, 0
	if got := receipt.Paid(&p.Earn, &p.Payments, o); got.Included != 0 {
		t.Errorf("an order without tax includes %d", got.Included)
	}
}

func TestDisputesOfPayments(t *testing.T) {
	p := made(t, func(*loyalty.Program) {})
	o := paid("EUR", loyalty.Line{Amount: 1000})
	dispute := func(id string, state loyalty.FactState, money loyalty.Money) loyalty.Fact {
		return loyalty.Fact{Kind: loyalty.FactDispute, ID: id, State: state, Money: money, At: noon}
	}
	o.Receipts = []loyalty.Receipt{{ID: "p", Facts: []loyalty.Fact{
		dispute("a", loyalty.FactOpen, eur(300)), dispute("b", loyalty.FactWon, eur(1000)),
		dispute("c", loyalty.FactLost, eur(1001)),
		dispute("d", loyalty.FactPending, eur(300)),
		dispute("e", loyalty.FactOpen, loyalty.Money{Amount: 300, Currency: "USD"}),
		{Kind: loyalty.FactRefund, ID: "f", State: loyalty.FactOpen, Money: eur(300)},
	}}}
	want := []loyalty.Dispute{
		{ID: "/p/a", At: noon, Status: loyalty.DisputeOpen, Amount: 300},
		{ID: "/p/b", At: noon, Status: loyalty.DisputeWon, Amount: 1000},
		{ID: "/p/c", At: noon, Status: loyalty.DisputeLost, Amount: 1000},
	}
	got := receipt.Paid(&p.Earn, &p.Payments, o)
	if !reflect.DeepEqual(got.Disputes, want) {
		t.Errorf("%+v\nwant %+v", got.Disputes, want)
	}
	got.Disputes = append(got.Disputes, loyalty.Dispute{ID: "mine", At: noon, Status: loyalty.DisputeOpen, Amount: 1})
	if again := receipt.Paid(&p.Earn, &p.Payments, got).Disputes; len(again) != 4 || again[0].ID != "mine" {
		t.Errorf("applied again %+v", again)
	}
}

func TestWhichUnknownCustomersOrdersAMemberMayClaim(t *testing.T) {
	p := made(t, func(*loyalty.Program) {})
	now := noon
	for _, c := range []struct {
		placed, joined time.Time
		want           bool
	}{
		{now.Add(-loyalty.MaxOrderAge), now.Add(-loyalty.MaxOrderAge), true},
		{now.Add(-loyalty.MaxOrderAge - 1), now.Add(-loyalty.MaxOrderAge), false},
		{now.Add(-60 * 24 * time.Hour), now.Add(-59 * 24 * time.Hour), true},
		{now.Add(-60 * 24 * time.Hour), now.Add(-59*24*time.Hour + 1), false},
		{calendar.Period{Days: -30}.After(now, p.Zone), now, true},
		{calendar.Period{Days: -30}.After(now, p.Zone).Add(-1), now, false},
	} {
		if got := receipt.Attributable(&p.Payments, p.Zone, c.placed, c.joined, now); got != c.want {
			t.Errorf("placed %s, joined %s: %t", c.placed, c.joined, got)
		}
	}
	if got := (loyalty.PaymentTerms{
		ClaimWithin: calendar.Period{Days: 3},
	}).Claims(); got != (calendar.Period{Days: 3}) {
		t.Errorf("claims within %v", got)
	}
	terms := loyalty.PaymentTerms{FindBy: []loyalty.MemberBy{loyalty.ByEmail}}
	if !receipt.FindsBy(terms, loyalty.ByEmail) || receipt.FindsBy(terms, loyalty.ByCustomer) ||
		!receipt.FindsBy((loyalty.PaymentTerms{}), loyalty.ByMetadata) {
		t.Error("payments find their members by other means")
	}
}
