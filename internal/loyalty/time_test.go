package loyalty

import (
	"fmt"
	"math/big"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// lively is a program in which time does everything that it can do.
func lively(tb testing.TB, zone string) *Program {
	p := testProgram(tb)
	where, err := time.LoadLocation(zone)
	if err != nil {
		tb.Fatal(err)
	}
	p.Zone = where
	p.Earn.Pending = Wait{Until: WhenDelivered, For: Period{Days: 14}, Within: Period{Days: 45}}
	p.Earn.Expires = Expiry{After: Period{Months: 6}, Inactive: true, ResetBy: []string{"order", "redemption", "visit.completed"}}
	p.Earn.Rules = []Rule{{ID: "extra", Give: Fixed{15}, Life: Life{Pending: &Wait{On: []Day{101, 229, 701}}, Expires: &Expiry{On: []Day{1231}}}}}
	p.Earn.Actions = []Action{
		{ID: "welcome", Event: EventJoined, Points: 50, Limits: []Limit{{1, PerEver}}, Life: Life{Expires: &Expiry{After: Period{Months: 1}, RoundTo: EndOfDay}}},
		{ID: "birthday", Event: EventBirthday, Points: 100, Life: Life{Expires: &Expiry{After: Period{Days: 30}}}},
		{ID: "anniversary", Event: EventAnniversary, Points: 70, Life: Life{Expires: &Expiry{Anniversary: OfJoining, After: Period{Days: 1}}}},
		{ID: "visit", Event: "visit.completed", Points: 5, Cooldown: Period{Days: 7}},
		{ID: "review", Event: "review.approved", Points: 20, Limits: []Limit{{2, PerMonth}}},
	}
	p.Milestones = []Milestone{{ID: "third", Target: 3, Points: 33}}
	p.Wallets = []Wallet{{ID: "miles", Rates: map[Currency]Rate{"EUR": {Points: big.NewRat(1, 2), Per: 100}}, Pending: Wait{For: Period{Days: 9}}, Expires: Expiry{After: Period{Days: 100}}}}
	if err := p.Compile(); err != nil {
		tb.Fatal(err)
	}
	return p
}

func member(tb interface{ Fatal(...any) }, p *Program, t Traits, at time.Time) Account {
	out, err := p.Join("mem_ada", t, at)
	if err != nil {
		tb.Fatal(err)
	}
	return out.Account
}

// live gives a member some orders, some delivered, and some visits.
func live(t *rapid.T, p *Program) (Account, time.Time) {
	zone := rapid.SampledFrom([]string{"", "Pacific/Auckland", "America/Los_Angeles"}).Draw(t, "lives in")
	now := noon
	acc := member(t, p, Traits{Zone: zone, Birthday: rapid.SampledFrom([]int{0, 229, 1231, 101, 1214, 615}).Draw(t, "birthday")}, now)
	states := map[string]*OrderState{}
	for i := range rapid.IntRange(1, 10).Draw(t, "things") {
		now = now.Add(time.Duration(rapid.Int64Range(0, int64(20*24*time.Hour)).Draw(t, "later")))
		out, err := p.Advance(acc, now)
		if err != nil {
			t.Fatal(err)
		}
		id := fmt.Sprint(rapid.IntRange(0, i).Draw(t, "order"))
		switch rapid.IntRange(0, 2).Draw(t, "thing") {
		case 0:
			out, err = p.PlaceEvent(out.Account, nil, p, Event{Type: "visit.completed", ID: fmt.Sprint(i), Member: acc.Member, At: now}, now)
		default:
			o := paid("EUR", Line{Amount: rapid.Int64Range(100, 90_000).Draw(t, "amount")})
			o.ID, o.PlacedAt = id, now
			if s := states[id]; s != nil {
				o = s.Order
				o.Delivered = now
			}
			out, err = p.PlaceOrder(out.Account, states[id], p, o, nil, now)
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

func advanced(t interface{ Fatal(...any) }, p *Program, acc Account, now time.Time) Outcome {
	out, err := p.Advance(acc, now)
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
			var entries []Entry
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

// Points are there one millisecond before the instant and gone at it, where clocks change as where they do not.
func TestPointsLapseAtTheInstantAndNoEarlier(t *testing.T) {
	for _, c := range []struct {
		zone    string
		earned  string
		expires Expiry
		gone    string
	}{
		{"Europe/Berlin", "2026-01-31T10:00:00Z", Expiry{After: Period{Months: 1}, RoundTo: EndOfDay}, "2026-02-28T23:00:00Z"},
		{"UTC", "2026-01-31T10:00:00Z", Expiry{After: Period{Months: 1}, RoundTo: EndOfDay}, "2026-03-01T00:00:00Z"},
		{"Asia/Kolkata", "2026-01-31T10:00:00Z", Expiry{After: Period{Months: 1}, RoundTo: EndOfDay}, "2026-02-28T18:30:00Z"},
		{"Europe/Berlin", "2028-01-31T10:00:00Z", Expiry{After: Period{Months: 1}, RoundTo: EndOfDay}, "2028-02-29T23:00:00Z"},
		{"America/New_York", "2028-02-29T15:00:00Z", Expiry{After: Period{Months: 12}, RoundTo: EndOfDay}, "2029-03-01T05:00:00Z"},
		{"Europe/Berlin", "2026-03-28T10:00:00Z", Expiry{After: Period{Days: 1}, RoundTo: EndOfDay}, "2026-03-29T22:00:00Z"},
		{"America/New_York", "2026-11-01T03:00:00Z", Expiry{After: Period{Days: 1}, RoundTo: EndOfDay}, "2026-11-02T05:00:00Z"},
		{"Europe/Berlin", "2020-07-06T10:00:00Z", Expiry{After: Period{Months: 12}, RoundTo: EndOfMonth}, "2021-07-31T22:00:00Z"},
		{"UTC", "2026-12-01T10:00:00Z", Expiry{After: Period{Days: 1}, RoundTo: EndOfWeek}, "2026-12-07T00:00:00Z"},
		{"UTC", "2026-12-01T10:00:00Z", Expiry{After: Period{Days: 1}, RoundTo: EndOfQuarter}, "2027-01-01T00:00:00Z"},
		{"UTC", "2026-05-01T10:00:00Z", Expiry{On: []Day{229, 630}}, "2026-07-01T00:00:00Z"},
		{"UTC", "2026-08-01T10:00:00Z", Expiry{On: []Day{229, 630}, After: Period{Months: 3}}, "2027-03-01T00:00:00Z"},
		{"UTC", "2026-08-01T10:00:00Z", Expiry{Anniversary: OfJoining, After: Period{Months: 1}}, "2027-08-02T00:00:00Z"},
		{"UTC", "2026-08-01T10:00:00Z", Expiry{After: Period{Months: 6}, RoundTo: EndOfDay, Inactive: true, ResetBy: []string{"order"}}, "2027-02-02T00:00:00Z"},
	} {
		p := testProgram(t)
		p.Zone, _ = time.LoadLocation(c.zone)
		p.Earn.Pending, p.Earn.Expires, p.Tiers = Wait{}, c.expires, Tiers{}
		if err := p.Compile(); err != nil {
			t.Fatal(err)
		}
		earned, _ := time.Parse(time.RFC3339, c.earned)
		gone, _ := time.Parse(time.RFC3339, c.gone)
		o := paid("EUR", Line{Amount: 1000})
		o.PlacedAt = earned
		out, err := p.PlaceOrder(joined(t, p, earned), nil, p, o, nil, earned)
		if err != nil {
			t.Fatal(err)
		}
		if b := advanced(t, p, out.Account, gone.Add(-time.Millisecond)).Account.Balance(); b.Active != 10 {
			t.Errorf("%s %s %+v: a millisecond early there are %+v", c.zone, c.earned, c.expires, b)
		}
		if due := p.Due(out.Account); !due.Equal(gone) {
			t.Errorf("%s %s %+v: due at %s, not %s", c.zone, c.earned, c.expires, due, gone)
		}
		if b := advanced(t, p, out.Account, gone).Account.Balance(); b != (Balance{}) {
			t.Errorf("%s %s %+v: at the instant there are %+v", c.zone, c.earned, c.expires, b)
		}
	}
}

func TestABirthdayIsCelebratedOnceAYearWhereTheMemberLives(t *testing.T) {
	p := lively(t, "Europe/Berlin")
	p.BirthdayLock = Period{Months: 12}
	acc := member(t, p, Traits{Zone: "Pacific/Auckland", Birthday: 229}, noon)
	given := func(out Outcome) (at []string) {
		for _, e := range out.Entries {
			if e.Event != nil && e.Event.Event.Type == EventBirthday {
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
	if _, err := p.SetTraits(acc, Traits{Zone: "Pacific/Auckland", Birthday: 615}, now); err == nil || err.(*Error).Pointer != "/birthday" {
		t.Errorf("a birthday was changed within its lock: %v", err)
	}
	p.BirthdayLock = Period{}
	for month := range 12 {
		next, err := p.SetTraits(acc, Traits{Birthday: (month+1)*100 + 28}, now)
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
	acc := member(t, p, Traits{Birthday: 101}, noon)
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
	acc := member(t, p, Traits{}, noon)
	o := paid("EUR", Line{Amount: 10_000})
	place := func(prior *OrderState, at time.Time) (*OrderState, Entry) {
		t.Helper()
		out, err := p.PlaceOrder(advanced(t, p, acc, at).Account, prior, p, o, nil, at)
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
		t.Errorf("delivered in time, but told late, the order is worth %d", s.Worth)
	}
}

func TestAnActivityMovesOnWhatLapsesByInactivityAndNothingElse(t *testing.T) {
	p := lively(t, "UTC")
	p.Earn.Pending = Wait{}
	p.Tiers.Levels[2].Expires = new(Expiry) // gold: never
	if err := p.Compile(); err != nil {
		t.Fatal(err)
	}
	acc := member(t, p, Traits{}, noon)
	buy := func(id string, euros int64, at time.Time) {
		t.Helper()
		o := paid("EUR", Line{Amount: euros * 100})
		o.ID, o.PlacedAt = id, at
		out, err := p.PlaceOrder(advanced(t, p, acc, at).Account, nil, p, o, nil, at)
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
	out, err := p.PlaceEvent(acc, nil, p, Event{Type: "review.approved", ID: "1", Member: "mem_ada", At: noon.AddDate(0, 3, 1)}, noon.AddDate(0, 3, 1))
	if err != nil {
		t.Fatal(err)
	}
	acc = out.Account
	want("110 2027-09-01", "20 2027-09-02") // a review is no activity here
	out, err = p.PlaceEvent(acc, nil, p, Event{Type: "visit.completed", ID: "1", Member: "mem_ada", At: noon.AddDate(0, 4, 0)}, noon.AddDate(0, 4, 0))
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
	p.Earn.Pending = Wait{}
	acc := joined(t, p, noon)
	out, err := p.PlaceOrder(acc, nil, p, paid("EUR", Line{Amount: 1000}), nil, noon)
	if err != nil {
		t.Fatal(err)
	}
	for _, shorter := range []Expiry{{After: Period{Days: 1}}, {After: Period{Days: 1}, Inactive: true, ResetBy: []string{"order"}}} {
		next := testProgram(t)
		next.Earn.Pending, next.Earn.Expires = Wait{}, shorter
		o := paid("EUR", Line{Amount: 1000})
		o.ID, o.PlacedAt = "1043", noon.AddDate(0, 0, 1)
		after, err := next.PlaceOrder(out.Account, nil, next, o, nil, o.PlacedAt)
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
		want     Points
	}{{5, 2, 2}, {7, 2, 4}, {-5, 2, -2}, {-7, 2, -4}, {12, 5, 2}, {13, 5, 3}, {1, 2, 0}, {3, 2, 2}} {
		for _, x := range []exact{{num: c.num, den: c.den}, {big: big.NewRat(c.num, c.den)}} {
			if got, ok := x.round(HalfEven); !ok || got != c.want {
				t.Errorf("%d/%d is rounded to %d, want %d", c.num, c.den, got, c.want)
			}
		}
	}
}

func TestALevelWhosePointsNeverLapseMeansAllOfThem(t *testing.T) {
	p := lively(t, "UTC")
	p.Tiers.Levels[2].Expires = new(Expiry) // gold: never
	if err := p.Compile(); err != nil {
		t.Fatal(err)
	}
	acc := member(t, p, Traits{}, noon)
	acc.Lots, acc.Tier = nil, Standing{Level: "gold", Since: noon}
	out, err := p.Adjust(acc, "adj_1", "", 5, "a kindness", noon)
	if err != nil {
		t.Fatal(err)
	}
	out, err = p.PlaceEvent(out.Account, nil, p, Event{Type: "review.approved", ID: "1", Member: "mem_ada", At: noon}, noon)
	if err != nil {
		t.Fatal(err)
	}
	if want := []Lot{{0, 25}}; !reflect.DeepEqual(out.Account.Lots, want) {
		t.Errorf("a gold member's lots are %+v, want %+v", out.Account.Lots, want)
	}
}
