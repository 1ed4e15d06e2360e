package tier

import (
	"slices"
	"strconv"
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

// sum returns the sum of all amounts that an account has counted. Each brand is counted as a qualifying item.
func sum(a *loyalty.Account) (sum loyalty.Metric) {
	for _, m := range a.Metrics {
		sum = sum.Plus(m)
	}
	for _, b := range a.Brands {
		sum.QualifyingItems += b.N
	}
	return sum
}

// falls reports whether a change reduces any metric.
func falls(m loyalty.Metric) bool {
	return min(int64(m.Points), m.Orders, m.Spend, m.QualifyingItems, m.Visits) < 0
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

// liftTier moves the account up to its minimum level if its level is lower.
func liftTier(d *posting.Decision) error {
	if floor := Of(d.P).Floor(d.Account); floor > d.P.Tiers.LevelIndex(d.Account.Tier) && !locked(d) {
		return moveTo(d, floor, time.Time{}, "floor", d.Now)
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

// TierDue returns the next instant at which the level changes or is reviewed without a command, or zero if there is
// none.
func (r Rules) TierDue(acc loyalty.Account) time.Time {
	return calendar.Soonest(r.UnlockAt(acc), r.RiseAt(acc), posting.ReviewAt(r.Tiers, r.Zone, acc.Tier))
}

// locked reports whether a manually set level is still locked.
func locked(d *posting.Decision) bool { return d.Now.Before(d.Account.Tier.Lock) }

func (r Rules) reachedUntil(acc loyalty.Account, at time.Time) time.Time {
	return r.RetainedFrom(acc, at, keepPeriods(r.Tiers))
}

// Closed returns the last instant of each past period for which an order or event at the given instant counts. With
// recurring periods, this is the period that contains the instant. With a rolling window, these are all months whose
// window contains the instant. A program with neither of them has no such periods.
func (r Windows) Closed(acc loyalty.Account, at, now time.Time) (out []time.Time) {
	if _, cyclic := Cycle(r.Tiers); cyclic {
		if end := r.PeriodEnd(acc, at); !end.After(now) {
			out = append(out, end.Add(-1))
		}
		return out
	}
	month := calendar.DateOf(at, r.Zone).Month()
	for range r.Tiers.Months {
		end := calendar.EndOfMonth.Date(calendar.Date(month*100 + 1)).End(r.Zone)
		if end.After(now) {
			break
		}
		out, month = append(out, end.Add(-1)), calendar.MonthsBack(month, -1)
	}
	return out
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

// stay gives the member a standing at the present level.
func stay(d *posting.Decision, s loyalty.Standing, at, asOf time.Time) error {
	n, window := Of(d.P).Measure(d.Account, asOf)
	return standing(d, s, at, loyalty.NewReason(Of(d.P).LevelKey(s.Level), "0", loyalty.HasStayed, n, window))
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

// onLevel returns the standing of an account that is at a level from now until an instant.
func (r Rules) onLevel(acc loyalty.Account, rung int, until, now time.Time) loyalty.Standing {
	s := loyalty.Standing{Level: r.Tiers.Levels[rung].ID, Since: now, Minimum: acc.Tier.Minimum}
	if rung > r.Floor(acc) {
		s.Until = until
	}
	return s
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
