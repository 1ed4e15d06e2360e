package inventory_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/inventory"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

func TestUnitsGoToTheFirstOnTheWaitlist(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		r := servicetest.Mug(2)
		r.FirstCall = calendar.Period{Hours: 24}
		b.Offer(t, r)
		member := func(i int) loyalty.MemberID { return loyalty.MemberID(fmt.Sprintf("mem_%02d", i)) }
		for i := range 12 {
			b.Enroll(t, member(i))
			b.Grant(t, member(i), 1_000)
		}
		for i := range 2 {
			b.Take(t, service.RedemptionRequest{ID: fmt.Sprint("rd_held_", i), Member: member(10 + i), Reward: "mug"})
		}
		for i := range 5 {
			b.Wait(time.Second)
			if at, err := (inventory.Waitlists{Ledger: b.Ledger}).Join(
				t.Context(), b.P, "mug", member(i),
			); err != nil || at.Position != i+1 {
				t.Fatalf("%+v, %v", at, err)
			}
		}
		b.Cancel(t, "rd_held_0")
		b.Cancel(t, "rd_held_1")
		// All members request the reward concurrently, some of them repeatedly. The two units go to the first two
		// members.
		won := map[int]bool{}
		for round := range 2 {
			for i, err := range servicetest.InParallel(12, func(i int) error {
				_, err := b.Try(
					t,
					service.RedemptionRequest{
						ID: fmt.Sprintf("rd_%d_%d", round, i), Member: member(i), Reward: "mug", Commit: true,
					},
				)
				return err
			}) {
				if err == nil {
					won[i] = true
					continue
				}
				servicetest.WantRejection(t, err, loyalty.RewardOutOfStock)
			}
		}
		if len(won) != 2 || !won[0] || !won[1] {
			t.Errorf("the units went to %v", won)
		}
		for i := range 5 {
			at, err := inventory.Waitlists{Ledger: b.Ledger}.Place(t.Context(), b.P, "mug", member(i))
			if err != nil || at.Waits != (i > 1) || at.Waits && at.Position != i-1 {
				t.Errorf("%d: %+v, %v", i, at, err)
			}
		}
	})
}

// A cart keeps its unit even if members wait; only other units are reserved for them.
func TestACartKeepsItsUnitWhileOthersWait(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		r := servicetest.Mug(2)
		r.FirstCall = calendar.Period{Hours: 24}
		b.Offer(t, r)
		for _, m := range []loyalty.MemberID{"mem_ada", "mem_bob", "mem_eve"} {
			b.Enroll(t, m)
			b.Grant(t, m, 1_000)
		}
		b.Take(t, service.RedemptionRequest{ID: "rd_1", Member: "mem_ada", Reward: "mug", Cart: "m1"})
		b.Take(t, service.RedemptionRequest{ID: "rd_2", Member: "mem_bob", Reward: "mug"})
		if _, err := (inventory.Waitlists{Ledger: b.Ledger}).Join(t.Context(), b.P, "mug", "mem_eve"); err != nil {
			t.Fatal(err)
		}
		b.Cancel(t, "rd_2")
		b.Take(t, service.RedemptionRequest{ID: "rd_3", Member: "mem_ada", Reward: "mug", Cart: "m1"})
		if n := b.Spent(t, "mug"); n != 1 {
			t.Errorf("%d units are taken", n)
		}
		_, err := b.Try(t, service.RedemptionRequest{ID: "rd_4", Member: "mem_ada", Reward: "mug", Cart: "m2"})
		servicetest.WantRejection(t, err, loyalty.RewardOutOfStock)
		b.Take(t, service.RedemptionRequest{ID: "rd_5", Member: "mem_eve", Reward: "mug"})
		b.Take(t, service.RedemptionRequest{ID: "rd_6", Member: "mem_ada", Reward: "mug", Cart: "m1", Commit: true})
		if n := b.Spent(t, "mug"); n != 2 {
			t.Errorf("%d units are taken", n)
		}
	})
}

func TestOneMemberStandsInLineOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		r := servicetest.Mug(1)
		r.FirstCall = calendar.Period{Hours: 24}
		b.Offer(t, r)
		for _, m := range []loyalty.MemberID{"mem_ada", "mem_bob"} {
			b.Enroll(t, m)
			b.Grant(t, m, 1_000)
		}
		b.Take(t, service.RedemptionRequest{ID: "rd_1", Member: "mem_ada", Reward: "mug"})
		for _, err := range servicetest.InParallel(10, func(int) error {
			for {
				if _, err := (inventory.Waitlists{Ledger: b.Ledger}).Join(
					t.Context(), b.P, "mug", "mem_bob",
				); !errors.Is(err, ledger.ErrTryAgain) {
					return err
				}
			}
		}) {
			if err != nil {
				t.Error(err)
			}
		}
		if _, err := (inventory.Waitlists{Ledger: b.Ledger}).Leave(t.Context(), b.P, "mug", "mem_bob"); err != nil {
			t.Fatal(err)
		}
		b.Cancel(t, "rd_1")
		b.Take(t, service.RedemptionRequest{ID: "rd_2", Member: "mem_ada", Reward: "mug"}) // the waitlist is empty
	})
}

// Stock without a waitlist costs the same as before.
func TestAWaitingListCostsOnlyWhereThereIsOne(t *testing.T) {
	var cost [2]tabletest.Usage
	for i, first := range []calendar.Period{{}, {Hours: 24}} {
		meter := &tabletest.Meter{Table: servicetest.Memory(t)}
		b := newBench(t, meter)
		r := servicetest.Mug(5)
		r.FirstCall = first
		b.Offer(t, r)
		b.Enroll(t, "mem_ada")
		b.Grant(t, "mem_ada", 1_000)
		meter.Take()
		b.Take(t, service.RedemptionRequest{ID: "rd_1", Member: "mem_ada", Reward: "mug", Commit: true})
		cost[i] = meter.Take()
	}
	if cost[1].Read-cost[0].Read > 2 || cost[1].Write != cost[0].Write {
		t.Errorf("without a list it costs %+v, with an empty one %+v", cost[0], cost[1])
	}
}
