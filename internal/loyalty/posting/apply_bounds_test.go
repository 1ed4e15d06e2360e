package posting

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
)

func TestPostingsToBuckets(t *testing.T) {
	for _, wallet := range []string{"", "miles"} {
		var acc loyalty.Account
		for _, p := range []loyalty.Posting{
			{Bucket: loyalty.BucketActive, Lot: jan31, Points: 100},
			{Bucket: loyalty.BucketIssued, Points: -100},
			{Bucket: loyalty.BucketActive, Lot: jan31, Points: -40},
			{Bucket: loyalty.BucketRedeemed, Lot: jan31, Points: 30},
			{Bucket: loyalty.BucketExpired, Lot: jan31, Points: 10},
			{Bucket: loyalty.BucketDebt, Points: -7},
			{Bucket: loyalty.BucketDebt, Points: 2},
		} {
			p.Wallet = wallet
			applyPosting(&acc, loyalty.Entry{}, p)
		}
		want := loyalty.Purse{
			Wallet: wallet, Lots: []loyalty.Lot{lotOf(jan31, 60)}, Debt: 5,
			ExpiredLots: []loyalty.Lot{lotOf(jan31, 10)},
			Earned:      100, Redeemed: 30, Expired: 10,
		}
		if got := acc.In(wallet); !reflect.DeepEqual(got, want) {
			t.Errorf("the wallet %q is %+v", wallet, got)
		}
	}
	var acc loyalty.Account
	applyPosting(
		&acc, loyalty.Entry{},
		loyalty.Posting{Bucket: loyalty.BucketActive, Lot: sliding(feb28), Points: 5, From: sliding(jan31)},
	)
	applyPosting(&acc, loyalty.Entry{}, loyalty.Posting{Bucket: loyalty.BucketActive, Lot: sliding(feb28), Points: 5})
	r := &loyalty.Redemption{ID: "rd_a"}
	applyPosting(
		&acc, loyalty.Entry{Detail: loyalty.Detail{Subject: loyalty.Subject{Redemption: r}}},
		loyalty.Posting{Bucket: loyalty.BucketReserved, Lot: jan31, Points: 3},
	)
	if len(acc.Holds) != 1 || acc.Holds[0].Redemption.ID != r.ID ||
		!slices.Equal(acc.Holds[0].Lots, []loyalty.Lot{lotOf(jan31, 3)}) {
		t.Errorf("reserved points: %+v", acc.Holds)
	}
	if !slices.Equal(acc.Slid, []loyalty.Lot{lotOf(sliding(jan31), 5)}) {
		t.Errorf("moved points: %+v", acc.Slid)
	}
}

func TestAccountsDoNotSharePurses(t *testing.T) {
	before := loyalty.Account{Purses: []loyalty.Purse{{Wallet: "b", Debt: 1}, {Wallet: "d", Debt: 2}}}
	after := before
	for _, id := range []string{"b", "a", "c", "e"} {
		purseOf(&after, id).Debt += 10
	}
	purseOf(&after, "").Debt += 10
	var got []loyalty.Points
	for p := range AllPurses(&after) {
		got = append(got, p.Debt)
	}
	if !slices.Equal(got, []loyalty.Points{10, 10, 11, 10, 2, 10}) || before.Purses[0].Debt != 1 {
		t.Errorf("the debts are %d, and before %+v", got, before.Purses)
	}
	for n := range 3 {
		count := 0
		for range AllPurses(&after) {
			if count++; count > n {
				break
			}
		}
		if count != n+1 {
			t.Errorf("%d purses, want %d", count, n+1)
		}
	}
}

