package engine

import (
	"fmt"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// orderings delivers five facts of an order, each twice, in every possible order: a capture, two refunds, a dispute,
// and the end of the dispute.
type orderings struct {
	t     *testing.T
	p     *loyalty.Program
	order loyalty.Order
	end   loyalty.DisputeStatus
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

// reported returns the order as it is known after some of the facts were delivered.
func (x *orderings) reported(facts [5]int) loyalty.Order {
	o := x.order
	o.Status = loyalty.OrderPlaced
	if facts[capture] > 0 {
		o.Status = loyalty.OrderPaid
	}
	for i, fact := range []int{refund1, refund2} {
		if facts[fact] > 0 {
			o.Refunds = append(
				o.Refunds,
				loyalty.Refund{
					ID: fmt.Sprint(i), At: noon, Status: loyalty.RefundSucceeded, Amount: int64(1_733 * (i + 1)),
				},
			)
		}
	}
	d := loyalty.Dispute{ID: "dp", At: noon, Amount: 3_000}
	switch {
	case facts[decided] > 0:
		d.Status = x.end
	case facts[disputed] > 0:
		d.Status = loyalty.DisputeOpen
	default:
		return o
	}
	o.Disputes = []loyalty.Dispute{d}
	return o
}

// deliver delivers the remaining facts, in every order.
func (x *orderings) deliver(acc loyalty.Account, state *loyalty.OrderState, facts [5]int) {
	left := false
	for fact := range facts {
		if facts[fact] == 2 {
			continue
		}
		left = true
		next := facts
		next[fact]++
		o := x.reported(next)
		alone := award.WithLaterOrders(acc, o.Placed(), nil)
		out, err := award.PlaceOrder(Begin(x.p, alone, noon.Add(time.Hour)), state, EarnRules(x.p), o, nil)
		if err != nil {
			x.t.Fatal(err)
		}
		x.deliver(out.Account, out.Entries[0].Order, next)
	}
	if left {
		return
	}
	x.count++
	final := fmt.Sprint(
		state.Worth, state.Grants, state.Shares, acc.Balance(), acc.Lots, acc.Usage, acc.Metrics, acc.Earned,
		acc.Tier.Level,
	)
	if x.first == "" {
		x.first = final
	}
	if final != x.first {
		x.t.Fatalf("ordering %d ends in %s\nand the first in %s", x.count, final, x.first)
	}
}

func TestAllOrderingsOfFiveFactsReportedTwiceEndInOneState(t *testing.T) {
	for _, end := range []loyalty.DisputeStatus{loyalty.DisputeLost, loyalty.DisputeWon} {
		t.Run(string(end), func(t *testing.T) {
			t.Parallel()
			p := testProgram(t)
			p.Earn.Pending = calendar.Wait{}
			p.Earn.Caps = []loyalty.Cap{{Points: 90, Per: loyalty.PerDay}}
			p.Earn.Rules = []loyalty.Rule{
				{
					ID: "bonus", Give: loyalty.Fixed{Points: 25},
					Match: loyalty.Match{MinSpend: map[loyalty.Currency]int64{"EUR": 5_000}},
					Life:  loyalty.Life{Expires: &calendar.Expiry{After: calendar.Period{Days: 60}}},
				},
			}
			if err := Compile(p); err != nil {
				t.Fatal(err)
			}
			acc := joined(t, p, noon)
			acc.Debt = 12
			x := orderings{
				t: t, p: p, end: end,
				order: paid("EUR", loyalty.Line{Category: "coffee-beans", Amount: 2_500}, loyalty.Line{Amount: 7_499}),
			}
			x.deliver(acc, nil, [5]int{})
			if x.count != 113_400 {
				t.Errorf("there were %d orderings", x.count)
			}
			t.Logf("%d orderings end in %s", x.count, x.first)
		})
	}
}
