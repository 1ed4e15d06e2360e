package engine

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// A rolling window reaches back to months that the account merged, or that a manually set level needs.
func TestMonthsThatADecisionNeeds(t *testing.T) {
	quarter := func(t *loyalty.Tiers) { t.Months, t.KeepFor = 3, calendar.Period{Months: 6} }
	since := instant(t, "2026-06-15T12:00:00Z")
	manual := loyalty.Standing{Level: "silver", Since: instant(t, "2026-05-10T12:00:00Z"), Until: noon, Given: true}
	for _, c := range []struct {
		name    string
		tiers   func(*loyalty.Tiers)
		counted string
		past    []loyalty.Standing
		from    string
		ok      bool
	}{
		{"the newest month", quarter, "2026-06-30T12:00:00Z", nil, "2026-03-31T22:00:00Z", false},
		{"a later month", quarter, "2026-07-01T12:00:00Z", nil, "2026-03-31T22:00:00Z", true},
		{"nothing counted since", quarter, "2026-01-01T12:00:00Z", nil, "2026-03-31T22:00:00Z", false},
		{"a manual level", quarter, "2026-06-30T12:00:00Z", []loyalty.Standing{manual}, "2026-02-28T23:00:00Z", true},
		{
			"a level that was reached", quarter, "2026-06-30T12:00:00Z",
			[]loyalty.Standing{{Level: "silver", Since: manual.Since}},
			"2026-03-31T22:00:00Z", false,
		},
		{
			"a later manual level", quarter,
			"2026-06-30T12:00:00Z",
			[]loyalty.Standing{{Level: "bronze", Since: manual.Since}, {
				Level: "silver", Since: since, Until: noon, Given: true,
			}},
			"2026-03-31T22:00:00Z", false,
		},
		{"periods", calendarMonths, "2026-09-01T12:00:00Z", nil, "", false},
		{
			"a lifetime", func(t *loyalty.Tiers) { t.KeepFor = calendar.Period{Months: 6} }, "2026-09-01T12:00:00Z",
			nil, "", false,
		},
		{"periods and months", func(t *loyalty.Tiers) {
			calendarMonths(t)
			t.Months = 3
		}, "2026-09-01T12:00:00Z", nil, "", false},
		{"a window that begins with the level", func(t *loyalty.Tiers) {
			quarter(t)
			t.Window = loyalty.Window{Kind: loyalty.LevelWindow}
		}, "2026-09-01T12:00:00Z", nil, "", false},
	} {
		p := bySpend(t, c.tiers)
		acc := joined(t, p, instant(t, "2026-01-10T12:00:00Z"))
		if acc.Counted = instant(t, c.counted); c.past != nil {
			acc.Past = append([]loyalty.Standing{acc.Tier}, c.past[:len(c.past)-1]...)
			acc.Tier = c.past[len(c.past)-1]
		}
		from, ok := tier.Of(p).ReachesBack(acc, since)
		var want time.Time
		if c.from != "" {
			want = instant(t, c.from)
		}
		if ok != c.ok || !from.Equal(want) {
			t.Errorf("%s: from %s, needed %t; want %s, %t", c.name, from, ok, want, c.ok)
		}
		rolls := tier.Of(p).Rolls()
		if want := c.from != ""; rolls != want {
			t.Errorf("%s: levels depend on recent months: %t", c.name, rolls)
		}
		window := tier.TrialWindow(posting.Decide(p, acc, since))
		if rolls && window != tier.Unbounded || !rolls && window != tier.Of(p).Apart(acc) {
			t.Errorf("%s: a trial stores %d months", c.name, window)
		}
	}
}

