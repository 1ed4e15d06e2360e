package engine

import (
	"reflect"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
)

func TestTendersToWhichPaymentsRefund(t *testing.T) {
	to := func(cards int64) func(*loyalty.Fact) {
		return func(f *loyalty.Fact) { f.Tendered, f.GiftCard = true, cards }
	}
	shipping := func(cards int64) func(*loyalty.Fact) {
		return func(f *loyalty.Fact) { f.Shipping = f.Money.Amount; to(cards)(f) }
	}
	for _, c := range []struct {
		name  string
		facts []loyalty.Fact
		want  []loyalty.Refund // with their amounts and tenders alone
	}{
		{"not reported", []loyalty.Fact{backFact("r", 300)}, []loyalty.Refund{{Amount: 300}}},
		{"to a card", []loyalty.Fact{backFact("r", 300, to(0))}, []loyalty.Refund{{Amount: 300, Tendered: true}}},
		{
			"in part to a gift card",
			[]loyalty.Fact{backFact("r", 300, to(100))},
			[]loyalty.Refund{{Amount: 300, Tendered: true, ToGiftCards: 100}},
		},
		{
			"reported of one of two",
			[]loyalty.Fact{backFact("r", 300, to(100)), backFact("s", 50)},
			[]loyalty.Refund{{Amount: 350}},
		},
		{
			"reported of two",
			[]loyalty.Fact{backFact("r", 300, to(100)), backFact("s", 50, to(50))},
			[]loyalty.Refund{{Amount: 350, Tendered: true, ToGiftCards: 150}},
		},
		{
			"of shipping",
			[]loyalty.Fact{backFact("r", 60, shipping(20)), backFact("s", 50, to(50))},
			[]loyalty.Refund{
				{Amount: 60, Tendered: true, ToGiftCards: 20}, {Amount: 50, Tendered: true, ToGiftCards: 50},
			},
		},
		{
			"pending",
			[]loyalty.Fact{
				backFact("r", 300, to(100)),
				backFact("s", 50, func(f *loyalty.Fact) { f.State = loyalty.FactPending }),
			},
			[]loyalty.Refund{{Amount: 300, Tendered: true, ToGiftCards: 100}},
		},
	} {
		o := paid("EUR", loyalty.Line{Amount: 900})
		o.Shipping = 100
		o.Receipts = []loyalty.Receipt{
			receipt.WithFacts(loyalty.Receipt{ID: "p"}, append(c.facts, captured("p", 1000).Facts...)),
		}
		got := receipt.Paid(
			&made(t, func(*loyalty.Program) {}).Earn, &made(t, func(*loyalty.Program) {}).Payments, o,
		).Refunds
		for i, r := range got {
			got[i] = loyalty.Refund{Amount: r.Amount, Tendered: r.Tendered, ToGiftCards: r.ToGiftCards}
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}
