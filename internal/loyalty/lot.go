package loyalty

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// A Lot is a number of points that expire together at the end of the same day.
type Lot struct {
	Expires calendar.Date
	Points  Points
}

// TotalPoints returns the sum of the points of lots.
func TotalPoints(lots []Lot) (sum Points) {
	for _, l := range lots {
		sum += l.Points
	}
	return sum
}

// A Move is a manual extension or reinstatement of lots. Lots that were active at the instant At and whose expiry was
// from First to Last expire on To instead.
type Move struct {
	At              time.Time
	First, Last, To calendar.Date
	Times           int // how many times the expiry was postponed because no notice was sent; see Extended
}

// MaxMoves is the maximum number of moves that an account remembers. Older moves are forgotten. If a forgotten move
// extended points, a later refund treats these points as expired.
const MaxMoves = 10

// MaxGraced is the maximum number of days in Account.Graced. Older days are forgotten. The maximum is enough for a
// grace period of one month.
const MaxGraced = 40

// An Extended records points whose expiry was postponed because no notice of it was sent in time.
type Extended struct {
	Lot    calendar.Date // the day on which the points expire now
	From   calendar.Date // the day on which the points would have expired without any postponement
	Times  int           // the number of postponements
	Points Points
}

// A WriteOff records points that expired in a lot before a clawback could take them, so that the clawback does not take
// other points. It is negative if the refund failed, so that the points are no longer written off.
type WriteOff struct {
	Wallet string
	Lot    calendar.Date
	Points Points
}

// An ActivityChange records that an activity counts from this entry onwards or, if Withdrawn, no longer counts.
type ActivityChange struct {
	At        time.Time // the instant of the activity
	Withdrawn bool
}
