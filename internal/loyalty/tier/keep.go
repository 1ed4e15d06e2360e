package tier

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
)

// postponeFall extends a standing if no notice of its end was sent in time. The extension is the period of advance
// notice from the start of the next day, because the notice is sent on that morning at the latest.
func postponeFall(d *posting.Decision, at time.Time) error {
	s := d.Account.Tier
	if s.Extensions++; s.Extensions == 1 {
		s.Ended = s.Until
	}
	s.Until = d.P.AdvanceNotice.Period.After(loyalty.DateOf(at.Add(-1), d.P.Zone).End(d.P.Zone), d.P.Zone)
	until := loyalty.DateOf(s.Until, d.P.Zone).String()
	return standing(d, s, at, loyalty.NewReason("advance_notice", "0", loyalty.WasPostponed, until))
}

// keepPeriods returns the number of periods for which a level is kept after it was reached, including the present
// period. It returns 0 if levels are not kept by periods.
func keepPeriods(t *loyalty.Tiers) int { return max(t.KeepYear, t.KeepPeriods) }

// KeptFrom returns the end of the validity of a level that was reached at an instant, or whose previous validity ended
// then. If levels are kept by periods, it is the end of the n-th period from that instant on. It returns zero if the
// level cannot be lost.
func KeptFrom(p *loyalty.Program, acc loyalty.Account, at time.Time, n int) time.Time {
	end := at
	switch {
	case p.Tiers.MoveDown == loyalty.StayUp:
		return time.Time{}
	case p.Tiers.KeepYear > 0:
		end = loyalty.Date((loyalty.DateOf(at, p.Zone).Year()+n-1)*10000 + 1231).End(p.Zone)
	case p.Tiers.KeepPeriods > 0:
		for range n {
			end = PeriodEnd(p, acc, end)
		}
	case p.Tiers.KeepFor.IsZero():
		return time.Time{}
	default:
		return p.Tiers.KeepFor.After(at, p.Zone)
	}
	return p.Tiers.ExtendedBy.After(end, p.Zone)
}

// KeptOn returns the new end of a standing whose member qualifies again at the end of its validity (closes). Months are
// counted from the beginning of the standing; otherwise a standing that begins on the 31st would always end on the 28th
// after its first February.
func KeptOn(p *loyalty.Program, acc loyalty.Account, s loyalty.Standing, closes time.Time) time.Time {
	next := KeptFrom(p, acc, closes, 1)
	keep := p.Tiers.KeepFor
	if keepPeriods(&p.Tiers) > 0 || keep.Months == 0 || next.IsZero() {
		return next
	}
	for n := 1; ; n++ {
		switch end := keep.Times(n).After(s.Since, p.Zone); {
		case end.Equal(closes):
			return keep.Times(n+1).After(s.Since, p.Zone)
		case end.After(closes):
			return next // the standing was not renewed each time since it began
		}
	}
}

// LoweredUntil returns the end of the validity of a level to which a review at an instant lowers the account. The
// validity counts from the period that contains asOf, which the review evaluated, as for a member who reached the level
// in that period. If levels are kept for a length of time, or have no periods, it counts from the end of the previous
// standing, as for a member who kept the level then. If it counted from the review, a demoted member would keep a level
// longer than a member who earned it.
func LoweredUntil(p *loyalty.Program, acc loyalty.Account, asOf, at time.Time) time.Time {
	n := keepPeriods(&p.Tiers)
	if _, cyclic := Cycle(&p.Tiers); n == 0 || !cyclic {
		return KeptFrom(p, acc, PeriodCloses(p, acc, acc.Tier), 1)
	}
	if p.Tiers.MoveUp == loyalty.NextPeriod && asOf.Before(at) {
		asOf = asOf.Add(1) // a level that was reached in a period begins with the next one
	}
	return KeptFrom(p, acc, asOf, n)
}

// PeriodCloses returns the end of the last period for which a standing is kept: Standing.Until without the program's
// extension (Tiers.ExtendedBy).
func PeriodCloses(p *loyalty.Program, acc loyalty.Account, s loyalty.Standing) time.Time {
	if keepPeriods(&p.Tiers) == 0 {
		return s.Until
	}
	for day, n := loyalty.DateOf(s.Until, p.Zone), 0; n < MaxWindow; n++ {
		first := loyalty.Date(day.Year()*10000 + 101)
		if p.Tiers.KeepPeriods > 0 {
			first, _ = period(p, acc, day)
		}
		start := first.Start(p.Zone)
		if p.Tiers.ExtendedBy.After(start, p.Zone).Equal(s.Until) {
			return start
		}
		day = loyalty.DateOf(start.Add(-1), p.Zone)
	}
	return s.Until // Until was set manually or by another version of the program
}

