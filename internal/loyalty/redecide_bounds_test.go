package loyalty

import (
	"reflect"
	"slices"
	"testing"
	"time"
)

func TestNeedsOfTwoDecisions(t *testing.T) {
	later := PlacedOrder{noon, "9"}
	a := Needs{Since: noon, Recorded: noon.Add(-1), Orders: numberedOrders(3, 1)}
	for _, c := range []struct {
		m, want Needs
	}{
		{Needs{}, Needs{Since: noon, Recorded: noon.Add(-1), Orders: numberedOrders(1, 3)}},
		{Needs{Orders: numberedOrders(2, 3)}, Needs{Since: noon, Recorded: noon.Add(-1), Orders: numberedOrders(1, 2, 3)}},
		{
			Needs{Since: noon.Add(-5), Recorded: noon, All: true},
			Needs{Since: noon.Add(-5), Recorded: noon.Add(-1), All: true, Orders: numberedOrders(1, 3)},
		},
		{
			Needs{Numbers: true, Later: later},
			Needs{Since: noon, Recorded: noon.Add(-1), Orders: numberedOrders(1, 3), Numbers: true, Later: later},
		},
	} {
		if got := a.with(c.m); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%+v: %+v", c.m, got)
		}
		if got := c.m.with(a); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%+v, the other way round: %+v", c.m, got)
		}
	}
	for _, c := range []struct {
		needs           Needs
		zero, undecided bool
	}{
		{Needs{}, true, false},
		{Needs{Since: noon}, false, false},
		{Needs{Recorded: noon}, false, false},
		{Needs{All: true}, false, false},
		{Needs{Orders: numberedOrders(1)}, false, false},
		{Needs{Numbers: true}, false, true},
		{Needs{Later: later}, false, true},
	} {
		if c.needs.IsZero() != c.zero || c.needs.Undecided() != c.undecided {
			t.Errorf("%+v: none %t, undecided %t", c.needs, c.needs.IsZero(), c.needs.Undecided())
		}
	}
	enough := Needs{Recorded: noon}
	first := noon.Add(-MaxOrderAhead - clockSkew)
	if enough.Enough(Entry{Recorded: first}) || !enough.Enough(Entry{Recorded: first.Add(-1)}) {
		t.Error("an entry that was recorded in time is not needed")
	}
	if enough.All = true; enough.Enough(Entry{Recorded: first.Add(-1)}) {
		t.Error("not all entries are needed")
	}
}

// A rolling window reaches back to months that the account merged, or that a manually set level needs.
func TestMonthsThatADecisionNeeds(t *testing.T) {
	quarter := func(t *Tiers) { t.Months, t.KeepFor = 3, Period{Months: 6} }
	since := instant(t, "2026-06-15T12:00:00Z")
	manual := Standing{Level: "silver", Since: instant(t, "2026-05-10T12:00:00Z"), Until: noon, Given: true}
	for _, c := range []struct {
		name    string
		tiers   func(*Tiers)
		counted string
		past    []Standing
		from    string
		ok      bool
	}{
		{"the newest month", quarter, "2026-06-30T12:00:00Z", nil, "2026-03-31T22:00:00Z", false},
		{"a later month", quarter, "2026-07-01T12:00:00Z", nil, "2026-03-31T22:00:00Z", true},
		{"nothing counted since", quarter, "2026-01-01T12:00:00Z", nil, "2026-03-31T22:00:00Z", false},
		{"a manual level", quarter, "2026-06-30T12:00:00Z", []Standing{manual}, "2026-02-28T23:00:00Z", true},
		{"a level that was reached", quarter, "2026-06-30T12:00:00Z", []Standing{{Level: "silver", Since: manual.Since}}, "2026-03-31T22:00:00Z", false},
		{"a later manual level", quarter, "2026-06-30T12:00:00Z", []Standing{{Level: "bronze", Since: manual.Since}, {
			Level: "silver", Since: since, Until: noon, Given: true,
		}}, "2026-03-31T22:00:00Z", false},
		{"periods", calendarMonths, "2026-09-01T12:00:00Z", nil, "", false},
		{"a lifetime", func(t *Tiers) { t.KeepFor = Period{Months: 6} }, "2026-09-01T12:00:00Z", nil, "", false},
		{"periods and months", func(t *Tiers) {
			calendarMonths(t)
			t.Months = 3
		}, "2026-09-01T12:00:00Z", nil, "", false},
		{"a window that begins with the level", func(t *Tiers) {
			quarter(t)
			t.Window = Window{Kind: LevelWindow}
		}, "2026-09-01T12:00:00Z", nil, "", false},
	} {
		p := bySpend(t, c.tiers)
		acc := joined(t, p, instant(t, "2026-01-10T12:00:00Z"))
		if acc.Counted = instant(t, c.counted); c.past != nil {
			acc.Past = append([]Standing{acc.Tier}, c.past[:len(c.past)-1]...)
			acc.Tier = c.past[len(c.past)-1]
		}
		from, ok := p.reachesBack(acc, since)
		var want time.Time
		if c.from != "" {
			want = instant(t, c.from)
		}
		if ok != c.ok || !from.Equal(want) {
			t.Errorf("%s: from %s, needed %t; want %s, %t", c.name, from, ok, want, c.ok)
		}
		rolls := p.rolls()
		if want := c.from != ""; rolls != want {
			t.Errorf("%s: levels depend on recent months: %t", c.name, rolls)
		}
		window := p.decide(acc, since).trialWindow()
		if rolls && window != unbounded || !rolls && window != p.apart(acc) {
			t.Errorf("%s: a trial stores %d months", c.name, window)
		}
	}
}

