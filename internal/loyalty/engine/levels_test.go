package engine

import (
	"fmt"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
	"pgregory.net/rapid"
)

// bySpend returns a program with levels by spend: silver from 500 EUR, gold from 2000, black from 5000.
func bySpend(tb testing.TB, edit func(*loyalty.Tiers)) *loyalty.Program {
	return made(tb, func(p *loyalty.Program) {
		p.Earn.Pending = calendar.Wait{}
		p.Tiers = loyalty.Tiers{
			Levels: []loyalty.Level{
				{ID: "bronze"},
				{ID: "silver", From: 50_000},
				{ID: "gold", From: 200_000},
				{ID: "black", From: 500_000},
			},
			By: loyalty.BySpend, Currency: "EUR", MoveDown: loyalty.ToQualified,
		}
		edit(&p.Tiers)
	})
}

// A step is a purchase of a number of euros, reported when it is placed, with the level that the member then has. Both
// are optional.
type step struct {
	at    string
	euros int64
	want  string
}

func (s *shop) walk(t *testing.T, steps []step) {
	t.Helper()
	for i, x := range steps {
		at := instant(t, x.at)
		if s.pass(at); x.euros > 0 {
			s.buy(fmt.Sprint("walk", i), x.euros, at)
		}
		if got := s.acc.Tier.Level; x.want != "" && got != x.want {
			t.Errorf("at %s the level is %s until %s, want %s", x.at, got, s.acc.Tier.Until, x.want)
		}
	}
}

