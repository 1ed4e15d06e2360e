package receipt

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
)

func TestTaxInsideAmounts(t *testing.T) {
	for _, c := range []struct {
		name    string
		o, want loyalty.Order
	}{
		{"without tax", loyalty.Order{Included: 3}, loyalty.Order{Included: 3}},
		{"an order with tax", loyalty.Order{Tax: 5}, loyalty.Order{Included: 5}},
		{
			"a refund with tax",
			loyalty.Order{Refunds: []loyalty.Refund{{Amount: 10, Tax: 2}, {Amount: 7, Included: 1}}},
			loyalty.Order{Refunds: []loyalty.Refund{{Amount: 10, Included: 2, Goods: 10}, {Amount: 7, Included: 1}}},
		},
		{
			"a refund of a line and one of shipping",
			loyalty.Order{
				Refunds: []loyalty.Refund{
					{Amount: 10, Tax: 2, Lines: make([]loyalty.RefundLine, 1)}, {Amount: 10, Tax: 2, Shipping: 4},
				},
			},
			loyalty.Order{
				Refunds: []loyalty.Refund{
					{Amount: 10, Included: 2, Lines: make([]loyalty.RefundLine, 1)},
					{Amount: 10, Included: 2, Shipping: 4},
				},
			},
		},
	} {
		before := fmt.Sprint(c.o)
		got := WithTaxInside(c.o)
		if !reflect.DeepEqual(got, c.want) || !reflect.DeepEqual(WithTaxInside(got), c.want) {
			t.Errorf("%s: %+v", c.name, got)
		}
		if fmt.Sprint(c.o) != before {
			t.Errorf("%s: the order became %+v", c.name, c.o)
		}
	}
	f := loyalty.Fact{Shipping: 10, ShippingTax: 2, Tax: 30, Tip: 400}
	if got := partsOf(f, true); got != (moneyParts{12, 400, 30}) {
		t.Errorf("with the tax included, the parts are %+v", got)
	}
	if got := partsOf(f, false); got != (moneyParts{10, 430, 0}) {
		t.Errorf("without it, the parts are %+v", got)
	}
	l := loyalty.FactLine{Amount: 10, Tax: 2}
	if amount(l, true) != 12 || amount(l, false) != 10 {
		t.Errorf("the amounts are %d and %d", amount(l, true), amount(l, false))
	}
}

func TestStatedPartsOfRefunds(t *testing.T) {
	done := loyalty.RefundSucceeded
	line := func(id string, quantity, amount int64) loyalty.RefundLine {
		return loyalty.RefundLine{ID: id, Quantity: quantity, Amount: amount}
	}
	for _, c := range []struct {
		name string
		r    []loyalty.Refund
		want stated
	}{
		{"none", nil, stated{}},
		{"pending", []loyalty.Refund{{Amount: 9, Status: loyalty.RefundPending}}, stated{}},
		{"of no particular part", []loyalty.Refund{{Amount: 9, Status: done}}, stated{Open: 9}},
		{"of shipping alone", []loyalty.Refund{{Amount: 9, Shipping: 9, Status: done}}, stated{Shipping: 9}},
		{
			"of shipping and more",
			[]loyalty.Refund{{Amount: 9, Shipping: 4, Status: done}},
			stated{Shipping: 4, Goods: 5},
		},
		{"of tax and more", []loyalty.Refund{{Amount: 9, Tax: 2, Status: done}}, stated{Tax: 2, Goods: 7}},
		{
			"of goods and more",
			[]loyalty.Refund{{Amount: 9, Goods: 5, Shipping: 1, Tax: 2, Status: done}},
			stated{Goods: 5, Shipping: 1, Tax: 2, Extra: 1},
		},
		{"of goods alone", []loyalty.Refund{{Amount: 9, Goods: 5, Status: done}}, stated{Goods: 5, Extra: 4}},
		{
			"of lines",
			[]loyalty.Refund{
				{
					Amount: 20, Shipping: 3, Tax: 2, Status: done,
					Lines: []loyalty.RefundLine{line("a", 1, 7), line("b", 2, 4)},
				},
				{Amount: 5, Status: done, Lines: []loyalty.RefundLine{line("a", 1, 5)}},
			},
			stated{
				Lines: map[string]int64{"a": 12, "b": 4}, Units: map[string]int64{"a": 2, "b": 2},
				Shipping: 3, Tax: 2, Extra: 4,
			},
		},
	} {
		if got := StatedRefunds(loyalty.Order{Refunds: c.r}); !reflect.DeepEqual(got, c.want) {
			t.Errorf("refunds %s: %+v", c.name, got)
		}
		sum := int64(0)
		for _, n := range c.want.Lines {
			sum += n
		}
		if got := c.want.ByLine(); got != sum {
			t.Errorf("refunds %s: %d for lines", c.name, got)
		}
	}
	for _, c := range [][3]int64{{1, 2, 1}, {2, 1, 1}, {2, 2, 2}, {-1, 0, -1}} {
		if got := AtMost(exact.Whole(c[0]), exact.Whole(c[1])); got != exact.Whole(c[2]) {
			t.Errorf("the smaller of %d and %d is %s", c[0], c[1], got)
		}
	}
	o := loyalty.Order{Lines: []loyalty.Line{{Amount: 60}, {Amount: 40}}}
	if got := Undiscounted(o); got != exact.Whole(1) {
		t.Errorf("without a discount, %s remains", got)
	}
	if o.Discount = 25; Undiscounted(o) != (exact.Number{Num: 3, Den: 4}) {
		t.Errorf("after a discount, %s remains", Undiscounted(o))
	}
}

