package redeem

import (
	"errors"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

const jan31 = loyalty.Date(2027_01_31)

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
			"", "", false,
			"",
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
			p, acc, loyalty.Redemption{ID: "rd", Reward: "r", Code: c.code, Wallet: c.wallet}, c.commit, nil, now,
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
		_, err := Redeem(p, acc, loyalty.Redemption{ID: "rd", Reward: "r"}, true, nil, now)
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
			loyalty.InsufficientPoints,
			false,
		},
		{"no cart", loyalty.Redemption{ID: "b", Reward: "r", Code: "D"}, loyalty.InsufficientPoints, false},
	} {
		acc := rich(50)
		acc.Holds = []loyalty.Hold{{Redemption: held, Lots: []loyalty.Lot{{Expires: jan31, Points: 100}}}}
		out, err := Redeem(p, acc, c.in, true, nil, now)
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
	day, week := loyalty.Period{Days: 1}, loyalty.Period{Days: 7}
	shared := loyalty.Codes{From: loyalty.SharedCode, Shared: "S", Wait: day}
	for _, c := range []struct {
		name        string
		codes       loyalty.Codes
		valid       loyalty.Period // of the program
		code        string
		want        string
		from, until time.Time
	}{
		{"none", loyalty.Codes{Valid: day}, week, "", "", time.Time{}, time.Time{}},
		{"shared", shared, loyalty.Period{}, "", "S", now.AddDate(0, 0, 1), time.Time{}},
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
		{"shared, with another code", shared, loyalty.Period{}, "X", "X", now.AddDate(0, 0, 1), time.Time{}},
	} {
		r := loyalty.Redemption{Code: c.code}
		lots := LotsOf([]loyalty.Posting{{Lot: jan31, Points: -5}})
		IssueCode(
			&loyalty.RedemptionTerms{CodeValid: c.valid}, time.UTC, &r, &loyalty.Reward{Codes: c.codes}, lots, now,
		)
		if r.Code != c.want || !r.CodeFrom.Equal(c.from) || !r.CodeUntil.Equal(c.until) ||
			r.Status != loyalty.Committed ||
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
		expires loyalty.Date
		days    int
		graced  []loyalty.Date
		want    loyalty.Date
	}{
		{"without grace", 2026_12_05, 0, nil, 2026_12_05},
		{"that never expire", 0, 10, nil, 0},
		{"that expire earlier", 2026_12_10, 10, nil, 2026_12_11},
		{"that expire on the day", 2026_12_11, 10, nil, 2026_12_11},
		{"that expire later", 2026_12_12, 10, nil, 2026_12_12},
		{"that were postponed before", 2026_12_10, 10, []loyalty.Date{2026_12_10}, 2026_12_10},
		{"that slide", loyalty.Slides + 2026_12_12, 10, nil, loyalty.Slides + 2026_12_12},
		{"that slide and expire earlier", loyalty.Slides + 2026_12_10, 10, nil, 2026_12_11},
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
	used := earn.LimitUsage(limit, "rewards.r", loyalty.DateOf(now, time.UTC), 1)
	for _, c := range []struct {
		name    string
		r       loyalty.Redemption
		usage   []loyalty.Usage
		returns int
		stock   int
		expires loyalty.Date
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

func TestPointsThatAReversalReturns(t *testing.T) {
	share := func(a, b int64) *big.Rat { return big.NewRat(a, b) }
	card := func(left int64) IssuedCode {
		return IssuedCode{Worth: 100, Left: loyalty.Money{Amount: left, Currency: "EUR"}}
	}
	for _, c := range []struct {
		name string
		back loyalty.OnRefund
		r    loyalty.Redemption
		of   *big.Rat
		code IssuedCode
		want loyalty.Points
		err  loyalty.Code
	}{
		{
			"all", loyalty.AllBack,
			loyalty.Redemption{Status: loyalty.Committed, Points: 10},
			share(1, 9),
			IssuedCode{},
			10, "",
		},
		{
			"a share", loyalty.ShareBack,
			loyalty.Redemption{Status: loyalty.Committed, Points: 10},
			share(19, 100),
			IssuedCode{},
			1, "",
		},
		{
			"the whole share", loyalty.ShareBack,
			loyalty.Redemption{Status: loyalty.Committed, Points: 10},
			share(1, 1),
			IssuedCode{},
			10, "",
		},
		{
			"a greater share", loyalty.ShareBack,
			loyalty.Redemption{Status: loyalty.Committed, Points: 10, Restored: 1},
			share(1, 5),
			IssuedCode{},
			2, "",
		},
		{
			"the same share", loyalty.ShareBack,
			loyalty.Redemption{Status: loyalty.Committed, Points: 10, Restored: 2},
			share(1, 5),
			IssuedCode{},
			0,
			loyalty.ValidationFailed,
		},
		{
			"none", loyalty.NoneBack,
			loyalty.Redemption{Status: loyalty.Committed, Points: 10},
			share(1, 1),
			IssuedCode{},
			0, loyalty.ValidationFailed,
		},
		{"of a perk", loyalty.AllBack, loyalty.Redemption{Status: loyalty.Committed}, share(1, 1), IssuedCode{}, 0, ""},
		{
			"no share", loyalty.AllBack,
			loyalty.Redemption{Status: loyalty.Committed, Points: 10},
			share(0, 1),
			IssuedCode{},
			0, loyalty.AmountOutOfRange,
		},
		{
			"more than all", loyalty.AllBack,
			loyalty.Redemption{Status: loyalty.Committed, Points: 10},
			share(101, 100),
			IssuedCode{},
			0, loyalty.AmountOutOfRange,
		},
		{
			"of a reservation", loyalty.AllBack,
			loyalty.Redemption{Status: loyalty.Reserved, Points: 10},
			share(1, 1),
			IssuedCode{},
			0, loyalty.AlreadyResolved,
		},
		{
			"of a gift card that was partly spent", loyalty.AllBack,
			loyalty.Redemption{Status: loyalty.Committed, Points: 10},
			share(1, 1), card(55), 5, "",
		},
		{
			"of a gift card that was spent", loyalty.AllBack,
			loyalty.Redemption{Status: loyalty.Committed, Points: 10},
			share(1, 1), card(0), 0, loyalty.CodeUsed,
		},
	} {
		got, _, err := Returned(&loyalty.RedemptionTerms{OnRefund: c.back}, c.r, c.of, c.code)
		loyaltytest.WantRefusal(
			t, c.name, err, c.err, map[bool]string{true: "/refunded"}[c.err == loyalty.AmountOutOfRange],
		)
		if got != c.want {
			t.Errorf("%s: %d points", c.name, got)
		}
	}
}

func TestMembersOnWaitlists(t *testing.T) {
	now := loyaltytest.Noon
	r := &loyalty.Reward{FirstCall: loyalty.Period{Hours: 1}}
	entry := func(m loyalty.MemberID, called time.Time) WaitlistEntry {
		return WaitlistEntry{Member: m, Called: called}
	}
	line := []WaitlistEntry{
		entry("late", now.Add(-time.Hour)), entry("first", now.Add(1-time.Hour)), entry("second", time.Time{}),
		entry("third", time.Time{}),
	}
	for _, c := range []struct {
		left         loyalty.Points
		called, lost []loyalty.MemberID
		waits        []loyalty.MemberID // must wait
	}{
		{-1, nil, nil, nil},
		{0, nil, nil, nil},
		{1, nil, []loyalty.MemberID{"late"}, []loyalty.MemberID{"late", "second", "third", "other"}},
		{2, []loyalty.MemberID{"second"}, []loyalty.MemberID{"late"}, []loyalty.MemberID{"late", "third", "other"}},
		{3, []loyalty.MemberID{"second", "third"}, []loyalty.MemberID{"late"}, []loyalty.MemberID{"late", "other"}},
		{4, []loyalty.MemberID{"second", "third"}, []loyalty.MemberID{"late"}, nil},
	} {
		got := CallNext(time.UTC, r, slices.Values(line), c.left, now)
		names := func(all []WaitlistEntry) (out []loyalty.MemberID) {
			for _, w := range all {
				out = append(out, w.Member)
			}
			return out
		}
		if !slices.Equal(names(got.Called), c.called) || !slices.Equal(names(got.Lost), c.lost) {
			t.Errorf("%d items: called %s, lost %s", c.left, names(got.Called), names(got.Lost))
		}
		var waits []loyalty.MemberID
		for _, m := range []loyalty.MemberID{"late", "first", "second", "third", "other"} {
			if got.Refuses(m) != nil {
				waits = append(waits, m)
			}
		}
		if !slices.Equal(waits, c.waits) {
			t.Errorf("%d items: %s must wait", c.left, waits)
		}
	}
	p := utc()
	limit := []loyalty.Limit{{Times: 0, Per: loyalty.PerEver}}
	for _, c := range []struct {
		name string
		acc  loyalty.Account
		r    loyalty.Reward
		want loyalty.Code
	}{
		{"any", rich(0), loyalty.Reward{FirstCall: loyalty.Period{Hours: 1}}, ""},
		{"frozen", loyalty.Account{}, loyalty.Reward{FirstCall: loyalty.Period{Hours: 1}}, loyalty.AccountFrozen},
		{"without a waitlist", rich(0), loyalty.Reward{}, loyalty.ValidationFailed},
		{
			"of another level", rich(0),
			loyalty.Reward{FirstCall: loyalty.Period{Hours: 1}, Tiers: []string{"gold"}},
			loyalty.RewardUnavailable,
		},
		{
			"of another segment", rich(0),
			loyalty.Reward{FirstCall: loyalty.Period{Hours: 1}, Segments: []string{"vip"}},
			loyalty.RewardUnavailable,
		},
		{
			"at the limit", rich(0),
			loyalty.Reward{FirstCall: loyalty.Period{Hours: 1}, Limits: limit},
			loyalty.RewardUnavailable,
		},
		{
			"without an order", rich(0),
			loyalty.Reward{FirstCall: loyalty.Period{Hours: 1}, MinOrder: map[loyalty.Currency]int64{"EUR": 1}},
			"",
		},
		{
			"before it can be redeemed", rich(0),
			loyalty.Reward{FirstCall: loyalty.Period{Hours: 1}, Active: loyalty.Span{From: now.Add(1)}},
			"",
		},
	} {
		if err := MayWait(p, c.acc, &c.r, now); (err == nil) != (c.want == "") ||
			err != nil && !errors.Is(err, c.want) {
			t.Errorf("a member %s: %v", c.name, err)
		}
	}
}

func TestPointsOfAHousehold(t *testing.T) {
	member := func(id loyalty.MemberID, lots ...loyalty.Lot) loyalty.Account {
		return loyalty.Account{Member: id, Status: loyalty.Active, Purse: loyalty.Purse{Lots: lots}}
	}
	lot := func(d loyalty.Date, n loyalty.Points) loyalty.Lot { return loyalty.Lot{Expires: d, Points: n} }
	sharing := &loyalty.Sharing{}
	others := []loyalty.Account{member("a", lot(jan31, 10), lot(0, 5)), member("b", lot(jan31-1, 4), lot(jan31+1, 6))}
	for n, want := range map[loyalty.Points][]loyalty.Contribution{
		0: nil, 4: {{Member: "b", Points: 4}}, 5: {{Member: "b", Points: 4}, {Member: "a", Points: 1}},
		20: {{Member: "b", Points: 10}, {Member: "a", Points: 10}},
		99: {{Member: "b", Points: 10}, {Member: "a", Points: 15}},
	} {
		if got := newPot(sharing, nil, others).draw(n); !reflect.DeepEqual(got, want) {
			t.Errorf("%d points come from %+v", n, got)
		}
	}
	sharing.Households.Share = big.NewRat(1, 3)
	got := newPot(sharing, nil, others)
	if got.points != 8 ||
		!reflect.DeepEqual(got.draw(99), []loyalty.Contribution{{Member: "b", Points: 3}, {Member: "a", Points: 5}}) {
		t.Errorf("of a third, %d points", got.points)
	}
	debtor, frozen, full := others[0], others[0], others[0]
	debtor.Debt, frozen.Status, full.Holds = 1, loyalty.Frozen, make([]loyalty.Hold, MaxHolds)
	for _, acc := range []loyalty.Account{debtor, frozen, full} {
		if n := Shares(&loyalty.Sharing{}, nil, acc); n != 0 {
			t.Errorf("%+v contributes %d", acc, n)
		}
	}
	if full.Holds = full.Holds[1:]; Shares(&loyalty.Sharing{}, nil, full) != 15 {
		t.Error("a member with fewer reservations contributes nothing")
	}
}

func TestDebtsThatPreventSpending(t *testing.T) {
	acc := func(main, miles loyalty.Points) loyalty.Account {
		return loyalty.Account{
			Purse: loyalty.Purse{Debt: main}, Purses: []loyalty.Purse{{Wallet: "miles", Debt: miles}},
		}
	}
	reward := []loyalty.Reward{{}, {Wallets: map[string]loyalty.Points{"miles": 1}}}
	free := []loyalty.Reward{{Wallets: map[string]loyalty.Points{"miles": 0}}}
	from, to := []loyalty.Conversion{{From: "miles"}}, []loyalty.Conversion{{To: "miles"}}
	for _, c := range []struct {
		name        string
		acc         loyalty.Account
		conversions []loyalty.Conversion
		rewards     []loyalty.Reward
		wallet      string
		debt        loyalty.Points
		text        string
	}{
		{"none", acc(0, 0), from, reward, "", 0, ""},
		{
			"of the main wallet", acc(3, 5), from, reward, "", 3,
			" The member owes 3 points, which newly earned points repay first.",
		},
		{
			"of a wallet that buys a reward", acc(0, 5), nil, reward, "miles", 5,
			" The member owes 5 points; nothing can be spent from any wallet until the debt is repaid.",
		},
		{
			"of a wallet that can be converted", acc(0, 5), from, free, "miles", 5,
			" The member owes 5 points; nothing can be spent from any wallet until the debt is repaid.",
		},
		{"of a wallet that cannot be spent", acc(0, 5), to, free, "", 0, ""},
	} {
		wallet, debt := Indebted(c.conversions, c.rewards, c.acc)
		if wallet != c.wallet || debt != c.debt || InDebt(c.conversions, c.rewards, c.acc) != (debt > 0) {
			t.Errorf("a debt %s: %d in %q", c.name, debt, wallet)
		}
		p := utc()
		p.Conversions, p.Rewards = c.conversions, c.rewards
		if got := OwedText(p, c.acc, ""); got != c.text {
			t.Errorf("a debt %s: %q", c.name, got)
		}
	}
	p := utc()
	poor := rich(5)
	poor.Pending = []loyalty.Pending{
		{Points: 1},
		{Wallet: "miles", ActiveAt: loyaltytest.Noon, Points: 2},
		{ActiveAt: loyaltytest.Noon, Points: 3},
		{ActiveAt: loyaltytest.Noon, Points: 4},
	}
	err := insufficientWith(p, poor, "", 2, 10, "The reward costs")
	if err.Available != 7 || err.Required != 10 ||
		!strings.HasSuffix(err.Detail, "costs 10 points; 7 can be spent. 3 more become active on 1 December 2026.") {
		t.Errorf("%+v", err)
	}
}
