package engine

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"pgregory.net/rapid"
)

func TestACartHoldsOneReward(t *testing.T) {
	p := stocked(t, func(p *loyalty.Program, r *loyalty.Reward) {
		r.StockBatches, r.Limits = []loyalty.StockBatch{{Quantity: 1}}, []loyalty.Limit{
			{Times: 1, Per: loyalty.PerEver},
		}
	})
	acc := saver(t, p, loyalty.Lot{Expires: 20270131, Points: 60}, loyalty.Lot{Expires: 20280131, Points: 90})
	first := redeemed(t, p, acc, loyalty.Redemption{ID: "rd_1", Cart: "c"}, false, noon)
	in := loyalty.Redemption{ID: "rd_2", Reward: "it", Cart: "c"}
	out, err := redeem.Redeem(Begin(p, first.Account, noon.Add(time.Minute)), in, false, earn.Budgets{"rewards.it": 0})
	if err != nil {
		t.Fatal(err)
	}
	if h := out.Account.Holds; len(h) != 1 || h[0].Redemption.ID != "rd_2" ||
		!slices.Equal(h[0].Lots, []loyalty.Lot{{Expires: 20270131, Points: 60}, {Expires: 20280131, Points: 40}}) {
		t.Errorf("the holds are %+v", h)
	}
	if e := out.Entries[0]; len(out.Entries) != 2 || e.Redemption.ID != "rd_1" ||
		e.Redemption.Status != loyalty.Canceled || e.Cause.Revision != 2 {
		t.Errorf("the first entry is %+v", e)
	}
	for _, other := range []string{"", "d"} {
		in := loyalty.Redemption{ID: "rd_3", Reward: "it", Cart: other}
		if _, err := redeem.Redeem(
			Begin(p, out.Account, noon), in, false, earn.Budgets{"rewards.it": 0},
		); !errors.Is(err, loyalty.RewardUnavailable) {
			t.Errorf("cart %q: %v", other, err)
		}
	}
}

// Points of a reservation that is replaced for the same cart first pay the debt. Only after that, the member's debt may
// prevent the new redemption.
func TestAReplacementPaysTheDebtThatWouldForbidIt(t *testing.T) {
	p := stocked(t, nil)
	for debt, want := range map[loyalty.Points]bool{150: true, 151: false} {
		acc := redeemed(
			t, p, saver(t, p, loyalty.Lot{Expires: 20270131, Points: 100}), loyalty.Redemption{ID: "rd_1", Cart: "c"},
			false, noon,
		).Account
		acc.Holds[0].Lots, acc.Debt = []loyalty.Lot{{Expires: 20270131, Points: 250}}, debt
		out, err := redeem.Redeem(
			Begin(p, acc, noon), loyalty.Redemption{ID: "rd_2", Reward: "it", Cart: "c"}, false, nil,
		)
		if b := out.Account.Balance(); want && (err != nil || b != loyalty.Balance{Reserved: 100}) {
			t.Errorf("owing %d: %+v, %v", debt, b, err)
		}
		if !want && !errors.Is(err, loyalty.InsufficientPoints) {
			t.Errorf("owing %d: %v", debt, err)
		}
	}
}

func TestARefusedReplacementLeavesTheHold(t *testing.T) {
	p := stocked(t, func(_ *loyalty.Program, r *loyalty.Reward) { r.Prices = map[string]loyalty.Points{"gold": 500} })
	acc := redeemed(
		t, p, saver(t, p, loyalty.Lot{Expires: 20270131, Points: 150}), loyalty.Redemption{ID: "rd_1", Cart: "c"},
		false, noon,
	).Account
	acc.Tier.Level = "gold"
	out, err := redeem.Redeem(Begin(p, acc, noon), loyalty.Redemption{ID: "rd_2", Reward: "it", Cart: "c"}, false, nil)
	var refusal *loyalty.Error
	if !errors.As(err, &refusal) || refusal.Code != loyalty.InsufficientPoints || refusal.Required != 500 ||
		refusal.Available != 150 {
		t.Errorf("%+v", err)
	}
	if out.Entries != nil || len(acc.Holds) != 1 {
		t.Errorf("%+v", out)
	}
}

