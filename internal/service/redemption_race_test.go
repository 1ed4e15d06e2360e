package service_test

import (
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/inventory"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
)

// At the instant at which a reservation expires, several requests commit it, cancel it, replace it by another
// reservation for the same cart, and record its expiry. One of them wins, and the points, the stock and the code match
// its result.
func TestOneEndOfAReservationWins(t *testing.T) {
	onEveryFault(t, func(t *testing.T, b *bench, heal func()) {
		const rounds = 30
		r := servicetest.Mug(100)
		r.Codes = loyalty.Codes{From: loyalty.UploadedCode}
		b.Offer(t, r)
		servicetest.Until(func() (inventory.Upload, error) {
			return inventory.Codes{Ledger: b.Ledger}.Add(t.Context(), b.P.ID, "mug", servicetest.Vouchers(0, rounds))
		})
		ends := map[loyalty.RedemptionStatus]int{}
		for i := range rounds {
			b.EnrollWithPoints(t, i)
			id := fmt.Sprint("rd_", i)
			b.Take(t, service.RedemptionRequest{ID: id, Member: servicetest.Member(i), Reward: "mug", Cart: "c"})
			b.Wait(30*time.Minute - time.Millisecond)
			clock, looks := b.Now, new(atomic.Int64)
			b.Ledger.Now = func() time.Time { // the reservation expires while the requests run
				if looks.Add(1) > int64(3*(i%10)) {
					return clock().Add(time.Millisecond)
				}
				return clock()
			}
			ends[b.raceToEnd(t, servicetest.Member(i), id)]++
			b.Ledger.Now = clock
			b.Wait(time.Millisecond)
		}
		heal()
		if spent, free := b.Spent(t, "mug"), len(b.Pool(t, "mug")); int(spent) != ends[loyalty.Committed] ||
			free != rounds-ends[loyalty.Committed] {
			t.Errorf("%v, and %d units are spent, %d codes free", ends, spent, free)
		}
		if ends[loyalty.Expired] == 0 || ends[loyalty.Committed]+ends[loyalty.Canceled] == 0 {
			t.Errorf("only %v: nothing was raced", ends)
		}
		for i := range rounds {
			b.Audit(t, servicetest.Member(i))
		}
	})
}

func (b *bench) raceToEnd(t *testing.T, m loyalty.MemberID, id string) loyalty.RedemptionStatus {
	t.Helper()
	won := make([]error, 8)
	var next error
	passes := func() { servicetest.Until(func() (int, error) { return b.Advance(t.Context(), b.P, m) }) }
	all := []func(){passes, func() {
		_, next = b.Try(t, service.RedemptionRequest{ID: id + "_next", Member: m, Reward: "sticker", Cart: "c"})
	}}
	for i := range won {
		end := service.Redemptions{Ledger: b.Ledger}.Commit
		if i%2 == 0 {
			end = service.Redemptions{Ledger: b.Ledger}.Cancel
		}
		all = append(all, func() {
			_, won[i] = servicetest.Until(func() (service.RedemptionResult, error) {
				return end(t.Context(), b.P, id, ledger.By{Input: fmt.Sprint(i)})
			})
		})
	}
	var wg sync.WaitGroup
	for _, i := range rand.Perm(len(all)) { // the goroutine that starts last often runs first
		wg.Go(all[i])
	}
	wg.Wait()
	passes()
	winners := 0
	for i, err := range won {
		switch {
		case err == nil:
			winners++
		case !errors.Is(err, loyalty.AlreadyResolved) && (i%2 == 0 || !errors.Is(err, loyalty.AlreadyExpired)):
			t.Errorf("end %d: %v", i, err)
		}
	}
	got, err := servicetest.Until(func() (service.RedemptionResult, error) {
		return service.Redemptions{Ledger: b.Ledger}.Get(t.Context(), b.P.ID, id)
	})
	status := got.Redemption.Status
	if err != nil || got.Entry.Cause.Revision != 2 || winners > 1 || status == loyalty.Committed && winners == 0 ||
		status == loyalty.Expired && winners == 1 {
		t.Errorf("%d won, and it is %s at revision %d, %v", winners, status, got.Entry.Cause.Revision, err)
	}
	want := loyalty.Balance{Reserved: 100}
	if status == loyalty.Committed {
		want = loyalty.Balance{}
	}
	if spent := errors.Is(next, loyalty.InsufficientPoints); spent != (status == loyalty.Committed) ||
		!spent && next != nil {
		t.Errorf("%s, and the other reservation for the cart returned %v", status, next)
	}
	if acc, err := servicetest.Until(
		func() (members.Member, error) { return members.Members{Ledger: b.Ledger}.Get(t.Context(), b.P, m) },
	); err != nil ||
		acc.Account.Balance() != want {
		t.Errorf("%s, and the balance is %+v, %v", status, acc.Account.Balance(), err)
	}
	return status
}