func TestOrdersWithInvalidLines(t *testing.T) {
	line := func(id int, quantity, amount int64) loyalty.Line {
		return loyalty.Line{ID: fmt.Sprint(id), Quantity: quantity, Amount: amount}
	}
	many := func(n int, last string) (all []loyalty.Line) {
		for i := range n {
			all = append(all, line(i, 1, 1))
		}
		all[n-1].ID = last
		return all
	}
	most := loyalty.MaxAmount
	for _, c := range []struct {
		name    string
		lines   []loyalty.Line
		code    loyalty.Code
		pointer string
	}{
		{"none", nil, "", ""},
		{"a free line", []loyalty.Line{line(1, 1, 0)}, "", ""},
		{"the largest line", []loyalty.Line{line(1, int64(loyalty.MaxPoints), most)}, "", ""},
		{"without a quantity", []loyalty.Line{line(1, 0, 1)}, loyalty.ValidationFailed, "/line_items/0/quantity"},
		{
			"with too large a quantity",
			[]loyalty.Line{line(1, int64(loyalty.MaxPoints)+1, 1)},
			loyalty.ValidationFailed, "/line_items/0/quantity",
		},
		{
			"with a negative amount",
			[]loyalty.Line{line(1, 1, 1), line(2, 1, -1)},
			loyalty.AmountOutOfRange,
			"/line_items/1/amount",
		},
		{
			"with too large an amount",
			[]loyalty.Line{line(1, 1, most+1)},
			loyalty.AmountOutOfRange,
			"/line_items/0/amount",
		},
		{"with the largest sum", []loyalty.Line{line(1, 1, most-1), line(2, 1, 1)}, "", ""},
		{
			"with too large a sum",
			[]loyalty.Line{line(1, 1, most), line(2, 1, 1)},
			loyalty.AmountOutOfRange,
			"/line_items",
		},
		{
			"with the same ID",
			[]loyalty.Line{line(1, 1, 1), line(2, 1, 1), line(1, 1, 1)},
			loyalty.ValidationFailed,
			"/line_items",
		},
		{"31 lines", many(31, "x"), "", ""},
		{"31 lines with the same ID", many(31, "29"), loyalty.ValidationFailed, "/line_items"},
		{"32 lines", many(32, "x"), "", ""},
		{"32 lines with the same ID", many(32, "0"), loyalty.ValidationFailed, "/line_items"},
		{"the most lines", many(loyalty.MaxLines, "x"), "", ""},
		{"too many lines", many(loyalty.MaxLines+1, "x"), loyalty.ValidationFailed, "/line_items"},
	} {
		loyaltytest.WantRefusal(t, c.name, CheckLines(loyalty.Order{Lines: c.lines}), c.code, c.pointer)
	}
}