func TestACommitOfAPartReturnsTheRestToItsLots(t *testing.T) {
	p := stocked(t, inMiles)
	acc := redeemed(
		t, p,
		saver(
			t, p, loyalty.Lot{Expires: 20261231, Points: 30}, loyalty.Lot{Expires: 20270131, Points: 50},
			loyalty.Lot{Expires: 20280131, Points: 90},
		),
		loyalty.Redemption{ID: "rd_1"}, false, noon,
	).Account
	for _, n := range []loyalty.Points{-1, 101} {
		if _, err := Commit(
			p, acc, loyalty.Redemption{ID: "rd_1"}, n, noon,
		); !errors.Is(err, loyalty.AmountOutOfRange) {
			t.Errorf("of 100 held, %d: %v", n, err)
		}
	}
	for n, want := range map[loyalty.Points][]loyalty.Lot{
		0:   {{Expires: 20280131, Points: 70}},
		100: {{Expires: 20280131, Points: 70}},
		60:  {{Expires: 20270131, Points: 20}, {Expires: 20280131, Points: 90}},
		30:  {{Expires: 20270131, Points: 50}, {Expires: 20280131, Points: 90}},
		1:   {{Expires: 20261231, Points: 29}, {Expires: 20270131, Points: 50}, {Expires: 20280131, Points: 90}},
	} {
		out, err := Commit(p, acc, loyalty.Redemption{ID: "rd_1"}, n, noon)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			n = 100
		}
		r := last(out).Redemption
		if !slices.Equal(out.Account.Lots, want) || out.Account.Redeemed != n || r.Points != n ||
			loyalty.TotalPoints(r.Lots) != n || r.Status != loyalty.Committed {
			t.Errorf("commit %d leaves %v, redeemed %d: %+v", n, out.Account.Lots, out.Account.Redeemed, r)
		}
		if _, err := Commit(
			p, out.Account, loyalty.Redemption{ID: "rd_1"}, 0, noon,
		); !errors.Is(err, loyalty.AlreadyResolved) {
			t.Error(err)
		}
	}
}

// A gift card cannot be committed for one of its points, whether its price is in points or in another wallet.
func TestARewardWithAPriceIsCommittedAsAWhole(t *testing.T) {
	for _, kind := range []string{
		"amount_off", "percent_off", "free_shipping", "free_product", "gift_card", "experience", "partner", "donation",
	} {
		for _, wallet := range []string{"", "miles"} {
			p := stocked(t, func(p *loyalty.Program, r *loyalty.Reward) {
				p.Wallets = []loyalty.Wallet{{ID: "miles"}}
				r.Type, r.Wallets, r.Value = kind, map[string]loyalty.Points{"miles": 100}, loyalty.Money{
					Amount: 2500, Currency: "EUR",
				}
			})
			acc := saver(t, p, ample)
			acc.Purses = []loyalty.Purse{{Wallet: "miles", Lots: []loyalty.Lot{ample}}}
			acc = redeemed(t, p, acc, loyalty.Redemption{ID: "rd_1", Wallet: wallet}, false, noon).Account
			for _, n := range []loyalty.Points{1, 99} {
				if _, err := Commit(
					p, acc, loyalty.Redemption{ID: "rd_1"}, n, noon,
				); !errors.Is(err, loyalty.AmountOutOfRange) {
					t.Errorf("%s from %q for %d of 100: %v", kind, wallet, n, err)
				}
			}
			out, err := Commit(p, acc, loyalty.Redemption{ID: "rd_1"}, 100, noon)
			if err != nil || last(out).Redemption.Points != 100 {
				t.Errorf("%s from %q as a whole: %+v, %v", kind, wallet, out.Entries, err)
			}
		}
	}
}

// Points that a partial commit returns get the same grace period as other returned points.
func TestGraceIsForAllThatComesBack(t *testing.T) {
	after := time.Date(2026, 12, 2, 9, 0, 0, 0, time.UTC)
	lot := loyalty.Lot{Expires: 20261201, Points: 100}
	for name, end := range map[string]func(*loyalty.Program, loyalty.Account) (posting.Outcome, error){
		"cancel": func(p *loyalty.Program, a loyalty.Account) (posting.Outcome, error) {
			return Cancel(p, a, loyalty.Redemption{ID: "rd_1"}, after)
		},
		"expire": func(p *loyalty.Program, a loyalty.Account) (posting.Outcome, error) {
			return Advance(p, a, noon.Add(48*time.Hour))
		},
		"part": func(p *loyalty.Program, a loyalty.Account) (posting.Outcome, error) {
			return Commit(p, a, loyalty.Redemption{ID: "rd_1"}, 40, after)
		},
		"reversal": func(p *loyalty.Program, a loyalty.Account) (posting.Outcome, error) {
			out, err := Commit(p, a, loyalty.Redemption{ID: "rd_1"}, 0, after)
			if err != nil {
				return out, err
			}
			return redeem.Reverse(Begin(p, out.Account, after), last(out), big.NewRat(1, 1))
		},
	} {
		for grace, want := range map[calendar.Period]calendar.Date{{}: 0, {Days: 10}: 20261212} {
			p := stocked(t, func(p *loyalty.Program, r *loyalty.Reward) {
				p.Hold, p.Redemption.Grace = 48*time.Hour, grace
				inMiles(p, r)
			})
			out, err := end(p, redeemed(t, p, saver(t, p, lot), loyalty.Redemption{ID: "rd_1"}, false, noon).Account)
			if err != nil {
				t.Fatal(err)
			}
			lots := out.Account.Lots
			if want == 0 && len(lots) != 0 ||
				want != 0 && (len(lots) != 1 || lots[0].Expires != want && name != "expire") {
				t.Errorf("%s with grace of %v days leaves %v", name, grace.Days, lots)
			}
		}
	}
}

