package service_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/inventory"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
)

func TestEachDateHasItsOwnPlaces(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.Offer(t, loyalty.Reward{ID: "tasting", Type: "experience", Cost: 100, Dates: []loyalty.RewardDate{
			{ID: "may", At: servicetest.Start.Add(24 * time.Hour), Capacity: 3},
			{ID: "june", At: servicetest.Start.Add(48 * time.Hour), Capacity: 7},
			{ID: "past", At: servicetest.Start, Capacity: 7},
		}})
		for i := range 20 {
			m := loyalty.MemberID(fmt.Sprint("mem_", i))
			b.Enroll(t, m)
			b.Grant(t, m, 1_000)
		}
		ask := func(i int, date string) error {
			_, err := b.Try(t, service.RedemptionRequest{
				ID: fmt.Sprint("rd_", date, i), Member: loyalty.MemberID(fmt.Sprint("mem_", i)), Reward: "tasting",
				Date: date, Commit: i%2 == 0,
			})
			return err
		}
		for date, places := range map[string]int{"may": 3, "june": 7} {
			won := 0
			for _, err := range servicetest.InParallel(20, func(i int) error { return ask(i, date) }) {
				if err == nil {
					won++
					continue
				}
				var refusal *loyalty.Error
				if !errors.As(err, &refusal) || refusal.Code != loyalty.RewardOutOfStock ||
					refusal.Unmet[0].Required != date {
					t.Errorf("%s: %v", date, err)
				}
			}
			if won != places {
				t.Errorf("%d took the %d places of %s", won, places, date)
			}
		}
		servicetest.WantRejection(t, ask(0, "past"), loyalty.RewardUnavailable)
		b.Wait(time.Hour) // the reservation has expired
		for i := range 20 {
			if _, err := b.Advance(t.Context(), b.P, loyalty.MemberID(fmt.Sprint("mem_", i))); err != nil {
				t.Fatal(err)
			}
			if err := (ledger.Statements{Ledger: b.Ledger}).Audit(
				t.Context(), b.P.ID, loyalty.MemberID(fmt.Sprint("mem_", i)),
			); err != nil {
				t.Error(err)
			}
		}
		left, err := inventory.Stock{Ledger: b.Ledger}.Counts(t.Context(), b.P)
		if err != nil {
			t.Fatal(err)
		}
		taken := map[string]loyalty.Points{"may": 3, "june": 7}
		for i := range 20 {
			for date := range taken {
				if r, err := (service.Redemptions{Ledger: b.Ledger}).Get(
					t.Context(), b.P.ID, fmt.Sprint("rd_", date, i),
				); err == nil &&
					r.Redemption.Status == loyalty.Committed {
					taken[date]--
				}
			}
		}
		if left["rewards.tasting@may"] != taken["may"] || left["rewards.tasting@june"] != taken["june"] {
			t.Errorf("left are %v, and should be %v", left, taken)
		}
	})
}
