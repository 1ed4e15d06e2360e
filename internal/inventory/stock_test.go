package inventory_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
)

// A repeated cart returns its unit and its code and takes them again, in one transaction.
func TestACartCanKeepTheLastUnitAndTheLastCode(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		r := servicetest.Mug(1)
		r.Codes = loyalty.Codes{From: loyalty.UploadedCode}
		b.Offer(t, r)
		b.Upload(t, "mug", 1)
		b.Enroll(t, "mem_ada")
		b.Grant(t, "mem_ada", 100)
		for i := range 3 {
			got := b.Take(
				t, service.RedemptionRequest{ID: fmt.Sprint("rd_", i), Member: "mem_ada", Reward: "mug", Cart: "c1"},
			)
			if got.Code != "VOUCHER-0000000" || b.Spent(t, "mug") != 1 || len(b.Pool(t, "mug")) != 0 {
				t.Errorf("%+v, %d units spent, the pool has %v", got, b.Spent(t, "mug"), b.Pool(t, "mug"))
			}
			b.WantBalance(t, "mem_ada", loyalty.Balance{Reserved: 100})
		}
		b.Cancel(t, "rd_2")
		if b.Spent(t, "mug") != 0 || len(b.Pool(t, "mug")) != 1 {
			t.Errorf("%d units spent, the pool has %v", b.Spent(t, "mug"), b.Pool(t, "mug"))
		}
		b.Take(t, service.RedemptionRequest{ID: "rd_3", Member: "mem_ada", Reward: "mug", Cart: "c1"})
		b.Wait(time.Hour) // the reservation has expired, and this is not recorded yet
		b.Take(t, service.RedemptionRequest{ID: "rd_4", Member: "mem_ada", Reward: "mug"})
		if b.Spent(t, "mug") != 1 || len(b.Pool(t, "mug")) != 0 {
			t.Errorf("%d units spent, the pool has %v", b.Spent(t, "mug"), b.Pool(t, "mug"))
		}
		b.Audit(t, "mem_ada")
	})
}

// The reservations of two or more units of one reward expire at the same instant.
func TestUnitsReturnTogether(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.Offer(t, servicetest.Mug(3))
		b.Enroll(t, "mem_ada")
		b.Grant(t, "mem_ada", 1_000)
		for i := range 3 {
			b.Take(t, service.RedemptionRequest{ID: fmt.Sprint("rd_", i), Member: "mem_ada", Reward: "mug"})
		}
		b.Wait(time.Hour)
		if _, err := b.Advance(t.Context(), b.P, "mem_ada"); err != nil || b.Spent(t, "mug") != 0 {
			t.Errorf("%d units are spent, %v", b.Spent(t, "mug"), err)
		}
		b.Audit(t, "mem_ada")
	})
}

// Units return even if the stock was reduced below the used units or the reward was removed.
func TestReturnedUnitsAreNeverRejected(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.Offer(t, servicetest.Mug(40))
		b.Enroll(t, "mem_ada")
		b.Grant(t, "mem_ada", 10_000)
		for i := range 19 {
			b.Take(t, service.RedemptionRequest{ID: fmt.Sprint("rd_", i), Member: "mem_ada", Reward: "mug"})
		}
		b.Offer(t, servicetest.Mug(2))
		b.Cancel(t, "rd_0")
		_, err := b.Try(t, service.RedemptionRequest{ID: "rd_more", Member: "mem_ada", Reward: "mug"})
		servicetest.WantRejection(t, err, loyalty.RewardOutOfStock)
		b.P.Rewards = b.P.Rewards[:2]
		b.Wait(time.Hour)
		if _, err := b.Advance(t.Context(), b.P, "mem_ada"); err != nil || b.Spent(t, "mug") != 0 {
			t.Errorf("%d units are spent, %v", b.Spent(t, "mug"), err)
		}
		b.WantBalance(t, "mem_ada", loyalty.Balance{Active: 10_000})
		b.Audit(t, "mem_ada")
	})
}

// A repeated reservation finds the cart reserved by the first attempt, and does not replace it.
func TestLostResponseForCartIsNoReplacement(t *testing.T) {
	tab := &servicetest.Lossy{Table: servicetest.Memory(t)}
	b := newBench(t, tab)
	r := servicetest.Mug(1)
	r.Codes = loyalty.Codes{From: loyalty.UploadedCode}
	b.Offer(t, r)
	b.Upload(t, "mug", 1)
	b.Enroll(t, "mem_ada")
	b.Grant(t, "mem_ada", 100)
	tab.Lose = true
	in := service.RedemptionRequest{ID: "rd_1", Member: "mem_ada", Reward: "mug", Cart: "c1"}
	for range 2 {
		if got := b.Take(t, in); got.Code == "" || got.Status != loyalty.Reserved || b.Spent(t, "mug") != 1 {
			t.Errorf("%+v, and %d units are spent", got, b.Spent(t, "mug"))
		}
		b.WantBalance(t, "mem_ada", loyalty.Balance{Reserved: 100})
	}
	b.Audit(t, "mem_ada")
}
