package tier

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
)

// postponeFall extends a standing for whose end no notice was sent. The period begins with the next day, as the notice
// is sent on that morning at the latest.
func postponeFall(d *posting.Decision, at time.Time) error {
	s := d.Account.Tier
	if s.Extensions++; s.Extensions == 1 {
		s.Ended = s.Until
	}
	s.Until = d.P.AdvanceNotice.Period.After(loyalty.DateOf(at.Add(-1), d.P.Zone).End(d.P.Zone), d.P.Zone)
	until := loyalty.DateOf(s.Until, d.P.Zone).String()
	return standing(d, s, at, loyalty.NewReason("advance_notice", "0", loyalty.WasPostponed, until))
}

// keepPeriods returns for how many periods a level is kept after it was reached, including the present period. It
// returns 0 if levels are not kept by periods.
func keepPeriods(t *loyalty.Tiers) int { return max(t.KeepYear, t.KeepPeriods) }

// KeptFrom returns until when a level is kept that was reached at an instant, or that was kept until that instant.
// Where levels are kept by periods, it is until the end of the n-th period from there. It returns zero if the level
// cannot be lost.
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

// KeptOn returns until when a standing is kept that qualifies again at the end of its validity (closes). Months are
// counted from the beginning of the standing; otherwise a standing from the 31st would end on the 28th after its first
// February.
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

// LoweredUntil returns until when a level is kept to which a review at an instant lowers the account. It counts from
// the period that was judged, in which asOf lies, as for a member who reached the level in that period. If levels are
// kept for a length of time, or have no periods, it counts from the end of the standing, as for a member who kept the
// level then. If it counted from the review, a demoted member would keep a level longer than a member who earned it.
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

// PeriodCloses returns the end of the last period for which a standing is kept: Until without the program's extension
// (Tiers.ExtendedBy).
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

// Reviewed returns the instants whose periods a review of the standing considers. They are the present one and, if the
// program has periods, the last instants of all periods that ended since the period for which the level was kept. That
// period counts too only if it did not count before: a level that is kept for the rest of the period in which it was
// reached must be reached again.
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
// whose period qualified it.
func Requalified(p *loyalty.Program, acc loyalty.Account, at time.Time) (rung int, asOf time.Time) {
	rung = -1
	for _, t := range Reviewed(p, acc, at) {
		if n := Qualified(p, acc, t); n >= rung {
			rung, asOf = n, t
		}
	}
	return rung, asOf
}

// Lasting returns the highest level that the account reached while it had a manually set level, in a period that is
// over by now, and that would still be valid on that basis. It also returns until when, and the instant whose period
// qualified the account. The level is -1 if there is none.
func Lasting(p *loyalty.Program, acc loyalty.Account, at time.Time) (rung int, until, asOf time.Time) {
	rung = -1
	s := acc.Tier
	if !s.Manual() {
		return rung, until, asOf
	}
	// The account always keeps the buckets from this month on separate.
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

// BucketEnds returns the last instant of a bucket of a rolling window or of periods, and the latest instant from which
// a level counts that was reached in the bucket. Both are zero if the program has neither.
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
