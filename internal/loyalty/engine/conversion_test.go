package engine

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/share"
	"pgregory.net/rapid"
)

// miles returns the test program with conversions to two other wallets: at least 15 points, which are valid for six
// months and can be converted back within a week.
func miles(tb testing.TB, rate *big.Rat) *loyalty.Program {
	p := testProgram(tb)
	p.Wallets = []loyalty.Wallet{
		{
			ID: "pay", Unit: loyalty.Units{Other: loyalty.Text{"en": "pay miles"}},
			Expires: calendar.Expiry{After: calendar.Period{Months: 6}, RoundTo: calendar.EndOfDay},
		},
	}
	p.Conversions = []loyalty.Conversion{
		{ID: "to-pay", To: "pay", Rate: rate, Min: 15, ReversibleWithin: calendar.Period{Days: 7}},
	}
	p.Tiers = loyalty.Tiers{}
	if err := Compile(p); err != nil {
		tb.Fatal(err)
	}
	return p
}

func holding(lots ...loyalty.Lot) loyalty.Account {
	return loyalty.Account{Member: "mem_ada", Status: loyalty.Active, Joined: noon, Purse: loyalty.Purse{Lots: lots}}
}

func TestConversionsAreLikeKrisPays(t *testing.T) {
	p := miles(t, big.NewRat(1, 1))
	acc := holding(loyalty.Lot{Expires: 20270131, Points: 20}, loyalty.Lot{Expires: 20290131, Points: 100})
	if _, err := share.Convert(Begin(p, acc, noon), "cv_0", "", "pay", 14); !errors.Is(err, loyalty.AmountOutOfRange) {
		t.Errorf("14 miles: %v", err)
	}
	if _, err := share.Convert(Begin(p, acc, noon), "cv_0", "pay", "", 15); !errors.Is(err, loyalty.ValidationFailed) {
		t.Errorf("the other way: %v", err)
	}
	out, err := share.Convert(Begin(p, acc, noon), "cv_1", "", "pay", 30)
	if err != nil {
		t.Fatal(err)
	}
	acc = out.Account
	if want := []loyalty.Lot{{Expires: 20290131, Points: 90}}; !slices.Equal(acc.Lots, want) {
		t.Errorf("what expires first goes first: %v", acc.Lots)
	}
	day := calendar.DateOf(calendar.Period{Months: 6}.After(noon, p.Zone), p.Zone)
	if want := []loyalty.Lot{{Expires: day, Points: 30}}; !slices.Equal(acc.In("pay").Lots, want) {
		t.Errorf("they live for six months, until %s: %v", day, acc.In("pay").Lots)
	}
	first := out.Entries[0]
	for _, late := range []time.Duration{7 * 24 * time.Hour, 300 * 24 * time.Hour} {
		if _, err := share.ConvertBack(
			Begin(p, advanced(t, p, acc, noon.Add(late)).Account, noon.Add(late)), first, 0,
		); !errors.Is(err, loyalty.AlreadyExpired) {
			t.Errorf("back after %s: %v", late, err)
		}
	}
	in := noon.Add(7*24*time.Hour - time.Millisecond)
	back, err := share.ConvertBack(Begin(p, acc, in), first, 0)
	if err != nil || back.Account.BalanceOf("pay") != (loyalty.Balance{}) ||
		!slices.Equal(
			back.Account.Lots, []loyalty.Lot{{Expires: 20270131, Points: 20}, {Expires: 20290131, Points: 100}},
		) {
		t.Fatalf("back: %+v, %v", back.Account, err)
	}
	if _, err := share.ConvertBack(
		Begin(p, back.Account, in), back.Entries[0], 0,
	); !errors.Is(err, loyalty.AlreadyResolved) {
		t.Errorf("back a second time: %v", err)
	}
}

