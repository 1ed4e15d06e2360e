package receipt

import (
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// WithTaxInside converts an order, as the merchant sends it, for a program whose amounts include tax. In the result,
// the tax that the order and its refunds state is part of their other amounts. A second call changes nothing.
func WithTaxInside(o loyalty.Order) loyalty.Order {
	if o.Tax > 0 {
		o.Included, o.Tax = o.Tax, 0
	}
	o.Refunds = slices.Clone(o.Refunds)
	for i := range o.Refunds {
		r := &o.Refunds[i]
		if r.Tax == 0 {
			continue
		}
		r.Included, r.Tax = r.Tax, 0
		if len(r.Lines) == 0 && r.Shipping == 0 {
			r.Goods = r.Amount // a refund that states tax is for goods
		}
	}
	return o
}

// moneyParts contains the parts of an amount of money other than goods: shipping, money for neither goods nor shipping
// (beside), and included tax. If the program's amounts include tax, shipping includes its tax, and beside is only the
// tip.
type moneyParts struct{ shipping, beside, included int64 }

func partsOf(f loyalty.Fact, taxIncluded bool) moneyParts {
	shipping, tax, tip := max(0, f.Shipping), max(0, f.Tax), max(0, f.Tip)
	if taxIncluded {
		return moneyParts{shipping + max(0, f.ShippingTax), tip, tax}
	}
	return moneyParts{shipping, tax + tip, 0}
}

// amount returns the amount of a refunded line, including its tax if the program's amounts include tax.
func amount(l loyalty.FactLine, taxIncluded bool) int64 {
	if taxIncluded {
		return l.Amount + l.Tax
	}
	return l.Amount
}