// A decision needs all entries if the account does not store the standings of that time.
func TestEntriesThatADecisionNeeds(t *testing.T) {
	now := noon.AddDate(1, 0, 0)
	toLevel := func(t *Tiers) { t.Window, t.KeepFor = Window{Kind: LevelWindow}, Period{Months: 6} }
	for _, c := range []struct {
		name   string
		tiers  func(*Tiers)
		tier   Standing
		since  time.Time
		wanted bool
	}{
		{"a standing since long ago", calendarYears, Standing{Since: noon}, now.Add(-pastAge), false},
		{"longer ago than standings are stored", calendarYears, Standing{Since: noon}, now.Add(-pastAge - 1), true},
		{"the instant of the first standing", calendarYears, Standing{Since: now.Add(-time.Hour)}, now.Add(-time.Hour), true},
		{"just after the first standing", calendarYears, Standing{Since: now.Add(-time.Hour)}, now.Add(-time.Hour + 1), false},
		{"a window of the level", toLevel, Standing{Since: now.AddDate(0, -MaxWindow+1, 0)}, now, false},
		{"a longer window of the level", toLevel, Standing{Since: now.AddDate(0, -MaxWindow+1, 0).Add(-1)}, now, true},
		{"a level since long ago", calendarYears, Standing{Since: now.AddDate(0, -MaxWindow-9, 0)}, now, false},
	} {
		p := bySpend(t, c.tiers)
		acc := joined(t, p, noon.AddDate(-5, 0, 0))
		c.tier.Level = "silver"
		acc.Tier = c.tier
		got := p.decide(acc, now).needsOf(c.since)
		if got.All != c.wanted || !got.Since.Equal(c.since) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// A change of the traits that levels depend on requires all entries, as only earlier ones contain the traits before.
func TestTraitsThatLevelsDependOn(t *testing.T) {
	entry := func(kind Kind, at time.Time, args ...string) Entry {
		return Entry{Kind: kind, Effective: at, Reasons: []Reason{{Args: args}}}
	}
	for _, c := range []struct {
		name  string
		entry Entry
		want  bool
	}{
		{"segments", entry(KindUpdateMember, noon, "segments"), true},
		{"segments and others", entry(KindUpdateMember, noon, "zone", "segments"), true},
		{"the beginning of the year", entry(KindUpdateMember, noon, "membership_year_start"), true},
		{"channels", entry(KindUpdateMember, noon, changedChannels), true},
		{"the time zone", entry(KindUpdateMember, noon, "zone"), false},
		{"before that instant", entry(KindUpdateMember, noon.Add(-1), "segments"), false},
		{"no reason", Entry{Kind: KindUpdateMember, Effective: noon}, false},
		{"another entry", entry(KindEnroll, noon, "segments"), false},
	} {
		if got := (History{Entries: []Entry{{Kind: KindEarn}, c.entry}}).changesTraits(noon); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

func TestFactsThatEntriesState(t *testing.T) {
	p := bySpend(t, func(t *Tiers) { t.KeepFor = Period{Months: 6} })
	order := func(id string, minutes int, revision int64, m *Metric, brands ...Bought) Entry {
		x := &OrderState{Order: Order{ID: id, PlacedAt: noon.Add(time.Duration(minutes) * time.Minute)}}
		return Entry{
			Kind: KindEarn, Cause: Cause{Kind: CauseOrder, ID: id, Revision: int(revision)}, Order: x, Metric: m,
			Brands: brands, Recorded: noon.Add(time.Duration(revision) * time.Hour),
		}
	}
	east := Bought{202612, "east", 1}
	group := order("9", 1, 1, nil)
	group.Counts = []TierGroupCount{{TierGroup: "partner", Metric: Metric{Visits: 1}}}
	h := History{Entries: []Entry{
		{Kind: KindExpire, Effective: noon},
		order("2", 5, 1, &Metric{Spend: 5}),
		order("1", 5, 1, &Metric{Spend: 7}),
		order("0", -90, 1, &Metric{Spend: 1}),
		order("3", 6, 1, nil, east),
		order("2", 5, 2, &Metric{Spend: -2}),
		order("4", 7, 1, nil),
		order("2", 5, 3, &Metric{Spend: 1}),
		{Kind: KindUpdateMember, Effective: noon.Add(time.Minute)},
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
		for _, f := range h.facts(p, noon.Add(-time.Hour)) {
			x := fact{f.cause.ID, f.at.Sub(noon), nil, len(f.brands)}
			for _, m := range f.metrics {
				x.spend = append(x.spend, m.Spend)
			}
			if f.entry != nil {
				x.id = string(f.entry.Kind)
			}
			out = append(out, x)
		}
		return out
	}
	minute := time.Minute
	want := []fact{
		{"0", -time.Hour, []int64{1}, 0},
		{string(KindUpdateMember), minute, nil, 0},
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

func TestFactThatNoLongerCounts(t *testing.T) {
	brand := func(month int, name string, n int64) Bought { return Bought{month, name, n} }
	for _, c := range []struct {
		name string
		fact fact
		want bool
	}{
		{"nothing", fact{}, true},
		{"spend", fact{metrics: []Metric{{Month: 202612, Spend: 1}}}, false},
		{"spend that was refunded", fact{metrics: []Metric{{Month: 202612, Spend: 1}, {Month: 202612, Spend: -1}}}, true},
		{"a brand", fact{brands: []Bought{brand(202612, "east", 1)}}, false},
		{"a brand that was returned", fact{brands: []Bought{brand(202612, "east", 1), brand(202612, "east", -1)}}, true},
		{"a brand instead of another", fact{brands: []Bought{brand(202612, "east", 1), brand(202612, "west", -1)}}, false},
		{"a change of the member", fact{entry: &Entry{}}, false},
	} {
		if got := c.fact.nothing(); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

// The outcome of a decision with all entries is complete, whatever it requested.
func TestDecisionWithAllEntries(t *testing.T) {
	p := bySpend(t, func(t *Tiers) { t.Calendar, t.KeepYear = true, 2 })
	s := member2026(t, p)
	s.buy("1", 500, instant(t, "2026-02-01T12:00:00Z"))
	now := instant(t, "2026-11-01T12:00:00Z")
	out := Outcome{
		Account: s.acc, Needs: Needs{Since: instant(t, "2026-02-01T12:00:00Z")},
		Entries: []Entry{{Cause: Cause{Kind: CauseOrder, ID: "1"}}},
	}
	got, err := p.Redecide(out, History{Entries: s.entries, All: true}, now)
	if err != nil || !got.Needs.IsZero() || len(got.Entries) != 1 || got.Account.Tier != s.acc.Tier {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = p.Redecide(out, History{Entries: s.entries}, now)
	if err != nil || !got.Needs.All || got.Account.Tier != s.acc.Tier {
		t.Errorf("without all entries: %+v, %v", got.Needs, err)
	}
	if !slices.Equal(got.Account.Metrics, s.acc.Metrics) {
		t.Errorf("the account counts %+v", got.Account.Metrics)
	}
}
