package loyalty

import "time"

// A Quote is what an order would earn if it were placed as given, and what could be redeemed on it.
type Quote struct {
	Points   Points
	ActiveAt time.Time // when they could be spent
	Expires  Date      // the lot that they would join
	Because  []Because
	Guest    bool // nobody is named: the figures are those of a new member
	Balance  Balance
	Rewards  []RewardQuote
}

// A RewardQuote says whether a reward can be had now, and what is missing if not.
type RewardQuote struct {
	Reward  Reward
	Missing Points // zero if it can be had
}
