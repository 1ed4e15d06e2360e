package tier

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// If the windows of levels begin at other instants, the amounts move between the buckets.
func TestAmountsThatMoveBetweenBuckets(t *testing.T) {
	first, second := int(utc("2027-02-01").UnixMilli()), int(utc("2027-02-10").UnixMilli())
	brand := func(month int, n int64) loyalty.Bought { return loyalty.Bought{Month: month, Brand: "east", N: n} }
	for _, c := range []struct {
		name    string
		tiers   func(*loyalty.Tiers)
		was, is []loyalty.Metric
		brands  [2][]loyalty.Bought
		all     bool
		manual  bool
		metrics []loyalty.Metric
		changes []loyalty.Bought
	}{
		{
			name: "another window", tiers: sinceLevel, was: []loyalty.Metric{points(first, 50)},
			is:      []loyalty.Metric{points(second, 50)},
			brands:  [2][]loyalty.Bought{{brand(first, 2)}, {brand(second, 2)}},
			metrics: []loyalty.Metric{points(second, 50), points(first, -50)},
			changes: []loyalty.Bought{brand(second, 2), brand(first, -2)},
		},
		{
			name: "the same window", tiers: sinceLevel, was: []loyalty.Metric{points(first, 50)},
			is: []loyalty.Metric{points(first, 50)}, brands: [2][]loyalty.Bought{{brand(first, 2)}, {brand(first, 2)}},
		},
		{
			name: "a rolling window", tiers: rolling, was: []loyalty.Metric{points(0, 50)},
			is: []loyalty.Metric{points(202702, 50)}, all: true,
		},
		{
			name: "merged months under a manual level", tiers: rolling, was: []loyalty.Metric{points(0, 50)},
			is: []loyalty.Metric{points(202702, 50)}, all: true, manual: true,
			metrics: []loyalty.Metric{points(202702, 50), points(0, -50)},
		},
		{
			name: "without all entries", tiers: rolling, was: []loyalty.Metric{points(0, 50)},
			is: []loyalty.Metric{points(202702, 50)}, manual: true,
		},
		{
			name: "a lifetime", tiers: func(*loyalty.Tiers) {}, was: []loyalty.Metric{points(0, 50)},
			is: []loyalty.Metric{points(202702, 50)}, all: true, manual: true,
		},
	} {
		was, is := member("silver", c.was...), member("silver", c.is...)
		was.Brands, is.Brands, is.Tier.Given = c.brands[0], c.brands[1], c.manual
		p := threeLevels(c.tiers)
		out := recount(decide(p, was, "2027-03-02"), decide(p, is, "2027-03-02"), c.all)
		var metrics []loyalty.Metric
		var changes []loyalty.Bought
		for _, x := range out {
			if changes = append(changes, x.Brands...); !x.Metric.IsZero() {
				metrics = append(metrics, x.Metric)
			}
			if x.Window != Of(p).Apart(is) {
				t.Errorf("%s: a window of %d months", c.name, x.Window)
			}
		}
		if !reflect.DeepEqual(metrics, c.metrics) || !slices.Equal(changes, c.changes) {
			t.Errorf("%s: %+v, %+v", c.name, metrics, changes)
		}
	}
}

