package engine

import (
	"errors"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"pgregory.net/rapid"
)

// taken returns a committed redemption of the reward "it", with its entry.
func taken(
	tb testing.TB, policy loyalty.OnRefund, lots ...loyalty.Lot,
) (*loyalty.Program, loyalty.Account, loyalty.Entry) {
	p := stocked(tb, func(p *loyalty.Program, r *loyalty.Reward) {
		r.StockBatches, r.Limits = []loyalty.StockBatch{{Quantity: 1}}, []loyalty.Limit{
			{Times: 1, Per: loyalty.PerEver},
		}
		p.Redemption.OnRefund, p.Redemption.PerOrder = policy, 1
	})
	out := redeemed(tb, p, saver(tb, p, lots...), loyalty.Redemption{ID: "rd_1", Order: "o1"}, true, noon)
	return p, out.Account, last(out)
}

func TestAReversalFollowsItsPolicy(t *testing.T) {
	for _, c := range []struct {
		policy loyalty.OnRefund
		share  *big.Rat
		want   []loyalty.Lot
		whole  bool
	}{
		{
			loyalty.AllBack, big.NewRat(1, 100),
			[]loyalty.Lot{{Expires: 20270131, Points: 60}, {Expires: 20280131, Points: 90}},
			true,
		},
		{loyalty.ShareBack, big.NewRat(1, 3), []loyalty.Lot{{Expires: 20280131, Points: 83}}, false},
		{
			loyalty.ShareBack, big.NewRat(1, 2),
			[]loyalty.Lot{{Expires: 20270131, Points: 10}, {Expires: 20280131, Points: 90}},
			false,
		},
		{
			loyalty.ShareBack, big.NewRat(1, 1),
			[]loyalty.Lot{{Expires: 20270131, Points: 60}, {Expires: 20280131, Points: 90}},
			true,
		},
		{loyalty.NoneBack, big.NewRat(1, 1), nil, false},
	} {
		p, acc, entry := taken(
			t, c.policy, loyalty.Lot{Expires: 20270131, Points: 60}, loyalty.Lot{Expires: 20280131, Points: 90},
		)
		out, err := redeem.Reverse(Begin(p, acc, noon.Add(time.Hour)), entry, c.share)
		if c.want == nil {
			if !errors.Is(err, loyalty.ValidationFailed) {
				t.Errorf("%v: %v", c.policy, err)
			}
			continue
		}
		if err != nil || !slices.Equal(out.Account.Lots, c.want) {
			t.Errorf("%v of %s leaves %v, %v", c.policy, c.share, out.Account.Lots, err)
			continue
		}
		r := last(out).Redemption
		if (r.Status == loyalty.Reversed) != c.whole || (len(out.Account.Usage) == 0) != c.whole ||
			(len(out.Spends) == 1) != c.whole {
			t.Errorf("%v of %s: %s, used %v, spends %v", c.policy, c.share, r.Status, out.Account.Usage, out.Spends)
		}
		if acc.Redeemed-out.Account.Redeemed != r.Restored || r.Points-r.Restored != loyalty.TotalPoints(r.Lots) {
			t.Errorf("%v of %s: %+v", c.policy, c.share, r)
		}
	}
}

func TestAReversalRefusesWhatIsNoShare(t *testing.T) {
	p, acc, entry := taken(t, loyalty.ShareBack, ample)
	for _, share := range []*big.Rat{big.NewRat(0, 1), big.NewRat(-1, 2), big.NewRat(101, 100)} {
		if _, err := redeem.Reverse(Begin(p, acc, noon), entry, share); !errors.Is(err, loyalty.AmountOutOfRange) {
			t.Errorf("%s: %v", share, err)
		}
	}
	entry.Redemption.Status = loyalty.Reversed
	if _, err := redeem.Reverse(
		Begin(p, acc, noon), entry, big.NewRat(1, 1),
	); !errors.Is(err, loyalty.AlreadyResolved) {
		t.Error(err)
	}
}

// Returned points that have expired in the meantime pay the debt first. The rest of them is lost.
func TestAReversalIsLostToTimeAndDebt(t *testing.T) {
	p, acc, entry := taken(
		t, loyalty.AllBack, loyalty.Lot{Expires: 20261231, Points: 60}, loyalty.Lot{Expires: 20280131, Points: 40},
	)
	acc.Debt = 25
	out, err := redeem.Reverse(Begin(p, acc, noon.AddDate(0, 2, 0)), entry, big.NewRat(1, 1))
	if err != nil || out.Account.Debt != 0 ||
		!slices.Equal(
			out.Account.Lots, []loyalty.Lot{{Expires: 20280131, Points: 40}},
		) || out.Account.Expired-acc.Expired != 35 {
		t.Errorf("%+v, %v", out.Account, err)
	}
}

func TestSharesConvergeInAnyOrder(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		p, acc, entry := taken(
			t, loyalty.ShareBack, loyalty.Lot{Expires: 20270131, Points: 37},
			loyalty.Lot{Expires: 20270228, Points: 41}, loyalty.Lot{Expires: 20280131, Points: 90},
		)
		before := acc.Balance().Active
		most := new(big.Rat)
		for range rapid.IntRange(1, 8).Draw(r, "times") {
			share := big.NewRat(rapid.Int64Range(1, 97).Draw(r, "share"), 97)
			out, err := redeem.Reverse(Begin(p, acc, noon), entry, share)
			if share.Cmp(most) > 0 {
				most = share
			}
			if err == nil {
				acc, entry = out.Account, last(out)
			}
			exact := new(big.Rat).Mul(most, big.NewRat(100, 1))
			want := loyalty.Points(new(big.Int).Quo(exact.Num(), exact.Denom()).Int64())
			if got := acc.Balance().Active - before; got != want || entry.Redemption.Restored != want {
				r.Fatalf("%d came back for %s, want %d (%v)", got, most, want, err)
			}
		}
	})
}
