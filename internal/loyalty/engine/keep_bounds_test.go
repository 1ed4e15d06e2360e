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

// These functions set different windows, and ways to keep a level.
func calendarYears(t *loyalty.Tiers) {
	t.Calendar, t.KeepYear, t.ExtendedBy = true, 2, calendar.Period{Months: 1}
}

func calendarMonths(t *loyalty.Tiers) {
	t.Window, t.KeepPeriods = loyalty.Window{Kind: loyalty.CycleWindow, Months: 1, From: 101}, 2
}
func rollingMonths(t *loyalty.Tiers) { t.Months, t.KeepFor = 12, calendar.Period{Months: 6} }

func TestEndOfTheLastPeriodOfAStanding(t *testing.T) {
	longExtension := func(t *loyalty.Tiers) {
		calendarMonths(t)
		t.ExtendedBy = calendar.Period{Months: 3}
	}
	for _, c := range []struct {
		name        string
		tiers       func(*loyalty.Tiers)
		until, want string
	}{
		{"the end of the extension", calendarYears, "2027-01-31T23:00:00Z", "2026-12-31T23:00:00Z"},
		{"after the extension, so set manually", calendarYears, "2027-02-14T12:00:00Z", "2027-02-14T12:00:00Z"},
		{"within the extension, so set manually", calendarYears, "2027-01-09T12:00:00Z", "2027-01-09T12:00:00Z"},
		{"an extension longer than a period", longExtension, "2027-03-31T22:00:00Z", "2026-12-31T23:00:00Z"},
		{"no extension", calendarMonths, "2027-03-31T22:00:00Z", "2027-03-31T22:00:00Z"},
		{"levels that are not kept by periods", func(t *loyalty.Tiers) {
			t.Months, t.KeepFor, t.ExtendedBy = 12, calendar.Period{Months: 6}, calendar.Period{Months: 1}
		}, "2027-01-31T23:00:00Z", "2027-01-31T23:00:00Z"},
	} {
		p := bySpend(t, c.tiers)
		acc := joined(t, p, noon)
		got := tier.Of(p).PeriodCloses(acc, loyalty.Standing{Level: "silver", Since: noon, Until: instant(t, c.until)})
		if want := instant(t, c.want); !got.Equal(want) {
			t.Errorf("%s: a standing until %s closes at %s, want %s", c.name, c.until, got, want)
		}
	}
}

func TestLastInstantOfABucket(t *testing.T) {
	window := func(w loyalty.Window, up loyalty.MoveUp) func(*loyalty.Tiers) {
		return func(t *loyalty.Tiers) { t.Window, t.KeepPeriods, t.MoveUp = w, 1, up }
	}
	toLevel := func(t *loyalty.Tiers) {
		t.Months, t.Window, t.KeepFor = 12, loyalty.Window{Kind: loyalty.LevelWindow}, calendar.Period{Months: 6}
	}
	lifetime := func(t *loyalty.Tiers) { t.KeepFor = calendar.Period{Months: 6} }
	for _, c := range []struct {
		name        string
		tiers       func(*loyalty.Tiers)
		bucket      int
		last, since string // since is empty if it is the same instant
	}{
		{"a month of a rolling window", rollingMonths, 202602, "2026-02-28T22:59:59.999Z", ""},
		{"merged months", rollingMonths, 0, "", ""},
		{"a month without a window", lifetime, 202602, "", ""},
		{"a window that begins with the level", toLevel, int(noon.UnixMilli()), "", ""},
		{"a month of a calendar year", calendarYears, 202602, "2026-02-28T22:59:59.999Z", ""},
		{
			"a quarter from the 17th",
			window(loyalty.Window{Kind: loyalty.CycleWindow, Months: 3, From: 117}, loyalty.AtOnce), 20260117,
			"2026-04-16T21:59:59.999Z", "",
		},
		{
			"a month of another version, in which a period ends",
			window(loyalty.Window{Kind: loyalty.CycleWindow, Months: 1, From: 117}, loyalty.AtOnce), 202602,
			"2026-02-16T22:59:59.999Z", "",
		},
		{
			"levels from the next quarter on",
			window(loyalty.Window{Kind: loyalty.CycleWindow, Months: 3, From: 101}, loyalty.NextPeriod), 202602,
			"2026-02-28T22:59:59.999Z", "2026-03-31T22:00:00Z",
		},
	} {
		p := bySpend(t, c.tiers)
		var want [2]time.Time
		if c.last != "" {
			want = [2]time.Time{instant(t, c.last), instant(t, c.last)}
		}
		if c.since != "" {
			want[1] = instant(t, c.since)
		}
		last, since := tier.Of(p).BucketEnds(joined(t, p, noon), c.bucket)
		if !last.Equal(want[0]) || !since.Equal(want[1]) {
			t.Errorf("%s: it ends at %s, and counts from %s; want %s and %s", c.name, last, since, want[0], want[1])
		}
	}
}