// A decision about levels posts the standings that differ, with the reason for the last one.
func TestStandingsThatAreDecidedAgain(t *testing.T) {
	since := utc("2027-02-01")
	bronze := loyalty.Standing{Level: "bronze", Since: utc("2026-01-15")}
	silver := loyalty.Standing{Level: "silver", Since: utc("2027-02-10")}
	gold := loyalty.Standing{Level: "gold", Since: utc("2027-02-20")}
	later := silver
	later.Since = utc("2027-02-12")
	redated := []loyalty.Reached{granted("tiers.silver", 0, 100, since)}
	for _, c := range []struct {
		name    string
		was, is []loyalty.Standing // the last one is the present one
		redated []loyalty.Reached
		want    loyalty.ReasonKind
		past    int
		nothing bool
	}{
		{"the same", []loyalty.Standing{bronze, silver}, []loyalty.Standing{bronze, silver}, nil, "", 0, true},
		{
			"lower",
			[]loyalty.Standing{bronze, silver},
			[]loyalty.Standing{bronze},
			nil, loyalty.WasWithdrawn, 0,
			false,
		},
		{"higher", []loyalty.Standing{bronze}, []loyalty.Standing{bronze, silver}, nil, loyalty.HasMoved, 0, false},
		{
			"the same level at another instant",
			[]loyalty.Standing{bronze, silver},
			[]loyalty.Standing{bronze, later},
			nil,
			loyalty.WasRedecided, 0, false,
		},
		{
			"another standing in between",
			[]loyalty.Standing{bronze, silver, gold},
			[]loyalty.Standing{bronze, later, gold},
			nil,
			loyalty.WasRedecided, 1, false,
		},
		{
			"another bonus",
			[]loyalty.Standing{bronze, silver},
			[]loyalty.Standing{bronze, silver},
			redated,
			loyalty.WasRedecided, 0, false,
		},
	} {
		account := func(all []loyalty.Standing) loyalty.Account {
			acc := member("bronze")
			acc.Past, acc.Tier, acc.Sequence = all[:len(all)-1], all[len(all)-1], 7
			return acc
		}
		p := threeLevels()
		p.Earn.Expires = calendar.Expiry{After: calendar.Period{Months: 12}, Inactive: true}
		p.Tiers.Levels[2].Expires = &calendar.Expiry{}
		d, trial := decide(p, account(c.was), "2027-03-02"), decide(p, account(c.is), "2027-03-02")
		d.Account.Reached = c.redated
		d.Entries = []loyalty.Entry{{Cause: loyalty.Cause{Kind: loyalty.CauseOrder, ID: "1042"}}}
		if err := rejudge(d, trial, History{}, since, c.redated); err != nil {
			t.Fatal(err)
		}
		if (len(d.Entries) == 1) != c.nothing {
			t.Errorf("%s: %+v", c.name, d.Entries[1:])
			continue
		}
		if c.nothing {
			continue
		}
		e := d.Entries[1]
		if e.Reasons[0].Kind != c.want || len(e.Redecided.Past) != c.past || *e.Standing != trial.Account.Tier ||
			e.Cause.ID != "mem_ada:"+e.Standing.Level+":20270302T000000Z:7" ||
			(e.Slides == posting.Forever) != (e.Standing.Level == "gold") {
			t.Errorf("%s: %+v", c.name, e)
		}
	}
}

