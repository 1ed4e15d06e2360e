package posting

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
)

func TestMonthsOfBuckets(t *testing.T) {
	instant := int(time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC).UnixMilli())
	for bucket, want := range map[int]int{
		0: 0, 202703: 202703, LastMonth: LastMonth, LastMonth + 1: LastMonth / 100, 2027_03_31: 202703,
		LastDay: LastMonth, instant: 202703, instant - 1: 202702,
	} {
		if got := MonthOf(bucket); got != want {
			t.Errorf("the bucket %d begins in %d, want %d", bucket, got, want)
		}
	}
	for _, c := range [][3]int{
		{202703, 0, 202703}, {202703, 2, 202701}, {202703, 3, 202612}, {202612, 12, 202512}, {202701, 1, 202612},
	} {
		if got := calendar.MonthsBack(c[0], c[1]); got != c[2] {
			t.Errorf("%d months before %d is %d", c[1], c[0], got)
		}
	}
}

// Buckets that begin window or more months before the newest are merged into bucket 0. The newest stays if it began at
// an instant.
func TestMergedBuckets(t *testing.T) {
	now := int(time.Date(2027, 3, 15, 0, 0, 0, 0, time.UTC).UnixMilli())
	year := int(time.Date(2026, 3, 31, 0, 0, 0, 0, time.UTC).UnixMilli())
	for _, c := range []struct{ bucket, newest, window, want int }{
		{202703, 202703, 1, 202703},
		{202702, 202703, 1, 0},
		{202702, 202703, 2, 202702},
		{202604, 202703, 12, 202604},
		{202603, 202703, 12, 0},
		{2026_04_01, 2027_03_31, 12, 2026_04_01},
		{2026_03_31, 2027_03_01, 12, 0},
		{year, now, 12, 0},
		{year, now, 13, year},
		{now, now, 0, now}, // no window
		{now - 1, now, 0, 0},
		{LastDay, LastDay, 0, 0},
		{LastDay + 1, LastDay + 1, 0, LastDay + 1},
		{0, 202703, 12, 0},
	} {
		if got := storedBucket(c.bucket, c.newest, c.window); got != c.want {
			t.Errorf("the bucket %d with the newest %d is stored under %d, want %d", c.bucket, c.newest, got, c.want)
		}
	}
}