// Each command has its effect once, whichever response is lost.
func TestEveryAnswerOfARedemptionCanBeLost(t *testing.T) {
	for n := range 10 {
		for _, done := range []bool{false, true} {
			tab := &servicetest.Losing{Table: servicetest.Memory(t), Done: done}
			b := newBench(t, tab)
			r := servicetest.Mug(2)
			r.Type, r.Value, r.Codes = "gift_card", loyalty.Money{
				Amount: 500, Currency: "EUR",
			}, loyalty.Codes{From: loyalty.UploadedCode}
			b.Offer(t, r)
			b.P.Redemption.OnRefund = loyalty.ShareBack
			b.Enroll(t, "mem_ada")
			b.Grant(t, "mem_ada", 200)
			b.Upload(t, "mug", 2)
			tab.In = n + 1
			b.allCommands(t)
			if left, spent := len(b.Pool(t, "mug")), b.Spent(t, "mug"); left != 1 || spent != 1 {
				t.Errorf("answer %d, done %t: the pool has %d codes, %d units are spent", n, done, left, spent)
			}
			// Two fifths of the card, 40 of 100 points, were spent.
			b.WantBalance(t, "mem_ada", loyalty.Balance{Active: 160})
			b.Audit(t, "mem_ada")
		}
	}
}

// allCommands runs all commands of a redemption: seven transactions if no response is lost.
func (b *bench) allCommands(t *testing.T) {
	t.Helper()
	do := func(what string, do func() (service.RedemptionResult, error)) loyalty.Redemption {
		t.Helper()
		r, err := servicetest.Until(do)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		return r.Redemption
	}
	for i := range 2 {
		b.Take(t, service.RedemptionRequest{ID: fmt.Sprint("rd_", i), Member: "mem_ada", Reward: "mug", Cart: "c"})
	}
	do("cancel", func() (service.RedemptionResult, error) {
		return service.Redemptions{Ledger: b.Ledger}.Cancel(t.Context(), b.P, "rd_1", ledger.By{Input: "x"})
	})
	b.Take(t, service.RedemptionRequest{ID: "rd_2", Member: "mem_ada", Reward: "mug"})
	code := do("commit", func() (service.RedemptionResult, error) {
		return service.Redemptions{Ledger: b.Ledger}.Commit(t.Context(), b.P, "rd_2", ledger.By{Input: "c"})
	}).Code
	used, err := b.UseCode(
		t, inventory.CodeUse{ID: "use", Code: code, Amount: loyalty.Money{Amount: 200, Currency: "EUR"}},
	)
	if err != nil || used.Left.Amount != 300 {
		t.Errorf("%+v, %v", used, err)
	}
	for _, again := range []string{"first", "all", "first"} {
		share := map[string]*big.Rat{"first": big.NewRat(1, 2), "all": big.NewRat(1, 1)}[again]
		do("reverse", func() (service.RedemptionResult, error) {
			return service.Redemptions{Ledger: b.Ledger}.Reverse(
				t.Context(), b.P, "rd_2", share, ledger.By{Input: again},
			)
		})
	}
	_, err = b.UseCode(t, inventory.CodeUse{ID: "late", Code: code, Amount: loyalty.Money{Amount: 1, Currency: "EUR"}})
	servicetest.WantRejection(t, err, loyalty.CodeVoid)
}