// An account forgets the purse of a wallet only if it equals that of a wallet that was never used.
func TestPursesThatAnAccountForgets(t *testing.T) {
	for _, p := range []loyalty.Purse{
		{Lots: []loyalty.Lot{{}}},
		{ExpiredLots: []loyalty.Lot{{}}},
		{Debt: 1},
		{Earned: 1},
		{Redeemed: 1},
		{Expired: 1},
	} {
		if isEmpty(p) {
			t.Errorf("the purse %+v is empty", p)
		}
		p.Wallet = "miles"
		after, err := Apply(loyalty.Account{Purses: []loyalty.Purse{p}}, loyalty.Entry{Sequence: 1})
		if err != nil || len(after.Purses) != 1 {
			t.Errorf("the account forgot the purse %+v, %v", p, err)
		}
	}
	if !isEmpty(loyalty.Purse{Wallet: "miles"}) {
		t.Error("an unused purse is not empty")
	}
	after, err := Apply(
		loyalty.Account{Purses: []loyalty.Purse{{Wallet: "miles", Debt: 1}}},
		loyalty.Entry{Sequence: 1, Postings: []loyalty.Posting{
			{Wallet: "miles", Bucket: loyalty.BucketDebt, Points: 1},
			{Wallet: "miles", Bucket: loyalty.BucketConverted, Points: -1},
		}},
	)
	if err != nil || len(after.Purses) != 0 {
		t.Errorf("the account remembers %+v, %v", after.Purses, err)
	}
}

func TestSumsOfPostings(t *testing.T) {
	p := func(wallet string, b loyalty.Bucket, n loyalty.Points) loyalty.Posting {
		return loyalty.Posting{Wallet: wallet, Bucket: b, Points: n}
	}
	for _, c := range []struct {
		name     string
		postings []loyalty.Posting
		balanced bool
		changes  []loyalty.WalletChange
	}{
		{"none", nil, true, nil},
		{
			"of the main wallet",
			[]loyalty.Posting{p("", loyalty.BucketActive, 1), p("", loyalty.BucketIssued, -1)},
			true, nil,
		},
		{"that are not balanced", []loyalty.Posting{p("", loyalty.BucketActive, 1)}, false, nil},
		{
			"balanced only across wallets",
			[]loyalty.Posting{p("", loyalty.BucketActive, 1), p("miles", loyalty.BucketIssued, -1)},
			false,
			[]loyalty.WalletChange{{Wallet: "miles"}},
		},
		{
			"of two wallets",
			[]loyalty.Posting{
				p("miles", loyalty.BucketActive, 5), p("miles", loyalty.BucketIssued, -5),
				p("beans", loyalty.BucketDebt, -3), p("beans", loyalty.BucketActive, 1),
				p("beans", loyalty.BucketIssued, 2),
			},
			true,
			[]loyalty.WalletChange{{Wallet: "beans", Points: -2}, {Wallet: "miles", Points: 5}},
		},
	} {
		if got := balanced(c.postings); got != c.balanced {
			t.Errorf("postings %s are balanced: %t", c.name, got)
		}
		if got := walletChanges(loyalty.Account{}, c.postings); !slices.Equal(got, c.changes) {
			t.Errorf("postings %s: %+v", c.name, got)
		}
	}
}

