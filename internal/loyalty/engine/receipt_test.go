package engine

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
	"github.com/perennial-loyalty/perennial/internal/seedtest"
)

func eur(n int64) loyalty.Money { return loyalty.Money{Amount: n, Currency: "EUR"} }

// at is a fact of a refund, by minutes: when it was made, and when this was reported.
func refundFact(id string, state loyalty.FactState, amount int64, made, reported int) loyalty.Fact {
	at := noon.Add(time.Duration(made) * time.Minute)
	return loyalty.Fact{
		Kind: loyalty.FactRefund, ID: id, State: state, Money: eur(amount),
		Clock: noon.Add(time.Duration(reported) * time.Minute).UnixMilli(), At: at,
	}
}

func summed(amount int64, reported int) loyalty.Fact {
	at := noon.Add(time.Duration(reported) * time.Minute)
	return loyalty.Fact{
		Kind: loyalty.FactRefunded, ID: "ch", State: loyalty.FactDone, Money: eur(amount), Clock: at.UnixMilli(),
		At: at,
	}
}

func released(amount int64, f loyalty.Fact) loyalty.Fact {
	f.Released = amount
	return f
}

func TestWhatWentBackIsTheSumAndWhatChangedSince(t *testing.T) {
	for _, c := range []struct {
		name  string
		facts []loyalty.Fact
		want  int64
	}{
		{"nothing", nil, 0},
		{"one refund", []loyalty.Fact{refundFact("1", loyalty.FactDone, 10, 1, 1)}, 10},
		{
			"one that is pending, and one that failed",
			[]loyalty.Fact{
				refundFact("1", loyalty.FactPending, 10, 1, 1), refundFact("2", loyalty.FactFailed, 5, 1, 1),
			},
			0,
		},
		{"a sum alone", []loyalty.Fact{summed(30, 2)}, 30},
		{
			"a sum with the refunds that are in it",
			[]loyalty.Fact{
				refundFact("1", loyalty.FactDone, 10, 1, 1), refundFact("2", loyalty.FactDone, 20, 2, 2),
				summed(30, 2),
			},
			30,
		},
		{"a sum, and a refund after it", []loyalty.Fact{summed(30, 2), refundFact("3", loyalty.FactDone, 5, 3, 3)}, 35},
		{
			"a sum, of which one failed later",
			[]loyalty.Fact{summed(30, 2), refundFact("2", loyalty.FactFailed, 20, 2, 4)},
			10,
		},
		{
			"a sum that knows already that it failed",
			[]loyalty.Fact{summed(10, 5), refundFact("2", loyalty.FactFailed, 20, 2, 4)},
			10,
		},
		{
			"a sum, and a refund in it that failed in the same instant",
			[]loyalty.Fact{summed(50, 2), refundFact("2", loyalty.FactFailed, 50, 2, 2)},
			0,
		},
		{
			"one that failed beside another",
			[]loyalty.Fact{
				summed(70, 2), refundFact("1", loyalty.FactDone, 20, 1, 1),
				refundFact("2", loyalty.FactFailed, 50, 2, 2),
			},
			20,
		},
		{
			"a sum that knows already that it failed, in the same instant",
			[]loyalty.Fact{
				summed(20, 2), refundFact("1", loyalty.FactDone, 20, 1, 1),
				refundFact("2", loyalty.FactFailed, 50, 2, 2),
			},
			20,
		},
		{"a release alone", []loyalty.Fact{released(40, summed(0, 1)), refundFact("1", loyalty.FactDone, 40, 1, 1)}, 0},
		{
			"a release that is reported later",
			[]loyalty.Fact{released(40, summed(0, 1)), refundFact("1", loyalty.FactDone, 40, 1, 9)},
			0,
		},
		{
			"a release, and a refund",
			[]loyalty.Fact{
				released(40, summed(15, 5)), refundFact("1", loyalty.FactDone, 40, 1, 1),
				refundFact("2", loyalty.FactDone, 15, 5, 5),
			},
			15,
		},
		{
			"a release, and a refund after the sum",
			[]loyalty.Fact{
				released(40, summed(0, 1)), refundFact("1", loyalty.FactDone, 40, 1, 1),
				refundFact("2", loyalty.FactDone, 15, 5, 5),
			},
			15,
		},
		{
			"a release, and a refund of as much",
			[]loyalty.Fact{
				released(40, summed(40, 5)), refundFact("2", loyalty.FactDone, 40, 5, 5),
				refundFact("1", loyalty.FactDone, 40, 1, 1),
			},
			40,
		},
		{
			"a release, and a refund of as much, whose release was not reported",
			[]loyalty.Fact{released(40, summed(40, 5)), refundFact("2", loyalty.FactDone, 40, 5, 5)},
			40,
		},
		{
			"a release, and a refund of as much that failed",
			[]loyalty.Fact{
				released(40, summed(40, 5)), refundFact("2", loyalty.FactFailed, 40, 5, 6),
				refundFact("1", loyalty.FactDone, 40, 1, 1),
			},
			0,
		},
		{
			"a sum that is older than the refunds that are known",
			[]loyalty.Fact{summed(0, 0), refundFact("1", loyalty.FactDone, 10, 0, 1)},
			10,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := receipt.RefundedMoney(receipt.WithFacts((loyalty.Receipt{}), c.facts), "EUR"); got != c.want {
				t.Errorf("%d, and not %d", got, c.want)
			}
		})
	}
}

