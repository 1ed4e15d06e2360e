package posting

import (
	"fmt"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
)

func TestLivesOfGrants(t *testing.T) {
	wait, expiry := calendar.Wait{Manual: true}, calendar.Expiry{RoundTo: calendar.EndOfYear}
	ruleWait, ruleExpiry := calendar.Wait{On: []calendar.Day{101}}, calendar.Expiry{RoundTo: calendar.EndOfWeek}
	goldExpiry, milesExpiry := calendar.Expiry{RoundTo: calendar.EndOfMonth}, calendar.Expiry{
		RoundTo: calendar.EndOfQuarter,
	}
	milesWait := calendar.Wait{On: []calendar.Day{202}}
	rule := func(key string, l loyalty.Life) loyalty.CompiledRule {
		return loyalty.CompiledRule{Key: key, Rule: loyalty.Rule{Life: l}}
	}
	p := utc()
	p.Earn.Pending, p.Earn.Expires = wait, expiry
	p.Tiers.Levels = []loyalty.Level{{ID: "basic"}, {ID: "gold", Expires: &goldExpiry}}
	p.Wallets = []loyalty.Wallet{
		{ID: "beans"},
		{ID: "miles", Pending: milesWait, Expires: milesExpiry, Clawback: loyalty.ClawbackUnlimited, MaxDebt: 5},
	}
	p.Clawback, p.MaxDebt = loyalty.ClawbackPendingOnly, 9
	p.Compiled.Rules = []loyalty.CompiledRule{
		rule("a", loyalty.Life{}), rule("b", loyalty.Life{Pending: &ruleWait}),
		rule("c", loyalty.Life{Expires: &ruleExpiry}),
	}
	p.Compiled.Positions = map[string]int{"a": 0, "b": 1, "c": 2}
	for _, c := range []struct {
		key, level string
		wait       calendar.Wait
		expiry     calendar.Expiry
	}{
		{"", "basic", wait, expiry},
		{"", "gold", wait, goldExpiry},
		{"", "unknown", wait, expiry},
		{"a", "gold", wait, goldExpiry},
		{"b", "basic", ruleWait, expiry},
		{"c", "gold", wait, ruleExpiry},
		{"wallets.miles", "gold", milesWait, milesExpiry},
		{"wallets.beans", "gold", calendar.Wait{}, calendar.Expiry{}},
		{"unknown", "basic", wait, expiry},
	} {
		w, e := GrantLife(&p.Earning, &p.Tiers, p.Wallets, c.key, c.level)
		if !reflect.DeepEqual(w, c.wait) || !reflect.DeepEqual(e, c.expiry) {
			t.Errorf("points of %q at level %q: %+v, %+v", c.key, c.level, w, e)
		}
	}
	for wallet, want := range map[string]calendar.Expiry{"": goldExpiry, "miles": milesExpiry} {
		if got := WalletExpiry(&p.Earn, &p.Tiers, p.Wallets, wallet, "gold"); !reflect.DeepEqual(got, want) {
			t.Errorf("points of the wallet %q: %+v", wallet, got)
		}
	}
	for wallet, want := range map[string]loyalty.Points{"": 9, "miles": 5, "beans": 0} {
		policy, most := takeBack(&p.Corrections, p.Wallets, wallet)
		if most != want || (policy == loyalty.ClawbackUnlimited) != (wallet == "miles") {
			t.Errorf("the clawback of the wallet %q: %d, at most %d", wallet, policy, most)
		}
	}
	if w, ok := Wallet(p.Wallets, "beans"); w.ID != "beans" || !ok {
		t.Errorf("the wallet beans is %+v", w)
	}
	if w, ok := Wallet(p.Wallets, "stars"); w.ID != "" || ok {
		t.Errorf("the wallet stars is %+v", w)
	}
	if err := NoWallet(p.Wallets, "/wallet"); !strings.Contains(err.Error(), "points, beans, miles.") {
		t.Errorf("an unknown wallet: %v", err)
	}
}

func TestNamesOfPoints(t *testing.T) {
	p := utc()
	p.Wallets = []loyalty.Wallet{{ID: "miles", Unit: loyalty.Units{Other: loyalty.Text{"en": "miles"}}}, {ID: "x"}}
	for wallet, want := range map[string]string{"": "points", "miles": "miles", "x": "points"} {
		if got := WalletUnits(p.Wallets, p.Unit, wallet); got != want {
			t.Errorf("the points of %q are %q", wallet, got)
		}
	}
	p.Unit.Other = loyalty.Text{"en": "beans"}
	for wallet, want := range map[string]string{"": "beans", "miles": "miles", "x": "points"} {
		if got := WalletUnits(p.Wallets, p.Unit, wallet); got != want {
			t.Errorf("with a unit, the points of %q are %q", wallet, got)
		}
	}
}

func TestStartOfAnniversaries(t *testing.T) {
	joined, reached := loyaltytest.Noon, loyaltytest.Noon.Add(1)
	for _, c := range []struct {
		a     calendar.Anniversary
		since time.Time
		want  time.Time
	}{
		{calendar.OfTier, reached, reached},
		{calendar.OfTier, time.Time{}, joined},
		{calendar.OfJoining, reached, joined},
		{"", reached, joined},
	} {
		acc := loyalty.Account{Joined: joined, Tier: loyalty.Standing{Since: c.since}}
		if got := AnniversaryStart(acc, calendar.Expiry{Anniversary: c.a}); !got.Equal(c.want) {
			t.Errorf("an anniversary of %q counts from %s", c.a, got)
		}
	}
}