// Reviewed returns the instants at which a review of the standing evaluates the member: the instant of the review and,
// if the program has periods, the last instant of each period that ended after the period for which the level was kept.
// The period for which it was kept is included too, unless that period already qualified the member for the level
// (keepPeriods is 1), because no period qualifies a member twice.
func Reviewed(p *loyalty.Program, acc loyalty.Account, at time.Time) []time.Time {
	out := []time.Time{at}
	if _, cyclic := Cycle(&p.Tiers); !cyclic || acc.Tier.Until.IsZero() {
		return out
	}
	last := PeriodCloses(p, acc, acc.Tier)
	if keepPeriods(&p.Tiers) != 1 || p.Tiers.MoveUp == loyalty.NextPeriod {
		last = last.Add(-1)
	}
	for end := PeriodEnd(p, acc, last); !end.After(at) && len(out) < MaxWindow; end = PeriodEnd(p, acc, end) {
		out = append(out, end.Add(-1))
	}
	return out
}

// Requalified returns the highest level for which the account qualifies at the end of its standing, and the instant
// (see Reviewed) at which it qualifies.
func Requalified(p *loyalty.Program, acc loyalty.Account, at time.Time) (rung int, asOf time.Time) {
	rung = -1
	for _, t := range Reviewed(p, acc, at) {
		if n := Qualified(p, acc, t); n >= rung {
			rung, asOf = n, t
		}
	}
	return rung, asOf
}

// Lasting returns the highest level that the account reached in a past period while it had a manually set level, if
// that level would still be valid. It also returns the end of its validity, and the last instant of the period in which
// the account qualified. The level is -1 if there is none.
func Lasting(p *loyalty.Program, acc loyalty.Account, at time.Time) (rung int, until, asOf time.Time) {
	rung = -1
	s := acc.Tier
	if !s.Manual() {
		return rung, until, asOf
	}
	// The account always stores the buckets from this month on separately.
	oldest := posting.MonthsBack(loyalty.DateOf(at, p.Zone).Month(), Apart(p, acc)-1)
	for _, bucket := range buckets(&acc) {
		last, since := BucketEnds(p, acc, bucket)
		if posting.MonthOf(bucket) < oldest || last.IsZero() || !last.After(s.Since) || since.After(at) {
			continue
		}
		n, to := Qualified(p, acc, last), reachedUntil(p, acc, since)
		if !to.IsZero() && !p.Tiers.Grace.After(to, p.Zone).After(at) {
			continue
		}
		if n > rung || n == rung && to.After(until) {
			rung, until, asOf = n, to, last
		}
	}
	return rung, until, asOf
}

// BucketEnds returns the last instant of a bucket, and the latest instant from which a level counts that was reached in
// the bucket. Both are zero if the program has neither a rolling window nor periods.
func BucketEnds(p *loyalty.Program, acc loyalty.Account, bucket int) (last, since time.Time) {
	begins := begins(p, bucket)
	_, cyclic := Cycle(&p.Tiers)
	if begins == 0 || !cyclic && (p.Tiers.Months == 0 || p.Tiers.Window.Kind == loyalty.LevelWindow) {
		return last, since
	}
	last = loyalty.EndOfMonth.Date(begins).End(p.Zone).Add(-time.Millisecond)
	if !cyclic {
		return last, last
	}
	end := PeriodEnd(p, acc, begins.Start(p.Zone))
	if bucket > posting.LastMonth || end.Before(last) {
		last = end.Add(-time.Millisecond)
	}
	if p.Tiers.MoveUp == loyalty.NextPeriod {
		return last, end
	}
	return last, last
}

// Floor returns the minimum level of an account: the highest of the minimums of its segments and of the minimum that
// was set manually.
func Floor(p *loyalty.Program, acc loyalty.Account) (rung int) {
	for _, f := range p.Tiers.Minimums {
		if earn.AnyOf([]string{f.Segment}, acc.Traits.Segments) {
			rung = max(rung, redeem.LevelIndex(p, loyalty.Standing{Level: f.Level}))
		}
	}
	if acc.Tier.Minimum != "" {
		rung = max(rung, redeem.LevelIndex(p, loyalty.Standing{Level: acc.Tier.Minimum}))
	}
	return rung
}