// Reports may be merged in any order and grouping, and any number of times.
func TestReceiptsMergeInWhateverOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(seedtest.Of(t), 0))
	kinds := []loyalty.FactKind{loyalty.FactCapture, loyalty.FactRefund, loyalty.FactRefunded, loyalty.FactDispute}
	for range 5_000 {
		facts := make([]loyalty.Fact, 8)
		for i := range facts {
			facts[i] = loyalty.Fact{
				Kind: kinds[r.IntN(4)], ID: fmt.Sprint(r.IntN(2)), State: loyalty.States[r.IntN(len(loyalty.States))],
				Clock: r.Int64N(3),
				Money: loyalty.Money{Amount: r.Int64N(3), Currency: []loyalty.Currency{"EUR", "USD"}[r.IntN(2)]},
				At:    noon.Add(time.Duration(r.IntN(2))), Shipping: r.Int64N(2), Tax: r.Int64N(2),
				ShippingTax: r.Int64N(2), Tip: r.Int64N(2), GiftCard: r.Int64N(2), Released: r.Int64N(2),
			}
			for range r.IntN(2) {
				facts[i].Lines = append(
					facts[i].Lines,
					loyalty.FactLine{
						ID: fmt.Sprint(r.IntN(2)), Quantity: r.Int64N(2), Amount: r.Int64N(2), Tax: r.Int64N(2),
					},
				)
			}
		}
		once := receipt.WithFacts(loyalty.Receipt{ID: "x"}, facts)
		r.Shuffle(len(facts), func(i, j int) { facts[i], facts[j] = facts[j], facts[i] })
		cut := r.IntN(len(facts))
		left, right := receipt.WithFacts(
			loyalty.Receipt{ID: "x"}, facts[:cut],
		), receipt.WithFacts(loyalty.Receipt{ID: "x"}, facts[cut:])
		for _, other := range []loyalty.Receipt{
			receipt.WithFacts(left, right.Facts), receipt.WithFacts(right, left.Facts),
			receipt.WithFacts(once, left.Facts), receipt.WithFacts(right, once.Facts),
		} {
			if !reflect.DeepEqual(once, other) {
				t.Fatalf("%v\nand\n%v", once, other)
			}
		}
	}
}

