package engine

import (
	"errors"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"pgregory.net/rapid"
)

// stocked returns a program with one reward, "it", which costs 100 points.
func stocked(tb testing.TB, edit func(*loyalty.Program, *loyalty.Reward)) *loyalty.Program {
	tb.Helper()
	p := testProgram(tb)
	r := loyalty.Reward{ID: "it", Type: "free_product", Cost: 100}
	if edit != nil {
		edit(p, &r)
	}
	p.Rewards = []loyalty.Reward{r}
	if err := Compile(p); err != nil {
		tb.Fatal(err)
	}
	return p
}

// inMiles changes the reward "it" to points of another wallet, which can be committed in part.
func inMiles(p *loyalty.Program, r *loyalty.Reward) {
	p.Wallets = []loyalty.Wallet{{ID: "miles"}}
	r.Type, r.Wallet, r.Points = "wallet_points", "miles", 100
}

// saver returns the account of a member with these lots.
func saver(tb testing.TB, p *loyalty.Program, lots ...loyalty.Lot) loyalty.Account {
	tb.Helper()
	acc := joined(tb, p, noon)
	acc.Lots = lots
	return acc
}

var ample = loyalty.Lot{Expires: 20280131, Points: 10_000}

// redeemed redeems the reward "it", and returns the outcome.
func redeemed(
	tb testing.TB, p *loyalty.Program, acc loyalty.Account, in loyalty.Redemption, commit bool, at time.Time,
) posting.Outcome {
	tb.Helper()
	in.Reward = "it"
	out, err := redeem.Redeem(Begin(p, acc, at), in, commit, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

func last(out posting.Outcome) loyalty.Entry { return out.Entries[len(out.Entries)-1] }

func TestWhyARewardCannotBeHad(t *testing.T) {
	friday := noon.AddDate(0, 0, 3)
	eur := func(n int64) loyalty.Money { return loyalty.Money{Amount: n, Currency: "EUR"} }
	for _, c := range []struct {
		name   string
		reward func(*loyalty.Program, *loyalty.Reward)
		member func(*loyalty.Account)
		in     loyalty.Redemption
		want   loyalty.UnmetRequirement
		why    string
	}{
		{
			"it is for others than this level",
			func(_ *loyalty.Program, r *loyalty.Reward) { r.Tiers = []string{"silver", "gold"} }, nil,
			loyalty.Redemption{},
			loyalty.UnmetRequirement{
				Requirement: loyalty.RequirementTier, Required: "silver, gold", Available: "bronze",
			},
			"The reward is for members of the level silver, gold.",
		},
		{
			"it is for a segment", func(_ *loyalty.Program, r *loyalty.Reward) { r.Segments = []string{"vip"} },
			func(a *loyalty.Account) { a.Traits.Segments = []string{"press"} },
			loyalty.Redemption{},
			loyalty.UnmetRequirement{Requirement: loyalty.RequirementSegment, Required: "vip", Available: "press"},
			"The reward is for members of other segments.",
		},
		{
			"it is not active yet", func(_ *loyalty.Program, r *loyalty.Reward) { r.Active.From = friday }, nil,
			loyalty.Redemption{},
			loyalty.UnmetRequirement{Requirement: loyalty.RequirementTime, From: friday},
			"The reward can be redeemed from 4 December 2026 11:00 UTC on.",
		},
		{
			"its end is exclusive", func(_ *loyalty.Program, r *loyalty.Reward) { r.Active.Until = noon }, nil,
			loyalty.Redemption{},
			loyalty.UnmetRequirement{Requirement: loyalty.RequirementTime},
			"The reward can no longer be redeemed.",
		},
		{
			"the order is too small",
			func(_ *loyalty.Program, r *loyalty.Reward) { r.MinOrder = map[loyalty.Currency]int64{"EUR": 5_000} }, nil,
			loyalty.Redemption{Total: eur(4_999)},
			loyalty.UnmetRequirement{
				Requirement: loyalty.RequirementMinOrder, Required: "50.00 EUR", Available: "49.99 EUR",
			},
			"The reward is for orders of at least 50.00 EUR; the total of this one is 49.99 EUR.",
		},
		{
			"the order is of another currency", func(_ *loyalty.Program, r *loyalty.Reward) {
				r.MinOrder = map[loyalty.Currency]int64{"EUR": 5_000, "USD": 5_500}
			}, nil,
			loyalty.Redemption{Total: loyalty.Money{Amount: 9_000, Currency: "JPY"}},
			loyalty.UnmetRequirement{
				Requirement: loyalty.RequirementMinOrder, Required: "50.00 EUR, 55.00 USD", Available: "9000 JPY",
			},
			"",
		},
		{
			"the order total is unknown",
			func(_ *loyalty.Program, r *loyalty.Reward) { r.MinOrder = map[loyalty.Currency]int64{"EUR": 5_000} }, nil,
			loyalty.Redemption{},
			loyalty.UnmetRequirement{Requirement: loyalty.RequirementMinOrder, Required: "50.00 EUR"},
			"The reward is for orders of at least 50.00 EUR. Specify order_total.",
		},
		{
			"the first units come later", func(_ *loyalty.Program, r *loyalty.Reward) {
				r.StockBatches = []loyalty.StockBatch{
					{At: friday.AddDate(0, 1, 0), Quantity: 5}, {At: friday, Quantity: 5},
				}
			}, nil,
			loyalty.Redemption{},
			loyalty.UnmetRequirement{Requirement: loyalty.RequirementStock, Available: "0", From: friday},
			"The reward is out of stock until 4 December 2026 11:00 UTC.",
		},
		{
			"no code is left", func(_ *loyalty.Program, r *loyalty.Reward) { r.Codes.From = loyalty.UploadedCode }, nil,
			loyalty.Redemption{},
			loyalty.UnmetRequirement{Requirement: loyalty.RequirementStock, Available: "0"},
			"The reward is out of stock.",
		},
		{
			"this month had its turn", func(_ *loyalty.Program, r *loyalty.Reward) {
				r.Limits = []loyalty.Limit{{Times: 1, Per: loyalty.PerMonth}}
			}, func(a *loyalty.Account) {
				a.Usage = []loyalty.Usage{
					{Rule: "rewards.it", Times: true, Per: loyalty.PerMonth, Ends: 20261231, N: 1},
				}
			},
			loyalty.Redemption{},
			loyalty.UnmetRequirement{
				Requirement: loyalty.RequirementLimit, Required: "1 per month", Available: "1",
				From: time.Date(2026, 12, 31, 23, 0, 0, 0, time.UTC),
			},
			"The member has reached the limit of this reward: 1 per month.",
		},
		{
			"once is for ever", func(_ *loyalty.Program, r *loyalty.Reward) {
				r.Limits = []loyalty.Limit{{Times: 1, Per: loyalty.PerEver}}
			}, func(a *loyalty.Account) {
				a.Usage = []loyalty.Usage{{Rule: "rewards.it", Times: true, Per: loyalty.PerEver, N: 1}}
			},
			loyalty.Redemption{},
			loyalty.UnmetRequirement{Requirement: loyalty.RequirementLimit, Required: "1 per ever", Available: "1"},
			"",
		},
		{
			"the order has its rewards",
			func(p *loyalty.Program, _ *loyalty.Reward) { p.Redemption.PerOrder = 2 }, func(a *loyalty.Account) {
				a.Usage = []loyalty.Usage{
					{Rule: "redemption:o1", Times: true, Per: redeem.PerUse, Ends: 20261130, N: 1},
					{Rule: "redemption:o1", Times: true, Per: redeem.PerUse, Ends: 20261201, N: 1},
				}
			},
			loyalty.Redemption{Order: "o1"},
			loyalty.UnmetRequirement{Requirement: loyalty.RequirementPerOrder, Required: "2", Available: "2"},
			"The order already uses 2 rewards; the limit is 2.",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := stocked(t, c.reward)
			acc := saver(t, p, ample)
			if c.member != nil {
				c.member(&acc)
			}
			c.in.Reward = "it"
			_, err := redeem.Redeem(Begin(p, acc, noon), c.in, false, nil)
			var refusal *loyalty.Error
			if !errors.As(err, &refusal) || !slices.Equal(refusal.Unmet, []loyalty.UnmetRequirement{c.want}) {
				t.Fatalf("%+v", err)
			}
			if code := loyalty.RewardUnavailable; c.want.Requirement != loyalty.RequirementStock &&
				refusal.Code != code ||
				c.want.Requirement == loyalty.RequirementStock && refusal.Code != loyalty.RewardOutOfStock {
				t.Errorf("the refusal is %s", refusal.Code)
			}
			if c.why != "" && refusal.Detail != c.why {
				t.Errorf("it says %q", refusal.Detail)
			}
		})
	}
}

func TestAllUnmetRequirementsAreReported(t *testing.T) {
	p := stocked(t, func(_ *loyalty.Program, r *loyalty.Reward) {
		r.Tiers, r.Segments = []string{"gold"}, []string{"vip"}
		r.Active.Until, r.StockBatches = noon, []loyalty.StockBatch{{Quantity: 1}}
	})
	q := Available(p, saver(t, p), p.Rewards[0], loyalty.Redemption{}, earn.Budgets{"rewards.it": 0}, noon)
	var got []loyalty.Requirement
	for _, l := range q.Unmet {
		got = append(got, l.Requirement)
	}
	if want := []loyalty.Requirement{
		loyalty.RequirementTime, loyalty.RequirementTier, loyalty.RequirementSegment, loyalty.RequirementPoints,
		loyalty.RequirementStock,
	}; !slices.Equal(got, want) || q.Missing != 100 {
		t.Errorf("it lacks %v, and %d points", got, q.Missing)
	}
}

func TestALevelPaysItsOwnPrice(t *testing.T) {
	p := stocked(t, func(_ *loyalty.Program, r *loyalty.Reward) {
		r.Prices = map[string]loyalty.Points{"silver": 80, "gold": 120}
	})
	for level, want := range map[string]loyalty.Points{"bronze": 100, "silver": 80, "gold": 120} {
		acc := saver(t, p, ample)
		acc.Tier.Level = level
		out := redeemed(t, p, acc, loyalty.Redemption{ID: "rd_1"}, false, noon)
		if got := last(out).Redemption.Points; got != want || out.Account.Balance().Reserved != want {
			t.Errorf("%s pays %d", level, got)
		}
	}
}

func TestStockBatchesArriveOverTime(t *testing.T) {
	p := stocked(t, func(_ *loyalty.Program, r *loyalty.Reward) {
		r.StockBatches = []loyalty.StockBatch{
			{Quantity: 3}, {At: noon, Quantity: 4}, {At: noon.Add(time.Hour), Quantity: 5},
		}
	})
	r := &p.Rewards[0]
	for at, want := range map[time.Time]loyalty.Points{
		noon.Add(-1): 3, noon: 7, noon.Add(time.Hour - 1): 7, noon.Add(time.Hour): 12,
	} {
		if got := redeem.StockUntil(r, at); got != want {
			t.Errorf("until %s there were %d, want %d", at, got, want)
		}
		out := redeemed(t, p, saver(t, p, ample), loyalty.Redemption{ID: "rd_1"}, false, at)
		if want := []posting.Spend{{Rule: "rewards.it", Points: 1, Budget: want}}; !slices.Equal(out.Spends, want) {
			t.Errorf("at %s it spends %v", at, out.Spends)
		}
	}
	_, err := redeem.Redeem(
		Begin(p, saver(t, p, ample), noon), loyalty.Redemption{Reward: "it"}, false, earn.Budgets{"rewards.it": 0},
	)
	if !errors.Is(err, loyalty.RewardOutOfStock) {
		t.Error(err)
	}
}

func TestALimitIsOfItsPeriodAndComesBack(t *testing.T) {
	p := stocked(t, func(p *loyalty.Program, r *loyalty.Reward) {
		r.Limits, p.Redemption.PerOrder = []loyalty.Limit{
			{Times: 2, Per: loyalty.PerDay}, {Times: 3, Per: loyalty.PerMonth},
		}, 1
	})
	acc := saver(t, p, ample)
	try := func(id, order string, at time.Time, want error) {
		t.Helper()
		out, err := redeem.Redeem(Begin(p, acc, at), loyalty.Redemption{ID: id, Reward: "it", Order: order}, false, nil)
		if !errors.Is(err, want) {
			t.Fatalf("%s: %v", id, err)
		}
		if err == nil {
			acc = out.Account
		}
	}
	try("rd_1", "o1", noon, nil)
	try("rd_2", "o1", noon, loyalty.RewardUnavailable) // the order
	try("rd_2", "o2", noon, nil)
	try("rd_3", "", noon, loyalty.RewardUnavailable) // the day
	tomorrow := noon.AddDate(0, 0, 1)
	try("rd_3", "", tomorrow, nil)
	try("rd_4", "", tomorrow, loyalty.RewardUnavailable) // the month
	out, err := Cancel(p, acc, loyalty.Redemption{ID: "rd_1"}, tomorrow)
	if err != nil {
		t.Fatal(err)
	}
	acc = out.Account
	try("rd_4", "o1", tomorrow, nil)
	try("rd_5", "", time.Date(2026, 12, 31, 22, 59, 59, 0, time.UTC), loyalty.RewardUnavailable)
	try("rd_5", "", time.Date(2026, 12, 31, 23, 0, 0, 0, time.UTC), nil) // midnight in Berlin
}

// If the merchant adds a limit after a redemption, reversing that redemption does not extend the limit.
func TestALimitThatIsYoungerThanARedemptionIsNotExtendedByIt(t *testing.T) {
	p := stocked(t, nil)
	acc := redeemed(t, p, saver(t, p, ample), loyalty.Redemption{ID: "rd_1"}, false, noon).Account
	p.Rewards[0].Limits = []loyalty.Limit{{Times: 1, Per: loyalty.PerEver}}
	out, err := Cancel(p, acc, loyalty.Redemption{ID: "rd_1"}, noon)
	if err != nil || len(out.Account.Usage) != 0 {
		t.Errorf("used is %+v, %v", out.Account.Usage, err)
	}
}

// A redemption of points in another wallet that is reversed in several steps ends with the same balances as one that is
// reversed at once, for all amounts. The member keeps the exact share of the credited points, rounded up.
func TestReversalsInStepsTakeBackAsMuchAsOne(tt *testing.T) {
	rapid.Check(tt, func(t *rapid.T) {
		p := stocked(tt, func(p *loyalty.Program, r *loyalty.Reward) {
			inMiles(p, r)
			r.Cost = loyalty.Points(rapid.Int64Range(1, 200).Draw(t, "cost"))
			r.Points = loyalty.Points(rapid.Int64Range(1, 200).Draw(t, "credited"))
			p.Redemption.OnRefund = loyalty.ShareBack
		})
		out := redeemed(tt, p, saver(tt, p, ample), loyalty.Redemption{ID: "rd_1"}, true, noon)
		cost, credited := last(out).Redemption.Points, last(out).Redemption.Credit.Worth
		for _, percent := range rapid.SliceOfN(rapid.Int64Range(1, 100), 1, 5).Draw(t, "refunded") {
			back, err := redeem.Reverse(Begin(p, out.Account, noon), last(out), big.NewRat(percent, 100))
			if errors.Is(err, loyalty.ValidationFailed) || errors.Is(err, loyalty.AlreadyResolved) {
				continue // not more than was already returned
			}
			if err != nil {
				t.Fatal(err)
			}
			out = back
			restored := cost * loyalty.Points(percent) / 100
			want := credited - credited*restored/cost
			if have := out.Account.BalanceOf("miles").Active; have != want ||
				last(out).Redemption.Restored != restored {
				t.Errorf("after %d%% of %d points for %d: %d miles, want %d", percent, cost, credited, have, want)
			}
		}
	})
}