func TestEntriesAndCausesOfLots(t *testing.T) {
	d := Decide(utc(), loyalty.Account{Member: "mem_a"}, loyaltytest.Noon)
	for _, c := range []struct {
		wallet string
		lot    calendar.Date
		id     string
	}{
		{"", jan31, "mem_a:2027-01-31"},
		{"", sliding(jan31), "mem_a:2027-01-31:inactive"},
		{"miles", jan31, "mem_a:2027-01-31:miles"},
	} {
		e := ExpireLot(d, c.wallet, lotOf(c.lot, 5), loyaltytest.Noon)
		want := []loyalty.Posting{
			active(c.wallet, c.lot, -5), {Wallet: c.wallet, Bucket: loyalty.BucketExpired, Lot: c.lot, Points: 5},
		}
		if e.Cause.ID != c.id || e.Kind != loyalty.KindExpire || !reflect.DeepEqual(e.Postings, want) ||
			e.Reasons[0].Points != "-5" {
			t.Errorf("%+v", e)
		}
	}
	order := loyalty.Cause{Kind: "order", ID: "1", Revision: 3}
	for rule, want := range map[string]string{"": "1", "campaigns.x": "1~campaigns.x"} {
		if got := CauseOfGrant(order, loyalty.Grant{Rule: rule}); got != (loyalty.Cause{Kind: "order", ID: want}) {
			t.Errorf("points of the rule %q are pending under %s", rule, got)
		}
	}
}

func TestWalletsThatNoProgramMayHave(t *testing.T) {
	days := func(n int) []calendar.Day { return make([]calendar.Day, n) }
	rate := func(c loyalty.Currency, per int64, points int64) map[loyalty.Currency]loyalty.Rate {
		return map[loyalty.Currency]loyalty.Rate{c: {Per: per, Points: big.NewRat(points, 1)}}
	}
	for _, c := range []struct {
		name string
		w    loyalty.Wallet
		ok   bool
	}{
		{"a wallet", loyalty.Wallet{ID: "a", Rates: rate("EUR", 1, 0)}, true},
		{
			"the most days",
			loyalty.Wallet{
				ID: "a", Pending: calendar.Wait{On: days(MaxDays)}, Expires: calendar.Expiry{On: days(MaxDays)},
			},
			true,
		},
		{"no ID", loyalty.Wallet{}, false},
		{"the ID of the main wallet", loyalty.Wallet{ID: MainWallet}, false},
		{"the ID of another wallet", loyalty.Wallet{ID: "first"}, false},
		{"expiry by inactivity", loyalty.Wallet{ID: "a", Expires: calendar.Expiry{Inactive: true}}, false},
		{
			"points that wait for an order",
			loyalty.Wallet{ID: "a", Pending: calendar.Wait{Until: calendar.WhenShipped}},
			false,
		},
		{"too many days of activation", loyalty.Wallet{ID: "a", Pending: calendar.Wait{On: days(MaxDays + 1)}}, false},
		{"too many days of expiry", loyalty.Wallet{ID: "a", Expires: calendar.Expiry{On: days(MaxDays + 1)}}, false},
		{"an unknown currency", loyalty.Wallet{ID: "a", Rates: rate("XXX", 1, 1)}, false},
		{"a rate per nothing", loyalty.Wallet{ID: "a", Rates: rate("EUR", 0, 1)}, false},
		{"a negative rate", loyalty.Wallet{ID: "a", Rates: rate("EUR", 1, -1)}, false},
	} {
		p := utc()
		p.Wallets = []loyalty.Wallet{{ID: "first"}, c.w}
		if err := CompileWallets(p.Wallets, &p.Compiled); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
		if _, known := p.Compiled.Wallets[c.w.ID]["EUR"]; known != (c.name == "a wallet") {
			t.Errorf("%s: the rates are %+v", c.name, p.Compiled.Wallets)
		}
	}
	p := utc()
	for i := range MaxWallets {
		p.Wallets = append(p.Wallets, loyalty.Wallet{ID: fmt.Sprint("w", i)})
	}
	if err := CompileWallets(p.Wallets, &p.Compiled); err != nil {
		t.Errorf("the most wallets: %v", err)
	}
	p.Wallets = append(p.Wallets, loyalty.Wallet{ID: "w"})
	if err := CompileWallets(p.Wallets, &p.Compiled); err == nil {
		t.Error("one more wallet was accepted")
	}
}

func TestWalletsWithoutBalance(t *testing.T) {
	if !balanced([]loyalty.Posting{active("a", 0, 1), active("a", 0, -1), active("", 0, 1), active("", 0, -1)}) {
		t.Error("balanced postings are not balanced")
	}
	if balanced([]loyalty.Posting{active("a", 0, 1), active("a", 0, -2), active("", 0, 1), active("", 0, -1)}) {
		t.Error("postings of a wallet that are not balanced are")
	}
	if balanced([]loyalty.Posting{active("a", 0, 1), active("b", 0, -1)}) {
		t.Error("postings that are balanced across wallets are balanced")
	}
}
