package engine

import (
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// If a version changes the requirements of levels, members move as the publisher chose, once and at the instant of the
// version, even if the account is read later. Later activity does not repeat it.
func TestWhatBecomesOfMembersWhenLevelsTakeSomethingElse(t *testing.T) {
	const takesOver = "2026-06-01T00:00:00Z"
	was := bySpend(t, func(t *loyalty.Tiers) { t.Calendar, t.KeepYear = true, 2 })
	for _, c := range []struct {
		name   string
		mode   loyalty.RefreshMode
		silver int64 // of which silver takes so many euros from then on
		spent  int64
		want   string
	}{
		{"less is needed, and who has it moves up", loyalty.UpgradeOnly, 300, 400, "silver"},
		{"less is needed, and who has not stays", loyalty.FullRefresh, 300, 299, "bronze"},
		{"more is needed, and members keep what they were promised", loyalty.UpgradeOnly, 900, 600, "silver"},
		{"more is needed, and they do not", loyalty.FullRefresh, 900, 600, "bronze"},
		{"more is needed, and there is more", loyalty.FullRefresh, 900, 950, "silver"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := bySpend(t, func(t *loyalty.Tiers) {
				t.Calendar, t.KeepYear, t.Levels[1].From = true, 2, c.silver*100
				t.Refresh = loyalty.Refresh{At: instantOf(takesOver), Mode: c.mode}
			})
			if !tier.Retiers(&p.Tiers, &was.Tiers) || tier.Retiers(&was.Tiers, &was.Tiers) {
				t.Fatal("it is not seen that what levels take has changed")
			}
			s := member2026(t, was)
			s.buy("1", c.spent, instant(t, "2026-02-01T12:00:00Z"))
			s.p, s.versions = p, []tier.Live{{Program: was, Until: instant(t, takesOver)}}
			s.pass(instant(t, "2026-11-01T12:00:00Z")) // long after it took over
			if got := s.acc.Tier; got.Level != c.want {
				t.Errorf("the level is %+v, want %s", got, c.want)
			}
			if s.acc.Tier.Level == "silver" && c.spent < 500 && !s.acc.Tier.Since.Equal(instant(t, takesOver)) {
				t.Errorf("it was reached at %s", s.acc.Tier.Since)
			}
			o := s.states["1"].Order // a refund now takes nothing away, whatever the rules took then
			level := s.acc.Tier.Level
			s.acc.Seen = instant(t, takesOver) // as an entry leaves it
			o.Refunds = []loyalty.Refund{back("1", 100)}
			s.submit(o, instant(t, "2026-11-02T12:00:00Z"))
			s.wantLevel(t, "2026-12-30T12:00:00Z", level)
		})
	}
	p := bySpend(t, func(t *loyalty.Tiers) {
		t.Calendar, t.KeepYear, t.Refresh = true, 2, loyalty.Refresh{
			At: instantOf(takesOver), Mode: loyalty.FullRefresh,
		}
	})
	s := member2026(t, p) // joined before, but matched afterwards
	s.pass(instant(t, "2026-07-01T12:00:00Z"))
	out, err := tier.SetTier(
		Begin(p, s.acc, instant(t, "2026-07-01T12:00:00Z")), "tier_1", tier.Placement{Level: "gold", Reason: "because"},
	)
	if err != nil {
		t.Fatal(err)
	}
	s.took(out)
	s.wantLevel(t, "2027-06-01T12:00:00Z", "gold")
	next := bySpend(t, func(t *loyalty.Tiers) { t.Calendar, t.KeepYear, t.Grace = true, 2, calendar.Period{Days: 3} })
	later := instantOf("2026-09-01T00:00:00Z")
	if Supersede(next, p, later, loyalty.UpgradeOnly); next.Tiers.Refresh != p.Tiers.Refresh {
		t.Error("a version that takes the same forgets when that last changed")
	}
	next.Tiers.Levels[1].From++
	if Supersede(next, p, later, loyalty.UpgradeOnly); next.Tiers.Refresh != (loyalty.Refresh{
		At: later, Mode: loyalty.UpgradeOnly,
	}) {
		t.Errorf("a version that takes something else moves members by %+v", next.Tiers.Refresh)
	}
}

