package tier

import (
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

func TestEndOfARenewedStanding(t *testing.T) {
	both := func(t *loyalty.Tiers) { t.KeepPeriods, t.KeepFor = 1, calendar.Period{Months: 1} }
	stayUp := func(t *loyalty.Tiers) { t.MoveDown, t.KeepFor = loyalty.StayUp, calendar.Period{Months: 1} }
	for _, c := range []struct {
		name   string
		tiers  []func(*loyalty.Tiers)
		closes string
		want   string
	}{
		{"the first renewal", []func(*loyalty.Tiers){keepFor(1)}, "2027-02-28", "2027-03-31"},
		{"the second renewal", []func(*loyalty.Tiers){keepFor(1)}, "2027-03-31", "2027-04-30"},
		{"an end that was set manually", []func(*loyalty.Tiers){keepFor(1)}, "2027-03-30", "2027-04-30"},
		{"an end before the first renewal", []func(*loyalty.Tiers){keepFor(1)}, "2027-02-15", "2027-03-15"},
		{"by periods", []func(*loyalty.Tiers){quarterly, both}, "2027-02-28", "2027-04-01"},
		{"a level that cannot be lost", []func(*loyalty.Tiers){stayUp}, "2027-02-28", ""},
	} {
		s := loyalty.Standing{Level: "silver", Since: utc("2027-01-31")}
		got := Of(threeLevels(c.tiers...)).RetainedOn(member("silver"), s, utc(c.closes))
		if c.want == "" && !got.IsZero() || c.want != "" && !got.Equal(utc(c.want)) {
			t.Errorf("%s: %s, want %q", c.name, got, c.want)
		}
	}
}

// Without periods, the validity of a lower level counts from the end of the standing before, also if levels are kept by
// calendar years.
func TestValidityOfALowerLevelWithoutPeriods(t *testing.T) {
	year := func(t *loyalty.Tiers) { t.KeepYear = 1 }
	acc := member("gold")
	acc.Tier.Until = utc("2027-01-01")
	got := Of(threeLevels(rolling, year)).LoweredUntil(acc, utc("2026-12-31"), utc("2027-01-01"))
	if !got.Equal(utc("2028-01-01")) {
		t.Errorf("%s", got)
	}
}

func TestEndsOfABucket(t *testing.T) {
	for _, c := range []struct {
		name   string
		tiers  []func(*loyalty.Tiers)
		bucket int
		last   string
		since  string
	}{
		{"a lifetime", nil, 202703, "", ""},
		{"since the level", []func(*loyalty.Tiers){sinceLevel, rolling}, int(utc("2027-03-02").UnixMilli()), "", ""},
		{"merged months", []func(*loyalty.Tiers){rolling}, 0, "", ""},
		{"a month", []func(*loyalty.Tiers){rolling}, 202703, "2027-04-01", "2027-04-01"},
		{"a month of a quarter", []func(*loyalty.Tiers){quarterly}, 202702, "2027-03-01", "2027-03-01"},
		{"the next quarter", []func(*loyalty.Tiers){quarterly, nextPeriod}, 202702, "2027-03-01", "2027-04-01"},
		{"a year from joining", []func(*loyalty.Tiers){fromJoining}, 20270115, "2028-01-15", "2028-01-15"},
		{
			"a year from joining that is stored by month",
			[]func(*loyalty.Tiers){fromJoining},
			202701,
			"2027-01-15", "2027-01-15",
		},
	} {
		last, since := Of(threeLevels(c.tiers...)).BucketEnds(member("silver"), c.bucket)
		want := func(s string, before time.Duration) time.Time {
			if s == "" {
				return time.Time{}
			}
			return utc(s).Add(-before)
		}
		early := time.Millisecond
		if since.After(last) {
			early = 0 // the level counts from the next period
		}
		if !last.Equal(want(c.last, time.Millisecond)) || !since.Equal(want(c.since, early)) {
			t.Errorf("%s: until %s, from %s", c.name, last, since)
		}
	}
}

// A level that was reached under a manually set one stays valid as long as without it.
func TestLevelThatLastsUnderAManualOne(t *testing.T) {
	monthly := func(t *loyalty.Tiers) { t.Months = 1 }
	manual := func(since string, metrics ...loyalty.Metric) loyalty.Account {
		acc := member("gold", metrics...)
		acc.Joined = utc("2024-01-01")
		acc.Tier = loyalty.Standing{Level: "gold", Since: utc(since), Until: utc("2027-06-15"), Given: true}
		return acc
	}
	branded := manual("2026-01-01", points(202702, 200), points(202703, 200))
	branded.Brands = []loyalty.Bought{{Month: 202702, Brand: "east", N: 1}}
	reached := manual("2026-01-01", points(202703, 200))
	reached.Tier.Given, reached.Past = false, []loyalty.Standing{{Level: "bronze", Given: true}}
	millisecond := func(s string) time.Time { return utc(s).Add(-time.Millisecond) }
	for _, c := range []struct {
		name  string
		tiers []func(*loyalty.Tiers)
		acc   loyalty.Account
		rung  int
		until time.Time
		asOf  time.Time
	}{
		{
			"a past month",
			[]func(*loyalty.Tiers){monthly, keepFor(12)},
			manual("2026-01-01", points(202703, 200)),
			1, millisecond("2027-04-01").AddDate(1, 0, 0), millisecond("2027-04-01"),
		},
		{"not set manually", []func(*loyalty.Tiers){monthly, keepFor(12)}, reached, -1, time.Time{}, time.Time{}},
		{
			"the higher of two",
			[]func(*loyalty.Tiers){monthly, keepFor(12)},
			manual("2026-01-01", points(202702, 500), points(202703, 200)), 2,
			millisecond("2027-03-01").AddDate(1, 0, 0), millisecond("2027-03-01"),
		},
		{
			"the later of two",
			[]func(*loyalty.Tiers){monthly, keepFor(12)},
			branded, 1,
			millisecond("2027-04-01").AddDate(1, 0, 0), millisecond("2027-04-01"),
		},
		{
			"a level that cannot be lost",
			[]func(*loyalty.Tiers){monthly},
			manual("2026-01-01", points(202705, 200)),
			1,
			time.Time{},
			millisecond("2027-06-01"),
		},
		{
			"a level that has ended",
			[]func(*loyalty.Tiers){monthly, keepFor(2)},
			manual("2026-01-01", points(202703, 200)),
			-1,
			time.Time{},
			time.Time{},
		},
		{
			"the month of the review",
			[]func(*loyalty.Tiers){monthly, keepFor(12)},
			manual("2026-01-01", points(202706, 200)), -1,
			time.Time{},
			time.Time{},
		},
		{
			"before the level was set",
			[]func(*loyalty.Tiers){monthly, keepFor(12)},
			manual("2027-04-01", points(202703, 200)), -1,
			time.Time{},
			time.Time{},
		},
		{
			"the oldest month",
			[]func(*loyalty.Tiers){monthly, keepFor(60)},
			manual("2024-01-01", points(202407, 200)),
			1, millisecond("2024-08-01").AddDate(5, 0, 0), millisecond("2024-08-01"),
		},
		{
			"an older month",
			[]func(*loyalty.Tiers){monthly, keepFor(60)},
			manual("2024-01-01", points(202406, 200)),
			-1,
			time.Time{},
			time.Time{},
		},
		{
			"two months of one quarter",
			[]func(*loyalty.Tiers){quarterly, keepPeriod(2)},
			manual("2026-01-01", points(202701, 200), points(202703, 100)), 1, utc("2027-07-01"),
			millisecond("2027-02-01"),
		},
	} {
		rung, until, asOf := Of(threeLevels(c.tiers...)).Lasting(c.acc, utc("2027-06-15"))
		if rung != c.rung || !until.Equal(c.until) || !asOf.Equal(c.asOf) {
			t.Errorf("%s: level %d until %s, as of %s", c.name, rung, until, asOf)
		}
	}
}

func TestMinimumLevelOfAMember(t *testing.T) {
	minimums := func(t *loyalty.Tiers) {
		t.Minimums = []loyalty.Minimum{{Segment: "vip", Level: "gold"}, {Segment: "staff", Level: "silver"}}
	}
	for _, c := range []struct {
		segments []string
		minimum  string
		want     int
	}{
		{nil, "", 0},
		{nil, "silver", 1},
		{[]string{"staff"}, "", 1},
		{[]string{"staff", "vip"}, "", 2},
		{[]string{"staff"}, "gold", 2},
		{[]string{"vip"}, "silver", 2},
		{[]string{"other"}, "unknown", 0},
	} {
		acc := member("bronze")
		acc.Traits.Segments, acc.Tier.Minimum = c.segments, c.minimum
		if got := Of(threeLevels(minimums)).Floor(acc); got != c.want {
			t.Errorf("segments %v, minimum %q: %d, want %d", c.segments, c.minimum, got, c.want)
		}
	}
}

// What a member must still do to keep a level counts in the first period that can still keep it.
func TestRequirementsToKeepALevel(t *testing.T) {
	grace := func(t *loyalty.Tiers) { t.Grace = calendar.Period{Months: 1} }
	monthly := func(t *loyalty.Tiers) { t.Months = 1 }
	standing := func(level, until string, edit ...func(*loyalty.Account)) loyalty.Account {
		acc := member(level, points(202703, 150), points(202704, 20))
		if until != "" {
			acc.Tier.Until = utc(until)
		}
		for _, f := range edit {
			f(&acc)
		}
		return acc
	}
	enough := func(a *loyalty.Account) { a.Metrics[0].Points = 200 }
	locked := func(a *loyalty.Account) { a.Tier.Lock = a.Tier.Until }
	given := func(a *loyalty.Account) { a.Tier.Given = true }
	bucket := func(a *loyalty.Account) {
		a.Metrics = []loyalty.Metric{points(int(a.Joined.UnixMilli()), 200)}
	}
	quarter := []func(*loyalty.Tiers){quarterly, toQualified, keepPeriod(2)}
	for _, c := range []struct {
		name    string
		tiers   []func(*loyalty.Tiers)
		acc     loyalty.Account
		now     string
		missing int64
		by      string // empty: the level cannot be lost, or not be kept
	}{
		{"this quarter", quarter, standing("silver", "2027-04-01"), "2027-02-15", 50, "2027-04-01"},
		{"the last instant", quarter, standing("silver", "2027-04-01"), "2027-03-31T23:59", 50, "2027-04-01"},
		{"over", quarter, standing("silver", "2027-04-01"), "2027-04-01", 0, ""},
		{"kept", quarter, standing("silver", "2027-04-01", enough), "2027-02-15", 0, "2027-04-01"},
		{"no end", quarter, standing("silver", ""), "2027-02-15", 0, ""},
		{"the lowest level", quarter, standing("bronze", "2027-04-01"), "2027-02-15", 0, ""},
		{"locked", quarter, standing("silver", "2027-04-01", locked), "2027-02-15", 0, ""},
		{
			"the quarter that reached it does not count again",
			[]func(*loyalty.Tiers){quarterly, toQualified, keepPeriod(1)},
			standing("silver", "2027-04-01"),
			"2027-02-15", 0, "",
		},
		{
			"before the grace period", append([]func(*loyalty.Tiers){grace}, quarter...),
			standing("silver", "2027-04-01"), "2027-02-15", 50, "2027-04-01",
		},
		{
			"in the grace period", append([]func(*loyalty.Tiers){grace}, quarter...),
			standing("silver", "2027-04-01"), "2027-04-01", 180, "2027-05-01",
		},
		{
			"no end, with enough points since the level",
			[]func(*loyalty.Tiers){sinceLevel, toQualified, keepFor(1)},
			standing("silver", "", bucket), "2027-02-15", 0, "",
		},
		{
			"the lowest level, with enough points since then",
			[]func(*loyalty.Tiers){sinceLevel, toQualified, keepFor(1)},
			standing("bronze", "2027-04-01", bucket), "2027-02-15", 0, "",
		},
		{
			"a past month keeps the manual level",
			[]func(*loyalty.Tiers){monthly, toQualified, keepFor(12)},
			standing("silver", "2027-06-15", enough, given), "2027-05-15", 0, "2027-04-01",
		},
		{
			"no past month keeps the manual level",
			[]func(*loyalty.Tiers){monthly, toQualified, keepFor(12)},
			standing("silver", "2027-06-15", given), "2027-05-15", 200, "2027-06-15",
		},
	} {
		got, ok := Of(threeLevels(c.tiers...)).RetentionOf(c.acc, utc(c.now))
		if ok != (c.by != "") || got.Gap.Missing() != c.missing || ok && !got.By.Equal(utc(c.by)) {
			t.Errorf("%s: %+v, %t", c.name, got, ok)
		}
	}
}
