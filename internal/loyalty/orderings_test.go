package loyalty

import (
	"fmt"
	"testing"
	"time"
)

// orderings delivers five facts of an order, each twice, in every order that there is: a capture, two refunds, a dispute
// that is opened, and its end.
type orderings struct {
	t     *testing.T
	p     *Program
	order Order
	end   DisputeStatus
	first string // the final state of the first ordering
	count int
}

const (
	capture = iota
	refund1
	refund2
	disputed
	decided
)

// told is the order as it is known once some of the facts were delivered.
func (x *orderings) told(facts [5]int) Order {
	o := x.order
	o.Status = OrderPlaced
	if facts[capture] > 0 {
		o.Status = OrderPaid
	}
	for i, fact := range []int{refund1, refund2} {
		if facts[fact] > 0 {
			o.Refunds = append(o.Refunds, Refund{ID: fmt.Sprint(i), At: noon, Status: RefundSucceeded, Amount: int64(1_733 * (i + 1))})
		}
	}
	d := Dispute{ID: "dp", At: noon, Amount: 3_000}
	switch {
	case facts[decided] > 0:
		d.Status = x.end
	case facts[disputed] > 0:
		d.Status = DisputeOpen
	default:
		return o
	}
	o.Disputes = []Dispute{d}
	return o
}

// deliver delivers what is left of the facts, in every order.
func (x *orderings) deliver(acc Account, state *OrderState, facts [5]int) {
	left := false
	for fact := range facts {
		if facts[fact] == 2 {
			continue
		}
		left = true
		next := facts
		next[fact]++
		o := x.told(next)
		alone := acc.WithLaterOrders(o.placed(), nil)
		out, err := x.p.PlaceOrder(alone, state, x.p, o, nil, noon.Add(time.Hour))
		if err != nil {
			x.t.Fatal(err)
		}
		x.deliver(out.Account, out.Entries[0].Order, next)
	}
	if left {
		return
	}
	x.count++
	final := fmt.Sprint(state.Worth, state.Grants, state.Shares, acc.Balance(), acc.Lots, acc.Usage, acc.Metrics, acc.Earned, acc.Tier.Level)
	if x.first == "" {
		x.first = final
	}
	if final != x.first {
		x.t.Fatalf("ordering %d ends in %s\nand the first in %s", x.count, final, x.first)
	}
}

func TestAllOrderingsOfFiveFactsToldTwiceEndInOneState(t *testing.T) {
	for _, end := range []DisputeStatus{DisputeLost, DisputeWon} {
		t.Run(string(end), func(t *testing.T) {
			t.Parallel()
			p := testProgram(t)
			p.Earn.Pending = Wait{}
			p.Earn.Caps = []Cap{{Points: 90, Per: PerDay}}
			p.Earn.Rules = []Rule{
				{ID: "bonus", Give: Fixed{25}, Match: Match{MinSpend: map[Currency]int64{"EUR": 5_000}}, Life: Life{Expires: &Expiry{After: Period{Days: 60}}}},
			}
			if err := p.Compile(); err != nil {
				t.Fatal(err)
			}
			acc := joined(t, p, noon)
			acc.Debt = 12
			x := orderings{t: t, p: p, end: end, order: paid("EUR", Line{Category: "coffee-beans", Amount: 2_500}, Line{Amount: 7_499})}
			x.deliver(acc, nil, [5]int{})
			if x.count != 113_400 {
				t.Errorf("there were %d orderings", x.count)
			}
			t.Logf("%d orderings end in %s", x.count, x.first)
		})
	}
}
