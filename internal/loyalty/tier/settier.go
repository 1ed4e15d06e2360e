package tier

import (
	"fmt"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// A Placement is a level that is set manually for a member: as a correction, as a match of a status in another program,
// or permanently.
type Placement struct {
	Level     string
	Reason    string
	Until     time.Time // the level is kept at least until then; zero means as long as a level that the member reached
	Locked    bool      // the level moves neither up nor down before the instant Until
	Permanent bool      // the level is a permanent minimum
	TierGroup string    // the tier group of the level; empty for Tiers
}

// SetTier sets a member's level manually. The program's rules continue to apply: the level is reviewed at its end, and
// a member who qualifies for a higher level moves up. If the level is locked, the member moves up when the lock ends.
// The account must have been advanced to the instant of the decision.
func SetTier(d *posting.Decision, id string, in Placement) (posting.Outcome, error) {
	on := d
	if in.TierGroup != "" {
		v, _, ok := TierGroupStanding(d.P, d.Account, in.TierGroup)
		if !ok {
			return posting.Outcome{}, loyalty.Refuse(
				loyalty.ValidationFailed, "/tier_group",
				fmt.Sprintf("The program has no tier group %q.", in.TierGroup),
			)
		}
		on = inGroup(d, v)
	}
	if err := checkPlacement(on, in); err != nil {
		return posting.Outcome{}, err
	}
	was := on.Account
	err := setTier(on, id, in)
	d.Needs = MergeNeeds(d.Needs, summedUp(on, was))
	return d.Outcome, err
}

// summedUp requests all entries if a manually set level needs months that the account has merged; see Lasting. The
// caller passes the account as it was before the change.
func summedUp(d *posting.Decision, was loyalty.Account) (n posting.Needs) {
	acc, p := d.Account, d.P
	if !Of(p).Rolls() || slices.ContainsFunc(Standings(&was), loyalty.Standing.Manual) ||
		len(acc.Metrics) == 0 || acc.Metrics[0].Month != 0 {
		return n
	}
	return posting.Needs{Since: acc.Joined, Recorded: acc.Joined, All: true}
}

// checkPlacement rejects a level that cannot be set.
func checkPlacement(d *posting.Decision, in Placement) error {
	_, rung, ok := d.P.Tiers.Level(in.Level)
	now := d.Now
	segments := d.Account // the new placement replaces an earlier permanent minimum
	segments.Tier.Minimum = ""
	floor := Of(d.P).Floor(segments)
	switch {
	case d.Account.Status != loyalty.Active:
		return loyalty.RefuseFrozen("")
	case !ok:
		return loyalty.Refuse(loyalty.ValidationFailed, "/level", fmt.Sprintf("The program has no level %q.", in.Level))
	case rung < floor && !in.Locked:
		return loyalty.Refuse(
			loyalty.ValidationFailed, "/level",
			fmt.Sprintf(
				"A segment gives the member at least %q. A lower level must be locked.",
				d.P.Tiers.Levels[floor].ID,
			),
		)
	case in.Permanent && (in.Locked || !in.Until.IsZero()):
		return loyalty.Refuse(
			loyalty.ValidationFailed, "/permanent",
			"A permanent level has no end and is not locked. Omit until and locked.",
		)
	case in.Locked && in.Until.IsZero():
		return loyalty.Refuse(loyalty.ValidationFailed, "/until", "Specify until, the end of the lock.")
	case !in.Until.IsZero() && !in.Until.After(now):
		return loyalty.Refuse(loyalty.ValidationFailed, "/until", "The instant must be in the future.")
	case in.Until.After(now.AddDate(maxPlacement, 0, 0)):
		return loyalty.Refuse(
			loyalty.ValidationFailed, "/until",
			fmt.Sprintf("The instant must be at most %d years ahead. Make the level permanent instead.", maxPlacement),
		)
	}
	return nil
}

// setTier sets the level of a placement that checkPlacement accepted.
func setTier(d *posting.Decision, id string, in Placement) error {
	p, acc, now := d.P, d.Account, d.Now
	_, rung, _ := p.Tiers.Level(in.Level)
	from := p.Tiers.LevelIndex(acc.Tier)
	d.Account.Tier.Minimum = "" // the latest placement replaces an earlier minimum
	until := Of(p).reachedUntil(d.Account, now)
	if !in.Until.IsZero() {
		until = in.Until
	}
	s := Of(p).onLevel(d.Account, rung, until, now)
	if rung == from {
		s.Since, s.From = acc.Tier.Since, acc.Tier.From
		s.Lock = now // an earlier period that ends later no longer changes the level
	}
	switch {
	case in.Permanent:
		s.Minimum, s.Until = in.Level, time.Time{}
	case in.Locked:
		s.Until, s.Lock = in.Until, in.Until
	}
	s.Given = !in.Until.IsZero() && !s.Until.IsZero()
	d.Account = acc
	s = decidedAt(s, calendar.Later(now, acc.Tier.Decided()))
	if d.Trial != nil {
		stand(d, s)
		return welcome(d, from, rung)
	}
	e := loyalty.Entry{
		Kind:      loyalty.KindMoveTier,
		Cause:     loyalty.Cause{Kind: loyalty.CauseTier, ID: id, Revision: 1},
		Effective: now,
		Detail:    loyalty.Detail{LevelEffects: loyalty.LevelEffects{Standing: &s}},
		Reasons: []loyalty.Reason{
			loyalty.NewReason(Of(p).LevelKey(in.Level), "0", loyalty.WasPlaced, acc.Tier.Level, in.Level, in.Reason),
		},
	}
	posting.SlideAtLevel(d, &e, s.Level, now)
	if err := d.Post(e); err != nil {
		return err
	}
	return welcome(d, from, rung)
}

// maxPlacement is the maximum number of years for which a level can be set manually.
const maxPlacement = 10

// Floored moves the account up to its minimums in Tiers and all tier groups, after the member's traits changed.
func Floored(d *posting.Decision) error {
	if err := floorTier(d); err != nil {
		return err
	}
	return InTierGroups(d, floorTier)
}

// floorTier moves the account up to its minimum level after the member's traits changed. Before that, it moves the
// account up to the level that the member reached in a period that has ended. If the minimum no longer guarantees the
// member's level, the member keeps the level as if it had been reached now.
func floorTier(d *posting.Decision) error {
	if locked(d) {
		return nil
	}
	if err := RiseTier(d, d.Now); err != nil {
		return err
	}
	if err := liftTier(d); err != nil {
		return err
	}
	s := d.Account.Tier
	until := Of(d.P).reachedUntil(d.Account, d.Now)
	if d.P.Tiers.LevelIndex(s) == Of(d.P).Floor(d.Account) || !s.Until.IsZero() || until.IsZero() {
		return nil
	}
	s.Until = until
	n, window := Of(d.P).Measure(d.Account, d.Now)
	return standing(d, s, d.Now, loyalty.NewReason(Of(d.P).LevelKey(s.Level), "0", loyalty.HasStayed, n, window))
}
