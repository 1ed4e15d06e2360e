package service_test

import (
	"fmt"
	"math/big"
	"slices"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/service"
)

// historyWallets adds wallets such as miles, which orders, visits, conversions and a reward earn, and which pay for
// another reward.
func historyWallets(p *loyalty.Program, take loyalty.ClawbackPolicy, back int) {
	p.Wallets = []loyalty.Wallet{{
		ID: "miles", Rates: map[loyalty.Currency]loyalty.Rate{"EUR": {Points: big.NewRat(1, 3), Per: 100}},
		Pending:  calendar.Wait{For: calendar.Period{Days: 6}},
		Expires:  calendar.Expiry{After: calendar.Period{Days: 50}},
		Clawback: take, MaxDebt: 30,
	}, {ID: "stars", Expires: calendar.Expiry{After: calendar.Period{Months: 6}}}}
	p.Conversions = []loyalty.Conversion{
		{
			ID: "to-miles", To: "miles", Rate: big.NewRat(2, 3), Min: 5, Step: 5,
			ReversibleWithin: calendar.Period{Days: back}, Limits: []loyalty.Limit{{Times: 4, Per: loyalty.PerWeek}},
		},
		{
			ID: "to-stars", From: "miles", To: "stars", Rate: big.NewRat(7, 5),
			ReversibleWithin: calendar.Period{Days: back},
		},
	}
	p.Earn.Actions = append(p.Earn.Actions,
		loyalty.Action{ID: "mileage", Event: "visit.completed", Points: 4, Wallet: "miles"},
		loyalty.Action{
			ID: "starlet", Event: "review.approved", Points: 2, Wallet: "stars",
			Life: loyalty.Life{Pending: &calendar.Wait{Manual: true}},
		})
	p.Rewards = append(p.Rewards,
		loyalty.Reward{
			ID: "lounge", Type: "experience", Cost: 500, Wallets: map[string]loyalty.Points{"miles": 40, "stars": 40},
		},
		loyalty.Reward{ID: "more-miles", Type: "wallet_points", Cost: 45, Wallet: "miles", Points: 40})
}

// milesOf returns the miles that the reward more-miles gives under a version.
func milesOf(version int) loyalty.Points { return loyalty.Points(37 + version%7) }

// credited compares the miles that a redemption gave with those of its reward under the version of the request.
func (b *books) credited(e loyalty.Entry) {
	r := e.Redemption
	if e.Cause.Revision == 1 {
		b.asked[r.ID] = e.Program
	}
	if r.Reward != "more-miles" || e.Kind != loyalty.KindRedeem {
		return
	}
	if want := r.Points * milesOf(b.asked[r.ID]) / 45; r.Credit == nil && want > 0 ||
		r.Credit != nil && r.Credit.Worth != want {
		b.h.t.Errorf(
			"%s gives %+v for %d points, and promised %d under version %d", e.Cause, r.Credit, r.Points, want,
			b.asked[r.ID],
		)
	}
}

func (h *history) convert(m loyalty.MemberID) string {
	in := service.ConversionRequest{
		ID: h.key("cv_"), Member: m, To: "miles", Points: loyalty.Points(h.rng.Int64N(12) * 5),
	}
	if h.rng.IntN(3) == 0 {
		in.From, in.To = "miles", "stars"
	}
	err := h.until(fmt.Sprintf("convert %+v", in), func(l *ledger.Ledger) error {
		_, err := service.Conversions{Ledger: l}.Convert(h.t.Context(), h.P, in, by(in.ID))
		return err
	})
	if h.refused(err, loyalty.InsufficientPoints, loyalty.AmountOutOfRange, loyalty.ValidationFailed) {
		return "refused"
	}
	h.conversions = append(h.conversions, in.ID)
	return "converted"
}

