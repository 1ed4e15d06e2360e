package redeem

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// no is a condition that never holds. yes is one that always holds.
type no struct{}

func (no) Holds(*loyalty.Facts) (bool, error) { return false, nil }
func (no) OrderNumbers() int                  { return 0 }
func (no) String() string                     { return "order.total >\n  5" }

type yes struct{ no }

func (yes) Holds(*loyalty.Facts) (bool, error) { return true, nil }

func utc() *loyalty.Program { return &loyalty.Program{Zone: time.UTC} }

func TestUnmetRequirementsOfRewards(t *testing.T) {
	now := loyaltytest.Noon
	monthly := loyalty.Limit{Times: 2, Per: loyalty.PerMonth}
	day := calendar.DateOf(now, time.UTC)
	acc := loyalty.Account{Tier: loyalty.Standing{Level: "gold"}, Usage: []loyalty.Usage{
		earn.LimitUsage(monthly, "rewards.r", day, 2),
		{Rule: "redemption:1", Times: true, Per: PerUse, Ends: day, N: 1},
		{Rule: "redemption:1", Per: loyalty.PerDay, N: 9},
		{Rule: "redemption:2", Times: true, Per: PerUse, Ends: day, N: 1},
	}}
	slices.SortFunc(acc.Usage, loyalty.Usage.Compare)
	acc.Traits.Segments = []string{"vip"}
	eur := func(n int64) loyalty.Money { return loyalty.Money{Amount: n, Currency: "EUR"} }
	for _, c := range []struct {
		name string
		r    loyalty.Reward
		in   loyalty.Redemption
		want []loyalty.UnmetRequirement
	}{
		{"none", loyalty.Reward{}, loyalty.Redemption{}, nil},
		{
			"not yet",
			loyalty.Reward{Active: calendar.Span{From: now.Add(1)}},
			loyalty.Redemption{},
			[]loyalty.UnmetRequirement{{Requirement: loyalty.RequirementTime, From: now.Add(1)}},
		},
		{
			"no longer",
			loyalty.Reward{Active: calendar.Span{Until: now}},
			loyalty.Redemption{},
			[]loyalty.UnmetRequirement{{Requirement: loyalty.RequirementTime}},
		},
		{"the level", loyalty.Reward{Tiers: []string{"basic", "gold"}}, loyalty.Redemption{}, nil},
		{
			"another level",
			loyalty.Reward{Tiers: []string{"basic", "silver"}},
			loyalty.Redemption{},
			[]loyalty.UnmetRequirement{
				{Requirement: loyalty.RequirementTier, Required: "basic, silver", Available: "gold"},
			},
		},
		{"the segment", loyalty.Reward{Segments: []string{"new", "vip"}}, loyalty.Redemption{}, nil},
		{
			"another segment",
			loyalty.Reward{Segments: []string{"new"}},
			loyalty.Redemption{},
			[]loyalty.UnmetRequirement{{Requirement: loyalty.RequirementSegment, Required: "new", Available: "vip"}},
		},
		{
			"the least order",
			loyalty.Reward{MinOrder: map[loyalty.Currency]int64{"EUR": 500}},
			loyalty.Redemption{Total: eur(500)},
			nil,
		},
		{
			"less than the least order",
			loyalty.Reward{MinOrder: map[loyalty.Currency]int64{"EUR": 500, "CHF": 1}},
			loyalty.Redemption{Total: eur(499)},
			[]loyalty.UnmetRequirement{
				{Requirement: loyalty.RequirementMinOrder, Required: "5.00 EUR", Available: "4.99 EUR"},
			},
		},
		{
			"an order in another currency",
			loyalty.Reward{MinOrder: map[loyalty.Currency]int64{"USD": 500, "CHF": 1}},
			loyalty.Redemption{Total: eur(900)},
			[]loyalty.UnmetRequirement{
				{Requirement: loyalty.RequirementMinOrder, Required: "0.01 CHF, 5.00 USD", Available: "9.00 EUR"},
			},
		},
		{
			"no order",
			loyalty.Reward{MinOrder: map[loyalty.Currency]int64{"EUR": 500}},
			loyalty.Redemption{},
			[]loyalty.UnmetRequirement{{Requirement: loyalty.RequirementMinOrder, Required: "5.00 EUR"}},
		},
		{"a condition", loyalty.Reward{When: yes{}}, loyalty.Redemption{Total: eur(1)}, nil},
		{
			"a condition that does not hold",
			loyalty.Reward{When: no{}},
			loyalty.Redemption{},
			[]loyalty.UnmetRequirement{{Requirement: loyalty.RequirementCondition, Required: "order.total > 5"}},
		},
		{
			"another reward's limit",
			loyalty.Reward{ID: "other", Limits: []loyalty.Limit{monthly}},
			loyalty.Redemption{},
			nil,
		},
		{
			"a limit that is not reached",
			loyalty.Reward{ID: "r", Limits: []loyalty.Limit{{Times: 3, Per: loyalty.PerMonth}}},
			loyalty.Redemption{},
			nil,
		},
		{
			"a limit",
			loyalty.Reward{ID: "r", Limits: []loyalty.Limit{monthly, {Times: 0, Per: loyalty.PerEver}}},
			loyalty.Redemption{},
			[]loyalty.UnmetRequirement{
				{
					Requirement: loyalty.RequirementLimit, Required: "2 per month", Available: "2",
					From: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
				},
				{Requirement: loyalty.RequirementLimit, Required: "0 per ever", Available: "0"},
			},
		},
		{"a reward for another order", loyalty.Reward{}, loyalty.Redemption{Order: "3"}, nil},
		{
			"another reward for the order",
			loyalty.Reward{},
			loyalty.Redemption{Order: "1"},
			[]loyalty.UnmetRequirement{{Requirement: loyalty.RequirementPerOrder, Required: "1", Available: "1"}},
		},
	} {
		p := utc()
		p.Redemption.PerOrder = 1
		rules := Of(&posting.Decision{P: p})
		got := rules.UnmetRequirements(acc, &c.r, c.in, now)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v", c.name, got)
		}
		if p.Redemption.PerOrder = 0; c.in.Order == "1" && len(rules.UnmetRequirements(acc, &c.r, c.in, now)) > 0 {
			t.Errorf("%s: it is limited without a limit per order", c.name)
		}
	}
}