// The grace period applies to lots that expire earlier. It does not shorten an expiry that an activity postponed.
func TestGraceNeverShortensALife(t *testing.T) {
	p := stocked(t, func(p *loyalty.Program, _ *loyalty.Reward) {
		p.Earn.Expires = calendar.Expiry{After: calendar.Period{Months: 6}, Inactive: true, ResetBy: []string{"order"}}
		p.Redemption.Grace = calendar.Period{Days: 30}
	})
	acc := redeemed(
		t, p, saver(t, p, loyalty.Lot{Expires: calendar.Slides + 20261210, Points: 100}),
		loyalty.Redemption{ID: "rd_1"}, false, noon,
	).Account
	acc.Slides = calendar.Slides + 20270601 // an order came meanwhile
	out, err := Cancel(p, acc, loyalty.Redemption{ID: "rd_1"}, noon)
	if err != nil ||
		!slices.Equal(out.Account.Lots, []loyalty.Lot{{Expires: calendar.Slides + 20270601, Points: 100}}) {
		t.Errorf("%v, %v", out.Account.Lots, err)
	}
}

// Without a grace period, making and ending reservations never gives any day more points, or points a later expiry,
// than before.
func TestRedeemingAndCancelingNeverExtendsPoints(t *testing.T) {
	p := stocked(t, func(p *loyalty.Program, r *loyalty.Reward) {
		p.Hold, p.Redemption.OnRefund = 20*24*time.Hour, loyalty.ShareBack
		inMiles(p, r)
	})
	rapid.Check(t, func(r *rapid.T) {
		lots := []loyalty.Lot{
			{Expires: 20261202, Points: 0},
			{Expires: 20261209, Points: 0},
			{Expires: 20261231, Points: 0},
			{Expires: 20270131, Points: 0},
			{Expires: 0, Points: 0},
		}
		for i := range lots {
			lots[i].Points = rapid.Map(
				rapid.Int64Range(1, 150), func(n int64) loyalty.Points { return loyalty.Points(n) },
			).Draw(r, "points")
		}
		acc, now := saver(t, p, lots...), noon
		var done []loyalty.Entry
		for i := range rapid.IntRange(1, 25).Draw(r, "steps") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(60*time.Hour)).Draw(r, "passes")))
			out, err := Advance(p, acc, now)
			if err != nil {
				r.Fatal(err)
			}
			acc = out.Account
			id := fmt.Sprint("rd_", i)
			switch n := rapid.IntRange(0, 5).Draw(r, "what"); {
			case n < 2:
				in := loyalty.Redemption{
					ID: id, Reward: "it", Cart: rapid.SampledFrom([]string{"", "c", "d"}).Draw(r, "cart"),
				}
				out, err = redeem.Redeem(Begin(p, acc, now), in, n == 0, nil)
			case n == 5 && len(done) > 0:
				at := rapid.IntRange(0, len(done)-1).Draw(r, "which")
				if out, err = redeem.Reverse(
					Begin(p, acc, now), done[at], big.NewRat(rapid.Int64Range(1, 4).Draw(r, "share"), 4),
				); err == nil {
					done[at] = last(out)
				}
			case len(acc.Holds) > 0:
				h := rapid.SampledFrom(acc.Holds).Draw(r, "hold").Redemption
				if n == 2 {
					out, err = Commit(p, acc, h, loyalty.Points(rapid.Int64Range(0, 100).Draw(r, "part")), now)
				} else {
					out, err = Cancel(p, acc, h, now)
				}
			}
			if err != nil {
				continue
			}
			acc = out.Account
			for _, e := range out.Entries {
				if e.Kind == loyalty.KindRedeem {
					done = append(done, e)
				}
			}
			noLonger(r, lots, acc)
		}
	})
}

