package loyalty

import "testing"

// Where a version changes what levels take, members move by it as whoever published it said, once and at its instant,
// however late somebody looks; and what they do later does not bring it back.
func TestWhatBecomesOfMembersWhenLevelsTakeSomethingElse(t *testing.T) {
	const takesOver = "2026-06-01T00:00:00Z"
	was := bySpend(t, func(t *Tiers) { t.Calendar, t.KeepYear = true, 2 })
	for _, c := range []struct {
		name   string
		mode   RefreshMode
		silver int64 // of which silver takes so many euros from then on
		spent  int64
		want   string
	}{
		{"less is needed, and who has it moves up", UpgradeOnly, 300, 400, "silver"},
		{"less is needed, and who has not stays", FullRefresh, 300, 299, "bronze"},
		{"more is needed, and members keep what they were promised", UpgradeOnly, 900, 600, "silver"},
		{"more is needed, and they do not", FullRefresh, 900, 600, "bronze"},
		{"more is needed, and there is more", FullRefresh, 900, 950, "silver"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := bySpend(t, func(t *Tiers) {
				t.Calendar, t.KeepYear, t.Levels[1].From = true, 2, c.silver*100
				t.Refresh = Refresh{instantOf(takesOver), c.mode}
			})
			if !p.Retiers(was) || was.Retiers(was) {
				t.Fatal("it is not seen that what levels take has changed")
			}
			s := member2026(t, was)
			s.buy("1", c.spent, instant(t, "2026-02-01T12:00:00Z"))
			s.p = p
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
			o.Refunds = []Refund{back("1", 100)}
			s.tell(o, instant(t, "2026-11-02T12:00:00Z"))
			s.wantLevel(t, "2026-12-30T12:00:00Z", level)
		})
	}
	p := bySpend(t, func(t *Tiers) {
		t.Calendar, t.KeepYear, t.Refresh = true, 2, Refresh{instantOf(takesOver), FullRefresh}
	})
	s := member2026(t, p) // joined before, but matched afterwards
	s.pass(instant(t, "2026-07-01T12:00:00Z"))
	out, err := p.SetTier(s.acc, "tier_1", Placement{Level: "gold", Reason: "because"}, instant(t, "2026-07-01T12:00:00Z"))
	if err != nil {
		t.Fatal(err)
	}
	s.acc = out.Account
	s.wantLevel(t, "2027-06-01T12:00:00Z", "gold")
	next := bySpend(t, func(t *Tiers) { t.Calendar, t.KeepYear, t.Grace = true, 2, Period{Days: 3} })
	later := instantOf("2026-09-01T00:00:00Z")
	if next.Supersede(p, later, UpgradeOnly); next.Tiers.Refresh != p.Tiers.Refresh {
		t.Error("a version that takes the same forgets when that last changed")
	}
	next.Tiers.Levels[1].From++
	if next.Supersede(p, later, UpgradeOnly); next.Tiers.Refresh != (Refresh{later, UpgradeOnly}) {
		t.Errorf("a version that takes something else moves members by %+v", next.Tiers.Refresh)
	}
}