func TestMoneyThatEarnsNothing(t *testing.T) {
	o := func(tenders ...loyalty.Tender) loyalty.Order {
		return loyalty.Order{
			Lines: []loyalty.Line{{Amount: 100}}, Discount: 20, Shipping: 5, Tax: 7, Currency: "EUR", Tenders: tenders,
		}
	}
	tender := func(k loyalty.TenderKind, n int64) loyalty.Tender { return loyalty.Tender{Kind: k, Amount: n} }
	for _, c := range []struct {
		name    string
		o       loyalty.Order
		nothing int64
	}{
		{"money", o(tender(loyalty.TenderCard, 92)), 0},
		{
			"points and a gift card",
			o(
				tender(loyalty.TenderPoints, 10), tender(loyalty.TenderGiftCard, 20),
				tender(loyalty.TenderStoreCredit, 3),
			),
			33,
		},
		{"more than the order", o(tender(loyalty.TenderPoints, 10), tender(loyalty.TenderGiftCard, 90)), 92},
	} {
		if got := Unearning(c.o); got != c.nothing || OrderTotal(c.o) != 92 {
			t.Errorf("paid with %s: %d of %d earns nothing", c.name, got, OrderTotal(c.o))
		}
	}
	whole := exact.Whole
	for _, c := range []struct {
		back TenderRefunds
		all  int64
		want int64
	}{
		{TenderRefunds{Sum: whole(0), Unearning: whole(0)}, 92, 62},
		{TenderRefunds{Sum: whole(40), Unearning: whole(10)}, 52, 32},
		{TenderRefunds{Sum: whole(40), Unearning: whole(31)}, 52, 52}, // more than those tenders paid
		{TenderRefunds{Sum: whole(70), Unearning: whole(0)}, 22, 0},
	} {
		paid := o(tender(loyalty.TenderGiftCard, 30))
		if all, earning := RemainingMoney(&paid, c.back); all != whole(c.all) || earning != whole(c.want) {
			t.Errorf("after %+v, %s remains and %s earns", c.back, all, earning)
		}
	}
	s := &loyalty.OrderState{Shares: []loyalty.Share{{Rule: "a", Used: 1}, {Rule: "b", Used: 2}}}
	for rule, want := range map[string]loyalty.Points{"a": 1, "b": 2, "c": 0} {
		if got := ShareOf(s, rule); got.Used != want || got.Rule != rule {
			t.Errorf("the share of %s is %+v", rule, got)
		}
	}
	if _, ok := ConversionRate(s); ok {
		t.Error("an order without a rate is converted")
	}
	s.Rate = "1.5"
	if got, ok := ConversionRate(s); !ok || got != (exact.Number{Num: 3, Den: 2}) {
		t.Errorf("the rate is %s, %t", got, ok)
	}
}

func TestRefundsOfTenders(t *testing.T) {
	card, blue := loyalty.Tender{Kind: loyalty.TenderCard, Amount: 60}, loyalty.Tender{
		Kind: loyalty.TenderGiftCard, Name: "blue", Amount: 40,
	}
	other := loyalty.Tender{Kind: loyalty.TenderCard, Name: "blue", Amount: 10}
	for _, c := range []struct {
		name    string
		tenders []loyalty.Tender
		refunds []loyalty.Refund
		code    loyalty.Code
		pointer string
	}{
		{"all of a tender", []loyalty.Tender{card, blue}, []loyalty.Refund{{Tender: "card", Amount: 60}}, "", ""},
		{
			"more than a tender",
			[]loyalty.Tender{card, blue},
			[]loyalty.Refund{{Tender: "card", Amount: 61}},
			loyalty.RefundExceedsPayment, "/refunds",
		},
		{
			"more than a tender in two " +
				"parts",
			[]loyalty.Tender{card},
			[]loyalty.Refund{{Tender: "card", Amount: 60}, {Tender: "card", Amount: 1}},
			loyalty.RefundExceedsPayment,
			"/refunds",
		},
		{
			"more than a tender that " +
				"failed",
			[]loyalty.Tender{card},
			[]loyalty.Refund{{Tender: "card", Amount: 61, Status: loyalty.RefundFailed}},
			loyalty.RefundExceedsPayment,
			"/refunds",
		},
		{
			"of an unknown tender",
			[]loyalty.Tender{card},
			[]loyalty.Refund{{Amount: 500}, {Tender: "gold", Amount: 1}},
			loyalty.ValidationFailed,
			"/refunds/1/tender",
		},
		{
			"of two tenders of one name that earn " +
				"differently",
			[]loyalty.Tender{blue, other},
			[]loyalty.Refund{{Tender: "blue", Amount: 1}},
			loyalty.ValidationFailed, "/refunds/0/tender",
		},
		{
			"of two tenders of one name",
			[]loyalty.Tender{card, other},
			[]loyalty.Refund{{Tender: "card", Amount: 70}},
			"", "",
		},
	} {
		for i := range c.refunds {
			if c.refunds[i].Status == "" {
				c.refunds[i].Status = loyalty.RefundSucceeded
			}
		}
		o := loyalty.Order{
			Lines: []loyalty.Line{{Amount: 500}}, Currency: "EUR", Tenders: c.tenders, Refunds: c.refunds,
		}
		loyaltytest.WantRefusal(t, c.name, CheckRefundTenders(&o), c.code, c.pointer)
	}
}