func TestPaidFollowsWhatTheProgramAwards(t *testing.T) {
	capture := func(id string, n int64) loyalty.Receipt {
		return loyalty.Receipt{
			ID: id,
			Facts: []loyalty.Fact{
				{Kind: loyalty.FactCapture, ID: id, State: loyalty.FactDone, Money: eur(n), At: noon},
			},
		}
	}
	told := loyalty.Order{
		ID: "1", Currency: "EUR", Status: loyalty.OrderPaid,
		Lines: []loyalty.Line{{ID: "1", Quantity: 1, Amount: 1000}},
	}
	with := func(o loyalty.Order, x ...loyalty.Receipt) loyalty.Order {
		o.Receipts = x
		return o
	}
	untold := loyalty.Order{ID: "1", Currency: "EUR", Status: loyalty.OrderPlaced, ReportedStatus: loyalty.Unreported}
	for _, c := range []struct {
		name                     string
		o                        loyalty.Order
		orders, whenPaid, byself loyalty.OrderStatus
	}{
		{"reported as paid", told, loyalty.OrderPaid, loyalty.OrderPlaced, loyalty.OrderPlaced},
		{
			"reported as paid, and paid", with(told, capture("a:1", 1000)), loyalty.OrderPaid, loyalty.OrderPaid,
			loyalty.OrderPaid,
		},
		{
			"paid in two parts", with(told, capture("a:1", 400), capture("a:2", 600)), loyalty.OrderPaid,
			loyalty.OrderPaid, loyalty.OrderPaid,
		},
		{"paid in part", with(told, capture("a:1", 999)), loyalty.OrderPaid, loyalty.OrderPlaced, loyalty.OrderPlaced},
		{
			"paid in another currency",
			with(
				told,
				loyalty.Receipt{
					ID: "a:1",
					Facts: []loyalty.Fact{
						{
							Kind: loyalty.FactCapture, ID: "1", State: loyalty.FactDone,
							Money: loyalty.Money{Amount: 1000, Currency: "USD"},
						},
					},
				},
			),
			loyalty.OrderPaid, loyalty.OrderPlaced, loyalty.OrderPlaced,
		},
		{
			"it was not reported", with(untold, capture("a:1", 1000)), loyalty.OrderPlaced, loyalty.OrderPlaced,
			loyalty.OrderPaid,
		},
		{
			"it was neither reported nor paid", with(untold, loyalty.Receipt{ID: "a:1"}), loyalty.OrderPlaced,
			loyalty.OrderPlaced, loyalty.OrderPlaced,
		},
		{
			"canceled",
			with(
				loyalty.Order{ID: "1", Currency: "EUR", Status: loyalty.OrderCanceled, Lines: told.Lines},
				capture("a:1", 1000),
			),
			loyalty.OrderCanceled, loyalty.OrderCanceled, loyalty.OrderCanceled,
		},
		{
			"by gift card",
			loyalty.Order{
				ID: "1", Currency: "EUR", Status: loyalty.OrderPaid, Lines: told.Lines,
				Tenders: []loyalty.Tender{{Kind: loyalty.TenderGiftCard, Amount: 1000}},
			},
			loyalty.OrderPaid, loyalty.OrderPaid, loyalty.OrderPaid,
		},
	} {
		for policy, want := range map[loyalty.Award]loyalty.OrderStatus{
			loyalty.AwardOrders: c.orders, loyalty.AwardOrdersWhenPaid: c.whenPaid, loyalty.AwardPayments: c.byself,
		} {
			p := &loyalty.Program{Payments: loyalty.PaymentTerms{Award: policy}}
			got := receipt.Paid(p, c.o)
			if got.Status != want {
				t.Errorf("%s: %s by %s, and not %s", c.name, got.Status, policy, want)
			}
			if again := receipt.Paid(p, got); !reflect.DeepEqual(again, got) {
				t.Errorf("%s: %s: applied again it is %v, and not %v", c.name, policy, again, got)
			}
			if err := award.CheckOrder(got); err != nil {
				t.Errorf("%s: %s: %v", c.name, policy, err)
			}
		}
	}
}

// A refund that both the shop and the processor report counts once, and never exceeds the payment.
func TestRefundsThatBothReportCountOnce(t *testing.T) {
	for _, c := range []struct{ told, reported, want int64 }{
		{0, 300, 300},
		{300, 0, 300},
		{300, 300, 300},
		{300, 500, 500},
		{500, 300, 500},
		{0, 5000, 1000},
		{600, 5000, 1000},
	} {
		o := loyalty.Order{
			ID: "1", Currency: "EUR", Status: loyalty.OrderPaid,
			Lines: []loyalty.Line{{ID: "1", Quantity: 1, Amount: 1000}},
			Receipts: []loyalty.Receipt{receipt.WithFacts(loyalty.Receipt{ID: "a:1"}, []loyalty.Fact{
				{Kind: loyalty.FactCapture, ID: "1", State: loyalty.FactDone, Money: eur(1000)},
				refundFact("r", loyalty.FactDone, c.reported, 1, 1),
			})},
		}
		if c.told > 0 {
			o.Refunds = []loyalty.Refund{{ID: "mine", At: noon, Status: loyalty.RefundSucceeded, Amount: c.told}}
		}
		got := receipt.Paid((&loyalty.Program{}), o)
		if n := earn.RefundedAmounts(got).Goods; n != loyalty.Whole(c.want) {
			t.Errorf("shop %d and processor %d: refunded %v, want %d", c.told, c.reported, n, c.want)
		}
		if err := award.CheckOrder(got); err != nil {
			t.Error(err)
		}
	}
}
