package service_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
)

func TestHoldExpiresAtItsInstantAndReturnsItsLots(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.Enroll(t, "mem_ada")
		b.Grant(t, "mem_ada", 120)
		redeem := func(id string) {
			in := service.RedemptionRequest{ID: id, Member: "mem_ada", Reward: "sticker"}
			if _, err := (service.Redemptions{Ledger: b.Ledger}).Redeem(
				t.Context(), b.P, in, ledger.By{Input: id},
			); err != nil {
				t.Fatal(err)
			}
		}
		redeem("rd_1")
		b.Wait(30*time.Minute - time.Millisecond)
		b.WantBalance(t, "mem_ada", loyalty.Balance{Active: 20, Reserved: 100})
		b.Wait(time.Millisecond)
		b.WantBalance(t, "mem_ada", loyalty.Balance{Active: 120})
		_, err := service.Redemptions{Ledger: b.Ledger}.Commit(t.Context(), b.P, "rd_1", ledger.By{Input: "late"})
		servicetest.WantRejection(t, err, loyalty.AlreadyExpired)
		_, err = service.Redemptions{Ledger: b.Ledger}.Cancel(t.Context(), b.P, "rd_1", ledger.By{Input: "late"})
		servicetest.WantRejection(t, err, loyalty.AlreadyResolved)
		redeem("rd_2") // records the expiry of the first reservation
		got, err := service.Redemptions{Ledger: b.Ledger}.Get(t.Context(), b.P.ID, "rd_1")
		if err != nil || got.Redemption.Status != loyalty.Expired || got.Entry.Cause.Revision != 2 {
			t.Errorf("the expired redemption is %+v, %v", got, err)
		}
		_, err = service.Redemptions{Ledger: b.Ledger}.Commit(t.Context(), b.P, "rd_1", ledger.By{Input: "later"})
		servicetest.WantRejection(t, err, loyalty.AlreadyExpired)
		b.Audit(t, "mem_ada")
	})
}

func TestAHoldNeverLengthensTheLifeOfAPoint(t *testing.T) {
	b := newBench(t, servicetest.Memory(t))
	b.P.Hold = 48 * time.Hour
	b.Enroll(t, "mem_ada")
	b.Grant(t, "mem_ada", 100) // expires at the end of 2027-01-31 in Berlin
	end := time.Date(2027, 1, 31, 23, 0, 0, 0, time.UTC)
	b.Wait(end.Sub(b.Now()) - time.Hour)
	in := service.RedemptionRequest{ID: "rd_1", Member: "mem_ada", Reward: "sticker"}
	if _, err := (service.Redemptions{Ledger: b.Ledger}).Redeem(
		t.Context(), b.P, in, ledger.By{Input: "1"},
	); err != nil {
		t.Fatal(err)
	}
	b.Wait(2 * time.Hour)
	b.WantBalance(t, "mem_ada", loyalty.Balance{Reserved: 100})
	if _, err := (service.Redemptions{Ledger: b.Ledger}).Cancel(
		t.Context(), b.P, "rd_1", ledger.By{Input: "2"},
	); err != nil {
		t.Fatal(err)
	}
	b.WantBalance(t, "mem_ada", loyalty.Balance{})
	b.Audit(t, "mem_ada")
}

func TestARefusedRedemptionStaysRefusedForItsKey(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.Enroll(t, "mem_ada")
		in := service.RedemptionRequest{ID: "rd_1", Member: "mem_ada", Reward: "sticker", Commit: true}
		_, err := service.Redemptions{Ledger: b.Ledger}.Redeem(t.Context(), b.P, in, ledger.By{Input: "1"})
		servicetest.WantRejection(t, err, loyalty.InsufficientPoints)
		b.Grant(t, "mem_ada", 100)
		again, err := service.Redemptions{Ledger: b.Ledger}.Redeem(t.Context(), b.P, in, ledger.By{Input: "1"})
		servicetest.WantRejection(t, err, loyalty.InsufficientPoints)
		if !again.Replayed {
			t.Error("the rejection was decided again")
		}
		in.ID = "rd_2"
		if _, err = (service.Redemptions{Ledger: b.Ledger}).Redeem(
			t.Context(), b.P, in, ledger.By{Input: "2"},
		); err != nil {
			t.Error(err)
		}
		b.Audit(t, "mem_ada")
	})
}

func TestOneOfManyWins(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.Enroll(t, "mem_ada")
		b.Grant(t, "mem_ada", 730)
		errs := servicetest.InParallel(60, func(i int) error {
			id := fmt.Sprintf("rd_%d", i)
			_, err := service.Redemptions{Ledger: b.Ledger}.Redeem(
				t.Context(), b.P,
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
			servicetest.WantRejection(t, err, loyalty.InsufficientPoints)
		}
		if won != 7 {
			t.Errorf("%d redemptions of 100 were paid from 730 points", won)
		}

		o := b.Order("1042", "mem_ada", 5_000)
		errs = servicetest.InParallel(50, func(int) error {
			_, err := service.Orders{Ledger: b.Ledger}.Put(t.Context(), b.P, o, ledger.By{})
			return err
		})
		if err := errors.Join(errs...); err != nil {
			t.Error(err)
		}
		if got, err := (service.Orders{Ledger: b.Ledger}).Get(t.Context(), b.P.ID, "1042"); err != nil ||
			len(got.Entries) != 1 {
			t.Errorf("fifty equal orders made %d entries, %v", len(got.Entries), err)
		}
		b.Audit(t, "mem_ada")
	})
}
