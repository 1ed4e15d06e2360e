package program

import (
	"math/big"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/share"
	"github.com/perennial-loyalty/perennial/internal/program/describe"
	"github.com/perennial-loyalty/perennial/internal/program/document"
	"github.com/perennial-loyalty/perennial/internal/program/validate"
)

// parseTransfers reads the terms of transfers. Without this section, members cannot transfer points. With it, the
// minimum is one point unless the section states another.
func parseTransfers(c *document.Compiler, n *document.Node) (t loyalty.Transfers) {
	if n == nil {
		return t
	}
	t.Min = 1
	if least := n.Get("min"); least != nil {
		t.Min = loyalty.Points(c.Integer(least, 1, int64(loyalty.MaxPoints)))
	}
	most := n.Get("max")
	t.Max = loyalty.Points(c.Integer(most, 1, int64(loyalty.MaxPoints)))
	t.Step = loyalty.Points(c.Integer(n.Get("step"), 1, int64(loyalty.MaxPoints)))
	switch {
	case t.Max > 0 && t.Max < t.Min:
		c.Add(document.At(most, "%d is less than the minimum, %d", t.Max, t.Min))
	case t.Step > 1 && t.Max > 0 && t.Max/t.Step*t.Step < t.Min:
		c.Add(document.At(n.Get("step"), "no multiple of %d is from %d to %d", t.Step, t.Min, t.Max))
	}
	t.Limits = parseLimits(c, n.Get("limit"))
	t.AtMost = givenAtMost(c, n.Get("at_most"), t.Min)
	t.Fee = parseFee(c, n.Get("fee"))
	t.Accept = validate.Some(c, n.Get("accept"))
	if day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC); t.Accept.After(day, time.UTC).Sub(day) > share.MaxOffer {
		c.Add(
			document.At(
				n.Get("accept"), "%s is more than the limit of %d days", n.Get("accept").Value,
				share.MaxOffer/(24*time.Hour),
			),
		)
	}
	return t
}

// givenAtMost reads the caps on the points that a member transfers, such as "10000 per month". The value is one cap or
// a list of caps.
func givenAtMost(c *document.Compiler, n *document.Node, least loyalty.Points) (caps []loyalty.Cap) {
	for _, item := range n.Several() {
		points, per, ok := counted(c, item, int64(loyalty.MaxPoints))
		switch {
		case !ok || per == loyalty.PerOrder: // the schema reports this error
		case slices.ContainsFunc(caps, func(x loyalty.Cap) bool { return x.Per == per }):
			c.Add(document.At(item, "there is already a limit %s", describe.Spoken(per)))
		case loyalty.Points(points) < least:
			c.Add(document.At(item, "%d is less than the minimum of a transfer, %d", points, least))
		default:
			caps = append(caps, loyalty.Cap{Points: loyalty.Points(points), Per: per})
		}
	}
	return caps
}

// parseFee reads a transfer fee: a percentage like "5%", or a number of points.
func parseFee(c *document.Compiler, n *document.Node) (f loyalty.Fee) {
	if !n.Is(document.Text) {
		f.Points = loyalty.Points(c.Integer(n, 1, int64(loyalty.MaxPoints)))
		return f
	}
	if f.Share = c.Share(n); f.Share != nil && f.Share.Cmp(big.NewRat(1, 1)) >= 0 {
		c.Add(document.At(n, "%s is too high; a fee must be less than the transferred points", n.Value))
	}
	return f
}
