package redeem

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

const jan31 = calendar.Date(2027_01_31)

// rich returns an active account with points that expire on 31 January.
func rich(n loyalty.Points) loyalty.Account {
	return loyalty.Account{
		Member: "mem_a", Status: loyalty.Active, Purse: loyalty.Purse{Lots: []loyalty.Lot{{Expires: jan31, Points: n}}},
	}
}

func TestRedemptionsOfRewards(t *testing.T) {
	now := loyaltytest.Noon
	holds := func(n int) (all []loyalty.Hold) {
		for range n {
			all = append(all, loyalty.Hold{Redemption: loyalty.Redemption{ID: "x"}})
		}
		return all
	}
	for _, c := range []struct {
		name   string
		points loyalty.Points
		debt   loyalty.Points
		holds  int
		r      loyalty.Reward
		code   string
		wallet string
		commit bool
		want   loyalty.Code
	}{
		{"with enough points", 100, 0, 0, loyalty.Reward{Cost: 100}, "", "", true, ""},
		{"reserved", 100, 0, 0, loyalty.Reward{Cost: 100}, "", "", false, ""},
		{"with too few points", 99, 0, 0, loyalty.Reward{Cost: 100}, "", "", true, loyalty.InsufficientPoints},
		{"by a debtor", 100, 1, 0, loyalty.Reward{Cost: 100}, "", "", true, loyalty.InsufficientPoints},
		{"without a cost by a debtor", 0, 1, 0, loyalty.Reward{}, "", "", true, ""},
		{
			"with one reservation fewer than the most", 100, 0, MaxHolds - 1,
			loyalty.Reward{Cost: 100},
			"", "",
			false, "",
		},
		{
			"with the most reservations", 100, 0, MaxHolds,
			loyalty.Reward{Cost: 100},
			"", "", false,
			loyalty.ValidationFailed,
		},
		{"committed with the most reservations", 100, 0, MaxHolds, loyalty.Reward{Cost: 100}, "", "", true, ""},
		{
			"with an uploaded code", 100, 0, 0,
			loyalty.Reward{Cost: 100, Codes: loyalty.Codes{From: loyalty.UploadedCode}},
			"C", "", true, "",
		},
		{
			"without an uploaded code", 100, 0, 0,
			loyalty.Reward{Cost: 100, Codes: loyalty.Codes{From: loyalty.UploadedCode}},
			"", "", true,
			loyalty.RewardOutOfStock,
		},
		{
			"for another level", 100, 0, 0,
			loyalty.Reward{Cost: 100, Tiers: []string{"gold"}},
			"", "", true,
			loyalty.RewardUnavailable,
		},
		{
			"from a wallet without a price", 100, 0, 0,
			loyalty.Reward{Cost: 100},
			"", "miles", true,
			loyalty.ValidationFailed,
		},
		{
			"from a wallet", 0, 0, 0,
			loyalty.Reward{Cost: 100, Wallets: map[string]loyalty.Points{"miles": 7}},
			"",
			"miles", true, "",
		},
	} {
		p := utc()
		c.r.ID = "r"
		p.Rewards, p.Hold, p.Wallets = []loyalty.Reward{c.r}, time.Hour, []loyalty.Wallet{{ID: "miles"}}
		acc := rich(c.points)
		if acc.Debt, acc.Holds = c.debt, holds(c.holds); c.points == 0 {
			acc.Lots = nil
		}
		acc.Purses = []loyalty.Purse{{Wallet: "miles", Lots: []loyalty.Lot{{Points: 7}}}}
		out, err := Redeem(
			posting.Decide(p, acc, now), loyalty.Redemption{ID: "rd", Reward: "r", Code: c.code, Wallet: c.wallet},
			c.commit, nil,
		)
		var rejected *loyalty.Error
		if c.want != "" {
			if !errors.As(err, &rejected) || rejected.Code != c.want {
				t.Errorf("a redemption %s: %v", c.name, err)
			}
			continue
		}
		if err != nil || len(out.Entries) != 1 {
			t.Errorf("a redemption %s: %+v, %v", c.name, out.Entries, err)
			continue
		}
		e, kind := out.Entries[0], loyalty.KindRedeem
		cost := c.r.Cost
		if c.wallet != "" {
			cost = 7
		}
		r := *e.Redemption
		if !c.commit {
			kind = loyalty.KindReserve
			if r.Status != loyalty.Reserved || !r.Until.Equal(now.Add(time.Hour)) ||
				len(out.Account.Holds) != c.holds+1 {
				t.Errorf("a redemption %s: %+v", c.name, r)
			}
		} else if r.Status != loyalty.Committed || loyalty.TotalPoints(r.Lots) != cost ||
			out.Account.In(c.wallet).Redeemed != cost {
			t.Errorf("a redemption %s: %+v", c.name, r)
		}
		if e.Kind != kind || r.Points != cost || !r.At.Equal(now) || len(e.Reasons) != 1 {
			t.Errorf("a redemption %s: %+v", c.name, e)
		}
	}
	p := utc()
	for want, acc := range map[loyalty.Code]loyalty.Account{
		loyalty.NotFound: rich(1), loyalty.AccountFrozen: {Status: loyalty.Frozen},
	} {
		if p.Rewards = nil; want == loyalty.AccountFrozen {
			p.Rewards = []loyalty.Reward{{ID: "r"}}
		}
		_, err := Redeem(posting.Decide(p, acc, now), loyalty.Redemption{ID: "rd", Reward: "r"}, true, nil)
		if !errors.Is(err, want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// A redemption replaces another reservation for the same cart, and uses its points and its code.
func TestRedemptionsOfOneCart(t *testing.T) {
	now := loyaltytest.Noon
	p := utc()
	p.Rewards = []loyalty.Reward{
		{ID: "r", Cost: 100, Codes: loyalty.Codes{From: loyalty.UploadedCode}},
		{ID: "s", Cost: 100, Codes: loyalty.Codes{From: loyalty.UploadedCode}},
	}
	held := loyalty.Redemption{
		ID: "a", Reward: "r", Cart: "c", Points: 100, Status: loyalty.Reserved, Code: "C", Pooled: true,
	}
	for _, c := range []struct {
		name   string
		in     loyalty.Redemption
		want   loyalty.Code
		pooled bool
	}{
		{"the same cart", loyalty.Redemption{ID: "b", Reward: "r", Cart: "c"}, "", true},
		{"the same cart with a code", loyalty.Redemption{ID: "b", Reward: "r", Cart: "c", Code: "D"}, "", false},
		{
			"the same cart and another reward",
			loyalty.Redemption{ID: "b", Reward: "s", Cart: "c"},
			loyalty.RewardOutOfStock, false,
		},
		{
			"another cart",
			loyalty.Redemption{ID: "b", Reward: "r", Cart: "d", Code: "D"},
			loyalty.InsufficientPoints, false,
		},
		{"no cart", loyalty.Redemption{ID: "b", Reward: "r", Code: "D"}, loyalty.InsufficientPoints, false},
	} {
		acc := rich(50)
		acc.Holds = []loyalty.Hold{{Redemption: held, Lots: []loyalty.Lot{{Expires: jan31, Points: 100}}}}
		out, err := Redeem(posting.Decide(p, acc, now), c.in, true, nil)
		if c.want != "" {
			if !errors.Is(err, c.want) {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if err != nil || len(out.Entries) != 2 || out.Entries[0].Redemption.Status != loyalty.Canceled {
			t.Errorf("%s: %+v, %v", c.name, out.Entries, err)
			continue
		}
		if r := out.Entries[1].Redemption; r.Pooled != c.pooled || (r.Code == "C") != c.pooled ||
			out.Account.Balance().Active != 50 {
			t.Errorf("%s: %+v", c.name, r)
		}
	}
}

func TestCausesOfRedemptions(t *testing.T) {
	for _, c := range []struct {
		r    loyalty.Redemption
		kind string
		id   string
		rule string
	}{
		{loyalty.Redemption{ID: "x", Reward: "r"}, loyalty.CauseRedemption, "x", "rewards.r"},
		{loyalty.Redemption{ID: "x", Reward: "r", By: "mem_b"}, loyalty.CauseContribution, "x:mem_a", "rewards.r"},
		{loyalty.Redemption{ID: "x", To: "mem_b"}, loyalty.CauseTransfer, "x", loyalty.Transfers{}.Key()},
		{loyalty.Redemption{ID: "x", To: "mem_a", By: "mem_b"}, loyalty.CauseReceipt, "x", loyalty.Transfers{}.Key()},
	} {
		want := loyalty.Cause{Kind: c.kind, ID: c.id, Revision: 2}
		if got := RedemptionCause(c.r, "mem_a", 2); got != want || rule(c.r) != c.rule {
			t.Errorf("%+v has the cause %s and the rule %s", c.r, got, rule(c.r))
		}
	}
}

func TestIssuedCodesOfRewards(t *testing.T) {
	now := loyaltytest.Noon
	day, week := calendar.Period{Days: 1}, calendar.Period{Days: 7}
	shared := loyalty.Codes{From: loyalty.SharedCode, Shared: "S", Wait: day}
	for _, c := range []struct {
		name        string
		codes       loyalty.Codes
		valid       calendar.Period // of the program
		code        string
		want        string
		from, until time.Time
	}{
		{"none", loyalty.Codes{Valid: day}, week, "", "", time.Time{}, time.Time{}},
		{"shared", shared, calendar.Period{}, "", "S", now.AddDate(0, 0, 1), time.Time{}},
		{"shared, with the program's validity", shared, week, "", "S", now.AddDate(0, 0, 1), now.AddDate(0, 0, 8)},
		{
			"generated",
			loyalty.Codes{From: loyalty.GeneratedCode, Valid: day},
			week, "G", "G", now,
			now.AddDate(0, 0, 1),
		},
		{
			"generated without a code",
			loyalty.Codes{From: loyalty.GeneratedCode, Shared: "S"},
			week, "", "", now,
			now.AddDate(0, 0, 7),
		},
		{"shared, with another code", shared, calendar.Period{}, "X", "X", now.AddDate(0, 0, 1), time.Time{}},
	} {
		r := loyalty.Redemption{Code: c.code}
		lots := LotsOf([]loyalty.Posting{{Lot: jan31, Points: -5}})
		IssueCode(
			&loyalty.RedemptionTerms{CodeValid: c.valid}, time.UTC, &r, &loyalty.Reward{Codes: c.codes}, lots, now,
		)
		if r.Code != c.want || !r.CodeFrom.Equal(c.from) || !r.CodeUntil.Equal(
			c.until,
		) || r.Status != loyalty.Committed ||
			!slices.Equal(r.Lots, []loyalty.Lot{{Expires: jan31, Points: 5}}) {
			t.Errorf("%s: %+v", c.name, r)
		}
	}
}

// A grace period postpones the expiry of returned points once.
func TestExpiryOfReturnedPoints(t *testing.T) {
	now := loyaltytest.Noon // 1 December
	for _, c := range []struct {
		name    string
		expires calendar.Date
		days    int
		graced  []calendar.Date
		want    calendar.Date
	}{
		{"without grace", 2026_12_05, 0, nil, 2026_12_05},
		{"that never expire", 0, 10, nil, 0},
		{"that expire earlier", 2026_12_10, 10, nil, 2026_12_11},
		{"that expire on the day", 2026_12_11, 10, nil, 2026_12_11},
		{"that expire later", 2026_12_12, 10, nil, 2026_12_12},
		{"that were postponed before", 2026_12_10, 10, []calendar.Date{2026_12_10}, 2026_12_10},
		{"that slide", calendar.Slides + 2026_12_12, 10, nil, calendar.Slides + 2026_12_12},
		{"that slide and expire earlier", calendar.Slides + 2026_12_10, 10, nil, 2026_12_11},
	} {
		p := utc()
		p.Redemption.Grace.Days = c.days
		d := posting.Decide(p, loyalty.Account{Graced: c.graced}, now)
		got := GraceExpiry(d, c.expires, now)
		if got != c.want || (len(d.Graced) == 1) != (got == 2026_12_11 && c.expires != got) {
			t.Errorf("points %s: %d, graced %d", c.name, got, d.Graced)
		}
	}
}

// The end of a reservation returns its points, its unit of stock and its use of limits. A contributor gets only points.
func TestEndOfReservations(t *testing.T) {
	now := loyaltytest.Noon
	p := utc()
	limit := loyalty.Limit{Times: 5, Per: loyalty.PerDay}
	p.Rewards = []loyalty.Reward{
		{ID: "r", Limits: []loyalty.Limit{limit}, StockBatches: []loyalty.StockBatch{{Quantity: 1}}},
	}
	p.Redemption.Grace.Days = 90
	used := earn.LimitUsage(limit, "rewards.r", calendar.DateOf(now, time.UTC), 1)
	for _, c := range []struct {
		name    string
		r       loyalty.Redemption
		usage   []loyalty.Usage
		returns int
		stock   int
		expires calendar.Date
	}{
		{
			"of the member",
			loyalty.Redemption{ID: "x", Reward: "r", Stocked: true, At: now},
			[]loyalty.Usage{used},
			1, 1, 2027_03_01,
		},
		{"whose limit was added later", loyalty.Redemption{ID: "x", Reward: "r", At: now}, nil, 0, 0, 2027_03_01},
		{
			"of a contributor",
			loyalty.Redemption{ID: "x", Reward: "r", By: "mem_b", Stocked: true, At: now},
			[]loyalty.Usage{used},
			0, 0, 2027_03_01,
		},
		{"of a transfer", loyalty.Redemption{ID: "x", To: "mem_b", At: now}, []loyalty.Usage{used}, 0, 0, jan31},
		{
			"of an unknown reward",
			loyalty.Redemption{ID: "x", Reward: "s", Stocked: true, At: now},
			[]loyalty.Usage{used},
			0, 1, 2027_03_01,
		},
	} {
		acc := loyalty.Account{
			Member: "mem_a", Usage: c.usage,
			Holds: []loyalty.Hold{{Redemption: c.r, Lots: []loyalty.Lot{{Expires: jan31, Points: 5}}}},
		}
		d := posting.Decide(p, acc, now)
		hold, err := FindHold(acc, c.r)
		if err == nil {
			err = ReleaseHold(d, hold, loyalty.Canceled, now)
		}
		if err != nil || len(d.Entries) != 1 || len(d.Account.Holds) != 0 {
			t.Errorf("%s: %+v, %v", c.name, d.Entries, err)
			continue
		}
		e := d.Entries[0]
		if len(e.Usage) != c.returns || len(d.Spends) != c.stock ||
			!slices.Equal(d.Account.Lots, []loyalty.Lot{{Expires: c.expires, Points: 5}}) {
			t.Errorf("%s: usage %+v, stock %+v, lots %+v", c.name, e.Usage, d.Spends, d.Account.Lots)
		}
		if c.stock > 0 && d.Spends[0].Points != -1 || e.Redemption.Status != loyalty.Canceled ||
			e.Reasons[0].Points != "5" {
			t.Errorf("%s: %+v, %+v", c.name, d.Spends, e)
		}
	}
	if _, err := FindHold(loyalty.Account{}, loyalty.Redemption{ID: "x"}); !errors.Is(err, loyalty.AlreadyResolved) {
		t.Errorf("without a reservation: %v", err)
	}
}
