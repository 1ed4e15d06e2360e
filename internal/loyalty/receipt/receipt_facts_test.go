package receipt

import (
	"reflect"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
)

func TestMoneyThatAReceiptReports(t *testing.T) {
	of := func(facts ...loyalty.Fact) loyalty.Receipt { return WithFacts(loyalty.Receipt{ID: "p"}, facts) }
	usd := func(f *loyalty.Fact) { f.Money.Currency = "USD" }
	capture := func(id string, cents int64, at time.Time, edit ...func(*loyalty.Fact)) loyalty.Fact {
		f := loyaltytest.Captured("p", cents, edit...).Facts[0]
		f.ID, f.At = id, at
		return f
	}
	x := of(
		capture("a", 300, loyaltytest.Noon.Add(time.Hour)), capture("b", 200, loyaltytest.Noon),
		capture("c", 100, loyaltytest.Noon.Add(-1), usd),
	)
	if sum, at, ok := Captured(x); sum != loyaltytest.Eur(500) || !at.Equal(loyaltytest.Noon) || !ok {
		t.Errorf("captured %v at %s, %t", sum, at, ok)
	}
	if n := ForeignFacts(x); n != 1 {
		t.Errorf("%d reports are in another currency", n)
	}
	if _, _, ok := Captured(of(loyaltytest.BackFact("r", 1))); ok ||
		ForeignFacts(of(loyaltytest.BackFact("r", 1))) != 0 ||
		Excess(of(loyaltytest.BackFact("r", 1))) != 0 {
		t.Error("nothing was captured")
	}
	for refunded, want := range map[int64]int64{499: 0, 500: 0, 501: 1} {
		if got := Excess(WithFacts(x, []loyalty.Fact{loyaltytest.BackFact("r", refunded)})); got != want {
			t.Errorf("%d went back, %d too much, want %d", refunded, got, want)
		}
	}
	for _, c := range []struct {
		name string
		x    loyalty.Receipt
		want int64
	}{
		{"none", of(capture("a", 300, loyaltytest.Noon)), 0},
		{"stated", of(capture("a", 300, loyaltytest.Noon, func(f *loyalty.Fact) { f.GiftCard = 100 })), 100},
		{
			"stated above the capture",
			of(
				capture("a", 300, loyaltytest.Noon, func(f *loyalty.Fact) { f.GiftCard = 400 }),
				capture("b", 50, loyaltytest.Noon),
			),
			300,
		},
		{
			"reported alone",
			of(
				capture("a", 300, loyaltytest.Noon),
				loyalty.Fact{Kind: loyalty.FactGiftCard, ID: "g", State: loyalty.FactDone, Money: loyaltytest.Eur(120)},
			),
			120,
		},
		{"reported and stated", of(capture("a", 300, loyaltytest.Noon, func(f *loyalty.Fact) { f.GiftCard = 100 }),
			loyalty.Fact{
				Kind: loyalty.FactGiftCard, ID: "g", State: loyalty.FactDone, Money: loyaltytest.Eur(120),
			}), 120},
		{"reported above what was captured", of(capture("a", 300, loyaltytest.Noon),
			loyalty.Fact{Kind: loyalty.FactGiftCard, ID: "g", State: loyalty.FactDone, Money: loyaltytest.Eur(200)},
			loyalty.Fact{
				Kind: loyalty.FactGiftCard, ID: "h", State: loyalty.FactDone, Money: loyaltytest.Eur(200),
			}), 300},
		{
			"pending",
			of(
				capture("a", 300, loyaltytest.Noon),
				loyalty.Fact{
					Kind: loyalty.FactGiftCard, ID: "g", State: loyalty.FactPending, Money: loyaltytest.Eur(120),
				},
			),
			0,
		},
		{
			"in another currency",
			of(
				capture("a", 300, loyaltytest.Noon),
				loyalty.Fact{
					Kind: loyalty.FactGiftCard, ID: "g", State: loyalty.FactDone,
					Money: loyalty.Money{Amount: 120, Currency: "USD"},
				},
			),
			0,
		},
		{"a refund", of(capture("a", 300, loyaltytest.Noon), loyaltytest.BackFact("r", 100)), 0},
	} {
		if got, unknown := giftCards(c.x, "EUR"); got != c.want || unknown != 0 {
			t.Errorf("%s: %d were paid with gift cards, want %d", c.name, got, c.want)
		}
	}
}

