package service_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
)

// gifts makes a version give 10 points for each order, at most the given number of times in total.
func gifts(times int64) func(*loyalty.Program) {
	return func(p *loyalty.Program) {
		flat(1)(p)
		p.Earn.Rules = []loyalty.Rule{{
			ID: "gift", Give: loyalty.Fixed{Points: 10}, Limits: []loyalty.Limit{{Times: times, Per: loyalty.PerEver}},
		}}
	}
}

// Each order is subject to the limit of its version, even if versions have different limits. If an order uses the limit
// once more or once less, later orders are decided again, including orders of other versions.
func TestVersionsShareTheTimesOfALimit(t *testing.T) {
	for _, c := range []struct {
		Name          string
		Before, After int64 // times
		Status        loyalty.OrderStatus
		First         loyalty.OrderStatus // the final status of the first order
		Want          map[string]loyalty.Points
	}{
		{
			"a raised limit and a cancellation", 1, 2, loyalty.OrderPaid, loyalty.OrderCanceled,
			map[string]loyalty.Points{"o0": 0, "o1": 110, "o2": 110},
		},
		{
			"a lowered limit and a late payment", 3, 2, loyalty.OrderPlaced, loyalty.OrderPaid,
			map[string]loyalty.Points{"o0": 110, "o1": 110, "o2": 100},
		},
	} {
		t.Run(c.Name, func(t *testing.T) {
			v := newVersioned(t, newBench(t, servicetest.Memory(t)))
			v.publish(t, "", gifts(c.Before))
			v.Enroll(t, "mem_ada")
			var orders []loyalty.Order
			for i, status := range []loyalty.OrderStatus{c.Status, loyalty.OrderPaid, loyalty.OrderPaid} {
				v.Wait(time.Hour)
				if i == 2 {
					v.publish(t, "", gifts(c.After))
					v.Wait(time.Hour)
				}
				o := v.placed(fmt.Sprint("o", i), 0)
				o.Status = status
				v.Put(t, o)
				orders = append(orders, o)
			}
			v.Wait(time.Hour)
			orders[0].Status = c.First
			v.Put(t, orders[0])
			v.wantWorth(t, c.Want)
			v.Audit(t, "mem_ada")
		})
	}
}
