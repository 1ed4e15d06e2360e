package service

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
)

// An order without a member belongs to the payer, unless only the merchant's orders award and the order was not
// reported.
func TestBuyerOfAnOrder(t *testing.T) {
	for _, c := range []struct {
		award    loyalty.Award
		reported bool
		want     loyalty.MemberID
	}{
		{loyalty.AwardPayments, false, "mem_ada"},
		{loyalty.AwardPayments, true, "mem_ada"},
		{loyalty.AwardOrders, false, ""},
		{loyalty.AwardOrders, true, "mem_ada"},
	} {
		x := newTill(t)
		x.p.Payments.Award = c.award
		x.enroll(t, "mem_ada")
		if c.reported {
			o := loyalty.Order{
				ID: "1", PlacedAt: noon, Currency: "EUR", Status: loyalty.OrderPaid,
				Lines: []loyalty.Line{{ID: "1", SKU: "MUG", Quantity: 1, Amount: 40_00}},
			}
			if _, err := (Orders{x.Ledger}).Put(t.Context(), x.p, o, ledger.By{Actor: "shop"}); err != nil {
				t.Fatal(err)
			}
		}
		r := captured("stripe:pi_1", "1")
		r.Member = "mem_ada"
		x.receive(t, "evt_1", &r)
		if got := x.buyer(t, "1"); got != c.want {
			t.Errorf("%s, reported %t: the buyer is %q, want %q", c.award, c.reported, got, c.want)
		}
	}
}

// The order of an unknown payer is also listed under the name that was stored for the customer.
func TestOrderOfACustomerWhoWasNamed(t *testing.T) {
	ada := stored.Identity{Kind: "external", Value: "ada"}
	for _, c := range []struct {
		name     string
		named    string // the member of the customer
		r        Report
		find     []loyalty.MemberBy
		parked   bool // under the external ID "ada"
		customer bool // whether an item of the customer exists afterwards
	}{
		{"a named customer", "external:ada", Report{Customer: "stripe:7"}, nil, true, true},
		{"a customer without a name", "", Report{Customer: "stripe:7"}, nil, false, true},
		{
			"the payment names a member", "external:ada",
			Report{Customer: "stripe:7", Member: "external:eve"},
			nil,
			false, true,
		},
		{"no customer", "external:ada", Report{Email: "hash"}, nil, false, true},
		{"no customer and no name", "", Report{Email: "hash"}, nil, false, false},
		{
			"customers do not count", "external:ada",
			Report{Customer: "stripe:7", Email: "hash"},
			[]loyalty.MemberBy{loyalty.ByEmail},
			false, true,
		},
		{
			"customers do not count and have no name", "",
			Report{Customer: "stripe:7", Email: "hash"},
			[]loyalty.MemberBy{loyalty.ByEmail},
			false, false,
		},
	} {
		x := newTill(t)
		if c.named != "" {
			x.receive(t, "evt_1", &Report{Customer: "stripe:7", Member: c.named})
		}
		x.p.Payments.FindBy = c.find
		r := captured("stripe:pi_1", "1")
		r.Customer, r.Member, r.Email = c.r.Customer, c.r.Member, c.r.Email
		x.receive(t, "evt_2", &r)
		if got := x.parkedUnder(t, ada); len(got) > 0 != c.parked {
			t.Errorf("%s: the orders under the name are %v", c.name, got)
		}
		for customer, want := range map[string]bool{"stripe:7": c.customer, "": false} {
			it, err := x.Table.Get(t.Context(), (Payments{x.Ledger}).customerKey("p", customer))
			if err != nil || it.Version > 0 != want {
				t.Errorf("%s: the customer %q has the item %+v, %v", c.name, customer, it, err)
			}
		}
	}
}

// Two states of an object with the same clock contradict each other.
func TestFactsThatContradictEachOther(t *testing.T) {
	x := newTill(t)
	r := captured("stripe:pi_1", "1")
	refund := r.Facts[0]
	refund.Kind, refund.ID, refund.Clock, refund.Money.Amount = loyalty.FactRefund, "r", 2, 10_00
	r.Facts = append(r.Facts, refund)
	if k := x.receive(t, "evt_1", &r); len(k.Unclear) > 0 {
		t.Errorf("%+v", k.Unclear)
	}
	refund.State = loyalty.FactFailed
	r.Facts = []loyalty.Fact{refund}
	if k := x.receive(t, "evt_2", &r); len(k.Unclear) != 1 || k.Unclear[0].ID != "r" {
		t.Errorf("%+v", k.Unclear)
	}
}

// A canceled fulfillment returns the points. A redemption that was rejected has no fulfillment.
func TestFulfillmentThatIsCanceled(t *testing.T) {
	x := newTill(t)
	x.enroll(t, "mem_ada")
	x.p.Rewards = []loyalty.Reward{{ID: "mug", Type: "free_product", Cost: 60, Manual: true}}
	adjust := Adjustment{ID: "adj", Member: "mem_ada", Points: 100, Reason: "test"}
	if _, err := (Adjustments{x.Ledger}).Adjust(t.Context(), x.p, adjust, ledger.By{Input: "adj"}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		id   string
		want loyalty.Code
	}{{"rd_1", ""}, {"rd_2", loyalty.InsufficientPoints}} {
		in := RedemptionRequest{ID: c.id, Member: "mem_ada", Reward: "mug", Commit: true}
		_, err := Redemptions{x.Ledger}.Redeem(t.Context(), x.p, in, ledger.By{Input: c.id})
		WantRejection(t, c.id, err, c.want)
	}
	f := Fulfillments{x.Ledger}
	for _, c := range []struct {
		id       string
		to       redeem.FulfillmentStatus
		code     loyalty.Code
		replayed bool
		active   loyalty.Points
	}{
		{"rd_2", redeem.Shipped, loyalty.NotFound, false, 40},
		{"rd_1", redeem.FulfillmentCanceled, "", false, 100},
		{"rd_1", redeem.FulfillmentCanceled, "", true, 100},
	} {
		r, err := f.Fulfill(t.Context(), x.p, c.id, c.to, "", ledger.By{Actor: "shop"})
		WantRejection(t, c.id, err, c.code)
		acc, failed := x.LastWritten(t.Context(), "p", "mem_ada")
		if failed != nil || r.Replayed != c.replayed || acc.Balance().Active != c.active {
			t.Errorf("%s becomes %s: replayed %t, %+v, %v", c.id, c.to, r.Replayed, acc.Balance(), failed)
		}
	}
}