// Converting points to another wallet and back, in any parts, never results in more points, points with a later expiry,
// or points in both wallets.
func TestConversionThereAndBackNeverGains(t *testing.T) {
	base := miles(t, big.NewRat(1, 1))
	rapid.Check(t, func(t *rapid.T) {
		p := *base
		p.Conversions = slices.Clone(p.Conversions)
		p.Conversions[0].Rate = big.NewRat(
			rapid.Int64Range(1, 9).Draw(t, "gives"), rapid.Int64Range(1, 9).Draw(t, "per"),
		)
		var lots []loyalty.Lot
		for i, n := range rapid.SliceOfN(rapid.Int64Range(1, 60), 1, 5).Draw(t, "lots") {
			lots = append(lots, loyalty.Lot{Expires: calendar.Date(20270101 + i), Points: loyalty.Points(n)})
		}
		was := holding(lots...)
		acc, now, entry := was, noon, loyalty.Entry{}
		n := loyalty.Points(rapid.Int64Range(15, 200).Draw(t, "converted"))
		out, err := share.Convert(Begin(&p, acc, now), "cv_1", "", "pay", n)
		if err != nil {
			return
		}
		for err == nil {
			acc, entry = out.Account, out.Entries[len(out.Entries)-1]
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(40*time.Hour)).Draw(t, "later")))
			if part := loyalty.Points(
				rapid.Int64Range(0, 30).Draw(t, "spent"),
			); rapid.IntRange(0, 3).Draw(t, "spend") == 0 && part > 0 {
				if spent, err := Adjust(
					&p, acc, fmt.Sprint("adj", acc.Sequence), "pay", -part, "spent", now,
				); err == nil {
					acc = spent.Account
				}
			}
			out, err = share.ConvertBack(
				Begin(&p, acc, now), entry, loyalty.Points(rapid.Int64Range(0, 60).Draw(t, "back")),
			)
		}
		x := entry.Conversion
		if loyalty.TotalPoints(acc.Lots) != loyalty.TotalPoints(was.Lots)-x.Points+x.Returned ||
			x.Returned*x.Received > x.Reversed*x.Points || x.Reversed == x.Received && x.Returned != x.Points {
			t.Fatalf("%v became %v by %+v", was.Lots, acc.Lots, x)
		}
		for i := range lots { // of what lives until a day or longer there are never more than before
			if loyalty.TotalPoints(acc.Lots[min(i, len(acc.Lots)):]) > loyalty.TotalPoints(was.Lots) ||
				after(acc.Lots, lots[i].Expires) > after(was.Lots, lots[i].Expires) {
				t.Fatalf("%v became %v: longer lives", was.Lots, acc.Lots)
			}
		}
	})
}

// beans returns a program in which points of the wallet "beans", which expire after half a year, are converted to
// points with the given expiry.
func beans(tb testing.TB, expires calendar.Expiry, edit func(*loyalty.Program)) *loyalty.Program {
	p := testProgram(tb)
	p.Wallets = []loyalty.Wallet{{ID: "beans", Expires: calendar.Expiry{After: calendar.Period{Months: 6}}}}
	p.Conversions = []loyalty.Conversion{
		{ID: "to-points", From: "beans", Rate: big.NewRat(2, 1), ReversibleWithin: calendar.Period{Months: 12}},
	}
	p.Earn.Expires, p.Goodwill.Extend, p.Tiers = expires, calendar.Period{Months: 24}, loyalty.Tiers{}
	if edit != nil {
		edit(p)
	}
	if err := Compile(p); err != nil {
		tb.Fatal(err)
	}
	return p
}

