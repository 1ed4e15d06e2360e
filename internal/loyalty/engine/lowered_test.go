package engine

import (
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
	"pgregory.net/rapid"
)

// A review counts the lower level's validity from the period that it judged.
func TestLowerLevelIsKeptFromTheJudgedPeriod(t *testing.T) {
	month := loyalty.Window{Kind: loyalty.CycleWindow, Months: 1, From: 101}
	for _, c := range []struct {
		name  string
		until string // of the level after the review on 1 February
		tiers func(*loyalty.Tiers)
	}{
		{
			"to the end of the next period", "2027-02-28T23:00:00Z",
			func(t *loyalty.Tiers) { t.Window, t.KeepPeriods = month, 2 },
		},
		{
			"one step, to the end of the next period", "2027-02-28T23:00:00Z",
			func(t *loyalty.Tiers) { t.Window, t.KeepPeriods, t.MoveDown = month, 2, loyalty.OneStep },
		},
		{
			"with a tail", "2027-03-07T23:00:00Z",
			func(t *loyalty.Tiers) { t.Window, t.KeepPeriods, t.ExtendedBy = month, 2, calendar.Period{Days: 7} },
		},
		{
			"after a grace", "2027-02-28T23:00:00Z",
			func(t *loyalty.Tiers) { t.Window, t.KeepPeriods, t.Grace = month, 2, calendar.Period{Days: 10} },
		},
		{
			"to the end of the period", "2027-01-31T23:00:00Z",
			func(t *loyalty.Tiers) { t.Window, t.KeepPeriods, t.MoveDown = month, 1, loyalty.OneStep },
		},
		{
			"with the next period", "2027-02-28T23:00:00Z",
			func(t *loyalty.Tiers) { t.Window, t.KeepPeriods, t.MoveUp = month, 1, loyalty.NextPeriod },
		},
		{
			"for a length of time after a grace", "2027-02-10T12:00:00Z",
			func(t *loyalty.Tiers) {
				t.Months, t.KeepFor, t.Grace = 1, calendar.Period{Months: 1}, calendar.Period{Days: 20}
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := bySpend(t, c.tiers)
			s := newShop(t, p)
			s.acc = joined(t, p, instant(t, "2026-12-01T12:00:00Z"))
			s.buy("gold", 2000, instant(t, "2026-12-10T12:00:00Z"))
			s.pass(instant(t, "2027-01-05T12:00:00Z"))
			s.buy("silver", 500, instant(t, "2027-01-05T12:00:00Z"))
			until, lowered := s.acc.Tier.Until, false
			end := instant(t, "2027-04-01T00:00:00Z")
			for day := s.acc.Tier.Since; !lowered && day.Before(end); day = day.AddDate(0, 0, 1) {
				s.pass(day)
				lowered = s.acc.Tier.Level == "silver"
			}
			if got := s.acc.Tier; !lowered || !got.Until.Equal(instant(t, c.until)) {
				t.Errorf("gold until %s became %s until %s, want silver until %s", until, got.Level, got.Until, c.until)
			}
		})
	}
}

// edited returns a copy of a program with edited tiers.
func edited(t *rapid.T, base *loyalty.Program, edit func(*loyalty.Tiers)) *loyalty.Program {
	p := *base
	edit(&p.Tiers)
	if err := Compile(&p); err != nil {
		t.Fatal(err)
	}
	return &p
}

// A demoted member keeps a level no longer than a member who earned it in the period that was judged.
func TestDemotedMemberKeepsALevelNoLonger(t *testing.T) {
	checks(t, 2_000)
	compared, base := 0, bySpend(t, func(*loyalty.Tiers) {})
	rapid.Check(t, func(t *rapid.T) {
		p := edited(t, base, func(tiers *loyalty.Tiers) {
			months := rapid.SampledFrom([]int{1, 3, 12}).Draw(t, "period")
			windows := []loyalty.Window{
				{Kind: loyalty.CycleWindow, Months: months, From: 101},
				{Kind: loyalty.CycleWindow, Months: months, From: 117},
				{Kind: loyalty.JoinWindow, Months: months},
			}
			tiers.Window = rapid.SampledFrom(windows).Draw(t, "window")
			tiers.KeepPeriods = 2
			tiers.MoveUp = rapid.SampledFrom([]loyalty.MoveUp{loyalty.AtOnce, loyalty.NextPeriod}).Draw(t, "up")
			if tiers.MoveUp == loyalty.NextPeriod {
				tiers.KeepPeriods = rapid.IntRange(1, 2).Draw(t, "keep")
			}
			tiers.MoveDown = rapid.SampledFrom([]loyalty.MoveDown{loyalty.OneStep, loyalty.ToQualified}).Draw(t, "down")
			tiers.ExtendedBy = rapid.SampledFrom([]calendar.Period{{}, {Days: 9}}).Draw(t, "tail")
			tiers.Grace = rapid.SampledFrom([]calendar.Period{{}, {Days: 9}, {Days: 70}}).Draw(t, "grace")
		})
		from := instantOf("2026-01-10T12:00:00Z")
		demoted, earned := newShop(t, p), newShop(t, p)
		demoted.acc, earned.acc = joined(t, p, from), joined(t, p, from)
		demoted.buy("high", rapid.SampledFrom([]int64{2000, 5000}).Draw(t, "high"), from)
		at := from.Add(time.Duration(rapid.IntRange(1, 500*24).Draw(t, "hours")) * time.Hour)
		euros := rapid.SampledFrom([]int64{500, 2000}).Draw(t, "euros")
		for _, s := range []*shop{demoted, earned} {
			s.pass(at)
			s.buy("again", euros, at)
		}
		was := demoted.acc.Tier
		review := posting.ReviewAt(&p.Tiers, p.Zone, was)
		if review.IsZero() || !tier.Of(p).PeriodEnd(demoted.acc, at).Equal(tier.Of(p).PeriodCloses(demoted.acc, was)) {
			return // another period is judged
		}
		demoted.pass(review)
		earned.pass(review)
		is, other := demoted.acc.Tier, earned.acc.Tier
		if is.Level != other.Level || p.Tiers.LevelIndex(is) == 0 ||
			p.Tiers.LevelIndex(is) >= p.Tiers.LevelIndex(was) {
			return
		}
		if compared++; is.Until.After(other.Until) {
			t.Fatalf(
				"%s was earned until %s, and the demoted member keeps it until %s", other.Level, other.Until, is.Until,
			)
		}
	})
	if compared == 0 {
		t.Error("no demoted member was compared")
	}
}
