package loyalty

import "time"

// A Stay is what it takes to keep a level beyond its end, in the first period that is not over and counts for that.
type Retention struct {
	Gap   Gap       // what is missing yet, of the measure of which the greatest share is; none if it is kept already
	By    time.Time // exclusive: what happens from then on comes too late
	Paths [][]Gap   // all ways to keep it
}

// Stay is what the member has still to do to keep the level; false if it cannot be lost, or can only be reached again
// once it is.
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
	for _, t := range append(periods[1:], periods[0]) { // in their order
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

// Ahead is the standing that the account will have, if nothing more happens, when time next moves or reviews it; false
// if it never does.
func (p *Program) Projection(acc Account) (Standing, time.Time, bool) { return p.aheadOn(p, acc) }

// AheadOn is Ahead on a ladder.
func (p *Program) ProjectionOf(acc Account, ladder string) (Standing, time.Time, bool) {
	v, _, ok := p.TierGroupStanding(acc, ladder)
	if !ok {
		return Standing{}, time.Time{}, false
	}
	return p.aheadOn(v, acc)
}

// aheadOn lets time pass for the whole account, and looks at it as v does.
func (p *Program) aheadOn(v *Program, acc Account) (Standing, time.Time, bool) {
	at := v.tierDue(v.view(acc))
	if at.IsZero() {
		return Standing{}, at, false
	}
	out, err := p.Advance(acc, at)
	return v.view(out.Account).Tier, at, err == nil
}