// A reversal of a conversion finds the received points in the lots to which they have moved since. The source points do
// not expire later because of that.
func TestAConversionIsUndoneWhereverItsPointsWent(t *testing.T) {
	inactive := calendar.Expiry{After: calendar.Period{Months: 3}, Inactive: true, ResetBy: []string{"order"}}
	fixed := calendar.Expiry{After: calendar.Period{Months: 3}}
	later := noon.AddDate(0, 1, 0)
	order := func(p *loyalty.Program, a loyalty.Account) (posting.Outcome, error) {
		o := paid("EUR", loyalty.Line{Amount: 100})
		o.PlacedAt = later
		return award.PlaceOrder(Begin(p, a, later), nil, EarnRules(p), o, nil)
	}
	extend := func(p *loyalty.Program, a loyalty.Account) (posting.Outcome, error) {
		return Extend(p, a, "ext", 20271231, "a kindness", later)
	}
	for name, c := range map[string]struct {
		expires calendar.Expiry
		edit    func(*loyalty.Program)
		move    func(*loyalty.Program, loyalty.Account) (posting.Outcome, error)
	}{
		"by an activity":                {inactive, nil, order},
		"manually":                      {fixed, nil, extend},
		"manually, and it still slides": {inactive, nil, extend},
		"without notice": {fixed, func(p *loyalty.Program) {
			p.AdvanceNotice = loyalty.AdvanceNotice{Period: calendar.Period{Days: 60}, MaxExtensions: 2}
		}, func(p *loyalty.Program, a loyalty.Account) (posting.Outcome, error) {
			return Advance(p, a, noon.AddDate(0, 4, 0))
		}},
	} {
		p := beans(t, c.expires, c.edit)
		was := holding()
		was.Purses = []loyalty.Purse{{Wallet: "beans", Lots: []loyalty.Lot{{Expires: 20271101, Points: 50}}}}
		out, err := share.Convert(Begin(p, was, noon), "cv_1", "beans", "", 50)
		if err != nil {
			t.Fatal(name, err)
		}
		first := out.Entries[0]
		if out, err = c.move(p, out.Account); err != nil {
			t.Fatal(name, err)
		}
		if slices.ContainsFunc(
			out.Account.Lots, func(l loyalty.Lot) bool { return l.Expires == first.Conversion.Lot },
		) {
			t.Fatalf("%s, nothing moved: %v", name, out.Account.Lots)
		}
		back, err := share.ConvertBack(Begin(p, out.Account, noon.AddDate(0, 5, 0)), first, 0)
		if err != nil || last(back).Conversion.Reversed != 100 ||
			!slices.Equal(
				back.Account.In("beans").Lots, []loyalty.Lot{{Expires: 20271101, Points: 50}},
			) || len(back.Account.Lots) > 0 {
			t.Errorf("%s: %v, %v, %v", name, back.Account.In("beans").Lots, back.Account.Lots, err)
		}
	}
}

// A reversal of a conversion takes only the points that the conversion gave, not other points of the wallet.
func TestReversedConversionTakesOnlyItsOwnPoints(t *testing.T) {
	p := beans(t, calendar.Expiry{After: calendar.Period{Months: 3}}, nil)
	was := holding(loyalty.Lot{Expires: 20270215, Points: 30})
	was.Purses = []loyalty.Purse{{Wallet: "beans", Lots: []loyalty.Lot{{Expires: 20271101, Points: 50}}}}
	out, err := share.Convert(Begin(p, was, noon), "cv_1", "beans", "", 50)
	if err != nil {
		t.Fatal(err)
	}
	first := out.Entries[0]
	if out, err = Adjust(p, out.Account, "adj", "", -90, "spent", noon); err != nil {
		t.Fatal(err)
	}
	later := noon.AddDate(0, 1, 0)
	if out, err = Extend(p, out.Account, "ext", 20271231, "a kindness", later); err != nil {
		t.Fatal(err)
	}
	if out, err = Adjust(p, out.Account, "adj_2", "", 500, "of its own", later); err != nil {
		t.Fatal(err)
	}
	var refusal *loyalty.Error
	if _, err = share.ConvertBack(Begin(p, out.Account, later), first, 50); !errors.As(err, &refusal) ||
		refusal.Available != 40 {
		t.Errorf("of %v: %v", out.Account.Lots, err)
	}
	past := first.Conversion.Lot.End(p.Zone)
	out = advanced(t, p, holding(loyalty.Lot{Expires: 20270301, Points: 30}, loyalty.Lot{Expires: 0, Points: 70}), past)
	if _, err = share.ConvertBack(Begin(p, out.Account, past), first, 0); !errors.Is(err, loyalty.InsufficientPoints) {
		t.Errorf("what has expired: %v", err)
	}
}