func TestHowLongALevelIsKept(t *testing.T) {
	keep := func(edit func(*loyalty.Tiers)) func(*loyalty.Tiers) { return edit }
	for _, c := range []struct {
		name     string
		tiers    func(*loyalty.Tiers)
		at       string
		n        int
		want     string
		reviewed string
	}{
		{"members never move down", keep(func(t *loyalty.Tiers) {
			calendarYears(t)
			t.MoveDown = loyalty.StayUp
		}), "2026-06-01T12:00:00Z", 2, "", ""},
		{"no time to keep a level", keep(func(*loyalty.Tiers) {}), "2026-06-01T12:00:00Z", 0, "", ""},
		{"two years and the extension", calendarYears, "2026-06-01T12:00:00Z", 2, "2028-01-31T23:00:00Z", ""},
		{"one year and the extension", calendarYears, "2026-06-01T12:00:00Z", 1, "2027-01-31T23:00:00Z", ""},
		{"the last instant of a year", calendarYears, "2026-12-31T22:59:59.999Z", 1, "2027-01-31T23:00:00Z", ""},
		{"the first instant of a year", calendarYears, "2026-12-31T23:00:00Z", 1, "2028-01-31T23:00:00Z", ""},
		{"two months", calendarMonths, "2026-06-01T12:00:00Z", 2, "2026-07-31T22:00:00Z", ""},
		{"a length of time has no extension", keep(func(t *loyalty.Tiers) {
			rollingMonths(t)
			t.ExtendedBy, t.Grace = calendar.Period{Months: 1}, calendar.Period{Days: 10}
		}), "2026-06-01T12:00:00Z", 0, "2026-12-01T13:00:00Z", "2026-12-11T13:00:00Z"},
	} {
		p := bySpend(t, c.tiers)
		acc := joined(t, p, noon)
		var want, review time.Time
		if c.want != "" {
			want = instant(t, c.want)
			review = want
		}
		if c.reviewed != "" {
			review = instant(t, c.reviewed)
		}
		if got := tier.Of(p).RetainedFrom(acc, instant(t, c.at), c.n); !got.Equal(want) {
			t.Errorf("%s: kept until %s, want %s", c.name, got, want)
		}
		if got := posting.ReviewAt(
			&p.Tiers, p.Zone, loyalty.Standing{Level: "silver", Until: want},
		); !got.Equal(review) {
			t.Errorf("%s: reviewed at %s, want %s", c.name, got, review)
		}
	}
}

// A program in which members never move down reviews only a standing whose lock ends.
func TestReviewWhereMembersNeverMoveDown(t *testing.T) {
	p := bySpend(t, func(t *loyalty.Tiers) { t.KeepFor, t.MoveDown = calendar.Period{Months: 6}, loyalty.StayUp })
	for lock, want := range map[time.Time]time.Time{{}: {}, noon: noon, noon.Add(-1): {}} {
		if got := posting.ReviewAt(
			&p.Tiers, p.Zone, loyalty.Standing{Level: "silver", Until: noon, Lock: lock},
		); !got.Equal(want) {
			t.Errorf("locked until %s: reviewed at %s, want %s", lock, got, want)
		}
	}
}

