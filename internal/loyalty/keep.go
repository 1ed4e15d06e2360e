package loyalty

import "time"

// keepPeriods returns for how many periods a level is kept after it was reached, including the present period. It
// returns 0 if levels are not kept by periods.
func (t *Tiers) keepPeriods() int { return max(t.KeepYear, t.KeepPeriods) }

// keptFrom returns until when a level is kept that was reached at an instant, or that was kept until that instant.
// Where levels are kept by periods, it is until the end of the n-th period from there. It returns zero if the level
// cannot be lost.
func (p *Program) keptFrom(acc Account, at time.Time, n int) time.Time {
	end := at
	switch {
	case p.Tiers.MoveDown == StayUp:
		return time.Time{}
	case p.Tiers.KeepYear > 0:
		end = Date((DateOf(at, p.Zone).year()+n-1)*10000 + 1231).End(p.Zone)
	case p.Tiers.KeepPeriods > 0:
		for range n {
			end = p.periodEnd(acc, end)
		}
	case p.Tiers.KeepFor.IsZero():
		return time.Time{}
	default:
		return p.Tiers.KeepFor.After(at, p.Zone)
	}
	return p.Tiers.ExtendedBy.After(end, p.Zone)
}

// keptOn returns until when a standing is kept that qualifies again at the end of its validity (closes). Months are
// counted from the beginning of the standing; otherwise a standing from the 31st would end on the 28th after its first
// February.
func (p *Program) keptOn(acc Account, s Standing, closes time.Time) time.Time {
	next := p.keptFrom(acc, closes, 1)
	keep := p.Tiers.KeepFor
	if p.Tiers.keepPeriods() > 0 || keep.Months == 0 || next.IsZero() {
		return next
	}
	for n := 1; ; n++ {
		switch end := keep.times(n).After(s.Since, p.Zone); {
		case end.Equal(closes):
			return keep.times(n+1).After(s.Since, p.Zone)
		case end.After(closes):
			return next // the standing was not renewed each time since it began
		}
	}
}

// loweredUntil returns until when a level is kept to which a review at an instant lowers the account. It counts from
// the period that was judged, in which asOf lies, as for a member who reached the level in that period. If levels are
// kept for a length of time, or have no periods, it counts from the end of the standing, as for a member who kept the
// level then. If it counted from the review, a demoted member would keep a level longer than a member who earned it.
func (p *Program) loweredUntil(acc Account, asOf, at time.Time) time.Time {
	n := p.Tiers.keepPeriods()
	if _, cyclic := p.Tiers.cycle(); n == 0 || !cyclic {
		return p.keptFrom(acc, p.closes(acc, acc.Tier), 1)
	}
	if p.Tiers.MoveUp == NextPeriod && asOf.Before(at) {
		asOf = asOf.Add(1) // a level that was reached in a period begins with the next one
	}
	return p.keptFrom(acc, asOf, n)
}

// closes returns the end of the last period for which a standing is kept: Until without the program's extension
// (Tiers.ExtendedBy).
func (p *Program) closes(acc Account, s Standing) time.Time {
	if p.Tiers.keepPeriods() == 0 {
		return s.Until
	}
	for day, n := DateOf(s.Until, p.Zone), 0; n < MaxWindow; n++ {
		first := Date(day.year()*10000 + 101)
		if p.Tiers.KeepPeriods > 0 {
			first, _ = p.period(acc, day)
		}
		start := first.start(p.Zone)
		if p.Tiers.ExtendedBy.After(start, p.Zone).Equal(s.Until) {
			return start
		}
		day = DateOf(start.Add(-1), p.Zone)
	}
	return s.Until // Until was set manually or by another version of the program
}

// reviewAt returns when a standing is reviewed: at the end of its validity and the grace period. It returns zero if the
// level cannot be lost.
func (p *Program) reviewAt(s Standing) time.Time {
	if s.Until.IsZero() || p.Tiers.MoveDown == StayUp && !s.Until.Equal(s.Lock) {
		return time.Time{}
	}
	return p.Tiers.Grace.After(s.Until, p.Zone)
}