func TestEntriesThatADecisionNeeds(t *testing.T) {
	old := utc("2027-03-02").Add(-posting.PastAge)
	level := func(since time.Time) func(*loyalty.Account) {
		return func(a *loyalty.Account) {
			a.Past, a.Tier.Since = []loyalty.Standing{{Level: "bronze", Since: since}}, since
		}
	}
	for _, c := range []struct {
		name     string
		tiers    func(*loyalty.Tiers)
		acc      func(*loyalty.Account)
		since    time.Time
		recorded time.Time
		all      bool
	}{
		{"recent", calendarYear, nil, utc("2027-02-15"), utc("2027-02-15"), false},
		{"the oldest standing that is stored", calendarYear, nil, old, old, false},
		{"an older one", calendarYear, nil, old.Add(-1), old.Add(-1), true},
		{"before all standings", calendarYear, level(utc("2027-02-15")), utc("2027-02-15"), utc("2027-02-15"), true},
		{
			"months that are stored", rolling, func(a *loyalty.Account) { a.Counted = utc("2027-02-15") },
			utc("2027-02-15"), utc("2027-02-15"), false,
		},
		{
			"months that are merged", rolling, func(a *loyalty.Account) { a.Counted = utc("2027-03-01") },
			utc("2027-02-15"), utc("2026-03-01"), false,
		},
		{"a window since a level", sinceLevel, level(utc("2025-01-01")), utc("2027-02-15"), utc("2027-02-15"), false},
		{
			"a long window since a level", sinceLevel, level(utc("2024-03-01")), utc("2027-02-15"),
			utc("2027-02-15"), true,
		},
	} {
		acc := member("bronze")
		if c.acc != nil {
			c.acc(&acc)
		}
		d := decide(threeLevels(c.tiers), acc, "2027-03-02")
		if got := NeedsOf(d, c.since); !got.Recorded.Equal(c.recorded) || got.All != c.all ||
			!got.Since.Equal(c.since) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	p := threeLevels(calendarYear)
	p.TierGroups = []loyalty.TierGroup{{ID: "partner", Tiers: threeLevels(rolling).Tiers}}
	acc := member("bronze")
	acc.Counted = utc("2027-03-01")
	if got := NeedsSince(decide(p, acc, "2027-03-02"), utc("2027-02-15")); !got.Recorded.Equal(utc("2026-03-01")) {
		t.Errorf("a tier group needs more: %+v", got)
	}
}

// Points that only a level without expiry protected expire by inactivity again, after the notice period.
func TestPointsThatLoseTheirProtection(t *testing.T) {
	reached := func(n loyalty.Points) History {
		e := loyalty.Entry{Kind: loyalty.KindMoveTier}
		e.Slides = posting.Forever
		e.Postings = []loyalty.Posting{{Bucket: loyalty.BucketActive, Points: n}}
		return History{Entries: []loyalty.Entry{e}}
	}
	day := calendar.Slides + calendar.Date(20270316) // 14 days ahead
	for _, c := range []struct {
		name   string
		edit   func(*loyalty.Program, *loyalty.Account)
		trial  string
		h      History
		loses  bool
		points loyalty.Points
	}{
		{"a level that was not reached", nil, "silver", reached(100), true, 100},
		{
			"less is left", func(_ *loyalty.Program, a *loyalty.Account) { a.Lots[0].Points = 40 }, "silver",
			reached(100), true, 40,
		},
		{
			"more is left", func(_ *loyalty.Program, a *loyalty.Account) { a.Lots[0].Points = 140 }, "silver",
			reached(100), true, 100,
		},
		{
			"nothing is left", func(_ *loyalty.Program, a *loyalty.Account) { a.Lots = nil }, "silver",
			reached(100), true, 0,
		},
		{
			"only other points are left",
			func(_ *loyalty.Program, a *loyalty.Account) { a.Lots[0].Expires = 20280101 }, "silver", reached(100),
			true, 0,
		},
		{"no points", nil, "silver", reached(0), true, 0},
		{"the level was reached", nil, "gold", reached(100), false, 0},
		{"no entry about the level", nil, "silver", History{}, false, 0},
		{
			"points that slide", func(_ *loyalty.Program, a *loyalty.Account) { a.Slides = day }, "silver",
			reached(100), false, 0,
		},
		{
			"no expiry by inactivity",
			func(p *loyalty.Program, _ *loyalty.Account) { p.Earn.Expires.Inactive = false }, "silver",
			reached(100), false, 0,
		},
		{
			"another level without expiry",
			func(p *loyalty.Program, _ *loyalty.Account) { p.Tiers.Levels[1].Expires = &calendar.Expiry{} },
			"silver", reached(100), false, 0,
		},
	} {
		p := threeLevels()
		p.Earn.Expires = calendar.Expiry{After: calendar.Period{Months: 12}, Inactive: true}
		p.Tiers.Levels[2].Expires = &calendar.Expiry{}
		acc := member("gold")
		acc.Slides, acc.Lots = posting.Forever, []loyalty.Lot{{Points: 100}}
		acc.LastActivity = utc("2026-03-01")
		if c.edit != nil {
			c.edit(p, &acc)
		}
		d := decide(p, acc, "2027-03-02")
		var e loyalty.Entry
		loses := unprotect(d, &e, c.h, decide(p, member(c.trial), "2027-03-02"), c.trial)
		want := []loyalty.Posting(nil)
		if c.points > 0 {
			want = []loyalty.Posting{
				{
					Bucket: loyalty.BucketActive, Points: -c.points,
				}, {
					Bucket: loyalty.BucketActive, Lot: day,
					Points: c.points,
				},
			}
		}
		if loses != c.loses || !slices.Equal(e.Postings, want) || (len(e.Reasons) == 1) != (c.points > 0) ||
			loses && e.Slides != day {
			t.Errorf("%s: %t, %+v", c.name, loses, e)
		}
		if d.Whole = d; unprotect(d, &e, c.h, decide(p, member(c.trial), "2027-03-02"), c.trial) {
			t.Errorf("%s: a level of a tier group protects points", c.name)
		}
	}
}
