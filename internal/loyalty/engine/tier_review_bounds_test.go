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

func TestEndOfThePeriodAtWhichAMemberMovesUp(t *testing.T) {
	next := func(t *loyalty.Tiers) {
		t.Window, t.KeepPeriods, t.MoveUp = loyalty.Window{
			Kind: loyalty.CycleWindow, Months: 1, From: 101,
		}, 1, loyalty.NextPeriod
	}
	end := "2026-11-30T23:00:00Z"
	for _, c := range []struct {
		name    string
		tiers   func(*loyalty.Tiers)
		metrics []loyalty.Metric
		edit    func(*loyalty.Standing)
		want    string
	}{
		{"enough", next, []loyalty.Metric{{Month: 202611, Spend: 500_00}}, nil, end},
		{"too little", next, []loyalty.Metric{{Month: 202611, Spend: 499_99}}, nil, ""},
		{"nothing", next, nil, nil, ""},
		{"merged months alone", next, []loyalty.Metric{{Spend: 500_00}}, nil, ""},
		{
			"only the last month moves", next,
			[]loyalty.Metric{{Month: 202610, Spend: 500_00}, {Month: 202611, Spend: 1}},
			nil, "",
		},
		{"at once", func(t *loyalty.Tiers) {
			next(t)
			t.MoveUp, t.KeepPeriods = loyalty.AtOnce, 2
		}, []loyalty.Metric{{Month: 202611, Spend: 500_00}}, nil, ""},
		{
			"on that level already", next,
			[]loyalty.Metric{{Month: 202611, Spend: 500_00}},
			func(s *loyalty.Standing) { s.Level = "silver" }, "",
		},
		{
			"a standing since that instant", next,
			[]loyalty.Metric{{Month: 202611, Spend: 500_00}},
			func(s *loyalty.Standing) {
				s.Since = instantOf(end)
			}, "",
		},
		{
			"a standing since just before", next,
			[]loyalty.Metric{{Month: 202611, Spend: 500_00}},
			func(s *loyalty.Standing) {
				s.Since = instantOf(end).Add(-1)
			}, end,
		},
		{
			"a lock until that instant", next,
			[]loyalty.Metric{{Month: 202611, Spend: 500_00}},
			func(s *loyalty.Standing) { s.Lock = instantOf(end) }, end,
		},
		{
			"a longer lock", next,
			[]loyalty.Metric{{Month: 202611, Spend: 500_00}},
			func(s *loyalty.Standing) { s.Lock = instantOf(end).Add(1) }, "",
		},
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
		if got := tier.Of(p).RiseAt(acc); !got.Equal(want) {
			t.Errorf("%s: %s, want %s", c.name, got, want)
		}
	}
}

// A member moves up at the end of a lock, unless the account was processed since.
func TestMoveAtTheEndOfALock(t *testing.T) {
	lock := noon
	for _, c := range []struct {
		name  string
		up    loyalty.MoveUp
		spend int64
		edit  func(*loyalty.Account)
		due   bool
		level string
	}{
		{"enough", loyalty.AtOnce, 500_00, nil, true, "silver"},
		{"too little", loyalty.AtOnce, 499_99, nil, false, "bronze"},
		{"enough in a period that has not ended", loyalty.NextPeriod, 500_00, nil, false, "bronze"},
		{
			"processed at that instant", loyalty.AtOnce, 500_00, func(a *loyalty.Account) { a.Seen = lock }, false,
			"bronze",
		},
		{
			"processed just before", loyalty.AtOnce, 500_00, func(a *loyalty.Account) { a.Seen = lock.Add(-1) }, true,
			"silver",
		},
		{
			"a minimum level", loyalty.AtOnce, 0, func(a *loyalty.Account) { a.Traits.Segments = []string{"vip"} },
			true, "gold",
		},
		{
			"a minimum level above what was reached", loyalty.AtOnce, 500_00,
			func(a *loyalty.Account) { a.Traits.Segments = []string{"vip"} }, true, "gold",
		},
		{
			"a level above the minimum", loyalty.AtOnce, 5000_00,
			func(a *loyalty.Account) { a.Traits.Segments = []string{"vip"} }, true, "black",
		},
	} {
		p := bySpend(t, func(t *loyalty.Tiers) {
			t.Calendar, t.KeepYear, t.MoveUp, t.Minimums = true, 2, c.up, []loyalty.Minimum{
				{Level: "gold", Segment: "vip"},
			}
		})
		acc := joined(t, p, noon.AddDate(-1, 0, 0))
		acc.Tier = loyalty.Standing{Level: "bronze", Since: noon.AddDate(0, -1, 0), Until: lock, Lock: lock}
		acc.Metrics = []loyalty.Metric{{Month: 202611, Spend: c.spend}}
		acc.Seen = noon.AddDate(0, 0, -1)
		if c.edit != nil {
			c.edit(&acc)
		}
		if got := tier.Of(p).UnlockAt(acc); got.Equal(lock) != c.due || !c.due && !got.IsZero() {
			t.Errorf("%s: due at %s", c.name, got)
		}
		d := posting.Decide(p, acc, lock)
		if err := tier.UnlockTier(d, lock); err != nil {
			t.Fatal(err)
		}
		if got := d.Account.Tier.Level; got != c.level {
			t.Errorf("%s: the level is %s, want %s", c.name, got, c.level)
		}
		d = posting.Decide(p, acc, lock.Add(-1))
		if err := tier.UnlockTier(d, lock.Add(-1)); err != nil || len(d.Entries) > 0 {
			t.Errorf("%s: before its end the lock leads to %+v, %v", c.name, d.Entries, err)
		}
	}
}

