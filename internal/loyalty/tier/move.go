package tier

import (
	"strconv"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// locked reports whether a manually set level is still locked.
func locked(d *posting.Decision) bool { return d.Now.Before(d.Account.Tier.Lock) }

// moveTo moves the account to another level. The reason states the amounts that counted at the instant asOf.
func moveTo(d *posting.Decision, rung int, until time.Time, why string, asOf time.Time) error {
	n, window := Of(d.P).Measure(d.Account, asOf)
	s := Of(d.P).onLevel(d.Account, rung, until, d.Now)
	return moved(
		d, s,
		loyalty.NewReason(
			Of(d.P).LevelKey(s.Level), "0", loyalty.HasMoved, d.Account.Tier.Level, s.Level, why, n, window,
		),
	)
}

// moved posts a standing at another level. It then awards the entry bonuses of the levels that the member reached.
func moved(d *posting.Decision, s loyalty.Standing, why loyalty.Reason) error {
	from := d.P.Tiers.LevelIndex(d.Account.Tier)
	if err := standing(d, s, d.Now, why); err != nil {
		return err
	}
	return welcome(d, from, d.P.Tiers.LevelIndex(s))
}

// standing posts a standing that is decided at an instant.
func standing(d *posting.Decision, s loyalty.Standing, at time.Time, why loyalty.Reason) error {
	s = decidedAt(s, calendar.Later(at, d.Account.Tier.Decided()))
	if d.Trial != nil {
		stand(d, s)
		return nil
	}
	what := Of(d.P).levelID(s.Level) + ":" + at.UTC().Format(posting.CauseTimeLayout)
	if d.Account.Tier.Since.Equal(at) || at.Before(d.Present) { // another standing may exist at this instant
		what += ":" + strconv.FormatInt(d.Account.Sequence, 10)
	}
	e := loyalty.Entry{
		Kind: loyalty.KindMoveTier, Cause: d.OwnCause(loyalty.CauseTier, what), Effective: at,
		Detail: loyalty.Detail{LevelEffects: loyalty.LevelEffects{Standing: &s}}, Reasons: []loyalty.Reason{why},
	}
	posting.SlideAtLevel(d, &e, s.Level, at)
	return d.Post(e)
}

// stay gives the member a standing at the present level.
func stay(d *posting.Decision, s loyalty.Standing, at, asOf time.Time) error {
	n, window := Of(d.P).Measure(d.Account, asOf)
	return standing(d, s, at, loyalty.NewReason(Of(d.P).LevelKey(s.Level), "0", loyalty.HasStayed, n, window))
}

// stand sets the standing of the account in a decision that posts nothing.
func stand(d *posting.Decision, s loyalty.Standing) {
	acc := &d.Account
	acc.Past, acc.Tier = posting.AddStanding(acc.Past, acc.Tier, s, time.Time{}), s
	acc.Seen = calendar.Later(acc.Seen, d.Now)
}

// onLevel returns the standing of an account that is at a level from now until an instant.
func (r Rules) onLevel(acc loyalty.Account, rung int, until, now time.Time) loyalty.Standing {
	s := loyalty.Standing{Level: r.Tiers.Levels[rung].ID, Since: now, Minimum: acc.Tier.Minimum}
	if rung > r.Floor(acc) {
		s.Until = until
	}
	return s
}

// renewed returns the standing with no postponements of its end.
func renewed(s loyalty.Standing) loyalty.Standing {
	s.Extensions, s.Ended = 0, time.Time{}
	return s
}

// decidedAt returns the standing with the instant at which it was decided.
func decidedAt(s loyalty.Standing, at time.Time) loyalty.Standing {
	if s.At = at; at.Equal(s.Since) {
		s.At = time.Time{}
	}
	return s
}

// liftTier moves the account up to its minimum level if its level is lower.
func liftTier(d *posting.Decision) error {
	if floor := Of(d.P).Floor(d.Account); floor > d.P.Tiers.LevelIndex(d.Account.Tier) && !locked(d) {
		return moveTo(d, floor, time.Time{}, "floor", d.Now)
	}
	return nil
}
