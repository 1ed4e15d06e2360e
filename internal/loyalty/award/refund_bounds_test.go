package award

import (
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

func TestRefundsAndDisputesOfAnOrder(t *testing.T) {
	refund := func(edit func(*loyalty.Refund)) loyalty.Refund {
		r := loyalty.Refund{ID: "r", Status: loyalty.RefundSucceeded, Amount: 100}
		edit(&r)
		return r
	}
	line := func(n int64) func(*loyalty.Refund) {
		return func(r *loyalty.Refund) { r.Lines = []loyalty.RefundLine{{ID: "1", Amount: n}} }
	}
	for _, c := range []struct {
		name string
		r    loyalty.Refund
		ok   bool
	}{
		{"an amount", refund(func(*loyalty.Refund) {}), true},
		{"shipping and tax", refund(func(r *loyalty.Refund) { r.Shipping, r.Tax, r.Goods = 40, 40, 20 }), true},
		{"more shipping and tax", refund(func(r *loyalty.Refund) { r.Shipping, r.Tax, r.Goods = 40, 40, 21 }), false},
		{"too much shipping", refund(func(r *loyalty.Refund) { r.Shipping = 101 }), false},
		{"too much tax", refund(func(r *loyalty.Refund) { r.Tax = 101 }), false},
		{"the whole tax", refund(func(r *loyalty.Refund) { r.Included = 100 }), true},
		{"too much included tax", refund(func(r *loyalty.Refund) { r.Included = 101 }), false},
		{"a line", refund(line(100)), true},
		{"more than the amount", refund(line(101)), false},
		{"a negative line", refund(line(-1)), false},
		{"an unknown line", refund(func(r *loyalty.Refund) { r.Lines = []loyalty.RefundLine{{ID: "2"}} }), false},
		{"a negative amount", refund(func(r *loyalty.Refund) { r.Amount = -1 }), false},
		{"an unknown status", refund(func(r *loyalty.Refund) { r.Status = "other" }), false},
	} {
		if err := checkRefund("/refunds/0", c.r, map[string]bool{"1": true}); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	for _, c := range []struct {
		name     string
		refunds  []int64 // the amounts of the only line
		shipping int64
		tax      int64
		ok       bool
	}{
		{"the share of the discount", []int64{901}, 0, 0, true},
		{"one more minor unit", []int64{902}, 0, 0, false},
		{"in two steps", []int64{900, 1}, 0, 0, true},
		{"shipping", nil, 50, 0, true},
		{"too much shipping", nil, 51, 0, false},
		{"tax", nil, 0, 20, true},
		{"too much tax", nil, 0, 21, false},
	} {
		o := loyaltytest.Paid("EUR", loyalty.Line{Amount: 1000})
		o.Discount, o.Shipping, o.Tax = 100, 50, 20
		for i, n := range c.refunds {
			r := refund(line(n))
			r.ID, r.Amount = string(rune('a'+i)), n
			o.Refunds = append(o.Refunds, r)
		}
		if c.shipping+c.tax > 0 {
			o.Refunds = []loyalty.Refund{
				{
					ID: "r", Status: loyalty.RefundSucceeded, Amount: c.shipping + c.tax, Shipping: c.shipping,
					Tax: c.tax,
				},
			}
		}
		if err := checkRefundedParts(o); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	full := loyaltytest.Paid("EUR", loyalty.Line{Amount: 1000})
	full.Lines[0].Amount = 1000
	price := full
	price.Refunds = []loyalty.Refund{refund(line(1001))}
	if err := checkRefundedParts(price); err == nil {
		t.Error("more than the price of a line was refunded")
	}
	free := loyaltytest.Paid("EUR")
	if earn.AllBack(free) {
		t.Error("an order without goods was not refunded")
	}
	for n, want := range map[int64]bool{999: false, 1000: true} {
		full.Refunds = []loyalty.Refund{refund(func(r *loyalty.Refund) { r.Amount = n })}
		if got := earn.AllBack(full); got != want {
			t.Errorf("%d refunded: %t", n, got)
		}
		discounted := full
		if discounted.Discount = 1; !earn.AllBack(discounted) {
			t.Errorf("%d of a discounted order refunded", n)
		}
	}
	for n, ok := range map[int]bool{MaxRefunds: true, MaxRefunds + 1: false} {
		o := loyaltytest.Paid("EUR")
		for i := range n {
			o.Disputes = append(o.Disputes, loyalty.Dispute{ID: string(rune(i + 1)), Status: loyalty.DisputeWon})
		}
		if err := checkDisputes(o); (err == nil) != ok {
			t.Errorf("%d disputes: %v", n, err)
		}
	}
}

// Only a paid order that counts and whose points have a date converts a referral.
func TestOrderThatConvertsAReferral(t *testing.T) {
	p := inEuros()
	p.Earn.Actions = []loyalty.Action{
		{ID: "invite", Event: posting.EventConverted}, {ID: "review", Event: "review.approved"},
	}
	acc := loyalty.Account{
		Member: "mem_ada",
		Traits: loyalty.Traits{Referral: loyalty.Referral{By: "mem_bob", At: loyaltytest.Noon}},
	}
	for _, c := range []struct {
		name   string
		counts bool
		edit   func(*loyalty.OrderState)
		want   bool
	}{
		{"a paid order", true, func(*loyalty.OrderState) {}, true},
		{"an order that does not count", false, func(*loyalty.OrderState) {}, false},
		{
			"an order that is not paid", true,
			func(s *loyalty.OrderState) { s.Order.Status = loyalty.OrderPlaced }, false,
		},
		{"without a date", true, func(s *loyalty.OrderState) { s.Grants[0].ActiveAt = time.Time{} }, false},
		{
			"a day before the referral", true,
			func(s *loyalty.OrderState) { s.Order.PlacedAt = loyaltytest.Noon.Add(-loyalty.JoinGrace) }, true,
		},
		{
			"more than a day before", true,
			func(s *loyalty.OrderState) { s.Order.PlacedAt = loyaltytest.Noon.Add(-loyalty.JoinGrace - 1) }, false,
		},
		{"an order without goods", true, func(s *loyalty.OrderState) { s.Order.Lines[0].Amount = 0 }, false},
	} {
		o := loyaltytest.Paid("EUR", loyalty.Line{Amount: 1000})
		s := loyalty.OrderState{Order: o, Grants: []loyalty.Grant{{ActiveAt: loyaltytest.Noon}}}
		c.edit(&s)
		if got := converts(earnRules(p), acc, &s, c.counts); slices.Contains(got, "invite") != c.want || len(got) > 1 {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestBudgetThatIsUnknown(t *testing.T) {
	left := budgetsAfter(earn.Budgets{"a": 10}, []posting.Spend{{Rule: "a", Points: 4}, {Rule: "b", Points: 5}})
	if _, known := left["b"]; known || left["a"] != 6 {
		t.Errorf("%v", left)
	}
}
