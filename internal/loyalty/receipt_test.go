package loyalty

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/seedtest"
)

func eur(n int64) Money { return Money{n, "EUR"} }

// at is a fact of a refund, by minutes: when it was made, and when this was reported.
func refundFact(id string, state FactState, amount int64, made, reported int) Fact {
	at := noon.Add(time.Duration(made) * time.Minute)
	return Fact{Kind: FactRefund, ID: id, State: state, Money: eur(amount), Clock: noon.Add(time.Duration(reported) * time.Minute).UnixMilli(), At: at}
}

func summed(amount int64, reported int) Fact {
	at := noon.Add(time.Duration(reported) * time.Minute)
	return Fact{Kind: FactRefunded, ID: "ch", State: FactDone, Money: eur(amount), Clock: at.UnixMilli(), At: at}
}

func released(amount int64, f Fact) Fact {
	f.Released = amount
	return f
}

func TestWhatWentBackIsTheSumAndWhatChangedSince(t *testing.T) {
	for _, c := range []struct {
		name  string
		facts []Fact
		want  int64
	}{
		{"nothing", nil, 0},
		{"one refund", []Fact{refundFact("1", FactDone, 10, 1, 1)}, 10},
		{"one that is pending, and one that failed", []Fact{refundFact("1", FactPending, 10, 1, 1), refundFact("2", FactFailed, 5, 1, 1)}, 0},
		{"a sum alone", []Fact{summed(30, 2)}, 30},
		{"a sum with the refunds that are in it", []Fact{refundFact("1", FactDone, 10, 1, 1), refundFact("2", FactDone, 20, 2, 2), summed(30, 2)}, 30},
		{"a sum, and a refund after it", []Fact{summed(30, 2), refundFact("3", FactDone, 5, 3, 3)}, 35},
		{"a sum, of which one failed later", []Fact{summed(30, 2), refundFact("2", FactFailed, 20, 2, 4)}, 10},
		{"a sum that knows already that it failed", []Fact{summed(10, 5), refundFact("2", FactFailed, 20, 2, 4)}, 10},
		{"a sum, and a refund in it that failed in the same instant", []Fact{summed(50, 2), refundFact("2", FactFailed, 50, 2, 2)}, 0},
		{"one that failed beside another", []Fact{summed(70, 2), refundFact("1", FactDone, 20, 1, 1), refundFact("2", FactFailed, 50, 2, 2)}, 20},
		{"a sum that knows already that it failed, in the same instant", []Fact{summed(20, 2), refundFact("1", FactDone, 20, 1, 1), refundFact("2", FactFailed, 50, 2, 2)}, 20},
		{"a release alone", []Fact{released(40, summed(0, 1)), refundFact("1", FactDone, 40, 1, 1)}, 0},
		{"a release that is reported later", []Fact{released(40, summed(0, 1)), refundFact("1", FactDone, 40, 1, 9)}, 0},
		{"a release, and a refund", []Fact{released(40, summed(15, 5)), refundFact("1", FactDone, 40, 1, 1), refundFact("2", FactDone, 15, 5, 5)}, 15},
		{"a release, and a refund after the sum", []Fact{released(40, summed(0, 1)), refundFact("1", FactDone, 40, 1, 1), refundFact("2", FactDone, 15, 5, 5)}, 15},
		{"a release, and a refund of as much", []Fact{released(40, summed(40, 5)), refundFact("2", FactDone, 40, 5, 5), refundFact("1", FactDone, 40, 1, 1)}, 40},
		{"a release, and a refund of as much, whose release was not reported", []Fact{released(40, summed(40, 5)), refundFact("2", FactDone, 40, 5, 5)}, 40},
		{"a release, and a refund of as much that failed", []Fact{released(40, summed(40, 5)), refundFact("2", FactFailed, 40, 5, 6), refundFact("1", FactDone, 40, 1, 1)}, 0},
		{"a sum that is older than the refunds that are known", []Fact{summed(0, 0), refundFact("1", FactDone, 10, 0, 1)}, 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := (Receipt{}).With(c.facts).back("EUR"); got != c.want {
				t.Errorf("%d, and not %d", got, c.want)
			}
		})
	}
}

// Reports may be merged in any order and grouping, and any number of times.
func TestReceiptsMergeInWhateverOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(seedtest.Of(t), 0))
	kinds := []FactKind{FactCapture, FactRefund, FactRefunded, FactDispute}
	for range 5_000 {
		facts := make([]Fact, 8)
		for i := range facts {
			facts[i] = Fact{
				Kind: kinds[r.IntN(4)], ID: fmt.Sprint(r.IntN(2)), State: states[r.IntN(len(states))], Clock: r.Int64N(3),
				Money: Money{r.Int64N(3), []Currency{"EUR", "USD"}[r.IntN(2)]}, At: noon.Add(time.Duration(r.IntN(2))), Shipping: r.Int64N(2), Tax: r.Int64N(2),
				ShippingTax: r.Int64N(2), Tip: r.Int64N(2), GiftCard: r.Int64N(2), Released: r.Int64N(2),
			}
			for range r.IntN(2) {
				facts[i].Lines = append(facts[i].Lines, FactLine{ID: fmt.Sprint(r.IntN(2)), Quantity: r.Int64N(2), Amount: r.Int64N(2), Tax: r.Int64N(2)})
			}
		}
		once := Receipt{ID: "x"}.With(facts)
		r.Shuffle(len(facts), func(i, j int) { facts[i], facts[j] = facts[j], facts[i] })
		cut := r.IntN(len(facts))
		left, right := Receipt{ID: "x"}.With(facts[:cut]), Receipt{ID: "x"}.With(facts[cut:])
		for _, other := range []Receipt{left.With(right.Facts), right.With(left.Facts), once.With(left.Facts), right.With(once.Facts)} {
			if !reflect.DeepEqual(once, other) {
				t.Fatalf("%v\nand\n%v", once, other)
			}
		}
	}
}

