package receipt

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"github.com/perennial-loyalty/perennial/internal/seedtest"
)

func summed(amount int64, reported int) loyalty.Fact {
	at := loyaltytest.Noon.Add(time.Duration(reported) * time.Minute)
	return loyalty.Fact{
		Kind: loyalty.FactRefunded, ID: "ch", State: loyalty.FactDone, Money: loyaltytest.Eur(amount),
		Clock: at.UnixMilli(),
		At:    at,
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
		{"one refund", []loyalty.Fact{loyaltytest.RefundFact("1", loyalty.FactDone, 10, 1, 1)}, 10},
		{
			"one that is pending, and one that failed",
			[]loyalty.Fact{
				loyaltytest.RefundFact("1", loyalty.FactPending, 10, 1, 1),
				loyaltytest.RefundFact("2", loyalty.FactFailed, 5, 1, 1),
			},
			0,
		},
		{"a sum alone", []loyalty.Fact{summed(30, 2)}, 30},
		{
			"a sum with the refunds that are in it",
			[]loyalty.Fact{
				loyaltytest.RefundFact("1", loyalty.FactDone, 10, 1, 1),
				loyaltytest.RefundFact("2", loyalty.FactDone, 20, 2, 2),
				summed(30, 2),
			},
			30,
		},
		{
			"a sum, and a refund after it",
			[]loyalty.Fact{summed(30, 2), loyaltytest.RefundFact("3", loyalty.FactDone, 5, 3, 3)},
			35,
		},
		{
			"a sum, of which one failed later",
			[]loyalty.Fact{summed(30, 2), loyaltytest.RefundFact("2", loyalty.FactFailed, 20, 2, 4)},
			10,
		},
		{
			"a sum that knows already that it failed",
			[]loyalty.Fact{summed(10, 5), loyaltytest.RefundFact("2", loyalty.FactFailed, 20, 2, 4)},
			10,
		},
		{
			"a sum, and a refund in it that failed in the same instant",
			[]loyalty.Fact{summed(50, 2), loyaltytest.RefundFact("2", loyalty.FactFailed, 50, 2, 2)},
			0,
		},
		{
			"one that failed beside another",
			[]loyalty.Fact{
				summed(70, 2), loyaltytest.RefundFact("1", loyalty.FactDone, 20, 1, 1),
				loyaltytest.RefundFact("2", loyalty.FactFailed, 50, 2, 2),
			},
			20,
		},
		{
			"a sum that knows already that it failed, in the same instant",
			[]loyalty.Fact{
				summed(20, 2), loyaltytest.RefundFact("1", loyalty.FactDone, 20, 1, 1),
				loyaltytest.RefundFact("2", loyalty.FactFailed, 50, 2, 2),
			},
			20,
		},
		{
			"a release alone",
			[]loyalty.Fact{released(40, summed(0, 1)), loyaltytest.RefundFact("1", loyalty.FactDone, 40, 1, 1)},
			0,
		},
		{
			"a release that is reported later",
			[]loyalty.Fact{released(40, summed(0, 1)), loyaltytest.RefundFact("1", loyalty.FactDone, 40, 1, 9)},
			0,
		},
		{
			"a release, and a refund",
			[]loyalty.Fact{
				released(40, summed(15, 5)), loyaltytest.RefundFact("1", loyalty.FactDone, 40, 1, 1),
				loyaltytest.RefundFact("2", loyalty.FactDone, 15, 5, 5),
			},
			15,
		},
		{
			"a release, and a refund after the sum",
			[]loyalty.Fact{
				released(40, summed(0, 1)), loyaltytest.RefundFact("1", loyalty.FactDone, 40, 1, 1),
				loyaltytest.RefundFact("2", loyalty.FactDone, 15, 5, 5),
			},
			15,
		},
		{
			"a release, and a refund of as much",
			[]loyalty.Fact{
				released(40, summed(40, 5)), loyaltytest.RefundFact("2", loyalty.FactDone, 40, 5, 5),
				loyaltytest.RefundFact("1", loyalty.FactDone, 40, 1, 1),
			},
			40,
		},
		{
			"a release, and a refund of as much, whose release was not reported",
			[]loyalty.Fact{released(40, summed(40, 5)), loyaltytest.RefundFact("2", loyalty.FactDone, 40, 5, 5)},
			40,
		},
		{
			"a release, and a refund of as much that failed",
			[]loyalty.Fact{
				released(40, summed(40, 5)), loyaltytest.RefundFact("2", loyalty.FactFailed, 40, 5, 6),
				loyaltytest.RefundFact("1", loyalty.FactDone, 40, 1, 1),
			},
			0,
		},
		{
			"a sum that is older than the refunds that are known",
			[]loyalty.Fact{summed(0, 0), loyaltytest.RefundFact("1", loyalty.FactDone, 10, 0, 1)},
			10,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := refundedMoney(WithFacts((loyalty.Receipt{}), c.facts), "EUR"); got != c.want {
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
				At:    loyaltytest.Noon.Add(time.Duration(r.IntN(2))), Shipping: r.Int64N(2), Tax: r.Int64N(2),
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
		once := WithFacts(loyalty.Receipt{ID: "x"}, facts)
		r.Shuffle(len(facts), func(i, j int) { facts[i], facts[j] = facts[j], facts[i] })
		cut := r.IntN(len(facts))
		left, right := WithFacts(
			loyalty.Receipt{ID: "x"}, facts[:cut],
		), WithFacts(loyalty.Receipt{ID: "x"}, facts[cut:])
		for _, other := range []loyalty.Receipt{
			WithFacts(left, right.Facts), WithFacts(right, left.Facts),
			WithFacts(once, left.Facts), WithFacts(right, once.Facts),
		} {
			if !reflect.DeepEqual(once, other) {
				t.Fatalf("%v\nand\n%v", once, other)
			}
		}
	}
}