func TestStandingThatIsRenewed(t *testing.T) {
	days := func(t *loyalty.Tiers) { t.Months, t.KeepFor = 12, calendar.Period{Days: 30} }
	month := func(t *loyalty.Tiers) { t.Months, t.KeepFor = 12, calendar.Period{Months: 1} }
	periods := func(t *loyalty.Tiers) {
		calendarMonths(t)
		t.KeepFor = calendar.Period{Months: 1}
	}
	for _, c := range []struct {
		name         string
		tiers        func(*loyalty.Tiers)
		closes, want string
	}{
		{"the first time", month, "2026-02-28T12:00:00Z", "2026-03-31T11:00:00Z"},
		{"the second time", month, "2026-03-31T11:00:00Z", "2026-04-30T11:00:00Z"},
		{"after an end that was set manually", month, "2026-03-30T11:00:00Z", "2026-04-30T11:00:00Z"},
		{"after a manual end in a short month", month, "2026-02-27T12:00:00Z", "2026-03-27T12:00:00Z"},
		{"for days", days, "2026-03-02T12:00:00Z", "2026-04-01T11:00:00Z"},
		{"by periods, which do not depend on its beginning", periods, "2026-02-27T12:00:00Z", "2026-02-28T23:00:00Z"},
	} {
		p := bySpend(t, c.tiers)
		acc := joined(t, p, noon)
		s := loyalty.Standing{Level: "silver", Since: instant(t, "2026-01-31T12:00:00Z")}
		if got := tier.Of(p).RetainedOn(acc, s, instant(t, c.closes)); !got.Equal(instant(t, c.want)) {
			t.Errorf("%s: it is kept until %s, want %s", c.name, got, c.want)
		}
	}
}

func TestPeriodsThatAReviewConsiders(t *testing.T) {
	year := func(keep int, up loyalty.MoveUp) func(*loyalty.Tiers) {
		return func(t *loyalty.Tiers) { t.Calendar, t.KeepYear, t.MoveUp = true, keep, up }
	}
	for _, c := range []struct {
		name      string
		tiers     func(*loyalty.Tiers)
		until, at string
		want      []string // in addition to the instant of the review
	}{
		{"no periods", rollingMonths, "2026-12-31T23:00:00Z", "2028-06-01T00:00:00Z", nil},
		{"a level that is not lost", year(2, loyalty.AtOnce), "", "2028-06-01T00:00:00Z", nil},
		{
			"the period that ended, and the next", year(2, loyalty.AtOnce), "2026-12-31T23:00:00Z",
			"2028-06-01T00:00:00Z",
			[]string{"2026-12-31T22:59:59.999999999Z", "2027-12-31T22:59:59.999999999Z"},
		},
		{
			"until their very end", year(2, loyalty.AtOnce), "2026-12-31T23:00:00Z", "2026-12-31T23:00:00Z",
			[]string{"2026-12-31T22:59:59.999999999Z"},
		},
		{
			"not the period in which the level was reached", year(1, loyalty.AtOnce), "2026-12-31T23:00:00Z",
			"2028-06-01T00:00:00Z",
			[]string{"2027-12-31T22:59:59.999999999Z"},
		},
		{
			"that period if the level began with the next", year(1, loyalty.NextPeriod), "2026-12-31T23:00:00Z",
			"2026-12-31T23:00:00Z",
			[]string{"2026-12-31T22:59:59.999999999Z"},
		},
	} {
		p := bySpend(t, c.tiers)
		acc := joined(t, p, noon)
		acc.Tier = loyalty.Standing{Level: "silver", Since: noon}
		if c.until != "" {
			acc.Tier.Until = instant(t, c.until)
		}
		want := []time.Time{instant(t, c.at)}
		for _, at := range c.want {
			want = append(want, instant(t, at))
		}
		if got := tier.Of(p).Reviewed(acc, want[0]); !slices.EqualFunc(got, want, time.Time.Equal) {
			t.Errorf("%s: %s, want %s", c.name, got, want)
		}
	}
}

