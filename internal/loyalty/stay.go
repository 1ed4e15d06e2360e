package loyalty

import "time"

// Retention lists the requirements that the member must still meet to keep the current level. They are those of the
// first period that is not over and counts for the level.
type Retention struct {
	Gap   Gap       // what is missing most on the path closest to completion; none if the level is kept already
	By    time.Time // exclusive: what happens from then on is too late
	Paths [][]Gap   // all alternative ways to keep the level
}

// Stay returns what the member must still do to keep the level. It returns false if the level cannot be lost, or if it
// can only be reached again after it is lost.
func (p *Program) Stay(acc Account, now time.Time) (best Retention, ok bool) {
	review := p.reviewAt(acc.Tier)
	rung := p.rung(acc.Tier)
	if review.IsZero() || rung <= p.floor(acc) || now.Before(acc.Tier.Lock) {
		return Retention{}, false
	}
	periods := p.reviewed(acc, review)
	if n, _, asOf := p.lasting(acc, review); n >= rung {
		periods = append(periods, asOf)
	}
	for _, t := range append(periods[1:], periods[0]) { // in chronological order
		first, last := p.span(acc, t)
		by := review
		if end := last.End(p.Zone); end.Before(by) {
			by = end
		}
		x := Retention{By: by, Paths: p.Gaps(acc, rung, t)}
		x.Gap = nearest(x.Paths)
		switch {
		case !x.Gap.open():
			return x, true
		case !ok && now.Before(by) && first.start(p.Zone).Before(by):
			best, ok = x, true
		}
	}
	return best, ok
}

// Projection returns the standing that the account will have after its next scheduled change or review if nothing more
// happens, and when that will be. It returns false if none is scheduled.
func (p *Program) Projection(acc Account) (Standing, time.Time, bool) { return p.aheadOn(p, acc) }

// ProjectionOf returns the same for a tier group.
func (p *Program) ProjectionOf(acc Account, ladder string) (Standing, time.Time, bool) {
	v, _, ok := p.TierGroupStanding(acc, ladder)
	if !ok {
		return Standing{}, time.Time{}, false
	}
	return p.aheadOn(v, acc)
}

// aheadOn advances the whole account to the next change of its level, and returns the standing as v sees it.
func (p *Program) aheadOn(v *Program, acc Account) (Standing, time.Time, bool) {
	at := v.tierDue(v.view(acc))
	if at.IsZero() {
		return Standing{}, at, false
	}
	out, err := p.Advance(acc, at)
	return v.view(out.Account).Tier, at, err == nil
}
