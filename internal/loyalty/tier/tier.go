package tier

import (
	"slices"
	"strconv"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
)

// Climb decides the levels of Tiers and all tier groups after orders or events at the given instants changed the
// amounts that count. was is the account before them. If an earlier decision may depend on one of these changes, Climb
// decides nothing yet: it states the required entries in Outcome.Needs, and award.Redecide decides.
func Climb(d *posting.Decision, was loyalty.Account, happened ...time.Time) error {
	// Several changes may leave the totals as they were, although one of them reaches a level.
	several := len(happened) > 1
	first, last, unsettled := time.Time{}, time.Time{}, false
	for _, at := range happened {
		at = posting.Later(at, d.Account.Joined)
		first, last = soonest(first, at), posting.Later(last, at)
		unsettled = unsettled || several && OpenSince(d, at, was) || IsUnsettled(d, at, was)
		_ = InTierGroups(d, func(d *posting.Decision) error {
			was := posting.GroupView(d.P, was)
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

// IsUnsettled reports whether earlier decisions may depend on a change at an instant: whether the change affects
// levels, and OpenSince is true. was is the account before the change.
func IsUnsettled(d *posting.Decision, at time.Time, was loyalty.Account) bool {
	return Decides(d.P, was, d.Account) && OpenSince(d, at, was)
}

// OpenSince reports whether the levels were decided since an instant, or whether the account may have reached a higher
// level since then by the amounts that count now. was is the account before the change at that instant.
func OpenSince(d *posting.Decision, at time.Time, was loyalty.Account) bool {
	p, acc := d.P, d.Account
	if len(p.Tiers.Levels) == 0 {
		return false
	}
	if !LastDecided(p, was, d.Now).Before(at) {
		return true
	}
	return !at.After(was.Counted) && ClimbsSince(p, acc, at, d.Now)
}

// LastDecided returns the instant until which the levels of an account are decided, or zero if they never were.
func LastDecided(p *loyalty.Program, acc loyalty.Account, now time.Time) (last time.Time) {
	s := acc.Tier
	if len(acc.Past) > 0 || s.Decided().After(acc.Joined) || redeem.LevelIndex(p, s) > Floor(p, acc) {
		last = s.Decided()
	}
	for _, at := range []time.Time{s.Lock, p.Tiers.Refresh.At} {
		if at.After(acc.Joined) && !at.After(now) {
			last = posting.Later(last, at)
		}
	}
	return last
}

// ClimbsSince reports whether an account whose levels were not decided since an instant may reach a higher level now,
// or in a period that ended since then.
func ClimbsSince(p *loyalty.Program, acc loyalty.Account, at, now time.Time) bool {
	if now.Before(acc.Tier.Lock) {
		return false
	}
	rung, instants := max(redeem.LevelIndex(p, acc.Tier), Floor(p, acc)), Closed(p, acc, at, now)
	if p.Tiers.MoveUp == loyalty.AtOnce {
		instants = append(instants, now)
	}
	if _, summed := ReachesBack(p, acc, at); summed || p.Tiers.KeepOnRefund {
		return true // it may, perhaps by events that no longer count
	}
	return slices.ContainsFunc(instants, func(t time.Time) bool { return Qualified(p, acc, t) > rung })
}

// Decides reports whether the difference between two states of an account requires a decision about levels. It does not
// if no amounts changed, or if some decreased and the program lets members keep their levels after refunds.
func Decides(p *loyalty.Program, was, is loyalty.Account) bool {
	if len(p.Tiers.Levels) == 0 || slices.Equal(is.Metrics, was.Metrics) && slices.Equal(is.Brands, was.Brands) {
		return false
	}
	return !p.Tiers.KeepOnRefund || !falls(sum(&is).Less(sum(&was)))
}

// sum returns the sum of all amounts that an account has counted. Brands count as qualifying items.
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

// ClimbAll decides the levels of Tiers and all tier groups whose metrics changed, as of an instant.
func ClimbAll(d *posting.Decision, at time.Time, was loyalty.Account) error {
	if err := climbTier(d, at, was); err != nil {
		return err
	}
	return InTierGroups(d, func(d *posting.Decision) error { return climbTier(d, at, posting.GroupView(d.P, was)) })
}

// climbTier moves the account up to the level for which it qualifies at an instant, then applies the changes of level
// that time has caused since then. A level counts from the purchase that reached it, even if the purchase is reported
// late.
func climbTier(d *posting.Decision, at time.Time, was loyalty.Account) error {
	if !Decides(d.P, was, d.Account) {
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

// climbNow moves the account up to the level for which it qualifies at this instant. If members move up with the next
// period, it does nothing.
func climbNow(d *posting.Decision) error {
	if locked(d) || d.P.Tiers.MoveUp == loyalty.NextPeriod {
		return nil
	}
	if to := Qualified(d.P, d.Account, d.Now); to > max(redeem.LevelIndex(d.P, d.Account.Tier), Floor(d.P, d.Account)) {
		return moveTo(d, to, reachedUntil(d.P, d.Account, d.Now), "reached", d.Now)
	}
	return nil
}

// liftTier moves the account up to its minimum level, if it is below.
func liftTier(d *posting.Decision) error {
	if floor := Floor(d.P, d.Account); floor > redeem.LevelIndex(d.P, d.Account.Tier) && !locked(d) {
		return moveTo(d, floor, time.Time{}, "floor", d.Now)
	}
	return nil
}

// passTiers processes the changes and reviews of the tier that time causes until an instant, and nothing else.
func passTiers(d *posting.Decision, until time.Time) error {
	due := func() time.Time { return soonest(TierDue(d.P, d.Account), RefreshAt(d.P, d.Account)) }
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

// soonest returns the earliest of the instants that are not zero, or zero if all are.
func soonest(all ...time.Time) (first time.Time) {
	for _, t := range all {
		if first.IsZero() || !t.IsZero() && t.Before(first) {
			first = t
		}
	}
	return first
}

// TierDue returns the next instant at which time alone changes or reviews the level, or zero if there is none.
func TierDue(p *loyalty.Program, acc loyalty.Account) time.Time {
	return soonest(UnlockAt(p, acc), RiseAt(p, acc), posting.ReviewAt(p, acc.Tier))
}

// locked reports whether a manually set level is still locked.
func locked(d *posting.Decision) bool { return d.Now.Before(d.Account.Tier.Lock) }

func reachedUntil(p *loyalty.Program, acc loyalty.Account, at time.Time) time.Time {
	return KeptFrom(p, acc, at, keepPeriods(&p.Tiers))
}

// Closed returns the last instants of the ended periods in which an event at an instant counts: of the period that
// contains it or, for a rolling window, of each ended month whose window contains it. It returns none if the program
// has neither.
func Closed(p *loyalty.Program, acc loyalty.Account, at, now time.Time) (out []time.Time) {
	if _, cyclic := Cycle(&p.Tiers); cyclic {
		if end := PeriodEnd(p, acc, at); !end.After(now) {
			out = append(out, end.Add(-1))
		}
		return out
	}
	month := loyalty.DateOf(at, p.Zone).Month()
	for range p.Tiers.Months {
		end := loyalty.EndOfMonth.Date(loyalty.Date(month*100 + 1)).End(p.Zone)
		if end.After(now) {
			break
		}
		out, month = append(out, end.Add(-1)), posting.MonthsBack(month, -1)
	}
	return out
}

// UnlockAt returns the end of a lock if the account then qualifies for a higher level. It returns zero if it does not,
// or if the account has an entry since then.
func UnlockAt(p *loyalty.Program, acc loyalty.Account) time.Time {
	at := acc.Tier.Lock
	if !acc.Seen.Before(at) {
		return time.Time{}
	}
	if to, _, _ := unlocked(p, acc); max(to, Floor(p, acc)) <= redeem.LevelIndex(p, acc.Tier) {
		return time.Time{}
	}
	return at
}

// unlocked returns the level that an account has reached at the end of its lock, the end of the level's validity, and
// the instant at which the account qualified.
func unlocked(p *loyalty.Program, acc loyalty.Account) (rung int, until, asOf time.Time) {
	at := acc.Tier.Lock
	rung, until, asOf = Lasting(p, acc, at)
	if p.Tiers.MoveUp == loyalty.NextPeriod {
		return rung, until, asOf // the amounts of the present period take effect at its end
	}
	if n := Qualified(p, acc, at); n >= rung {
		return n, reachedUntil(p, acc, at), at
	}
	return rung, until, asOf
}

// UnlockTier moves the account up when its lock ends. The validity of the level and the grace period do not delay that.
func UnlockTier(d *posting.Decision, at time.Time) error {
	due := UnlockAt(d.P, d.Account)
	if due.IsZero() || due.After(at) {
		return nil
	}
	to, until, asOf := unlocked(d.P, d.Account)
	if to <= Floor(d.P, d.Account) {
		return liftTier(d)
	}
	return moveTo(d, to, until, "reached", asOf)
}

// RiseAt returns the end of the period of the newest amounts that count, if the account moves up then. Otherwise it
// returns zero.
func RiseAt(p *loyalty.Program, acc loyalty.Account) time.Time {
	if p.Tiers.MoveUp != loyalty.NextPeriod || len(acc.Metrics) == 0 {
		return time.Time{}
	}
	begins := begins(p, acc.Metrics[len(acc.Metrics)-1].Month)
	if begins == 0 {
		return time.Time{}
	}
	end := PeriodEnd(p, acc, begins.Start(p.Zone))
	if !end.After(acc.Tier.Since) || end.Before(acc.Tier.Lock) ||
		Qualified(p, acc, end.Add(-1)) <= redeem.LevelIndex(p, acc.Tier) {
		return time.Time{}
	}
	return end
}

// RiseTier moves the account up at the end of a period, if the program moves members up then.
func RiseTier(d *posting.Decision, at time.Time) error {
	due := RiseAt(d.P, d.Account)
	if due.IsZero() || due.After(at) {
		return nil
	}
	last := due.Add(-1)
	return moveTo(d, Qualified(d.P, d.Account, last), reachedUntil(d.P, d.Account, due), "reached", last)
}

// ReviewTier renews or lowers a standing whose validity has ended. A member who qualifies again keeps the level for
// another period from its old end. Other members move down according to the program. The validity of the lower level
// counts from the period that the review evaluated (LoweredUntil). No member moves below the minimum level.
func ReviewTier(d *posting.Decision, at time.Time) error {
	due := posting.ReviewAt(d.P, d.Account.Tier)
	if due.IsZero() || due.After(at) {
		return nil
	}
	from := redeem.LevelIndex(d.P, d.Account.Tier)
	to, asOf := Requalified(d.P, d.Account, at)
	judged := asOf
	until := reachedUntil(d.P, d.Account, at)
	n, lasts, over := Lasting(d.P, d.Account, at)
	lasted := n > to
	if lasted {
		to, until, asOf = n, lasts, over
	}
	floor := Floor(d.P, d.Account)
	switch {
	case max(to, floor) > from: // the level did not move while it was locked
		if floor >= to {
			return liftTier(d)
		}
		return moveTo(d, to, until, "reached", asOf)
	case lasted && to == from && from > floor:
		s := renewed(d.Account.Tier)
		s.Until, s.Given = lasts, false
		n, window := Measure(d.P, d.Account, asOf)
		return standing(d, s, at, loyalty.NewReason(LevelKey(d.P, s.Level), "0", loyalty.HasStayed, n, window))
	case to == from || from <= floor || d.P.Tiers.MoveDown == loyalty.StayUp:
		return prolong(d, at, asOf)
	case posting.PostponesFall(d.P, d.Account, at):
		return postponeFall(d, at)
	case d.P.Tiers.MoveDown == loyalty.OneStep && from-1 != to:
		to, lasted = from-1, false
	}
	if !lasted {
		until = LoweredUntil(d.P, d.Account, judged, at)
	}
	return moveTo(d, max(to, floor, 0), until, "lost", asOf)
}

func prolong(d *posting.Decision, at, asOf time.Time) error {
	s := renewed(d.Account.Tier)
	s.Given = false
	for !s.Until.IsZero() && !posting.ReviewAt(d.P, s).After(at) {
		closes := PeriodCloses(d.P, d.Account, s)
		next := KeptOn(d.P, d.Account, s, closes)
		if !next.After(s.Until) || redeem.LevelIndex(d.P, s) <= Floor(d.P, d.Account) {
			s.Until = time.Time{}
			break
		}
		if s.Until = next; d.P.Tiers.Window.Kind == loyalty.LevelWindow {
			s.From = at
		}
	}
	n, window := Measure(d.P, d.Account, asOf)
	return standing(d, s, at, loyalty.NewReason(LevelKey(d.P, s.Level), "0", loyalty.HasStayed, n, window))
}

// moveTo moves the account to another level. The reason states the amounts that counted at the instant asOf.
func moveTo(d *posting.Decision, rung int, until time.Time, why string, asOf time.Time) error {
	n, window := Measure(d.P, d.Account, asOf)
	s := onLevel(d.P, d.Account, rung, until, d.Now)
	return moved(
		d, s,
		loyalty.NewReason(LevelKey(d.P, s.Level), "0", loyalty.HasMoved, d.Account.Tier.Level, s.Level, why, n, window),
	)
}

// onLevel returns the standing of an account that has a level from now on, until an instant.
func onLevel(p *loyalty.Program, acc loyalty.Account, rung int, until, now time.Time) loyalty.Standing {
	s := loyalty.Standing{Level: p.Tiers.Levels[rung].ID, Since: now, Minimum: acc.Tier.Minimum}
	if rung > Floor(p, acc) {
		s.Until = until
	}
	return s
}

// moved posts a standing at another level, then awards the entry bonuses of the levels that the member reached.
func moved(d *posting.Decision, s loyalty.Standing, why loyalty.Reason) error {
	from := redeem.LevelIndex(d.P, d.Account.Tier)
	if err := standing(d, s, d.Now, why); err != nil {
		return err
	}
	return welcome(d, from, redeem.LevelIndex(d.P, s))
}

// standing posts a standing that is decided at an instant.
func standing(d *posting.Decision, s loyalty.Standing, at time.Time, why loyalty.Reason) error {
	s = decidedAt(s, posting.Later(at, d.Account.Tier.Decided()))
	if d.Trial != nil {
		stand(d, s)
		return nil
	}
	what := levelID(d.P, s.Level) + ":" + at.UTC().Format(posting.CauseTimeLayout)
	if d.Account.Tier.Since.Equal(at) || at.Before(d.Present) { // not the first at this instant
		what += ":" + strconv.FormatInt(d.Account.Sequence, 10)
	}
	e := loyalty.Entry{
		Kind: loyalty.KindMoveTier, Cause: d.OwnCause(loyalty.CauseTier, what), Effective: at,
		Detail: loyalty.Detail{LevelEffects: loyalty.LevelEffects{Standing: &s}}, Reasons: []loyalty.Reason{why},
	}
	d.SlideAtLevel(&e, s.Level, at)
	return d.Post(e)
}
