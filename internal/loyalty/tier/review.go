package tier

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// ReviewTier renews or lowers a standing whose validity has ended. A member who qualifies again keeps the level for
// another period, which starts at the old end. Other members move down according to the program. The validity of the
// lower level counts from the period that the review evaluated (LoweredUntil). No member moves below the minimum level.
func ReviewTier(d *posting.Decision, at time.Time) error {
	due := posting.ReviewAt(&d.P.Tiers, d.P.Zone, d.Account.Tier)
	if due.IsZero() || due.After(at) {
		return nil
	}
	from, floor := d.P.Tiers.LevelIndex(d.Account.Tier), Of(d.P).Floor(d.Account)
	r := reviewed(d, at)
	switch {
	case max(r.to, floor) > from: // the member qualified for a higher level while the level was locked
		if floor >= r.to {
			return liftTier(d)
		}
		return moveTo(d, r.to, r.until, "reached", r.asOf)
	case r.lasted && r.to == from && from > floor:
		s := renewed(d.Account.Tier)
		s.Until, s.Given = r.until, false
		return stay(d, s, at, r.asOf)
	case r.to == from || from <= floor || d.P.Tiers.MoveDown == loyalty.StayUp:
		return prolong(d, at, r.asOf)
	case posting.PostponesFall(&d.P.Messaging, d.P.Zone, d.Account, at):
		return postponeFall(d, at)
	case d.P.Tiers.MoveDown == loyalty.OneStep && from-1 != r.to:
		r.to, r.lasted = from-1, false
	}
	if !r.lasted {
		r.until = Of(d.P).LoweredUntil(d.Account, r.judged, at)
	}
	return moveTo(d, max(r.to, floor, 0), r.until, "lost", r.asOf)
}

// A review is the result of reviewing a standing: the level for which the member qualifies.
type review struct {
	to     int       // the index of the level
	until  time.Time // the end of the level's validity, unless the member moves down
	asOf   time.Time // the instant at which the member qualifies for the level
	judged time.Time // the instant at which the review decides whether the member qualifies again
	lasted bool      // a level that was reached during the standing is still valid after its end
}

func reviewed(d *posting.Decision, at time.Time) review {
	to, asOf := Of(d.P).Requalified(d.Account, at)
	if n, lasts, over := Of(d.P).Lasting(d.Account, at); n > to {
		return review{to: n, until: lasts, asOf: over, judged: asOf, lasted: true}
	}
	return review{to: to, until: Of(d.P).reachedUntil(d.Account, at), asOf: asOf, judged: asOf}
}

func prolong(d *posting.Decision, at, asOf time.Time) error {
	s := renewed(d.Account.Tier)
	s.Given = false
	for !s.Until.IsZero() && !posting.ReviewAt(&d.P.Tiers, d.P.Zone, s).After(at) {
		closes := Of(d.P).PeriodCloses(d.Account, s)
		next := Of(d.P).RetainedOn(d.Account, s, closes)
		if !next.After(s.Until) || d.P.Tiers.LevelIndex(s) <= Of(d.P).Floor(d.Account) {
			s.Until = time.Time{}
			break
		}
		if s.Until = next; d.P.Tiers.Window.Kind == loyalty.LevelWindow {
			s.From = at
		}
	}
	return stay(d, s, at, asOf)
}

// postponeFall extends a standing if no notice of its end was sent in time. The period of advance notice then starts
// with the next day, because the notice is sent on that morning at the latest.
func postponeFall(d *posting.Decision, at time.Time) error {
	s := d.Account.Tier
	if s.Extensions++; s.Extensions == 1 {
		s.Ended = s.Until
	}
	s.Until = d.P.AdvanceNotice.Period.After(calendar.DateOf(at.Add(-1), d.P.Zone).End(d.P.Zone), d.P.Zone)
	until := calendar.DateOf(s.Until, d.P.Zone).String()
	return standing(d, s, at, loyalty.NewReason("advance_notice", "0", loyalty.WasPostponed, until))
}

