package earn

import (
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
)

// refunded contains the refunded amounts, by line item and by part of the order. They depend only on sums, so the order
// of the refunds does not matter.
type refunded struct {
	lines map[string]int64
	units map[string]int64
	Goods exact.Number // refunds of goods without a named line, spread over all lines in proportion
	parts
}

// parts contains the parts of an order other than goods.
type parts struct{ Shipping, Tax exact.Number }

func (p parts) Sum() exact.Number { return p.Shipping.Add(p.Tax) }

// take removes an amount from the parts, in proportion to their sizes, and returns what it removed. If the amount
// exceeds the parts, it removes everything.
func (p *parts) take(amount exact.Number) (moved parts) {
	all := p.Sum()
	if all.Sub(amount).Sign() <= 0 {
		moved, *p = *p, parts{exact.Whole(0), exact.Whole(0)}
		return moved
	}
	share := amount.Quo(all)
	moved = parts{p.Shipping.Mul(share), p.Tax.Mul(share)}
	p.Shipping, p.Tax = p.Shipping.Sub(moved.Shipping), p.Tax.Sub(moved.Tax)
	return moved
}

func (p *parts) add(more parts) {
	p.Shipping, p.Tax = p.Shipping.Add(more.Shipping), p.Tax.Add(more.Tax)
}

// RefundedAmounts returns the refunded amounts of the order. A dispute that is not won counts as a refund that does not
// state what it was for.
func RefundedAmounts(o loyalty.Order) refunded {
	s := receipt.StatedRefunds(o)
	left := max(0, receipt.ItemTotal(o)-o.Discount-s.ByLine())
	if over := s.Goods - left; over > 0 {
		s.Goods, s.Open = left, s.Open+over
	}
	r := refunded{
		lines: s.Lines, units: s.Units, Goods: exact.Whole(s.Goods),
		parts: parts{exact.Whole(s.Shipping), exact.Whole(s.Tax)},
	}
	for _, d := range o.Disputes {
		if d.Status != loyalty.DisputeWon {
			s.Open += d.Amount
		}
	}
	if s.Extra == 0 && s.Open == 0 {
		return r
	}
	goods := exact.Whole(left - s.Goods)
	rest := parts{exact.Whole(max(0, o.Shipping-s.Shipping)), exact.Whole(max(0, o.Tax-s.Tax))}
	if s.Extra > 0 {
		moved := rest.take(exact.Whole(s.Extra))
		r.add(moved)
		back := receipt.AtMost(goods, exact.Whole(s.Extra).Sub(moved.Sum()))
		r.Goods, goods = r.Goods.Add(back), goods.Sub(back)
	}
	if s.Open > 0 {
		back := goodsOf(exact.Whole(s.Open), goods, rest)
		r.Goods = r.Goods.Add(back)
		r.add(rest.take(exact.Whole(s.Open).Sub(back)))
	}
	return r
}

// goodsOf returns the part of an amount that is for goods. The parameters goods and rest are the goods and the other
// parts that can still be refunded.
func goodsOf(amount, goods exact.Number, rest parts) exact.Number {
	taxed := goods.Add(rest.Shipping)
	if taxed.Sign() == 0 || goods.Sign() == 0 {
		return exact.Whole(0)
	}
	withTax := goods.Add(rest.Tax.Mul(goods.Quo(taxed)))
	if amount.Sub(withTax).Sign() >= 0 {
		return goods
	}
	return amount.Mul(goods.Quo(taxed.Add(rest.Tax)))
}

// Reduced reports whether the order has refunds or disputes.
func Reduced(o loyalty.Order) bool { return len(o.Refunds) > 0 || len(o.Disputes) > 0 }

// AllBack reports whether all goods were refunded.
func AllBack(o loyalty.Order) bool {
	if !Reduced(o) {
		return false
	}
	back := RefundedAmounts(o).Goods.Add(exact.Whole(receipt.StatedRefunds(o).ByLine()))
	return back.Sub(exact.Whole(receipt.ItemTotal(o)-o.Discount)).Sign() >= 0
}
