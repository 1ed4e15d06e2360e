package tier

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// Retention lists the requirements that the member must still meet to keep the current level, in the first period that
// has not ended and in which qualifying keeps the level.
type Retention struct {
	Gap   Gap       // the largest gap of the path that the member is closest to; zero if a path is complete
	By    time.Time // the deadline, exclusive
	Paths [][]Gap   // all alternative ways to keep the level
}

// RetentionOf returns the requirements that the member must still meet to keep the level. It returns false if the level
// cannot be lost, or if nothing can prevent its loss any more.
func (r Rules) RetentionOf(acc loyalty.Account, now time.Time) (best Retention, ok bool) {
	review := posting.ReviewAt(r.Tiers, r.Zone, acc.Tier)
	rung := r.Tiers.LevelIndex(acc.Tier)
	if review.IsZero() || rung <= r.Floor(acc) || now.Before(acc.Tier.Lock) {
		return Retention{}, false
	}
	periods := r.Reviewed(acc, review)
	if n, _, asOf := r.Lasting(acc, review); n >= rung {
		periods = append(periods, asOf)
	}
	for _, t := range append(periods[1:], periods[0]) { // periods[0] is the review, which is the latest
		first, last := r.span(acc, t)
		by := review
		if end := last.End(r.Zone); end.Before(by) {
			by = end
		}
		x := Retention{By: by, Paths: r.Gaps(acc, rung, t)}
		x.Gap = nearest(x.Paths)
		switch {
		case !x.Gap.Open():
			return x, true
		case !ok && now.Before(by) && first.Start(r.Zone).Before(by):
			best, ok = x, true
		}
	}
	return best, ok
}
