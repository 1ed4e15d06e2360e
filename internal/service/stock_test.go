package service_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/inventory"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// mug returns a reward with the given stock.
func mug(pieces int64) loyalty.Reward {
	return loyalty.Reward{
		ID: "mug", Type: "free_product", Cost: 100, StockBatches: []loyalty.StockBatch{{Quantity: pieces}},
	}
}

// offer adds a reward to the program, or replaces the reward with the same ID.
func (b *bench) offer(tb testing.TB, r loyalty.Reward) {
	tb.Helper()
	rewards := slices.DeleteFunc(slices.Clone(b.p.Rewards), func(x loyalty.Reward) bool { return x.ID == r.ID })
	b.p.Rewards = append(rewards, r)
	if err := engine.Compile(b.p); err != nil {
		tb.Fatal(err)
	}
}

// upload fills the pool of a reward with "VOUCHER-00000" and so on.
func (b *bench) upload(tb testing.TB, reward string, n int) {
	tb.Helper()
	up, err := inventory.Codes{Ledger: b.Ledger}.Add(tb.Context(), b.p.ID, reward, vouchers(0, n))
	if err != nil || up.Added != n || len(up.Duplicate) > 0 {
		tb.Fatalf("%+v, %v", up, err)
	}
}

func vouchers(from, n int) func(func(string) bool) {
	return func(yield func(string) bool) {
		for i := range n {
			if !yield(fmt.Sprintf("VOUCHER-%07d", from+i)) {
				return
			}
		}
	}
}

// pool returns the unused codes of a reward.
func (b *bench) pool(tb testing.TB, reward string) (codes []string) {
	tb.Helper()
	for it, err := range b.Table.Query(tb.Context(), table.Query{PK: "P#" + b.p.ID + "#POOL#" + reward}) {
		if err != nil {
			tb.Fatal(err)
		}
		codes = append(codes, it.Key.SK[len("00000000#"):])
	}
	return codes
}

// spent returns the number of used units according to the counters of a reward.
func (b *bench) spent(tb testing.TB, reward string) int64 {
	tb.Helper()
	const all = 1_000_000
	left, err := ledger.Budgets{Ledger: b.Ledger}.Use(tb.Context(), b.p.ID, "rewards."+reward, all)
	if err != nil {
		tb.Fatal(err)
	}
	return all - int64(left)
}

// try redeems a reward, and repeats the request until it is answered, as a client does.
func (b *bench) try(tb testing.TB, in service.RedemptionRequest) (service.RedemptionResult, error) {
	for {
		r, err := service.Redemptions{Ledger: b.Ledger}.Redeem(tb.Context(), b.p, in, ledger.By{Input: in.ID})
		if !errors.Is(err, ledger.ErrTryAgain) {
			return r, err
		}
	}
}

func (b *bench) take(tb testing.TB, in service.RedemptionRequest) loyalty.Redemption {
	tb.Helper()
	r, err := b.try(tb, in)
	if err != nil {
		tb.Fatalf("%+v: %v", in, err)
	}
	return r.Redemption
}

func (b *bench) cancel(tb testing.TB, id string) {
	tb.Helper()
	if _, err := (service.Redemptions{Ledger: b.Ledger}).Cancel(
		tb.Context(), b.p, id, ledger.By{Input: "cancel " + id},
	); err != nil {
		tb.Fatal(err)
	}
}

