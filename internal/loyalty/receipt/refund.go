package receipt

import (
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
)

// stated contains the sums of the amounts that the refunds of an order state, in minor units.
type stated struct {
	Lines    map[string]int64
	Units    map[string]int64
	Shipping int64
	Tax      int64
	Goods    int64 // the amount refunded for goods without a named line
	Extra    int64 // the remaining amounts of refunds that state lines
	Open     int64 // the amounts of refunds that state nothing
}

// StatedRefunds adds up the amounts that the succeeded refunds of an order state.
func StatedRefunds(o loyalty.Order) (s stated) {
	for _, x := range o.Refunds {
		if x.Status != loyalty.RefundSucceeded {
			continue
		}
		rest := x.Amount - x.Shipping - x.Tax - x.Goods
		s.Goods += x.Goods
		for _, l := range x.Lines {
			if s.Lines == nil {
				s.Lines, s.Units = map[string]int64{}, map[string]int64{}
			}
			s.Lines[l.ID] += l.Amount
			s.Units[l.ID] += l.Quantity
			rest -= l.Amount
		}
		s.Shipping += x.Shipping
		s.Tax += x.Tax
		switch {
		case len(x.Lines) > 0 || x.Goods > 0:
			s.Extra += rest
		case x.Shipping > 0 || x.Tax > 0:
			s.Goods += rest
		default:
			s.Open += rest
		}
	}
	return s
}

// AtMost returns the smaller of two numbers.
func AtMost(x, y exact.Number) exact.Number {
	if x.Sub(y).Sign() < 0 {
		return x
	}
	return y
}

// atLeastZero returns x, or zero if x is negative.
func atLeastZero(x exact.Number) exact.Number { return x.Sub(AtMost(x, exact.Whole(0))) }

// ByLine returns the sum of the amounts that were refunded for named lines.
func (s stated) ByLine() (sum int64) {
	for _, n := range s.Lines {
		sum += n
	}
	return sum
}

// Undiscounted returns the share of a line's amount that the customer pays after the order's discount.
func Undiscounted(o loyalty.Order) exact.Number {
	if o.Discount == 0 {
		return exact.Whole(1)
	}
	return exact.Fraction(ItemTotal(o)-o.Discount, ItemTotal(o))
}
