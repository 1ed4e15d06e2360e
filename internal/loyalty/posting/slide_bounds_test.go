package posting

import (
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
)

// inactivity returns a program whose points expire 30 days after the last activity. Points of members at level gold
// never expire, and those at level fixed expire at the end of the year.
func inactivity() *loyalty.Program {
	p := utc()
	p.Earn.Expires = calendar.Expiry{After: calendar.Period{Days: 30}, Inactive: true, ResetBy: []string{"order"}}
	p.Tiers.Levels = []loyalty.Level{
		{ID: "basic"},
		{ID: "gold", Expires: &calendar.Expiry{}},
		{ID: "fixed", Expires: &calendar.Expiry{After: calendar.Period{Days: 1}, RoundTo: calendar.EndOfYear}},
	}
	return p
}

func at(level string) loyalty.Standing { return loyalty.Standing{Level: level} }

func moved(lot, from calendar.Date, n loyalty.Points) loyalty.Posting {
	return loyalty.Posting{Bucket: loyalty.BucketActive, Lot: lot, Points: n, From: from}
}

func TestKindsOfActivities(t *testing.T) {
	p := inactivity()
	if !IsActivity(&p.Earn, "order") || IsActivity(&p.Earn, "visit") {
		t.Error("only orders are activities")
	}
	p.Earn.Expires.Inactive = false
	if IsActivity(&p.Earn, "order") {
		t.Error("no points expire by inactivity")
	}
}

// An activity on 1 December postpones sliding points to 31 December.
func TestActivityPostponesPoints(t *testing.T) {
	to := sliding(2026_12_31)
	early, late := sliding(2026_12_10), sliding(2027_01_10)
	for _, c := range []struct {
		name   string
		tier   string
		slides calendar.Date
		lots   []loyalty.Lot
		slid   []loyalty.Lot
		before []loyalty.Posting
		want   []loyalty.Posting
		day    calendar.Date // that NoteActivity returns
		moves  calendar.Date // the entry's Slides
	}{
		{"without points", "basic", 0, nil, nil, nil, nil, to, to},
		{
			"points of an earlier day", "basic", early,
			[]loyalty.Lot{lotOf(2027_06_30, 5), lotOf(early, 10)},
			nil, nil,
			[]loyalty.Posting{active("", early, -10), moved(to, early, 10)},
			to, to,
		},
		{"points of the same day", "basic", to, []loyalty.Lot{lotOf(to, 10)}, nil, nil, nil, to, 0},
		{"points of a later day", "basic", late, []loyalty.Lot{lotOf(late, 10)}, nil, nil, nil, to, 0},
		{
			"points that an activity moved before", "basic", early,
			[]loyalty.Lot{lotOf(early, 10)},
			[]loyalty.Lot{lotOf(early-5, 4)},
			nil,
			[]loyalty.Posting{active("", early, -10), moved(to, early, 6), active("", to, 4)},
			to, to,
		},
		{
			"points that an activity moved to another day", "basic", early + 1,
			[]loyalty.Lot{lotOf(early, 10)},
			[]loyalty.Lot{lotOf(early-5, 4)},
			nil,
			[]loyalty.Posting{active("", early, -10), moved(to, early, 10)},
			to, to,
		},
		{
			"points that activities moved in full", "basic", early,
			[]loyalty.Lot{lotOf(early, 4)},
			[]loyalty.Lot{lotOf(early-5, 4)},
			nil,
			[]loyalty.Posting{active("", early, -4), active("", to, 4)},
			to, to,
		},
		{
			"points that the entry adds", "basic", 0, nil, nil,
			[]loyalty.Posting{
				active("", early, 3), active("miles", early, 9),
				{Bucket: loyalty.BucketDebt, Lot: early, Points: 9},
				active("", jan31, 9),
			},
			[]loyalty.Posting{active("", early, -3), moved(to, early, 3)},
			to, to,
		},
		{
			"points that the entry takes", "basic", early,
			[]loyalty.Lot{lotOf(early, 10)},
			nil,
			[]loyalty.Posting{active("", early, -10)},
			nil, to, to,
		},
		{
			"at a level whose points never expire", "gold", early,
			[]loyalty.Lot{lotOf(early, 10)},
			nil, nil,
			[]loyalty.Posting{active("", early, -10), active("", 0, 10)},
			Forever, Forever,
		},
		{"after that level", "basic", Forever, nil, nil, nil, nil, to, to},
		{
			"at a level whose points expire on fixed days", "fixed", early,
			[]loyalty.Lot{lotOf(early, 10)},
			nil, nil,
			nil, calendar.Slides, 0,
		},
	} {
		acc := loyalty.Account{Tier: at(c.tier), Slides: c.slides, Slid: c.slid, Purse: loyalty.Purse{Lots: c.lots}}
		d := Decide(inactivity(), acc, loyaltytest.Noon)
		e := loyalty.Entry{Postings: slices.Clone(c.before)}
		day := NoteActivity(d, &e, loyaltytest.Noon)
		if got := e.Postings[len(c.before):]; !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v", c.name, got)
		}
		if day != c.day || e.Slides != c.moves || (len(e.Reasons) > 0) != (len(c.want) > 0) {
			t.Errorf("%s: to %d, slides %d, reasons %+v", c.name, day, e.Slides, e.Reasons)
		}
		if e.Activity == nil || !e.Activity.At.Equal(loyaltytest.Noon) || e.Activity.Withdrawn {
			t.Errorf("%s: the activity is %+v", c.name, e.Activity)
		}
	}
}

