package program

import (
	"math/big"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/share"
)

// transfers reads the terms of transfers. Without the section, members cannot transfer points. With it, the default
// minimum is one point.
func (c *compiler) transfers(n *node) (t loyalty.Transfers) {
	if n == nil {
		return t
	}
	t.Min = 1
	if least := n.get("min"); least != nil {
		t.Min = loyalty.Points(c.integer(least, 1, int64(loyalty.MaxPoints)))
	}
	most := n.get("max")
	t.Max = loyalty.Points(c.integer(most, 1, int64(loyalty.MaxPoints)))
	t.Step = loyalty.Points(c.integer(n.get("step"), 1, int64(loyalty.MaxPoints)))
	switch {
	case t.Max > 0 && t.Max < t.Min:
		c.add(at(most, "%d is less than the minimum, %d", t.Max, t.Min))
	case t.Step > 1 && t.Max > 0 && t.Max/t.Step*t.Step < t.Min:
		c.add(at(n.get("step"), "no multiple of %d is from %d to %d", t.Step, t.Min, t.Max))
	}
	t.Limits = c.limits(n.get("limit"))
	t.AtMost = c.givenAtMost(n.get("at_most"), t.Min)
	t.Fee = c.fee(n.get("fee"))
	t.Accept = c.some(n.get("accept"))
	if day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC); t.Accept.After(day, time.UTC).Sub(day) > share.MaxOffer {
		c.add(at(n.get("accept"), "%s is more than the limit of %d days", n.get("accept").value, share.MaxOffer/(24*time.Hour)))
	}
	return t
}

// givenAtMost reads the caps on transferred points, like "10000 per month", as one value or a list.
func (c *compiler) givenAtMost(n *node, least loyalty.Points) (caps []loyalty.Cap) {
	for _, item := range n.several() {
		points, per, ok := c.counted(item, int64(loyalty.MaxPoints))
		switch {
		case !ok || per == loyalty.PerOrder: // the schema reports it
		case slices.ContainsFunc(caps, func(x loyalty.Cap) bool { return x.Per == per }):
			c.add(at(item, "there is already a limit %s", spoken(per)))
		case loyalty.Points(points) < least:
			c.add(at(item, "%d is less than the minimum of a transfer, %d", points, least))
		default:
			caps = append(caps, loyalty.Cap{Points: loyalty.Points(points), Per: per})
		}
	}
	return caps
}

// fee reads a transfer fee: a percentage like "5%", or a number of points.
func (c *compiler) fee(n *node) (f loyalty.Fee) {
	if !n.is(text) {
		f.Points = loyalty.Points(c.integer(n, 1, int64(loyalty.MaxPoints)))
		return f
	}
	if f.Share = c.share(n); f.Share != nil && f.Share.Cmp(big.NewRat(1, 1)) >= 0 {
		c.add(at(n, "%s is too high; a fee must be less than the transferred points", n.value))
	}
	return f
}
