package engine

import (
	"fmt"
	"math/big"
	"reflect"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"pgregory.net/rapid"
)

// lively returns a program in which time causes every kind of change.
func lively(tb testing.TB, zone string) *loyalty.Program {
	p := testProgram(tb)
	where, err := time.LoadLocation(zone)
	if err != nil {
		tb.Fatal(err)
	}
	p.Zone = where
	p.Earn.Pending = calendar.Wait{
		Until: calendar.WhenDelivered, For: calendar.Period{Days: 14}, Within: calendar.Period{Days: 45},
	}
	p.Earn.Expires = calendar.Expiry{
		After: calendar.Period{Months: 6}, Inactive: true, ResetBy: []string{"order", "redemption", "visit.completed"},
	}
	p.Earn.Rules = []loyalty.Rule{
		{
			ID: "extra", Give: loyalty.Fixed{Points: 15},
			Life: loyalty.Life{
				Pending: &calendar.Wait{On: []calendar.Day{101, 229, 701}},
				Expires: &calendar.Expiry{On: []calendar.Day{1231}},
			},
		},
	}
	p.Earn.Actions = []loyalty.Action{
		{
			ID: "welcome", Event: award.EventJoined, Points: 50,
			Limits: []loyalty.Limit{{Times: 1, Per: loyalty.PerEver}},
			Life: loyalty.Life{
				Expires: &calendar.Expiry{After: calendar.Period{Months: 1}, RoundTo: calendar.EndOfDay},
			},
		},
		{
			ID: "birthday", Event: award.EventBirthday, Points: 100,
			Life: loyalty.Life{Expires: &calendar.Expiry{After: calendar.Period{Days: 30}}},
		},
		{
			ID: "anniversary", Event: award.EventAnniversary, Points: 70,
			Life: loyalty.Life{
				Expires: &calendar.Expiry{Anniversary: calendar.OfJoining, After: calendar.Period{Days: 1}},
			},
		},
		{ID: "visit", Event: "visit.completed", Points: 5, Cooldown: calendar.Period{Days: 7}},
		{
			ID: "review", Event: "review.approved", Points: 20,
			Limits: []loyalty.Limit{{Times: 2, Per: loyalty.PerMonth}},
		},
	}
	p.Milestones = []loyalty.Milestone{{ID: "third", Target: 3, Points: 33}}
	p.Wallets = []loyalty.Wallet{
		{
			ID: "miles", Rates: map[loyalty.Currency]loyalty.Rate{"EUR": {Points: big.NewRat(1, 2), Per: 100}},
			Pending: calendar.Wait{For: calendar.Period{Days: 9}},
			Expires: calendar.Expiry{After: calendar.Period{Days: 100}},
		},
	}
	if err := Compile(p); err != nil {
		tb.Fatal(err)
	}
	return p
}

func member(tb interface{ Fatal(...any) }, p *loyalty.Program, t loyalty.Traits, at time.Time) loyalty.Account {
	out, err := Join(p, "mem_ada", t, at)
	if err != nil {
		tb.Fatal(err)
	}
	return out.Account
}