// A level that a member reached under a manually set level counts at the end of that level, if it would still be valid.
func TestLevelThatWasReachedUnderAManualOne(t *testing.T) {
	month := func(t *loyalty.Tiers) {
		t.Months, t.KeepFor, t.Grace = 1, calendar.Period{Months: 3}, calendar.Period{Days: 10}
	}
	given := instant(t, "2026-03-10T12:00:00Z")
	for _, c := range []struct {
		name   string
		bucket int
		spend  int64
		at     string
		manual bool
		level  int
	}{
		{"reached in the next month", 202604, 500_00, "2026-07-30T00:00:00Z", true, 1},
		{"reached in the month of the placement", 202603, 500_00, "2026-06-30T00:00:00Z", true, 1},
		{"a cent too little", 202604, 499_99, "2026-07-30T00:00:00Z", true, 0},
		{"a higher level", 202604, 2000_00, "2026-07-30T00:00:00Z", true, 2},
		{"before the end of its grace", 202604, 500_00, "2026-08-09T21:59:59Z", true, 1},
		{"at the end of its grace", 202604, 500_00, "2026-08-09T21:59:59.999Z", true, -1},
		{"in a month before the placement", 202602, 500_00, "2026-05-30T00:00:00Z", true, -1},
		{"before the month ends", 202604, 500_00, "2026-04-30T21:59:59.998Z", true, -1},
		{"when the month ends", 202604, 500_00, "2026-04-30T21:59:59.999Z", true, 1},
		{"under a level that was reached", 202604, 500_00, "2026-07-30T00:00:00Z", false, -1},
	} {
		p := bySpend(t, month)
		acc := joined(t, p, given.AddDate(-1, 0, 0))
		acc.Tier = loyalty.Standing{Level: "black", Since: given, Until: given.AddDate(1, 0, 0), Given: c.manual}
		acc.Metrics = []loyalty.Metric{{Month: c.bucket, Spend: c.spend}}
		rung, until, asOf := tier.Of(p).Lasting(acc, instant(t, c.at))
		if rung != c.level {
			t.Errorf("%s: level %d, want %d", c.name, rung, c.level)
			continue
		}
		if last, _ := tier.Of(p).BucketEnds(acc, c.bucket); rung >= 0 &&
			(!asOf.Equal(last) || !until.Equal(tier.Of(p).RetainedFrom(acc, last, 0))) {
			t.Errorf("%s: until %s by %s", c.name, until, asOf)
		}
	}
}

// Of the months in which the same level was reached, the latest one decides until when it is valid. A higher level of
// an earlier month comes first.
func TestMonthThatDecidesUnderAManualLevel(t *testing.T) {
	p := bySpend(t, func(t *loyalty.Tiers) { t.Months, t.KeepFor = 1, calendar.Period{Months: 6} })
	given := instant(t, "2026-03-10T12:00:00Z")
	for _, c := range []struct {
		spend []int64 // in April, May and June
		level int
		month int
	}{
		{[]int64{500_00, 500_00, 0}, 1, 202605},
		{[]int64{500_00, 500_00, 500_00}, 1, 202606},
		{[]int64{500_00, 2000_00, 500_00}, 2, 202605},
		{[]int64{1, 1, 1}, 0, 202606},
	} {
		acc := joined(t, p, given.AddDate(-1, 0, 0))
		acc.Tier = loyalty.Standing{Level: "black", Since: given, Until: given.AddDate(1, 0, 0), Given: true}
		for i, n := range c.spend {
			if n > 0 {
				acc.Metrics = append(acc.Metrics, loyalty.Metric{Month: 202604 + i, Spend: n})
			}
		}
		rung, _, asOf := tier.Of(p).Lasting(acc, instant(t, "2026-07-15T12:00:00Z"))
		if last, _ := tier.Of(p).BucketEnds(acc, c.month); rung != c.level || !asOf.Equal(last) {
			t.Errorf("%v: level %d by %s, want %d by %s", c.spend, rung, asOf, c.level, last)
		}
	}
}