func TestWhenLevelsBeginAndEnd(t *testing.T) {
	quarter := loyalty.Window{Kind: loyalty.CycleWindow, Months: 3, From: 101}
	for _, c := range []struct {
		name   string
		joined string
		tiers  func(*loyalty.Tiers)
		steps  []step
	}{
		{
			"to 31 January of the year after next", "",
			func(t *loyalty.Tiers) { t.Calendar, t.KeepYear, t.ExtendedBy = true, 2, calendar.Period{Months: 1} },
			[]step{
				{"2026-11-20T12:00:00Z", 500, "silver"},
				{"2028-01-31T22:59:59.999Z", 0, "silver"},
				{"2028-01-31T23:00:00Z", 0, "bronze"},
			},
		},
		{
			"what is bought in the tail counts for the level, and it is kept to the end of the next tail", "",
			func(t *loyalty.Tiers) { t.Calendar, t.KeepYear, t.ExtendedBy = true, 2, calendar.Period{Months: 1} },
			[]step{
				{"2026-11-20T12:00:00Z", 500, "silver"},
				{"2028-01-15T12:00:00Z", 500, ""},
				{"2028-01-31T23:00:00Z", 0, "silver"},
				{"2029-01-31T22:59:59Z", 0, "silver"},
				{"2029-01-31T23:00:00Z", 0, "silver"},
				{"2030-01-31T23:00:00Z", 0, "bronze"},
			},
		},
		{"to the end of the quarter", "", func(t *loyalty.Tiers) { t.Window, t.KeepPeriods = quarter, 1 }, []step{
			{"2026-02-20T12:00:00Z", 500, "silver"},
			{"2026-03-31T21:59:59Z", 0, "silver"},
			{"2026-03-31T22:00:00Z", 0, "bronze"},
			{"2026-04-01T12:00:00Z", 300, "bronze"},
			{"2026-07-01T12:00:00Z", 300, "bronze"},
			{"2026-09-30T21:59:59Z", 200, "silver"},
			{"2026-09-30T22:00:00Z", 0, "bronze"},
		}},
		{"to the end of the next quarter", "", func(t *loyalty.Tiers) { t.Window, t.KeepPeriods = quarter, 2 }, []step{
			{"2026-02-20T12:00:00Z", 500, "silver"},
			{"2026-06-30T21:59:59Z", 0, "silver"},
			{"2026-06-30T22:00:00Z", 0, "bronze"},
		}},
		{
			"up with the next period, for as long as it lasts", "",
			func(t *loyalty.Tiers) { t.Window, t.KeepPeriods, t.MoveUp = quarter, 1, loyalty.NextPeriod },
			[]step{
				{"2026-02-20T12:00:00Z", 500, "bronze"},
				{"2026-03-31T21:59:59Z", 0, "bronze"},
				{"2026-03-31T22:00:00Z", 0, "silver"},
				{"2026-06-01T12:00:00Z", 2000, "silver"},
				{"2026-06-30T22:00:00Z", 0, "gold"},
				{"2026-09-30T22:00:00Z", 0, "bronze"},
			},
		},
		{
			"nothing comes of what was refunded before the period ended", "",
			func(t *loyalty.Tiers) { t.Calendar, t.KeepYear, t.MoveUp = true, 2, loyalty.NextPeriod },
			[]step{
				{"2026-02-20T12:00:00Z", 499, "bronze"}, {"2027-06-01T00:00:00Z", 0, "bronze"},
			},
		},
		{"a year from a day of its own", "", func(t *loyalty.Tiers) {
			t.Window, t.KeepPeriods = loyalty.Window{Kind: loyalty.CycleWindow, Months: 12, From: 201}, 1
		}, []step{
			{"2026-01-31T22:59:59Z", 300, "bronze"},
			{"2026-01-31T23:00:00Z", 300, "bronze"},
			{"2027-01-31T22:59:59Z", 200, "silver"},
			{"2027-01-31T23:00:00Z", 0, "bronze"},
		}},
		{"a year from the leap day of joining", "2024-02-29T12:00:00Z", func(t *loyalty.Tiers) {
			t.Window, t.KeepPeriods = loyalty.Window{Kind: loyalty.JoinWindow, Months: 12}, 1
		}, []step{
			{"2025-02-27T22:59:59Z", 300, "bronze"},
			{"2025-02-27T23:00:00Z", 300, "bronze"},
			{"2026-02-27T22:59:59Z", 200, "silver"},
			{"2026-02-27T23:00:00Z", 0, "bronze"},
			{"2027-02-28T12:00:00Z", 400, "bronze"},
			{"2028-02-28T22:59:59Z", 100, "silver"},
			{"2028-02-28T23:00:00Z", 0, "bronze"},
		}},
		{"since the level was reached: from each new level and each renewal", "", func(t *loyalty.Tiers) {
			t.Window, t.KeepFor = loyalty.Window{Kind: loyalty.LevelWindow}, calendar.Period{Months: 12}
		}, []step{
			{"2026-02-01T12:00:00Z", 500, "silver"},
			{"2026-03-01T12:00:00Z", 1999, "silver"},
			{"2026-04-01T12:00:00Z", 1, "gold"},
			{"2027-03-31T12:00:00Z", 2000, ""},
			{"2027-04-01T12:00:00Z", 0, "gold"},
			{"2028-03-31T12:00:00Z", 1999, ""},
			{"2028-04-01T12:00:00Z", 0, "silver"},
			{"2029-04-01T12:00:00Z", 0, "bronze"},
		}},
		{
			"grace runs over the end of a period, and what either counts is enough", "",
			func(t *loyalty.Tiers) { t.Window, t.KeepPeriods, t.Grace = quarter, 2, calendar.Period{Months: 4} },
			[]step{
				{"2026-02-20T12:00:00Z", 500, "silver"},
				{"2026-09-30T12:00:00Z", 499, ""},
				{"2026-10-15T12:00:00Z", 499, "silver"},
				{"2026-10-31T22:59:59Z", 0, "silver"},
				{"2026-10-31T23:00:00Z", 0, "bronze"},
			},
		},
		{
			"grace runs over the end of a period, which qualified", "",
			func(t *loyalty.Tiers) { t.Window, t.KeepPeriods, t.Grace = quarter, 2, calendar.Period{Months: 4} },
			[]step{
				{"2026-02-20T12:00:00Z", 500, "silver"},
				{"2026-09-30T12:00:00Z", 500, ""},
				{"2026-10-31T23:00:00Z", 0, "silver"},
				{"2027-04-30T21:59:59Z", 0, "silver"},
				{"2027-04-30T22:00:00Z", 0, "bronze"},
			},
		},
		{
			"no level is ever lost", "",
			func(t *loyalty.Tiers) { t.Calendar, t.KeepYear, t.MoveDown = true, 1, loyalty.StayUp },
			[]step{
				{"2026-02-20T12:00:00Z", 500, "silver"},
				{"2036-02-20T12:00:00Z", 0, "silver"},
				{"2036-02-21T12:00:00Z", 2000, "gold"},
			},
		},
		{"one step at a time, each for a time of its own", "", func(t *loyalty.Tiers) {
			t.Months, t.KeepFor, t.MoveDown = 12, calendar.Period{Days: 400}, loyalty.OneStep
		}, []step{
			{"2026-02-01T12:00:00Z", 5000, "black"},
			{"2027-03-08T11:59:59Z", 0, "black"},
			{"2027-03-08T12:00:00Z", 0, "gold"},
			{"2028-04-11T11:00:00Z", 0, "silver"},
			{"2029-05-16T12:00:00Z", 0, "bronze"},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := bySpend(t, c.tiers)
			s := member2026(t, p)
			if c.joined != "" {
				s.acc = joined(t, p, instant(t, c.joined))
			}
			s.walk(t, c.steps)
		})
	}
}

