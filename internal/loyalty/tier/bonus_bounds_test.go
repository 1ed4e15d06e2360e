package tier

import (
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

func granted(key string, n int, worth loyalty.Points, at time.Time) loyalty.Reached {
	return loyalty.Reached{N: n, At: at, Grant: loyalty.Grant{Rule: key, Worth: worth, ActiveAt: at}}
}

func TestRecordOfANewBonus(t *testing.T) {
	early, late := utc("2027-01-01"), utc("2027-02-01")
	for _, c := range []struct {
		name    string
		reached []loyalty.Reached
		n       int
		at      time.Time
	}{
		{"the first", nil, 0, time.Time{}},
		{"after another level", []loyalty.Reached{granted("tiers.silver", 0, 100, early)}, 0, time.Time{}},
		{"the second", []loyalty.Reached{granted("tiers.gold", 0, 100, early)}, 1, time.Time{}},
		{
			"the third",
			[]loyalty.Reached{granted("tiers.gold", 1, 100, early), granted("tiers.gold", 0, 100, early)},
			2,
			time.Time{},
		},
		{"instead of a withdrawn one", []loyalty.Reached{granted("tiers.gold", 3, 0, early)}, 3, early},
		{
			"of the same promotion",
			[]loyalty.Reached{granted("tiers.gold", 0, 0, early), granted("tiers.gold", 1, 0, late)},
			1,
			late,
		},
		{
			"of another promotion",
			[]loyalty.Reached{granted("tiers.gold", 0, 0, early), granted("tiers.gold", 1, 0, early.Add(1))},
			0, early,
		},
	} {
		acc := member("gold")
		acc.Reached = c.reached
		r := Vacant(decide(threeLevels(), acc, "2027-03-02"), posting.Bonus{Key: "tiers.gold", At: late})
		if r.N != c.n || !r.At.Equal(c.at) || r.Grant.Rule != "tiers.gold" || r.Grant.Worth != 0 {
			t.Errorf("%s: %+v", c.name, r)
		}
	}
}

func TestPointsThatPostingsMove(t *testing.T) {
	posting := func(bucket loyalty.Bucket, n loyalty.Points) loyalty.Posting {
		return loyalty.Posting{Bucket: bucket, Points: n}
	}
	wallet := loyalty.Posting{Wallet: "miles", Bucket: loyalty.BucketActive, Points: 50}
	expired := loyalty.Posting{Wallet: "miles", Bucket: loyalty.BucketExpired, Points: 50}
	for _, c := range []struct {
		name string
		all  []loyalty.Posting
		want loyalty.Points
	}{
		{
			"active points",
			[]loyalty.Posting{posting(loyalty.BucketActive, 50), posting(loyalty.BucketActive, -20)},
			30,
		},
		{"points that expire at once", []loyalty.Posting{posting(loyalty.BucketExpired, 50)}, 50},
		{
			"expired points that return",
			[]loyalty.Posting{posting(loyalty.BucketExpired, -50), posting(loyalty.BucketActive, 50)},
			50,
		},
		{"another wallet", []loyalty.Posting{wallet, expired}, 0},
		{"issued points", []loyalty.Posting{posting(loyalty.BucketIssued, 50)}, 0},
	} {
		if got := MovedPoints(c.all); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
	lot := func(lot calendar.Date, n loyalty.Points) loyalty.Posting {
		return loyalty.Posting{Bucket: loyalty.BucketActive, Lot: lot, Points: n}
	}
	for _, c := range []struct{ all, want []loyalty.Posting }{
		{nil, nil},
		{[]loyalty.Posting{lot(1, 5), lot(2, 7)}, []loyalty.Posting{lot(1, 5), lot(2, 7)}},
		{[]loyalty.Posting{lot(1, 5), lot(2, 7), lot(1, 3)}, []loyalty.Posting{lot(1, 8), lot(2, 7)}},
		{[]loyalty.Posting{lot(1, 5), lot(1, -5), lot(2, 0)}, nil},
	} {
		if got := added(slices.Clone(c.all)); len(got) != len(c.want) || !slices.Equal(got, c.want) && len(got) > 0 {
			t.Errorf("%+v: %+v, want %+v", c.all, got, c.want)
		}
	}
}

func TestCauseOfABonus(t *testing.T) {
	d := decide(threeLevels(), member("gold"), "2027-03-02")
	for n, want := range []string{"mem_ada:gold", "mem_ada:gold:2", "mem_ada:gold:3"} {
		r := granted("tiers.gold", n, 100, utc("2027-03-01"))
		r.Revision = 4
		e := bonusEntry(d, loyalty.KindEarn, &r, utc("2027-03-01"))
		if e.Cause.ID != want || e.Cause.Revision != 5 || r.Revision != 5 {
			t.Errorf("the cause is %+v, want %s", e.Cause, want)
		}
	}
	if d.Present = utc("2027-04-01"); !posted(d).Equal(d.Present) {
		t.Errorf("the points move at %s", posted(d))
	}
	if d.Present = (time.Time{}); !posted(d).Equal(d.Now) {
		t.Errorf("the points move at %s", posted(d))
	}
}

// The account forgets the oldest records. A bonus from before the remembered ones may have had a record.
func TestBonusWhoseRecordIsForgotten(t *testing.T) {
	at := utc("2027-02-01")
	all := func(n ...int) (out []loyalty.Reached) {
		for i, n := range n {
			out = append(out, granted("tiers.gold", n, 100, at.AddDate(0, i, 0)))
		}
		return append(out, granted("tiers.silver", 9, 100, at.AddDate(-1, 0, 0)))
	}
	for _, c := range []struct {
		name    string
		reached []loyalty.Reached
		at      time.Time
		want    bool
	}{
		{"all are remembered", all(0, 1), at.Add(-1), false},
		{"none was given", all(), at.Add(-1), false},
		{"the first is forgotten", all(1, 2), at.Add(-1), true},
		{"the same instant", all(1, 2), at, false},
		{"between the others", all(1, 2), at.Add(1), false},
	} {
		acc := member("gold")
		acc.Reached = c.reached
		if got := isForgotten(&acc, posting.Bonus{Key: "tiers.gold", At: c.at}); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

func TestChangesOfBonuses(t *testing.T) {
	since := utc("2027-02-01")
	lot := func(r loyalty.Reached, expires calendar.Date) loyalty.Reached {
		r.Grant.Expires = expires
		return r
	}
	gold := lot(granted("tiers.gold", 0, 100, since), 20280201)
	wanted := posting.Bonus{Level: "gold", Key: "tiers.gold", Points: 100, At: since, Expires: 20280201}
	with := func(edit func(*posting.Bonus)) []posting.Bonus {
		b := wanted
		edit(&b)
		return []posting.Bonus{b}
	}
	for _, c := range []struct {
		name                         string
		given                        []loyalty.Reached
		wanted                       []posting.Bonus
		now                          string
		withdraw, move, redate, give int
	}{
		{"the same", []loyalty.Reached{gold}, []posting.Bonus{wanted}, "2027-03-02", 0, 0, 0, 0},
		{"a new one", nil, []posting.Bonus{wanted}, "2027-03-02", 0, 0, 0, 1},
		{"one that is not wanted", []loyalty.Reached{gold}, nil, "2027-03-02", 1, 0, 0, 0},
		{
			"one that was withdrawn",
			[]loyalty.Reached{granted("tiers.gold", 0, 0, since)},
			nil, "2027-03-02", 0,
			0, 0, 0,
		},
		{
			"one from before",
			[]loyalty.Reached{granted("tiers.gold", 0, 100, since.Add(-1))},
			nil, "2027-03-02",
			0, 0, 0, 0,
		},
		{"a milestone", []loyalty.Reached{granted("milestones.ten", 0, 100, since)}, nil, "2027-03-02", 0, 0, 0, 0},
		{
			"another level",
			[]loyalty.Reached{granted("tiers.silver", 0, 100, since)},
			[]posting.Bonus{wanted},
			"2027-03-02", 1, 0, 0, 1,
		},
		{
			"later, in another lot",
			[]loyalty.Reached{gold},
			with(func(b *posting.Bonus) { b.At, b.Expires = since.AddDate(0, 1, 0), 20280301 }), "2027-03-02", 0,
			1, 0, 0,
		},
		{
			"later, in the same lot",
			[]loyalty.Reached{gold},
			with(func(b *posting.Bonus) { b.At = since.Add(1) }), "2027-03-02", 0, 0, 1, 0,
		},
		{
			"both lots expired",
			[]loyalty.Reached{gold},
			with(func(b *posting.Bonus) { b.At, b.Expires = since.AddDate(0, 1, 0), 20280301 }), "2028-04-01", 0,
			0, 1, 0,
		},
		{
			"the first lot expired",
			[]loyalty.Reached{gold},
			with(func(b *posting.Bonus) { b.At, b.Expires = since.AddDate(0, 1, 0), 20280301 }), "2028-02-15", 0,
			1, 0, 0,
		},
		{
			"an earlier lot that would expire soon",
			[]loyalty.Reached{lot(gold, 20270310)},
			with(func(b *posting.Bonus) { b.Expires = 20270303 }), "2027-03-02", 0, 0, 0, 0,
		},
	} {
		acc := member("gold")
		acc.Reached = c.given
		got := findBonusChanges(decide(threeLevels(), acc, c.now), since, c.wanted)
		if len(got.withdraw) != c.withdraw || len(got.move) != c.move || len(got.redated) != c.redate ||
			len(got.give) != c.give {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestExpiryOfPointsThatMoveToAnEarlierDay(t *testing.T) {
	sliding := calendar.Slides + calendar.Date(20270601)
	for _, c := range []struct {
		name    string
		notice  int
		was, is calendar.Date
		want    calendar.Date
	}{
		{"later", 0, 20270601, 20270701, 20270701},
		{"the same day", 0, 20270601, 20270601, 20270601},
		{"never", 0, 20270601, 0, 0},
		{"earlier", 0, 20270601, 20270501, 20270501},
		{"from never", 0, 0, 20270501, 20270501},
		{"two weeks ahead", 0, 20270601, 20270316, 20270316},
		{"less than two weeks ahead", 0, 20270601, 20270315, 20270316},
		{"the period of notice", 30, 20270601, 20270315, 20270401},
		{"before that", 30, 20270320, 20270315, 20270320},
		{"to a sliding day", 0, 20270601, sliding, sliding},
		{"from never to a sliding day", 0, 0, sliding, sliding},
		{"from a sliding day", 0, sliding, 20270303, 20270303},
	} {
		p := threeLevels()
		p.AdvanceNotice.Period = calendar.Period{Days: c.notice}
		if got := NotBefore(decide(p, member("gold"), "2027-03-02"), c.was, c.is); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// Points of a bonus that expired in an earlier lot become active in the lot to which the bonus belongs now.
func TestExpiredPointsOfABonusThatMoves(t *testing.T) {
	for _, c := range []struct {
		name    string
		expired loyalty.Points
		was, is calendar.Date
		rest    loyalty.Points
		left    loyalty.Points
	}{
		{"none expired", 0, 20270201, 20270601, 100, 0},
		{"some expired", 30, 20270201, 20270601, 70, 0},
		{"more expired", 130, 20270201, 20270601, 0, 30},
		{"the same lot", 30, 20270201, 20270201, 100, 30},
		{"the other lot expired, too", 30, 20270201, 20270301, 100, 30},
	} {
		g := loyalty.Grant{Rule: "tiers.gold", Expires: c.is, Expired: c.expired, ExpiredOn: c.expired}
		e, rest := revive(decide(threeLevels(), member("gold"), "2027-03-02"), loyalty.Entry{}, &g, c.was, 100)
		moved := 100 - c.rest
		if rest != c.rest || g.Expired != c.left || g.ExpiredOn != c.left || (len(e.WriteOffs) == 1) != (moved > 0) ||
			moved > 0 && (e.WriteOffs[0].Points != -moved || e.WriteOffs[0].Lot != c.was ||
				MovedPoints(e.Postings) != moved) {
			t.Errorf("%s: %d left, %+v, %+v", c.name, rest, g, e)
		}
	}
}

// Entries about bonuses state why the points change.
func TestEntriesAboutABonus(t *testing.T) {
	at := utc("2027-03-02")
	b := posting.Bonus{Level: "gold", Key: "tiers.gold", Points: 100, At: at, Expires: 20280302}
	d := decide(threeLevels(), member("gold"), "2027-03-02")
	if err := payBonus(d, Vacant(d, b), b); err != nil {
		t.Fatal(err)
	}
	given := d.Account.Reached[0]
	moved := b
	moved.At, moved.Expires = at.AddDate(0, 1, 0), 20280402
	if err := redate(d, bonusPair{given, moved}); err != nil {
		t.Fatal(err)
	}
	if err := withdraw(d, d.Account.Reached[0]); err != nil {
		t.Fatal(err)
	}
	kinds := []loyalty.ReasonKind{loyalty.IsEntryBonus, loyalty.WasRedated, loyalty.EntryBonusWithdrawn}
	points := []loyalty.Points{100, 0, -100}
	for i, e := range d.Entries {
		if e.Reasons[0].Kind != kinds[i] || e.Points != points[i] {
			t.Errorf("entry %d: %d points, %+v", i, e.Points, e.Reasons)
		}
		for _, p := range e.Postings {
			if p.Points == 0 {
				t.Errorf("entry %d has a posting of no points: %+v", i, e.Postings)
			}
		}
	}
	if len(d.Entries) != 3 || d.Account.Reached[0].Grant.Worth != 0 {
		t.Errorf("%+v", d.Account.Reached)
	}
}

// A bonus in a tier group expires like other points at the member's level in Tiers.
func TestExpiryOfAnEntryBonus(t *testing.T) {
	p := threeLevels()
	p.Tiers.Levels[1].Expires = &calendar.Expiry{After: calendar.Period{Months: 6}}
	p.Tiers.Levels[2].Expires = &calendar.Expiry{After: calendar.Period{Months: 24}}
	p.Earn.Expires.After = calendar.Period{Months: 12}
	p.TierGroups = []loyalty.TierGroup{{ID: "partner", Tiers: threeLevels().Tiers}}
	acc := member("silver")
	acc.Tier.Since = utc("2027-01-01")
	acc.Past = []loyalty.Standing{{Level: "gold", Since: utc("2026-06-01")}}
	for _, c := range []struct {
		name  string
		group string
		now   string
		want  calendar.Date
	}{
		{"a level of the program", "", "2027-03-02", 20290302},
		{"a level of a tier group", "partner", "2027-03-02", 20270902},
		{"a level of a tier group, reached under gold", "partner", "2026-07-02", 20280702},
	} {
		d := decide(p, acc, c.now)
		whole := d
		if c.group != "" {
			on, _, _ := TierGroupStanding(p, acc, c.group)
			d = inGroup(d, on)
		}
		if got := bonus(d, d.P.Tiers.Levels[2]); got.Expires != c.want || got.Level != "gold" ||
			!got.At.Equal(utc(c.now)) {
			t.Errorf("%s: %+v", c.name, got)
		}
		trial := posting.Decide(d.P, d.Account, d.Now)
		trial.Trial = &posting.Trial{Whole: whole}
		if got := bonus(trial, d.P.Tiers.Levels[2]); got.Expires != c.want {
			t.Errorf("%s, decided again: %+v", c.name, got)
		}
	}
}

func TestEntryBonusIsGivenOnce(t *testing.T) {
	for _, c := range []struct {
		name    string
		repeat  bool
		reached []loyalty.Reached
		want    int
	}{
		{"the first time", false, nil, 1},
		{"again", false, []loyalty.Reached{granted("tiers.gold", 0, 1, utc("2027-01-01"))}, 0},
		{
			"again, if the program repeats it", true,
			[]loyalty.Reached{granted("tiers.gold", 0, 1, utc("2027-01-01"))},
			1,
		},
		{"after a withdrawal", false, []loyalty.Reached{granted("tiers.gold", 0, 0, utc("2027-01-01"))}, 1},
		{"another level's", false, []loyalty.Reached{granted("tiers.silver", 0, 100, utc("2027-01-01"))}, 1},
	} {
		p := threeLevels(func(t *loyalty.Tiers) { t.RepeatEntryBonus, t.Levels[2].EntryBonus = c.repeat, 100 })
		acc := member("bronze")
		acc.Reached = c.reached
		d := decide(p, acc, "2027-03-02")
		if err := welcome(d, 0, 2); err != nil || len(d.Entries) != c.want {
			t.Errorf("%s: %+v, %v", c.name, d.Entries, err)
		}
		trial := decide(p, acc, "2027-03-02")
		trial.Trial = &posting.Trial{Whole: trial}
		for range 2 { // a trial records the bonus, so that it gives it once, too
			if err := greet(trial, p.Tiers.Levels[2]); err != nil {
				t.Fatal(err)
			}
		}
		want := c.want
		if c.repeat {
			want = 2
		}
		if len(trial.Trial.Bonuses) != want || len(trial.Entries) != 0 {
			t.Errorf("%s, decided again: %+v", c.name, trial.Trial.Bonuses)
		}
	}
}

func TestPointsOfABonusThatWereNotGivenYet(t *testing.T) {
	d := decide(threeLevels(), member("gold"), "2027-03-02")
	b := posting.Bonus{Key: "tiers.gold", Points: 100, At: utc("2027-03-02"), Expires: 20280302}
	for _, c := range []struct {
		name    string
		worth   loyalty.Points
		expired loyalty.Points
		want    loyalty.Points
	}{
		{"none was given", 0, 0, 100}, {"some were given", 40, 0, 60}, {"some expired in another lot", 0, 30, 100},
	} {
		r := granted("tiers.gold", 0, c.worth, utc("2027-01-01"))
		r.Grant.Expires, r.Grant.Expired, r.Grant.ExpiredOn = 20270201, c.expired, c.expired
		e := GiveBonus(d, loyalty.Entry{}, &r, b)
		if MovedPoints(e.Postings) != c.want || r.Grant.Worth != 100 || r.Grant.Expired != 0 ||
			(len(e.WriteOffs) == 1) != (c.expired > 0) || !r.At.Equal(b.At) {
			t.Errorf("%s: %+v, %+v", c.name, r, e)
		}
	}
}
