package loyalty

import (
	"slices"
	"testing"
	"time"
)

func TestPeriodsThatEndedSinceAnEvent(t *testing.T) {
	for _, c := range []struct {
		name    string
		tiers   func(*Tiers)
		at, now string
		want    []string
	}{
		{"a calendar year that ended", calendarYears, "2026-06-01T12:00:00Z", "2026-12-31T23:00:00Z", []string{"2026-12-31T22:59:59.999999999Z"}},
		{"a calendar year that has not ended", calendarYears, "2026-06-01T12:00:00Z", "2026-12-31T22:59:59.999999999Z", nil},
		{"no window", func(t *Tiers) { t.KeepFor = Period{Months: 1} }, "2026-06-01T12:00:00Z", "2028-01-01T00:00:00Z", nil},
		{
			"months of a rolling window", func(t *Tiers) { t.Months, t.KeepFor = 3, Period{Months: 1} },
			"2026-06-01T12:00:00Z", "2026-07-31T22:00:00Z",
			[]string{"2026-06-30T21:59:59.999999999Z", "2026-07-31T21:59:59.999999999Z"},
		},
		{
			"all months of a rolling window", func(t *Tiers) { t.Months, t.KeepFor = 2, Period{Months: 1} },
			"2026-11-30T23:00:00Z", "2027-12-01T00:00:00Z",
			[]string{"2026-12-31T22:59:59.999999999Z", "2027-01-31T22:59:59.999999999Z"},
		},
		{
			"a month that has not ended", func(t *Tiers) { t.Months, t.KeepFor = 3, Period{Months: 1} },
			"2026-06-01T12:00:00Z", "2026-06-30T21:59:59.999999999Z", nil,
		},
	} {
		p := bySpend(t, c.tiers)
		var want []time.Time
		for _, at := range c.want {
			want = append(want, instant(t, at))
		}
		got := p.closed(joined(t, p, noon.AddDate(-1, 0, 0)), instant(t, c.at), instant(t, c.now))
		if !slices.EqualFunc(got, want, time.Time.Equal) {
			t.Errorf("%s: %s, want %s", c.name, got, want)
		}
	}
}

func TestInstantUntilWhichLevelsAreDecided(t *testing.T) {
	begun, now := noon.Add(-240*time.Hour), noon
	first := Standing{Level: "bronze", Since: begun}
	for _, c := range []struct {
		name    string
		tier    Standing
		past    []Standing
		vip     bool
		refresh time.Time
		want    time.Time
	}{
		{"never", first, nil, false, time.Time{}, time.Time{}},
		{"the first level again", first, []Standing{{Level: "silver"}}, false, time.Time{}, begun},
		{"a later level", Standing{Level: "silver", Since: begun.Add(1)}, nil, false, time.Time{}, begun.Add(1)},
		{"a level decided at a later instant", Standing{Level: "bronze", Since: begun, At: noon.Add(-1)}, nil, false, time.Time{}, noon.Add(-1)},
		{"a level reached on joining", Standing{Level: "silver", Since: begun}, nil, false, time.Time{}, begun},
		{"the minimum level on joining", Standing{Level: "silver", Since: begun}, nil, true, time.Time{}, time.Time{}},
		{"a lock that ended", Standing{Level: "bronze", Since: begun, Lock: now}, nil, false, time.Time{}, now},
		{"a lock that has not ended", Standing{Level: "bronze", Since: begun, Lock: now.Add(1)}, nil, false, time.Time{}, time.Time{}},
		{"a lock that ended on joining", Standing{Level: "bronze", Since: begun, Lock: begun}, nil, false, time.Time{}, time.Time{}},
		{"other requirements", first, nil, false, now.Add(-time.Hour), now.Add(-time.Hour)},
		{"other requirements before joining", first, nil, false, begun.Add(-1), time.Time{}},
		{"other requirements later", first, nil, false, now.Add(1), time.Time{}},
		{"other requirements after a lock", Standing{Level: "bronze", Since: begun, Lock: now.Add(-2)}, nil, false, now.Add(-1), now.Add(-1)},
	} {
		p := bySpend(t, func(t *Tiers) {
			t.KeepFor, t.Minimums = Period{Months: 1}, []Minimum{{"silver", "vip"}}
			t.Refresh = Refresh{At: c.refresh, Mode: FullRefresh}
		})
		acc := joined(t, p, begun)
		if acc.Tier, acc.Past = c.tier, c.past; c.vip {
			acc.Traits.Segments = []string{"vip"}
		}
		if got := p.lastDecided(acc, now); !got.Equal(c.want) {
			t.Errorf("%s: until %s, want %s", c.name, got, c.want)
		}
	}
}