func TestTheMembersOwnYear(t *testing.T) {
	p := bySpend(t, func(t *loyalty.Tiers) {
		t.Window, t.KeepPeriods = loyalty.Window{Kind: loyalty.OwnWindow, Months: 12}, 1
	})
	s := member2026(t, p)
	out, err := SetTraits(p, s.acc, loyalty.Traits{MembershipYearStart: 615}, s.acc.Joined)
	if err != nil {
		t.Fatal(err)
	}
	s.took(out)
	s.walk(t, []step{
		{"2026-06-14T21:59:59Z", 300, "bronze"},
		{"2026-06-14T22:00:00Z", 300, "bronze"},
		{"2027-06-14T21:59:59Z", 200, "silver"},
		{"2027-06-14T22:00:00Z", 0, "bronze"},
	})
}

// An order that is reported after its period has ended counts for that period, as if it had been reported in time.
func TestALateOrderDecidesItsPeriodAgain(t *testing.T) {
	p := bySpend(t, func(t *loyalty.Tiers) { t.Calendar, t.KeepYear = true, 2 })
	s := member2026(t, p)
	s.walk(t, []step{{"2026-11-20T12:00:00Z", 400, "bronze"}, {"2027-01-10T12:00:00Z", 50, "bronze"}})
	tell := func(euros int64, status loyalty.OrderStatus) {
		o := bought("EUR", loyalty.Line{Amount: euros * 100})
		o.ID, o.PlacedAt, o.Status = "late", instant(t, "2026-12-30T12:00:00Z"), status
		s.submit(o, instant(t, "2027-01-20T12:00:00Z"))
	}
	tell(99, loyalty.OrderPaid)
	s.wantLevel(t, "2027-01-20T12:00:00Z", "bronze")
	tell(100, loyalty.OrderPaid) // corrected
	s.wantLevel(t, "2027-01-20T12:00:00Z", "silver")
	if got := s.acc.Tier; !got.Since.Equal(instant(t, "2026-12-30T12:00:00Z")) ||
		!got.Until.Equal(instant(t, "2027-12-31T23:00:00Z")) {
		t.Errorf("silver is had since %s until %s", got.Since, got.Until)
	}
	tell(100, loyalty.OrderCanceled)
	s.wantLevel(t, "2027-01-20T12:00:00Z", "bronze")

	p = bySpend(t, func(t *loyalty.Tiers) { t.Calendar, t.KeepYear = true, 1 })
	s = member2026(t, p)
	s.walk(t, []step{{"2026-11-20T12:00:00Z", 400, "bronze"}})
	tell(100, loyalty.OrderPaid) // would have been silver to the end of the year, which is over
	s.wantLevel(t, "2027-01-20T12:00:00Z", "bronze")

	p = bySpend(t, func(t *loyalty.Tiers) { t.Calendar, t.KeepYear, t.MoveUp = true, 1, loyalty.NextPeriod })
	s = member2026(t, p)
	s.walk(t, []step{{"2026-11-20T12:00:00Z", 400, "bronze"}, {"2027-01-10T12:00:00Z", 50, "bronze"}})
	tell(100, loyalty.OrderPaid) // silver since the new year
	s.wantLevel(t, "2027-12-31T22:59:59Z", "silver")
	s.wantLevel(t, "2027-12-31T23:00:00Z", "bronze")
}

