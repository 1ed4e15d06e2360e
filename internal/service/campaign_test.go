package service_test

import (
	"errors"
	"fmt"
	"math/big"
	"sync"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

// left returns the remainder of the campaign's budget.
func (b *bench) left(tb testing.TB) loyalty.Points {
	tb.Helper()
	r := b.P.Campaigns[0]
	n, err := ledger.Budgets{Ledger: b.Ledger}.Use(tb.Context(), b.P.ID, "campaigns."+r.ID, r.Budget)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

// given returns the points that the campaign gave to an order, according to the reasons.
func given(r service.OrderResult) (n int64) {
	for _, e := range r.Entries {
		for _, x := range e.Reasons {
			if x.Rule == "campaigns.double" {
				f, _ := new(big.Rat).SetString(x.Points)
				n += f.Num().Int64()
			}
		}
	}
	return n
}

func TestABudgetIsSpentToItsLastPointAndNoFurther(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.SetCampaign(t, loyalty.Rule{ID: "double", Give: loyalty.Multiply{By: big.NewRat(2, 1)}, Budget: 1_003})
		const members, each = 8, 5 // 40 orders that would earn 37 points each, more than the budget has
		for i := range members {
			b.Enroll(t, loyalty.MemberID(fmt.Sprint("mem_", i)))
		}
		var mu sync.Mutex
		var wg sync.WaitGroup
		sum := int64(0)
		for i := range members {
			wg.Go(func() {
				for n := range each {
					o := b.Order(fmt.Sprintf("o-%d-%d", i, n), loyalty.MemberID(fmt.Sprint("mem_", i)), 3_700)
					r, err := service.Orders{Ledger: b.Ledger}.Put(t.Context(), b.P, o, ledger.By{Actor: "test"})
					for errors.Is(err, ledger.ErrTryAgain) {
						r, err = service.Orders{Ledger: b.Ledger}.Put(t.Context(), b.P, o, ledger.By{Actor: "test"})
					}
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					sum += given(r)
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if left := b.left(t); sum != 1_003 || left != 0 {
			t.Errorf("the campaign gave %d of 1003 points, and %d are left", sum, left)
		}
	})
}

func TestARefundGivesTheBudgetItsRoomBack(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.SetCampaign(t, loyalty.Rule{ID: "double", Give: loyalty.Multiply{By: big.NewRat(2, 1)}, Budget: 100})
		b.Enroll(t, "mem_ada")
		o := b.Order("1", "mem_ada", 8_000)
		if r := b.Put(t, o); r.State.Worth != 160 || b.left(t) != 20 {
			t.Fatalf("worth %d, and %d are left", r.State.Worth, b.left(t))
		}
		second := b.Order("2", "mem_ada", 5_000)
		if r := b.Put(t, second); r.State.Worth != 70 || b.left(t) != 0 {
			t.Errorf("worth %d of the last 20, and %d are left: %v", r.State.Worth, b.left(t), r.Entries[0].Reasons)
		}
		o.Refunds = []loyalty.Refund{{ID: "re_1", At: b.Now(), Status: loyalty.RefundSucceeded, Amount: 8_000}}
		if r := b.Put(t, o); r.State.Worth != 0 || b.left(t) != 80 {
			t.Errorf("worth %d after the refund, and %d are left", r.State.Worth, b.left(t))
		}
		o.Refunds[0].Status = loyalty.RefundFailed
		if r := b.Put(t, o); r.State.Worth != 160 || b.left(t) != 0 {
			t.Errorf("worth %d after the refund failed, and %d are left", r.State.Worth, b.left(t))
		}
		b.Audit(t, "mem_ada")
	})
}

func TestAnOrderUnderABudgetCostsOneReadAndOneCounterMore(t *testing.T) {
	meter := &tabletest.Meter{Table: servicetest.Memory(t)}
	b := newBench(t, meter)
	m := servicetest.TypicalMember(t, b.Bench)
	b.SetCampaign(t, loyalty.Rule{ID: "double", Give: loyalty.Multiply{By: big.NewRat(2, 1)}, Budget: 1_000_000})
	for shard := range ledger.BudgetShards { // create the counters, because the first use of a counter costs more
		key := table.Key{PK: "P#bluebird#C#campaigns.double", SK: fmt.Sprintf("BUDGET#%02d", shard)}
		if err := b.Table.Transact(t.Context(), table.Add(key, "n", -1, -1)); err != nil {
			t.Fatal(err)
		}
	}
	meter.Take()
	b.Put(t, b.Order("100026", m, 2_999))
	u := meter.Take()
	t.Logf("%g read and %g write units", u.Read, u.Write)
	if u.Read > 3 || u.Write > 7 {
		t.Errorf("an order under a budget may cost 3 read and 7 write units, not %g and %g", u.Read, u.Write)
	}
	b.Balance(t, m) // caches the key of the program
	meter.Take()
	o := b.Order("100028", m, 2_999)
	if _, err := (service.Quotes{Ledger: b.Ledger}).Quote(t.Context(), b.P, o); err != nil {
		t.Fatal(err)
	}
	if u := meter.Take(); u.Read > 2 || u.Write > 0 {
		t.Errorf("its quote costs %g read and %g write units", u.Read, u.Write)
	}
}

func TestAnEventFollowsItsState(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.P.Earn.Actions = []loyalty.Action{
			{
				ID: "welcome", Event: award.EventJoined, Points: 50,
				Limits: []loyalty.Limit{{Times: 1, Per: loyalty.PerEver}},
			},
			{
				ID: "review", Event: "review.approved", Points: 20,
				Limits: []loyalty.Limit{{Times: 1, Per: loyalty.PerMonth}},
			},
		}
		if err := engine.Compile(b.P); err != nil {
			t.Fatal(err)
		}
		b.Enroll(t, "mem_ada")
		b.WantBalance(t, "mem_ada", loyalty.Balance{Active: 50})
		at := b.Now()
		send := func(id, state string) service.EventResult {
			t.Helper()
			r, err := service.Events{Ledger: b.Ledger}.Put(t.Context(), b.P, loyalty.Event{
				Type: "review." + state, ID: id, Member: "mem_ada", At: at,
				Data: map[string]any{"rating": big.NewRat(5, 1), "text": "good"},
			}, ledger.By{Actor: "test"})
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		for _, step := range []struct {
			Id, State string
			Worth     loyalty.Points
			Replayed  bool
			Active    loyalty.Points
		}{
			{"778", "pending", 0, false, 50},
			{"778", "approved", 20, false, 70},
			{"778", "approved", 20, true, 70},
			{"779", "approved", 0, false, 70}, // the limit is one per month
			{"778", "declined", 0, false, 50},
			{"780", "approved", 20, false, 70}, // the limit allows one again
			{"778", "approved", 20, false, 90}, // it was within the limit before
		} {
			r := send(step.Id, step.State)
			if r.State.Worth != step.Worth || r.Replayed != step.Replayed {
				t.Errorf("review %s %s is worth %d, replayed %t", step.Id, step.State, r.State.Worth, r.Replayed)
			}
			b.WantBalance(t, "mem_ada", loyalty.Balance{Active: step.Active})
		}
		b.Audit(t, "mem_ada")
	})
}

func TestTwentyAtOnceRegisterOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.SetCampaign(t, loyalty.Rule{ID: "double", Give: loyalty.Multiply{By: big.NewRat(2, 1)}, OptIn: true})
		b.Enroll(t, "mem_ada")
		if r := b.Put(t, b.Order("1", "mem_ada", 1_000)); r.State.Worth != 10 {
			t.Errorf("not registered, the order is worth %d", r.State.Worth)
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		fresh := 0
		for range 20 {
			wg.Go(func() {
				already, err := service.Adjustments{Ledger: b.Ledger}.OptIn(
					t.Context(), b.P, "mem_ada", "double", ledger.By{Actor: "test"},
				)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				} else if !already {
					fresh++
				}
			})
		}
		wg.Wait()
		if fresh != 1 {
			t.Errorf("%d of 20 registered the member first", fresh)
		}
		if r := b.Put(t, b.Order("2", "mem_ada", 1_000)); r.State.Worth != 20 {
			t.Errorf("registered, the order is worth %d", r.State.Worth)
		}
		b.Audit(t, "mem_ada")
	})
}

