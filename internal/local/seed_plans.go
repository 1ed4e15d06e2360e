package local

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/service"
)

// A plan is an action that a person will perform at an instant.
type plan struct {
	at time.Time
	do func(context.Context) error
}

// plans contains the actions that a person has not performed yet. An action may add others.
type plans struct{ list []plan }

func (ps *plans) add(at time.Time, do func(context.Context) error) {
	ps.list = append(ps.list, plan{at, do})
}

// next removes the earliest plan and returns it. If several plans are at the same instant, the one that was added first
// is returned first.
func (ps *plans) next() (plan, bool) {
	if len(ps.list) == 0 {
		return plan{}, false
	}
	first := 0
	for i, p := range ps.list {
		if p.at.Before(ps.list[first].at) {
			first = i
		}
	}
	p := ps.list[first]
	ps.list = slices.Delete(ps.list, first, first+1)
	return p, true
}

// planOrders distributes a person's orders over the time since enrollment. The number of orders follows Zipf's law: a
// few members place most of the orders.
func (per *person) planOrders(joined time.Time) {
	span := per.end.Add(-time.Hour).Sub(joined)
	n := 1 + 64/per.index + per.rand.IntN(5)
	for k := range n {
		at := joined.Add(time.Hour + time.Duration(per.rand.Int64N(int64(span))).Truncate(time.Minute))
		o := per.order(fmt.Sprint(20000+per.index*100+k), at)
		switch {
		case per.oneIn(12): // an order on invoice, which earns no points until it is paid
			o.Status = loyalty.OrderPlaced
			per.plans.add(at.Add(2*24*time.Hour), per.put(o, loyalty.OrderPaid))
		case per.oneIn(15):
			per.plans.add(at.Add(time.Duration(1+per.rand.IntN(20))*24*time.Hour), per.put(o, loyalty.OrderCanceled))
		}
		per.plans.add(at.Add(time.Minute), per.put(o, o.Status))
		if per.oneIn(4) {
			per.plans.add(at.Add(3*time.Hour), per.redeem(o, per.name("rd_"), per.rand.IntN(10)))
		}
	}
	if per.oneIn(20) {
		per.plans.add(per.end.Add(-time.Duration(1+per.rand.IntN(90))*24*time.Hour), per.complain(per.name("adj_")))
	}
}

func (per *person) put(o loyalty.Order, status loyalty.OrderStatus) func(context.Context) error {
	o.Status = status
	return func(ctx context.Context) error {
		_, err := per.Orders.Put(ctx, per.program, o, by)
		return err
	}
}

// redeem redeems the most expensive reward that the person can afford with an order, if there is one. Of ten
// redemptions, seven are immediate, one is committed after a reservation, one is canceled, and one reservation expires.
func (per *person) redeem(o loyalty.Order, id string, fate int) func(context.Context) error {
	return func(ctx context.Context) error {
		m, err := per.Members.Get(ctx, per.program, per.id)
		if err != nil {
			return err
		}
		in := service.RedemptionRequest{ID: id, Member: per.id, Order: o.ID, Total: paid(o), Commit: fate < 7}
		reward, ok := Affordable(per.program, m.Account, in.Total, per.now)
		if !ok {
			return nil
		}
		in.Reward = reward.ID
		_, err = per.Redemptions.Redeem(ctx, per.program, in, by)
		if errors.Is(err, loyalty.RewardOutOfStock) {
			return nil // the reward is out of stock
		}
		if err != nil {
			return err
		}
		switch fate {
		case 7:
			per.plans.add(per.now.Add(10*time.Minute), func(ctx context.Context) error {
				_, err := per.Redemptions.Commit(ctx, per.program, id, by)
				return err
			})
		case 8:
			per.plans.add(per.now.Add(10*time.Minute), func(ctx context.Context) error {
				_, err := per.Redemptions.Cancel(ctx, per.program, id, by)
				return err
			})
		}
		return nil
	}
}

// paid returns the amount that is paid for an order.
func paid(o loyalty.Order) loyalty.Money {
	total := loyalty.Money{Currency: o.Currency}
	for _, t := range o.Tenders {
		total.Amount += t.Amount
	}
	return total
}

// Affordable returns the most expensive reward that a member can redeem with an order of the given total. It reports
// false if there is none. It ignores rewards with codes, because codes are random, and Seed must always create the same
// data.
func Affordable(p *loyalty.Program, acc loyalty.Account, total loyalty.Money, now time.Time) (loyalty.Reward, bool) {
	rewards := slices.DeleteFunc(slices.Clone(p.Rewards), func(r loyalty.Reward) bool {
		q := engine.Available(p, acc, r, loyalty.Redemption{Total: total}, nil, now)
		return len(q.Unmet) > 0 || r.Codes.From != loyalty.NoCode
	})
	if len(rewards) == 0 {
		return loyalty.Reward{}, false
	}
	return slices.MaxFunc(rewards, func(a, b loyalty.Reward) int {
		return cmp.Or(cmp.Compare(a.Cost, b.Cost), cmp.Compare(b.ID, a.ID))
	}), true
}

func (per *person) complain(id string) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := per.Adjustments.Adjust(ctx, per.program, service.Adjustment{
			ID: id, Member: per.id, Points: 50, Reason: "Goodwill: the parcel came late",
		}, by)
		return err
	}
}