func TestPaidFollowsWhatTheProgramAwards(t *testing.T) {
	capture := func(id string, n int64) Receipt {
		return Receipt{ID: id, Facts: []Fact{{Kind: FactCapture, ID: id, State: FactDone, Money: eur(n), At: noon}}}
	}
	told := Order{ID: "1", Currency: "EUR", Status: OrderPaid, Lines: []Line{{ID: "1", Quantity: 1, Amount: 1000}}}
	with := func(o Order, x ...Receipt) Order {
		o.Receipts = x
		return o
	}
	untold := Order{ID: "1", Currency: "EUR", Status: OrderPlaced, ReportedStatus: Unreported}
	for _, c := range []struct {
		name                     string
		o                        Order
		orders, whenPaid, byself OrderStatus
	}{
		{"told as paid", told, OrderPaid, OrderPlaced, OrderPlaced},
		{"told as paid, and paid", with(told, capture("a:1", 1000)), OrderPaid, OrderPaid, OrderPaid},
		{"paid in two parts", with(told, capture("a:1", 400), capture("a:2", 600)), OrderPaid, OrderPaid, OrderPaid},
		{"paid in part", with(told, capture("a:1", 999)), OrderPaid, OrderPlaced, OrderPlaced},
		{"paid in another currency", with(told, Receipt{"a:1", []Fact{{Kind: FactCapture, ID: "1", State: FactDone, Money: Money{1000, "USD"}}}}), OrderPaid, OrderPlaced, OrderPlaced},
		{"nobody told it", with(untold, capture("a:1", 1000)), OrderPlaced, OrderPlaced, OrderPaid},
		{"nobody told it or paid", with(untold, Receipt{ID: "a:1"}), OrderPlaced, OrderPlaced, OrderPlaced},
		{"canceled", with(Order{ID: "1", Currency: "EUR", Status: OrderCanceled, Lines: told.Lines}, capture("a:1", 1000)), OrderCanceled, OrderCanceled, OrderCanceled},
		{"by gift card", Order{ID: "1", Currency: "EUR", Status: OrderPaid, Lines: told.Lines, Tenders: []Tender{{Kind: TenderGiftCard, Amount: 1000}}}, OrderPaid, OrderPaid, OrderPaid},
	} {
		for policy, want := range map[Award]OrderStatus{AwardOrders: c.orders, AwardOrdersWhenPaid: c.whenPaid, AwardPayments: c.byself} {
			p := &Program{Payments: PaymentTerms{Award: policy}}
			got := p.Paid(c.o)
			if got.Status != want {
				t.Errorf("%s: %s by %s, and not %s", c.name, got.Status, policy, want)
			}
			if again := p.Paid(got); !reflect.DeepEqual(again, got) {
				t.Errorf("%s: %s: applied again it is %v, and not %v", c.name, policy, again, got)
			}
			if err := got.check(); err != nil {
				t.Errorf("%s: %s: %v", c.name, policy, err)
			}
		}
	}
}

// Money that the shop and the processor both tell of went back once, and no more than all of it.
func TestRefundsThatBothTellOfCountOnce(t *testing.T) {
	for _, c := range []struct{ told, reported, want int64 }{
		{0, 300, 300}, {300, 0, 300}, {300, 300, 300}, {300, 500, 500}, {500, 300, 500}, {0, 5000, 1000}, {600, 5000, 1000},
	} {
		o := Order{
			ID: "1", Currency: "EUR", Status: OrderPaid, Lines: []Line{{ID: "1", Quantity: 1, Amount: 1000}},
			Receipts: []Receipt{Receipt{ID: "a:1"}.With([]Fact{
				{Kind: FactCapture, ID: "1", State: FactDone, Money: eur(1000)}, refundFact("r", FactDone, c.reported, 1, 1),
			})},
		}
		if c.told > 0 {
			o.Refunds = []Refund{{ID: "mine", At: noon, Status: RefundSucceeded, Amount: c.told}}
		}
		got := (&Program{}).Paid(o)
		if n := got.refunded().goods; n != whole(c.want) {
			t.Errorf("told of %d and reported %d: %v went back, and not %d", c.told, c.reported, n, c.want)
		}
		if err := got.check(); err != nil {
			t.Error(err)
		}
	}
}
