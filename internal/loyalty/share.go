package loyalty

import (
	"math/big"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// A Conversion is a way to convert points of one wallet into points of another. There is no conversion in the opposite
// direction, but a conversion can be reversed for a time.
type Conversion struct {
	ID               string
	From, To         string          // the wallets; empty for the main wallet
	Rate             *big.Rat        // the points of To for one point of From, above zero
	Min              Points          // the minimum number of points per conversion
	Step             Points          // the points must be a multiple of this; zero means 1
	ReversibleWithin calendar.Period // how long a conversion can be reversed; zero means not at all
	Limits           []Limit
}

// A Converted is a completed conversion of points from one wallet to another.
type Converted struct {
	ID              string
	Rule            string // the ID of the Conversion
	From, To        string
	Points          Points        // the points taken from the source wallet
	Received        Points        // the points added to the target wallet
	Taken           []Lot         // the lots from which the points came, without points that were returned
	Lot             calendar.Date // the lot that received the points; see posting.RemainingIn
	At              time.Time
	ReversibleUntil time.Time // the conversion can be reversed before this instant; zero means not at all
	Reversed        Points    // how many of Received were reversed
	Returned        Points    // how many of Points were returned by reversals
}

// Key returns the key of the conversion among the program's rules, for limits and reasons.
func (c *Conversion) Key() string { return "conversions." + c.ID }

// A household has no account. All points stay in the account and lot of the member who earned them and expire on the
// same day as without the household. A redemption by one member may draw on the points of the others. Each contribution
// is an entry in the contributor's account, and a reversal returns it to that account. So members who leave take their
// points along, levels stay personal, and sharing does not postpone the expiry of any points. A contribution is not an
// activity of the contributor.

// Households are the rules for members who use each other's points. The zero Households disables households.
type Households struct {
	Size       int             // the maximum number of members, including invited ones; 0 disables households
	Share      *big.Rat        // the share of a member's active points that the others may use at a time; nil for all
	CoolingOff calendar.Period // how long after joining a member cannot use the points of the others
}

// Key returns the key of households among the program's rules.
func (Households) Key() string { return "households" }

// A Contribution is the number of points that a member contributes to a redemption of the household.
type Contribution struct {
	Member MemberID
	Points Points
}

// Points that one member gives to another keep their lots, so that a transfer does not postpone their expiry. A lot
// arrives with the day on which it would have expired, and expires immediately if that day is over. If the points of a
// lot expire by inactivity, they arrive with their present expiry day, and no activity extends it. Otherwise members
// could choose whose activity extends it. Pending points never move, nor do the points of a member in debt. A transfer
// earns nothing, counts for no level, and is an activity of neither member.

// Transfers are the rules for members who give points to each other. The zero Transfers disables transfers.
type Transfers struct {
	Min    Points          // the minimum number of points of one transfer; 0 disables transfers
	Max    Points          // the maximum number of points of one transfer; 0 means no limit
	Step   Points          // the points must be a multiple of this; 0 means 1
	Limits []Limit         // how often a member may give
	AtMost []Cap           // how many points a member may give, without fees
	Fee    Fee             // the fee that the giver pays in addition
	Accept calendar.Period // how long the recipient can accept an offer; zero means the points move immediately
}

// A Fee is the number of points that a transfer costs in addition to the points that arrive. It is a fixed number, or a
// share of the points that arrive, rounded up. No member receives them.
type Fee struct {
	Points Points
	Share  *big.Rat // the share, below 1; nil if the fee is Points
}

// Key returns the key of transfers among the program's rules, for their limits and reasons.
func (Transfers) Key() string { return "transfers" }