// A payment is attributed to a member if it is not too old, and either was made after the member joined or can still be
// claimed.
func TestPaymentsThatCanBeAttributed(t *testing.T) {
	now := loyaltytest.Noon
	age := func(d time.Duration) time.Time { return now.Add(-d) }
	day := 24 * time.Hour
	for _, c := range []struct {
		name           string
		placed, joined time.Time
		want           bool
	}{
		{"after joining", age(60 * day), age(61 * day), true},
		{"shortly before joining", age(60 * day), age(60*day - loyalty.JoinGrace), true},
		{"before joining, too late to claim", age(60 * day), age(60*day - loyalty.JoinGrace - 1), false},
		{"before joining, in time to claim", age(30 * day), now, true},
		{"before joining, just too late to claim", age(30*day + 1), now, false},
		{"at the maximum age", age(loyalty.MaxOrderAge), age(loyalty.MaxOrderAge), true},
		{"beyond the maximum age", age(loyalty.MaxOrderAge + 1), age(loyalty.MaxOrderAge + 1), false},
	} {
		if got := Attributable(&loyalty.PaymentTerms{}, time.UTC, c.placed, c.joined, now); got != c.want {
			t.Errorf("a payment %s is attributed: %t", c.name, got)
		}
	}
}

func TestTendersThatNoOrderMayHave(t *testing.T) {
	tender := func(k loyalty.TenderKind, n int64) loyalty.Tender { return loyalty.Tender{Kind: k, Amount: n} }
	for _, c := range []struct {
		name    string
		tenders []loyalty.Tender
		code    loyalty.Code
		pointer string
	}{
		{"none", nil, "", ""},
		{
			"all of the total",
			[]loyalty.Tender{tender(loyalty.TenderCard, 60), tender(loyalty.TenderPoints, 40)},
			"",
			"",
		},
		{
			"more than the total",
			[]loyalty.Tender{tender(loyalty.TenderCard, 60), tender(loyalty.TenderPoints, 41)},
			loyalty.ValidationFailed, "/tenders",
		},
		{"an unknown kind", []loyalty.Tender{tender("coins", 1)}, loyalty.ValidationFailed, "/tenders/0/kind"},
		{
			"a negative amount",
			[]loyalty.Tender{tender(loyalty.TenderCash, 1), tender(loyalty.TenderOther, -1)},
			loyalty.AmountOutOfRange, "/tenders/1/amount",
		},
	} {
		o := loyalty.Order{Lines: []loyalty.Line{{Amount: 100}}, Currency: "EUR", Tenders: c.tenders}
		loyaltytest.WantRefusal(t, c.name, CheckTenders(o), c.code, c.pointer)
	}
}