// The member reaches the same level if an order is reported in time or late.
func TestLateIsAsGoodAsInTime(t *testing.T) {
	programs := []*loyalty.Program{
		bySpend(t, func(t *loyalty.Tiers) { t.Calendar, t.KeepYear = true, 2 }),
		bySpend(t, func(t *loyalty.Tiers) {
			t.Window, t.KeepPeriods, t.MoveUp = loyalty.Window{
				Kind: loyalty.CycleWindow, Months: 3, From: 101,
			}, 2, loyalty.NextPeriod
		}),
		bySpend(t, func(t *loyalty.Tiers) {
			t.Window, t.KeepPeriods = loyalty.Window{Kind: loyalty.JoinWindow, Months: 12}, 2
		}),
	}
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SampledFrom(programs).Draw(t, "program")
		from := instantOf("2026-01-10T12:00:00Z")
		early, late := newShop(t, p), newShop(t, p)
		early.acc, late.acc = joined(t, p, from), joined(t, p, from)
		placed := from.Add(time.Duration(rapid.IntRange(0, 500*24).Draw(t, "placed")) * time.Hour)
		reported := placed.Add(time.Duration(rapid.IntRange(0, 89*24).Draw(t, "told")) * time.Hour)
		o := bought("EUR", loyalty.Line{Amount: rapid.Int64Range(100_00, 900_00).Draw(t, "amount")})
		o.ID, o.PlacedAt = "late", placed
		early.submit(o, placed)
		late.submit(o, reported)
		early.pass(reported)
		if early.acc.Tier.Level != late.acc.Tier.Level || !early.acc.Tier.Until.Equal(late.acc.Tier.Until) {
			t.Fatalf("reported in time %+v\nreported late %+v", early.acc.Tier, late.acc.Tier)
		}
	})
}

func TestWhoReachesALevelIsWelcomedOnce(t *testing.T) {
	points := func(t *loyalty.Tiers) {
		t.Calendar, t.KeepYear = true, 1
		t.Levels[1].EntryBonus, t.Levels[2].EntryBonus = 100, 300
	}
	for _, c := range []struct {
		name  string
		edit  func(*loyalty.Tiers)
		first loyalty.Points // of what is given for the way to gold
		again loyalty.Points // a year later
	}{
		{"of several levels the highest", func(*loyalty.Tiers) {}, 300, 0},
		{"each", func(t *loyalty.Tiers) { t.SkippedLevels = loyalty.EachLevel }, 400, 0},
		{
			"each, and again",
			func(t *loyalty.Tiers) { t.SkippedLevels, t.RepeatEntryBonus = loyalty.EachLevel, true }, 400, 400,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := bySpend(t, func(t *loyalty.Tiers) { points(t); c.edit(t) })
			p.Earn.Rates["EUR"] = loyalty.Rate{Points: p.Earn.Rates["EUR"].Points, Per: 1_000_000_000}
			p.Earn.Expires = calendar.Expiry{}
			if err := Compile(p); err != nil {
				t.Fatal(err)
			}
			s := member2026(t, p)
			s.walk(t, []step{{"2026-02-20T12:00:00Z", 2000, "gold"}})
			if got := s.acc.Balance().Active; got != c.first {
				t.Errorf("at first %d points, want %d", got, c.first)
			}
			s.walk(t, []step{{"2027-02-20T12:00:00Z", 0, "bronze"}, {"2027-02-21T12:00:00Z", 2000, "gold"}})
			if got := s.acc.Balance().Active; got != c.first+c.again {
				t.Errorf("and then %d points, want %d", got, c.first+c.again)
			}
			if s.acc.Earned != c.first+c.again {
				t.Errorf("%d points were earned", s.acc.Earned)
			}
		})
	}
}

