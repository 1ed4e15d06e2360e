package earn

import (
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
)

// goods is an order being valued, with its refunds in the form in which they reduce the amounts of its line items.
type goods struct {
	order        *loyalty.Order
	refunded     refunded
	tenders      receipt.TenderRefunds
	cardsSold    map[string]bool // the IDs of the lines that are gift cards, which earn nothing
	undiscounted exact.Number    // the share of a line's amount that remains after the order's discount
	remains      exact.Number    // the share of the items that remains after refunds without lines
}

func everyLine(loyalty.Line) bool { return true }

// earning reports whether a line can earn. Gift cards cannot, because the goods that are paid with them would otherwise
// earn twice.
func (g *goods) earning(l loyalty.Line) bool { return !g.cardsSold[l.ID] }

// remaining returns the total amount of the lines for which counts returns true, after the order's discount and each
// line's refunds.
func (g *goods) remaining(counts func(loyalty.Line) bool) exact.Number {
	amount, sum := int64(0), exact.Whole(0)
	for _, l := range g.order.Lines {
		switch {
		case !counts(l):
		case g.refunded.lines[l.ID] == 0:
			amount += l.Amount
		default:
			sum = sum.Add(g.remainingOf(l))
		}
	}
	return sum.Add(exact.Whole(amount).Mul(g.undiscounted))
}

// remainingOf returns the amount of one line after the order's discount and the line's refunds. It is never negative,
// although a line's refund may exceed the line's exact share by a minor unit.
func (g *goods) remainingOf(l loyalty.Line) exact.Number {
	rest := exact.Whole(l.Amount).Mul(g.undiscounted)
	if back := g.refunded.lines[l.ID]; back > 0 {
		if rest = rest.Sub(exact.Whole(back)); rest.Sign() < 0 {
			return exact.Whole(0)
		}
	}
	return rest
}

// unitsOf returns how many whole units of a line item remain after refunds, in proportion to its remaining amount
// (left). For a free line item, it subtracts the number of returned units instead.
func (g *goods) unitsOf(l loyalty.Line, left exact.Number) int64 {
	if l.Amount == 0 {
		return l.Quantity - g.refunded.units[l.ID]
	}
	if g.refunded.lines[l.ID] == 0 && g.refunded.Goods.Sign() == 0 {
		return l.Quantity
	}
	paid := exact.Whole(l.Amount).Mul(g.undiscounted)
	if paid.Sign() == 0 {
		return l.Quantity
	}
	n, _ := left.Mul(g.remains).Mul(exact.Whole(l.Quantity)).Quo(paid).Floor()
	return n
}

// paidBy returns the share of the earning amount that was paid with some of the tenders.
func (g *goods) paidBy(names []string) exact.Number {
	paid := exact.Whole(0)
	for i, t := range g.order.Tenders {
		if !t.Kind.Earns() || !slices.ContainsFunc(names, func(name string) bool { return t.Named(name) }) {
			continue
		}
		paid = paid.Add(exact.Whole(t.Amount))
		if g.tenders.Each != nil {
			paid = paid.Sub(g.tenders.Each[i])
		}
	}
	if _, earning := receipt.RemainingMoney(g.order, g.tenders); paid.Sign() > 0 && earning.Sign() > 0 {
		return receipt.AtMost(paid, earning).Quo(earning)
	}
	return exact.Whole(0)
}