func TestReviewOfAStandingThatEnds(t *testing.T) {
	rolling := func(t *loyalty.Tiers) {
		t.Months, t.KeepFor, t.Minimums = 1, calendar.Period{Months: 3}, []loyalty.Minimum{
			{Level: "silver", Segment: "staff"}, {Level: "gold", Segment: "vip"},
		}
	}
	until := instant(t, "2026-12-10T11:00:00Z")
	metric := func(month int, spend int64) []loyalty.Metric { return []loyalty.Metric{{Month: month, Spend: spend}} }
	for _, c := range []struct {
		name     string
		tier     loyalty.Standing
		metrics  []loyalty.Metric
		segment  string
		level    string
		until    string
		reviewed bool
	}{
		{
			"qualified again",
			loyalty.Standing{Level: "silver"},
			metric(202612, 500_00), "", "silver",
			"2027-03-10T11:00:00Z", true,
		},
		{
			"not qualified",
			loyalty.Standing{Level: "gold"},
			metric(202612, 500_00), "", "silver",
			"2027-03-10T11:00:00Z", true,
		},
		{"nothing", loyalty.Standing{Level: "gold"}, nil, "", "bronze", "", true},
		{"the minimum level", loyalty.Standing{Level: "gold"}, nil, "vip", "gold", "", true},
		{"down to the minimum level", loyalty.Standing{Level: "gold"}, nil, "staff", "silver", "", true},
		{"below the minimum level", loyalty.Standing{Level: "bronze", Lock: until}, nil, "staff", "silver", "", true},
		{
			"more than its level",
			loyalty.Standing{Level: "silver", Lock: until},
			metric(202612, 2000_00), "", "gold",
			"2027-03-10T11:00:00Z", true,
		},
		{
			"more than its level and its minimum",
			loyalty.Standing{Level: "bronze", Lock: until},
			metric(202612, 2000_00), "staff", "gold", "2027-03-10T11:00:00Z", true,
		},
		{
			"reached in a month under a manual level",
			loyalty.Standing{Level: "gold", Given: true},
			metric(202610, 2000_00), "", "gold", "2027-01-31T22:59:59.999Z", true,
		},
		{
			"reached under a manual level that is the minimum",
			loyalty.Standing{Level: "gold", Given: true},
			metric(202610, 2000_00), "vip", "gold", "", true,
		},
	} {
		p := bySpend(t, rolling)
		acc := joined(t, p, noon.AddDate(-1, 0, 0))
		acc.Tier, acc.Metrics = c.tier, c.metrics
		acc.Tier.Since, acc.Tier.Until, acc.Seen = instant(t, "2026-09-10T11:00:00Z"), until, until
		if c.segment != "" {
			acc.Traits.Segments = []string{c.segment}
		}
		d := posting.Decide(p, acc, until.Add(-1))
		if err := tier.ReviewTier(d, until.Add(-1)); err != nil || len(d.Entries) > 0 {
			t.Errorf("%s: before its end the review leads to %+v, %v", c.name, d.Entries, err)
		}
		d = posting.Decide(p, acc, until)
		if err := tier.ReviewTier(d, until); err != nil {
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

// A change requires a decision about levels unless no amounts changed, or all of them decreased and members keep their
// levels.
func TestChangesThatLevelsDependOn(t *testing.T) {
	was := loyalty.Account{
		Metrics: []loyalty.Metric{{Month: 202611, Points: 5, Orders: 5, Spend: 5, QualifyingItems: 5, Visits: 5}},
		Brands:  []loyalty.Bought{{Month: 202611, Brand: "east", N: 1}},
	}
	for _, c := range []struct {
		name       string
		edit       func(*loyalty.Account)
		keep, want bool // with and without KeepOnRefund
	}{
		{"nothing", func(*loyalty.Account) {}, false, false},
		{"more points", func(a *loyalty.Account) { a.Metrics[0].Points++ }, true, true},
		{"fewer points", func(a *loyalty.Account) { a.Metrics[0].Points-- }, false, true},
		{"fewer orders", func(a *loyalty.Account) { a.Metrics[0].Orders-- }, false, true},
		{"less spend", func(a *loyalty.Account) { a.Metrics[0].Spend-- }, false, true},
		{"fewer items", func(a *loyalty.Account) { a.Metrics[0].QualifyingItems-- }, false, true},
		{"fewer visits", func(a *loyalty.Account) { a.Metrics[0].Visits-- }, false, true},
		{
			"more of one and less of another",
			func(a *loyalty.Account) { a.Metrics[0].Visits, a.Metrics[0].Spend = 4, 6 }, false, true,
		},
		{"a brand more", func(a *loyalty.Account) {
			a.Brands = append(a.Brands, loyalty.Bought{Month: 202611, Brand: "west", N: 1})
		}, true, true},
		{"a brand less", func(a *loyalty.Account) { a.Brands = nil }, false, true},
		{"the same in another month", func(a *loyalty.Account) { a.Metrics[0].Month = 202612 }, true, true},
	} {
		is := was
		is.Metrics, is.Brands = slices.Clone(was.Metrics), slices.Clone(was.Brands)
		c.edit(&is)
		for _, keep := range []bool{false, true} {
			p := bySpend(t, func(t *loyalty.Tiers) { t.KeepFor, t.KeepOnRefund = calendar.Period{Months: 1}, keep })
			want := c.want
			if keep {
				want = c.keep
			}
			if got := tier.Of(p).Decides(was, is); got != want {
				t.Errorf("%s, kept on refund %t: %t", c.name, keep, got)
			}
		}
		if none := (&loyalty.Program{}); tier.Of(none).Decides(was, is) {
			t.Errorf("%s: a program without levels decides", c.name)
		}
	}
}
