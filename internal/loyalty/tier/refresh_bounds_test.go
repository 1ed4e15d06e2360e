package tier

import (
	"maps"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

func TestReplacementsOfLevels(t *testing.T) {
	levels := func(ids ...string) loyalty.Tiers {
		var t loyalty.Tiers
		for _, id := range ids {
			t.Levels = append(t.Levels, loyalty.Level{ID: id})
		}
		return t
	}
	earlier := levels("bronze", "gold")
	earlier.Replaced = map[string]string{"platinum": "gold", "silver": "bronze", "basic": "bronze"}
	for _, c := range []struct {
		name   string
		is     loyalty.Tiers
		before loyalty.Tiers
		want   map[string]string
	}{
		{"the same", levels("bronze", "gold"), levels("bronze", "gold"), nil},
		{"without levels", levels(), levels("bronze", "gold"), nil},
		{
			"one in the middle", levels("bronze", "gold"), levels("bronze", "silver", "gold"),
			map[string]string{"silver": "bronze"},
		},
		{"the lowest", levels("silver", "gold"), levels("bronze", "gold"), map[string]string{"bronze": "silver"}},
		{
			"one of an earlier version, too", levels("bronze", "silver"), earlier,
			map[string]string{"gold": "bronze", "platinum": "bronze", "basic": "bronze"},
		},
	} {
		SetReplacements(&c.is, &c.before)
		if !maps.Equal(c.is.Replaced, c.want) || (c.is.Replaced == nil) != (c.want == nil) {
			t.Errorf("%s: %v", c.name, c.is.Replaced)
		}
	}
	none := &loyalty.Program{}
	for _, c := range []struct {
		p     *loyalty.Program
		level string
		want  bool
	}{
		{threeLevels(), "gold", false},
		{threeLevels(), "platinum", true},
		{threeLevels(), "", false},
		{none, "platinum", false},
		{none, "", false},
	} {
		if got := Of(c.p).hasUnknownLevel(member(c.level)); got != c.want {
			t.Errorf("%q is unknown: %t", c.level, got)
		}
	}
}

var changed = utc("2027-03-02")

func refreshing(mode loyalty.RefreshMode) func(*loyalty.Tiers) {
	return func(t *loyalty.Tiers) {
		t.Refresh, t.Replaced = loyalty.Refresh{
			At:   changed,
			Mode: mode,
		}, map[string]string{
			"platinum": "gold",
			"basic":    "bronze",
		}
	}
}

func TestLevelAfterNewRequirements(t *testing.T) {
	up, full := refreshing(loyalty.UpgradeOnly), refreshing(loyalty.FullRefresh)
	for _, c := range []struct {
		name  string
		tiers []func(*loyalty.Tiers)
		level string
		acc   func(*loyalty.Account)
		want  bool
	}{
		{"up", []func(*loyalty.Tiers){up}, "bronze", nil, true},
		{"the same level", []func(*loyalty.Tiers){full}, "silver", nil, false},
		{"not down", []func(*loyalty.Tiers){up}, "gold", nil, false},
		{"down", []func(*loyalty.Tiers){full}, "gold", nil, true},
		{
			"not down with an end that was set manually",
			[]func(*loyalty.Tiers){full},
			"gold",
			func(a *loyalty.Account) { a.Tier.Given = true }, false,
		},
		{
			"up with an end that was set manually",
			[]func(*loyalty.Tiers){full},
			"bronze",
			func(a *loyalty.Account) { a.Tier.Given = true }, true,
		},
		{"nothing changed", nil, "bronze", nil, false},
		{
			"evaluated since then",
			[]func(*loyalty.Tiers){up},
			"bronze",
			func(a *loyalty.Account) { a.Seen = changed }, false,
		},
		{
			"evaluated before",
			[]func(*loyalty.Tiers){up},
			"bronze",
			func(a *loyalty.Account) { a.Seen = changed.Add(-1) }, true,
		},
		{
			"time ran until then",
			[]func(*loyalty.Tiers){up},
			"bronze",
			func(a *loyalty.Account) { a.Ran = changed }, false,
		},
		{
			"time ran before",
			[]func(*loyalty.Tiers){up},
			"bronze",
			func(a *loyalty.Account) { a.Seen, a.Ran = changed, changed.Add(-1) }, true,
		},
		{
			"locked",
			[]func(*loyalty.Tiers){up},
			"bronze",
			func(a *loyalty.Account) { a.Tier.Lock = changed.Add(1) }, false,
		},
		{
			"the lock ends then",
			[]func(*loyalty.Tiers){up},
			"bronze",
			func(a *loyalty.Account) { a.Tier.Lock = changed }, true,
		},
		{
			"a level that no longer exists",
			[]func(*loyalty.Tiers){up},
			"platinum",
			func(a *loyalty.Account) { a.Seen = changed }, true,
		},
	} {
		acc := member(c.level, points(202703, 200))
		if c.acc != nil {
			c.acc(&acc)
		}
		if got := Of(threeLevels(c.tiers...)).RefreshAt(acc); got.Equal(changed) != c.want ||
			!c.want && !got.IsZero() {
			t.Errorf("%s: %s", c.name, got)
		}
	}
	p, acc := threeLevels(full), member("gold", points(202703, 200))
	if p.AdvanceNotice.Period = (calendar.Period{Days: 30}); !Of(p).RefreshAt(acc).IsZero() {
		t.Error("a level ends without notice")
	}
	if p := threeLevels(up); !Of(&loyalty.Program{Zone: time.UTC, Levels: loyalty.Levels{
		Tiers: loyalty.Tiers{Refresh: p.Tiers.Refresh},
	}}).RefreshAt(acc).IsZero() {
		t.Error("a program without levels moves members")
	}
}

// The new requirements apply to the present period and, if levels last until the end of the next one, to the last one.
func TestPeriodOfNewRequirements(t *testing.T) {
	before, now := points(202612, 500), points(202702, 200)
	for _, c := range []struct {
		name    string
		tiers   []func(*loyalty.Tiers)
		minimum string
		want    int
	}{
		{"one month", []func(*loyalty.Tiers){func(t *loyalty.Tiers) { t.Months = 3 }}, "", 2},
		{"the months that count", []func(*loyalty.Tiers){func(t *loyalty.Tiers) { t.Months = 2 }}, "", 1},
		{"kept for this period", []func(*loyalty.Tiers){quarterly, keepPeriod(1)}, "", 1},
		{"kept for the next period, too", []func(*loyalty.Tiers){quarterly, keepPeriod(2)}, "", 2},
		{"with the next period", []func(*loyalty.Tiers){quarterly, keepPeriod(1), nextPeriod}, "", 2},
		{"a minimum", []func(*loyalty.Tiers){quarterly, keepPeriod(1)}, "gold", 2},
	} {
		acc := member("bronze", before, now)
		acc.Tier.Minimum = c.minimum
		at := func(t *loyalty.Tiers) { t.Refresh.At = utc("2027-02-15") }
		if got := Of(threeLevels(append(c.tiers, at)...)).refreshed(acc); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
	acc := member("bronze", points(202612, 200), points(202702, 500))
	at := func(t *loyalty.Tiers) { t.Refresh.At = utc("2027-02-15") }
	for _, c := range []struct {
		tiers []func(*loyalty.Tiers)
		want  int
	}{
		{[]func(*loyalty.Tiers){quarterly, keepPeriod(1), nextPeriod, at}, 1},
		{[]func(*loyalty.Tiers){quarterly, keepPeriod(2), at}, 2},
	} {
		if got := Of(threeLevels(c.tiers...)).refreshed(acc); got != c.want {
			t.Errorf("less in the period before: %d, want %d", got, c.want)
		}
	}
}

func TestMoveToAReplacement(t *testing.T) {
	end := utc("2027-12-31")
	for _, c := range []struct {
		name   string
		level  string
		points loyalty.Points
		locked bool
		at     time.Time
		want   string
		until  time.Time
	}{
		{"not due", "bronze", 200, false, changed.Add(-1), "bronze", end},
		{"up", "bronze", 200, false, changed, "silver", utc("2028-03-02")},
		{"the replacement", "platinum", 500, false, changed, "gold", end},
		{"the replacement, locked", "platinum", 0, true, changed, "gold", end},
		{"below the replacement", "platinum", 200, false, changed, "silver", utc("2028-03-02")},
		{"the lowest level", "basic", 0, false, changed, "bronze", time.Time{}},
		{"the lowest level, locked", "basic", 0, true, changed, "bronze", end},
		{"nothing changes", "silver", 200, false, changed, "silver", end},
	} {
		acc := member(c.level, points(202703, c.points))
		acc.Tier.Until = end
		if c.locked {
			acc.Tier.Lock = end
		}
		d := decide(threeLevels(refreshing(loyalty.FullRefresh), keepFor(12)), acc, "2027-03-02")
		d.Now = c.at
		if err := RefreshTier(d, c.at); err != nil {
			t.Fatal(err)
		}
		if s := d.Account.Tier; s.Level != c.want || !s.Until.Equal(c.until) || c.locked && !s.Lock.Equal(end) {
			t.Errorf("%s: %+v", c.name, s)
		}
		if moved := c.want != c.level; (len(d.Entries) == 1) != moved ||
			moved && !d.Account.Tier.Since.Equal(changed) {
			t.Errorf("%s: %+v", c.name, d.Entries)
		}
	}
}