func TestMinimumLevelOfAMember(t *testing.T) {
	p := bySpend(t, func(t *loyalty.Tiers) {
		t.Minimums = []loyalty.Minimum{{Level: "gold", Segment: "vip"}, {Level: "silver", Segment: "staff"}}
	})
	for _, c := range []struct {
		segments []string
		minimum  string
		want     int
	}{
		{nil, "", 0},
		{[]string{"other"}, "", 0},
		{[]string{"staff"}, "", 1},
		{[]string{"staff", "vip"}, "", 2},
		{nil, "silver", 1},
		{[]string{"vip"}, "silver", 2},
		{[]string{"staff"}, "black", 3},
	} {
		acc := joined(t, p, noon)
		acc.Traits.Segments, acc.Tier.Minimum = c.segments, c.minimum
		if got := tier.Of(p).Floor(acc); got != c.want {
			t.Errorf("segments %q and minimum %q: %d, want %d", c.segments, c.minimum, got, c.want)
		}
	}
}

// A level to which a review lowers a member counts from the judged period. Where levels begin with the next period, the
// last instant of a period counts as the beginning of the next one, and the instant of the review as itself.
func TestValidityOfALoweredLevel(t *testing.T) {
	months := func(keep int, up loyalty.MoveUp) func(*loyalty.Tiers) {
		return func(t *loyalty.Tiers) {
			t.Window, t.KeepPeriods, t.MoveUp = loyalty.Window{
				Kind: loyalty.CycleWindow, Months: 1, From: 101,
			}, keep, up
		}
	}
	review, last := "2026-02-28T23:00:00Z", "2026-02-28T22:59:59.999999999Z"
	for _, c := range []struct {
		name       string
		tiers      func(*loyalty.Tiers)
		asOf, want string
	}{
		{"the period that ended", months(2, loyalty.AtOnce), last, "2026-03-31T22:00:00Z"},
		{"the period of the review", months(2, loyalty.AtOnce), review, "2026-04-30T22:00:00Z"},
		{"with the next period", months(1, loyalty.NextPeriod), last, "2026-03-31T22:00:00Z"},
		{"with the period of the review", months(1, loyalty.NextPeriod), review, "2026-03-31T22:00:00Z"},
		{"a year", func(t *loyalty.Tiers) { t.Calendar, t.KeepYear = true, 2 }, last, "2027-12-31T23:00:00Z"},
		{
			"a length of time", func(t *loyalty.Tiers) { t.Months, t.KeepFor = 1, calendar.Period{Months: 1} }, last,
			"2026-03-20T12:00:00Z",
		},
		{"a length of time in periods", func(t *loyalty.Tiers) {
			t.Window, t.KeepFor = loyalty.Window{
				Kind: loyalty.CycleWindow, Months: 1, From: 101,
			}, calendar.Period{Months: 1}
		}, last, "2026-03-20T12:00:00Z"},
	} {
		p := bySpend(t, c.tiers)
		acc := joined(t, p, noon.AddDate(-1, 0, 0))
		acc.Tier = loyalty.Standing{
			Level: "gold", Since: noon.AddDate(-1, 0, 0), Until: instant(t, "2026-02-20T12:00:00Z"),
		}
		if got := tier.Of(p).LoweredUntil(acc, instant(t, c.asOf), instant(t, review)); !got.Equal(instant(t, c.want)) {
			t.Errorf("%s: kept until %s, want %s", c.name, got, c.want)
		}
	}
}
