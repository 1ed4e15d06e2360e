package service_test

import (
	"context"
	"fmt"
	"math/big"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/inventory"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
)

// changes publishes another version, after edit has changed it. It does not retain the rewards of earlier versions.
func (b *bench) changes(tb testing.TB, edit func(p *loyalty.Program)) {
	tb.Helper()
	versions := map[int]*loyalty.Program{b.P.Version: b.P}
	next := servicetest.Program(tb)
	next.Wallets = b.P.Wallets
	next.Version = b.P.Version + 1
	edit(next)
	if err := engine.Compile(next); err != nil {
		tb.Fatal(err)
	}
	versions[next.Version], b.P = next, next
	b.Program = func(_ context.Context, _ string, version int) (*loyalty.Program, error) {
		if p := versions[version]; p != nil {
			return p, nil
		}
		return nil, &loyalty.Error{Code: loyalty.NotFound}
	}
}

func TestAReservationIsForTheRewardAsItWas(t *testing.T) {
	euros := func(n int64) loyalty.Money { return loyalty.Money{Amount: n, Currency: "EUR"} }
	codes := loyalty.Codes{From: loyalty.GeneratedCode, Valid: calendar.Period{Days: 30}}
	card := loyalty.Reward{ID: "it", Type: "gift_card", Cost: 100, Value: euros(2500), Codes: codes}
	miles := loyalty.Reward{ID: "it", Type: "wallet_points", Cost: 100, Wallet: "miles", Points: 500}
	shared := loyalty.Reward{
		ID: "it", Type: "amount_off", Cost: 100, Codes: loyalty.Codes{From: loyalty.SharedCode, Shared: "AHOY"},
	}
	for _, c := range []struct {
		name        string
		was         loyalty.Reward
		becomes     func(r *loyalty.Reward)
		part        loyalty.Points
		code, until string // the published fields of the code
		left        loyalty.Money
		credit      loyalty.Points
	}{
		{
			name: "a gift card that is worth less now", was: card,
			becomes: func(r *loyalty.Reward) { r.Value = euros(1000) }, until: "2026-02-09", left: euros(2500),
		},
		{
			name: "a code that is valid for a shorter time now", was: card,
			becomes: func(r *loyalty.Reward) { r.Codes.Valid.Days = 1 }, until: "2026-02-09", left: euros(2500),
		},
		{
			name: "a reward without codes now", was: card,
			becomes: func(r *loyalty.Reward) { r.Codes = loyalty.Codes{} }, until: "2026-02-09", left: euros(2500),
		},
		{
			name: "a reward of another kind now", was: card,
			becomes: func(r *loyalty.Reward) { r.Type = "amount_off" }, until: "2026-02-09", left: euros(2500),
		},
		{
			name: "a reward that is gone", was: card, becomes: func(r *loyalty.Reward) { r.ID = "other" },
			until: "2026-02-09", left: euros(2500),
		},
		{
			name: "another code for all", was: shared, becomes: func(r *loyalty.Reward) { r.Codes.Shared = "OTHER" },
			code: "AHOY",
		},
		{name: "fewer miles", was: miles, becomes: func(r *loyalty.Reward) { r.Points = 5 }, credit: 500},
		{
			name: "a part of more miles", was: miles, becomes: func(r *loyalty.Reward) { r.Points = 5 }, part: 50,
			credit: 250,
		},
		{name: "no miles any more", was: miles, becomes: func(r *loyalty.Reward) { r.ID = "other" }, credit: 500},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, servicetest.Memory(t))
			b.P.Wallets = []loyalty.Wallet{{ID: "miles"}}
			b.Offer(t, c.was)
			b.Enroll(t, "mem_ada")
			b.Grant(t, "mem_ada", 100)
			b.Take(t, service.RedemptionRequest{ID: "rd_1", Member: "mem_ada", Reward: "it"})
			r := c.was
			c.becomes(&r)
			b.changes(t, func(p *loyalty.Program) { p.Rewards = append(p.Rewards, r) })
			done, err := service.Redemptions{Ledger: b.Ledger}.CommitPart(
				t.Context(), b.P, "rd_1", c.part, ledger.By{Input: "c"},
			)
			if err != nil {
				t.Fatal(err)
			}
			rd := done.Redemption
			if until := rd.CodeUntil; c.until != "" && until.Format("2006-01-02") != c.until ||
				c.code != "" && rd.Code != c.code {
				t.Errorf("the code is %q until %s", rd.Code, until)
			}
			if c.left.Amount > 0 {
				if got, err := (inventory.Codes{Ledger: b.Ledger}).Get(t.Context(), b.P.ID, rd.Code); err != nil ||
					got.Left != c.left {
					t.Errorf("the card is %+v, %v", got, err)
				}
			}
			if c.code != "" {
				_, err := inventory.Codes{Ledger: b.Ledger}.Get(t.Context(), b.P.ID, c.code)
				servicetest.WantRejection(t, err, loyalty.NotFound) // the code is shared and belongs to no member
			}
			if c.credit > 0 && (rd.Credit == nil || rd.Credit.Worth != c.credit) {
				t.Errorf("it gives %+v", rd.Credit)
			}
			if e := done.Entry; e.Program != 2 {
				t.Errorf("version %d decided", e.Program)
			}
			b.Audit(t, "mem_ada")
		})
	}
}

// A partial commit of a payment uses the rate of the version under which the points were reserved. If that version is
// unknown, it uses the rate of the live version.
func TestAPaymentHasTheRateOfItsReservation(t *testing.T) {
	for known, want := range map[bool]int64{true: 400, false: 200} {
		t.Run(fmt.Sprint(known), func(t *testing.T) {
			b := newBench(t, servicetest.Memory(t))
			rate := func(p *loyalty.Program, points int64) {
				p.Redemption.Pay.Rates = map[loyalty.Currency]loyalty.Rate{
					"EUR": {Points: big.NewRat(points, 1), Per: 100},
				}
			}
			b.changes(t, func(p *loyalty.Program) { rate(p, 100) })
			b.Enroll(t, "mem_ada")
			b.Grant(t, "mem_ada", 1_000)
			b.Take(
				t,
				service.RedemptionRequest{
					ID: "rd_1", Member: "mem_ada", Reward: redeem.PayReward,
					Total: loyalty.Money{Amount: 1000, Currency: "EUR"},
				},
			)
			b.changes(t, func(p *loyalty.Program) { rate(p, 200) })
			if !known {
				b.Program = func(context.Context, string, int) (*loyalty.Program, error) {
					return nil, &loyalty.Error{Code: loyalty.NotFound}
				}
			}
			done, err := service.Redemptions{Ledger: b.Ledger}.CommitPart(
				t.Context(), b.P, "rd_1", 400, ledger.By{Input: "c"},
			)
			if err != nil || done.Redemption.Value.Amount != want {
				t.Errorf("%+v, %v", done.Redemption, err)
			}
		})
	}
}