func TestSumsOfRefunds(t *testing.T) {
	clock := loyaltytest.Noon.Add(time.Hour).UnixMilli()
	sum := func(cents, clock, released int64) loyalty.Fact {
		return loyalty.Fact{
			Kind:     loyalty.FactRefunded,
			ID:       "p",
			State:    loyalty.FactDone,
			Money:    loyaltytest.Eur(cents),
			Clock:    clock,
			Released: released,
			At:       loyaltytest.Noon,
		}
	}
	failed := func(at int64) func(*loyalty.Fact) {
		return func(f *loyalty.Fact) { f.State, f.Clock = loyalty.FactFailed, at }
	}
	older := func(f *loyalty.Fact) { f.At = loyaltytest.Noon }
	for _, c := range []struct {
		name  string
		facts []loyalty.Fact
		want  int64
	}{
		{
			"a refund until then is part of the sum",
			[]loyalty.Fact{sum(500, clock, 0), loyaltytest.BackFact("r", 300)},
			500,
		},
		{"a later refund is not", []loyalty.Fact{sum(500, clock-1, 0), loyaltytest.BackFact("r", 300)}, 800},
		{
			"all refunds are more than the sum",
			[]loyalty.Fact{sum(500, clock, 0), loyaltytest.BackFact("r", 300), loyaltytest.BackFact("s", 300)},
			600,
		},
		{
			"a refund that failed then",
			[]loyalty.Fact{sum(500, clock, 0), loyaltytest.BackFact("r", 300, failed(clock))},
			200,
		},
		{
			"a refund that failed before",
			[]loyalty.Fact{sum(500, clock, 0), loyaltytest.BackFact("r", 300, failed(clock-1))},
			500,
		},
		{
			"a refund that was made and failed later",
			[]loyalty.Fact{sum(500, clock-1, 0), loyaltytest.BackFact("r", 300, failed(clock))},
			500,
		},
		{
			"a pending refund",
			[]loyalty.Fact{
				sum(500, clock-1, 0),
				loyaltytest.BackFact("r", 300, func(f *loyalty.Fact) { f.State = loyalty.FactPending }),
			},
			500,
		},
		{"no sum", []loyalty.Fact{loyaltytest.BackFact("r", 300), loyaltytest.BackFact("s", 300)}, 600},
		{"a release", []loyalty.Fact{sum(0, clock, 300), loyaltytest.BackFact("r", 300)}, 0},
		{
			"the older of two refunds is the release",
			[]loyalty.Fact{sum(0, clock-1, 300), loyaltytest.BackFact("r", 300), loyaltytest.BackFact("s", 300, older)},
			300,
		},
		{
			"the first of two equal refunds is the release",
			[]loyalty.Fact{
				sum(0, clock, 300),
				loyaltytest.BackFact("r", 300, func(f *loyalty.Fact) { f.State = loyalty.FactPending }),
				loyaltytest.BackFact("s", 300),
			},
			300,
		},
		{"no refund of the released amount", []loyalty.Fact{sum(0, clock, 301), loyaltytest.BackFact("r", 300)}, 300},
	} {
		if got := refundedMoney(WithFacts((loyalty.Receipt{ID: "p"}), c.facts), "EUR"); got != c.want {
			t.Errorf("%s: %d went back, want %d", c.name, got, c.want)
		}
		if got := refundedMoney(WithFacts((loyalty.Receipt{ID: "p"}), c.facts), "USD"); got != 0 {
			t.Errorf("%s: %d US cents went back", c.name, got)
		}
	}
	x := WithFacts(loyalty.Receipt{
		ID: "p",
	},
		[]loyalty.Fact{
			sum(5, clock, 0),
			loyaltytest.BackFact("r", 1, older),
			loyaltytest.Captured("p", 9, func(f *loyalty.Fact) { f.At = loyaltytest.Noon.AddDate(1, 0, 0) }).Facts[0],
		},
	)
	if got := lastRefund(x); !got.Equal(loyaltytest.Noon) {
		t.Errorf("the last refund was at %s", got)
	}
}

