package tier

import (
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

func vipGold(t *loyalty.Tiers) { t.Minimums = []loyalty.Minimum{{Segment: "vip", Level: "gold"}} }

func set(t *testing.T, p *loyalty.Program, acc loyalty.Account, in Placement) posting.Outcome {
	t.Helper()
	out, err := SetTier(posting.Decide(p, acc, utc("2027-03-02")), "adm_1", in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestLevelThatIsSetManually(t *testing.T) {
	now, end := utc("2027-03-02"), utc("2027-09-01")
	for _, c := range []struct {
		name string
		acc  func(*loyalty.Account)
		in   Placement
		want loyalty.Standing
	}{
		{
			"a level", nil,
			Placement{Level: "gold"},
			loyalty.Standing{Level: "gold", Since: now, Until: utc("2028-03-02")},
		},
		{
			"until an instant", nil,
			Placement{Level: "gold", Until: end},
			loyalty.Standing{Level: "gold", Since: now, Until: end, Given: true},
		},
		{
			"locked", nil,
			Placement{Level: "gold", Until: end, Locked: true},
			loyalty.Standing{Level: "gold", Since: now, Until: end, Lock: end, Given: true},
		},
		{
			"permanent", nil,
			Placement{Level: "gold", Permanent: true},
			loyalty.Standing{Level: "gold", Since: now, Minimum: "gold"},
		},
		{
			"the minimum of a segment", func(a *loyalty.Account) { a.Traits.Segments = []string{"vip"} },
			Placement{Level: "gold", Until: end},
			loyalty.Standing{Level: "gold", Since: now},
		},
		{
			"the same level", func(a *loyalty.Account) { a.Tier.From = utc("2026-06-01") },
			Placement{Level: "silver"},
			loyalty.Standing{
				Level: "silver", Since: utc("2026-01-15"), From: utc("2026-06-01"), Until: utc("2028-03-02"), At: now,
				Lock: now,
			},
		},
		{
			"instead of a permanent level", func(a *loyalty.Account) { a.Tier.Minimum = "silver" },
			Placement{Level: "silver"},
			loyalty.Standing{Level: "silver", Since: utc("2026-01-15"), Until: utc("2028-03-02"), At: now, Lock: now},
		},
		{
			"before a standing that was decided later", func(a *loyalty.Account) { a.Tier.At = end },
			Placement{Level: "gold"},
			loyalty.Standing{Level: "gold", Since: now, Until: utc("2028-03-02"), At: end},
		},
	} {
		acc := member("silver")
		if c.acc != nil {
			c.acc(&acc)
		}
		p := threeLevels(keepFor(12), vipGold)
		if got := set(t, p, acc, c.in).Account.Tier; got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
		d := posting.Decide(p, acc, now)
		d.Trial = &posting.Trial{Whole: d}
		if err := setTier(d, "", c.in); err != nil || d.Account.Tier != c.want || len(d.Entries) != 0 {
			t.Errorf("%s, decided again: %+v, %+v, %v", c.name, d.Account.Tier, d.Entries, err)
		}
		if past := d.Account.Past; len(past) > 0 && past[0] != acc.Tier {
			t.Errorf("%s: the standing before is %+v, want %+v", c.name, past[0], acc.Tier)
		}
	}
	inactive := threeLevels()
	inactive.Earn.Expires = calendar.Expiry{After: calendar.Period{Months: 12}, Inactive: true}
	inactive.Tiers.Levels[2].Expires = &calendar.Expiry{}
	if out := set(t, inactive, member("silver"), Placement{Level: "gold"}); out.Entries[0].Slides != posting.Forever {
		t.Errorf("points still slide at a level whose points never expire: %+v", out.Entries[0])
	}
}

// A manually set level needs months that a rolling window has merged, unless the account stores them apart already.
func TestMonthsThatAManualLevelNeeds(t *testing.T) {
	merged := []loyalty.Metric{points(0, 100), points(202702, 50)}
	for _, c := range []struct {
		name    string
		tiers   func(*loyalty.Tiers)
		metrics []loyalty.Metric
		manual  bool
		want    bool
	}{
		{"merged months", rolling, merged, false, true},
		{"under a manual level before", rolling, merged, true, false},
		{"nothing merged", rolling, merged[1:], false, false},
		{"no metrics", rolling, nil, false, false},
		{"a quarter", quarterly, merged, false, false},
		{"a lifetime", func(*loyalty.Tiers) {}, merged, false, false},
	} {
		acc := member("silver", c.metrics...)
		acc.Tier.Given = c.manual
		got := summedUp(decide(threeLevels(c.tiers), acc, "2027-03-02"), acc)
		if got.All != c.want || NeedsNothing(got) == c.want {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestInstantOfADecision(t *testing.T) {
	since := utc("2027-03-02")
	s := loyalty.Standing{Since: since, At: since.Add(-1)}
	if got := decidedAt(s, since); !got.At.IsZero() {
		t.Errorf("%s", got.At)
	}
	if got := decidedAt(s, since.Add(1)); !got.At.Equal(since.Add(1)) {
		t.Errorf("%s", got.At)
	}
}

func TestLevelAfterAChangeOfSegments(t *testing.T) {
	now, end := utc("2027-03-02"), utc("2027-09-01")
	vip := func(a *loyalty.Account) { a.Traits.Segments = []string{"vip"} }
	for _, c := range []struct {
		name  string
		tiers func(*loyalty.Tiers)
		level string
		acc   func(*loyalty.Account)
		want  string
		until time.Time
		moves int
	}{
		{"up to the minimum", keepFor(12), "bronze", vip, "gold", time.Time{}, 1},
		{"at the minimum", keepFor(12), "gold", vip, "gold", time.Time{}, 0},
		{
			"above the minimum", keepFor(12), "gold", func(a *loyalty.Account) { a.Tier.Minimum = "silver" }, "gold",
			utc("2028-03-02"), 1,
		},
		{"no minimum any more", keepFor(12), "gold", nil, "gold", utc("2028-03-02"), 1},
		{"the lowest level", keepFor(12), "bronze", nil, "bronze", time.Time{}, 0},
		{"with an end", keepFor(12), "gold", func(a *loyalty.Account) { a.Tier.Until = end }, "gold", end, 0},
		{"levels that cannot be lost", func(*loyalty.Tiers) {}, "gold", nil, "gold", time.Time{}, 0},
		{
			"locked below the minimum", keepFor(12), "bronze",
			func(a *loyalty.Account) { vip(a); a.Tier.Until, a.Tier.Lock = end, end }, "bronze", end, 0,
		},
		{
			"locked, with no minimum any " +
				"more", keepFor(12), "gold", func(a *loyalty.Account) { a.Tier.Lock = now.Add(1) },
			"gold",
			time.Time{},
			0,
		},
	} {
		acc := member(c.level)
		if c.acc != nil {
			c.acc(&acc)
		}
		d := posting.Decide(threeLevels(c.tiers, vipGold), acc, now)
		if err := Floored(d); err != nil {
			t.Fatal(err)
		}
		if s := d.Account.Tier; s.Level != c.want || !s.Until.Equal(c.until) || len(d.Entries) != c.moves {
			t.Errorf("%s: %+v, %d entries", c.name, s, len(d.Entries))
		}
		lifted := posting.Decide(threeLevels(c.tiers, vipGold), acc, now)
		if err := liftTier(lifted); err != nil || (len(lifted.Entries) == 1) != (c.level != c.want) {
			t.Errorf("%s: lifted by %+v, %v", c.name, lifted.Entries, err)
		}
	}
	none := decide(&loyalty.Program{Zone: time.UTC}, loyalty.Account{}, "2027-03-02")
	if err := Floored(none); err != nil || len(none.Entries) != 0 {
		t.Errorf("without levels: %+v, %v", none.Entries, err)
	}
}

// Two moves at the same instant have different causes.
func TestCauseOfAStanding(t *testing.T) {
	now := utc("2027-03-02")
	for _, c := range []struct {
		name    string
		since   time.Time
		present time.Time
		want    string
	}{
		{"the first move", now.Add(-1), time.Time{}, "mem_ada:gold:20270302T000000Z"},
		{"a second move", now, time.Time{}, "mem_ada:gold:20270302T000000Z:7"},
		{"a late report", now.Add(-1), now.Add(1), "mem_ada:gold:20270302T000000Z:7"},
		{"a report in time", now.Add(-1), now, "mem_ada:gold:20270302T000000Z"},
	} {
		acc := member("silver")
		acc.Sequence, acc.Tier.Since = 7, c.since
		d := posting.Decide(threeLevels(), acc, now)
		d.Present = c.present
		if err := moveTo(d, 2, time.Time{}, "reached", now); err != nil || d.Entries[0].Cause.ID != c.want {
			t.Errorf("%s: %+v, %v", c.name, d.Entries[0].Cause, err)
		}
		d = posting.Decide(threeLevels(), acc, now)
		d.Trial = &posting.Trial{Whole: d}
		if err := moveTo(d, 2, time.Time{}, "reached", now); err != nil || len(d.Entries) != 0 ||
			d.Account.Tier.Level != "gold" {
			t.Errorf("%s, decided again: %+v, %v", c.name, d.Account.Tier, err)
		}
	}
}

func TestClimbAsOfAnInstant(t *testing.T) {
	p := threeLevels(keepFor(12))
	was := member("bronze")
	is := member("bronze", points(202703, 200))
	d := decide(p, is, "2027-03-10")
	if err := ClimbAll(d, utc("2027-03-02"), was); err != nil {
		t.Fatal(err)
	}
	if s := d.Account.Tier; s.Level != "silver" || !s.Since.Equal(utc("2027-03-02")) ||
		!d.Now.Equal(utc("2027-03-10")) ||
		!d.Present.IsZero() {
		t.Errorf("%+v, now %s, present %s", s, d.Now, d.Present)
	}
	same := decide(p, is, "2027-03-10")
	if err := ClimbAll(same, utc("2027-03-02"), is); err != nil || len(same.Entries) != 0 {
		t.Errorf("amounts that did not change move the member: %+v, %v", same.Entries, err)
	}
	passed := decide(p, is, "2027-03-10")
	if err := passTiers(passed, utc("2027-03-12")); err != nil || !passed.Now.Equal(utc("2027-03-12")) {
		t.Errorf("the decision is about %s, %v", passed.Now, err)
	}
}

func TestLevelAtTheEndOfALock(t *testing.T) {
	lock := utc("2027-06-15")
	monthly := func(t *loyalty.Tiers) { t.Months = 1 }
	for _, c := range []struct {
		name  string
		tiers []func(*loyalty.Tiers)
		have  []loyalty.Metric
		rung  int
		until time.Time
	}{
		{
			"qualified now",
			[]func(*loyalty.Tiers){monthly, keepFor(12)},
			[]loyalty.Metric{points(202706, 200)},
			1, lock.AddDate(1, 0, 0),
		},
		{
			"the same level in a past month and now",
			[]func(*loyalty.Tiers){monthly, keepFor(12)},
			[]loyalty.Metric{points(202703, 200), points(202706, 200)},
			1, lock.AddDate(1, 0, 0),
		},
		{
			"a higher level in a past month",
			[]func(*loyalty.Tiers){monthly, keepFor(12)},
			[]loyalty.Metric{points(202703, 500), points(202706, 200)},
			2,
			utc("2027-04-01").Add(-time.Millisecond).AddDate(1, 0, 0),
		},
		{
			"a past period",
			[]func(*loyalty.Tiers){quarterly, nextPeriod, keepPeriod(2)},
			[]loyalty.Metric{points(202702, 200), points(202705, 500)},
			1, utc("2027-10-01"),
		},
	} {
		acc := member("bronze", c.have...)
		acc.Tier.Lock, acc.Tier.Until = lock, lock
		rung, until, _ := Of(threeLevels(c.tiers...)).unlocked(acc)
		if rung != c.rung || !until.Equal(c.until) {
			t.Errorf("%s: level %d until %s", c.name, rung, until)
		}
	}
}

func TestMoveWithTheNextPeriod(t *testing.T) {
	p := threeLevels(quarterly, nextPeriod, keepPeriod(1))
	acc := member("bronze", points(202702, 200))
	for at, want := range map[string]string{
		"2027-03-31T23:59": "bronze", "2027-04-01": "silver", "2027-05-01": "silver",
	} {
		d := decide(p, acc, at)
		if err := RiseTier(d, d.Now); err != nil || d.Account.Tier.Level != want {
			t.Errorf("%s: %+v, %v", at, d.Account.Tier, err)
		}
	}
	if at := Of(p).RiseAt(member("bronze", points(0, 900))); !at.IsZero() {
		t.Errorf("points of months that no window includes move the member at %s", at)
	}
}

// A member who qualifies again keeps the level. Only a window since the level begins again then.
func TestReviewOfALevel(t *testing.T) {
	review := utc("2027-06-15")
	monthly := func(t *loyalty.Tiers) { t.Months = 1 }
	stayUp := func(t *loyalty.Tiers) { t.MoveDown = loyalty.StayUp }
	lasts := utc("2027-04-01").Add(-time.Millisecond).AddDate(1, 0, 0)
	given := func(a *loyalty.Account) { a.Tier.Given = true }
	locked := func(a *loyalty.Account) { a.Tier.Lock = a.Tier.Until }
	vip := func(a *loyalty.Account) { locked(a); a.Traits.Segments = []string{"vip"} }
	for _, c := range []struct {
		name  string
		tiers []func(*loyalty.Tiers)
		level string
		have  []loyalty.Metric
		acc   func(*loyalty.Account)
		want  string
		until time.Time
		why   string
	}{
		{
			"qualified again",
			[]func(*loyalty.Tiers){monthly, toQualified, keepFor(12)},
			"silver",
			[]loyalty.Metric{points(202706, 200)},
			nil, "silver", review.AddDate(1, 0, 0), "",
		},
		{
			"lost",
			[]func(*loyalty.Tiers){monthly, toQualified, keepFor(12)},
			"gold", nil, nil, "bronze",
			time.Time{},
			"lost",
		},
		{
			"one step",
			[]func(*loyalty.Tiers){monthly, keepFor(12)},
			"gold", nil, nil, "silver", review.AddDate(1, 0, 0),
			"lost",
		},
		{
			"a level that lasts longer",
			[]func(*loyalty.Tiers){monthly, toQualified, keepFor(12)},
			"gold",
			[]loyalty.Metric{points(202703, 200)},
			given, "silver", lasts, "lost",
		},
		{
			"one step to a level that lasts longer",
			[]func(*loyalty.Tiers){monthly, keepFor(12)},
			"gold",
			[]loyalty.Metric{points(202703, 200)},
			given, "silver", lasts, "lost",
		},
		{
			"the same level lasts longer",
			[]func(*loyalty.Tiers){monthly, toQualified, keepFor(12)},
			"silver",
			[]loyalty.Metric{points(202703, 200)},
			given, "silver", lasts, "",
		},
		{
			"a lock on levels that cannot be lost",
			[]func(*loyalty.Tiers){monthly, stayUp},
			"gold", nil, locked, "gold",
			time.Time{},
			"",
		},
		{
			"a higher minimum at the end of a lock",
			[]func(*loyalty.Tiers){monthly, toQualified, keepFor(12), vipGold},
			"bronze",
			[]loyalty.Metric{points(202706, 500)},
			vip, "gold",
			time.Time{},
			"floor",
		},
	} {
		acc := member(c.level, c.have...)
		acc.Tier.Until = review
		if c.acc != nil {
			c.acc(&acc)
		}
		d := posting.Decide(threeLevels(c.tiers...), acc, review)
		if err := ReviewTier(d, review); err != nil {
			t.Fatal(err)
		}
		s := d.Account.Tier
		if s.Level != c.want || !s.Until.Equal(c.until) || !s.From.IsZero() || len(d.Entries) != 1 {
			t.Errorf("%s: %+v, %d entries", c.name, s, len(d.Entries))
			continue
		}
		if why := d.Entries[0].Reasons[0]; c.why != "" && why.Args[2] != c.why ||
			c.why == "" && why.Kind != loyalty.HasStayed {
			t.Errorf("%s: %+v", c.name, why)
		}
	}
}
