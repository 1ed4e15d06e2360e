package explain

import (
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// A life is from when and until when points of an entry can be spent.
type life struct {
	pending bool      // not from the beginning, but from
	from    time.Time // zero: nobody knows yet
	until   loyalty.Date
	points  loyalty.Points
}

// livesOf reads the lives of what an entry gave off its postings: they say for each part where it went, whatever
// gave it. What an activity moved on from other lots is not among them.
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

// net sums up what an entry gave or took of points that live together.
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

// same reports whether two parts live together.
func (x life) same(y life) bool {
	return x.pending == y.pending && x.from.Equal(y.from) && x.until == y.until
}

// slid reports whether an activity may have moved other points here.
func (x life) slid() bool { return !x.pending && (x.until == 0 || x.until.Slides()) }

// lives says for how long points that an entry gave can be spent, in sentences that follow on its own.
func (s speaker) lives(e loyalty.Entry, points loyalty.Points) (said string) {
	lives := livesOf(e)
	if e.Kind == loyalty.KindClawback {
		lives = nil // what one rule gave while more was taken of another
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

// owed says what an entry paid of the account's debt, or added to it.
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
