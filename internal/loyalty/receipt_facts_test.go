package loyalty

import (
	"reflect"
	"testing"
	"time"
)

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
	if _, _, ok := of(backFact("r", 1)).Captured(); ok || of(backFact("r", 1)).Foreign() != 0 ||
		of(backFact("r", 1)).Excess() != 0 {
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
		return Fact{
			Kind:     FactRefunded,
			ID:       "p",
			State:    FactDone,
			Money:    eur(cents),
			Clock:    clock,
			Released: released,
			At:       noon,
		}
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
	x := Receipt{
		ID: "p",
	}.With(
		[]Fact{
			sum(5, clock, 0),
			backFact("r", 1, older),
			captured("p", 9, func(f *Fact) { f.At = noon.AddDate(1, 0, 0) }).Facts[0],
		},
	)
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
		if next, changed := o.WithReceipt(Receipt{ID: "p", Facts: []Fact{f}}); !changed ||
			!reflect.DeepEqual(next.Receipts[1].Facts, []Fact{f}) ||
			!reflect.DeepEqual(o.Receipts[1].Facts, []Fact{base}) ||
			len(next.Receipts) != 3 {
			t.Errorf("%s: %+v, %t", name, next.Receipts, changed)
		}
		if next, changed := o.WithReceipt(Receipt{ID: "p", Facts: []Fact{base}}); changed ||
			!reflect.DeepEqual(next, o) {
			t.Errorf("%s: an old report changes the order", name)
		}
	}
	for name, newer := range map[string]FactLine{"id": {"2", 1, 1, 1}, "quantity": {"1", 2, 0, 0}, "amount": {"1", 1, 2, 0}, "tax": {"1", 1, 1, 2}} {
		if one := (FactLine{"1", 1, 1, 1}); newer.compare(one) <= 0 || one.compare(newer) >= 0 ||
			one.compare(one) != 0 {
			t.Errorf("lines by %s", name)
		}
	}
	o, changed := Order{
		Receipts: []Receipt{{ID: "a"}, {ID: "z"}},
	}.WithReceipt(
		Receipt{ID: "p", Facts: []Fact{base, base}},
	)
	if !changed || len(o.Receipts) != 3 || o.Receipts[1].ID != "p" || len(o.Receipts[1].Facts) != 1 {
		t.Errorf("a new payment: %+v", o.Receipts)
	}
}