// An order awards when the reported money covers what no other tender paid.
func TestStatusOfOrdersByPayments(t *testing.T) {
	order := func(captured int64, tenders ...loyalty.Tender) loyalty.Order {
		o := loyalty.Order{Lines: []loyalty.Line{{Amount: 100}}, Currency: "EUR", Tenders: tenders}
		if captured > 0 {
			o.Receipts = []loyalty.Receipt{loyaltytest.Captured("p", captured)}
		}
		return o
	}
	cash := func(n int64) loyalty.Tender { return loyalty.Tender{Kind: loyalty.TenderCash, Amount: n} }
	card := loyalty.Tender{Kind: loyalty.TenderCard, Amount: 60}
	other := loyalty.Tender{Kind: loyalty.TenderOther, Amount: 60}
	reported := loyalty.Tender{Kind: loyalty.TenderGiftCard, Amount: 60, Reported: true}
	for _, c := range []struct {
		name     string
		award    loyalty.Award
		reported loyalty.OrderStatus
		o        loyalty.Order
		want     loyalty.OrderStatus
	}{
		{"orders that the merchant reports", loyalty.AwardOrders, loyalty.OrderPaid, order(0), loyalty.OrderPaid},
		{"a canceled order", loyalty.AwardPayments, loyalty.OrderCanceled, order(100), loyalty.OrderCanceled},
		{"a payment alone", loyalty.AwardPayments, loyalty.Unreported, order(1), loyalty.OrderPaid},
		{"no payment", loyalty.AwardPayments, loyalty.Unreported, order(0), loyalty.OrderPlaced},
		{"a payment alone that does not " +
			"award", loyalty.AwardOrdersWhenPaid, loyalty.Unreported, order(100), loyalty.OrderPlaced},
		{"the whole total", loyalty.AwardOrdersWhenPaid, loyalty.OrderPlaced, order(100), loyalty.OrderPaid},
		{"less than the total", loyalty.AwardPayments, loyalty.OrderPaid, order(99), loyalty.OrderPlaced},
		{"the rest after cash", loyalty.AwardPayments, loyalty.OrderPlaced, order(60, cash(40)), loyalty.OrderPaid},
		{
			"less than the rest after cash", loyalty.AwardPayments, loyalty.OrderPlaced, order(59, cash(40)),
			loyalty.OrderPlaced,
		},
		{"cash alone", loyalty.AwardPayments, loyalty.OrderPaid, order(0, cash(100)), loyalty.OrderPaid},
		{"nearly all cash", loyalty.AwardPayments, loyalty.OrderPaid, order(0, cash(99)), loyalty.OrderPlaced},
		{"a card that is not reported", loyalty.AwardPayments, loyalty.OrderPaid, order(40, card), loyalty.OrderPlaced},
		{"another tender that is not " +
			"reported", loyalty.AwardPayments, loyalty.OrderPaid, order(40, other), loyalty.OrderPlaced},
		{"a gift card that a payment " +
			"reports", loyalty.AwardPayments, loyalty.OrderPaid, order(40, reported), loyalty.OrderPlaced},
	} {
		if got := status(loyalty.PaymentTerms{Award: c.award}, c.reported, c.o); got != c.want {
			t.Errorf("%s: %s", c.name, got)
		}
	}
}

func TestRefundsThatStateParts(t *testing.T) {
	for _, c := range []struct {
		f    loyalty.Fact
		want bool
	}{
		{loyalty.Fact{}, false},
		{loyalty.Fact{Lines: make([]loyalty.FactLine, 1)}, true},
		{loyalty.Fact{Shipping: 1}, true},
		{loyalty.Fact{Tax: 1}, true},
		{loyalty.Fact{Tip: 1}, true},
	} {
		if got := statesParts(c.f); got != c.want {
			t.Errorf("%+v states parts: %t", c.f, got)
		}
	}
	o := loyalty.Order{
		Lines:    []loyalty.Line{{ID: "a", Amount: 60}, {ID: "b", Amount: 40}},
		Discount: 20, Shipping: 9, Tax: 7,
		Refunds: []loyalty.Refund{{
			Amount: 30, Shipping: 2, Tax: 1, Goods: 5, Status: loyalty.RefundSucceeded,
			Lines: []loyalty.RefundLine{{ID: "a", Amount: 8}, {ID: "b", Amount: 33}},
		}},
	}
	want := refundable{lines: map[string]int64{"a": 40, "b": 0}, goods: 34, shipping: 7, tax: 6}
	if got := refundableOf(&o); !reflect.DeepEqual(got, want) {
		t.Errorf("the refundable parts are %+v", got)
	}
}
