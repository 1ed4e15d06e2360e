package tier

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
)

// Retention lists the requirements that the member must still meet to keep the current level. They are those of the
// first period that is not over and counts for the level.
type Retention struct {
	Gap   Gap       // what is missing most on the path closest to completion; none if the level is kept already
	By    time.Time // exclusive: what happens from then on is too late
	Paths [][]Gap   // all alternative ways to keep the level
}

// RetentionOf returns what the member must still do to keep the level. It returns false if the level cannot be lost, or
// if it can only be reached again after it is lost.
func RetentionOf(p *loyalty.Program, acc loyalty.Account, now time.Time) (best Retention, ok bool) {
	review := posting.ReviewAt(p, acc.Tier)
	rung := redeem.LevelIndex(p, acc.Tier)
	if review.IsZero() || rung <= Floor(p, acc) || now.Before(acc.Tier.Lock) {
		return Retention{}, false
	}
	periods := Reviewed(p, acc, review)
	if n, _, asOf := Lasting(p, acc, review); n >= rung {
		periods = append(periods, asOf)
	}
	for _, t := range append(periods[1:], periods[0]) { // in chronological order
		first, last := span(p, acc, t)
		by := review
		if end := last.End(p.Zone); end.Before(by) {
			by = end
		}
		x := Retention{By: by, Paths: Gaps(p, acc, rung, t)}
		x.Gap = nearest(x.Paths)
		switch {
		case !x.Gap.Open():
			return x, true
		case !ok && now.Before(by) && first.Start(p.Zone).Before(by):
			best, ok = x, true
		}
	}
	return best, ok
}
