package loyalty

import (
	"math/big"
	"slices"
	"strings"
	"time"
)

// A Fulfilment is how far it is with what somebody hands over by hand.
type Fulfillment struct {
	Status   FulfillmentStatus
	Tracking string // by which a carrier knows the parcel; may be empty
	Steps    []FulfillmentStep
}

// A FulfilmentStep is when a fulfillment became what.
type FulfillmentStep struct {
	Status FulfillmentStatus
	At     time.Time
}

// FulfilmentStatus is how far a fulfillment is.
type FulfillmentStatus string

const (
	Ordered             FulfillmentStatus = "ordered"
	Shipped             FulfillmentStatus = "shipped"
	Delivered           FulfillmentStatus = "delivered"
	FulfillmentCanceled FulfillmentStatus = "canceled" // and what it cost was given back
)

// moves is what a fulfillment can become. What was sent cannot be called off: it is on its way, and a parcel that comes
// back is a matter of reversing the redemption.
var moves = map[FulfillmentStatus][]FulfillmentStatus{
	Ordered: {Shipped, Delivered, FulfillmentCanceled},
	Shipped: {Delivered},
}

// Order is the fulfillment of a redemption that was committed.
func (f Fulfillment) Order(now time.Time) Fulfillment { return f.to(Ordered, now) }

func (f Fulfillment) to(s FulfillmentStatus, now time.Time) Fulfillment {
	f.Status, f.Steps = s, append(slices.Clone(f.Steps), FulfillmentStep{s, now})
	return f
}

// Move is the fulfillment in another state, and with a number to track it by if there is one. What it is already stays
// as it is, so that telling it twice tells nothing new; fulfilment_not_possible if it cannot become that.
func (f Fulfillment) Move(to FulfillmentStatus, tracking string, now time.Time) (Fulfillment, error) {
	next := moves[f.Status]
	switch {
	case f.Status == "":
		return f, refuse(InvalidFulfillmentTransition, "", "There is nothing to hand over, or the redemption is not committed yet.")
	case to != f.Status && !slices.Contains(next, to):
		words := make([]string, len(next))
		for i, s := range next {
			words[i] = string(s)
		}
		can := "nothing else any more."
		if len(words) > 0 {
			can = strings.Join(words, " or ") + "."
		}
		return f, refuse(InvalidFulfillmentTransition, "/status", "The fulfillment is "+string(f.Status)+", and can become "+can)
	case to != f.Status:
		f = f.to(to, now)
	}
	if tracking != "" {
		f.Tracking = tracking
	}
	return f, nil
}

// CheckAddress refuses a reward that wants an address and was given none, and an address to which nothing is sent.
func (r *Reward) CheckAddress(given bool) error {
	switch {
	case given && !r.Manual:
		return refuse(ValidationFailed, "/address", "Nothing of this reward is sent: leave the address out.")
	case r.Address && !given:
		return refuse(ValidationFailed, "/address", "The reward is sent to the member: say where (address).")
	}
	return nil
}

// CallOff gives back all that a redemption cost, whatever the program says of refunds: it will not be handed over.
// The accounts and entries are those of ReverseTogether.
func (p *Program) CallOff(accs []Account, priors []Entry, now time.Time) ([]Outcome, error) {
	r := *priors[0].Redemption
	if r.Status != Committed {
		return nil, refuse(InvalidFulfillmentTransition, "", "The redemption is "+string(r.Status)+".")
	}
	return p.restore(accs, priors, r.Points, Canceled, now)
}

// GivesAllBack reports whether a reversal for that share of an order's money undoes a redemption altogether.
func (p *Program) GivesAllBack(share *big.Rat) bool {
	return p.Redemption.OnRefund == AllBack || p.Redemption.OnRefund == ShareBack && share.Cmp(big.NewRat(1, 1)) == 0
}