// If a version no longer has a member's level, the member immediately has the next lower level that still exists, with
// the same end and lock.
func TestMembersOfALevelThatIsGoneAreOnTheNextLowerOne(t *testing.T) {
	was := bySpend(t, func(t *loyalty.Tiers) { t.Calendar, t.KeepYear = true, 2 })
	takesOver := instant(t, "2026-06-01T00:00:00Z")
	remove := func(before *loyalty.Program, mode loyalty.RefreshMode, left ...int) *loyalty.Program {
		p := bySpend(t, func(t *loyalty.Tiers) { t.Calendar, t.KeepYear = true, 2 })
		levels := p.Tiers.Levels
		p.Tiers.Levels = nil
		for _, i := range left {
			p.Tiers.Levels = append(p.Tiers.Levels, levels[i])
		}
		Supersede(p, before, takesOver, mode)
		return p
	}
	until := instant(t, "2026-09-01T00:00:00Z")
	for _, c := range []struct {
		name   string
		mode   loyalty.RefreshMode
		left   []int
		placed tier.Placement
		want   string
		lock   time.Time
	}{
		{"reached", loyalty.UpgradeOnly, []int{0, 1, 3}, tier.Placement{}, "silver", time.Time{}},
		{"reached, with nothing between", loyalty.UpgradeOnly, []int{0, 3}, tier.Placement{}, "bronze", time.Time{}},
		{
			"the lowest too", loyalty.FullRefresh,
			[]int{1, 3},
			tier.Placement{Level: "bronze", Until: until, Locked: true},
			"silver", until,
		},
		{
			"locked", loyalty.UpgradeOnly,
			[]int{0, 1},
			tier.Placement{Level: "black", Until: until, Locked: true},
			"silver", until,
		},
		{
			"for ever", loyalty.UpgradeOnly,
			[]int{0, 1},
			tier.Placement{Level: "black", Permanent: true},
			"silver",
			time.Time{},
		},
		{
			"manually, and down to what was reached", loyalty.FullRefresh,
			[]int{0, 1, 2},
			tier.Placement{Level: "black"},
			"gold",
			time.Time{},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := member2026(t, was)
			s.buy("1", 2000, instant(t, "2026-02-01T12:00:00Z"))
			if c.placed.Level != "" {
				out, err := tier.SetTier(Begin(was, s.acc, s.acc.Seen), "tier_1", c.placed)
				if err != nil {
					t.Fatal(err)
				}
				s.took(out)
			}
			before := s.acc.Tier
			p := remove(was, c.mode, c.left...)
			s.p = p
			out := advanced(t, p, s.acc, takesOver)
			s.took(out)
			got := s.acc.Tier
			if got.Level != c.want || !got.Since.Equal(takesOver) ||
				posting.StandingAt(&s.acc, takesOver.Add(-1)).Level != before.Level || !got.Lock.Equal(c.lock) {
				t.Errorf("the level is %+v, want %s", got, c.want)
			}
			if n := len(out.Entries); n != 1 || out.Entries[0].Reasons[0].Args[2] != "rules" {
				t.Errorf("it has %d entries: %+v", n, out.Entries)
			}
			if c.placed.Permanent && (!got.Until.IsZero() || tier.Of(p).Floor(s.acc) != 1) {
				t.Errorf("what was for ever is %+v", got)
			}
		})
	}
	once := remove(was, loyalty.UpgradeOnly, 0, 1, 3)
	if twice := remove(once, loyalty.UpgradeOnly, 0, 3); twice.Tiers.Replaced["gold"] != "bronze" ||
		twice.Tiers.Replaced["silver"] != "bronze" {
		t.Errorf("in the place of gold there is %v", twice.Tiers.Replaced)
	}
	if again := remove(once, loyalty.UpgradeOnly, 0, 1, 2, 3); again.Tiers.Replaced != nil {
		t.Errorf("a level that came back is still gone: %v", again.Tiers.Replaced)
	}
}

// A level that was set manually until an instant is kept until then, even if the requirements change.
func TestALevelThatWasGivenUntilAnInstantIsKeptUntilThen(t *testing.T) {
	p := bySpend(t, func(t *loyalty.Tiers) {
		t.Calendar, t.KeepYear, t.Refresh = true, 2, loyalty.Refresh{
			At: instantOf("2026-06-01T00:00:00Z"), Mode: loyalty.FullRefresh,
		}
	})
	for until, want := range map[string]string{"": "bronze", "2026-09-01T00:00:00Z": "silver"} {
		s := member2026(t, p)
		in := tier.Placement{Level: "silver", Reason: "because"}
		if until != "" {
			in.Until = instant(t, until)
		}
		out, err := tier.SetTier(Begin(p, s.acc, s.acc.Seen), "tier_1", in)
		if err != nil {
			t.Fatal(err)
		}
		s.took(out)
		s.wantLevel(t, "2026-08-31T23:59:59Z", want)
		s.wantLevel(t, "2026-09-01T00:00:00Z", "bronze")
	}
}
