package engine

import (
	"errors"
	"fmt"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// A level below the minimum of a segment requires a lock, and rises to the minimum when the lock ends.
func TestOnlyALockHoldsALevelBelowTheFloor(t *testing.T) {
	p := bySpend(t, func(t *loyalty.Tiers) {
		t.Months, t.KeepFor, t.Minimums = 12, calendar.Period{Months: 12}, []loyalty.Minimum{
			{Level: "gold", Segment: "card"},
		}
	})
	s := member2026(t, p)
	s.buy("1", 1, s.acc.Joined)
	place := func(in tier.Placement) error {
		in.Reason = "because"
		out, err := tier.SetTier(Begin(p, s.acc, s.acc.Seen), "tier_1", in)
		if err == nil {
			s.took(out)
		}
		return err
	}
	until := instant(t, "2026-05-01T00:00:00Z")
	if err := place(tier.Placement{Level: "silver", Until: until, Locked: true}); err != nil {
		t.Fatal(err)
	}
	out, err := SetTraits(p, s.acc, loyalty.Traits{Segments: []string{"card"}}, s.acc.Seen)
	if err != nil {
		t.Fatal(err)
	}
	s.took(out)
	s.wantLevel(t, "2026-04-30T23:59:59Z", "silver")
	s.wantLevel(t, "2026-05-01T00:00:00Z", "gold")
	if tier := s.acc.Tier; !tier.Since.Equal(until) || !tier.Until.IsZero() {
		t.Errorf("the level is %+v", tier)
	}
	for _, in := range []tier.Placement{
		{Level: "silver"},
		{Level: "silver", Permanent: true},
		{Level: "bronze", Until: instant(t, "2026-09-01T00:00:00Z")},
	} {
		if e := (*loyalty.Error)(nil); !errors.As(place(in), &e) || e.Pointer != "/level" {
			t.Errorf("%+v is not refused", in)
		}
	}
	s.acc.Tier = loyalty.Standing{Level: "silver", Since: s.acc.Joined} // as the previous release left it
	s.buy("2", 1, instant(t, "2026-06-01T12:00:00Z"))
	s.wantLevel(t, "2026-06-01T12:00:00Z", "gold")
}

// A level that was reached during a lock takes effect when the lock ends, even if a grace period precedes the review.
func TestGraceDoesNotHoldWhatALockHeld(t *testing.T) {
	p := bySpend(t, func(t *loyalty.Tiers) {
		t.Months, t.KeepFor, t.Grace = 12, calendar.Period{Months: 12}, calendar.Period{Days: 30}
		t.Minimums = []loyalty.Minimum{{Level: "gold", Segment: "card"}}
	})
	for _, card := range []bool{false, true} {
		s := member2026(t, p)
		out, err := tier.SetTier(
			Begin(p, s.acc, s.acc.Seen), "tier_1",
			tier.Placement{Level: "bronze", Reason: "because", Until: instant(t, "2026-05-01T00:00:00Z"), Locked: true},
		)
		if err != nil {
			t.Fatal(err)
		}
		s.took(out)
		s.buy("1", 500, instant(t, "2026-02-01T12:00:00Z"))
		want := "silver"
		if card {
			out, err := SetTraits(p, s.acc, loyalty.Traits{Segments: []string{"card"}}, s.acc.Seen)
			if err != nil {
				t.Fatal(err)
			}
			s.acc, want = out.Account, "gold"
		}
		s.wantLevel(t, "2026-04-30T23:59:59Z", "bronze")
		s.wantLevel(t, "2026-05-01T00:00:00Z", want)
	}
}

// If two locks end at the same instant, both levels are decided.
func TestLocksThatEndAtOnceAllEnd(t *testing.T) {
	tiers := func(x *loyalty.Tiers) {
		x.Months, x.KeepFor, x.Grace = 12, calendar.Period{Months: 12}, calendar.Period{Days: 30}
	}
	p := bySpend(t, tiers)
	p.TierGroups = []loyalty.TierGroup{{ID: "partner", Tiers: p.Tiers}}
	if err := Compile(p); err != nil {
		t.Fatal(err)
	}
	s := member2026(t, p)
	until := instant(t, "2026-05-01T00:00:00Z")
	for i, ladder := range []string{"", "partner"} {
		out, err := tier.SetTier(
			Begin(p, s.acc, s.acc.Seen), fmt.Sprint("tier_", i),
			tier.Placement{TierGroup: ladder, Level: "bronze", Reason: "because", Until: until, Locked: true},
		)
		if err != nil {
			t.Fatal(err)
		}
		s.took(out)
	}
	s.buy("1", 500, instant(t, "2026-02-01T12:00:00Z"))
	s.wantLevel(t, "2026-05-01T00:00:00Z", "silver")
	if _, v, ok := tier.TierGroupStanding(p, s.acc, "partner"); !ok || v.Tier.Level != "silver" {
		t.Errorf("in the tier group it is %+v", v.Tier)
	}
}

// A level that was reached under a manual level lasts as long as without the manual level.
func TestLevelReachedUnderManualLevelLasts(t *testing.T) {
	for _, c := range []struct {
		euros  int64
		locked bool
		edit   func(*loyalty.Tiers)
	}{
		{600, false, func(t *loyalty.Tiers) {}},
		{600, true, func(t *loyalty.Tiers) {}},
		{600, true, func(t *loyalty.Tiers) { t.Grace = calendar.Period{Days: 20} }},
		{600, false, func(t *loyalty.Tiers) { t.Grace = calendar.Period{Days: 20} }},
		{2000, true, func(t *loyalty.Tiers) {}},
		{2000, true, func(t *loyalty.Tiers) { t.Grace = calendar.Period{Days: 20} }},
		{600, true, func(t *loyalty.Tiers) { t.MoveUp = loyalty.NextPeriod }},
		{2000, true, func(t *loyalty.Tiers) { t.MoveUp = loyalty.NextPeriod }},
		{600, false, func(t *loyalty.Tiers) { t.ExtendedBy = calendar.Period{Months: 1} }},
		{499, false, func(t *loyalty.Tiers) {}},
	} {
		p := bySpend(t, func(t *loyalty.Tiers) {
			t.Calendar, t.KeepYear = true, 2
			c.edit(t)
		})
		matched, plain := member2026(t, p), member2026(t, p)
		out, err := tier.SetTier(Begin(p, matched.acc, matched.acc.Seen), "tier_1", tier.Placement{
			Level: "silver", Reason: "because", Until: instant(t, "2027-03-31T00:00:00Z"), Locked: c.locked,
		})
		if err != nil {
			t.Fatal(err)
		}
		matched.took(out)
		for _, s := range []*shop{matched, plain} {
			s.buy("1", c.euros, instant(t, "2026-06-30T12:00:00Z"))
		}
		for _, at := range []string{
			"2027-04-21T12:00:00Z", "2027-12-31T22:59:59Z", "2028-02-21T12:00:00Z", "2029-03-01T12:00:00Z",
		} {
			matched.pass(instant(t, at))
			plain.wantLevel(t, at, matched.acc.Tier.Level)
		}
	}
}
