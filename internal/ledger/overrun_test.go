package ledger_test

import (
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/seedtest"
	"github.com/perennial-loyalty/perennial/internal/service"
)

// budgetUse returns the remainder and the overrun of the campaign's budget.
func (b *bench) budgetUse(tb testing.TB) ledger.BudgetUse {
	tb.Helper()
	r := b.P.Campaigns[0]
	uses, err := ledger.Budgets{Ledger: b.Ledger}.Uses(
		tb.Context(), b.P.ID, []posting.Spend{{Rule: "campaigns." + r.ID, Budget: r.Budget}},
	)
	if err != nil {
		tb.Fatal(err)
	}
	return uses["campaigns."+r.ID]
}

// A failed refund restores the points of its order, even if other orders have used the budget meanwhile. The overrun is
// recorded. Points that are returned later reduce it before points can be spent again.
func TestFailedRefundExceedsTheBudget(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.SetCampaign(t, loyalty.Rule{ID: "double", Give: loyalty.Multiply{By: big.NewRat(2, 1)}, Budget: 100})
		b.Enroll(t, "mem_ada")
		b.Enroll(t, "mem_eve")
		step := func(o loyalty.Order, worth loyalty.Points, use ledger.BudgetUse) {
			t.Helper()
			if r := b.Put(t, o); r.State.Worth != worth || b.budgetUse(t) != use {
				t.Errorf(
					"order %s is worth %d and the budget is %+v, want %d and %+v", o.ID, r.State.Worth, b.budgetUse(t),
					worth, use,
				)
			}
		}
		mine, hers := b.Order("1", "mem_ada", 10_000), b.Order("2", "mem_eve", 9_000)
		step(mine, 200, ledger.BudgetUse{})
		mine.Refunds = []loyalty.Refund{{ID: "re_1", At: b.Now(), Status: loyalty.RefundSucceeded, Amount: 10_000}}
		step(mine, 0, ledger.BudgetUse{Left: 100})
		step(hers, 180, ledger.BudgetUse{Left: 10})
		mine.Refunds[0].Status = loyalty.RefundFailed
		step(mine, 200, ledger.BudgetUse{Overrun: 90})
		step(b.Order("3", "mem_eve", 1_000), 10, ledger.BudgetUse{Overrun: 90})
		hers.Refunds = []loyalty.Refund{{ID: "re_2", At: b.Now(), Status: loyalty.RefundSucceeded, Amount: 4_500}}
		step(hers, 90, ledger.BudgetUse{Overrun: 45})
		hers.Status = loyalty.OrderCanceled
		step(hers, 0, ledger.BudgetUse{})
		mine.Status, mine.Refunds = loyalty.OrderCanceled, nil
		step(mine, 0, ledger.BudgetUse{Left: 100})
		step(b.Order("4", "mem_eve", 30_000), 400, ledger.BudgetUse{})
		b.Audit(t, "mem_ada")
		b.Audit(t, "mem_eve")
	})
}

// Members concurrently place and cancel orders, and their refunds succeed or fail. In the end, the budget is charged
// exactly the points that the orders received, and exceeded by at most the restored points.
func TestBudgetIsChargedExactlyWhileMembersCompete(t *testing.T) {
	seed := seedtest.Of(t)
	onBoth(t, func(t *testing.T, b *bench) {
		const budget = 503
		b.SetCampaign(t, loyalty.Rule{ID: "double", Give: loyalty.Multiply{By: big.NewRat(2, 1)}, Budget: budget})
		b.P.Earn.Caps = []loyalty.Cap{{Points: 150, Per: loyalty.PerOrder}}
		if err := engine.Compile(b.P); err != nil {
			t.Fatal(err)
		}
		const members, orders, steps = 6, 3, 20
		charged := make([][orders]loyalty.Share, members)
		var wg sync.WaitGroup
		for i := range members {
			m := loyalty.MemberID(fmt.Sprint("mem_", i))
			b.Enroll(t, m)
			rng := rand.New(rand.NewPCG(seed, uint64(i)))
			wg.Go(func() {
				for range steps {
					n := rng.IntN(orders)
					o := b.Order(fmt.Sprint(i, "-", n), m, []int64{6_000, 9_000, 20_000}[n])
					randomState(rng, &o)
					r, err := service.Orders{Ledger: b.Ledger}.Put(t.Context(), b.P, o, ledger.By{Actor: "test"})
					for errors.Is(err, ledger.ErrTryAgain) {
						r, err = service.Orders{Ledger: b.Ledger}.Put(t.Context(), b.P, o, ledger.By{Actor: "test"})
					}
					if err != nil {
						t.Error(err)
						return
					}
					charged[i][n] = shareUnder(r.State)
				}
			})
		}
		wg.Wait()
		var sum, granted loyalty.Points
		for _, all := range charged {
			for _, s := range all {
				sum, granted = sum+s.Charged, granted+s.Granted
			}
		}
		got, want := b.budgetUse(t), ledger.BudgetUse{Left: max(0, budget-sum), Overrun: max(0, sum-budget)}
		t.Logf("%d charged and %d granted of %d: %+v", sum, granted, budget, got)
		if got != want || sum == 0 || sum > max(budget, granted) {
			t.Errorf("orders received %d and were granted %d of %d, and the budget is %+v", sum, granted, budget, got)
		}
		last := b.Order("last", "mem_0", 40_000)
		if r := b.Put(t, last); shareUnder(r.State).Charged != 0 {
			t.Errorf("the cap leaves nothing of the campaign, and it is charged %+v", shareUnder(r.State))
		}
		if b.budgetUse(t) != want {
			t.Errorf("an order that received nothing changed the budget from %+v to %+v", want, b.budgetUse(t))
		}
	})
}

func randomState(rng *rand.Rand, o *loyalty.Order) {
	refund := func(s loyalty.RefundStatus, part int64) {
		o.Refunds = []loyalty.Refund{{ID: "re", At: o.PlacedAt, Status: s, Amount: o.Lines[0].Amount / part}}
	}
	switch rng.IntN(6) {
	case 0:
		o.Status = loyalty.OrderCanceled
	case 1:
		refund(loyalty.RefundSucceeded, 1)
	case 2:
		refund(loyalty.RefundSucceeded, 3)
	case 3:
		refund(loyalty.RefundFailed, 1)
	}
}

func shareUnder(s loyalty.OrderState) loyalty.Share {
	for _, x := range s.Shares {
		if x.Rule == "campaigns.double" {
			return x
		}
	}
	return loyalty.Share{}
}
