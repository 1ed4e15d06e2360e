package loyalty

import (
	"slices"
	"time"
)

// Standing is a member's level and its validity. The zero Standing is that of a program without tiers.
type Standing struct {
	Level string
	Since time.Time
	Until time.Time // kept at least until then; zero for a level that cannot be lost
	At    time.Time // when the standing was decided; zero if that is Since

	From    time.Time // events after it count for LevelWindow; zero: after Since
	Lock    time.Time // end of the lock of a manually set level; periods that ended before do not move it
	Minimum string    // the permanent minimum level, set manually
	Given   bool      // Until was set manually

	Extensions int       // how often its end was postponed because no notice was sent in time
	Ended      time.Time // the original end, if the end was postponed
}

// from returns the instant after which events count for LevelWindow.
func (s Standing) from() time.Time {
	if s.From.IsZero() {
		return s.Since
	}
	return s.From
}

// decided returns the instant at which the standing was decided. The standing applies from then on, until the next one.
func (s Standing) decided() time.Time {
	if s.At.IsZero() {
		return s.Since
	}
	return s.At
}

// manual reports whether the level is held until an instant that was set manually.
func (s Standing) manual() bool { return s.Given || !s.Lock.IsZero() && s.Until.Equal(s.Lock) }

// renewed returns the standing without the postponements of its end.
func (s Standing) renewed() Standing {
	s.Extensions, s.Ended = 0, time.Time{}
	return s
}

// decidedAt returns the standing with the instant at which it was decided.
func (s Standing) decidedAt(at time.Time) Standing {
	if s.At = at; at.Equal(s.Since) {
		s.At = time.Time{}
	}
	return s
}

// pastAge is how long an account remembers a standing after it ended, because orders may arrive late. Older standings
// are read from the member's entries.
const pastAge = MaxOrderAge + 24*time.Hour

// A Redecision replaces the standings that an account remembers from an instant on. The entry's Standing is the last of
// the new ones.
type Redecision struct {
	From time.Time
	Past []Standing // the new standings before the last, oldest first
}

// stand returns the past standings with the present standing appended, when next replaces it. If several were decided
// at the same instant, only the last one counts.
func stand(past []Standing, present, next Standing, now time.Time) []Standing {
	out := slices.Clip(past)
	if next.decided().After(present.decided()) {
		out = append(out, present)
	}
	return trimmed(out, next, now)
}

// apply returns the standings before the last one after a redecision.
func (r *Redecision) apply(past []Standing, present, last Standing, now time.Time) []Standing {
	out := slices.Concat(before(append(slices.Clip(past), present), r.From), r.Past)
	if n := len(out); n > 0 && !out[n-1].decided().Before(last.decided()) {
		out = out[:n-1] // the last one is already among those that stay
	}
	return trimmed(out, last, now)
}

// before returns the standings that were decided before an instant.
func before(all []Standing, at time.Time) []Standing {
	n := slices.IndexFunc(all, func(s Standing) bool { return !s.decided().Before(at) })
	if n < 0 {
		n = len(all)
	}
	return slices.Clip(all[:n])
}

// trimmed removes the standings that ended too long ago for orders that may still arrive. next is the standing that
// follows the last of them.
func trimmed(past []Standing, next Standing, now time.Time) []Standing {
	ended := func(i int) time.Time {
		if i+1 < len(past) {
			return past[i+1].decided()
		}
		return next.decided()
	}
	for i := range past {
		if !ended(i).Before(now.Add(-pastAge)) {
			return past[i:]
		}
	}
	return nil
}

// standings returns all standings that the account remembers, the present one last.
func (a *Account) standings() []Standing { return append(slices.Clip(a.Past), a.Tier) }

// standingAt returns the standing at an instant, according to present knowledge. For an instant before all remembered
// standings, it returns the oldest one.
func (a *Account) standingAt(at time.Time) Standing {
	if !at.Before(a.Tier.decided()) || len(a.Past) == 0 {
		return a.Tier
	}
	for _, s := range slices.Backward(a.Past) {
		if !at.Before(s.decided()) {
			return s
		}
	}
	return a.Past[0]
}

// levelAt returns the level that counts for an order that was placed at an instant.
func (p *Program) levelAt(acc Account, placed time.Time) Level {
	if len(p.Tiers.Levels) == 0 {
		return Level{}
	}
	return p.Tiers.Levels[p.rung(acc.standingAt(placed))]
}
