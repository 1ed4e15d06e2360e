package service_test

import (
	"context"
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
	"github.com/perennial-loyalty/perennial/internal/seedtest"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

// until repeats a command until it is answered, up to a limit.
func until[T any](do func() (T, error)) (r T, err error) {
	for range 500 {
		if r, err = do(); !errors.Is(err, ledger.ErrTryAgain) {
			return r, err
		}
	}
	return r, err
}

// onFaulty runs a test on each adapter, once without faults and once with them.
func onFaulty(t *testing.T, test func(t *testing.T, b *bench)) {
	onBoth(t, func(t *testing.T, b *bench) {
		t.Run("sound", func(t *testing.T) { test(t, b) })
	})
	onBoth(t, func(t *testing.T, b *bench) {
		t.Run("faulty", func(t *testing.T) {
			b.breakTable(t)
			test(t, b)
		})
	})
}

// onEveryFault does the same as onFaulty for a long test in which every kind of fault must happen. The test calls heal
// to stop the faults before its checks.
func onEveryFault(t *testing.T, test func(t *testing.T, b *bench, heal func())) {
	onBoth(t, func(t *testing.T, b *bench) {
		t.Run("sound", func(t *testing.T) { test(t, b, func() {}) })
	})
	onBoth(t, func(t *testing.T, b *bench) {
		t.Run("faulty", func(t *testing.T) {
			broken := b.breakTable(t)
			test(t, b, broken.Heal)
			if !everyKind(broken.Fired()) {
				t.Errorf("too few faults to say anything: %+v", broken.Fired())
			}
		})
	})
}

// breakTable makes the table of the bench fail.
func (b *bench) breakTable(t *testing.T) *tabletest.Faulty {
	broken := faulty(b.Table, seedtest.Of(t))
	broken.BusyReads, broken.Busy, broken.LostBefore, broken.LostAfter = 0.05, 0.1, 0.1, 0.1 // a race has few calls
	b.Table = broken
	return broken
}

// At the instant at which a reservation expires, several requests commit it, cancel it, replace it by another
// reservation for the same cart, and record its expiry. One of them wins, and the points, the stock and the code match
// its result.
func TestOneEndOfAReservationWins(t *testing.T) {
	onEveryFault(t, func(t *testing.T, b *bench, heal func()) {
		const rounds = 30
		r := mug(100)
		r.Codes = loyalty.Codes{From: loyalty.UploadedCode}
		b.offer(t, r)
		until(func() (inventory.Upload, error) {
			return inventory.Codes{Ledger: b.Ledger}.Add(t.Context(), b.p.ID, "mug", vouchers(0, rounds))
		})
		ends := map[loyalty.RedemptionStatus]int{}
		for i := range rounds {
			b.crowdOf(t, i)
			id := fmt.Sprint("rd_", i)
			b.take(t, service.RedemptionRequest{ID: id, Member: member(i), Reward: "mug", Cart: "c"})
			b.advance(30*time.Minute - time.Millisecond)
			clock, looks := b.Now, new(atomic.Int64)
			b.Ledger.Now = func() time.Time { // the reservation expires while the requests run
				if looks.Add(1) > int64(3*(i%10)) {
					return clock().Add(time.Millisecond)
				}
				return clock()
			}
			ends[b.raceToEnd(t, member(i), id)]++
			b.Ledger.Now = clock
			b.advance(time.Millisecond)
		}
		heal()
		if spent, free := b.spent(t, "mug"), len(b.pool(t, "mug")); int(spent) != ends[loyalty.Committed] ||
			free != rounds-ends[loyalty.Committed] {
			t.Errorf("%v, and %d units are spent, %d codes free", ends, spent, free)
		}
		if ends[loyalty.Expired] == 0 || ends[loyalty.Committed]+ends[loyalty.Canceled] == 0 {
			t.Errorf("only %v: nothing was raced", ends)
		}
		for i := range rounds {
			b.audit(t, member(i))
		}
	})
}

func (b *bench) crowdOf(tb testing.TB, i int) {
	m := member(i)
	until(func() (members.Member, error) {
		return members.Members{Ledger: b.Ledger}.Enroll(
			tb.Context(), b.p, members.Enrollment{Member: m}, ledger.By{Input: string(m)},
		)
	})
	until(func() (service.AdjustmentResult, error) {
		in := service.Adjustment{ID: "adj_" + string(m), Member: m, Points: 100, Reason: "for the test"}
		return service.Adjustments{Ledger: b.Ledger}.Adjust(tb.Context(), b.p, in, ledger.By{Input: "grant"})
	})
}

func (b *bench) raceToEnd(t *testing.T, m loyalty.MemberID, id string) loyalty.RedemptionStatus {
	t.Helper()
	won := make([]error, 8)
	var next error
	passes := func() { until(func() (int, error) { return b.Advance(t.Context(), b.p, m) }) }
	all := []func(){passes, func() {
		_, next = b.try(t, service.RedemptionRequest{ID: id + "_next", Member: m, Reward: "sticker", Cart: "c"})
	}}
	for i := range won {
		end := service.Redemptions{Ledger: b.Ledger}.Commit
		if i%2 == 0 {
			end = service.Redemptions{Ledger: b.Ledger}.Cancel
		}
		all = append(all, func() {
			_, won[i] = until(func() (service.RedemptionResult, error) {
				return end(t.Context(), b.p, id, ledger.By{Input: fmt.Sprint(i)})
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
	got, err := until(func() (service.RedemptionResult, error) {
		return service.Redemptions{Ledger: b.Ledger}.Get(t.Context(), b.p.ID, id)
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
	if acc, err := until(
		func() (members.Member, error) { return members.Members{Ledger: b.Ledger}.Get(t.Context(), b.p, m) },
	); err != nil ||
		acc.Account.Balance() != want {
		t.Errorf("%s, and the balance is %+v, %v", status, acc.Account.Balance(), err)
	}
	return status
}

// losing is a table that loses the response of the nth transaction from now on, which it executes or not.
type losing struct {
	table.Table
	in   int
	done bool
}

func (l *losing) Transact(ctx context.Context, ops ...table.Op) error {
	if l.in--; l.in != 0 {
		return l.Table.Transact(ctx, ops...)
	}
	if !l.done {
		return table.ErrUnknown
	}
	if err := l.Table.Transact(ctx, ops...); err != nil {
		return err
	}
	return table.ErrUnknown
}

// Each command has its effect once, whichever response is lost.
func TestEveryAnswerOfARedemptionCanBeLost(t *testing.T) {
	for n := range 10 {
		for _, done := range []bool{false, true} {
			tab := &losing{Table: memory(t), done: done}
			b := newBench(t, tab)
			r := mug(2)
			r.Type, r.Value, r.Codes = "gift_card", loyalty.Money{
				Amount: 500, Currency: "EUR",
			}, loyalty.Codes{From: loyalty.UploadedCode}
			b.offer(t, r)
			b.p.Redemption.OnRefund = loyalty.ShareBack
			b.enrol(t, "mem_ada")
			b.grant(t, "mem_ada", 200)
			b.upload(t, "mug", 2)
			tab.in = n + 1
			b.allCommands(t)
			if left, spent := len(b.pool(t, "mug")), b.spent(t, "mug"); left != 1 || spent != 1 {
				t.Errorf("answer %d, done %t: the pool has %d codes, %d units are spent", n, done, left, spent)
			}
			// Two fifths of the card, 40 of 100 points, were spent.
			b.wantBalance(t, "mem_ada", loyalty.Balance{Active: 160})
			b.audit(t, "mem_ada")
		}
	}
}

// allCommands runs all commands of a redemption: seven transactions if no response is lost.
func (b *bench) allCommands(t *testing.T) {
	t.Helper()
	do := func(what string, do func() (service.RedemptionResult, error)) loyalty.Redemption {
		t.Helper()
		r, err := until(do)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		return r.Redemption
	}
	for i := range 2 {
		b.take(t, service.RedemptionRequest{ID: fmt.Sprint("rd_", i), Member: "mem_ada", Reward: "mug", Cart: "c"})
	}
	do("cancel", func() (service.RedemptionResult, error) {
		return service.Redemptions{Ledger: b.Ledger}.Cancel(t.Context(), b.p, "rd_1", ledger.By{Input: "x"})
	})
	b.take(t, service.RedemptionRequest{ID: "rd_2", Member: "mem_ada", Reward: "mug"})
	code := do("commit", func() (service.RedemptionResult, error) {
		return service.Redemptions{Ledger: b.Ledger}.Commit(t.Context(), b.p, "rd_2", ledger.By{Input: "c"})
	}).Code
	used, err := b.use(t, inventory.CodeUse{ID: "use", Code: code, Amount: loyalty.Money{Amount: 200, Currency: "EUR"}})
	if err != nil || used.Left.Amount != 300 {
		t.Errorf("%+v, %v", used, err)
	}
	for _, again := range []string{"first", "all", "first"} {
		share := map[string]*big.Rat{"first": big.NewRat(1, 2), "all": big.NewRat(1, 1)}[again]
		do("reverse", func() (service.RedemptionResult, error) {
			return service.Redemptions{Ledger: b.Ledger}.Reverse(
				t.Context(), b.p, "rd_2", share, ledger.By{Input: again},
			)
		})
	}
	_, err = b.use(t, inventory.CodeUse{ID: "late", Code: code, Amount: loyalty.Money{Amount: 1, Currency: "EUR"}})
	wantRefusal(t, err, loyalty.CodeVoid)
}