func TestEntriesThatDoNotFit(t *testing.T) {
	for _, c := range []struct {
		name string
		acc  loyalty.Account
		e    loyalty.Entry
		ok   bool
	}{
		{"the next", loyalty.Account{Sequence: 4}, loyalty.Entry{Sequence: 5}, true},
		{"a repeated one", loyalty.Account{Sequence: 4}, loyalty.Entry{Sequence: 4}, false},
		{"a later one", loyalty.Account{Sequence: 4}, loyalty.Entry{Sequence: 6}, false},
		{"unbalanced", loyalty.Account{}, loyalty.Entry{Sequence: 1, Postings: []loyalty.Posting{{Points: 1}}}, false},
		{
			"a negative lot",
			loyalty.Account{Purse: loyalty.Purse{Lots: []loyalty.Lot{{Points: -1}}}},
			loyalty.Entry{Sequence: 1},
			false,
		},
		{
			"a lot of another wallet",
			loyalty.Account{Purses: []loyalty.Purse{{Wallet: "miles", Lots: []loyalty.Lot{{Points: -1}}}}},
			loyalty.Entry{Sequence: 1},
			false,
		},
		{"a negative debt", loyalty.Account{Purse: loyalty.Purse{Debt: -1}}, loyalty.Entry{Sequence: 1}, false},
		{
			"negative pending points",
			loyalty.Account{Pending: []loyalty.Pending{{Points: -1}}},
			loyalty.Entry{Sequence: 1},
			false,
		},
		{
			"a negative reservation",
			loyalty.Account{Holds: []loyalty.Hold{{Lots: []loyalty.Lot{{Points: -1}}}}},
			loyalty.Entry{Sequence: 1},
			false,
		},
		{
			"zeros",
			loyalty.Account{
				Purse:   loyalty.Purse{Lots: []loyalty.Lot{{}}},
				Pending: []loyalty.Pending{{}}, Holds: []loyalty.Hold{{Lots: []loyalty.Lot{{}}}},
			},
			loyalty.Entry{Sequence: 1},
			true,
		},
	} {
		if c.name == "zeros" {
			if err := sound(c.acc); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if _, err := Apply(c.acc, c.e); (err == nil) != c.ok || err != nil && !errors.Is(err, ErrInvariant) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// An account remembers up to MaxBonuses entry bonuses of a level. It forgets the one of the earliest promotion, but
// never the one with the highest number.
func TestEntryBonusesThatAnAccountRemembers(t *testing.T) {
	at := loyaltytest.Noon
	r := func(rule string, n int, at time.Time) loyalty.Reached {
		return loyalty.Reached{Grant: loyalty.Grant{Rule: rule}, N: n, At: at}
	}
	numbers := func(all []loyalty.Reached) (out []int) {
		for _, x := range all {
			out = append(out, x.N)
		}
		return out
	}
	all := []loyalty.Reached{r("levels.a", 0, at), r("levels.z", 0, at)}
	for n := range MaxBonuses {
		all = setReached(all, r("levels.gold", n, at.Add(time.Duration(100-n)))) // a later number is of an earlier day
	}
	if got := numbers(all); !slices.Equal(got, []int{0, 0, 1, 2, 3, 4, 5, 6, 7, 0}) {
		t.Fatalf("it remembers %d", got)
	}
	more := setReached(all, r("levels.gold", MaxBonuses, at))
	if got := numbers(more); !slices.Equal(got, []int{0, 0, 1, 2, 3, 4, 5, 6, 8, 0}) {
		t.Errorf("with one more it remembers %d", got)
	}
	same := slices.Clone(all)
	for i := range same {
		same[i].At = at
	}
	if got := numbers(
		setReached(same, r("levels.gold", MaxBonuses, at)),
	); !slices.Equal(got, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 0}) {
		t.Errorf("with one more of the same instant it remembers %d", got)
	}
	again := setReached(all, r("levels.gold", 3, at.Add(-1)))
	if len(again) != len(all) || !again[4].At.Equal(at.Add(-1)) || !all[4].At.Equal(at.Add(97)) {
		t.Errorf("replaced: %+v, before %+v", again[4], all[4])
	}
	var alone []loyalty.Reached
	for n := range MaxBonuses + 1 {
		alone = setReached(alone, r("levels.gold", n, at.Add(time.Duration(n))))
	}
	if got := numbers(alone); !slices.Equal(got, []int{1, 2, 3, 4, 5, 6, 7, 8}) {
		t.Errorf("of promotions in order it remembers %d", got)
	}
	last := all[:len(all)-1] // no other level follows
	if got := numbers(
		setReached(last, r("levels.gold", MaxBonuses, at)),
	); !slices.Equal(got, []int{0, 0, 1, 2, 3, 4, 5, 6, 8}) {
		t.Errorf("at the end it remembers %d", got)
	}
}

func TestUsagesThatAnAccountStores(t *testing.T) {
	now := loyaltytest.Noon
	oldest := calendar.DateOf(now.Add(-UsageRetention), time.UTC)
	u := func(rule string, ends calendar.Date, n int64) loyalty.Usage {
		return loyalty.Usage{Rule: rule, Ends: ends, N: n}
	}
	was := []loyalty.Usage{u("a", oldest, 1), u("b", 0, 2), u("c", oldest.Plus(-1), 3)}
	for _, c := range []struct {
		name string
		more []loyalty.Usage
		want []loyalty.Usage
	}{
		{"none", nil, []loyalty.Usage{u("a", oldest, 1), u("b", 0, 2)}},
		{"more", []loyalty.Usage{u("b", 0, 5)}, []loyalty.Usage{u("a", oldest, 1), u("b", 0, 7)}},
		{"all returned", []loyalty.Usage{u("b", 0, -2)}, []loyalty.Usage{u("a", oldest, 1)}},
		{"another", []loyalty.Usage{u("ab", 0, 4)}, []loyalty.Usage{u("a", oldest, 1), u("ab", 0, 4), u("b", 0, 2)}},
		{
			"of a period that is forgotten",
			[]loyalty.Usage{u("d", oldest.Plus(-1), 4)},
			[]loyalty.Usage{u("a", oldest, 1), u("b", 0, 2)},
		},
	} {
		if got := AddUsage(was, c.more, now); !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	if was[0].N != 1 || was[1].N != 2 {
		t.Errorf("the usages before became %+v", was)
	}
}

func TestEarlierAndLaterInstants(t *testing.T) {
	a, b := loyaltytest.Noon, loyaltytest.Noon.Add(1)
	for _, c := range [][2]time.Time{{a, b}, {b, a}} {
		if !calendar.Earlier(c[0], c[1]).Equal(a) || !calendar.Later(c[0], c[1]).Equal(b) {
			t.Errorf(
				"of %s, %s is earlier and %s is later", c, calendar.Earlier(c[0], c[1]), calendar.Later(c[0], c[1]),
			)
		}
	}
}

func TestInstantOfWhatCountsTowardsLevels(t *testing.T) {
	at := loyaltytest.Noon
	order := &loyalty.OrderState{Order: loyalty.Order{PlacedAt: at}}
	event := &loyalty.EventState{Event: loyalty.Event{At: at.Add(1)}}
	counts := loyalty.LevelEffects{Metric: &loyalty.Metric{}}
	for _, c := range []struct {
		name   string
		d      loyalty.Detail
		want   time.Time
		counts bool
	}{
		{"nothing", loyalty.Detail{Subject: loyalty.Subject{Order: order}}, time.Time{}, false},
		{"an order", loyalty.Detail{Subject: loyalty.Subject{Order: order}, LevelEffects: counts}, at, true},
		{"an event", loyalty.Detail{Subject: loyalty.Subject{Event: event}, LevelEffects: counts}, at.Add(1), true},
		{
			"a brand",
			loyalty.Detail{
				Subject:      loyalty.Subject{Order: order},
				LevelEffects: loyalty.LevelEffects{Brands: make([]loyalty.Bought, 1)},
			},
			at, true,
		},
		{
			"for a tier group",
			loyalty.Detail{
				Subject:      loyalty.Subject{Order: order},
				LevelEffects: loyalty.LevelEffects{Counts: make([]loyalty.TierGroupCount, 1)},
			},
			at, true,
		},
		{"neither an order nor an event", loyalty.Detail{LevelEffects: counts}, time.Time{}, false},
	} {
		if got, ok := CountedAt(&loyalty.Entry{Detail: c.d}); !got.Equal(c.want) || ok != c.counts {
			t.Errorf("%s: %s, %t", c.name, got, ok)
		}
	}
}
