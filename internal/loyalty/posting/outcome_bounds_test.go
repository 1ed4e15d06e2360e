package posting

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
)

// utc is a program in UTC without rules.
func utc() *loyalty.Program { return &loyalty.Program{Zone: time.UTC, Version: 7} }

// move returns postings that add points to a bucket of a wallet and balance them.
func move(wallet string, b loyalty.Bucket, n loyalty.Points) []loyalty.Posting {
	return []loyalty.Posting{
		{Wallet: wallet, Bucket: b, Points: n}, {Wallet: wallet, Bucket: loyalty.BucketConverted, Points: -n},
	}
}

func TestEntryThatIsPosted(t *testing.T) {
	d := Decide(utc(), loyalty.Account{Member: "mem_a", Sequence: 4, Status: loyalty.Active}, loyaltytest.Noon)
	d.Recorded, d.Graced = loyaltytest.Noon.Add(5), []calendar.Date{jan31}
	postings := slices.Concat(
		move("", loyalty.BucketActive, 10), move("", loyalty.BucketPending, 5), move("", loyalty.BucketDebt, -2),
		move("miles", loyalty.BucketActive, 300),
	)
	if err := d.Post(loyalty.Entry{Effective: loyaltytest.Noon, Postings: postings}); err != nil {
		t.Fatal(err)
	}
	if err := d.Post(loyalty.Entry{Member: "mem_b", Program: 6, Effective: loyaltytest.Noon}); err != nil {
		t.Fatal(err)
	}
	a, b := d.Entries[0], d.Entries[1]
	if a.Sequence != 5 || a.Member != "mem_a" || a.Program != 7 || a.Points != 13 || !a.Recorded.Equal(d.Recorded) {
		t.Errorf("the first entry is %+v", a)
	}
	if a.Balance != (loyalty.Balance{Active: 10, Pending: 5, Debt: 2}) ||
		!slices.Equal(a.Wallets, []loyalty.WalletChange{
			{Wallet: "miles", Points: 300, Balance: loyalty.Balance{Active: 300}},
		}) {
		t.Errorf("its balances are %+v and %+v", a.Balance, a.Wallets)
	}
	if b.Sequence != 6 || b.Member != "mem_b" || b.Program != 6 || b.Points != 0 || len(b.Wallets) != 0 {
		t.Errorf("the second entry is %+v", b)
	}
	if !slices.Equal(a.Graced, []calendar.Date{jan31}) || len(b.Graced) != 0 || len(d.Account.Graced) != 1 {
		t.Errorf("the grace period is recorded as %v and %v", a.Graced, b.Graced)
	}
	if d.Account.Sequence != 6 || d.Account.Balance() != a.Balance {
		t.Errorf("the account is %+v", d.Account)
	}
}

func TestBoundsOfAccounts(t *testing.T) {
	pending := func(n int) (all []loyalty.Pending) {
		for range n {
			all = append(all, loyalty.Pending{Points: 1})
		}
		return all
	}
	add := []loyalty.Posting{
		{Bucket: loyalty.BucketPending, Cause: loyalty.Cause{Kind: "order", ID: "1"}, Points: 1},
		{Bucket: loyalty.BucketIssued, Points: -1},
	}
	for _, c := range []struct {
		name     string
		pending  int
		postings []loyalty.Posting
		want     loyalty.Code
	}{
		{"the largest balance", 0, move("", loyalty.BucketActive, loyalty.MaxBalance), ""},
		{"a balance above it", 0, move("", loyalty.BucketActive, loyalty.MaxBalance+1), loyalty.AmountOutOfRange},
		{"the largest balance of a wallet", 0, move("miles", loyalty.BucketActive, loyalty.MaxBalance), ""},
		{
			"a balance of a wallet above it", 0, move("miles", loyalty.BucketActive, loyalty.MaxBalance+1),
			loyalty.AmountOutOfRange,
		},
		{
			"a balance above it, and one of a wallet within it", 0,
			append(move("", loyalty.BucketActive, loyalty.MaxBalance+1), move("miles", loyalty.BucketActive, 1)...),
			loyalty.AmountOutOfRange,
		},
		{
			"balances of wallets of which the first is above it", 0,
			append(
				move("beans", loyalty.BucketActive, loyalty.MaxBalance+1), move("miles", loyalty.BucketActive, 1)...,
			),
			loyalty.AmountOutOfRange,
		},
		{"the most pending orders", MaxPending - 1, add, ""},
		{"one more", MaxPending, add, loyalty.ValidationFailed},
		{"no new one above the limit", MaxPending + 1, nil, ""},
	} {
		d := Decide(utc(), loyalty.Account{Pending: pending(c.pending)}, loyaltytest.Noon)
		err := d.Post(loyalty.Entry{Postings: c.postings})
		loyaltytest.WantRefusal(t, c.name, err, c.want, "")
		if (len(d.Entries) == 1) != (err == nil) || (d.Account.Sequence == 1) != (err == nil) {
			t.Errorf("%s: %d entries and the account at %d", c.name, len(d.Entries), d.Account.Sequence)
		}
	}
	d := Decide(utc(), loyalty.Account{}, loyaltytest.Noon)
	if err := d.Post(loyalty.Entry{Postings: []loyalty.Posting{{Points: 1}}}); !errors.Is(err, ErrInvariant) ||
		len(d.Entries) != 0 {
		t.Errorf("an unbalanced entry: %v", err)
	}
}

