package program

import (
	"math/big"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/share"
)

// households reads the rules by which household members use each other's points. Without the section, they cannot.
func (c *compiler) households(n *node) (h loyalty.Households) {
	if n == nil {
		return h
	}
	h.Size = int(c.integer(n.get("size"), 2, share.MaxHouseholdSize))
	h.Share = c.share(n.get("share"))
	h.CoolingOff = c.some(n.get("cooling_off"))
	return h
}

// households describes how household members use each other's points.
func (e *explainer) households() {
	h := e.p.Households
	if h.Size == 0 {
		return
	}
	share := "all of each other's points"
	if h.Share != nil && h.Share.Cmp(big.NewRat(1, 1)) < 0 {
		share = percentage(h.Share) + " of each other's points at a time"
	}
	e.say("A household of up to %d members can redeem %s; levels and expiry remain separate for each member.", h.Size, share)
	if !h.CoolingOff.IsZero() {
		e.say("- A new member of a household can use the others' points after %s.", period(h.CoolingOff))
	}
}
