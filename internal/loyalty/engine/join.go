package engine

import (
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// Join opens an account. It posts a first entry that moves no points and begins the account's chain of entries. That
// entry records the lowest level, if the program has levels, and the member's traits. Then Join awards the points that
// the program gives for joining.
func Join(p *loyalty.Program, m loyalty.MemberID, t loyalty.Traits, now time.Time) (posting.Outcome, error) {
	d := posting.Decide(p, loyalty.Account{Member: m}, now)
	e := loyalty.Entry{
		Kind: loyalty.KindEnroll, Cause: loyalty.Cause{Kind: loyalty.CauseEnrollment, ID: string(m), Revision: 1},
		Effective: now,
	}
	if len(p.Tiers.Levels) > 0 {
		e.Standing = &loyalty.Standing{Level: p.Tiers.Levels[0].ID, Since: now}
	}
	t = withBirthday(p, t, t.Birthday, now)
	if t.Birthday == 0 {
		t.Changed = time.Time{}
	}
	t.Segments = slices.Compact(slices.Sorted(slices.Values(t.Segments)))
	e.Traits = &t
	if err := d.Post(e); err != nil {
		return posting.Outcome{}, err
	}
	if err := tier.Floored(d); err != nil {
		return posting.Outcome{}, err
	}
	if slices.ContainsFunc(p.Earn.Actions, func(a loyalty.Action) bool { return a.Event == award.EventJoined }) {
		s := loyalty.EventState{
			Event:    loyalty.Event{Type: award.EventJoined, ID: string(m) + ":joined", Member: m, At: now},
			Revision: 1, Program: p.Version, Buyer: posting.Actor(&p.Tiers, d.Account, now),
		}
		was := d.Account
		if err := award.AwardEvent(d, EarnRules(p), &s, award.EventFacts(&s, p.Zone), time.Time{}); err != nil {
			return posting.Outcome{}, err
		}
		if err := redeem.AutoRedeem(d, now); err != nil {
			return posting.Outcome{}, err
		}
		if err := tier.ClimbAll(d, now, was); err != nil {
			return posting.Outcome{}, err
		}
	}
	return d.Outcome, nil
}