// UnlockTier moves the account up when its lock ends. It does not wait for the end of the level's validity or of the
// grace period.
func UnlockTier(d *posting.Decision, at time.Time) error {
	due := Of(d.P).UnlockAt(d.Account)
	if due.IsZero() || due.After(at) {
		return nil
	}
	to, until, asOf := Of(d.P).unlocked(d.Account)
	if to <= Of(d.P).Floor(d.Account) {
		return liftTier(d)
	}
	return moveTo(d, to, until, "reached", asOf)
}

// UnlockAt returns the end of a lock if the account then qualifies for a higher level. It returns zero if the account
// does not qualify, or if it has an entry since then.
func (r Rules) UnlockAt(acc loyalty.Account) time.Time {
	at := acc.Tier.Lock
	if !acc.Seen.Before(at) {
		return time.Time{}
	}
	if to, _, _ := r.unlocked(acc); max(to, r.Floor(acc)) <= r.Tiers.LevelIndex(acc.Tier) {
		return time.Time{}
	}
	return at
}

// unlocked returns the level that an account has reached at the end of its lock, the end of the level's validity, and
// the instant at which the account qualified.
func (r Rules) unlocked(acc loyalty.Account) (rung int, until, asOf time.Time) {
	at := acc.Tier.Lock
	rung, until, asOf = r.Lasting(acc, at)
	if r.Tiers.MoveUp == loyalty.NextPeriod {
		return rung, until, asOf // the amounts of the present period take effect at the end of the period
	}
	if n := r.Qualified(acc, at); n >= rung {
		return n, r.reachedUntil(acc, at), at
	}
	return rung, until, asOf
}

// RiseAt returns the end of the period that contains the newest counted amounts, if the account moves up at that
// instant. Otherwise it returns zero.
func (r Rules) RiseAt(acc loyalty.Account) time.Time {
	if r.Tiers.MoveUp != loyalty.NextPeriod || len(acc.Metrics) == 0 {
		return time.Time{}
	}
	end := r.PeriodEnd(acc, r.begins(acc.Metrics[len(acc.Metrics)-1].Month).Start(r.Zone))
	if !end.After(acc.Tier.Since) || end.Before(acc.Tier.Lock) ||
		r.Qualified(acc, end.Add(-1)) <= r.Tiers.LevelIndex(acc.Tier) {
		return time.Time{}
	}
	return end
}

// RiseTier moves the account up at the end of a period, if the program moves members up then.
func RiseTier(d *posting.Decision, at time.Time) error {
	due := Of(d.P).RiseAt(d.Account)
	if due.IsZero() || due.After(at) {
		return nil
	}
	last := due.Add(-1)
	return moveTo(d, Of(d.P).Qualified(d.Account, last), Of(d.P).reachedUntil(d.Account, due), "reached", last)
}

// TierDue returns the next instant at which the level changes or is reviewed without a command, or zero if there is
// none.
func (r Rules) TierDue(acc loyalty.Account) time.Time {
	return calendar.Soonest(r.UnlockAt(acc), r.RiseAt(acc), posting.ReviewAt(r.Tiers, r.Zone, acc.Tier))
}

// Unlock ends the locks in Tiers and all tier groups. It is the first step at each instant, because UnlockAt ignores a
// lock if there is a later entry.
func Unlock(d *posting.Decision, at time.Time) error {
	seen := d.Account.Seen // the value before several locks end at the same instant
	if err := UnlockTier(d, at); err != nil {
		return err
	}
	return InTierGroups(d, func(d *posting.Decision) error {
		d.Account.Seen = seen
		return UnlockTier(d, at)
	})
}

// ReviewTierGroups moves and reviews the levels of all tier groups at an instant.
func ReviewTierGroups(d *posting.Decision, at time.Time) error {
	return InTierGroups(d, func(d *posting.Decision) error {
		if err := RiseTier(d, at); err != nil {
			return err
		}
		return ReviewTier(d, at)
	})
}
