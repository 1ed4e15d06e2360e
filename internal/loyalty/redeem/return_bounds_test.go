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
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

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
	r := &loyalty.Reward{FirstCall: calendar.Period{Hours: 1}}
	entry := func(m loyalty.MemberID, called time.Time) WaitlistEntry {
		return WaitlistEntry{Member: m, Called: called}
	}
	line := []WaitlistEntry{
		entry("late", now.Add(-time.Hour)), entry(
			"first", now.Add(1-time.Hour),
		), entry("second", time.Time{}), entry("third", time.Time{}),
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
		{"any", rich(0), loyalty.Reward{FirstCall: calendar.Period{Hours: 1}}, ""},
		{"frozen", loyalty.Account{}, loyalty.Reward{FirstCall: calendar.Period{Hours: 1}}, loyalty.AccountFrozen},
		{"without a waitlist", rich(0), loyalty.Reward{}, loyalty.ValidationFailed},
		{
			"of another level", rich(0),
			loyalty.Reward{FirstCall: calendar.Period{Hours: 1}, Tiers: []string{"gold"}},
			loyalty.RewardUnavailable,
		},
		{
			"of another segment", rich(0),
			loyalty.Reward{FirstCall: calendar.Period{Hours: 1}, Segments: []string{"vip"}},
			loyalty.RewardUnavailable,
		},
		{
			"at the limit", rich(0),
			loyalty.Reward{FirstCall: calendar.Period{Hours: 1}, Limits: limit},
			loyalty.RewardUnavailable,
		},
		{
			"without an order", rich(0),
			loyalty.Reward{FirstCall: calendar.Period{Hours: 1}, MinOrder: map[loyalty.Currency]int64{"EUR": 1}},
			"",
		},
		{
			"before it can be redeemed", rich(0),
			loyalty.Reward{FirstCall: calendar.Period{Hours: 1}, Active: calendar.Span{From: now.Add(1)}},
			"",
		},
	} {
		if err := Of(&posting.Decision{P: p}).MayWait(c.acc, &c.r, now); (err == nil) != (c.want == "") ||
			err != nil && !errors.Is(err, c.want) {
			t.Errorf("a member %s: %v", c.name, err)
		}
	}
}

func TestPointsOfAHousehold(t *testing.T) {
	member := func(id loyalty.MemberID, lots ...loyalty.Lot) loyalty.Account {
		return loyalty.Account{Member: id, Status: loyalty.Active, Purse: loyalty.Purse{Lots: lots}}
	}
	lot := func(d calendar.Date, n loyalty.Points) loyalty.Lot { return loyalty.Lot{Expires: d, Points: n} }
	sharing := &loyalty.Sharing{}
	accs := []loyalty.Account{member("a", lot(jan31, 10), lot(0, 5)), member("b", lot(jan31-1, 4), lot(jan31+1, 6))}
	var others []*posting.Decision
	for _, acc := range accs {
		others = append(others, &posting.Decision{Outcome: posting.Outcome{Account: acc}})
	}
	rules := Rules{Spending: &loyalty.Spending{}, Sharing: sharing}
	for n, want := range map[loyalty.Points][]loyalty.Contribution{
		0: nil, 4: {{Member: "b", Points: 4}}, 5: {{Member: "b", Points: 4}, {Member: "a", Points: 1}},
		20: {
			{Member: "b", Points: 10}, {Member: "a", Points: 10},
		}, 99: {{Member: "b", Points: 10}, {Member: "a", Points: 15}},
	} {
		if got := rules.newPot(others).draw(n); !reflect.DeepEqual(got, want) {
			t.Errorf("%d points come from %+v", n, got)
		}
	}
	sharing.Households.Share = big.NewRat(1, 3)
	got := rules.newPot(others)
	if got.points != 8 ||
		!reflect.DeepEqual(got.draw(99), []loyalty.Contribution{{Member: "b", Points: 3}, {Member: "a", Points: 5}}) {
		t.Errorf("of a third, %d points", got.points)
	}
	debtor, frozen, full := accs[0], accs[0], accs[0]
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
		if got := Of(&posting.Decision{P: p}).OwedText(c.acc, ""); got != c.text {
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
	err := Of(&posting.Decision{P: p}).insufficientWith(poor, "", 2, 10, "The reward costs")
	if err.Available != 7 || err.Required != 10 ||
		!strings.HasSuffix(err.Detail, "costs 10 points; 7 can be spent. 3 more become active on 1 December 2026.") {
		t.Errorf("%+v", err)
	}
}