// A repeated cart returns its unit and its code and takes them again, in one transaction.
func TestACartCanKeepTheLastUnitAndTheLastCode(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		r := mug(1)
		r.Codes = loyalty.Codes{From: loyalty.UploadedCode}
		b.offer(t, r)
		b.upload(t, "mug", 1)
		b.enrol(t, "mem_ada")
		b.grant(t, "mem_ada", 100)
		for i := range 3 {
			got := b.take(
				t, service.RedemptionRequest{ID: fmt.Sprint("rd_", i), Member: "mem_ada", Reward: "mug", Cart: "c1"},
			)
			if got.Code != "VOUCHER-0000000" || b.spent(t, "mug") != 1 || len(b.pool(t, "mug")) != 0 {
				t.Errorf("%+v, %d units spent, the pool has %v", got, b.spent(t, "mug"), b.pool(t, "mug"))
			}
			b.wantBalance(t, "mem_ada", loyalty.Balance{Reserved: 100})
		}
		b.cancel(t, "rd_2")
		if b.spent(t, "mug") != 0 || len(b.pool(t, "mug")) != 1 {
			t.Errorf("%d units spent, the pool has %v", b.spent(t, "mug"), b.pool(t, "mug"))
		}
		b.take(t, service.RedemptionRequest{ID: "rd_3", Member: "mem_ada", Reward: "mug", Cart: "c1"})
		b.advance(time.Hour) // the reservation has expired, and this is not recorded yet
		b.take(t, service.RedemptionRequest{ID: "rd_4", Member: "mem_ada", Reward: "mug"})
		if b.spent(t, "mug") != 1 || len(b.pool(t, "mug")) != 0 {
			t.Errorf("%d units spent, the pool has %v", b.spent(t, "mug"), b.pool(t, "mug"))
		}
		b.audit(t, "mem_ada")
	})
}

// The reservations of two or more units of one reward expire at the same instant.
func TestUnitsComeBackTogether(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.offer(t, mug(3))
		b.enrol(t, "mem_ada")
		b.grant(t, "mem_ada", 1_000)
		for i := range 3 {
			b.take(t, service.RedemptionRequest{ID: fmt.Sprint("rd_", i), Member: "mem_ada", Reward: "mug"})
		}
		b.advance(time.Hour)
		if _, err := b.Advance(t.Context(), b.p, "mem_ada"); err != nil || b.spent(t, "mug") != 0 {
			t.Errorf("%d units are spent, %v", b.spent(t, "mug"), err)
		}
		b.audit(t, "mem_ada")
	})
}

// Units return even if the stock was reduced below the used units or the reward was removed.
func TestWhatComesBackIsNeverRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.offer(t, mug(40))
		b.enrol(t, "mem_ada")
		b.grant(t, "mem_ada", 10_000)
		for i := range 19 {
			b.take(t, service.RedemptionRequest{ID: fmt.Sprint("rd_", i), Member: "mem_ada", Reward: "mug"})
		}
		b.offer(t, mug(2))
		b.cancel(t, "rd_0")
		_, err := b.try(t, service.RedemptionRequest{ID: "rd_more", Member: "mem_ada", Reward: "mug"})
		wantRefusal(t, err, loyalty.RewardOutOfStock)
		b.p.Rewards = b.p.Rewards[:2]
		b.advance(time.Hour)
		if _, err := b.Advance(t.Context(), b.p, "mem_ada"); err != nil || b.spent(t, "mug") != 0 {
			t.Errorf("%d units are spent, %v", b.spent(t, "mug"), err)
		}
		b.wantBalance(t, "mem_ada", loyalty.Balance{Active: 10_000})
		b.audit(t, "mem_ada")
	})
}

// A repeated reservation finds the cart reserved by the first attempt, and does not replace it.
func TestALostAnswerForACartIsNoReplacement(t *testing.T) {
	b, tab := lossyBench(t)
	r := mug(1)
	r.Codes = loyalty.Codes{From: loyalty.UploadedCode}
	b.offer(t, r)
	b.upload(t, "mug", 1)
	b.enrol(t, "mem_ada")
	b.grant(t, "mem_ada", 100)
	tab.lose = true
	in := service.RedemptionRequest{ID: "rd_1", Member: "mem_ada", Reward: "mug", Cart: "c1"}
	for range 2 {
		if got := b.take(t, in); got.Code == "" || got.Status != loyalty.Reserved || b.spent(t, "mug") != 1 {
			t.Errorf("%+v, and %d units are spent", got, b.spent(t, "mug"))
		}
		b.wantBalance(t, "mem_ada", loyalty.Balance{Reserved: 100})
	}
	b.audit(t, "mem_ada")
}