// Reserved points that would have expired before the activity no longer slide.
func TestReservedPointsThatAnActivityDoesNotPostpone(t *testing.T) {
	now := loyaltytest.Noon
	for _, c := range []struct {
		name   string
		slides calendar.Date
		lots   []loyalty.Lot
		want   calendar.Date
	}{
		{"that expired yesterday", 0, []loyalty.Lot{lotOf(sliding(2026_11_30), 1)}, sliding(2026_11_30)},
		{"that expire today", 0, []loyalty.Lot{lotOf(sliding(2026_12_01), 1)}, 0},
		{"of a fixed day", 0, []loyalty.Lot{lotOf(2026_11_30, 1)}, 0},
		{"that an earlier activity postponed", sliding(2026_12_20), []loyalty.Lot{lotOf(sliding(2026_11_30), 1)}, 0},
		{"that no longer expire", Forever, []loyalty.Lot{lotOf(sliding(2026_11_30), 1)}, 0},
		{
			"of two lots", 0,
			[]loyalty.Lot{lotOf(sliding(2026_11_20), 1), lotOf(sliding(2026_11_30), 1), lotOf(sliding(2026_12_01), 1)},
			sliding(2026_11_30),
		},
	} {
		acc := loyalty.Account{Tier: at("basic"), Slides: c.slides, Holds: []loyalty.Hold{{Lots: c.lots}}}
		var e loyalty.Entry
		if NoteActivity(Decide(inactivity(), acc, now), &e, now); e.Stale != c.want {
			t.Errorf("points %s: %d", c.name, e.Stale)
		}
	}
}

// An activity on 20 November that is reported on 1 December revives points that expired since then.
func TestLateActivityRevivesPoints(t *testing.T) {
	now := loyaltytest.Noon
	when := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	to := sliding(2026_12_20)
	expired := func(lot calendar.Date, n loyalty.Points) loyalty.Posting {
		return loyalty.Posting{Bucket: loyalty.BucketExpired, Lot: lot, Points: n}
	}
	revived := func(lot calendar.Date) []loyalty.Posting {
		return []loyalty.Posting{expired(lot, -5), {Bucket: loyalty.BucketActive, Lot: to, Points: 5, From: lot}}
	}
	for _, c := range []struct {
		name       string
		tier       string
		at         time.Time
		activities []time.Time
		lot        calendar.Date
		want       []loyalty.Posting
		to         calendar.Date
	}{
		{"after the activity", "basic", when, nil, sliding(2026_11_25), revived(sliding(2026_11_25)), to},
		{"on the day of the activity", "basic", when, nil, sliding(2026_11_20), revived(sliding(2026_11_20)), to},
		{"before the activity", "basic", when, nil, sliding(2026_11_19), nil, to},
		{
			"exactly when the activity happened", "basic", sliding(2026_11_20).End(time.UTC), nil, sliding(2026_11_20),
			nil, sliding(2026_12_21),
		},
		{"on a fixed day", "basic", when, nil, 2026_11_25, nil, to},
		{
			"before the activity, which postpones them to a day that is over", "basic", when.AddDate(0, 0, -20), nil,
			sliding(2026_11_25),
			[]loyalty.Posting{expired(sliding(2026_11_25), -5), expired(sliding(2026_11_30), 5)},
			sliding(2026_11_30),
		},
		{
			"not before the postponed day", "basic", when.AddDate(0, 0, -25), nil, sliding(2026_11_25), nil,
			sliding(2026_11_25),
		},
		{
			"before another activity", "basic", when.AddDate(0, 0, -20),
			[]time.Time{when},
			sliding(2026_11_25),
			revived(sliding(2026_11_25)), sliding(2026_11_30),
		},
		{
			"and the other activity was too late", "basic", when.AddDate(0, 0, -20),
			[]time.Time{sliding(2026_11_30).End(time.UTC)},
			sliding(2026_11_25),
			[]loyalty.Posting{expired(sliding(2026_11_25), -5), expired(sliding(2026_11_30), 5)},
			sliding(2026_11_30),
		},
		{
			"and the other activity was earlier", "basic", when.AddDate(0, 0, -20),
			[]time.Time{when.AddDate(0, 0, -21)},
			sliding(2026_11_25),
			[]loyalty.Posting{expired(sliding(2026_11_25), -5), expired(sliding(2026_11_30), 5)},
			sliding(2026_11_30),
		},
		{
			"at a level whose points never expire", "gold", when, nil, sliding(2026_11_25),
			[]loyalty.Posting{expired(sliding(2026_11_25), -5), active("", 0, 5)},
			Forever,
		},
	} {
		acc := loyalty.Account{
			Tier: at(c.tier), Activities: c.activities,
			Purse: loyalty.Purse{ExpiredLots: []loyalty.Lot{lotOf(c.lot, 5)}},
		}
		d := Decide(inactivity(), acc, now)
		var e loyalty.Entry
		unexpire(d, &e, slidesTo(d, c.at), c.at)
		if !slices.Equal(e.Postings, c.want) {
			t.Errorf("points that expired %s: %+v", c.name, e.Postings)
		}
		revives := slices.ContainsFunc(c.want, func(p loyalty.Posting) bool { return p.Bucket == loyalty.BucketActive })
		if len(e.Reasons) == 1 != revives {
			t.Errorf("points that expired %s: the reasons are %+v", c.name, e.Reasons)
		}
	}
}

