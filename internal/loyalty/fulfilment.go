package loyalty

import (
	"math/big"
	"slices"
	"strings"
	"time"
)

// A Fulfilment is how far it is with what somebody hands over by hand.
type Fulfilment struct {
	Status   FulfilmentStatus
	Tracking string // by which a carrier knows the parcel; may be empty
	Steps    []FulfilmentStep
}

// A FulfilmentStep is when a fulfilment became what.
type FulfilmentStep struct {
	Status FulfilmentStatus
	At     time.Time
}

// FulfilmentStatus is how far a fulfilment is.
type FulfilmentStatus string

const (
	Ordered   FulfilmentStatus = "ordered"
	Shipped   FulfilmentStatus = "shipped"
	Delivered FulfilmentStatus = "delivered"
	CalledOff FulfilmentStatus = "cancelled" // and what it cost was given back
)

// moves is what a fulfilment can become. What was sent cannot be called off: it is on its way, and a parcel that comes
// back is a matter of reversing the redemption.
var moves = map[FulfilmentStatus][]FulfilmentStatus{
	Ordered: {Shipped, Delivered, CalledOff},
	Shipped: {Delivered},
}

// Order is the fulfilment of a redemption that was committed.
func (f Fulfilment) Order(now time.Time) Fulfilment { return f.to(Ordered, now) }

func (f Fulfilment) to(s FulfilmentStatus, now time.Time) Fulfilment {
	f.Status, f.Steps = s, append(slices.Clone(f.Steps), FulfilmentStep{s, now})
	return f
}

// Move is the fulfilment in another state, and with a number to track it by if there is one. What it is already stays
// as it is, so that telling it twice tells nothing new; fulfilment_not_possible if it cannot become that.
func (f Fulfilment) Move(to FulfilmentStatus, tracking string, now time.Time) (Fulfilment, error) {
	next := moves[f.Status]
	switch {
	case f.Status == "":
		return f, refuse(CannotFulfil, "", "There is nothing to hand over, or the redemption is not committed yet.")
	case to != f.Status && !slices.Contains(next, to):
		words := make([]string, len(next))
		for i, s := range next {
			words[i] = string(s)
		}
		can := "nothing else any more."
		if len(words) > 0 {
			can = strings.Join(words, " or ") + "."
		}
		return f, refuse(CannotFulfil, "/status", "The fulfilment is "+string(f.Status)+", and can become "+can)
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
	case given && !r.ByHand:
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
		return nil, refuse(CannotFulfil, "", "The redemption is "+string(r.Status)+".")
	}
	return p.restore(accs, priors, r.Points, Cancelled, now)
}

// GivesAllBack reports whether a reversal for that share of an order's money undoes a redemption altogether.
func (p *Program) GivesAllBack(share *big.Rat) bool {
	return p.Redeeming.OnRefund == AllBack || p.Redeeming.OnRefund == ShareBack && share.Cmp(big.NewRat(1, 1)) == 0
}