// reviewed returns the instants whose periods a review of the standing considers. They are the present one and, if the
// program has periods, the last instants of all periods that ended since the period for which the level was kept. That
// period counts too only if it did not count before: a level that is kept for the rest of the period in which it was
// reached must be reached again.
func (p *Program) reviewed(acc Account, at time.Time) []time.Time {
	out := []time.Time{at}
	if _, cyclic := p.Tiers.cycle(); !cyclic || acc.Tier.Until.IsZero() {
		return out
	}
	last := p.closes(acc, acc.Tier)
	if p.Tiers.keepPeriods() != 1 || p.Tiers.MoveUp == NextPeriod {
		last = last.Add(-1)
	}
	for end := p.periodEnd(acc, last); !end.After(at) && len(out) < MaxWindow; end = p.periodEnd(acc, end) {
		out = append(out, end.Add(-1))
	}
	return out
}

// requalified returns the highest level for which the account qualifies at the end of its standing, and the instant
// whose period qualified it.
func (p *Program) requalified(acc Account, at time.Time) (rung int, asOf time.Time) {
	rung = -1
	for _, t := range p.reviewed(acc, at) {
		if n := p.qualified(acc, t); n >= rung {
			rung, asOf = n, t
		}
	}
	return rung, asOf
}

// lasting returns the highest level that the account reached while it had a manually set level, in a period that is
// over by now, and that would still be valid on that basis. It also returns until when, and the instant whose period
// qualified the account. The level is -1 if there is none.
func (p *Program) lasting(acc Account, at time.Time) (rung int, until, asOf time.Time) {
	rung = -1
	s := acc.Tier
	if !s.manual() {
		return rung, until, asOf
	}
	// The account always keeps the buckets from this month on separate.
	oldest := monthsBack(DateOf(at, p.Zone).Month(), p.apart(acc)-1)
	for _, bucket := range acc.buckets() {
		last, since := p.bucketEnds(acc, bucket)
		if monthOf(bucket) < oldest || last.IsZero() || !last.After(s.Since) || since.After(at) {
			continue
		}
		n, to := p.qualified(acc, last), p.reachedUntil(acc, since)
		if !to.IsZero() && !p.Tiers.Grace.After(to, p.Zone).After(at) {
			continue
		}
		if n > rung || n == rung && to.After(until) {
			rung, until, asOf = n, to, last
		}
	}
	return rung, until, asOf
}

// bucketEnds returns the last instant of a bucket of a rolling window or of periods, and the latest instant from which
// a level counts that was reached in the bucket. Both are zero if the program has neither.
func (p *Program) bucketEnds(acc Account, bucket int) (last, since time.Time) {
	begins := p.begins(bucket)
	_, cyclic := p.Tiers.cycle()
	if begins == 0 || !cyclic && (p.Tiers.Months == 0 || p.Tiers.Window.Kind == LevelWindow) {
		return last, since
	}
	last = EndOfMonth.date(begins).End(p.Zone).Add(-time.Millisecond)
	if !cyclic {
		return last, last
	}
	end := p.periodEnd(acc, begins.start(p.Zone))
	if bucket > lastMonth || end.Before(last) {
		last = end.Add(-time.Millisecond)
	}
	if p.Tiers.MoveUp == NextPeriod {
		return last, end
	}
	return last, last
}

// floor returns the minimum level of an account: the highest of the minimums of its segments and of the minimum that
// was set manually.
func (p *Program) floor(acc Account) (rung int) {
	for _, f := range p.Tiers.Minimums {
		if anyOf([]string{f.Segment}, acc.Traits.Segments) {
			rung = max(rung, p.rung(Standing{Level: f.Level}))
		}
	}
	if acc.Tier.Minimum != "" {
		rung = max(rung, p.rung(Standing{Level: acc.Tier.Minimum}))
	}
	return rung
}
