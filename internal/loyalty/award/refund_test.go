package award

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
)

// An order has two lines of 100.00, which earn 1 and 2 points per euro, tax of 38.00 and shipping of 10.00: 248.00 in
// all.
func TestRefundsOfTaxAndShippingTakeNoPointsForGoods(t *testing.T) {
	of := func(amount, shipping, tax int64, lines ...loyalty.RefundLine) loyalty.Refund {
		r := loyaltytest.Back(fmt.Sprint(amount, shipping, tax), amount, lines...)
		r.Shipping, r.Tax = shipping, tax
		return r
	}
	one := loyalty.RefundLine{ID: "2", Amount: 10_000}
	for _, c := range []struct {
		name    string
		refunds []loyalty.Refund
		dispute int64
		want    string // what remains of the goods, in minor units
	}{
		{"a sum of half of the order", []loyalty.Refund{of(12_400, 0, 0)}, 0, "10000"},
		{"a sum of the goods and their tax", []loyalty.Refund{of(23_800, 0, 0)}, 0, "0"},
		{"a sum of the goods and their share of the tax", []loyalty.Refund{of(23_620, 0, 0)}, 0, "0"},
		{"a sum of the goods alone", []loyalty.Refund{of(20_000, 0, 0)}, 0, "120000/31"},
		{"the tax", []loyalty.Refund{of(3_800, 0, 3_800)}, 0, "20000"},
		{"the shipping", []loyalty.Refund{of(1_000, 1_000, 0)}, 0, "20000"},
		{"a line and its tax", []loyalty.Refund{of(11_900, 0, 1_900, one)}, 0, "10000"},
		{"a line and its tax, stated as a sum", []loyalty.Refund{of(11_900, 0, 0, one)}, 0, "10000"},
		{"a line and more than all tax and shipping", []loyalty.Refund{of(15_800, 0, 0, one)}, 0, "9000"},
		{"tax, and a rest that must be goods", []loyalty.Refund{of(11_900, 0, 1_900)}, 0, "10000"},
		{
			"a line, then everything else as a sum",
			[]loyalty.Refund{of(11_900, 0, 1_900, one), of(12_900, 0, 0)},
			0,
			"0",
		},
		{
			"the shipping, then half of the rest as a sum",
			[]loyalty.Refund{of(1_000, 1_000, 0), of(11_900, 0, 0)},
			0,
			"10000",
		},
		{"a dispute of half of the order", nil, 12_400, "10000"},
		{"a dispute of the goods and their tax", nil, 23_800, "0"},
		{"a sum and a dispute", []loyalty.Refund{of(6_200, 0, 0)}, 6_200, "10000"},
		{"a sum and a dispute beyond the total", []loyalty.Refund{of(20_000, 0, 0)}, 20_000, "0"},
	} {
		o := loyaltytest.Paid(
			"EUR", loyalty.Line{Amount: 10_000}, loyalty.Line{Category: "coffee-beans", Amount: 10_000},
		)
		o.Shipping, o.Tax, o.Refunds = 1_000, 3_800, c.refunds
		if c.dispute > 0 {
			o.Disputes = []loyalty.Dispute{{ID: "d", Status: loyalty.DisputeLost, Amount: c.dispute}}
		}
		if err := checkOrder(o); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		r := earn.RefundedAmounts(o)
		left := exact.Whole(receipt.ItemTotal(o) - receipt.StatedRefunds(o).ByLine()).Sub(r.Goods)
		if left.String() != c.want {
			t.Errorf("%s: %s of the goods remain, want %s", c.name, left, c.want)
		}
		if over := r.Sum().Sub(exact.Whole(o.Shipping + o.Tax)); over.Sign() > 0 || r.Shipping.Sign() < 0 ||
			r.Tax.Sign() < 0 {
			t.Errorf("%s: %v of the shipping and %v of the tax are refunded", c.name, r.Shipping, r.Tax)
		}
		slices.Reverse(o.Refunds)
		if got := earn.RefundedAmounts(o); !reflect.DeepEqual(got, r) {
			t.Errorf("%s: in another order %v and %v", c.name, got, r)
		}
	}
}
