package engine

import (
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

func TestPeriodsThatEndedSinceAnEvent(t *testing.T) {
	for _, c := range []struct {
		name    string
		tiers   func(*loyalty.Tiers)
		at, now string
		want    []string
	}{
		{
			"a calendar year that ended", calendarYears, "2026-06-01T12:00:00Z", "2026-12-31T23:00:00Z",
			[]string{"2026-12-31T22:59:59.999999999Z"},
		},
		{
			"a calendar year that has not ended", calendarYears, "2026-06-01T12:00:00Z",
			"2026-12-31T22:59:59.999999999Z", nil,
		},
		{
			"no window", func(t *loyalty.Tiers) { t.KeepFor = calendar.Period{Months: 1} }, "2026-06-01T12:00:00Z",
			"2028-01-01T00:00:00Z", nil,
		},
		{
			"months of a rolling window",
			func(t *loyalty.Tiers) { t.Months, t.KeepFor = 3, calendar.Period{Months: 1} },
			"2026-06-01T12:00:00Z", "2026-07-31T22:00:00Z",
			[]string{"2026-06-30T21:59:59.999999999Z", "2026-07-31T21:59:59.999999999Z"},
		},
		{
			"all months of a rolling window",
			func(t *loyalty.Tiers) { t.Months, t.KeepFor = 2, calendar.Period{Months: 1} },
			"2026-11-30T23:00:00Z", "2027-12-01T00:00:00Z",
			[]string{"2026-12-31T22:59:59.999999999Z", "2027-01-31T22:59:59.999999999Z"},
		},
		{
			"a month that has not ended",
			func(t *loyalty.Tiers) { t.Months, t.KeepFor = 3, calendar.Period{Months: 1} },
			"2026-06-01T12:00:00Z", "2026-06-30T21:59:59.999999999Z", nil,
		},
	} {
		p := bySpend(t, c.tiers)
		var want []time.Time
		for _, at := range c.want {
			want = append(want, instant(t, at))
		}
		got := tier.Of(p).Closed(joined(t, p, noon.AddDate(-1, 0, 0)), instant(t, c.at), instant(t, c.now))
		if !slices.EqualFunc(got, want, time.Time.Equal) {
			t.Errorf("%s: %s, want %s", c.name, got, want)
		}
	}
}

func TestInstantUntilWhichLevelsAreDecided(t *testing.T) {
	begun, now := noon.Add(-240*time.Hour), noon
	first := loyalty.Standing{Level: "bronze", Since: begun}
	for _, c := range []struct {
		name    string
		tier    loyalty.Standing
		past    []loyalty.Standing
		vip     bool
		refresh time.Time
		want    time.Time
	}{
		{"never", first, nil, false, time.Time{}, time.Time{}},
		{"the first level again", first, []loyalty.Standing{{Level: "silver"}}, false, time.Time{}, begun},
		{
			"a later level",
			loyalty.Standing{Level: "silver", Since: begun.Add(1)},
			nil, false,
			time.Time{},
			begun.Add(1),
		},
		{
			"a level decided at a later instant",
			loyalty.Standing{Level: "bronze", Since: begun, At: noon.Add(-1)},
			nil, false,
			time.Time{},
			noon.Add(-1),
		},
		{"a level reached on joining", loyalty.Standing{Level: "silver", Since: begun}, nil, false, time.Time{}, begun},
		{
			"the minimum level on joining",
			loyalty.Standing{Level: "silver", Since: begun},
			nil, true,
			time.Time{},
			time.Time{},
		},
		{"a lock that ended", loyalty.Standing{Level: "bronze", Since: begun, Lock: now}, nil, false, time.Time{}, now},
		{
			"a lock that has not ended",
			loyalty.Standing{Level: "bronze", Since: begun, Lock: now.Add(1)},
			nil, false,
			time.Time{},
			time.Time{},
		},
		{
			"a lock that ended on joining",
			loyalty.Standing{Level: "bronze", Since: begun, Lock: begun},
			nil, false,
			time.Time{},
			time.Time{},
		},
		{"other requirements", first, nil, false, now.Add(-time.Hour), now.Add(-time.Hour)},
		{"other requirements before joining", first, nil, false, begun.Add(-1), time.Time{}},
		{"other requirements later", first, nil, false, now.Add(1), time.Time{}},
		{
			"other requirements after a lock",
			loyalty.Standing{Level: "bronze", Since: begun, Lock: now.Add(-2)},
			nil,
			false, now.Add(-1), now.Add(-1),
		},
	} {
		p := bySpend(t, func(t *loyalty.Tiers) {
			t.KeepFor, t.Minimums = calendar.Period{Months: 1}, []loyalty.Minimum{{Level: "silver", Segment: "vip"}}
			t.Refresh = loyalty.Refresh{At: c.refresh, Mode: loyalty.FullRefresh}
		})
		acc := joined(t, p, begun)
		if acc.Tier, acc.Past = c.tier, c.past; c.vip {
			acc.Traits.Segments = []string{"vip"}
		}
		if got := tier.Of(p).LastDecided(acc, now); !got.Equal(c.want) {
			t.Errorf("%s: until %s, want %s", c.name, got, c.want)
		}
	}
}

func TestAccountThatMayClimbSinceAnEvent(t *testing.T) {
	rolling := func(t *loyalty.Tiers) { t.Months, t.KeepFor = 1, calendar.Period{Months: 1} }
	year := func(up loyalty.MoveUp) func(*loyalty.Tiers) {
		return func(t *loyalty.Tiers) { t.Calendar, t.KeepYear, t.MoveUp = true, 2, up }
	}
	for _, c := range []struct {
		name    string
		tiers   func(*loyalty.Tiers)
		metrics []loyalty.Metric
		now     string // the event was on 1 November 2026
		edit    func(*loyalty.Account)
		want    bool
	}{
		{
			"enough now", year(loyalty.AtOnce),
			[]loyalty.Metric{{Month: 202611, Spend: 500_00}},
			"2026-12-01T11:00:00Z", nil, true,
		},
		{
			"too little", year(loyalty.AtOnce),
			[]loyalty.Metric{{Month: 202611, Spend: 499_99}},
			"2026-12-01T11:00:00Z", nil, false,
		},
		{
			"on that level already", year(loyalty.AtOnce),
			[]loyalty.Metric{{Month: 202611, Spend: 500_00}},
			"2026-12-01T11:00:00Z", func(a *loyalty.Account) {
				a.Tier.Level = "silver"
			}, false,
		},
		{
			"on that minimum level", year(loyalty.AtOnce),
			[]loyalty.Metric{{Month: 202611, Spend: 500_00}},
			"2026-12-01T11:00:00Z", func(a *loyalty.Account) {
				a.Tier.Minimum = "silver"
			}, false,
		},
		{
			"enough in the period that ended", year(loyalty.AtOnce),
			[]loyalty.Metric{{Month: 202611, Spend: 500_00}},
			"2027-01-01T11:00:00Z", nil, true,
		},
		{
			"enough, but not before the period ends", year(loyalty.NextPeriod),
			[]loyalty.Metric{{Month: 202611, Spend: 500_00}},
			"2026-12-01T11:00:00Z", nil, false,
		},
		{
			"enough, and the period ended", year(loyalty.NextPeriod),
			[]loyalty.Metric{{Month: 202611, Spend: 500_00}},
			"2027-01-01T11:00:00Z", nil, true,
		},
		{
			"locked", year(loyalty.AtOnce),
			[]loyalty.Metric{{Month: 202611, Spend: 500_00}},
			"2026-12-01T11:00:00Z", func(a *loyalty.Account) {
				a.Tier.Lock = noon.Add(1)
			}, false,
		},
		{
			"a lock that ends", year(loyalty.AtOnce),
			[]loyalty.Metric{{Month: 202611, Spend: 500_00}},
			"2026-12-01T11:00:00Z", func(a *loyalty.Account) {
				a.Tier.Lock = noon
			}, true,
		},
		{"levels that a refund does not withdraw", func(t *loyalty.Tiers) {
			year(loyalty.AtOnce)(t)
			t.KeepOnRefund = true
		}, nil, "2026-12-01T11:00:00Z", nil, true},
		{
			"a month that was merged", rolling,
			[]loyalty.Metric{{Spend: 500_00}, {Month: 202612, Spend: 1}},
			"2026-12-01T11:00:00Z", func(a *loyalty.Account) {
				a.Counted = noon
			}, true,
		},
		{
			"months that are stored", rolling,
			[]loyalty.Metric{{Month: 202611, Spend: 1}},
			"2026-11-20T11:00:00Z",
			nil, false,
		},
	} {
		p := bySpend(t, c.tiers)
		acc := joined(t, p, noon.AddDate(-1, 0, 0))
		if acc.Metrics = c.metrics; c.edit != nil {
			c.edit(&acc)
		}
		if got := tier.Of(p).ClimbsSince(acc, instant(t, "2026-11-01T12:00:00Z"), instant(t, c.now)); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

// The decisions since an instant are open if the levels were decided since then, or if the amounts that count may reach
// a higher level.
func TestDecisionsThatDependOnAnEvent(t *testing.T) {
	p := bySpend(t, func(t *loyalty.Tiers) { t.Calendar, t.KeepYear = true, 2 })
	was := joined(t, p, noon.AddDate(-1, 0, 0))
	was.Counted = noon
	was.Metrics = []loyalty.Metric{{Month: 202612, Spend: 100_00}}
	decided := was
	decided.Tier = loyalty.Standing{Level: "silver", Since: noon, Until: noon.AddDate(2, 0, 0)}
	rich := []loyalty.Metric{{Month: 202612, Spend: 600_00}}
	for _, c := range []struct {
		name    string
		was     loyalty.Account
		metrics []loyalty.Metric
		at      time.Time
		open    bool
		depends bool
	}{
		{"levels decided before", decided, rich, noon.Add(1), false, false},
		{"levels decided at that instant", decided, rich, noon, true, true},
		{"nothing else counted since", was, rich, noon.Add(1), false, false},
		{"something else counted since", was, rich, noon, true, true},
		{"too little counts", was, []loyalty.Metric{{Month: 202612, Spend: 200_00}}, noon, false, false},
		{"nothing changed", decided, was.Metrics, noon, true, false},
	} {
		acc := c.was
		acc.Metrics = c.metrics
		d := posting.Decide(p, acc, noon.Add(time.Hour))
		if got := tier.OpenSince(d, c.at, c.was); got != c.open {
			t.Errorf("%s: open %t", c.name, got)
		}
		if got := tier.IsUnsettled(d, c.at, c.was); got != c.depends {
			t.Errorf("%s: unsettled %t", c.name, got)
		}
	}
	none := made(t, func(p *loyalty.Program) { p.Tiers = loyalty.Tiers{KeepOnRefund: true} })
	if tier.OpenSince(posting.Decide(none, was, noon.Add(time.Hour)), noon, was) {
		t.Error("a program without levels has open decisions")
	}
}

// Several events together may leave the amounts unchanged. Levels still depend on them if decisions since then are
// open.
func TestSeveralEventsAtOnce(t *testing.T) {
	p := twoTierGroups(t, func(l *loyalty.TierGroup) { l.Tiers.Months = 0 })
	at := noon.Add(time.Hour)
	for _, c := range []struct {
		name    string
		spend   int64 // in Tiers: 100 EUR reach a level
		visits  int64 // in the tier group: two reach a level
		events  int
		counted time.Time
		needs   bool
	}{
		{"two events, and both tiers are open", 100_00, 2, 2, at, true},
		{"two events, and Tiers are open", 100_00, 0, 2, at, true},
		{"two events, and the tier group is open", 0, 2, 2, at, true},
		{"two events, and neither is open", 0, 1, 2, at, false},
		{"two events after all others", 100_00, 2, 2, noon, false},
		{"one event that changes nothing", 100_00, 2, 1, at, false},
	} {
		acc := joined(t, p, noon.Add(-time.Hour))
		acc.Counted = c.counted
		acc.Metrics = []loyalty.Metric{{Month: 202612, Spend: c.spend}}
		acc.TierGroups = []loyalty.TierGroupStanding{{
			TierGroup: "partner", Tier: loyalty.Standing{Level: "guest", Since: acc.Joined},
			Metrics: []loyalty.Metric{{Month: 202612, Visits: c.visits}},
		}}
		d := posting.Decide(p, acc, at.Add(time.Hour))
		if err := tier.Climb(d, acc, []time.Time{at, at.Add(time.Minute)}[:c.events]...); err != nil {
			t.Fatal(err)
		}
		if got := !tier.NeedsNothing(d.Needs); got != c.needs || got && !d.Needs.Since.Equal(at) {
			t.Errorf("%s: it needs %+v", c.name, d.Needs)
		}
	}
}
