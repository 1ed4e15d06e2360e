package redeem

import (
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// A Fulfillment is the state of the delivery of a reward that the merchant fulfills manually.
type Fulfillment struct {
	Status   FulfillmentStatus
	Tracking string // the carrier's tracking number; may be empty
	Steps    []FulfillmentStep
}

// A FulfillmentStep records when a fulfillment entered a status.
type FulfillmentStep struct {
	Status FulfillmentStatus
	At     time.Time
}

// FulfillmentStatus is the status of a fulfillment.
type FulfillmentStatus string

const (
	Ordered             FulfillmentStatus = "ordered"
	Shipped             FulfillmentStatus = "shipped"
	Delivered           FulfillmentStatus = "delivered"
	FulfillmentCanceled FulfillmentStatus = "canceled" // the cost of the redemption was returned to the member
)

// moves lists the statuses that can follow each status. A shipped fulfillment cannot be canceled, because it is in
// transit. If the parcel comes back, the merchant reverses the redemption instead.
var moves = map[FulfillmentStatus][]FulfillmentStatus{
	Ordered: {Shipped, Delivered, FulfillmentCanceled},
	Shipped: {Delivered},
}

// Order returns the fulfillment with the status Ordered, for a redemption that was committed.
func (f Fulfillment) Order(now time.Time) Fulfillment { return f.to(Ordered, now) }

func (f Fulfillment) to(s FulfillmentStatus, now time.Time) Fulfillment {
	f.Status, f.Steps = s, append(slices.Clone(f.Steps), FulfillmentStep{s, now})
	return f
}

// Move returns the fulfillment with another status and, if tracking is not empty, another tracking number. A repeated
// update to the present status changes nothing. It returns InvalidFulfillmentTransition if the status cannot follow the
// present one.
func (f Fulfillment) Move(to FulfillmentStatus, tracking string, now time.Time) (Fulfillment, error) {
	next := moves[f.Status]
	switch {
	case f.Status == "":
		return f, loyalty.Refuse(
			loyalty.InvalidFulfillmentTransition, "",
			"The redemption has no fulfillment. Only a committed redemption with a manually fulfilled reward has one.",
		)
	case to != f.Status && !slices.Contains(next, to):
		words := make([]string, len(next))
		for i, s := range next {
			words[i] = string(s)
		}
		can := "no other status."
		if len(words) > 0 {
			can = strings.Join(words, " or ") + "."
		}
		return f, loyalty.Refuse(
			loyalty.InvalidFulfillmentTransition, "/status",
			"The fulfillment is "+string(f.Status)+"; it can change to "+can,
		)
	case to != f.Status:
		f = f.to(to, now)
	}
	if tracking != "" {
		f.Tracking = tracking
	}
	return f, nil
}

// CheckAddress rejects a redemption without an address if the reward requires one. It also rejects a redemption with an
// address if nothing is shipped for the reward.
func CheckAddress(r *loyalty.Reward, given bool) error {
	switch {
	case given && !r.Manual:
		return loyalty.Refuse(loyalty.ValidationFailed, "/address", "The reward is not shipped. Omit address.")
	case r.Address && !given:
		return loyalty.Refuse(
			loyalty.ValidationFailed, "/address", "The reward is shipped to the member. Specify address.",
		)
	}
	return nil
}

// CallOff cancels the fulfillment of a redemption and returns everything that the redemption cost. The program's refund
// policy does not apply, because the reward will not be delivered. See ReverseTogether for the parameters.
func CallOff(ds []*posting.Decision, priors []loyalty.Entry) ([]posting.Outcome, error) {
	r := *priors[0].Redemption
	if r.Status != loyalty.Committed {
		return nil, loyalty.Refuse(loyalty.InvalidFulfillmentTransition, "", "The redemption is "+string(r.Status)+".")
	}
	return restore(ds, priors, r.Points, loyalty.Canceled)
}

// GivesAllBack reports whether a refund of this share of an order's amount reverses a redemption in full.
func GivesAllBack(terms *loyalty.RedemptionTerms, share *big.Rat) bool {
	return terms.OnRefund == loyalty.AllBack ||
		terms.OnRefund == loyalty.ShareBack && share.Cmp(big.NewRat(1, 1)) == 0
}