func TestUnclearReports(t *testing.T) {
	known := func(kind loyalty.FactKind) loyalty.Fact {
		return loyalty.Fact{Kind: kind, ID: "x", State: loyalty.FactDone, Money: loyaltytest.Eur(100), Clock: 10}
	}
	for _, c := range []struct {
		name string
		kind loyalty.FactKind
		edit func(*loyalty.Fact)
		want bool
	}{
		{"the same again", loyalty.FactRefund, func(*loyalty.Fact) {}, false},
		{"the same, earlier", loyalty.FactRefund, func(f *loyalty.Fact) { f.Clock = 9 }, false},
		{
			"another state of the same instant", loyalty.FactRefund,
			func(f *loyalty.Fact) { f.State = loyalty.FactFailed }, true,
		},
		{"another amount of the same instant", loyalty.FactRefund, func(f *loyalty.Fact) { f.Money.Amount = 99 }, true},
		{
			"another amount, earlier", loyalty.FactRefund, func(f *loyalty.Fact) { f.Money.Amount, f.Clock = 99, 9 },
			true,
		},
		{
			"another amount, later", loyalty.FactRefund, func(f *loyalty.Fact) { f.Money.Amount, f.Clock = 99, 11 },
			false,
		},
		{
			"another capture of the same instant", loyalty.FactCapture, func(f *loyalty.Fact) { f.Money.Amount = 99 },
			true,
		},
		{
			"another capture, earlier", loyalty.FactCapture, func(f *loyalty.Fact) { f.Money.Amount, f.Clock = 99, 9 },
			false,
		},
		{
			"an object that is not known", loyalty.FactRefund,
			func(f *loyalty.Fact) { f.ID, f.State = "y", loyalty.FactFailed }, false,
		},
	} {
		f := known(c.kind)
		c.edit(&f)
		got := Unclear(loyalty.Receipt{Facts: []loyalty.Fact{known(c.kind)}}, []loyalty.Fact{f})
		if want := []loyalty.Fact{known(c.kind)}; (len(got) > 0) != c.want || c.want && !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// Each field of a fact decides which of two reports of one instant remains, whatever the order of arrival.
func TestReportsOfOneInstantHaveAnOrder(t *testing.T) {
	base := loyalty.Fact{
		Kind: loyalty.FactRefund, ID: "r", State: loyalty.FactDone, Money: loyaltytest.Eur(100), Clock: 10,
		At: loyaltytest.Noon,
	}
	for name, newer := range map[string]func(*loyalty.Fact){
		"clock":         func(f *loyalty.Fact) { f.Clock, f.State = 11, loyalty.FactPending },
		"state":         func(f *loyalty.Fact) { f.State, f.Money.Amount = loyalty.FactFailed, 1 },
		"amount":        func(f *loyalty.Fact) { f.Money = loyalty.Money{Amount: 101, Currency: "AUD"} },
		"currency":      func(f *loyalty.Fact) { f.Money.Currency, f.At = "USD", loyaltytest.Noon.Add(1) },
		"earlier birth": func(f *loyalty.Fact) { f.At = loyaltytest.Noon.Add(-1); f.Shipping = -1 },
		"shipping":      func(f *loyalty.Fact) { f.Shipping, f.Tax = 1, -1 },
		"tax":           func(f *loyalty.Fact) { f.Tax, f.ShippingTax = 1, -1 },
		"shipping tax":  func(f *loyalty.Fact) { f.ShippingTax, f.Tip = 1, -1 },
		"tip":           func(f *loyalty.Fact) { f.Tip, f.GiftCard = 1, -1 },
		"gift card":     func(f *loyalty.Fact) { f.GiftCard, f.Released = 1, -1 },
		"mixed":         func(f *loyalty.Fact) { f.Mixed, f.Released = true, -1 },
		"tendered":      func(f *loyalty.Fact) { f.Tendered, f.Released = true, -1 },
		"released":      func(f *loyalty.Fact) { f.Released = 1 },
		"lines":         func(f *loyalty.Fact) { f.Lines = []loyalty.FactLine{{ID: "1"}} },
	} {
		f := base
		newer(&f)
		for _, order := range [][]loyalty.Fact{{base, f}, {f, base}} {
			if got := WithFacts(
				WithFacts((loyalty.Receipt{}), order[:1]), order[1:],
			); !reflect.DeepEqual(got.Facts, []loyalty.Fact{f}) {
				t.Errorf("%s: %+v", name, got.Facts)
			}
		}
		if equalFacts(f, base) || !equalFacts(f, f) {
			t.Errorf("%s: equal to the other", name)
		}
		o := loyalty.Order{Receipts: []loyalty.Receipt{{ID: "a"}, {ID: "p", Facts: []loyalty.Fact{base}}, {ID: "z"}}}
		if next, changed := WithReceipt(o, loyalty.Receipt{ID: "p", Facts: []loyalty.Fact{f}}); !changed ||
			!reflect.DeepEqual(next.Receipts[1].Facts, []loyalty.Fact{f}) ||
			!reflect.DeepEqual(o.Receipts[1].Facts, []loyalty.Fact{base}) ||
			len(next.Receipts) != 3 {
			t.Errorf("%s: %+v, %t", name, next.Receipts, changed)
		}
		if next, changed := WithReceipt(o, loyalty.Receipt{ID: "p", Facts: []loyalty.Fact{base}}); changed ||
			!reflect.DeepEqual(next, o) {
			t.Errorf("%s: an old report changes the order", name)
		}
	}
	for name, newer := range map[string]loyalty.FactLine{
		"id": {ID: "2", Quantity: 1, Amount: 1, Tax: 1}, "quantity": {ID: "1", Quantity: 2, Amount: 0, Tax: 0},
		"amount": {ID: "1", Quantity: 1, Amount: 2, Tax: 0}, "tax": {ID: "1", Quantity: 1, Amount: 1, Tax: 2},
	} {
		if one := (loyalty.FactLine{
			ID: "1", Quantity: 1, Amount: 1, Tax: 1,
		}); compareFactLines(newer, one) <= 0 || compareFactLines(one, newer) >= 0 ||
			compareFactLines(one, one) != 0 {
			t.Errorf("lines by %s", name)
		}
	}
	o, changed := WithReceipt(loyalty.Order{
		Receipts: []loyalty.Receipt{{ID: "a"}, {ID: "z"}},
	},
		loyalty.Receipt{ID: "p", Facts: []loyalty.Fact{base, base}},
	)
	if !changed || len(o.Receipts) != 3 || o.Receipts[1].ID != "p" || len(o.Receipts[1].Facts) != 1 {
		t.Errorf("a new payment: %+v", o.Receipts)
	}
}
