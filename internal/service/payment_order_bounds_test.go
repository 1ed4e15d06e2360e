package service

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// The orders of an unknown payer are listed under the payer's names, and again under a name that is reported later.
func TestOrderOfAnUnknownPayer(t *testing.T) {
	x := newTill(t)
	parked := func(step string, want map[stored.Identity]bool) {
		t.Helper()
		for id, parked := range want {
			if got := x.parkedUnder(t, id); slices.Equal(got, []string{"1"}) != parked {
				t.Errorf("%s: the orders under %s are %v", step, id.Kind, got)
			}
		}
	}
	r := captured("stripe:pi_1", "1")
	r.Email = "hash"
	x.receive(t, "evt_1", &r)
	parked("an email address", map[stored.Identity]bool{byEmail: true, byExternal: false, byCustomer: false})
	version := func(id stored.Identity) int64 {
		it, err := x.Table.Get(t.Context(), table.Key{PK: (Payments{x.Ledger}).parkedPartition("p", id), SK: "1"})
		if err != nil {
			t.Fatal(err)
		}
		return it.Version
	}
	r.Customer = "stripe:7"
	x.receive(t, "evt_2", &r)
	parked("a customer", map[stored.Identity]bool{byEmail: true, byExternal: true, byCustomer: true})
	if version(byEmail) != 1 {
		t.Errorf("the order is listed %d times under the email address", version(byEmail))
	}
	x.enroll(t, "mem_ada", byEmail)
	x.enroll(t, "mem_bob", byExternal)
	ps := Payments{x.Ledger}
	for _, c := range []struct {
		m       loyalty.MemberID
		id      stored.Identity
		claimed int
	}{
		{"mem_ada", stored.Identity{Kind: "email", Value: "other"}, 0},
		{"mem_ada", byEmail, 1},
		{"mem_ada", byEmail, 0},
		{"mem_bob", byExternal, 0},
	} {
		n, err := ps.Claim(t.Context(), x.p, c.m, []stored.Identity{c.id})
		if err != nil || n != c.claimed {
			t.Errorf("%s claims %d orders, %v, want %d", c.m, n, err, c.claimed)
		}
	}
	parked("claimed", map[stored.Identity]bool{byEmail: false, byExternal: false, byCustomer: true})
	if m := x.buyer(t, "1"); m != "mem_ada" {
		t.Errorf("the order belongs to %q", m)
	}
}

// A parked order is claimed if it exists, has no member, and is not too old.
func TestParkedOrderThatIsClaimed(t *testing.T) {
	for _, c := range []struct {
		name    string
		setup   func(x *till)
		m       loyalty.MemberID
		fail    []error
		claimed int
		buyer   loyalty.MemberID
		parked  bool
	}{
		{"an order", func(*till) {}, "mem_ada", nil, 1, "mem_ada", false},
		{
			"after a conflict", func(*till) {}, "mem_ada",
			[]error{&table.ConflictError{Key: table.Key{PK: "x"}}},
			1,
			"mem_ada", false,
		},
		{
			"claimed by another member",
			func(x *till) {
				x.enroll(t, "mem_dan")
				x.Before = func() error {
					if n, err := (Payments{x.Ledger}).Claim(
						t.Context(), x.p, "mem_dan", []stored.Identity{byEmail},
					); n != 1 || err != nil {
						t.Errorf("the other member claims %d orders, %v", n, err)
					}
					return nil
				}
			}, "mem_ada", nil, 0, "mem_dan", false,
		},
		{"an old order", func(x *till) { x.Clock = noon.AddDate(0, 2, 0) }, "mem_bob", nil, 0, "", false},
		{
			"an order that does not exist",
			func(x *till) {
				x.put(
					t,
					table.Item{
						Key: table.Key{PK: (Payments{x.Ledger}).parkedPartition("p", byEmail), SK: "2"},
						Doc: []byte("{}"),
					},
				)
			}, "mem_ada", nil, 1, "mem_ada", false,
		},
		{"an unknown member", func(*till) {}, "mem_eve", nil, 0, "", true},
	} {
		x := newTill(t)
		x.enroll(t, "mem_ada")
		r := captured("stripe:pi_1", "1")
		r.Email = "hash"
		x.receive(t, "evt_1", &r)
		c.setup(x)
		if c.m == "mem_bob" {
			x.enroll(t, c.m)
		}
		x.Fail = c.fail
		n, err := Payments{x.Ledger}.Claim(t.Context(), x.p, c.m, []stored.Identity{byEmail})
		if err != nil || n != c.claimed || x.buyer(t, "1") != c.buyer {
			t.Errorf("%s: %d are claimed by %q, %v", c.name, n, x.buyer(t, "1"), err)
		}
		if got := x.parkedUnder(t, byEmail); len(got) > 0 != c.parked {
			t.Errorf("%s: %v are parked", c.name, got)
		}
	}
	x := newTill(t)
	x.enroll(t, "mem_ada")
	r := captured("stripe:pi_1", "1")
	r.Email = "hash"
	x.receive(t, "evt_1", &r)
	x.Fail = []error{table.ErrBusy}
	if n, err := (Payments{x.Ledger}).Claim(
		t.Context(), x.p, "mem_ada", []stored.Identity{byEmail},
	); n != 0 || !errors.Is(err, ledger.ErrTryAgain) {
		t.Errorf("the table is busy: %d, %v", n, err)
	}
}