func TestFloors(t *testing.T) {
	p := bySpend(t, func(t *loyalty.Tiers) {
		t.Calendar, t.KeepYear, t.Minimums = true, 2, []loyalty.Minimum{
			{Level: "silver", Segment: "card"}, {Level: "gold", Segment: "vip"},
		}
	})
	s := member2026(t, p)
	segments := func(at string, want string, names ...string) {
		t.Helper()
		s.pass(instant(t, at))
		out, err := SetTraits(p, s.acc, loyalty.Traits{Segments: names}, instant(t, at))
		if err != nil {
			t.Fatal(err)
		}
		if s.took(out); s.acc.Tier.Level != want {
			t.Errorf("in %v the level is %s, want %s", names, s.acc.Tier.Level, want)
		}
	}
	segments("2026-03-01T12:00:00Z", "silver", "card")
	s.wantLevel(t, "2035-03-01T12:00:00Z", "silver")
	segments("2035-03-02T12:00:00Z", "gold", "card", "vip")
	segments("2035-03-03T12:00:00Z", "gold", "card")
	s.wantLevel(t, "2036-12-31T22:59:59Z", "gold") // as if it had been reached when the floor went
	s.wantLevel(t, "2036-12-31T23:00:00Z", "silver")
	segments("2037-03-03T12:00:00Z", "silver")
	s.wantLevel(t, "2038-12-31T23:00:00Z", "bronze")
	s.walk(t, []step{{"2039-01-05T12:00:00Z", 2000, "gold"}})
	segments("2039-01-06T12:00:00Z", "gold", "card")
	s.wantLevel(t, "2040-12-31T23:00:00Z", "silver")
}

func TestManualLevel(t *testing.T) {
	p := bySpend(t, func(t *loyalty.Tiers) { t.Calendar, t.KeepYear = true, 2 })
	place := func(s *shop, at string, in tier.Placement) {
		t.Helper()
		s.pass(instant(t, at))
		in.Reason = "because"
		out, err := tier.SetTier(Begin(p, s.acc, instant(t, at)), fmt.Sprint("tier_", s.acc.Sequence), in)
		if err != nil {
			t.Fatal(err)
		}
		s.took(out)
	}
	s := member2026(t, p) // like one that was reached
	place(s, "2026-03-01T12:00:00Z", tier.Placement{Level: "silver"})
	s.wantLevel(t, "2027-12-31T22:59:59Z", "silver")
	s.wantLevel(t, "2027-12-31T23:00:00Z", "bronze")

	s = member2026(t, p) // matched until a day, and then kept by what was bought
	place(s, "2026-03-01T12:00:00Z", tier.Placement{Level: "gold", Until: instant(t, "2026-09-01T00:00:00Z")})
	s.walk(
		t,
		[]step{
			{"2026-05-01T12:00:00Z", 500, "gold"},
			{"2026-08-31T23:59:59Z", 0, "gold"},
			{"2026-09-01T00:00:00Z", 0, "silver"},
		},
	)
	s = member2026(t, p)
	place(s, "2026-03-01T12:00:00Z", tier.Placement{Level: "silver", Until: instant(t, "2026-09-01T00:00:00Z")})
	// The member then climbs above it.
	s.walk(t, []step{{"2026-05-01T12:00:00Z", 2000, "gold"}, {"2026-09-01T00:00:00Z", 0, "gold"}})

	s = member2026(t, p) // locked: neither up nor down, and then on by the rules
	place(
		s, "2026-03-01T12:00:00Z",
		tier.Placement{Level: "bronze", Until: instant(t, "2026-09-01T00:00:00Z"), Locked: true},
	)
	s.walk(
		t,
		[]step{
			{"2026-05-01T12:00:00Z", 2000, "bronze"},
			{"2026-08-31T23:59:59Z", 0, "bronze"},
			{"2026-09-01T00:00:00Z", 0, "gold"},
			{"2027-12-31T22:59:59Z", 0, "gold"},
			{"2027-12-31T23:00:00Z", 0, "bronze"},
		},
	)

	s = member2026(t, p) // for ever, and above it as for all
	place(s, "2026-03-01T12:00:00Z", tier.Placement{Level: "silver", Permanent: true})
	s.walk(
		t,
		[]step{
			{"2030-03-01T12:00:00Z", 2000, "gold"},
			{"2031-12-31T23:00:00Z", 0, "silver"},
			{"2041-12-31T23:00:00Z", 0, "silver"},
		},
	)
	place(s, "2042-03-01T12:00:00Z", tier.Placement{Level: "silver"}) // until it is changed
	s.wantLevel(t, "2043-12-31T23:00:00Z", "bronze")
}