// live returns the account of a member with some orders, some of them delivered, and some visits.
func live(t *rapid.T, p *loyalty.Program) (loyalty.Account, time.Time) {
	zone := rapid.SampledFrom([]string{"", "Pacific/Auckland", "America/Los_Angeles"}).Draw(t, "lives in")
	now := noon
	acc := member(
		t, p,
		loyalty.Traits{
			Zone: zone, Birthday: rapid.SampledFrom([]int{0, 229, 1231, 101, 1214, 615}).Draw(t, "birthday"),
		},
		now,
	)
	states := map[string]*loyalty.OrderState{}
	for i := range rapid.IntRange(1, 10).Draw(t, "things") {
		now = now.Add(time.Duration(rapid.Int64Range(0, int64(20*24*time.Hour)).Draw(t, "later")))
		out, err := Advance(p, acc, now)
		if err != nil {
			t.Fatal(err)
		}
		id := fmt.Sprint(rapid.IntRange(0, i).Draw(t, "order"))
		switch rapid.IntRange(0, 2).Draw(t, "thing") {
		case 0:
			out, err = award.PlaceEvent(
				Begin(p, out.Account, now), nil, EarnRules(p),
				loyalty.Event{Type: "visit.completed", ID: fmt.Sprint(i), Member: acc.Member, At: now},
			)
		default:
			o := paid("EUR", loyalty.Line{Amount: rapid.Int64Range(100, 90_000).Draw(t, "amount")})
			o.ID, o.PlacedAt = id, now
			if s := states[id]; s != nil {
				o = s.Order
				o.Delivered = now
			}
			out, err = award.PlaceOrder(Begin(p, out.Account, now), states[id], EarnRules(p), o, nil)
			if err == nil {
				states[id] = out.Entries[0].Order
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		acc = out.Account
	}
	return acc, now
}

func advanced(t interface{ Fatal(...any) }, p *loyalty.Program, acc loyalty.Account, now time.Time) posting.Outcome {
	out, err := Advance(p, acc, now)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestThirteenMonthsInOneJumpAreThreeHundredAndNinetyFiveDays(t *testing.T) {
	for _, zone := range []string{"Europe/Berlin", "UTC", "America/New_York", "Asia/Kolkata"} {
		p := lively(t, zone)
		rapid.Check(t, func(t *rapid.T) {
			acc, from := live(t, p)
			end := from.AddDate(0, 0, 395)
			jump := advanced(t, p, acc, end)
			var entries []loyalty.Entry
			for day := range 395 {
				out := advanced(t, p, acc, from.AddDate(0, 0, day+1))
				acc, entries = out.Account, append(entries, out.Entries...)
			}
			for i := range entries {
				entries[i].Recorded = end
			}
			if !reflect.DeepEqual(acc, jump.Account) || !reflect.DeepEqual(entries, jump.Entries) {
				t.Fatalf("by days %+v\nat once %+v", acc, jump.Account)
			}
		})
	}
}

// Points are active one millisecond before the instant of their expiry, and expired at that instant, also on days on
// which clocks change.
func TestPointsExpireAtTheInstantAndNoEarlier(t *testing.T) {
	for _, c := range []struct {
		zone    string
		earned  string
		expires calendar.Expiry
		expired string
	}{
		{
			"Europe/Berlin", "2026-01-31T10:00:00Z",
			calendar.Expiry{After: calendar.Period{Months: 1}, RoundTo: calendar.EndOfDay},
			"2026-02-28T23:00:00Z",
		},
		{
			"UTC", "2026-01-31T10:00:00Z",
			calendar.Expiry{After: calendar.Period{Months: 1}, RoundTo: calendar.EndOfDay},
			"2026-03-01T00:00:00Z",
		},
		{
			"Asia/Kolkata", "2026-01-31T10:00:00Z",
			calendar.Expiry{After: calendar.Period{Months: 1}, RoundTo: calendar.EndOfDay},
			"2026-02-28T18:30:00Z",
		},
		{
			"Europe/Berlin", "2028-01-31T10:00:00Z",
			calendar.Expiry{After: calendar.Period{Months: 1}, RoundTo: calendar.EndOfDay},
			"2028-02-29T23:00:00Z",
		},
		{
			"America/New_York", "2028-02-29T15:00:00Z",
			calendar.Expiry{After: calendar.Period{Months: 12}, RoundTo: calendar.EndOfDay},
			"2029-03-01T05:00:00Z",
		},
		{
			"Europe/Berlin", "2026-03-28T10:00:00Z",
			calendar.Expiry{After: calendar.Period{Days: 1}, RoundTo: calendar.EndOfDay},
			"2026-03-29T22:00:00Z",
		},
		{
			"America/New_York", "2026-11-01T03:00:00Z",
			calendar.Expiry{After: calendar.Period{Days: 1}, RoundTo: calendar.EndOfDay},
			"2026-11-02T05:00:00Z",
		},
		{
			"Europe/Berlin", "2020-07-06T10:00:00Z",
			calendar.Expiry{After: calendar.Period{Months: 12}, RoundTo: calendar.EndOfMonth},
			"2021-07-31T22:00:00Z",
		},
		{
			"UTC", "2026-12-01T10:00:00Z",
			calendar.Expiry{After: calendar.Period{Days: 1}, RoundTo: calendar.EndOfWeek},
			"2026-12-07T00:00:00Z",
		},
		{
			"UTC", "2026-12-01T10:00:00Z",
			calendar.Expiry{After: calendar.Period{Days: 1}, RoundTo: calendar.EndOfQuarter},
			"2027-01-01T00:00:00Z",
		},
		{"UTC", "2026-05-01T10:00:00Z", calendar.Expiry{On: []calendar.Day{229, 630}}, "2026-07-01T00:00:00Z"},
		{
			"UTC", "2026-08-01T10:00:00Z",
			calendar.Expiry{On: []calendar.Day{229, 630}, After: calendar.Period{Months: 3}},
			"2027-03-01T00:00:00Z",
		},
		{
			"UTC", "2026-08-01T10:00:00Z",
			calendar.Expiry{Anniversary: calendar.OfJoining, After: calendar.Period{Months: 1}},
			"2027-08-02T00:00:00Z",
		},
		{
			"UTC", "2026-08-01T10:00:00Z",
			calendar.Expiry{
				After: calendar.Period{Months: 6}, RoundTo: calendar.EndOfDay, Inactive: true,
				ResetBy: []string{"order"},
			},
			"2027-02-02T00:00:00Z",
		},
	} {
		p := testProgram(t)
		p.Zone, _ = time.LoadLocation(c.zone)
		p.Earn.Pending, p.Earn.Expires, p.Tiers = calendar.Wait{}, c.expires, loyalty.Tiers{}
		if err := Compile(p); err != nil {
			t.Fatal(err)
		}
		earned, _ := time.Parse(time.RFC3339, c.earned)
		expired, _ := time.Parse(time.RFC3339, c.expired)
		o := paid("EUR", loyalty.Line{Amount: 1000})
		o.PlacedAt = earned
		out, err := award.PlaceOrder(Begin(p, joined(t, p, earned), earned), nil, EarnRules(p), o, nil)
		if err != nil {
			t.Fatal(err)
		}
		if b := advanced(t, p, out.Account, expired.Add(-time.Millisecond)).Account.Balance(); b.Active != 10 {
			t.Errorf("%s %s %+v: a millisecond early there are %+v", c.zone, c.earned, c.expires, b)
		}
		if due := Due(p, out.Account); !due.Equal(expired) {
			t.Errorf("%s %s %+v: due at %s, not %s", c.zone, c.earned, c.expires, due, expired)
		}
		if b := advanced(t, p, out.Account, expired).Account.Balance(); b != (loyalty.Balance{}) {
			t.Errorf("%s %s %+v: at the instant there are %+v", c.zone, c.earned, c.expires, b)
		}
	}
}

func TestABirthdayIsCelebratedOnceAYearWhereTheMemberLives(t *testing.T) {
	p := lively(t, "Europe/Berlin")
	p.BirthdayLock = calendar.Period{Months: 12}
	acc := member(t, p, loyalty.Traits{Zone: "Pacific/Auckland", Birthday: 229}, noon)
	given := func(out posting.Outcome) (at []string) {
		for _, e := range out.Entries {
			if e.Event != nil && e.Event.Event.Type == award.EventBirthday {
				at = append(at, e.Effective.Format(time.RFC3339))
			}
		}
		return at
	}
	out := advanced(t, p, acc, noon.AddDate(2, 6, 0))
	want := []string{"2027-02-27T11:00:00Z", "2028-02-28T11:00:00Z", "2029-02-27T11:00:00Z"}
	if got := given(out); !reflect.DeepEqual(got, want) {
		t.Errorf("celebrated at %v, want %v", got, want)
	}

	now := noon.AddDate(0, 3, 0) // this year's is over and given
	acc = advanced(t, p, acc, now).Account
	if _, err := SetTraits(p, acc, loyalty.Traits{Zone: "Pacific/Auckland", Birthday: 615}, now); err == nil ||
		err.(*loyalty.Error).Pointer != "/birthday" {
		t.Errorf("a birthday was changed within its lock: %v", err)
	}
	p.BirthdayLock = calendar.Period{}
	for month := range 12 {
		next, err := SetTraits(p, acc, loyalty.Traits{Birthday: (month+1)*100 + 28}, now)
		if err != nil {
			t.Fatal(err)
		}
		now = now.AddDate(0, 0, 20)
		out := advanced(t, p, next.Account, now)
		if acc = out.Account; now.Year() == 2027 && len(given(out)) > 0 {
			t.Errorf("a second birthday in %d: %v", now.Year(), given(out))
		}
	}
}

func TestActionsByTimeDoNotReachBackBeforeTheirBeginning(t *testing.T) {
	p := lively(t, "UTC")
	p.Earn.Actions[1].Since, p.Earn.Actions[2].Since = noon.AddDate(3, 0, 0), noon.AddDate(3, 0, 0)
	acc := member(t, p, loyalty.Traits{Birthday: 101}, noon)
	years := []int{}
	for _, e := range advanced(t, p, acc, noon.AddDate(4, 0, 0)).Entries {
		if e.Event != nil {
			years = append(years, e.Effective.Year())
		}
	}
	if want := []int{2029, 2030, 2030}; !reflect.DeepEqual(years, want) { // the third anniversary is on the very day
		t.Errorf("celebrated in %v, want %v", years, want)
	}
}

func TestPointsWaitForTheDeliveryOrAreGivenUp(t *testing.T) {
	p := lively(t, "UTC")
	acc := member(t, p, loyalty.Traits{}, noon)
	o := paid("EUR", loyalty.Line{Amount: 10_000})
	place := func(prior *loyalty.OrderState, at time.Time) (*loyalty.OrderState, loyalty.Entry) {
		t.Helper()
		out, err := award.PlaceOrder(Begin(p, advanced(t, p, acc, at).Account, at), prior, EarnRules(p), o, nil)
		if err != nil {
			t.Fatal(err)
		}
		acc = out.Account
		return out.Entries[0].Order, out.Entries[0]
	}
	s, _ := place(nil, noon)
	before := acc
	o.Delivered = noon.AddDate(0, 0, 44)
	place(s, o.Delivered)
	if b := advanced(t, p, acc, o.Delivered.AddDate(0, 0, 14)).Account.Balance(); b.Active != 115 {
		t.Errorf("a fortnight after the delivery there are %+v", b)
	}

	acc, o.Delivered = before, time.Time{}
	late := noon.AddDate(0, 0, 45)
	if b := advanced(t, p, acc, late.Add(-1)).Account.Balance(); b.Pending != 100 {
		t.Errorf("just before the deadline there are %+v", b)
	}
	if b := advanced(t, p, acc, late).Account.Balance(); b.Pending != 0 {
		t.Errorf("at the deadline there are %+v", b)
	}
	o.Delivered = late.AddDate(0, 0, 1)
	if s, e := place(s, o.Delivered); s.Worth != 15 || e.Points != 0 {
		t.Errorf("delivered too late the order is worth %d, and moves %d", s.Worth, e.Points)
	}
	o.Delivered = late.AddDate(0, 0, -1)
	if s, _ := place(s, late.AddDate(0, 0, 2)); s.Worth != 115 {
		t.Errorf("delivered in time, but reported late, the order is worth %d", s.Worth)
	}
}

func TestActivityExtendsOnlyExpiryByInactivity(t *testing.T) {
	p := lively(t, "UTC")
	p.Earn.Pending = calendar.Wait{}
	p.Tiers.Levels[2].Expires = new(calendar.Expiry) // gold: never
	if err := Compile(p); err != nil {
		t.Fatal(err)
	}
	acc := member(t, p, loyalty.Traits{}, noon)
	buy := func(id string, euros int64, at time.Time) {
		t.Helper()
		o := paid("EUR", loyalty.Line{Amount: euros * 100})
		o.ID, o.PlacedAt = id, at
		out, err := award.PlaceOrder(Begin(p, advanced(t, p, acc, at).Account, at), nil, EarnRules(p), o, nil)
		if err != nil {
			t.Fatal(err)
		}
		acc = out.Account
	}
	sliding := func() (lots []string) {
		for _, l := range acc.Lots {
			if l.Expires.Slides() || l.Expires == 0 {
				lots = append(lots, fmt.Sprint(l.Points, " ", l.Expires))
			}
		}
		return lots
	}
	want := func(lots ...string) {
		t.Helper()
		if got := sliding(); !reflect.DeepEqual(got, lots) {
			t.Errorf("the lots are %v, want %v", got, lots)
		}
	}
	buy("1", 100, noon)
	want("100 2027-06-01")
	buy("2", 10, noon.AddDate(0, 3, 0))
	want("110 2027-09-01")
	out, err := award.PlaceEvent(
		Begin(p, acc, noon.AddDate(0, 3, 1)), nil, EarnRules(p),
		loyalty.Event{Type: "review.approved", ID: "1", Member: "mem_ada", At: noon.AddDate(0, 3, 1)},
	)
	if err != nil {
		t.Fatal(err)
	}
	acc = out.Account
	want("110 2027-09-01", "20 2027-09-02") // a review is no activity here
	out, err = award.PlaceEvent(
		Begin(p, acc, noon.AddDate(0, 4, 0)), nil, EarnRules(p),
		loyalty.Event{Type: "visit.completed", ID: "1", Member: "mem_ada", At: noon.AddDate(0, 4, 0)},
	)
	if err != nil {
		t.Fatal(err)
	}
	acc = out.Account
	want("135 2027-10-01")
	buy("3", 2000, noon.AddDate(0, 5, 0)) // which makes gold
	if acc.Tier.Level != "gold" {
		t.Fatal(acc.Tier.Level)
	}
	buy("4", 1, noon.AddDate(0, 5, 1))
	if got := sliding(); len(got) != 1 || got[0][len(got[0])-5:] != "never" {
		t.Errorf("a gold member's lots are %v", got)
	}
	if b := advanced(t, p, acc, noon.AddDate(1, 4, 0)).Account.Balance(); b.Active < 2000 {
		t.Errorf("inactive for a year, a gold member has %+v", b)
	}
}

func TestAChangeOfPolicyNeverShortensWhatWasGiven(t *testing.T) {
	p := testProgram(t)
	p.Earn.Pending = calendar.Wait{}
	acc := joined(t, p, noon)
	out, err := award.PlaceOrder(Begin(p, acc, noon), nil, EarnRules(p), paid("EUR", loyalty.Line{Amount: 1000}), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, shorter := range []calendar.Expiry{
		{After: calendar.Period{Days: 1}},
		{After: calendar.Period{Days: 1}, Inactive: true, ResetBy: []string{"order"}},
	} {
		next := testProgram(t)
		next.Earn.Pending, next.Earn.Expires = calendar.Wait{}, shorter
		o := paid("EUR", loyalty.Line{Amount: 1000})
		o.ID, o.PlacedAt = "1043", noon.AddDate(0, 0, 1)
		after, err := award.PlaceOrder(Begin(next, out.Account, o.PlacedAt), nil, EarnRules(next), o, nil)
		if err != nil {
			t.Fatal(err)
		}
		if b := advanced(t, next, after.Account, noon.AddDate(1, 0, 0)).Account.Balance(); b.Active != 10 {
			t.Errorf("under %+v there are %+v after a year, of 10 that live for one", shorter, b)
		}
	}
}

func TestRoundingHalvesToEven(t *testing.T) {
	for _, c := range []struct {
		num, den int64
		want     loyalty.Points
	}{{5, 2, 2}, {7, 2, 4}, {-5, 2, -2}, {-7, 2, -4}, {12, 5, 2}, {13, 5, 3}, {1, 2, 0}, {3, 2, 2}} {
		for _, x := range []exact.Number{{Num: c.num, Den: c.den}, {Big: big.NewRat(c.num, c.den)}} {
			if got, ok := loyalty.RoundPoints(x, loyalty.HalfEven); !ok || got != c.want {
				t.Errorf("%d/%d is rounded to %d, want %d", c.num, c.den, got, c.want)
			}
		}
	}
}

func TestLevelWithoutExpiryAppliesToAllPoints(t *testing.T) {
	p := lively(t, "UTC")
	p.Tiers.Levels[2].Expires = new(calendar.Expiry) // gold: never
	if err := Compile(p); err != nil {
		t.Fatal(err)
	}
	acc := member(t, p, loyalty.Traits{}, noon)
	acc.Lots, acc.Tier = nil, loyalty.Standing{Level: "gold", Since: noon}
	out, err := Adjust(p, acc, "adj_1", "", 5, "a kindness", noon)
	if err != nil {
		t.Fatal(err)
	}
	out, err = award.PlaceEvent(
		Begin(p, out.Account, noon), nil, EarnRules(p),
		loyalty.Event{Type: "review.approved", ID: "1", Member: "mem_ada", At: noon},
	)
	if err != nil {
		t.Fatal(err)
	}
	if want := []loyalty.Lot{{Expires: 0, Points: 25}}; !reflect.DeepEqual(out.Account.Lots, want) {
		t.Errorf("a gold member's lots are %+v, want %+v", out.Account.Lots, want)
	}
}