// A decision needs all entries if the account does not store the standings of that time.
func TestEntriesThatADecisionNeeds(t *testing.T) {
	now := noon.AddDate(1, 0, 0)
	toLevel := func(t *loyalty.Tiers) {
		t.Window, t.KeepFor = loyalty.Window{Kind: loyalty.LevelWindow}, calendar.Period{Months: 6}
	}
	for _, c := range []struct {
		name   string
		tiers  func(*loyalty.Tiers)
		tier   loyalty.Standing
		since  time.Time
		wanted bool
	}{
		{"a standing since long ago", calendarYears, loyalty.Standing{Since: noon}, now.Add(-posting.PastAge), false},
		{
			"longer ago than standings are stored", calendarYears,
			loyalty.Standing{Since: noon},
			now.Add(-posting.PastAge - 1), true,
		},
		{
			"the instant of the first standing", calendarYears,
			loyalty.Standing{Since: now.Add(-time.Hour)},
			now.Add(-time.Hour), true,
		},
		{
			"just after the first standing", calendarYears,
			loyalty.Standing{Since: now.Add(-time.Hour)},
			now.Add(-time.Hour + 1), false,
		},
		{"a window of the level", toLevel, loyalty.Standing{Since: now.AddDate(0, -tier.MaxWindow+1, 0)}, now, false},
		{
			"a longer window of the level", toLevel,
			loyalty.Standing{Since: now.AddDate(0, -tier.MaxWindow+1, 0).Add(-1)},
			now, true,
		},
		{
			"a level since long ago", calendarYears,
			loyalty.Standing{Since: now.AddDate(0, -tier.MaxWindow-9, 0)},
			now, false,
		},
	} {
		p := bySpend(t, c.tiers)
		acc := joined(t, p, noon.AddDate(-5, 0, 0))
		c.tier.Level = "silver"
		acc.Tier = c.tier
		got := tier.NeedsOf(posting.Decide(p, acc, now), c.since)
		if got.All != c.wanted || !got.Since.Equal(c.since) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestFactsThatEntriesState(t *testing.T) {
	p := bySpend(t, func(t *loyalty.Tiers) { t.KeepFor = calendar.Period{Months: 6} })
	order := func(id string, minutes int, revision int64, m *loyalty.Metric, brands ...loyalty.Bought) loyalty.Entry {
		x := &loyalty.OrderState{Order: loyalty.Order{ID: id, PlacedAt: noon.Add(time.Duration(minutes) * time.Minute)}}
		return loyalty.Entry{
			Kind: loyalty.KindEarn, Cause: loyalty.Cause{Kind: loyalty.CauseOrder, ID: id, Revision: int(revision)},
			Detail: loyalty.Detail{
				Subject: loyalty.Subject{Order: x}, LevelEffects: loyalty.LevelEffects{Metric: m, Brands: brands},
			},
			Recorded: noon.Add(time.Duration(revision) * time.Hour),
		}
	}
	east := loyalty.Bought{Month: 202612, Brand: "east", N: 1}
	group := order("9", 1, 1, nil)
	group.Counts = []loyalty.TierGroupCount{{TierGroup: "partner", Metric: loyalty.Metric{Visits: 1}}}
	h := tier.History{Entries: []loyalty.Entry{
		{Kind: loyalty.KindExpire, Effective: noon},
		order("2", 5, 1, &loyalty.Metric{Spend: 5}),
		order("1", 5, 1, &loyalty.Metric{Spend: 7}),
		order("0", -90, 1, &loyalty.Metric{Spend: 1}),
		order("3", 6, 1, nil, east),
		order("2", 5, 2, &loyalty.Metric{Spend: -2}),
		order("4", 7, 1, nil),
		order("2", 5, 3, &loyalty.Metric{Spend: 1}),
		{Kind: loyalty.KindUpdateMember, Effective: noon.Add(time.Minute)},
		group,
	}}
	type fact struct {
		id     string
		at     time.Duration
		spend  []int64
		brands int
	}
	read := func(keep bool) (out []fact) {
		p.Tiers.KeepOnRefund = keep
		for _, f := range h.Facts(tier.Of(p), noon.Add(-time.Hour)) {
			x := fact{f.Cause.ID, f.At.Sub(noon), nil, len(f.Brands)}
			for _, m := range f.Metrics {
				x.spend = append(x.spend, m.Spend)
			}
			if f.Entry != nil {
				x.id = string(f.Entry.Kind)
			}
			out = append(out, x)
		}
		return out
	}
	minute := time.Minute
	want := []fact{
		{"0", -time.Hour, []int64{1}, 0},
		{string(loyalty.KindUpdateMember), minute, nil, 0},
		{"9", minute, nil, 0},
		{"1", 5 * minute, []int64{7}, 0},
		{"2", 5 * minute, []int64{5, -2, 1}, 0},
		{"3", 6 * minute, nil, 1},
	}
	if got := read(false); !reflect.DeepEqual(got, want) {
		t.Errorf("the facts are %+v, want %+v", got, want)
	}
	want[4].spend = []int64{5}
	want = append(want, fact{"2", 2 * time.Hour, []int64{-2}, 0}, fact{"2", 3 * time.Hour, []int64{1}, 0})
	if got := read(true); !reflect.DeepEqual(got, want) {
		t.Errorf("if levels are kept on refunds, the facts are %+v, want %+v", got, want)
	}
}

// The outcome of a decision with all entries is complete, whatever it requested.
func TestDecisionWithAllEntries(t *testing.T) {
	p := bySpend(t, func(t *loyalty.Tiers) { t.Calendar, t.KeepYear = true, 2 })
	s := member2026(t, p)
	s.buy("1", 500, instant(t, "2026-02-01T12:00:00Z"))
	now := instant(t, "2026-11-01T12:00:00Z")
	out := posting.Outcome{
		Account: s.acc, Needs: posting.Needs{Since: instant(t, "2026-02-01T12:00:00Z")},
		Entries: []loyalty.Entry{{Cause: loyalty.Cause{Kind: loyalty.CauseOrder, ID: "1"}}},
	}
	got, err := Redecide(p, out, tier.History{Entries: s.entries, All: true}, now)
	if err != nil || !tier.NeedsNothing(got.Needs) || len(got.Entries) != 1 || got.Account.Tier != s.acc.Tier {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = Redecide(p, out, tier.History{Entries: s.entries}, now)
	if err != nil || !got.Needs.All || got.Account.Tier != s.acc.Tier {
		t.Errorf("without all entries: %+v, %v", got.Needs, err)
	}
	if !slices.Equal(got.Account.Metrics, s.acc.Metrics) {
		t.Errorf("the account counts %+v", got.Account.Metrics)
	}
}
