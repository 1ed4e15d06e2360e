package service_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/service"
)

func TestHoldExpiresAtItsInstantAndReturnsItsLots(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.enrol(t, "mem_ada")
		b.grant(t, "mem_ada", 120)
		redeem := func(id string) {
			in := service.RedemptionRequest{ID: id, Member: "mem_ada", Reward: "sticker"}
			if _, err := (service.Redemptions{Ledger: b.Ledger}).Redeem(
				t.Context(), b.p, in, ledger.By{Input: id},
			); err != nil {
				t.Fatal(err)
			}
		}
		redeem("rd_1")
		b.advance(30*time.Minute - time.Millisecond)
		b.wantBalance(t, "mem_ada", loyalty.Balance{Active: 20, Reserved: 100})
		b.advance(time.Millisecond)
		b.wantBalance(t, "mem_ada", loyalty.Balance{Active: 120})
		_, err := service.Redemptions{Ledger: b.Ledger}.Commit(t.Context(), b.p, "rd_1", ledger.By{Input: "late"})
		wantRefusal(t, err, loyalty.AlreadyExpired)
		_, err = service.Redemptions{Ledger: b.Ledger}.Cancel(t.Context(), b.p, "rd_1", ledger.By{Input: "late"})
		wantRefusal(t, err, loyalty.AlreadyResolved)
		redeem("rd_2") // records the expiry of the first reservation
		got, err := service.Redemptions{Ledger: b.Ledger}.Get(t.Context(), b.p.ID, "rd_1")
		if err != nil || got.Redemption.Status != loyalty.Expired || got.Entry.Cause.Revision != 2 {
			t.Errorf("the expired redemption is %+v, %v", got, err)
		}
		_, err = service.Redemptions{Ledger: b.Ledger}.Commit(t.Context(), b.p, "rd_1", ledger.By{Input: "later"})
		wantRefusal(t, err, loyalty.AlreadyExpired)
		b.audit(t, "mem_ada")
	})
}

func TestAHoldNeverLengthensTheLifeOfAPoint(t *testing.T) {
	b := newBench(t, memory(t))
	b.p.Hold = 48 * time.Hour
	b.enrol(t, "mem_ada")
	b.grant(t, "mem_ada", 100) // expires at the end of 2027-01-31 in Berlin
	end := time.Date(2027, 1, 31, 23, 0, 0, 0, time.UTC)
	b.advance(end.Sub(b.Now()) - time.Hour)
	in := service.RedemptionRequest{ID: "rd_1", Member: "mem_ada", Reward: "sticker"}
	if _, err := (service.Redemptions{Ledger: b.Ledger}).Redeem(
		t.Context(), b.p, in, ledger.By{Input: "1"},
	); err != nil {
		t.Fatal(err)
	}
	b.advance(2 * time.Hour)
	b.wantBalance(t, "mem_ada", loyalty.Balance{Reserved: 100})
	if _, err := (service.Redemptions{Ledger: b.Ledger}).Cancel(
		t.Context(), b.p, "rd_1", ledger.By{Input: "2"},
	); err != nil {
		t.Fatal(err)
	}
	b.wantBalance(t, "mem_ada", loyalty.Balance{})
	b.audit(t, "mem_ada")
}

func TestARefusedRedemptionStaysRefusedForItsKey(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.enrol(t, "mem_ada")
		in := service.RedemptionRequest{ID: "rd_1", Member: "mem_ada", Reward: "sticker", Commit: true}
		_, err := service.Redemptions{Ledger: b.Ledger}.Redeem(t.Context(), b.p, in, ledger.By{Input: "1"})
		wantRefusal(t, err, loyalty.InsufficientPoints)
		b.grant(t, "mem_ada", 100)
		again, err := service.Redemptions{Ledger: b.Ledger}.Redeem(t.Context(), b.p, in, ledger.By{Input: "1"})
		wantRefusal(t, err, loyalty.InsufficientPoints)
		if !again.Replayed {
			t.Error("the rejection was decided again")
		}
		in.ID = "rd_2"
		if _, err = (service.Redemptions{Ledger: b.Ledger}).Redeem(
			t.Context(), b.p, in, ledger.By{Input: "2"},
		); err != nil {
			t.Error(err)
		}
		b.audit(t, "mem_ada")
	})
}

func TestOneOfManyWins(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.enrol(t, "mem_ada")
		b.grant(t, "mem_ada", 730)
		errs := inParallel(60, func(i int) error {
			id := fmt.Sprintf("rd_%d", i)
			_, err := service.Redemptions{Ledger: b.Ledger}.Redeem(
				t.Context(), b.p,
				service.RedemptionRequest{ID: id, Member: "mem_ada", Reward: "sticker", Commit: i%2 == 0},
				ledger.By{Input: id},
			)
			return err
		})
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
				continue
			}
			wantRefusal(t, err, loyalty.InsufficientPoints)
		}
		if won != 7 {
			t.Errorf("%d redemptions of 100 were paid from 730 points", won)
		}

		o := b.order("1042", "mem_ada", 5_000)
		errs = inParallel(50, func(int) error {
			_, err := service.Orders{Ledger: b.Ledger}.Put(t.Context(), b.p, o, ledger.By{})
			return err
		})
		if err := errors.Join(errs...); err != nil {
			t.Error(err)
		}
		if got, err := (service.Orders{Ledger: b.Ledger}).Get(t.Context(), b.p.ID, "1042"); err != nil ||
			len(got.Entries) != 1 {
			t.Errorf("fifty equal orders made %d entries, %v", len(got.Entries), err)
		}
		b.audit(t, "mem_ada")
	})
}

func inParallel(n int, do func(i int) error) []error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = do(i) })
	}
	wg.Wait()
	return errs
}