// noLonger checks that, for each day, no more points expire on or after it than before.
func noLonger(t *rapid.T, before []loyalty.Lot, acc loyalty.Account) {
	var later, was loyalty.Points
	for i := len(before) - 1; i >= 0; i-- {
		was += before[i].Points
		for _, l := range acc.Lots {
			if l.Expires == before[i].Expires {
				later += l.Points
			}
		}
		if later > was {
			t.Fatalf("%d points live until %s or longer, %d did at first: %v", later, before[i].Expires, was, acc.Lots)
		}
	}
	if later != acc.Balance().Active {
		t.Fatalf("there are lots of other days: %v", acc.Lots)
	}
}

// For a member in debt, the rejection states both the cost and the debt.
func TestARefusalForWantOfPointsNamesWhatIsOwed(t *testing.T) {
	p := stocked(t, func(p *loyalty.Program, r *loyalty.Reward) {
		p.Wallets = []loyalty.Wallet{{ID: "miles", Unit: loyalty.Units{Other: loyalty.Text{"en": "miles"}}}}
		r.Wallets = map[string]loyalty.Points{"miles": 7}
	})
	for _, c := range []struct {
		debt, inMiles loyalty.Points
		wallet, want  string
	}{
		{0, 0, "", "The reward costs 100 beans; 0 can be spent."},
		{
			500, 0, "",
			"The reward costs 100 beans; 0 can be spent. The member owes 500 beans, which newly earned points repay " +
				"first.",
		},
		{
			0, 9, "",
			"The reward costs 100 beans; 0 can be spent. The member owes 9 miles; nothing can be spent from any " +
				"wallet until the debt is repaid.",
		},
		{
			500, 9, "miles",
			"The reward costs 7 miles; 0 can be spent. The member owes 9 miles, which newly earned points repay first.",
		},
	} {
		acc := saver(t, p)
		acc.Debt = c.debt
		acc.Purses = []loyalty.Purse{{Wallet: "miles", Debt: c.inMiles}}
		var refusal *loyalty.Error
		_, err := redeem.Redeem(
			Begin(p, acc, noon), loyalty.Redemption{ID: "rd_1", Reward: "it", Wallet: c.wallet}, true, nil,
		)
		if !errors.As(err, &refusal) || refusal.Detail != c.want {
			t.Errorf("%v\nwant %s", err, c.want)
		}
	}
}

// Reserving and canceling repeatedly postpones the expiry by the grace period at most once. Points that return for the
// first time get the full grace period, even if other points returned before.
func TestGraceIsGivenOnce(t *testing.T) {
	p := stocked(t, func(p *loyalty.Program, _ *loyalty.Reward) {
		p.Hold, p.Redemption.Grace = 7*24*time.Hour, calendar.Period{Days: 10}
	})
	acc := saver(t, p, loyalty.Lot{Expires: 20270201, Points: 100}, loyalty.Lot{Expires: 20270210, Points: 100})
	for i := range 20 {
		now := time.Date(2027, 1, 25, 9, 0, 0, 0, time.UTC).AddDate(0, 0, 3*i)
		acc = advanced(t, p, acc, now).Account
		in := loyalty.Redemption{ID: fmt.Sprint("rd_", i), Reward: "it"}
		out, err := redeem.Redeem(Begin(p, acc, now), in, false, nil)
		if err != nil {
			break
		}
		if out, err = Cancel(
			p, advanced(t, p, out.Account, now.AddDate(0, 0, 2)).Account, in, now.AddDate(0, 0, 2),
		); err != nil {
			t.Fatal(err)
		}
		acc = out.Account
	}
	// The first ones came back on 27 January, the others on 11 February.
	if want := []calendar.Date{20270206, 20270221}; !slices.Equal(acc.Graced, want) || acc.Expired != 200 ||
		len(acc.Lots)+len(acc.Holds) > 0 {
		t.Errorf("grace gave %v, and they lived on: %v, %v, %d expired", acc.Graced, acc.Lots, acc.Holds, acc.Expired)
	}

	acc = saver(t, p, loyalty.Lot{Expires: 20270201, Points: 200})
	now := time.Date(2027, 2, 1, 12, 0, 0, 0, time.UTC)
	for _, id := range []string{"rd_1", "rd_2"} {
		acc = redeemed(t, p, acc, loyalty.Redemption{ID: id}, false, now).Account
	}
	for i, id := range []string{"rd_1", "rd_2"} {
		at := now.AddDate(0, 0, 1+i)
		out, err := Cancel(p, advanced(t, p, acc, at).Account, loyalty.Redemption{ID: id}, at)
		if err != nil {
			t.Fatal(err)
		}
		acc = out.Account
	}
	if want := []loyalty.Lot{
		{Expires: 20270212, Points: 100}, {Expires: 20270213, Points: 100},
	}; !slices.Equal(acc.Lots, want) {
		t.Errorf("of one day, given back on two: %v", acc.Lots)
	}
}
