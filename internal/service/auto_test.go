package service_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/inventory"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
)

// automatic makes the program redeem a gift card automatically at 300 points, at most twice a day. Each gift card has a
// generated code.
func (b *bench) automatic(t *testing.T) {
	t.Helper()
	b.P.Redemption.Auto = loyalty.Auto{Reward: "gift", At: 300, Limit: 2}
	b.Offer(t, loyalty.Reward{
		ID: "gift", Type: "gift_card", Cost: 250, Value: loyalty.Money{Amount: 500, Currency: "EUR"},
		Codes: loyalty.Codes{From: loyalty.GeneratedCode},
	})
}

// gifts returns the automatic redemptions of a member, the latest first.
func (b *bench) gifts(t *testing.T, m loyalty.MemberID) (out []loyalty.Redemption) {
	t.Helper()
	for e, err := range (ledger.Statements{Ledger: b.Ledger}).List(t.Context(), b.P.ID, m, 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Redemption != nil && strings.HasPrefix(e.Redemption.ID, "rd_auto_") {
			out = append(out, *e.Redemption)
		}
	}
	return out
}

// Each automatic redemption happens once and has a usable code, even if requests are repeated and responses are lost.
func TestWhatIsRedeemedByItselfIsHadOnce(t *testing.T) {
	onEveryFault(t, func(t *testing.T, b *bench, heal func()) {
		b.automatic(t)
		for i := range 40 {
			b.EnrollWithPoints(t, i)
			o := b.Order("o"+string(servicetest.Member(i)), servicetest.Member(i), 100_000)
			for range 3 {
				if _, err := servicetest.Until(
					func() (service.OrderResult, error) {
						return service.Orders{Ledger: b.Ledger}.Put(t.Context(), b.P, o, ledger.By{})
					},
				); err != nil {
					t.Fatal(err)
				}
			}
		}
		b.Wait(14*24*time.Hour + time.Hour)
		for i := range 40 {
			m := servicetest.Member(i)
			servicetest.InParallel(8, func(int) error {
				_, err := servicetest.Until(func() (int, error) { return b.Advance(t.Context(), b.P, m) })
				return err
			})
		}
		heal()
		b.Wait(24 * time.Hour) // after the daily limit of the last automatic redemption
		for i := range 40 {
			m := servicetest.Member(i)
			if _, err := b.Advance(t.Context(), b.P, m); err != nil {
				t.Fatal(err)
			}
			gifts := b.gifts(t, m)
			left := b.Balance(t, m).Active
			if left != 100 || len(gifts) != 4 {
				t.Errorf("%d gifts were had, and %d points are left of 1100", len(gifts), left)
			}
			seen := map[string]bool{}
			for _, g := range gifts {
				code, err := inventory.Codes{Ledger: b.Ledger}.Get(t.Context(), b.P.ID, g.Code)
				if err != nil || code.Redemption != g.ID || seen[g.Code] {
					t.Errorf("the code of %+v is %+v, %v", g, code, err)
				}
				seen[g.Code] = true
			}
			b.Audit(t, m)
		}
	})
}

// No request came for a month. The next command writes the two automatic redemptions of each day, and has its normal
// result.
func TestAMonthOfWhatIsRedeemedByItselfIsCaughtUp(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.Enroll(t, "mem_ada")
		b.Grant(t, "mem_ada", 21_000)
		b.automatic(t)
		b.Wait(time.Hour)
		b.Grant(t, "mem_ada", 1)
		b.Wait(39*24*time.Hour - time.Hour)
		in := service.RedemptionRequest{ID: "rd_1", Member: "mem_ada", Reward: "sticker", Commit: true}
		if got := b.Take(t, in); got.ID != "rd_1" {
			t.Errorf("%+v", got)
		}
		gifts := b.gifts(t, "mem_ada")
		days := map[string]int{}
		for _, g := range gifts {
			days[g.At.In(b.P.Zone).Format(time.DateOnly)]++
		}
		for day, n := range days {
			if n != 2 {
				t.Errorf("%d on %s", n, day)
			}
		}
		if len(days) != 40 || len(gifts) != 80 {
			t.Errorf("%d gifts on %d days", len(gifts), len(days))
		}
		if slices.ContainsFunc(gifts, func(g loyalty.Redemption) bool { return g.Code == "" }) {
			t.Error("some have no code")
		}
		b.Audit(t, "mem_ada")
	})
}