// The first member that a report names for a customer is stored. The customer's earlier orders are assigned or listed.
func TestCustomerIsAssignedToAMember(t *testing.T) {
	for _, c := range []struct {
		name   string
		find   []loyalty.MemberBy
		r      Report
		member string           // of the customer
		buyer  loyalty.MemberID // of the customer's earlier order
		parked bool             // under the external ID "ada"
	}{
		{"a member", nil, Report{Customer: "stripe:7", Member: "mem_ada"}, "mem_ada", "mem_ada", false},
		{"an external ID to come", nil, Report{Customer: "stripe:7", Member: "external:ada"}, "external:ada", "", true},
		{"no member", nil, Report{Payment: "stripe:pi_9", Customer: "stripe:7"}, "", "", false},
		{"no customer", nil, Report{Payment: "stripe:pi_9", Member: "mem_ada"}, "", "", false},
		{
			"a program without metadata",
			[]loyalty.MemberBy{loyalty.ByCustomer},
			Report{Customer: "stripe:7", Member: "mem_ada"},
			"", "", false,
		},
		{
			"a program without customers",
			[]loyalty.MemberBy{loyalty.ByMetadata},
			Report{Customer: "stripe:7", Member: "mem_ada"},
			"mem_ada", "", false,
		},
	} {
		x := newTill(t)
		x.enroll(t, "mem_ada")
		x.enroll(t, "mem_bob")
		first := captured("stripe:pi_1", "1")
		first.Customer = "stripe:7"
		x.receive(t, "evt_1", &first)
		x.p.Payments.FindBy = c.find
		x.receive(t, "evt_2", &c.r)
		ada := stored.Identity{Kind: "external", Value: "ada"}
		got, err := Payments{x.Ledger}.customer(t.Context(), "p", "stripe:7")
		if err != nil || got.Member != c.member || x.buyer(t, "1") != c.buyer ||
			len(x.parkedUnder(t, ada)) > 0 != c.parked {
			t.Errorf(
				"%s: the customer is %q, the order of %q, parked %v, %v", c.name, got.Member, x.buyer(t, "1"),
				x.parkedUnder(t, ada), err,
			)
		}
		if c.member == "" {
			continue
		}
		x.receive(t, "evt_3", &Report{Customer: "stripe:7", Member: "mem_bob"})
		if got, err := (Payments{x.Ledger}).customer(t.Context(), "p", "stripe:7"); err != nil ||
			got.Member != c.member {
			t.Errorf("%s: a second report assigns the customer to %q, %v", c.name, got.Member, err)
		}
	}
}

// The merchant's state of an order keeps the payments and the payer that were reported before.
func TestOrderThatWasPaidBefore(t *testing.T) {
	for _, c := range []struct {
		name   string
		payer  string
		member loyalty.MemberID // that the merchant names
		buyer  loyalty.MemberID
		placed time.Time
	}{
		{"the payer", "mem_ada", "mem_ada", "mem_ada", noon},
		{"no member", "mem_ada", "", "mem_ada", noon},
		{"another member", "mem_ada", "mem_bob", "mem_bob", noon.Add(-time.Minute)},
		{"a payer who is unknown", "", "mem_bob", "mem_bob", noon.Add(-time.Minute)},
		{"no payer and no member", "", "", "", noon.Add(-time.Minute)},
	} {
		x := newTill(t)
		x.Clock = noon.Add(-time.Hour)
		x.enroll(t, "mem_ada")
		x.enroll(t, "mem_bob")
		x.Clock = noon
		r := captured("stripe:pi_1", "1")
		r.Member = c.payer
		x.receive(t, "evt_1", &r)
		o := loyalty.Order{
			ID: "1", Member: c.member, PlacedAt: noon.Add(-time.Minute), Currency: "EUR", Status: loyalty.OrderPaid,
			Lines: []loyalty.Line{{ID: "1", SKU: "MUG", Quantity: 1, Amount: 40_00}},
		}
		x.Clock = noon.Add(time.Minute)
		got, err := Orders{x.Ledger}.Put(t.Context(), x.p, o, ledger.By{Actor: "shop"})
		if err != nil || got.State.Order.Member != c.buyer || !got.State.Order.PlacedAt.Equal(c.placed) ||
			len(got.State.Order.Receipts) != 1 {
			t.Errorf("%s: %+v, %v", c.name, got.State.Order, err)
		}
	}
}

// The instants of an order are returned as they are stored: in UTC, in milliseconds.
func TestInstantsOfAnOrder(t *testing.T) {
	x := newTill(t)
	x.enroll(t, "mem_ada")
	at := noon.Add(123 * time.Microsecond).In(time.FixedZone("", 3600))
	got, err := Orders{x.Ledger}.Put(t.Context(), x.p, loyalty.Order{
		ID: "1", Member: "mem_ada", PlacedAt: at, UpdatedAt: at, Shipped: at, Delivered: at, Currency: "EUR",
		Status: loyalty.OrderPaid, Lines: []loyalty.Line{{ID: "1", SKU: "MUG", Quantity: 1, Amount: 40_00}},
	}, ledger.By{Actor: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	o := got.State.Order
	for name, got := range map[string]time.Time{
		"placed": o.PlacedAt, "updated": o.UpdatedAt, "shipped": o.Shipped, "delivered": o.Delivered,
	} {
		if got != noon {
			t.Errorf("%s at %s, want %s", name, got, noon)
		}
	}
}