func TestAccountThatMayClimbSinceAnEvent(t *testing.T) {
	rolling := func(t *Tiers) { t.Months, t.KeepFor = 1, Period{Months: 1} }
	year := func(up MoveUp) func(*Tiers) {
		return func(t *Tiers) { t.Calendar, t.KeepYear, t.MoveUp = true, 2, up }
	}
	for _, c := range []struct {
		name    string
		tiers   func(*Tiers)
		metrics []Metric
		now     string // the event was on 1 November 2026
		edit    func(*Account)
		want    bool
	}{
		{"enough now", year(AtOnce), []Metric{{Month: 202611, Spend: 500_00}}, "2026-12-01T11:00:00Z", nil, true},
		{"too little", year(AtOnce), []Metric{{Month: 202611, Spend: 499_99}}, "2026-12-01T11:00:00Z", nil, false},
		{"on that level already", year(AtOnce), []Metric{{Month: 202611, Spend: 500_00}}, "2026-12-01T11:00:00Z", func(a *Account) {
			a.Tier.Level = "silver"
		}, false},
		{"on that minimum level", year(AtOnce), []Metric{{Month: 202611, Spend: 500_00}}, "2026-12-01T11:00:00Z", func(a *Account) {
			a.Tier.Minimum = "silver"
		}, false},
		{"enough in the period that ended", year(AtOnce), []Metric{{Month: 202611, Spend: 500_00}}, "2027-01-01T11:00:00Z", nil, true},
		{"enough, but not before the period ends", year(NextPeriod), []Metric{{Month: 202611, Spend: 500_00}}, "2026-12-01T11:00:00Z", nil, false},
		{"enough, and the period ended", year(NextPeriod), []Metric{{Month: 202611, Spend: 500_00}}, "2027-01-01T11:00:00Z", nil, true},
		{"locked", year(AtOnce), []Metric{{Month: 202611, Spend: 500_00}}, "2026-12-01T11:00:00Z", func(a *Account) {
			a.Tier.Lock = noon.Add(1)
		}, false},
		{"a lock that ends", year(AtOnce), []Metric{{Month: 202611, Spend: 500_00}}, "2026-12-01T11:00:00Z", func(a *Account) {
			a.Tier.Lock = noon
		}, true},
		{"levels that a refund does not withdraw", func(t *Tiers) {
			year(AtOnce)(t)
			t.KeepOnRefund = true
		}, nil, "2026-12-01T11:00:00Z", nil, true},
		{"a month that was merged", rolling, []Metric{{Spend: 500_00}, {Month: 202612, Spend: 1}}, "2026-12-01T11:00:00Z", func(a *Account) {
			a.Counted = noon
		}, true},
		{"months that are stored", rolling, []Metric{{Month: 202611, Spend: 1}}, "2026-11-20T11:00:00Z", nil, false},
	} {
		p := bySpend(t, c.tiers)
		acc := joined(t, p, noon.AddDate(-1, 0, 0))
		if acc.Metrics = c.metrics; c.edit != nil {
			c.edit(&acc)
		}
		if got := p.climbsSince(acc, instant(t, "2026-11-01T12:00:00Z"), instant(t, c.now)); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

// Decisions since an instant are open if the levels were decided since, or if what counts may reach a higher one.
func TestDecisionsThatDependOnAnEvent(t *testing.T) {
	p := bySpend(t, func(t *Tiers) { t.Calendar, t.KeepYear = true, 2 })
	was := joined(t, p, noon.AddDate(-1, 0, 0))
	was.Counted = noon
	was.Metrics = []Metric{{Month: 202612, Spend: 100_00}}
	decided := was
	decided.Tier = Standing{Level: "silver", Since: noon, Until: noon.AddDate(2, 0, 0)}
	rich := []Metric{{Month: 202612, Spend: 600_00}}
	for _, c := range []struct {
		name    string
		was     Account
		metrics []Metric
		at      time.Time
		open    bool
		depends bool
	}{
		{"levels decided before", decided, rich, noon.Add(1), false, false},
		{"levels decided at that instant", decided, rich, noon, true, true},
		{"nothing else counted since", was, rich, noon.Add(1), false, false},
		{"something else counted since", was, rich, noon, true, true},
		{"too little counts", was, []Metric{{Month: 202612, Spend: 200_00}}, noon, false, false},
		{"nothing changed", decided, was.Metrics, noon, true, false},
	} {
		acc := c.was
		acc.Metrics = c.metrics
		d := p.decide(acc, noon.Add(time.Hour))
		if got := d.openSince(c.at, c.was); got != c.open {
			t.Errorf("%s: open %t", c.name, got)
		}
		if got := d.unsettled(c.at, c.was); got != c.depends {
			t.Errorf("%s: unsettled %t", c.name, got)
		}
	}
	none := made(t, func(p *Program) { p.Tiers = Tiers{KeepOnRefund: true} })
	if none.decide(was, noon.Add(time.Hour)).openSince(noon, was) {
		t.Error("a program without levels has open decisions")
	}
}

// Several events together may count as much as before. Levels then still depend on them, if decisions since are open.
func TestSeveralEventsAtOnce(t *testing.T) {
	p := twoLadders(t, func(l *TierGroup) { l.Tiers.Months = 0 })
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
		acc.Metrics = []Metric{{Month: 202612, Spend: c.spend}}
		acc.TierGroups = []TierGroupStanding{{
			TierGroup: "partner", Tier: Standing{Level: "guest", Since: acc.Joined},
			Metrics: []Metric{{Month: 202612, Visits: c.visits}},
		}}
		d := p.decide(acc, at.Add(time.Hour))
		if err := d.climb(acc, []time.Time{at, at.Add(time.Minute)}[:c.events]...); err != nil {
			t.Fatal(err)
		}
		if got := !d.Needs.IsZero(); got != c.needs || got && !d.Needs.Since.Equal(at) {
			t.Errorf("%s: it needs %+v", c.name, d.Needs)
		}
	}
}

func TestEndOfThePeriodAtWhichAMemberMovesUp(t *testing.T) {
	next := func(t *Tiers) { t.Window, t.KeepPeriods, t.MoveUp = Window{CycleWindow, 1, 101}, 1, NextPeriod }
	end := "2026-11-30T23:00:00Z"
	for _, c := range []struct {
		name    string
		tiers   func(*Tiers)
		metrics []Metric
		edit    func(*Standing)
		want    string
	}{
		{"enough", next, []Metric{{Month: 202611, Spend: 500_00}}, nil, end},
		{"too little", next, []Metric{{Month: 202611, Spend: 499_99}}, nil, ""},
		{"nothing", next, nil, nil, ""},
		{"merged months alone", next, []Metric{{Spend: 500_00}}, nil, ""},
		{"only the last month moves", next, []Metric{{Month: 202610, Spend: 500_00}, {Month: 202611, Spend: 1}}, nil, ""},
		{"at once", func(t *Tiers) {
			next(t)
			t.MoveUp, t.KeepPeriods = AtOnce, 2
		}, []Metric{{Month: 202611, Spend: 500_00}}, nil, ""},
		{"on that level already", next, []Metric{{Month: 202611, Spend: 500_00}}, func(s *Standing) { s.Level = "silver" }, ""},
		{"a standing since that instant", next, []Metric{{Month: 202611, Spend: 500_00}}, func(s *Standing) {
			s.Since = instantOf(end)
		}, ""},
		{"a standing since just before", next, []Metric{{Month: 202611, Spend: 500_00}}, func(s *Standing) {
			s.Since = instantOf(end).Add(-1)
		}, end},
		{"a lock until that instant", next, []Metric{{Month: 202611, Spend: 500_00}}, func(s *Standing) { s.Lock = instantOf(end) }, end},
		{"a longer lock", next, []Metric{{Month: 202611, Spend: 500_00}}, func(s *Standing) { s.Lock = instantOf(end).Add(1) }, ""},
	} {
		p := bySpend(t, c.tiers)
		acc := joined(t, p, instant(t, "2026-01-10T12:00:00Z"))
		if acc.Metrics = c.metrics; c.edit != nil {
			c.edit(&acc.Tier)
		}
		var want time.Time
		if c.want != "" {
			want = instant(t, c.want)
		}
		if got := p.riseAt(acc); !got.Equal(want) {
			t.Errorf("%s: %s, want %s", c.name, got, want)
		}
	}
}

// A member moves up at the end of a lock, unless the account was processed since.
func TestMoveAtTheEndOfALock(t *testing.T) {
	lock := noon
	for _, c := range []struct {
		name  string
		up    MoveUp
		spend int64
		edit  func(*Account)
		due   bool
		level string
	}{
		{"enough", AtOnce, 500_00, nil, true, "silver"},
		{"too little", AtOnce, 499_99, nil, false, "bronze"},
		{"enough in a period that has not ended", NextPeriod, 500_00, nil, false, "bronze"},
		{"processed at that instant", AtOnce, 500_00, func(a *Account) { a.Seen = lock }, false, "bronze"},
		{"processed just before", AtOnce, 500_00, func(a *Account) { a.Seen = lock.Add(-1) }, true, "silver"},
		{"a minimum level", AtOnce, 0, func(a *Account) { a.Traits.Segments = []string{"vip"} }, true, "gold"},
		{"a minimum level above what was reached", AtOnce, 500_00, func(a *Account) { a.Traits.Segments = []string{"vip"} }, true, "gold"},
		{"a level above the minimum", AtOnce, 5000_00, func(a *Account) { a.Traits.Segments = []string{"vip"} }, true, "black"},
	} {
		p := bySpend(t, func(t *Tiers) {
			t.Calendar, t.KeepYear, t.MoveUp, t.Minimums = true, 2, c.up, []Minimum{{"gold", "vip"}}
		})
		acc := joined(t, p, noon.AddDate(-1, 0, 0))
		acc.Tier = Standing{Level: "bronze", Since: noon.AddDate(0, -1, 0), Until: lock, Lock: lock}
		acc.Metrics = []Metric{{Month: 202611, Spend: c.spend}}
		acc.Seen = noon.AddDate(0, 0, -1)
		if c.edit != nil {
			c.edit(&acc)
		}
		if got := p.unlockAt(acc); got.Equal(lock) != c.due || !c.due && !got.IsZero() {
			t.Errorf("%s: due at %s", c.name, got)
		}
		d := p.decide(acc, lock)
		if err := d.unlockTier(lock); err != nil {
			t.Fatal(err)
		}
		if got := d.Account.Tier.Level; got != c.level {
			t.Errorf("%s: the level is %s, want %s", c.name, got, c.level)
		}
		d = p.decide(acc, lock.Add(-1))
		if err := d.unlockTier(lock.Add(-1)); err != nil || len(d.Entries) > 0 {
			t.Errorf("%s: before its end the lock leads to %+v, %v", c.name, d.Entries, err)
		}
	}
}

func TestReviewOfAStandingThatEnds(t *testing.T) {
	rolling := func(t *Tiers) {
		t.Months, t.KeepFor, t.Minimums = 1, Period{Months: 3}, []Minimum{{"silver", "staff"}, {"gold", "vip"}}
	}
	until := instant(t, "2026-12-10T11:00:00Z")
	metric := func(month int, spend int64) []Metric { return []Metric{{Month: month, Spend: spend}} }
	for _, c := range []struct {
		name     string
		tier     Standing
		metrics  []Metric
		segment  string
		level    string
		until    string
		reviewed bool
	}{
		{"qualified again", Standing{Level: "silver"}, metric(202612, 500_00), "", "silver", "2027-03-10T11:00:00Z", true},
		{"not qualified", Standing{Level: "gold"}, metric(202612, 500_00), "", "silver", "2027-03-10T11:00:00Z", true},
		{"nothing", Standing{Level: "gold"}, nil, "", "bronze", "", true},
		{"the minimum level", Standing{Level: "gold"}, nil, "vip", "gold", "", true},
		{"down to the minimum level", Standing{Level: "gold"}, nil, "staff", "silver", "", true},
		{"below the minimum level", Standing{Level: "bronze", Lock: until}, nil, "staff", "silver", "", true},
		{"more than its level", Standing{Level: "silver", Lock: until}, metric(202612, 2000_00), "", "gold", "2027-03-10T11:00:00Z", true},
		{"more than its level and its minimum", Standing{Level: "bronze", Lock: until}, metric(202612, 2000_00), "staff", "gold", "2027-03-10T11:00:00Z", true},
		{"reached in a month under a manual level", Standing{Level: "gold", Given: true}, metric(202610, 2000_00), "", "gold", "2027-01-31T22:59:59.999Z", true},
		{"reached under a manual level that is the minimum", Standing{Level: "gold", Given: true}, metric(202610, 2000_00), "vip", "gold", "", true},
	} {
		p := bySpend(t, rolling)
		acc := joined(t, p, noon.AddDate(-1, 0, 0))
		acc.Tier, acc.Metrics = c.tier, c.metrics
		acc.Tier.Since, acc.Tier.Until, acc.Seen = instant(t, "2026-09-10T11:00:00Z"), until, until
		if c.segment != "" {
			acc.Traits.Segments = []string{c.segment}
		}
		d := p.decide(acc, until.Add(-1))
		if err := d.reviewTier(until.Add(-1)); err != nil || len(d.Entries) > 0 {
			t.Errorf("%s: before its end the review leads to %+v, %v", c.name, d.Entries, err)
		}
		d = p.decide(acc, until)
		if err := d.reviewTier(until); err != nil {
			t.Fatal(err)
		}
		var want time.Time
		if c.until != "" {
			want = instant(t, c.until)
		}
		if got := d.Account.Tier; got.Level != c.level || !got.Until.Equal(want) || got.Given || len(d.Entries) == 0 {
			t.Errorf("%s: %s until %s, want %s until %s", c.name, got.Level, got.Until, c.level, want)
		}
	}
}

// A change requires a decision about levels unless nothing changed, or everything fell and members keep their levels.
func TestChangesThatLevelsDependOn(t *testing.T) {
	was := Account{
		Metrics: []Metric{{Month: 202611, Points: 5, Orders: 5, Spend: 5, QualifyingItems: 5, Visits: 5}},
		Brands:  []Bought{{202611, "east", 1}},
	}
	for _, c := range []struct {
		name       string
		edit       func(*Account)
		keep, want bool // with and without KeepOnRefund
	}{
		{"nothing", func(*Account) {}, false, false},
		{"more points", func(a *Account) { a.Metrics[0].Points++ }, true, true},
		{"fewer points", func(a *Account) { a.Metrics[0].Points-- }, false, true},
		{"fewer orders", func(a *Account) { a.Metrics[0].Orders-- }, false, true},
		{"less spend", func(a *Account) { a.Metrics[0].Spend-- }, false, true},
		{"fewer items", func(a *Account) { a.Metrics[0].QualifyingItems-- }, false, true},
		{"fewer visits", func(a *Account) { a.Metrics[0].Visits-- }, false, true},
		{"more of one and less of another", func(a *Account) { a.Metrics[0].Visits, a.Metrics[0].Spend = 4, 6 }, false, true},
		{"a brand more", func(a *Account) { a.Brands = append(a.Brands, Bought{202611, "west", 1}) }, true, true},
		{"a brand less", func(a *Account) { a.Brands = nil }, false, true},
		{"the same in another month", func(a *Account) { a.Metrics[0].Month = 202612 }, true, true},
	} {
		is := was
		is.Metrics, is.Brands = slices.Clone(was.Metrics), slices.Clone(was.Brands)
		c.edit(&is)
		for _, keep := range []bool{false, true} {
			p := bySpend(t, func(t *Tiers) { t.KeepFor, t.KeepOnRefund = Period{Months: 1}, keep })
			want := c.want
			if keep {
				want = c.keep
			}
			if got := p.decides(was, is); got != want {
				t.Errorf("%s, kept on refund %t: %t", c.name, keep, got)
			}
		}
		if none := (&Program{}); none.decides(was, is) {
			t.Errorf("%s: a program without levels decides", c.name)
		}
	}
}
