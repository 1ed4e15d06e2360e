package servicetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/inventory"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Mug returns a reward with the given stock.
func Mug(pieces int64) loyalty.Reward {
	return loyalty.Reward{
		ID: "mug", Type: "free_product", Cost: 100, StockBatches: []loyalty.StockBatch{{Quantity: pieces}},
	}
}

// Offer adds a reward to the program, or replaces the reward with the same ID.
func (b *Bench) Offer(tb testing.TB, r loyalty.Reward) {
	tb.Helper()
	rewards := slices.DeleteFunc(slices.Clone(b.P.Rewards), func(x loyalty.Reward) bool { return x.ID == r.ID })
	b.P.Rewards = append(rewards, r)
	if err := engine.Compile(b.P); err != nil {
		tb.Fatal(err)
	}
}

// Upload fills the pool of a reward with "VOUCHER-00000" and so on.
func (b *Bench) Upload(tb testing.TB, reward string, n int) {
	tb.Helper()
	up, err := inventory.Codes{Ledger: b.Ledger}.Add(tb.Context(), b.P.ID, reward, Vouchers(0, n))
	if err != nil || up.Added != n || len(up.Duplicate) > 0 {
		tb.Fatalf("%+v, %v", up, err)
	}
}

// Vouchers yields n codes with ascending numbers, which start at the given number.
func Vouchers(from, n int) func(func(string) bool) {
	return func(yield func(string) bool) {
		for i := range n {
			if !yield(fmt.Sprintf("VOUCHER-%07d", from+i)) {
				return
			}
		}
	}
}

// Pool returns the unused codes of a reward.
func (b *Bench) Pool(tb testing.TB, reward string) (codes []string) {
	tb.Helper()
	for it, err := range b.Table.Query(tb.Context(), table.Query{PK: "P#" + b.P.ID + "#POOL#" + reward}) {
		if err != nil {
			tb.Fatal(err)
		}
		codes = append(codes, it.Key.SK[len("00000000#"):])
	}
	return codes
}

// Spent returns the number of used units according to the counters of a reward.
func (b *Bench) Spent(tb testing.TB, reward string) int64 {
	tb.Helper()
	const all = 1_000_000
	left, err := ledger.Budgets{Ledger: b.Ledger}.Use(tb.Context(), b.P.ID, "rewards."+reward, all)
	if err != nil {
		tb.Fatal(err)
	}
	return all - int64(left)
}

// Try redeems a reward, and repeats the request until it is answered, as a client does.
func (b *Bench) Try(tb testing.TB, in service.RedemptionRequest) (service.RedemptionResult, error) {
	for {
		r, err := service.Redemptions{Ledger: b.Ledger}.Redeem(tb.Context(), b.P, in, ledger.By{Input: in.ID})
		if !errors.Is(err, ledger.ErrTryAgain) {
			return r, err
		}
	}
}

// Take redeems a reward, which must succeed.
func (b *Bench) Take(tb testing.TB, in service.RedemptionRequest) loyalty.Redemption {
	tb.Helper()
	r, err := b.Try(tb, in)
	if err != nil {
		tb.Fatalf("%+v: %v", in, err)
	}
	return r.Redemption
}

// Cancel cancels a reservation, which must succeed.
func (b *Bench) Cancel(tb testing.TB, id string) {
	tb.Helper()
	if _, err := (service.Redemptions{Ledger: b.Ledger}).Cancel(
		tb.Context(), b.P, id, ledger.By{Input: "cancel " + id},
	); err != nil {
		tb.Fatal(err)
	}
}

// EnrollAll enrolls n members with 100 points each.
func (b *Bench) EnrollAll(tb testing.TB, n int) {
	b.P.Earn.Actions = []loyalty.Action{{ID: "welcome", Event: award.EventJoined, Points: 100}}
	if err := engine.Compile(b.P); err != nil {
		tb.Fatal(err)
	}
	Spread(64, n, func(i int) {
		for {
			m := Member(i)
			_, err := members.Members{Ledger: b.Ledger}.Enroll(
				tb.Context(), b.P, members.Enrollment{Member: m}, ledger.By{Actor: "test", Input: string(m)},
			)
			if !errors.Is(err, ledger.ErrTryAgain) {
				if err != nil {
					tb.Error(err)
				}
				return
			}
		}
	})
}

// RedeemCode offers the reward r with generated codes, redeems it for a new member, and returns the code.
func (b *Bench) RedeemCode(tb testing.TB, r loyalty.Reward) string {
	tb.Helper()
	r.Codes.From = loyalty.GeneratedCode
	b.Offer(tb, r)
	b.Enroll(tb, "mem_ada")
	b.Grant(tb, "mem_ada", 1_000)
	return b.Take(tb, service.RedemptionRequest{ID: "rd_1", Member: "mem_ada", Reward: "mug", Commit: true}).Code
}

// UseCode uses a code, and repeats the request until it is answered, as a POS terminal does.
func (b *Bench) UseCode(tb testing.TB, in inventory.CodeUse) (inventory.CodeResult, error) {
	for {
		r, err := inventory.Codes{Ledger: b.Ledger}.Use(tb.Context(), b.P.ID, in, ledger.By{Input: fmt.Sprint(in)})
		if !errors.Is(err, ledger.ErrTryAgain) {
			return r, err
		}
	}
}

// AllowTransfers lets members transfer points to each other.
func (b *Bench) AllowTransfers(tb testing.TB, t loyalty.Transfers) {
	tb.Helper()
	b.P.Transfers = t
	if err := engine.Compile(b.P); err != nil {
		tb.Fatal(err)
	}
}

// Transfer begins a transfer of points.
func (b *Bench) Transfer(tb testing.TB, in service.TransferRequest) (service.TransferResult, error) {
	return Until(func() (service.TransferResult, error) {
		return service.Transfers{Ledger: b.Ledger}.Create(tb.Context(), b.P, in, ledger.By{Actor: "test", Input: in.ID})
	})
}

// Listed returns the IDs of the open reservations in the list of a reward.
func (b *Bench) Listed(tb testing.TB, reward string) (ids []string) {
	tb.Helper()
	for it, err := range b.Table.Query(tb.Context(), table.Query{PK: "P#" + b.P.ID + "#HELD#" + reward}) {
		if err != nil {
			tb.Fatal(err)
		}
		_, id, _ := strings.Cut(it.Key.SK, "#")
		ids = append(ids, id)
	}
	return ids
}