// A reversal that would take points and return none is rejected, even if it covers all remaining points.
func TestNothingIsUndoneForNothing(t *testing.T) {
	p := miles(t, big.NewRat(5, 1))
	was := holding(loyalty.Lot{Expires: 20290131, Points: 15})
	out, err := share.Convert(Begin(p, was, noon), "cv_1", "", "pay", 15)
	if err != nil {
		t.Fatal(err)
	}
	type undo struct{ take, least, back loyalty.Points }
	for _, c := range []struct {
		name  string
		spent loyalty.Points
		undos []undo
	}{
		{"too few", 0, []undo{{4, 5, 0}, {5, 0, 1}}},
		{"with what went back before", 0, []undo{{9, 0, 1}, {1, 0, 1}, {4, 5, 0}, {0, 0, 13}}},
		{"all that is left", 71, []undo{{0, 5, 0}}},
		{"all that is left, but for what went back before", 62, []undo{{8, 0, 1}, {5, 0, 1}}},
	} {
		acc, prior := out.Account, out.Entries[0]
		if c.spent > 0 {
			spent, err := Adjust(p, acc, "adj", "pay", -c.spent, "spent", noon)
			if err != nil {
				t.Fatal(err)
			}
			acc = spent.Account
		}
		for _, u := range c.undos {
			had := acc.Balance().Active
			back, err := share.ConvertBack(Begin(p, acc, noon), prior, u.take)
			if u.least > 0 {
				if !errors.Is(err, loyalty.AmountOutOfRange) ||
					!strings.Contains(err.Error(), fmt.Sprintf("at least %d are required", u.least)) {
					t.Errorf("%s, %d: %v", c.name, u.take, err)
				}
				continue
			}
			if err != nil || back.Account.Balance().Active-had != u.back {
				t.Errorf("%s, %d: %v, %v", c.name, u.take, back.Account.Balance(), err)
				break
			}
			acc, prior = back.Account, last(back)
		}
	}
}

// after returns the number of points that expire on or after a day.
func after(lots []loyalty.Lot, day calendar.Date) (n loyalty.Points) {
	for _, l := range lots {
		if l.Expires == 0 || l.Expires >= day {
			n += l.Points
		}
	}
	return n
}

func TestConversionsThatGoRoundAreNone(t *testing.T) {
	wallets := []loyalty.Wallet{{ID: "a"}, {ID: "b"}}
	one := big.NewRat(1, 1)
	for name, change := range map[string]func(p *loyalty.Program){
		"there and back": func(p *loyalty.Program) {
			p.Conversions = []loyalty.Conversion{{ID: "x", To: "a", Rate: one}, {ID: "y", From: "a", Rate: one}}
		},
		"round three": func(p *loyalty.Program) {
			p.Conversions = []loyalty.Conversion{
				{ID: "x", To: "a", Rate: one},
				{ID: "y", From: "a", To: "b", Rate: one},
				{ID: "z", From: "b", Rate: one},
			}
		},
		"by a reward": func(p *loyalty.Program) {
			p.Conversions = []loyalty.Conversion{{ID: "x", From: "a", Rate: one}}
			p.Rewards = []loyalty.Reward{{ID: "r", Type: "wallet_points", Cost: 5, Wallet: "a", Points: 1}}
		},
		"in a wallet": func(p *loyalty.Program) {
			p.Rewards = []loyalty.Reward{
				{
					ID: "r", Type: "wallet_points", Cost: 5, Wallets: map[string]loyalty.Points{"b": 1}, Wallet: "b",
					Points: 1,
				},
			}
		},
	} {
		p := testProgram(t)
		p.Wallets = wallets
		if change(p); Compile(p) == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}