func TestGoodwillIsWrittenDownAndHappensOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.P.Goodwill = loyalty.Goodwill{Reinstate: calendar.Period{Days: 90}, Extend: calendar.Period{Months: 12}}
		b.P.Earn.Pending = calendar.Wait{Manual: true}
		if err := engine.Compile(b.P); err != nil {
			t.Fatal(err)
		}
		b.Enroll(t, "mem_ada")
		b.Put(t, b.Order("1", "mem_ada", 10_000))
		b.WantBalance(t, "mem_ada", loyalty.Balance{Pending: 100})
		for i := range 2 {
			r, err := service.Events{Ledger: b.Ledger}.ActivateOrder(t.Context(), b.P, "1", ledger.By{Actor: "test"})
			if err != nil || r.Replayed != (i == 1) && i == 0 {
				t.Fatalf("%+v, %v", r, err)
			}
			b.WantBalance(t, "mem_ada", loyalty.Balance{Active: 100})
		}
		extend := service.Extension{ID: "ext_1", Member: "mem_ada", Until: 20270131, Reason: "a kindness"}
		_, err := service.Adjustments{Ledger: b.Ledger}.Extend(t.Context(), b.P, extend, ledger.By{Input: "1"})
		servicetest.WantRejection(t, err, loyalty.ValidationFailed) // more than 12 months
		b.Wait(30 * 24 * 3600e9)
		extend.Until = 20270208
		if _, err := (service.Adjustments{Ledger: b.Ledger}).Extend(
			t.Context(), b.P, extend, ledger.By{Input: "1"},
		); err != nil {
			t.Fatal(err)
		}
		b.Wait(375 * 24 * 3600e9)
		b.WantBalance(t, "mem_ada", loyalty.Balance{})
		if _, err := b.Advance(t.Context(), b.P, "mem_ada"); err != nil {
			t.Fatal(err)
		}
		again := service.Reinstatement{
			Member: "mem_ada", Entry: "ent_expiry~mem_ada:2027-02-08~1", Until: 20270331, Reason: "was in hospital",
		}
		for range 2 {
			if _, err := (service.Adjustments{Ledger: b.Ledger}).Reinstate(
				t.Context(), b.P, again, ledger.By{Input: "1"},
			); err != nil {
				t.Fatal(err)
			}
			b.WantBalance(t, "mem_ada", loyalty.Balance{Active: 100})
		}
		b.Audit(t, "mem_ada")
	})
}
