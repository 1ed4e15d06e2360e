package loyalty

import (
	"errors"
	"math/big"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// stocked is a program with one reward, "it", which costs 100 points.
func stocked(tb testing.TB, edit func(*Program, *Reward)) *Program {
	tb.Helper()
	p := testProgram(tb)
	r := Reward{ID: "it", Type: "free_product", Cost: 100}
	if edit != nil {
		edit(p, &r)
	}
	p.Rewards = []Reward{r}
	if err := p.Compile(); err != nil {
		tb.Fatal(err)
	}
	return p
}

// inMiles makes "it" points of another wallet, of which a part can be had.
func inMiles(p *Program, r *Reward) {
	p.Wallets = []Wallet{{ID: "miles"}}
	r.Type, r.Wallet, r.Points = "wallet_points", "miles", 100
}

// saver is a member with these lots.
func saver(tb testing.TB, p *Program, lots ...Lot) Account {
	tb.Helper()
	acc := joined(tb, p, noon)
	acc.Lots = lots
	return acc
}

var ample = Lot{Expires: 20280131, Points: 10_000}

// asks redeems "it" in a way, and returns the outcome.
func redeemed(tb testing.TB, p *Program, acc Account, in Redemption, commit bool, at time.Time) Outcome {
	tb.Helper()
	in.Reward = "it"
	out, err := p.Redeem(acc, in, commit, nil, at)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

func last(out Outcome) Entry { return out.Entries[len(out.Entries)-1] }

func TestWhyARewardCannotBeHad(t *testing.T) {
	friday := noon.AddDate(0, 0, 3)
	eur := func(n int64) Money { return Money{n, "EUR"} }
	for _, c := range []struct {
		name   string
		reward func(*Program, *Reward)
		member func(*Account)
		in     Redemption
		want   UnmetRequirement
		why    string
	}{
		{
			"it is for others than this level", func(_ *Program, r *Reward) { r.Tiers = []string{"silver", "gold"} }, nil,
			Redemption{},
			UnmetRequirement{Requirement: RequirementTier, Required: "silver, gold", Available: "bronze"},
			"The reward is for members of the level silver, gold.",
		},
		{
			"it is for a segment", func(_ *Program, r *Reward) { r.Segments = []string{"vip"} }, func(a *Account) { a.Traits.Segments = []string{"press"} },
			Redemption{},
			UnmetRequirement{Requirement: RequirementSegment, Required: "vip", Available: "press"},
			"The reward is for members of other segments.",
		},
		{
			"it is not active yet", func(_ *Program, r *Reward) { r.Active.From = friday }, nil,
			Redemption{},
			UnmetRequirement{Requirement: RequirementTime, From: friday},
			"The reward can be redeemed from 4 December 2026 11:00 UTC on.",
		},
		{
			"its end is exclusive", func(_ *Program, r *Reward) { r.Active.Until = noon }, nil,
			Redemption{},
			UnmetRequirement{Requirement: RequirementTime},
			"The reward can no longer be redeemed.",
		},
		{
			"the order is too small", func(_ *Program, r *Reward) { r.MinOrder = map[Currency]int64{"EUR": 5_000} }, nil,
			Redemption{Total: eur(4_999)},
			UnmetRequirement{Requirement: RequirementMinOrder, Required: "50.00 EUR", Available: "49.99 EUR"},
			"The reward is for orders of at least 50.00 EUR; the total of this one is 49.99 EUR.",
		},
		{
			"the order is of another currency", func(_ *Program, r *Reward) { r.MinOrder = map[Currency]int64{"EUR": 5_000, "USD": 5_500} }, nil,
			Redemption{Total: Money{9_000, "JPY"}},
			UnmetRequirement{Requirement: RequirementMinOrder, Required: "50.00 EUR, 55.00 USD", Available: "9000 JPY"},
			"",
		},
		{
			"nobody said what the order comes to", func(_ *Program, r *Reward) { r.MinOrder = map[Currency]int64{"EUR": 5_000} }, nil,
			Redemption{},
			UnmetRequirement{Requirement: RequirementMinOrder, Required: "50.00 EUR"},
			"The reward is for orders of at least 50.00 EUR. Specify order_total.",
		},
		{
			"the first pieces come later", func(_ *Program, r *Reward) {
				r.StockBatches = []StockBatch{{At: friday.AddDate(0, 1, 0), Quantity: 5}, {At: friday, Quantity: 5}}
			}, nil,
			Redemption{},
			UnmetRequirement{Requirement: RequirementStock, Available: "0", From: friday},
			"The reward is out of stock until 4 December 2026 11:00 UTC.",
		},
		{
			"no code is left", func(_ *Program, r *Reward) { r.Codes.From = UploadedCode }, nil,
			Redemption{},
			UnmetRequirement{Requirement: RequirementStock, Available: "0"},
			"The reward is out of stock.",
		},
		{
			"this month had its turn", func(_ *Program, r *Reward) { r.Limits = []Limit{{1, PerMonth}} }, func(a *Account) {
				a.Usage = []Usage{{Rule: "rewards.it", Times: true, Per: PerMonth, Ends: 20261231, N: 1}}
			},
			Redemption{},
			UnmetRequirement{Requirement: RequirementLimit, Required: "1 per month", Available: "1", From: time.Date(2026, 12, 31, 23, 0, 0, 0, time.UTC)},
			"The member has reached the limit of this reward: 1 per month.",
		},
		{"once is for ever", func(_ *Program, r *Reward) { r.Limits = []Limit{{1, PerEver}} }, func(a *Account) {
			a.Usage = []Usage{{Rule: "rewards.it", Times: true, Per: PerEver, N: 1}}
		}, Redemption{}, UnmetRequirement{Requirement: RequirementLimit, Required: "1 per ever", Available: "1"}, ""},
		{
			"the order has its rewards", func(p *Program, _ *Reward) { p.Redemption.PerOrder = 2 }, func(a *Account) {
				a.Usage = []Usage{
					{Rule: "redemption:o1", Times: true, Per: perUse, Ends: 20261130, N: 1},
					{Rule: "redemption:o1", Times: true, Per: perUse, Ends: 20261201, N: 1},
				}
			},
			Redemption{Order: "o1"},
			UnmetRequirement{Requirement: RequirementPerOrder, Required: "2", Available: "2"},
			"The order uses 2 rewards already, and may use 2.",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := stocked(t, c.reward)
			acc := saver(t, p, ample)
			if c.member != nil {
				c.member(&acc)
			}
			c.in.Reward = "it"
			_, err := p.Redeem(acc, c.in, false, nil, noon)
			var refusal *Error
			if !errors.As(err, &refusal) || !slices.Equal(refusal.Unmet, []UnmetRequirement{c.want}) {
				t.Fatalf("%+v", err)
			}
			if code := RewardUnavailable; c.want.Requirement != RequirementStock && refusal.Code != code || c.want.Requirement == RequirementStock && refusal.Code != RewardOutOfStock {
				t.Errorf("the refusal is %s", refusal.Code)
			}
			if c.why != "" && refusal.Detail != c.why {
				t.Errorf("it says %q", refusal.Detail)
			}
		})
	}
}

func TestEveryLackIsToldAtOnce(t *testing.T) {
	p := stocked(t, func(_ *Program, r *Reward) {
		r.Tiers, r.Segments, r.Active.Until, r.StockBatches = []string{"gold"}, []string{"vip"}, noon, []StockBatch{{Quantity: 1}}
	})
	q := p.Available(saver(t, p), p.Rewards[0], Redemption{}, Budgets{"rewards.it": 0}, noon)
	var got []Requirement
	for _, l := range q.Unmet {
		got = append(got, l.Requirement)
	}
	if want := []Requirement{RequirementTime, RequirementTier, RequirementSegment, RequirementPoints, RequirementStock}; !slices.Equal(got, want) || q.Missing != 100 {
		t.Errorf("it lacks %v, and %d points", got, q.Missing)
	}
}

func TestALevelPaysItsOwnPrice(t *testing.T) {
	p := stocked(t, func(_ *Program, r *Reward) { r.Prices = map[string]Points{"silver": 80, "gold": 120} })
	for level, want := range map[string]Points{"bronze": 100, "silver": 80, "gold": 120} {
		acc := saver(t, p, ample)
		acc.Tier.Level = level
		out := redeemed(t, p, acc, Redemption{ID: "rd_1"}, false, noon)
		if got := last(out).Redemption.Points; got != want || out.Account.Balance().Reserved != want {
			t.Errorf("%s pays %d", level, got)
		}
	}
}

func TestPiecesComeOverTime(t *testing.T) {
	p := stocked(t, func(_ *Program, r *Reward) {
		r.StockBatches = []StockBatch{{Quantity: 3}, {At: noon, Quantity: 4}, {At: noon.Add(time.Hour), Quantity: 5}}
	})
	r := &p.Rewards[0]
	for at, want := range map[time.Time]Points{noon.Add(-1): 3, noon: 7, noon.Add(time.Hour - 1): 7, noon.Add(time.Hour): 12} {
		if got := r.Quantity(at); got != want {
			t.Errorf("until %s there were %d, want %d", at, got, want)
		}
		out := redeemed(t, p, saver(t, p, ample), Redemption{ID: "rd_1"}, false, at)
		if want := []Spend{{"rewards.it", 1, want}}; !slices.Equal(out.Spends, want) {
			t.Errorf("at %s it spends %v", at, out.Spends)
		}
	}
	_, err := p.Redeem(saver(t, p, ample), Redemption{Reward: "it"}, false, Budgets{"rewards.it": 0}, noon)
	if !errors.Is(err, RewardOutOfStock) {
		t.Error(err)
	}
}

func TestALimitIsOfItsPeriodAndComesBack(t *testing.T) {
	p := stocked(t, func(p *Program, r *Reward) {
		r.Limits, p.Redemption.PerOrder = []Limit{{2, PerDay}, {3, PerMonth}}, 1
	})
	acc := saver(t, p, ample)
	try := func(id, order string, at time.Time, want error) {
		t.Helper()
		out, err := p.Redeem(acc, Redemption{ID: id, Reward: "it", Order: order}, false, nil, at)
		if !errors.Is(err, want) {
			t.Fatalf("%s: %v", id, err)
		}
		if err == nil {
			acc = out.Account
		}
	}
	try("rd_1", "o1", noon, nil)
	try("rd_2", "o1", noon, RewardUnavailable) // the order
	try("rd_2", "o2", noon, nil)
	try("rd_3", "", noon, RewardUnavailable) // the day
	tomorrow := noon.AddDate(0, 0, 1)
	try("rd_3", "", tomorrow, nil)
	try("rd_4", "", tomorrow, RewardUnavailable) // the month
	out, err := p.Cancel(acc, Redemption{ID: "rd_1"}, tomorrow)
	if err != nil {
		t.Fatal(err)
	}
	acc = out.Account
	try("rd_4", "o1", tomorrow, nil)
	try("rd_5", "", time.Date(2026, 12, 31, 22, 59, 59, 0, time.UTC), RewardUnavailable)
	try("rd_5", "", time.Date(2026, 12, 31, 23, 0, 0, 0, time.UTC), nil) // midnight in Berlin
}

// A limit that the merchant adds later is not extended by what was had before it.
func TestALimitThatIsYoungerThanARedemptionIsNotExtendedByIt(t *testing.T) {
	p := stocked(t, nil)
	acc := redeemed(t, p, saver(t, p, ample), Redemption{ID: "rd_1"}, false, noon).Account
	p.Rewards[0].Limits = []Limit{{1, PerEver}}
	out, err := p.Cancel(acc, Redemption{ID: "rd_1"}, noon)
	if err != nil || len(out.Account.Usage) != 0 {
		t.Errorf("used is %+v, %v", out.Account.Usage, err)
	}
}

func TestRefusalsCountWhatIsOne(t *testing.T) {
	for got, want := range map[string]string{
		UnmetRequirement{Requirement: RequirementPerOrder, Required: "1", Available: "1"}.Why(): "The order uses 1 reward already, and may use 1.",
		UnmetRequirement{Requirement: RequirementPerOrder, Required: "2", Available: "2"}.Why(): "The order uses 2 rewards already, and may use 2.",
		Limit{1, PerDay}.often():   "once per day",
		Limit{3, PerMonth}.often(): "3 times per month",
		Limit{1, PerEver}.often():  "once ever",
	} {
		if got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
}

// A redemption of points in another wallet that is reversed in several steps ends in the same balances as one that is
// reversed at once, whatever the numbers. The credited points that the member keeps are the exact part, rounded up.
func TestReversalsInStepsTakeBackAsMuchAsOne(tt *testing.T) {
	rapid.Check(tt, func(t *rapid.T) {
		p := stocked(tt, func(p *Program, r *Reward) {
			inMiles(p, r)
			r.Cost = Points(rapid.Int64Range(1, 200).Draw(t, "cost"))
			r.Points = Points(rapid.Int64Range(1, 200).Draw(t, "credited"))
			p.Redemption.OnRefund = ShareBack
		})
		out := redeemed(tt, p, saver(tt, p, ample), Redemption{ID: "rd_1"}, true, noon)
		cost, credited := last(out).Redemption.Points, last(out).Redemption.Credit.Worth
		for _, percent := range rapid.SliceOfN(rapid.Int64Range(1, 100), 1, 5).Draw(t, "refunded") {
			back, err := p.Reverse(out.Account, last(out), big.NewRat(percent, 100), noon)
			if errors.Is(err, ValidationFailed) || errors.Is(err, AlreadyResolved) {
				continue // not more than was already returned
			}
			if err != nil {
				t.Fatal(err)
			}
			out = back
			restored := cost * Points(percent) / 100
			want := credited - credited*restored/cost
			if have := out.Account.BalanceOf("miles").Active; have != want || last(out).Redemption.Restored != restored {
				t.Errorf("after %d%% of %d points for %d: %d miles, want %d", percent, cost, credited, have, want)
			}
		}
	})
}