// The amount that RetentionOf requires is enough to keep the level, and one cent less is not.
func TestWhatItTakesToStayIsWhatItTakes(t *testing.T) {
	programs := []*loyalty.Program{
		bySpend(t, func(t *loyalty.Tiers) { t.Calendar, t.KeepYear = true, 2 }),
		bySpend(t, func(t *loyalty.Tiers) { t.Calendar, t.KeepYear, t.Grace = true, 1, calendar.Period{Days: 40} }),
		bySpend(
			t, func(t *loyalty.Tiers) { t.Calendar, t.KeepYear, t.ExtendedBy = true, 2, calendar.Period{Months: 1} },
		),
		bySpend(t, func(t *loyalty.Tiers) { t.Months, t.KeepFor = 12, calendar.Period{Months: 12} }),
		bySpend(t, func(t *loyalty.Tiers) {
			t.Months, t.KeepFor, t.Grace = 3, calendar.Period{Days: 100}, calendar.Period{Days: 20}
		}),
		bySpend(t, func(t *loyalty.Tiers) {
			t.Window, t.KeepPeriods, t.MoveUp = loyalty.Window{
				Kind: loyalty.CycleWindow, Months: 3, From: 101,
			}, 2, loyalty.NextPeriod
		}),
		bySpend(t, func(t *loyalty.Tiers) {
			t.Window, t.KeepPeriods = loyalty.Window{Kind: loyalty.JoinWindow, Months: 12}, 2
		}),
		bySpend(t, func(t *loyalty.Tiers) {
			t.Window, t.KeepFor = loyalty.Window{Kind: loyalty.LevelWindow}, calendar.Period{Months: 5}
		}),
	}
	asked := 0
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SampledFrom(programs).Draw(t, "program")
		s := newShop(t, p)
		now := instantOf("2026-01-10T12:00:00Z")
		s.acc = joined(t, p, now)
		for i := range rapid.IntRange(1, 6).Draw(t, "orders") {
			s.buy(fmt.Sprint(i), rapid.Int64Range(50, 900).Draw(t, "euros"), now)
			now = now.Add(time.Duration(rapid.IntRange(1, 100*24).Draw(t, "hours")) * time.Hour)
			s.pass(now)
		}
		stay, ok := tier.Of(p).RetentionOf(s.acc, now)
		ahead, at, moves := Projection(p, s.acc)
		if !ok || !moves {
			return
		}
		was := s.acc.Tier.Level
		if ahead.Level == "" ||
			(!stay.Gap.Open() && p.Tiers.LevelIndex(ahead) < p.Tiers.LevelIndex(s.acc.Tier)) {
			t.Fatalf("nothing is missing for %s, and ahead is %+v", was, ahead)
		}
		if !stay.Gap.Open() {
			return
		}
		asked++
		if !now.Before(stay.By) {
			t.Fatalf("it is %s, and something is missing until %s", now, stay.By)
		}
		// The order is placed in the last millisecond, if nothing else happens before.
		last := stay.By.Add(-time.Millisecond)
		for _, less := range []int64{0, 1} {
			x := *s
			x.states, x.issued = map[string]*loyalty.OrderState{}, map[string]loyalty.Points{}
			o := bought("EUR", loyalty.Line{Amount: stay.Gap.Missing() - less})
			o.ID, o.PlacedAt = "more", last
			if o.Lines[0].Amount > 0 {
				x.submit(o, last)
			}
			x.pass(at)
			retained := p.Tiers.LevelIndex(x.acc.Tier) >= p.Tiers.LevelIndex(s.acc.Tier)
			if retained != (less == 0) {
				t.Fatalf("%s needs %+v; with %d less it is then %s\n%+v", was, stay, less, x.acc.Tier.Level, p.Tiers)
			}
		}
	})
	if asked == 0 {
		t.Error("nothing was ever missing")
	}
}
