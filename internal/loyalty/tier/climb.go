package tier

import (
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// Climb decides the levels of Tiers and all tier groups after the amounts that count changed. The orders or events that
// changed them happened at the given instants. The caller passes the account as it was before the change. If an earlier
// decision may depend on the change, Climb decides nothing yet. It then requests the required entries in Outcome.Needs,
// and award.Redecide decides.
func Climb(d *posting.Decision, was loyalty.Account, happened ...time.Time) error {
	// After several changes, the totals may be the same as before, although one change alone reaches a level.
	several := len(happened) > 1
	first, last, unsettled := time.Time{}, time.Time{}, false
	for _, at := range happened {
		at = calendar.Later(at, d.Account.Joined)
		first, last = calendar.Soonest(first, at), calendar.Later(last, at)
		unsettled = unsettled || several && OpenSince(d, at, was) || IsUnsettled(d, at, was)
		_ = InTierGroups(d, func(d *posting.Decision) error {
			was := posting.GroupView(&d.P.Tiers, was)
			unsettled = unsettled || several && OpenSince(d, at, was) || IsUnsettled(d, at, was)
			return nil
		})
	}
	if unsettled {
		d.Needs = MergeNeeds(d.Needs, NeedsSince(d, first))
		return nil
	}
	return ClimbAll(d, last, was)
}

// IsUnsettled reports whether earlier decisions may depend on a change at an instant. This is so if the change affects
// levels and OpenSince returns true. The caller passes the account as it was before the change.
func IsUnsettled(d *posting.Decision, at time.Time, was loyalty.Account) bool {
	return Of(d.P).Decides(was, d.Account) && OpenSince(d, at, was)
}

// OpenSince reports whether the levels were decided since an instant, or whether the account may have reached a higher
// level since then by the amounts that count now. The caller passes the account as it was before the change at that
// instant.
func OpenSince(d *posting.Decision, at time.Time, was loyalty.Account) bool {
	p, acc := d.P, d.Account
	if len(p.Tiers.Levels) == 0 {
		return false
	}
	if !Of(p).LastDecided(was, d.Now).Before(at) {
		return true
	}
	return !at.After(was.Counted) && Of(p).ClimbsSince(acc, at, d.Now)
}

// LastDecided returns the instant until which the levels of an account are decided, or zero if they never were.
func (r Rules) LastDecided(acc loyalty.Account, now time.Time) (last time.Time) {
	s := acc.Tier
	if len(acc.Past) > 0 || s.Decided().After(acc.Joined) || r.Tiers.LevelIndex(s) > r.Floor(acc) {
		last = s.Decided()
	}
	for _, at := range []time.Time{s.Lock, r.Tiers.Refresh.At} {
		if at.After(acc.Joined) && !at.After(now) {
			last = calendar.Later(last, at)
		}
	}
	return last
}

// ClimbsSince reports whether an account whose levels were not decided since an instant may reach a higher level now,
// or in a period that ended since then.
func (r Rules) ClimbsSince(acc loyalty.Account, at, now time.Time) bool {
	if now.Before(acc.Tier.Lock) {
		return false
	}
	rung, instants := max(r.Tiers.LevelIndex(acc.Tier), r.Floor(acc)), r.Closed(acc, at, now)
	if r.Tiers.MoveUp == loyalty.AtOnce {
		instants = append(instants, now)
	}
	if _, summed := r.ReachesBack(acc, at); summed || r.Tiers.KeepOnRefund {
		return true // the account may qualify by amounts that are merged or no longer count
	}
	return slices.ContainsFunc(instants, func(t time.Time) bool { return r.Qualified(acc, t) > rung })
}

// Decides reports whether the difference between two states of an account requires a decision about levels. It returns
// false if no amounts changed. It also returns false if some decreased and the program lets members keep their levels
// after refunds.
func (r Rules) Decides(was, is loyalty.Account) bool {
	if len(r.Tiers.Levels) == 0 || slices.Equal(is.Metrics, was.Metrics) && slices.Equal(is.Brands, was.Brands) {
		return false
	}
	return !r.Tiers.KeepOnRefund || !falls(sum(&is).Less(sum(&was)))
}

// ClimbAll decides the levels at an instant, in Tiers and in all tier groups whose metrics changed.
func ClimbAll(d *posting.Decision, at time.Time, was loyalty.Account) error {
	if err := climbTier(d, at, was); err != nil {
		return err
	}
	return InTierGroups(
		d, func(d *posting.Decision) error { return climbTier(d, at, posting.GroupView(&d.P.Tiers, was)) },
	)
}

// climbTier moves the account up to the level for which it qualifies at an instant, then applies the level changes that
// have become due since then. A level counts from the purchase that reached it, even if the purchase is reported late.
func climbTier(d *posting.Decision, at time.Time, was loyalty.Account) error {
	if !Of(d.P).Decides(was, d.Account) {
		return nil
	}
	now := d.Now
	d.Now, d.Present = at, now
	if err := climbNow(d); err != nil {
		return err
	}
	if err := passTiers(d, now); err != nil {
		return err
	}
	d.Now, d.Present = now, time.Time{}
	return liftTier(d)
}

// climbNow moves the account up to the level for which it qualifies at this instant. It does nothing if the program
// moves members up only at the end of a period.
func climbNow(d *posting.Decision) error {
	if locked(d) || d.P.Tiers.MoveUp == loyalty.NextPeriod {
		return nil
	}
	if to := Of(d.P).Qualified(d.Account, d.Now); to > max(
		d.P.Tiers.LevelIndex(d.Account.Tier), Of(d.P).Floor(d.Account),
	) {
		return moveTo(d, to, Of(d.P).reachedUntil(d.Account, d.Now), "reached", d.Now)
	}
	return nil
}

// passTiers processes the level changes and reviews that become due until an instant, and nothing else.
func passTiers(d *posting.Decision, until time.Time) error {
	due := func() time.Time { return calendar.Soonest(Of(d.P).TierDue(d.Account), Of(d.P).RefreshAt(d.Account)) }
	for at := due(); !at.IsZero() && !at.After(until); at = due() {
		d.Now = at
		for _, step := range []func(*posting.Decision, time.Time) error{
			UnlockTier, RefreshTier, RiseTier, ReviewTier,
		} {
			if err := step(d, at); err != nil {
				return err
			}
		}
	}
	d.Now = until
	return nil
}