func TestActivityRevivesAndPostponesPoints(t *testing.T) {
	acc := loyalty.Account{Tier: at("basic"), Slides: sliding(2026_12_10), Purse: loyalty.Purse{
		Lots: []loyalty.Lot{lotOf(sliding(2026_12_10), 3)}, ExpiredLots: []loyalty.Lot{lotOf(sliding(2026_11_30), 5)},
	}}
	d := Decide(inactivity(), acc, loyaltytest.Noon)
	var e loyalty.Entry
	NoteActivity(d, &e, time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC))
	to := sliding(2026_12_30)
	if got := leftBy(d, e).Lots; !slices.Equal(got, []loyalty.Lot{lotOf(to, 8)}) || e.Slides != to {
		t.Errorf("the lots are %+v", got)
	}
}

// When an activity no longer counts, points return to the day that the latest remaining activity gives them, or to the
// later day on which they would have expired without any activity.
func TestPointsOfAWithdrawnActivity(t *testing.T) {
	now := loyaltytest.Noon
	to, other := sliding(2026_12_31), now.AddDate(0, 0, -11)
	back := sliding(2026_12_20) // from the other activity
	lots := []loyalty.Lot{lotOf(to, 10)}
	take := func(lot calendar.Date, from calendar.Date, n loyalty.Points) loyalty.Posting {
		return moved(lot, from, n)
	}
	for _, c := range []struct {
		name       string
		tier       string
		slides     calendar.Date
		activities []time.Time
		lots       []loyalty.Lot
		slid       []loyalty.Lot
		want       []loyalty.Posting
		wantSlides calendar.Date
	}{
		{
			"the only one", "basic", to,
			[]time.Time{now},
			lots,
			[]loyalty.Lot{lotOf(sliding(2026_12_10), 4)},
			[]loyalty.Posting{take(to, sliding(2026_12_10), -4), active("", sliding(2026_12_10), 4)},
			calendar.Slides,
		},
		{
			"the latest", "basic", to,
			[]time.Time{other, now},
			lots,
			[]loyalty.Lot{lotOf(sliding(2026_12_10), 4), lotOf(sliding(2026_12_25), 3)},
			[]loyalty.Posting{
				take(to, sliding(2026_12_10), -4), take(back, sliding(2026_12_10), 4),
				take(to, sliding(2026_12_25), -3), active("", sliding(2026_12_25), 3),
			},
			back,
		},
		{
			"the latest, on the day of the other", "basic", to,
			[]time.Time{other, now},
			lots,
			[]loyalty.Lot{lotOf(back, 4)},
			[]loyalty.Posting{take(to, back, -4), active("", back, 4)},
			back,
		},
		{
			"one of two of the same day", "basic", to,
			[]time.Time{now.Add(-1), now},
			lots,
			[]loyalty.Lot{lotOf(back, 4)},
			nil, 0,
		},
		{"one that did not decide", "basic", to + 1, []time.Time{now}, lots, []loyalty.Lot{lotOf(back, 4)}, nil, 0},
		{"one at a level whose points never expire", "basic", Forever, []time.Time{now}, lots, nil, nil, 0},
		{
			"the latest, at a level whose points expire on fixed days", "fixed", to,
			[]time.Time{other, now},
			lots,
			[]loyalty.Lot{lotOf(back, 4)},
			nil, 0,
		},
		{
			"the latest, at a level whose points never expire", "gold", to,
			[]time.Time{other, now},
			lots,
			[]loyalty.Lot{lotOf(back, 4)},
			nil, 0,
		},
		{"one without points", "basic", to, []time.Time{now}, nil, nil, nil, calendar.Slides},
		{"one that moved no points", "basic", to, []time.Time{now}, lots, nil, nil, calendar.Slides},
	} {
		acc := loyalty.Account{
			Tier: at(c.tier), Slides: c.slides, Activities: c.activities, Slid: c.slid,
			Purse: loyalty.Purse{Lots: c.lots},
		}
		day := to
		if c.slides == Forever {
			day = Forever
		}
		var e loyalty.Entry
		WithdrawActivity(Decide(inactivity(), acc, now), &e, day, now)
		if !slices.Equal(e.Postings, c.want) || e.Slides != c.wantSlides {
			t.Errorf("%s: %+v, slides %d", c.name, e.Postings, e.Slides)
		}
		if (len(e.Reasons) == 1) != (len(c.want) > 0) || e.Activity == nil || !e.Activity.Withdrawn {
			t.Errorf("%s: reasons %+v, activity %+v", c.name, e.Reasons, e.Activity)
		}
	}
}

