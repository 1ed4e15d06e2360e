package tier

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// keepPeriods returns the number of periods for which a level is kept after it was reached, including the present
// period. It returns 0 if levels are not kept by periods.
func keepPeriods(t *loyalty.Tiers) int { return max(t.KeepYear, t.KeepPeriods) }

// RetainedFrom returns the end of a level's validity. The validity begins at the instant at, when the level was
// reached or its previous validity ended. If Tiers.KeepYear or Tiers.KeepPeriods is set, the validity ends with the
// n-th calendar year or period, counted from at, plus ExtendedBy. RetainedFrom returns zero if the level cannot be
// lost.
func (r Rules) RetainedFrom(acc loyalty.Account, at time.Time, n int) time.Time {
	end := at
	switch {
	case r.Tiers.MoveDown == loyalty.StayUp:
		return time.Time{}
	case r.Tiers.KeepYear > 0:
		end = calendar.Date((calendar.DateOf(at, r.Zone).Year()+n-1)*10000 + 1231).End(r.Zone)
	case r.Tiers.KeepPeriods > 0:
		for range n {
			end = r.PeriodEnd(acc, end)
		}
	case r.Tiers.KeepFor.IsZero():
		return time.Time{}
	default:
		return r.Tiers.KeepFor.After(at, r.Zone)
	}
	return r.Tiers.ExtendedBy.After(end, r.Zone)
}

// RetainedOn returns the new end of a standing if the member qualifies again when its validity ends, at the instant
// closes.
// Months are counted from the beginning of the standing. Otherwise, a standing that begins on the 31st would always end
// on the 28th after its first February.
func (r Rules) RetainedOn(acc loyalty.Account, s loyalty.Standing, closes time.Time) time.Time {
	next := r.RetainedFrom(acc, closes, 1)
	keep := r.Tiers.KeepFor
	if keepPeriods(r.Tiers) > 0 || next.IsZero() {
		return next
	}
	end := func(n int) time.Time { return keep.Times(n).After(s.Since, r.Zone) }
	for n := 1; !end(n).After(closes); n++ {
		if end(n).Equal(closes) {
			return end(n + 1)
		}
	}
	return next // not every period since s.Since was renewed
}

// LoweredUntil returns the end of the validity of the lower level after a review at the given instant. The review
// evaluated the period that contains asOf. The validity counts from that period, as for a member who reached the level
// in it. If levels are kept for a length of time, or have no periods, the validity counts from the end of the previous
// standing, as for a member who kept the level then. If the validity counted from the review, a demoted member would
// keep a level longer than a member who earned it.
func (r Rules) LoweredUntil(acc loyalty.Account, asOf, at time.Time) time.Time {
	n := keepPeriods(r.Tiers)
	if _, cyclic := Cycle(r.Tiers); n == 0 || !cyclic {
		return r.RetainedFrom(acc, r.PeriodCloses(acc, acc.Tier), 1)
	}
	if r.Tiers.MoveUp == loyalty.NextPeriod && asOf.Before(at) {
		asOf = asOf.Add(1) // with NextPeriod, a level takes effect in the period after it was reached
	}
	return r.RetainedFrom(acc, asOf, n)
}

// PeriodCloses returns the end of the last period for which a standing is kept: Standing.Until without the program's
// extension (Tiers.ExtendedBy).
func (r Rules) PeriodCloses(acc loyalty.Account, s loyalty.Standing) time.Time {
	if keepPeriods(r.Tiers) == 0 {
		return s.Until
	}
	for day, n := calendar.DateOf(s.Until, r.Zone), 0; n < MaxWindow; n++ {
		first := calendar.Date(day.Year()*10000 + 101)
		if r.Tiers.KeepPeriods > 0 {
			first, _ = r.period(acc, day)
		}
		start := first.Start(r.Zone)
		if r.Tiers.ExtendedBy.After(start, r.Zone).Equal(s.Until) {
			return start
		}
		day = calendar.DateOf(start.Add(-1), r.Zone)
	}
	return s.Until // Until was set manually or by another version of the program
}