func TestEntriesAboutATierGroup(t *testing.T) {
	whole := Decide(utc(), loyalty.Account{Member: "mem_a"}, loyaltytest.Noon)
	p := utc()
	p.Tiers.Group = "club"
	d := Decide(p, GroupView(&p.Tiers, whole.Account), loyaltytest.Noon)
	d.Whole = whole
	next := loyalty.Standing{Level: "regular", Since: loyaltytest.Noon}
	if err := d.Post(
		loyalty.Entry{Detail: loyalty.Detail{LevelEffects: loyalty.LevelEffects{Standing: &next}}},
	); err != nil {
		t.Fatal(err)
	}
	if len(d.Entries) != 0 || len(whole.Entries) != 1 || whole.Entries[0].TierGroup != "club" {
		t.Errorf("the entries are %+v and %+v", d.Entries, whole.Entries)
	}
	if d.Account.Tier != next || whole.Account.Tier != (loyalty.Standing{}) {
		t.Errorf("the standings are %+v and %+v", d.Account.Tier, whole.Account.Tier)
	}
}

func TestCreditedPoints(t *testing.T) {
	now, cause := loyaltytest.Noon, loyalty.Cause{Kind: "order", ID: "1"}
	giveUp := now.AddDate(0, 1, 0)
	acc := loyalty.Account{Purse: loyalty.Purse{Debt: 4}, Purses: []loyalty.Purse{{Wallet: "miles", Debt: 1}}}
	post := func(b loyalty.Bucket, lot calendar.Date, n loyalty.Points) loyalty.Posting {
		return loyalty.Posting{Bucket: b, Lot: lot, Points: n}
	}
	for _, c := range []struct {
		name string
		g    loyalty.Grant
		want []loyalty.Posting
	}{
		{
			"without an instant",
			loyalty.Grant{Expires: jan31},
			[]loyalty.Posting{{Bucket: loyalty.BucketPending, Lot: jan31, GiveUp: giveUp, Points: 10}},
		},
		{
			"later, of a rule",
			loyalty.Grant{Rule: "r", Wallet: "miles", ActiveAt: now.Add(1), Expires: jan31},
			[]loyalty.Posting{{
				Wallet: "miles", Bucket: loyalty.BucketPending, Lot: jan31, ActiveAt: now.Add(1), Cause: cause,
				Points: 10,
			}},
		},
		{
			"now",
			loyalty.Grant{ActiveAt: now, Expires: jan31},
			[]loyalty.Posting{post(loyalty.BucketDebt, jan31, 4), post(loyalty.BucketActive, jan31, 6)},
		},
		{
			"in an expired lot",
			loyalty.Grant{ActiveAt: now, Expires: 2026_11_30},
			[]loyalty.Posting{post(loyalty.BucketDebt, 2026_11_30, 4), post(loyalty.BucketExpired, 2026_11_30, 6)},
		},
		{
			"in a lot that expires today",
			loyalty.Grant{ActiveAt: now, Expires: 2026_12_01},
			[]loyalty.Posting{post(loyalty.BucketDebt, 2026_12_01, 4), post(loyalty.BucketActive, 2026_12_01, 6)},
		},
	} {
		if got := Decide(utc(), acc, now).Credit(nil, cause, 10, c.g, giveUp); !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	d := Decide(utc(), acc, now)
	earlier := []loyalty.Posting{
		post(loyalty.BucketDebt, 0, 3), {Wallet: "miles", Bucket: loyalty.BucketDebt, Points: 1},
	}
	for n, want := range map[loyalty.Points][]loyalty.Posting{
		0: nil,
		1: {post(loyalty.BucketDebt, jan31, 1)},
		2: {post(loyalty.BucketDebt, jan31, 1), post(loyalty.BucketActive, jan31, 1)},
	} {
		if got := d.Activate(slices.Clone(earlier), "", n, jan31, now)[2:]; !slices.Equal(got, want) &&
			len(got)+len(want) > 0 {
			t.Errorf("%d points after a part of the debt was paid: %+v", n, got)
		}
	}
	d.Account.Slides = sliding(mar31)
	want := loyalty.Posting{Bucket: loyalty.BucketActive, Lot: sliding(mar31), Points: 6, From: sliding(jan31)}
	if got := d.Activate(nil, "", 10, sliding(jan31), now); got[1] != want || got[0].Lot != sliding(mar31) {
		t.Errorf("sliding points: %+v", got)
	}
}

func TestPostingThatPaidDebtLast(t *testing.T) {
	pay := func(wallet string, lot calendar.Date, n loyalty.Points) loyalty.Posting {
		return loyalty.Posting{Wallet: wallet, Bucket: loyalty.BucketDebt, Lot: lot, Points: n}
	}
	for _, c := range []struct {
		name string
		out  []loyalty.Posting
		want int
	}{
		{"none", nil, -1},
		{"another bucket", []loyalty.Posting{{Bucket: loyalty.BucketActive, Lot: jan31, Points: 1}}, -1},
		{"another wallet", []loyalty.Posting{pay("miles", jan31, 1)}, -1},
		{"a new debt", []loyalty.Posting{pay("", jan31, -1)}, -1},
		{"nothing", []loyalty.Posting{pay("", jan31, 0)}, -1},
		{"the latest lot", []loyalty.Posting{pay("", jan31, 1), pay("", mar31, 1), pay("", feb28, 1)}, 1},
		{"the first of the latest lot", []loyalty.Posting{pay("", jan31, 1), pay("", mar31, 1), pay("", mar31, 1)}, 1},
		{"points that never expire", []loyalty.Posting{pay("", 0, 1), pay("", mar31, 1)}, 0},
	} {
		if got := lastPayer(c.out, ""); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// Points that expire first pay the debt, also if points of a later lot have already paid it.
func TestPointsOfAnEarlierLotReplacePayments(t *testing.T) {
	now := loyaltytest.Noon
	post := func(b loyalty.Bucket, lot calendar.Date, n loyalty.Points) loyalty.Posting {
		return loyalty.Posting{Bucket: b, Lot: lot, Points: n}
	}
	d := Decide(utc(), loyalty.Account{Purse: loyalty.Purse{Debt: 10}}, now)
	later := []loyalty.Posting{post(loyalty.BucketDebt, mar31, 10)}
	for _, c := range []struct {
		name    string
		n       loyalty.Points
		expires calendar.Date
		want    []loyalty.Posting
	}{
		{
			"a part", 4, jan31,
			[]loyalty.Posting{
				post(loyalty.BucketDebt, mar31, 6), post(loyalty.BucketDebt, jan31, 4),
				post(loyalty.BucketActive, mar31, 4),
			},
		},
		{
			"more than all", 14, jan31,
			[]loyalty.Posting{
				post(loyalty.BucketDebt, jan31, 10), post(loyalty.BucketActive, mar31, 10),
				post(loyalty.BucketActive, jan31, 4),
			},
		},
		{
			"the same lot", 4, mar31,
			[]loyalty.Posting{post(loyalty.BucketDebt, mar31, 10), post(loyalty.BucketActive, mar31, 4)},
		},
		{"a later lot", 4, 0, []loyalty.Posting{post(loyalty.BucketDebt, mar31, 10), post(loyalty.BucketActive, 0, 4)}},
		{
			"an expired lot", 4, 2026_11_30,
			[]loyalty.Posting{
				post(loyalty.BucketDebt, mar31, 6), post(loyalty.BucketDebt, 2026_11_30, 4),
				post(loyalty.BucketActive, mar31, 4),
			},
		},
		{"none", 0, jan31, later},
	} {
		if got := d.Arrive(slices.Clone(later), "", c.n, c.expires, now); !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// An empty posting ends a reservation to which household members contributed all points.
func TestEmptyReservationsRemain(t *testing.T) {
	d := Decide(utc(), loyalty.Account{Purse: loyalty.Purse{Debt: 10}}, loyaltytest.Noon)
	out := []loyalty.Posting{{Bucket: loyalty.BucketReserved}, {Bucket: loyalty.BucketDebt, Lot: mar31, Points: 10}}
	got := d.Arrive(out, "", 10, jan31, d.Now)
	want := []loyalty.Posting{
		{Bucket: loyalty.BucketReserved}, {Bucket: loyalty.BucketDebt, Lot: jan31, Points: 10}, active("", mar31, 10),
	}
	if !slices.Equal(got, want) {
		t.Errorf("the postings are %+v", got)
	}
}

func TestLotsThatContainPoints(t *testing.T) {
	at := loyaltytest.Noon
	moves := []loyalty.Move{
		{At: at, First: jan31, Last: feb28, To: mar31},
		{At: at.Add(2), First: mar31, Last: mar31, To: 2027_04_30, Times: 1},
		{At: at.Add(4), First: 2027_04_30, Last: 2027_04_30, To: 2027_05_31, Times: 2},
		{At: at.Add(6), First: 2027_05_31, Last: 2027_05_31, To: 2027_06_30, Times: 2}, // of other points
	}
	for _, c := range []struct {
		name   string
		slides calendar.Date
		g      loyalty.Grant
		want   calendar.Date
	}{
		{"never moved", 0, loyalty.Grant{ActiveAt: at, Expires: jan31 - 1}, jan31 - 1},
		{"behind the moved lots", 0, loyalty.Grant{ActiveAt: at, Expires: feb28 + 1}, feb28 + 1},
		{"the first moved lot", 0, loyalty.Grant{ActiveAt: at, Expires: jan31}, 2027_05_31},
		{"the last moved lot", 0, loyalty.Grant{ActiveAt: at, Expires: feb28}, 2027_05_31},
		{"active only after the first move", 0, loyalty.Grant{ActiveAt: at.Add(1), Expires: jan31}, jan31},
		{"active at the second move", 0, loyalty.Grant{ActiveAt: at.Add(2), Expires: mar31}, 2027_05_31},
		{"active after the second move", 0, loyalty.Grant{ActiveAt: at.Add(3), Expires: 2027_04_30}, 2027_04_30},
		{
			"of a fixed day while others slide", sliding(mar31),
			loyalty.Grant{ActiveAt: at, Expires: jan31 - 1},
			jan31 - 1,
		},
		{"of another wallet", sliding(mar31), loyalty.Grant{Wallet: "miles", ActiveAt: at, Expires: jan31}, jan31},
		{"that slides", sliding(mar31), loyalty.Grant{ActiveAt: at, Expires: sliding(jan31)}, sliding(mar31)},
		{"that slid further", sliding(jan31), loyalty.Grant{ActiveAt: at, Expires: sliding(mar31)}, sliding(mar31)},
		{"that no longer slides", Forever, loyalty.Grant{ActiveAt: at, Expires: sliding(jan31)}, 0},
	} {
		d := Decide(utc(), loyalty.Account{Moves: moves, Slides: c.slides}, at)
		if got := d.Where(c.g); got != c.want {
			t.Errorf("a lot %s: %d, want %d", c.name, got, c.want)
		}
	}
	for at, want := range map[time.Time]bool{jan31.End(time.UTC).Add(-1): false, jan31.End(time.UTC): true} {
		if IsExpired(time.UTC, jan31, at) != want || IsExpired(time.UTC, 0, at) {
			t.Errorf("expired at %s: %t", at, !want)
		}
	}
}
