package loyalty

import "time"

// keepPeriods is how many periods a level that was reached is kept, the present one included; zero where it is not kept
// by periods.
func (t *Tiers) keepPeriods() int { return max(t.KeepYear, t.KeepPeriods) }

// keptFrom is until when a level is kept that was reached at an instant, or kept until then, if it is to the end of the
// n-th period from there; zero if it cannot be lost.
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

// keptOn is until when a standing is kept on at the end of what it was kept for. Months are counted from its beginning, so
// that one of the 31st does not end on the 28th for ever.
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
			return next // it was not kept since it began
		}
	}
}

// loweredUntil returns until when a level is kept to which a review at an instant lowers the account. It counts from the
// period that was judged, in which asOf lies, as for a member who reached the level in that period. Where levels are kept
// for a length of time, or levels have no periods, it counts from the end of the standing, as for a member who kept the
// level then. Counting from the review would let a demoted member keep a level longer than a member who earned it.
func (p *Program) loweredUntil(acc Account, asOf, at time.Time) time.Time {
	n := p.Tiers.keepPeriods()
	if _, cyclic := p.Tiers.cycle(); n == 0 || !cyclic {
		return p.keptFrom(acc, p.closes(acc, acc.Tier), 1)
	}
	if p.Tiers.MoveUp == NextPeriod && asOf.Before(at) {
		asOf = asOf.Add(1) // a level that is reached in a period begins with the next one
	}
	return p.keptFrom(acc, asOf, n)
}

// closes is the end of the last period for which a standing is kept: Until without the program's tail.
func (p *Program) closes(acc Account, s Standing) time.Time {
	if p.Tiers.keepPeriods() == 0 || p.Tiers.ExtendedBy.IsZero() {
		return s.Until
	}
	for day, n := DateOf(s.Until, p.Zone), 0; n < MaxWindow; n++ {
		first := Date(day.year()*10000 + 101)
		if p.Tiers.KeepPeriods > 0 {
			first, _ = p.period(acc, day)
		}
		start := first.start(p.Zone)
		switch end := p.Tiers.ExtendedBy.After(start, p.Zone); {
		case end.Equal(s.Until):
			return start
		case end.Before(s.Until):
			return s.Until // somebody set it by hand, or another version did
		}
		day = DateOf(start.Add(-1), p.Zone)
	}
	return s.Until
}

// reviewAt is when a standing is up for review: at the end of its keep and grace; zero if it cannot be lost.
func (p *Program) reviewAt(s Standing) time.Time {
	if s.Until.IsZero() || p.Tiers.MoveDown == StayUp && !s.Until.Equal(s.Lock) {
		return time.Time{}
	}
	return p.Tiers.Grace.After(s.Until, p.Zone)
}

// reviewed is the instants by whose periods a standing is reviewed: the present one, and where periods count those
// that ended since the one began for which the level was kept. That one itself counts only where it did not count
// before: a level that is kept for the rest of the period in which it was reached has to be reached again.
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

// requalified is the highest level that the account has kept at the end of its standing, and the instant by whose
// period it did.
func (p *Program) requalified(acc Account, at time.Time) (rung int, asOf time.Time) {
	rung = -1
	for _, t := range p.reviewed(acc, at) {
		if n := p.qualified(acc, t); n >= rung {
			rung, asOf = n, t
		}
	}
	return rung, asOf
}

// lasting is the highest level that was reached under one that was given by hand, in what is over by now, and that would
// not be over yet by itself: until when, and the instant by whose period it was; -1 if there is none.
func (p *Program) lasting(acc Account, at time.Time) (rung int, until, asOf time.Time) {
	rung = -1
	s := acc.Tier
	if !s.manual() {
		return rung, until, asOf
	}
	oldest := monthsBack(DateOf(at, p.Zone).Month(), p.apart(acc)-1) // of the buckets that are apart in any case
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

// bucketEnds is the last instant of a bucket of a window that moves on, and from when a level counts that was reached
// then at the latest.
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

// floor is the least level of an account: of its segments, or given by hand for ever.
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