func TestSentencesOfUnmetRequirements(t *testing.T) {
	from := loyaltytest.Noon
	for _, c := range []struct {
		l    loyalty.UnmetRequirement
		want string
	}{
		{
			loyalty.UnmetRequirement{Requirement: loyalty.RequirementTime, From: from},
			"from 1 December 2026 11:00 UTC on.",
		},
		{
			loyalty.UnmetRequirement{Requirement: loyalty.RequirementTime, Required: "friday"},
			"The date friday has passed.",
		},
		{loyalty.UnmetRequirement{Requirement: loyalty.RequirementTime}, "can no longer be redeemed."},
		{loyalty.UnmetRequirement{Requirement: loyalty.RequirementTier, Required: "gold"}, "the level gold."},
		{loyalty.UnmetRequirement{Requirement: loyalty.RequirementSegment}, "other segments."},
		{
			loyalty.UnmetRequirement{Requirement: loyalty.RequirementMinOrder, Required: "5.00 EUR"},
			"at least 5.00 EUR. Specify order_total.",
		},
		{
			loyalty.UnmetRequirement{
				Requirement: loyalty.RequirementMinOrder, Required: "5.00 EUR", Available: "4.00 EUR",
			},
			"this one is 4.00 EUR.",
		},
		{
			loyalty.UnmetRequirement{Requirement: loyalty.RequirementStock, Required: "a", Available: "b"},
			"date a, but there is some on b.",
		},
		{loyalty.UnmetRequirement{Requirement: loyalty.RequirementStock, Required: "a"}, "on the date a."},
		{
			loyalty.UnmetRequirement{Requirement: loyalty.RequirementStock, From: from},
			"out of stock until 1 December 2026 11:00 UTC.",
		},
		{
			loyalty.UnmetRequirement{Requirement: loyalty.RequirementStock, Available: "0"},
			"The reward is out of stock.",
		},
		{
			loyalty.UnmetRequirement{Requirement: loyalty.RequirementLimit, Required: "1 per day"},
			"limit of this reward: 1 per day.",
		},
		{loyalty.UnmetRequirement{Requirement: loyalty.RequirementWaitlist}, "members on the waitlist."},
		{loyalty.UnmetRequirement{Requirement: loyalty.RequirementCondition, Required: "x"}, "is not met: x."},
		{
			loyalty.UnmetRequirement{Requirement: loyalty.RequirementPerOrder, Required: "1", Available: "1"},
			"uses 1 reward; the limit is 1.",
		},
		{
			loyalty.UnmetRequirement{Requirement: loyalty.RequirementPerOrder, Required: "2", Available: "2"},
			"uses 2 rewards; the limit is 2.",
		},
		{loyalty.UnmetRequirement{Requirement: loyalty.RequirementPoints}, "too few points."},
	} {
		if got := explain(c.l); !strings.HasSuffix(got, c.want) {
			t.Errorf("%+v: %q, want %q", c.l, got, c.want)
		}
	}
}

