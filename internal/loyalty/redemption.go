package loyalty

import "time"

// RedemptionStatus is how far a redemption is. Reserved is the only one that changes.
type RedemptionStatus string

const (
	Reserved  RedemptionStatus = "reserved"
	Committed RedemptionStatus = "committed"
	Cancelled RedemptionStatus = "cancelled"
	Lapsed    RedemptionStatus = "lapsed"
	Refused   RedemptionStatus = "refused"
)

// A Redemption is points spent, or about to be, on one reward.
type Redemption struct {
	ID      string
	Reward  string
	Points  Points
	Order   string // the order that it is for; may be empty
	Status  RedemptionStatus
	At      time.Time // when it was asked for
	Until   time.Time // reserved until, exclusive; zero if it was committed at once
	Refusal *Error    // why, if refused
}
