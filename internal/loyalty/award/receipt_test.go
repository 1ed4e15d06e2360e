package award

import (
	"reflect"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
)

func TestPaidFollowsWhatTheProgramAwards(t *testing.T) {
	capture := func(id string, n int64) loyalty.Receipt {
		return loyalty.Receipt{
			ID: id,
			Facts: []loyalty.Fact{
				{
					Kind: loyalty.FactCapture, ID: id, State: loyalty.FactDone, Money: loyaltytest.Eur(n),
					At: loyaltytest.Noon,
				},
			},
		}
	}
	order := loyalty.Order{
		ID: "1", Currency: "EUR", Status: loyalty.OrderPaid,
		Lines: []loyalty.Line{{ID: "1", Quantity: 1, Amount: 1000}},
	}
	with := func(o loyalty.Order, x ...loyalty.Receipt) loyalty.Order {
		o.Receipts = x
		return o
	}
	unreported := loyalty.Order{
		ID: "1", Currency: "EUR", Status: loyalty.OrderPlaced, ReportedStatus: loyalty.Unreported,
	}
	for _, c := range []struct {
		name                     string
		o                        loyalty.Order
		orders, whenPaid, byself loyalty.OrderStatus
	}{
		{"reported as paid", order, loyalty.OrderPaid, loyalty.OrderPlaced, loyalty.OrderPlaced},
		{
			"reported as paid, and paid", with(order, capture("a:1", 1000)), loyalty.OrderPaid, loyalty.OrderPaid,
			loyalty.OrderPaid,
		},
		{
			"paid in two parts", with(order, capture("a:1", 400), capture("a:2", 600)), loyalty.OrderPaid,
			loyalty.OrderPaid, loyalty.OrderPaid,
		},
		{"paid in part", with(order, capture("a:1", 999)), loyalty.OrderPaid, loyalty.OrderPlaced, loyalty.OrderPlaced},
		{
			"paid in another currency",
			with(
				order,
				loyalty.Receipt{
					ID: "a:1",
					Facts: []loyalty.Fact{
						{
							Kind: loyalty.FactCapture, ID: "1", State: loyalty.FactDone,
							Money: loyalty.Money{Amount: 1000, Currency: "USD"},
						},
					},
				},
			),
			loyalty.OrderPaid, loyalty.OrderPlaced, loyalty.OrderPlaced,
		},
		{
			"it was not reported", with(unreported, capture("a:1", 1000)), loyalty.OrderPlaced, loyalty.OrderPlaced,
			loyalty.OrderPaid,
		},
		{
			"it was neither reported nor paid", with(unreported, loyalty.Receipt{ID: "a:1"}), loyalty.OrderPlaced,
			loyalty.OrderPlaced, loyalty.OrderPlaced,
		},
		{
			"canceled",
			with(
				loyalty.Order{ID: "1", Currency: "EUR", Status: loyalty.OrderCanceled, Lines: order.Lines},
				capture("a:1", 1000),
			),
			loyalty.OrderCanceled, loyalty.OrderCanceled, loyalty.OrderCanceled,
		},
		{
			"by gift card",
			loyalty.Order{
				ID: "1", Currency: "EUR", Status: loyalty.OrderPaid, Lines: order.Lines,
				Tenders: []loyalty.Tender{{Kind: loyalty.TenderGiftCard, Amount: 1000}},
			},
			loyalty.OrderPaid, loyalty.OrderPaid, loyalty.OrderPaid,
		},
	} {
		for policy, want := range map[loyalty.Award]loyalty.OrderStatus{
			loyalty.AwardOrders: c.orders, loyalty.AwardOrdersWhenPaid: c.whenPaid, loyalty.AwardPayments: c.byself,
		} {
			p := &loyalty.Program{Spending: loyalty.Spending{Payments: loyalty.PaymentTerms{Award: policy}}}
			got := receipt.Paid(&p.Earn, &p.Payments, c.o)
			if got.Status != want {
				t.Errorf("%s: %s by %s, and not %s", c.name, got.Status, policy, want)
			}
			if again := receipt.Paid(&p.Earn, &p.Payments, got); !reflect.DeepEqual(again, got) {
				t.Errorf("%s: %s: applied again it is %v, and not %v", c.name, policy, again, got)
			}
			if err := checkOrder(got); err != nil {
				t.Errorf("%s: %s: %v", c.name, policy, err)
			}
		}
	}
}

// A refund that both the shop and the processor report counts once, and never exceeds the payment.
func TestRefundsThatBothReportCountOnce(t *testing.T) {
	for _, c := range []struct{ order, reported, want int64 }{
		{0, 300, 300},
		{300, 0, 300},
		{300, 300, 300},
		{300, 500, 500},
		{500, 300, 500},
		{0, 5000, 1000},
		{600, 5000, 1000},
	} {
		o := loyalty.Order{
			ID: "1", Currency: "EUR", Status: loyalty.OrderPaid,
			Lines: []loyalty.Line{{ID: "1", Quantity: 1, Amount: 1000}},
			Receipts: []loyalty.Receipt{receipt.WithFacts(loyalty.Receipt{ID: "a:1"}, []loyalty.Fact{
				{Kind: loyalty.FactCapture, ID: "1", State: loyalty.FactDone, Money: loyaltytest.Eur(1000)},
				loyaltytest.RefundFact("r", loyalty.FactDone, c.reported, 1, 1),
			})},
		}
		if c.order > 0 {
			o.Refunds = []loyalty.Refund{
				{ID: "mine", At: loyaltytest.Noon, Status: loyalty.RefundSucceeded, Amount: c.order},
			}
		}
		got := receipt.Paid(&(&loyalty.Program{}).Earn, &(&loyalty.Program{}).Payments, o)
		if n := earn.RefundedAmounts(got).Goods; n != exact.Whole(c.want) {
			t.Errorf("shop %d and processor %d: refunded %v, want %d", c.order, c.reported, n, c.want)
		}
		if err := checkOrder(got); err != nil {
			t.Error(err)
		}
	}
}