// Reviewed returns the instants for which a review of the standing evaluates the member: the instant of the review and,
// if the program has periods, the last instant of each period that ended after the period for which the level was kept.
// The period for which the level was kept is included too, unless that period already qualified the member for the
// level (keepPeriods is 1), because no period qualifies a member twice.
func (r Rules) Reviewed(acc loyalty.Account, at time.Time) []time.Time {
	out := []time.Time{at}
	if _, cyclic := Cycle(r.Tiers); !cyclic || acc.Tier.Until.IsZero() {
		return out
	}
	last := r.PeriodCloses(acc, acc.Tier)
	if keepPeriods(r.Tiers) != 1 || r.Tiers.MoveUp == loyalty.NextPeriod {
		last = last.Add(-1)
	}
	for end := r.PeriodEnd(acc, last); !end.After(at) && len(out) < MaxWindow; end = r.PeriodEnd(acc, end) {
		out = append(out, end.Add(-1))
	}
	return out
}

// Requalified returns the highest level for which the account qualifies at the end of its standing, and the instant
// (see Reviewed) at which it qualifies.
func (r Rules) Requalified(acc loyalty.Account, at time.Time) (rung int, asOf time.Time) {
	rung = -1
	for _, t := range r.Reviewed(acc, at) {
		if n := r.Qualified(acc, t); n >= rung {
			rung, asOf = n, t
		}
	}
	return rung, asOf
}

// Lasting returns the highest level that the account reached in a past period while it had a manually set level, if
// that level would still be valid. It also returns the end of its validity, and the last instant of the period in which
// the account qualified. The level is -1 if there is none.
func (r Rules) Lasting(acc loyalty.Account, at time.Time) (rung int, until, asOf time.Time) {
	rung = -1
	s := acc.Tier
	if !s.Manual() {
		return rung, until, asOf
	}
	// The account always stores the buckets from this month on separately.
	oldest := calendar.MonthsBack(calendar.DateOf(at, r.Zone).Month(), r.Apart(acc)-1)
	for _, bucket := range buckets(&acc) {
		last, since := r.BucketEnds(acc, bucket)
		if posting.MonthOf(bucket) < oldest || !last.After(s.Since) || since.After(at) {
			continue // this also skips buckets for which last is zero
		}
		n, to := r.Qualified(acc, last), r.reachedUntil(acc, since)
		if !to.IsZero() && !r.Tiers.Grace.After(to, r.Zone).After(at) {
			continue
		}
		if n > rung || n == rung && to.After(until) {
			rung, until, asOf = n, to, last
		}
	}
	return rung, until, asOf
}

// BucketEnds returns the last instant of a bucket, and the latest instant from which a level that was reached in the
// bucket counts. Both are zero if the program has neither a rolling window nor periods.
func (r Windows) BucketEnds(acc loyalty.Account, bucket int) (last, since time.Time) {
	begins := r.begins(bucket)
	_, cyclic := Cycle(r.Tiers)
	if begins == 0 || !cyclic && (r.Tiers.Months == 0 || r.Tiers.Window.Kind == loyalty.LevelWindow) {
		return last, since
	}
	last = calendar.EndOfMonth.Date(begins).End(r.Zone).Add(-time.Millisecond)
	if !cyclic {
		return last, last
	}
	end := r.PeriodEnd(acc, begins.Start(r.Zone))
	if bucket > posting.LastMonth || end.Before(last) {
		last = end.Add(-time.Millisecond)
	}
	if r.Tiers.MoveUp == loyalty.NextPeriod {
		return last, end
	}
	return last, last
}

func (r Rules) reachedUntil(acc loyalty.Account, at time.Time) time.Time {
	return r.RetainedFrom(acc, at, keepPeriods(r.Tiers))
}
