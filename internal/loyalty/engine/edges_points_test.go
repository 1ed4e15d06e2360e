package engine

import (
	"fmt"
	"math/big"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/share"
)

func TestSecondActivityOfADayMovesNothing(t *testing.T) {
	s := member2026(t, slidingProgram(t))
	s.buy("1", 100, instant(t, "2026-02-01T12:00:00Z"))
	s.buy("2", 10, instant(t, "2026-02-01T13:00:00Z"))
	for _, p := range s.entries[len(s.entries)-1].Postings {
		if p.Bucket == loyalty.BucketActive && p.Points != 10 {
			t.Errorf("the second order moves %+v", p)
		}
	}
	for _, b := range s.entries[len(s.entries)-1].Reasons {
		if b.Kind == loyalty.WasMoved {
			t.Errorf("because %+v", b)
		}
	}
}

// Only the part of a debt above its maximum is written off.
func TestBoundOfADebt(t *testing.T) {
	for _, c := range []struct {
		take      loyalty.ClawbackPolicy
		most      loyalty.Points
		spent     loyalty.Points
		debt      loyalty.Points
		writesOff loyalty.Points
	}{
		{loyalty.ClawbackDebt, 30, 30, 30, 0},
		{loyalty.ClawbackDebt, 30, 31, 30, 1},
		{loyalty.ClawbackDebt, 30, 29, 29, 0},
		{loyalty.ClawbackDebt, 0, 90, 90, 0},
		{loyalty.ClawbackUnlimited, 30, 90, 90, 0},
		{loyalty.ClawbackWithinBalance, 0, 30, 0, 30},
		{loyalty.ClawbackWithinBalance, 0, 0, 0, 0},
		{loyalty.ClawbackPendingOnly, 0, 30, 0, 100},
	} {
		s := newShop(
			t,
			made(
				t, func(p *loyalty.Program) { p.Earn.Pending, p.Clawback, p.MaxDebt = calendar.Wait{}, c.take, c.most },
			),
		)
		o := s.buy("1", 100, noon)
		if c.spent > 0 {
			s.spend(c.spent, noon)
		}
		o.Refunds = []loyalty.Refund{back("r", receipt.OrderTotal(o))}
		e, off, reasons := s.submit(o, noon), loyalty.Points(0), 0
		for _, b := range e.Reasons {
			if b.Kind == loyalty.IsRetained {
				n := loyalty.Points(0)
				fmt.Sscan(b.Points, &n)
				off, reasons = off+n, reasons+1
			}
		}
		if s.acc.Debt != c.debt || off != c.writesOff || (reasons > 0) != (off > 0) {
			t.Errorf(
				"%v up to %d with %d spent: %d owed, %d written off for %d reasons; want %d, %d",
				c.take,
				c.most,
				c.spent,
				s.acc.Debt,
				off,
				reasons,
				c.debt,
				c.writesOff,
			)
		}
	}
}

func TestDebtorInBothWalletsSettlesNothing(t *testing.T) {
	p := miles(t, big.NewRat(1, 1))
	acc := holding(loyalty.Lot{Expires: 20290131, Points: 100})
	acc.Debt, acc.Purses = 5, []loyalty.Purse{{Wallet: "pay", Lots: []loyalty.Lot{{Expires: 20290131, Points: 100}}}}
	if _, err := share.Convert(Begin(p, acc, noon), "cv_1", "pay", "", 5); err != nil {
		t.Errorf("from a wallet without a debt: %v", err)
	}
	acc.Purses = []loyalty.Purse{{Wallet: "pay", Debt: 1, Lots: []loyalty.Lot{{Expires: 20290131, Points: 100}}}}
	_, err := share.Convert(Begin(p, acc, noon), "cv_1", "pay", "", 5)
	wantRefusal(t, "from a wallet with a debt", err, loyalty.ValidationFailed, "/to")
	acc.Purses[0].Debt = 0
	acc.Status = loyalty.Frozen
	_, err = share.Convert(Begin(p, acc, noon), "cv_1", "pay", "", 5)
	wantRefusal(t, "frozen", err, loyalty.AccountFrozen, "")
}

// Points that a reward credited to another wallet are taken back in proportion to all points that are returned, rounded
// in the member's favor.
func TestPointsOfAnotherWalletGoBackInParts(t *testing.T) {
	p := stocked(t, func(p *loyalty.Program, r *loyalty.Reward) {
		p.Wallets = []loyalty.Wallet{{ID: "miles"}}
		r.Type, r.Wallet, r.Points = "wallet_points", "miles", 90
		p.Redemption.OnRefund = loyalty.ShareBack
	})
	out := redeemed(t, p, saver(t, p, ample), loyalty.Redemption{ID: "rd_1"}, true, noon)
	for _, c := range []struct {
		share      *big.Rat
		main, held loyalty.Points
	}{{big.NewRat(1, 3), 33, 61}, {big.NewRat(1, 2), 50, 45}, {big.NewRat(1, 1), 100, 0}} {
		back, err := redeem.Reverse(Begin(p, out.Account, noon), last(out), c.share)
		if err != nil {
			t.Fatal(err)
		}
		r := last(back).Redemption
		if r.Restored != c.main || back.Account.BalanceOf("miles").Active != c.held || r.Credit.Worth != 90 ||
			back.Account.Balance().Active != ample.Points-100+c.main {
			t.Errorf(
				"after %s came back: %d points, %d miles, credit %+v; want %d, %d",
				c.share,
				r.Restored,
				back.Account.BalanceOf("miles").Active,
				r.Credit,
				c.main,
				c.held,
			)
		}
		for _, x := range last(back).Postings {
			if x.Points == 0 {
				t.Errorf("a posting of nothing: %+v", x)
			}
		}
		out = back
	}
	if r := last(out).Redemption; r.Status != loyalty.Reversed {
		t.Errorf("%s", r.Status)
	}
}
