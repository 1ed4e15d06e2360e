package tier

import (
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

func TestBucketOfAnEvent(t *testing.T) {
	february := func(t *loyalty.Tiers) {
		t.Window = loyalty.Window{Kind: loyalty.CycleWindow, Months: 12, From: 215}
	}
	for _, c := range []struct {
		name   string
		window func(*loyalty.Tiers)
		own    int
		at     string
		want   int
	}{
		{"a lifetime", func(*loyalty.Tiers) {}, 0, "2027-03-31", 202703},
		{"twelve months", rolling, 0, "2027-03-31", 202703},
		{"the last month", rolling, 0, "9999-12-31", posting.LastMonth},
		{"a calendar year", calendarYear, 0, "2027-03-31", 202703},
		{"a quarter", quarterly, 0, "2027-03-31", 202703},
		{"a year from 15 February", february, 0, "2027-02-15", 20270215},
		{"the day before", february, 0, "2027-02-14", 20260215},
		{"a year from joining", fromJoining, 0, "2027-01-15", 20270115},
		{"the end of the first year", fromJoining, 0, "2027-01-14", 20260115},
		{"a year from joining, whatever the membership year", fromJoining, 701, "2027-01-14", 20260115},
		{"the membership year", ownYear, 702, "2027-07-02", 20270702},
		{"the membership year before", ownYear, 702, "2027-07-01", 20260702},
		{"a membership year from the first of a month", ownYear, 701, "2027-07-02", 202707},
		{"no membership year", ownYear, 0, "2027-01-14", 20260115},
		{"since the level", sinceLevel, 0, "2027-03-31", int(utc("2026-01-15").UnixMilli())},
	} {
		acc := member("bronze")
		acc.Traits.MembershipYearStart = c.own
		if got := Of(threeLevels(c.window)).bucket(acc, utc(c.at)); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
		first := c.want
		if c.want <= posting.LastMonth {
			first = 0
		}
		if got := Of(threeLevels(c.window)).firstBucket(acc, utc(c.at)); got != first {
			t.Errorf("%s: the first bucket is %d, want %d", c.name, got, first)
		}
	}
	p := threeLevels()
	for bucket, want := range map[int]calendar.Date{
		0: 0, 202703: 20270301, posting.LastMonth: 99991201, 20270215: 20270215, posting.LastDay: 99991231,
		int(utc("2027-03-02T10:00").UnixMilli()): 20270302,
	} {
		if got := Of(p).begins(bucket); got != want {
			t.Errorf("the bucket %d begins on %s, want %s", bucket, got, want)
		}
	}
}

// The window of a level begins after the instant at which the level was reached. Events before all remembered levels
// belong to the oldest window.
func TestBucketSinceALevel(t *testing.T) {
	acc := member("gold")
	first, second := utc("2027-01-01"), utc("2027-02-01")
	acc.Past = []loyalty.Standing{{Level: "silver", Since: first}}
	acc.Tier = loyalty.Standing{Level: "gold", Since: utc("2027-01-20"), From: second}
	p := threeLevels(sinceLevel)
	for _, c := range []struct {
		name  string
		at    time.Time
		want  time.Time
		known bool
	}{
		{"before both", first.Add(-1), first, false},
		{"when silver was reached", first, first, false},
		{"after that", first.Add(1), first, true},
		{"when the window of gold begins", second, first, true},
		{"after that", second.Add(1), second, true},
	} {
		got, known := levelBucket(&acc, c.at)
		if got != int(c.want.UnixMilli()) || known != c.known {
			t.Errorf("%s: %s, known %t", c.name, time.UnixMilli(int64(got)).UTC(), known)
		}
		now := Of(p).rebucketed(acc, 1_900_000_000_000, c.at)
		if c.known != (now == int(c.want.UnixMilli())) || !c.known && now != 1_900_000_000_000 {
			t.Errorf("%s: counted again in %d", c.name, now)
		}
		for _, bucket := range []int{0, 202703, posting.LastDay} {
			if got := Of(p).rebucketed(acc, bucket, c.at); got != bucket {
				t.Errorf("%s: the bucket %d moves to %d", c.name, bucket, got)
			}
		}
		if got := Of(threeLevels(rolling)).rebucketed(acc, 1_900_000_000_000, c.at); got != 1_900_000_000_000 {
			t.Errorf("%s: the bucket moves to %d in a rolling window", c.name, got)
		}
	}
	acc = member("bronze")
	acc.Tier.Since = acc.Joined.Add(-time.Hour)
	if got, _ := levelBucket(&acc, utc("2027-01-01")); got != int(acc.Joined.UnixMilli()) {
		t.Errorf("the window begins before the member joined: %d", got)
	}
}

func TestBucketsWithinAWindow(t *testing.T) {
	since := int(utc("2026-01-15").UnixMilli())
	for _, c := range []struct {
		name    string
		window  func(*loyalty.Tiers)
		buckets []int
		want    []int
	}{
		{"a lifetime", func(*loyalty.Tiers) {}, []int{0, 202601, 202703, 202704}, []int{0, 202601, 202703}},
		{
			"twelve months", rolling,
			[]int{0, 202603, 202604, 202703, 202704, 20270331, 20270401},
			[]int{202604, 202703, 20270331},
		},
		{"a calendar year", calendarYear, []int{202612, 202701, 202712, 202801}, []int{202701, 202712}},
		{"a quarter", quarterly, []int{202612, 202701, 202703, 202704}, []int{202701, 202703}},
		{"a year from joining", fromJoining, []int{20260115, 20270115, 20280115}, []int{20270115}},
		{"since the level", sinceLevel, []int{since - 1, since, since + 1}, []int{since}},
	} {
		in := Of(threeLevels(c.window)).within(member("bronze"), utc("2027-03-31")).has
		got := slices.DeleteFunc(slices.Clone(c.buckets), func(b int) bool { return !in(b) })
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	first, last := Of(threeLevels(sinceLevel)).span(member("bronze"), utc("2027-03-31"))
	if first != 20260115 || last != 20270331 {
		t.Errorf("since the level: from %s until %s", first, last)
	}
	monthly := threeLevels(func(t *loyalty.Tiers) {
		t.Window = loyalty.Window{Kind: loyalty.CycleWindow, Months: 1, From: 110}
	})
	if in := Of(monthly).within(member("bronze"), utc("2027-03-09")).has; !in(20270210) || in(20270310) {
		t.Error("the month from the tenth")
	}
}

// An account stores the months of the window apart and, under a manually set level, those that may keep another level.
func TestMonthsThatAnAccountStoresApart(t *testing.T) {
	retained := func(p, grace calendar.Period) func(*loyalty.Tiers) {
		return func(t *loyalty.Tiers) { t.KeepFor, t.Grace = p, grace }
	}
	for _, c := range []struct {
		name   string
		tiers  []func(*loyalty.Tiers)
		manual bool
		want   int
	}{
		{"a lifetime", nil, false, 0},
		{"a lifetime, set manually", nil, true, 0},
		{"twelve months", []func(*loyalty.Tiers){rolling}, false, 12},
		{"twelve months, set manually", []func(*loyalty.Tiers){rolling}, true, 14},
		{
			"kept for months",
			[]func(*loyalty.Tiers){rolling, retained(calendar.Period{Months: 6}, calendar.Period{Months: 1})},
			true, 21,
		},
		{
			"kept for 28 days in all",
			[]func(*loyalty.Tiers){rolling, retained(calendar.Period{Days: 27}, calendar.Period{Days: 1})},
			true, 15,
		},
		{
			"kept for 27 days in all",
			[]func(*loyalty.Tiers){rolling, retained(calendar.Period{Days: 26}, calendar.Period{Days: 1})},
			true, 14,
		},
		{
			"kept for years",
			[]func(*loyalty.Tiers){rolling, retained(calendar.Period{Months: 60}, calendar.Period{})},
			true, MaxWindow,
		},
		{"a quarter", []func(*loyalty.Tiers){quarterly}, false, 15},
		{"a quarter, set manually", []func(*loyalty.Tiers){quarterly}, true, 15},
		{"since the level", []func(*loyalty.Tiers){sinceLevel}, false, MaxWindow},
	} {
		acc := member("silver")
		acc.Past = []loyalty.Standing{{Level: "gold", Given: c.manual}}
		if got := Of(threeLevels(c.tiers...)).Apart(acc); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestWindowInReasons(t *testing.T) {
	cycle := func(months int, from calendar.Day) func(*loyalty.Tiers) {
		return func(t *loyalty.Tiers) {
			t.Window = loyalty.Window{Kind: loyalty.CycleWindow, Months: months, From: from}
		}
	}
	for _, c := range []struct {
		name   string
		window func(*loyalty.Tiers)
		want   string
	}{
		{"a lifetime", func(*loyalty.Tiers) {}, ""},
		{"twelve months", rolling, "/12"},
		{"one month", func(t *loyalty.Tiers) { t.Months = 1 }, "/1"},
		{"a calendar year", calendarYear, "/year"},
		{"a quarter", quarterly, "/quarter"},
		{"two months", cycle(2, 101), "/2"},
		{"a quarter from February", cycle(3, 201), "/" + string(loyalty.CycleWindow)},
		{"a year from joining", fromJoining, "/" + string(loyalty.JoinWindow)},
		{
			"a year from joining, which begins on the first",
			func(t *loyalty.Tiers) { t.Window = loyalty.Window{Kind: loyalty.JoinWindow, Months: 12, From: 101} },
			"/" + string(loyalty.JoinWindow),
		},
		{"since the level", sinceLevel, "/" + string(loyalty.LevelWindow)},
	} {
		if got := Of(threeLevels(c.window)).windowText(); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	p := threeLevels(rolling, func(t *loyalty.Tiers) {
		t.Currency = "EUR"
		t.Ways = [][]loyalty.Measure{{loyalty.BySpend, loyalty.ByOrders}, {loyalty.ByOrders}}
	})
	acc := member("bronze", loyalty.Metric{Month: 202703, Spend: 51200, Orders: 3})
	if n, window := Of(p).Measure(acc, utc("2027-03-31")); n != "512.00+3" || window != "spend+orders/12" {
		t.Errorf("%q, %q", n, window)
	}
}

func TestMeasures(t *testing.T) {
	acc := member("bronze",
		loyalty.Metric{Month: 202602, Points: 1000, Orders: 1000, Spend: 1000, QualifyingItems: 1000, Visits: 1000},
		loyalty.Metric{Month: 202701, Points: 1, Orders: 2, Spend: 3, QualifyingItems: 4, Visits: 5},
		loyalty.Metric{Month: 202703, Points: 10, Orders: 20, Spend: 30, QualifyingItems: 40, Visits: 50},
	)
	acc.Brands = []loyalty.Bought{
		{Month: 202602, Brand: "east", N: 1},
		{Month: 202701, Brand: "north", N: 1},
		{Month: 202701, Brand: "south", N: 2},
		{Month: 202703, Brand: "north", N: -1},
		{Month: 202703, Brand: "south", N: -1},
		{Month: 202703, Brand: "unlisted", N: 1},
	}
	p := threeLevels(rolling, func(t *loyalty.Tiers) { t.Brands = []string{"east", "north", "south"} })
	for by, want := range map[loyalty.Measure]int64{
		loyalty.ByPointsEarned: 11, loyalty.ByOrders: 22, loyalty.BySpend: 33, loyalty.ByQualifyingItems: 44,
		loyalty.ByVisits: 55, loyalty.ByBrands: 1,
	} {
		if got := Of(p).Measured(acc, by, utc("2027-03-31")); got != want {
			t.Errorf("%s: %d, want %d", by, got, want)
		}
	}
	if got := buckets(&acc); len(got) != 9 {
		t.Errorf("buckets %v", got)
	}
}

func TestLevelForWhichAMemberQualifies(t *testing.T) {
	for n, want := range map[loyalty.Points]int{0: 0, 199: 0, 200: 1, 499: 1, 500: 2, -1: 0} {
		if got := Of(threeLevels()).Qualified(member("bronze", points(202703, n)), utc("2027-03-31")); got != want {
			t.Errorf("%d points: level %d, want %d", n, got, want)
		}
	}
	if got := Of(&loyalty.Program{Zone: time.UTC}).Qualified(member(""), utc("2027-03-31")); got != -1 {
		t.Errorf("without levels: %d", got)
	}
	if n, at := Of(&loyalty.Program{Zone: time.UTC}).Requalified(member(""), utc("2027-03-31")); n != -1 ||
		!at.Equal(utc("2027-03-31")) {
		t.Errorf("without levels: %d at %s", n, at)
	}
	for n, want := range map[loyalty.Points]string{0: "200 silver", 199: "1 silver", 200: "0 silver"} {
		next, gap, ok := Of(threeLevels()).Progress(member("bronze", points(202703, n)), utc("2027-03-31"))
		if got := loyalty.FormatPoints(loyalty.Points(gap.Missing())) + " " + next.ID; !ok || got != want {
			t.Errorf("%d points: %q, want %q", n, got, want)
		}
	}
	if _, _, ok := Of(threeLevels()).Progress(member("gold"), utc("2027-03-31")); ok {
		t.Error("there is a level above gold")
	}
}

func TestChecksOfLevels(t *testing.T) {
	levels := []loyalty.Level{{ID: "a"}, {ID: "b", From: 1}}
	for _, c := range []struct {
		name  string
		tiers loyalty.Tiers
		ok    bool
	}{
		{"the longest window", loyalty.Tiers{Levels: levels, Months: MaxWindow}, true},
		{"a longer window", loyalty.Tiers{Levels: levels, Months: MaxWindow + 1}, false},
		{"no levels", loyalty.Tiers{}, true},
		{
			"periods of no months",
			loyalty.Tiers{Levels: levels, Window: loyalty.Window{Kind: loyalty.CycleWindow}},
			false,
		},
		{"a level out of order", loyalty.Tiers{Levels: []loyalty.Level{{ID: "a"}, {ID: "b"}}}, false},
	} {
		if err := CheckLevels(&c.tiers); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