// At a level whose points never expire, points stop sliding. Below it, they slide again.
func TestPointsSlideByLevel(t *testing.T) {
	now, day := loyaltytest.Noon, sliding(2026_12_10)
	for _, c := range []struct {
		name   string
		level  string
		slides calendar.Date
		whole  *Decision
		other  bool // the program's points do not expire by inactivity
		want   calendar.Date
	}{
		{"to the level", "gold", day, nil, false, Forever},
		{"to a level whose points slide", "basic", day, nil, false, 0},
		{"below the level", "basic", Forever, nil, false, sliding(2026_12_31)},
		{"to a level whose points expire on fixed days", "fixed", Forever, nil, false, 0},
		{"in a tier group", "gold", day, &Decision{}, false, 0},
		{"in a program without inactivity", "gold", day, nil, true, 0},
	} {
		p := inactivity()
		p.Earn.Expires.Inactive = !c.other
		d := Decide(p, loyalty.Account{Slides: c.slides, Purse: loyalty.Purse{Lots: []loyalty.Lot{lotOf(day, 5)}}}, now)
		d.Whole = c.whole
		var e loyalty.Entry
		if SlideAtLevel(d, &e, c.level, now); e.Slides != c.want || (len(e.Postings) > 0) != (c.want == Forever) {
			t.Errorf("%s: slides %d, postings %+v", c.name, e.Slides, e.Postings)
		}
	}
}

// Points that were moved back to a day that is over expire, except those whose expiry is postponed.
func TestPointsThatExpireByInactivity(t *testing.T) {
	p, acc := promising()
	p.Earn.Expires = inactivity().Earn.Expires
	acc.Sequence = 7
	acc.Lots = []loyalty.Lot{lotOf(2026_11_29, 1), lotOf(sliding(2026_11_30), 2), lotOf(sliding(2026_12_01), 4)}
	notice := func(day calendar.Date) loyalty.Notice {
		return loyalty.Notice{What: loyalty.OfExpiry, Subject: LotNotice(day), At: loyaltytest.Noon.AddDate(0, -3, 0)}
	}
	acc.Notices = []loyalty.Notice{notice(2026_11_30)}
	d := Decide(p, acc, loyaltytest.Noon)
	if err := ExpireInactive(d); err != nil {
		t.Fatal(err)
	}
	if len(d.Entries) != 2 || d.Entries[0].Kind != loyalty.KindExtend || d.Entries[1].Kind != loyalty.KindExpire ||
		d.Entries[1].Cause.ID != "mem_a:2026-11-30:inactive:9" || d.Entries[1].Points != -2 {
		t.Errorf("the entries are %+v", d.Entries)
	}
}