// undo reverses one of the latest conversions or a part of it, sometimes again.
func (h *history) undo(loyalty.MemberID) string {
	if len(h.conversions) == 0 {
		return "nothing"
	}
	id, n := h.conversions[max(0, len(h.conversions)-1-h.rng.IntN(5))], loyalty.Points(max(0, h.rng.Int64N(20)-8))
	key := by(h.key("undo"))
	err := h.until(fmt.Sprintf("undo %d of %s", n, id), func(l *ledger.Ledger) error {
		_, err := service.Conversions{Ledger: l}.Reverse(h.t.Context(), h.P, id, n, key)
		return err
	})
	if h.refused(
		err, loyalty.InsufficientPoints, loyalty.AmountOutOfRange, loyalty.AlreadyExpired, loyalty.AlreadyResolved,
	) {
		return "refused"
	}
	return "undone"
}

// converted compares a conversion with the points that its entries have moved, and checks that no conversion and
// reversal together create points.
func (b *books) converted(s *book, e loyalty.Entry) {
	x := e.Conversion
	s.wallet[x.ID] = [2]string{x.From, x.To}
	key := func(wallet string) string { return wallet + "|converted/" + x.ID }
	for _, p := range e.Postings {
		if p.Bucket == loyalty.BucketConverted {
			s.issued[key(p.Wallet)] += p.Points
		}
	}
	if got := s.issued[key(x.From)]; got != x.Points-x.Returned {
		b.h.t.Errorf("%s took %d from %q, and says %+v", e.Cause, got, x.From, x)
	}
	if got := s.issued[key(x.To)]; got != x.Reversed-x.Received {
		b.h.t.Errorf("%s gave %d to %q, and says %+v", e.Cause, -got, x.To, x)
	}
	// A clawback rounds the points that it returns up, in the member's favor.
	if (x.Returned-1)*x.Received >= x.Reversed*x.Points && x.Returned > 0 || x.Reversed > x.Received {
		b.h.t.Errorf("%s gains: %+v", e.Cause, x)
	}
	// A conversion that repays a debt does not use the limit.
	repays := slices.ContainsFunc(e.Postings, func(p loyalty.Posting) bool {
		return p.Bucket == loyalty.BucketDebt && p.Points > 0
	})
	if e.Cause.Revision == 1 && x.Rule == "to-miles" && x.To == "miles" && !repays {
		day := calendar.DateOf(x.At, b.h.P.Zone)
		s.usage[loyalty.Usage{
			Rule: "conversions.to-miles", Times: true, Per: loyalty.PerWeek, Ends: ends(loyalty.PerWeek, day),
		}]++
	}
}

// walletWorth compares the points of an order or event in other wallets with the points that its entries have issued
// there.
func (b *books) walletWorth(s *book, e loyalty.Entry, grants []loyalty.Grant) {
	for _, g := range grants {
		key := g.Wallet + "|" + e.Cause.Kind + "/" + e.Cause.ID
		if got := s.issued[key] - g.ExpiredOn; g.Wallet != "" && got != g.Worth {
			b.h.t.Errorf(
				"%s of %s is worth %d in %s, and its entries issued %d there beside %d that were not taken back",
				e.Cause, e.Member, g.Worth, g.Wallet, got, g.ExpiredOn,
			)
		}
	}
}

// purses checks that the other wallets of a member have no expired points now.
func (b *books) purses(acc loyalty.Account) {
	for _, x := range acc.Purses {
		if !slices.IsSortedFunc(x.Lots, func(x, y loyalty.Lot) int { return x.Expires.Compare(y.Expires) }) {
			b.h.t.Errorf("the lots of %s in %s are out of order: %v", acc.Member, x.Wallet, x.Lots)
		}
		for _, l := range x.Lots {
			if l.Points <= 0 || l.Expires != 0 && !l.Expires.End(b.h.P.Zone).After(b.h.Now()) {
				b.h.t.Errorf("%s has the lot %+v in %s at %s", acc.Member, l, x.Wallet, b.h.Now())
			}
		}
		if x.Debt < 0 {
			b.h.t.Errorf("%s owes %d %s", acc.Member, x.Debt, x.Wallet)
		}
	}
}