func TestRewardsThatCannotBeRedeemedAutomatically(t *testing.T) {
	at := loyaltytest.Noon
	for _, c := range []struct {
		name string
		r    loyalty.Reward
		ok   bool
	}{
		{"any", loyalty.Reward{Cost: 100}, true},
		{"with a generated code", loyalty.Reward{Cost: 100, Codes: loyalty.Codes{From: loyalty.GeneratedCode}}, true},
		{"with a condition, which is ignored", loyalty.Reward{Cost: 100, When: yes{}}, true},
		{"with uploaded codes", loyalty.Reward{Cost: 100, Codes: loyalty.Codes{From: loyalty.UploadedCode}}, false},
		{"with stock", loyalty.Reward{Cost: 100, StockBatches: make([]loyalty.StockBatch, 1)}, false},
		{"with a limit", loyalty.Reward{Cost: 100, Limits: make([]loyalty.Limit, 1)}, false},
		{"for a level", loyalty.Reward{Cost: 100, Tiers: []string{"gold"}}, false},
		{"for a segment", loyalty.Reward{Cost: 100, Segments: []string{"vip"}}, false},
		{"for an order", loyalty.Reward{Cost: 100, MinOrder: map[loyalty.Currency]int64{"EUR": 1}}, false},
		{"for a time", loyalty.Reward{Cost: 100, Active: calendar.Span{Until: at}}, false},
		{"with manual fulfillment", loyalty.Reward{Cost: 100, Manual: true}, false},
		{"at the least cost", loyalty.Reward{Cost: 1}, true},
		{"without a cost", loyalty.Reward{}, false},
		{"above the triggering balance", loyalty.Reward{Cost: 101}, false},
		{
			"above the triggering balance at a level",
			loyalty.Reward{Cost: 100, Prices: map[string]loyalty.Points{"gold": 101}},
			false,
		},
		{"without a cost at a level", loyalty.Reward{Cost: 100, Prices: map[string]loyalty.Points{"gold": 0}}, false},
	} {
		c.r.ID = "r"
		p := utc()
		p.Rewards = []loyalty.Reward{c.r}
		p.Redemption.Auto = loyalty.Auto{Reward: "r", At: 100, Limit: 1}
		if err := CompileAuto(&p.Spending); (err == nil) != c.ok {
			t.Errorf("a reward %s: %v", c.name, err)
		}
	}
	if AutoObstacle(&loyalty.Reward{When: yes{}}) == "" {
		t.Error("a condition prevents automatic redemption")
	}
	for limit, ok := range map[int64]bool{0: false, 1: true, MaxAutoLimit: true, MaxAutoLimit + 1: false} {
		p := utc()
		p.Rewards = []loyalty.Reward{{ID: "r", Cost: 100}}
		p.Redemption.Auto = loyalty.Auto{Reward: "r", At: 100, Limit: limit}
		if err := CompileAuto(&p.Spending); (err == nil) != ok {
			t.Errorf("a daily limit of %d: %v", limit, err)
		}
		p.Redemption.Auto.Reward = "other"
		if CompileAuto(&p.Spending) == nil {
			t.Error("an unknown reward was accepted")
		}
	}
	if err := CompileAuto(&utc().Spending); err != nil {
		t.Errorf("without automatic redemption: %v", err)
	}
}

