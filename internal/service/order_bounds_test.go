package service

import (
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// An older state of an order changes nothing, even after a state without a time. The same content is a replay.
func TestStatesOfAnOrder(t *testing.T) {
	x := newTill(t)
	x.p.Payments.Award = loyalty.AwardOrders
	x.enroll(t, "mem_ada")
	os := Orders{x.Ledger}
	put := func(name string, amount int64, updated time.Time, edit func(*loyalty.Order)) OrderResult {
		t.Helper()
		o := loyalty.Order{
			ID: "1", Member: "mem_ada", PlacedAt: noon, UpdatedAt: updated, Currency: "EUR", Status: loyalty.OrderPaid,
			Lines: []loyalty.Line{{ID: "1", SKU: "MUG", Quantity: 1, Amount: amount}},
		}
		if edit != nil {
			edit(&o)
		}
		r, err := os.Put(t.Context(), x.p, o, ledger.By{Actor: "shop"})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return r
	}
	for _, c := range []struct {
		name       string
		amount     int64
		updated    time.Time
		revision   int
		replayed   bool
		superseded bool
	}{
		{"the first state", 10_00, noon, 1, false, false},
		{"the same state", 10_00, noon, 1, true, false},
		{"an older state", 20_00, noon.Add(-time.Millisecond), 1, false, true},
		{"another state at the same time", 20_00, noon, 2, false, false},
		{"a state without a time", 30_00, time.Time{}, 3, false, false},
		{"an older state after it", 40_00, noon.Add(-time.Millisecond), 3, false, true},
		{"a newer state", 40_00, noon.Add(time.Millisecond), 4, false, false},
	} {
		r := put(c.name, c.amount, c.updated, nil)
		if r.Revision != c.revision || r.Replayed != c.replayed || r.Superseded != c.superseded ||
			c.superseded && len(r.Entries) > 0 || !c.superseded && len(r.Entries) != 1 {
			t.Errorf("%s: revision %d, replayed %t, superseded %t", c.name, r.Revision, r.Replayed, r.Superseded)
		}
	}
	if r, err := os.Get(t.Context(), "p", "1"); err != nil || r.Revision != 4 || len(r.Entries) != 4 ||
		r.Entries[0].Cause.Revision != 1 || r.Balance.Active != 40 {
		t.Errorf("%+v, %v", r, err)
	}
	refunds := []loyalty.Refund{
		{ID: "r2", Amount: 2_00, Status: loyalty.RefundSucceeded, At: noon},
		{ID: "r1", Amount: 1_00, Status: loyalty.RefundSucceeded, At: noon},
	}
	disputes := []loyalty.Dispute{{ID: "d2", Status: "won"}, {ID: "d1", Status: "won"}}
	for _, want := range []bool{false, true} {
		r := put("refunds", 40_00, noon.Add(time.Second), func(o *loyalty.Order) {
			o.Refunds, o.Disputes = slices.Clone(refunds), slices.Clone(disputes)
		})
		if r.Replayed != want || r.State.Order.Refunds[0].ID != "r1" || r.State.Order.Disputes[0].ID != "d1" {
			t.Errorf("replayed %t, want %t: %+v", r.Replayed, want, r.State.Order)
		}
		slices.Reverse(refunds)
		slices.Reverse(disputes)
	}
}

// A quote for a guest needs no member. It names the stock of rewards.
func TestQuoteForAGuest(t *testing.T) {
	x := newTill(t)
	o := loyalty.Order{
		ID: "q", PlacedAt: noon, Currency: "EUR", Status: loyalty.OrderPlaced,
		Lines: []loyalty.Line{{ID: "1", SKU: "MUG", Quantity: 1, Amount: 40_00}},
	}
	q, err := Quotes{x.Ledger}.Quote(t.Context(), x.p, o)
	if err != nil || q.Profile.Member != "" {
		t.Errorf("%+v, %v", q, err)
	}
	o.Member = "mem_eve"
	_, err = Quotes{x.Ledger}.Quote(t.Context(), x.p, o)
	WantRejection(t, "an unknown member", err, loyalty.NotFound)
}

// The fulfillment of a manual reward is stored with its redemption. While the redemption is reserved, only an address
// is stored, and the item expires a day after the reservation.
func TestFulfillmentThatIsStored(t *testing.T) {
	x := newTill(t)
	f := Fulfillments{x.Ledger}
	address := "~the encrypted address"
	for _, c := range []struct {
		name    string
		manual  bool
		commit  bool
		address string
		stored  bool
		status  redeem.FulfillmentStatus
		expires time.Time
	}{
		{"not manual", false, true, address, false, "", time.Time{}},
		{"committed", true, true, "", true, redeem.Ordered, time.Time{}},
		{"committed with an address", true, true, address, true, redeem.Ordered, time.Time{}},
		{"reserved", true, false, "", false, "", time.Time{}},
		{"reserved with an address", true, false, address, true, "", noon.Add(x.p.Hold + 24*time.Hour)},
	} {
		in := RedemptionRequest{ID: "rd_1", Member: "mem_ada", Reward: "mug", Commit: c.commit, Address: c.address}
		ops := f.toHandOver(x.p, &loyalty.Reward{ID: "mug", Manual: c.manual}, in)
		if len(ops) > 0 != c.stored {
			t.Errorf("%s: %+v", c.name, ops)
			continue
		}
		if !c.stored {
			continue
		}
		it := ops[0].Item
		it.Version = 1
		h, err := readHandover(it)
		if err != nil || h.Status != c.status || !it.Expires.Equal(c.expires) ||
			h.Address != c.address ||
			h.Member != "mem_ada" || h.Redemption != "rd_1" ||
			it.Index.IsZero() != (c.status == "") {
			t.Errorf("%s: %+v expires %s, %v", c.name, h, it.Expires, err)
		}
	}
}

// Open fulfillments are listed by status, the oldest order first. A list continues after a place.
func TestListOfOpenFulfillments(t *testing.T) {
	x := newTill(t)
	f := Fulfillments{x.Ledger}
	for i, id := range []string{"rd_c", "rd_a", "rd_b"} {
		x.Clock = noon.Add(time.Duration(i) * time.Hour)
		in := RedemptionRequest{ID: id, Member: "mem_ada", Reward: "mug", Commit: true}
		ops := f.toHandOver(x.p, &loyalty.Reward{ID: "mug", Manual: true}, in)
		if err := x.Table.Transact(t.Context(), ops...); err != nil {
			t.Fatal(err)
		}
	}
	list := func(s redeem.FulfillmentStatus, after string, limit int) (ids, places []string) {
		t.Helper()
		for h, err := range f.List(t.Context(), "p", s, after, limit) {
			if err != nil {
				t.Fatal(err)
			}
			ids, places = append(ids, h.Redemption), append(places, h.Place())
		}
		return ids, places
	}
	all, places := list(redeem.Ordered, "", 0)
	if !slices.Equal(all, []string{"rd_c", "rd_a", "rd_b"}) {
		t.Fatalf("the fulfillments are %v", all)
	}
	for i := range all {
		if got, _ := list(redeem.Ordered, places[i], 0); !slices.Equal(got, all[i+1:]) {
			t.Errorf("after %s: %v", places[i], got)
		}
	}
	if got, _ := list(redeem.Ordered, places[0], 1); !slices.Equal(got, all[1:2]) {
		t.Errorf("one after %s: %v", places[0], got)
	}
	h, err := f.Get(t.Context(), "p", "mem_ada", "rd_a")
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []redeem.FulfillmentStatus{redeem.Shipped, redeem.Delivered} {
		if h.Fulfillment, err = h.Move(to, "", noon); err != nil {
			t.Fatal(err)
		}
		if err := x.Table.Transact(t.Context(), table.Put(handoverItem("p", h))); err != nil {
			t.Fatal(err)
		}
		shipped, _ := list(redeem.Shipped, "", 0)
		ordered, _ := list(redeem.Ordered, "", 0)
		if len(shipped) > 0 != (to == redeem.Shipped) || !slices.Equal(ordered, []string{"rd_c", "rd_b"}) {
			t.Errorf("%s: shipped %v, ordered %v", to, shipped, ordered)
		}
		if h, err = f.Get(t.Context(), "p", "mem_ada", "rd_a"); err != nil || h.Status != to {
			t.Fatalf("%+v, %v", h, err)
		}
	}
}
