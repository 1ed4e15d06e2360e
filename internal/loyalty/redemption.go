package loyalty

import "time"

// RedemptionStatus is the status of a redemption or a transfer. A Reserved redemption changes to one of the other
// statuses. A Committed one can still be Reversed.
type RedemptionStatus string

const (
	Reserved  RedemptionStatus = "reserved"
	Committed RedemptionStatus = "committed"
	Canceled  RedemptionStatus = "canceled"
	Expired   RedemptionStatus = "expired"
	Reversed  RedemptionStatus = "reversed"
	Rejected  RedemptionStatus = "rejected"

	// Offered is the status of a transfer that the receiver has not answered. It can also expire or be canceled.
	Offered  RedemptionStatus = "offered"
	Accepted RedemptionStatus = "accepted"
	Declined RedemptionStatus = "declined"
)

// A Redemption describes points that a member spends or reserves for a reward, uses as payment, or transfers to another
// member.
type Redemption struct {
	ID     string
	Reward string
	Wallet string // the wallet of the points
	Points Points
	Order  string // the order of the redemption; may be empty
	// Cart is the cart of the redemption; may be empty. Another redemption for the same cart replaces this one.
	Cart  string
	Total Money // the order's total, for rewards that depend on it and for payments; may be zero
	Value Money // the amount that a payment with points pays

	// Requested is the requested maximum of points of a payment. Zero means as many as can pay.
	Requested Points
	Status    RedemptionStatus
	At        time.Time // when the redemption was requested
	Until     time.Time // the end of the reservation, exclusive; zero if it was committed immediately
	Stocked   bool      // the redemption uses a unit of limited stock
	// Listed is set if the reservation of the redemption is in the list of reservations sorted by expiry. It is listed
	// because other members wait for the stock or code that it reserves.
	Listed bool

	Lots     []Lot  // the lots from which the points came; set when the redemption is committed
	Restored Points // points that reversals have restored

	Code      string // the code that the member presents; set from the start if it comes from a pool
	CodeFrom  time.Time
	CodeUntil time.Time // the end of the code's validity, exclusive; zero if it never expires
	Date      string    // the chosen date; empty unless the reward has dates
	DateAt    time.Time // the instant of Date
	Manual    bool      // the fulfillment is manual
	Pooled    bool      // the code comes from a pool, and returns there unless the redemption is committed

	Credit *Grant // for wallet_points: the points credited to another wallet, before reversals; set by the commit

	// By is the member whose redemption or transfer this is. It is set only in the accounts of other members who take
	// part.
	By            MemberID
	Contributions []Contribution // the parts of Points that household members contribute

	// These fields apply to transfers, which have no reward.
	To   MemberID // the receiver of the points
	Fee  Points   // the points that the giver pays in addition
	Note string   // the giver's message; may be empty
}