// Automatic redemption spends points while the active points and the daily limit allow it.
func TestAutomaticRedemption(t *testing.T) {
	now := loyaltytest.Noon
	day := calendar.DateOf(now, time.UTC)
	limit := loyalty.Limit{Times: 2, Per: loyalty.PerDay}
	for _, c := range []struct {
		name    string
		points  loyalty.Points
		used    int64
		debt    loyalty.Points
		frozen  bool
		entries int
		stopped bool
		due     bool // the limit stopped it
	}{
		{"too few points", 99, 0, 0, false, 0, false, false},
		{"just enough points", 100, 0, 0, false, 1, false, false},
		{"enough points twice", 200, 0, 0, false, 2, true, false},
		{"more than the limit", 300, 0, 0, false, 2, true, true},
		{"once before", 100, 1, 0, false, 1, true, false},
		{"at the limit", 100, 2, 0, false, 0, false, true},
		{"with a debt", 100, 0, 1, false, 0, false, false},
		{"in a frozen account", 100, 0, 0, true, 0, false, false},
	} {
		p := utc()
		p.Rewards = []loyalty.Reward{{ID: "r", Cost: 100}}
		p.Redemption.Auto = loyalty.Auto{Reward: "r", At: 100, Limit: 2}
		acc := loyalty.Account{Member: "mem_a", Status: loyalty.Active, Purse: loyalty.Purse{Debt: c.debt}}
		if acc.Lots = []loyalty.Lot{{Points: c.points}}; c.frozen {
			acc.Status = loyalty.Frozen
		}
		if c.used > 0 {
			acc.Usage = []loyalty.Usage{earn.LimitUsage(limit, autoKey, day, c.used)}
		}
		d := posting.Decide(p, acc, now)
		if err := AutoRedeem(d, now); err != nil || len(d.Entries) != c.entries {
			t.Errorf("%s: %d entries, %v", c.name, len(d.Entries), err)
			continue
		}
		stopped := false
		for i, e := range d.Entries {
			stopped = len(e.Reasons) == 3
			if stopped && i != len(d.Entries)-1 || e.Points != -100 || e.Redemption.Status != loyalty.Committed {
				t.Errorf("%s: entry %d is %+v", c.name, i, e)
			}
		}
		due := AutoDue(nil, &p.Spending, time.UTC, d.Account)
		if stopped != c.stopped || due.Equal(day.End(time.UTC)) != c.due || due.IsZero() == c.due {
			t.Errorf("%s: stopped %t, due at %s", c.name, stopped, due)
		}
	}
	p := utc()
	p.Rewards = []loyalty.Reward{{ID: "r", Cost: 100, When: yes{}}}
	p.Redemption.Auto = loyalty.Auto{Reward: "r", At: 100, Limit: 2}
	d := posting.Decide(
		p, loyalty.Account{Status: loyalty.Active, Purse: loyalty.Purse{Lots: []loyalty.Lot{{Points: 100}}}}, now,
	)
	if err := AutoRedeem(d, now); err != nil || len(d.Entries) != 0 {
		t.Errorf("a reward with a condition: %d entries, %v", len(d.Entries), err)
	}
}

// A perk is claimed without points. It needs a code if its codes are uploaded, and a unit of limited stock.
func TestClaimedPerks(t *testing.T) {
	now := loyaltytest.Noon
	uploaded := loyalty.Codes{From: loyalty.UploadedCode}
	stock := []loyalty.StockBatch{{Quantity: 1}}
	for _, c := range []struct {
		name  string
		r     loyalty.Reward
		code  string
		left  earn.Budgets
		want  loyalty.Code
		units int
	}{
		{"without conditions", loyalty.Reward{}, "", nil, "", 0},
		{"with an uploaded code", loyalty.Reward{Codes: uploaded}, "ABC", nil, "", 0},
		{"without an uploaded code", loyalty.Reward{Codes: uploaded}, "", nil, loyalty.RewardOutOfStock, 0},
		{
			"with a shared code",
			loyalty.Reward{Codes: loyalty.Codes{From: loyalty.SharedCode, Shared: "ABC"}},
			"",
			nil, "", 0,
		},
		{"for another level", loyalty.Reward{Tiers: []string{"gold"}}, "", nil, loyalty.RewardUnavailable, 0},
		{"in stock", loyalty.Reward{StockBatches: stock}, "", earn.Budgets{"rewards.r": 1}, "", 1},
		{"of unknown stock", loyalty.Reward{StockBatches: stock}, "", nil, "", 1},
		{
			"out of stock",
			loyalty.Reward{StockBatches: stock},
			"",
			earn.Budgets{"rewards.r": 0},
			loyalty.RewardOutOfStock, 0,
		},
		{
			"before any stock",
			loyalty.Reward{StockBatches: []loyalty.StockBatch{{At: now.Add(1), Quantity: 1}}},
			"",
			nil, loyalty.RewardOutOfStock, 0,
		},
	} {
		c.r.ID, c.r.Type = "r", Perk
		p := utc()
		p.Rewards = []loyalty.Reward{c.r}
		out, err := Redeem(
			posting.Decide(p, loyalty.Account{Status: loyalty.Active}, now),
			loyalty.Redemption{ID: "rd", Reward: "r", Code: c.code}, true, c.left,
		)
		var rejected *loyalty.Error
		if c.want != "" {
			if !errors.As(err, &rejected) || rejected.Code != c.want {
				t.Errorf("a perk %s: %v", c.name, err)
			}
			continue
		}
		if err != nil || len(out.Entries) != 1 || len(out.Spends) != c.units {
			t.Errorf("a perk %s: %+v, %v", c.name, out, err)
			continue
		}
		r := out.Entries[0].Redemption
		if r.Status != loyalty.Committed || r.Stocked != (c.units > 0) ||
			(r.Code != "") != (c.r.Codes.From != loyalty.NoCode) {
			t.Errorf("a perk %s: %+v", c.name, r)
		}
	}
}