func TestMetricsThatAnAccountStores(t *testing.T) {
	m := func(month int, n int64) loyalty.Metric { return loyalty.Metric{Month: month, Orders: n} }
	for _, c := range []struct {
		name string
		was  []loyalty.Metric
		add  loyalty.Metric
		want []loyalty.Metric
	}{
		{"the first", nil, m(202703, 1), []loyalty.Metric{m(202703, 1)}},
		{
			"of the same month",
			[]loyalty.Metric{m(202702, 2), m(202703, 1)},
			m(202703, 4),
			[]loyalty.Metric{m(202702, 2), m(202703, 5)},
		},
		{
			"of an earlier month",
			[]loyalty.Metric{m(202703, 1)},
			m(202702, 4),
			[]loyalty.Metric{m(202702, 4), m(202703, 1)},
		},
		{
			"of a month that is merged",
			[]loyalty.Metric{m(0, 7), m(202703, 1)},
			m(202701, 4),
			[]loyalty.Metric{m(0, 11), m(202703, 1)},
		},
		{
			"of a new month",
			[]loyalty.Metric{m(0, 7), m(202701, 1), m(202702, 2), m(202703, 3)},
			m(202704, 4),
			[]loyalty.Metric{m(0, 10), m(202703, 3), m(202704, 4)},
		},
		{
			"that become zero",
			[]loyalty.Metric{m(202702, 2), m(202703, 1)},
			m(202702, -2),
			[]loyalty.Metric{m(202703, 1)},
		},
	} {
		if got := AddMetric(c.was, c.add, 2); !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	b := func(month int, brand string, n int64) loyalty.Bought {
		return loyalty.Bought{Month: month, Brand: brand, N: n}
	}
	for _, c := range []struct {
		name string
		was  []loyalty.Bought
		add  loyalty.Bought
		want []loyalty.Bought
	}{
		{"the first", nil, b(202703, "b", 1), []loyalty.Bought{b(202703, "b", 1)}},
		{
			"another",
			[]loyalty.Bought{b(202702, "c", 1), b(202703, "b", 1)},
			b(202703, "a", 1),
			[]loyalty.Bought{b(202702, "c", 1), b(202703, "a", 1), b(202703, "b", 1)},
		},
		{
			"the same",
			[]loyalty.Bought{b(202703, "a", 1), b(202703, "b", 1)},
			b(202703, "b", 2),
			[]loyalty.Bought{b(202703, "a", 1), b(202703, "b", 3)},
		},
		{
			"in a new month",
			[]loyalty.Bought{b(0, "a", 5), b(202702, "a", 1), b(202703, "a", 2)},
			b(202704, "b", 1),
			[]loyalty.Bought{b(0, "a", 6), b(202703, "a", 2), b(202704, "b", 1)},
		},
		{
			"in a merged month",
			[]loyalty.Bought{b(202703, "a", 2)},
			b(202701, "a", 1),
			[]loyalty.Bought{b(0, "a", 1), b(202703, "a", 2)},
		},
		{
			"no longer",
			[]loyalty.Bought{b(202703, "a", 1), b(202703, "b", 1)},
			b(202703, "a", -1),
			[]loyalty.Bought{b(202703, "b", 1)},
		},
	} {
		if got := AddBrand(c.was, c.add, 2); !slices.Equal(got, c.want) {
			t.Errorf("brands, %s: %+v", c.name, got)
		}
	}
}

func TestReviewsOfStandings(t *testing.T) {
	end := loyaltytest.Noon
	grace := calendar.Period{Days: 14}
	for _, c := range []struct {
		name string
		down loyalty.MoveDown
		s    loyalty.Standing
		want time.Time
	}{
		{"without an end", loyalty.OneStep, loyalty.Standing{}, time.Time{}},
		{"with an end", loyalty.OneStep, loyalty.Standing{Until: end}, end.AddDate(0, 0, 14)},
		{"that cannot be lost", loyalty.StayUp, loyalty.Standing{Until: end}, time.Time{}},
		{"locked until the end", loyalty.StayUp, loyalty.Standing{Until: end, Lock: end}, end.AddDate(0, 0, 14)},
		{"locked until earlier", loyalty.StayUp, loyalty.Standing{Until: end, Lock: end.Add(-1)}, time.Time{}},
	} {
		p := &loyalty.Program{
			Zone: time.UTC, Levels: loyalty.Levels{Tiers: loyalty.Tiers{MoveDown: c.down, Grace: grace}},
		}
		if got := ReviewAt(&p.Tiers, p.Zone, c.s); !got.Equal(c.want) {
			t.Errorf("a standing %s is reviewed at %s", c.name, got)
		}
	}
}

func TestStandingsThatAnAccountRemembers(t *testing.T) {
	now := loyaltytest.Noon
	oldest := now.Add(-PastAge)
	s := func(level string, at time.Time) loyalty.Standing { return loyalty.Standing{Level: level, Since: at} }
	a, b, c := s("a", oldest.Add(-2)), s("b", oldest), s("c", now)
	levels := func(all []loyalty.Standing) (out string) {
		for _, x := range all {
			out += x.Level
		}
		return out
	}
	for _, x := range []struct {
		name string
		got  []loyalty.Standing
		want string
	}{
		{"until a later standing", AddStanding([]loyalty.Standing{a}, b, c, now), "ab"},
		{"replaced at the same instant", AddStanding([]loyalty.Standing{a}, b, s("d", oldest), now), "a"},
		{"that ended at the limit", TrimStandings([]loyalty.Standing{a, b}, c, now), "ab"},
		{"that ended before the limit", TrimStandings([]loyalty.Standing{a, s("b", oldest.Add(-1))}, c, now), "b"},
		{"of which the last ended at the limit", TrimStandings([]loyalty.Standing{a}, s("d", oldest), now), "a"},
		{"that all ended before the limit", TrimStandings([]loyalty.Standing{a}, s("d", oldest.Add(-1)), now), ""},
		{"none", TrimStandings(nil, c, now), ""},
		{"decided before an instant", StandingsBefore([]loyalty.Standing{a, b, c}, now), "ab"},
		{"decided before another instant", StandingsBefore([]loyalty.Standing{a, b, c}, now.Add(1)), "abc"},
		{"decided before all", StandingsBefore([]loyalty.Standing{a, b, c}, a.Since), ""},
		{
			"after a redecision",
			applyRedecision(
				&loyalty.Redecision{From: now, Past: []loyalty.Standing{c}}, []loyalty.Standing{a}, b,
				s("d", now.Add(1)), now,
			),
			"abc",
		},
		{
			"after a redecision since an earlier instant",
			applyRedecision(&loyalty.Redecision{From: b.Since}, []loyalty.Standing{a}, b, s("d", now), now), "a",
		},
		{
			"after a redecision whose last standing is known",
			applyRedecision(&loyalty.Redecision{From: now.Add(1)}, []loyalty.Standing{a, b}, c, c, now), "ab",
		},
		{"after a redecision of the first", applyRedecision(&loyalty.Redecision{}, nil, a, c, now), ""},
	} {
		if got := levels(x.got); got != x.want {
			t.Errorf("%s: %q, want %q", x.name, got, x.want)
		}
	}
	next := c
	for _, e := range []loyalty.Entry{
		{Effective: now, Detail: loyalty.Detail{LevelEffects: loyalty.LevelEffects{Standing: &next}}},
		{Effective: now, Detail: loyalty.Detail{LevelEffects: loyalty.LevelEffects{
			Standing:  &next,
			Redecided: &loyalty.Redecision{From: b.Since, Past: []loyalty.Standing{s("b", oldest.Add(1))}},
		}}},
	} {
		got := PastStandings(e, []loyalty.Standing{a}, b)
		if levels(got) != "ab" || got[1].Since.Equal(b.Since) == (e.Redecided != nil) {
			t.Errorf("an entry with the redecision %+v: %+v", e.Redecided, got)
		}
	}
}

func TestStandingsInTierGroups(t *testing.T) {
	joined := loyaltytest.Noon
	first := loyalty.Standing{Level: "guest", Since: joined}
	regular := loyalty.Standing{Level: "regular", Since: joined.Add(1)}
	group := &loyalty.Tiers{Group: "club", Levels: []loyalty.Level{{ID: "guest"}, {ID: "regular"}}}
	acc := loyalty.Account{
		Joined: joined, Tier: loyalty.Standing{Level: "gold"}, Past: make([]loyalty.Standing, 3),
		Metrics: []loyalty.Metric{{Orders: 5}}, Brands: []loyalty.Bought{{N: 5}},
	}
	with := func(s loyalty.TierGroupStanding) loyalty.Account {
		s.TierGroup = "club"
		x := acc
		x.TierGroups = []loyalty.TierGroupStanding{{TierGroup: "other", Tier: loyalty.Standing{Level: "x"}}, s}
		return x
	}
	metrics, brands := []loyalty.Metric{{Visits: 2}}, []loyalty.Bought{{Brand: "b", N: 1}}
	for _, c := range []struct {
		name string
		acc  loyalty.Account
		tier loyalty.Standing
		past []loyalty.Standing
	}{
		{"without a standing", acc, first, nil},
		{"with counts alone", with(loyalty.TierGroupStanding{Metrics: metrics, Brands: brands}), first, nil},
		{"with a standing", with(loyalty.TierGroupStanding{Tier: regular}), regular, nil},
		{
			"with a standing after the first",
			with(loyalty.TierGroupStanding{Tier: regular, Past: []loyalty.Standing{{}, regular}}),
			regular,
			[]loyalty.Standing{first, regular},
		},
		{
			"with an earlier standing",
			with(loyalty.TierGroupStanding{Tier: first, Past: []loyalty.Standing{regular}}),
			first,
			[]loyalty.Standing{regular},
		},
	} {
		got := GroupView(group, c.acc)
		if got.Tier != c.tier || !slices.Equal(got.Past, c.past) {
			t.Errorf("%s: %+v after %+v", c.name, got.Tier, got.Past)
		}
		if c.name == "with counts alone" && (!slices.Equal(got.Metrics, metrics) || !slices.Equal(got.Brands, brands)) {
			t.Errorf("%s: %+v and %+v", c.name, got.Metrics, got.Brands)
		}
	}
	if got := GroupView(&loyalty.Tiers{}, acc); !reflect.DeepEqual(got, acc) {
		t.Errorf("without a tier group the account is %+v", got)
	}
	if got := FirstStanding(&loyalty.Tiers{}, acc); got != (loyalty.Standing{}) {
		t.Errorf("without tiers a new member has the standing %+v", got)
	}
	if got := GroupView(&loyalty.Tiers{Group: "club"}, acc); got.Tier != (loyalty.Standing{}) {
		t.Errorf("a tier group without levels has the standing %+v", got.Tier)
	}
}

// The tier group that changed last comes last, and an account forgets the one that changed first.
func TestTierGroupsThatAnAccountRemembers(t *testing.T) {
	var acc loyalty.Account
	names := func() (out string) {
		for _, g := range acc.TierGroups {
			out += g.TierGroup
		}
		return out
	}
	for _, id := range []string{"x", "y", "x"} {
		setGroupStanding(&acc, id, func(g *loyalty.TierGroupStanding) {})
	}
	if got := names(); got != "yx" {
		t.Errorf("after a change of x: %s", got)
	}
	acc.TierGroups = nil
	for i := range maxGroupStandings {
		setGroupStanding(&acc, string(rune('a'+i)), func(g *loyalty.TierGroupStanding) { g.Tier.Level = "x" })
	}
	setGroupStanding(&acc, "a", func(g *loyalty.TierGroupStanding) { g.Tier.Level += "z" })
	if got := names(); got != "bcdefgha" || acc.TierGroups[7].Tier.Level != "xz" {
		t.Errorf("after a change of a: %s, %+v", got, acc.TierGroups[7])
	}
	before := slices.Clone(acc.TierGroups)
	setGroupStanding(&acc, "b", func(g *loyalty.TierGroupStanding) { g.Tier.Level += "y" })
	if got := names(); got != "cdefghab" || acc.TierGroups[7].Tier.Level != "xy" || before[0].TierGroup != "b" {
		t.Errorf("after a change of b: %s, %+v", got, acc.TierGroups[7])
	}
	setGroupStanding(&acc, "i", func(g *loyalty.TierGroupStanding) {})
	if got := names(); got != "defghabi" {
		t.Errorf("after another one: %s", got)
	}
	if GroupIndex(&acc, "b") != 6 || GroupIndex(&acc, "c") != -1 {
		t.Errorf("b is at %d, c at %d", GroupIndex(&acc, "b"), GroupIndex(&acc, "c"))
	}
}
