package explain

import (
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// A life describes points of an entry that become active and expire at the same times.
type life struct {
	pending bool      // the points are pending until the instant from
	from    time.Time // the end of the pending period; zero if it is not known yet
	until   calendar.Date
	points  loyalty.Points
}

// livesOf returns the lives of the points that an entry gave. It reads them from the postings, which state when points
// become active and expire for all rules. It excludes points that an activity only moved from other lots.
func livesOf(e loyalty.Entry) (lives []life) {
	all, moved := net(e), loyalty.Points(0)
	for _, x := range all {
		if !x.pending && x.points < 0 {
			moved -= x.points
		}
	}
	for _, x := range all {
		if moved > 0 && x.points >= moved && x.slid() {
			x.points, moved = x.points-moved, 0
		}
		if x.points > 0 {
			lives = append(lives, x)
		}
	}
	return lives
}

// net sums the points that an entry gave or took, separately for each life.
func net(e loyalty.Entry) (all []life) {
	for _, p := range e.Postings {
		x := life{until: p.Lot}
		switch p.Bucket {
		case loyalty.BucketPending:
			x.pending, x.from = true, p.ActiveAt
		case loyalty.BucketActive:
		default:
			continue
		}
		at := slices.IndexFunc(all, x.same)
		if at < 0 {
			at = len(all)
			all = append(all, x)
		}
		all[at].points += p.Points
	}
	return all
}

// same reports whether the points of x and y become active and expire at the same times.
func (x life) same(y life) bool {
	return x.pending == y.pending && x.from.Equal(y.from) && x.until == y.until
}

// slid reports whether an activity may have moved points from other lots to this lot.
func (x life) slid() bool { return !x.pending && (x.until == 0 || x.until.Slides()) }

// lives returns sentences that state how long the points of an entry can be spent. The sentences follow the summary of
// the entry.
func (s speaker) lives(e loyalty.Entry, points loyalty.Points) (said string) {
	lives := livesOf(e)
	if e.Kind == loyalty.KindClawback {
		lives = nil // a clawback takes points; points that a rule gave in the same entry are not described
	}
	for _, x := range lives {
		with := values{
			"points": s.points(x.points), "from": {text: s.day(x.from)}, "until": {text: s.date(x.until)},
		}
		whole := "life.part"
		if x.points == points {
			whole = "life.all"
		}
		with["whole"] = value{text: s.phrase(whole, with)}
		said += " " + s.sentence("life"+x.begins()+x.ends(), with)
	}
	return said + s.owed(e)
}

// owed returns a sentence about the change of the account's debt, or an empty text if the debt did not change.
func (s speaker) owed(e loyalty.Entry) string {
	paid := loyalty.Points(0)
	for _, p := range e.Postings {
		if p.Bucket == loyalty.BucketDebt {
			paid += p.Points
		}
	}
	with := values{"points": s.points(max(paid, -paid)), "units": s.units()}
	switch {
	case paid > 0:
		return " " + s.sentence("life.owed", with)
	case paid < 0:
		return " " + s.sentence("life.owing", with)
	}
	return ""
}

func (x life) begins() string {
	switch {
	case !x.pending:
		return ".now"
	case x.from.IsZero():
		return ".waiting"
	}
	return ".later"
}

func (x life) ends() string {
	switch {
	case x.pending && x.from.IsZero():
		return ""
	case x.until == 0:
		return ".ever"
	case x.until.Slides():
		return ".slides"
	}
	return ".day"
}
