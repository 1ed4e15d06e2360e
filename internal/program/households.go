package program

import (
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/share"
	"github.com/perennial-loyalty/perennial/internal/program/document"
	"github.com/perennial-loyalty/perennial/internal/program/validate"
)

// parseHouseholds reads how household members can use each other's points. A program without this section has no
// households.
func parseHouseholds(c *document.Compiler, n *document.Node) (h loyalty.Households) {
	if n == nil {
		return h
	}
	h.Size = int(c.Integer(n.Get("size"), 2, share.MaxHouseholdSize))
	h.Share = c.Share(n.Get("share"))
	h.CoolingOff = validate.Some(c, n.Get("cooling_off"))
	return h
}
