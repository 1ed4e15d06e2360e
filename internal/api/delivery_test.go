package api

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/catalog"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/deliverytest"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/program/snapshot"
	"github.com/perennial-loyalty/perennial/internal/seedtest"
	"pgregory.net/rapid"
)

// The API and the ledger must produce the same account from 500 random deliveries of a history as the pure engine from
// the direct delivery.
func TestAccountDoesNotDependOnTheDelivery(t *testing.T) {
	w := newWorld(t, memory(t))
	n := 0
	deliverytest.Check(t, 500, seedtest.Or(t, 1), func(t *rapid.T) {
		n++
		h := deliverytest.Random(t)
		d := newDelivered(t, w, h, fmt.Sprint("p", n))
		for _, r := range h.Delivery {
			d.report(r)
		}
		random := d.accounts()
		direct := h.DeliverDirectly(t, random)
		if diff := h.Difference(random, direct); diff != "" {
			t.Fatalf("%s\ntiers %+v\nrandom:\n%s\ndirect:\n%s", diff, h.Program.Tiers, random.Dump(), direct.Dump())
		}
	})
}

// delivered delivers a history to a member through the API.
type delivered struct {
	t         *rapid.T
	w         *world
	h         *deliverytest.History
	member    string
	referrer  string
	published int // number of versions of the program after the first
	orders    map[string]bool
	spent     map[string]bool
}

// newDelivered publishes the program of a history under the given ID, and enrolls the member.
func newDelivered(t *rapid.T, w *world, h *deliverytest.History, id string) *delivered {
	d := &delivered{t: t, w: w, h: h, orders: map[string]bool{}, spent: map[string]bool{}}
	h.Program.ID = id
	w.set(h.Joined)
	w.key(id, id, auth.Admin)
	d.publish(h.Program, 0)
	body := map[string]any{"birthday": birthday(h.Traits.Birthday)}
	if year := h.Traits.MembershipYearStart; year != 0 {
		body["membership_year_start"] = fmt.Sprintf("%02d-%02d", year/100, year%100)
	}
	if h.Referred {
		d.referrer = d.enroll(map[string]any{})
		code := d.send("PUT", "/v1/members/"+d.referrer+"/referral-code", map[string]any{})
		body["referral_code"] = code.json.(map[string]any)["code"]
	}
	d.member = d.enroll(body)
	return d
}

func (d *delivered) enroll(body map[string]any) (member string) {
	member, _ = d.send("POST", "/v1/members", body).json.(map[string]any)["id"].(string)
	return member
}

// publish publishes a version of the program as the successor of version after.
func (d *delivered) publish(p *loyalty.Program, after int) {
	p.ID = d.h.Program.ID
	in := catalog.Published{
		Program: p.ID, Source: []byte("program: " + p.ID), Snapshot: snapshot.Encode(p), By: "tests",
	}
	if err := d.w.app.Catalog.Publish(context.Background(), in, after); err != nil {
		d.t.Fatal(err)
	}
}

// pass moves the clock to an instant. It publishes the versions of the program that take effect until then.
func (d *delivered) pass(now time.Time) {
	for _, x := range d.h.Published[d.published:] {
		if x.At.After(now) {
			break
		}
		d.w.set(x.At)
		d.published++
		d.publish(x.Program, d.published)
	}
	d.w.set(now)
}

func birthday(day int) string { return fmt.Sprintf("1990-%02d-%02d", day/100, day%100) }

// set sets the clock.
func (w *world) set(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = now
}

// send sends a request that must succeed, or be rejected with one of the codes in may.
func (d *delivered) send(method, path string, body any, may ...loyalty.Code) answered {
	d.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		d.t.Fatal(err)
	}
	a, _ := d.w.send(sentRequest{method: method, path: path, key: d.h.Program.ID, body: text})
	if a.status < 300 {
		return a
	}
	for _, code := range may {
		if a.code() == string(code) {
			return a
		}
	}
	d.t.Fatalf("%s %s %s: %d %s", method, path, text, a.status, a.body)
	return a
}

func (d *delivered) report(r deliverytest.Report) {
	d.pass(r.At)
	path := "/v1/members/" + d.member
	switch {
	case r.Order != nil:
		d.orders[r.Order.ID] = true
		d.send("PUT", "/v1/orders/"+r.Order.ID, d.order(*r.Order))
	case r.Event != nil:
		e := r.Event
		d.send("POST", "/v1/events", wire.EventRequest{Member: d.member, Type: e.Type, ID: e.ID, At: e.At})
	case r.OptsIn != "":
		d.send("PUT", path+"/campaigns/"+r.OptsIn, map[string]any{})
	case r.Traits != nil:
		segments := append([]string{}, r.Traits.Segments...)
		d.send("PATCH", path, wire.UpdateMemberRequest{Segments: &segments})
	case r.Placement != nil:
		in := wire.TierRequest{
			Level: r.Placement.Level, Reason: r.Placement.Reason, TierGroup: r.Placement.TierGroup,
			Locked: r.Placement.Locked, Permanent: r.Placement.Permanent,
		}
		if !r.Placement.Until.IsZero() {
			in.Until = &r.Placement.Until
		}
		d.send("PUT", path+"/tier", in, loyalty.ValidationFailed)
	case r.Redeems:
		in := wire.RedemptionRequest{Member: d.member, Reward: "mug", Commit: true}
		a := d.send("POST", "/v1/redemptions", in, loyalty.InsufficientPoints)
		d.spent[r.ID] = a.status < 300
	default:
		in := wire.ConversionRequest{From: posting.MainWallet, To: "miles", Points: int64(r.Converts)}
		a := d.send("POST", path+"/conversions", in, loyalty.InsufficientPoints, loyalty.AmountOutOfRange)
		d.spent[r.ID] = a.status < 300
	}
}

// order returns an order in the form of a request to the API.
func (d *delivered) order(o loyalty.Order) wire.OrderRequest {
	out := wire.OrderRequest{
		Member: d.member, PlacedAt: o.PlacedAt, Currency: string(o.Currency), Status: wire.OrderRequestStatus(o.Status),
		Discount: o.Discount, Shipping: o.Shipping, Tax: o.Tax, UpdatedAt: o.UpdatedAt,
	}
	for _, l := range o.Lines {
		line := wire.LineItem{ID: l.ID, Brand: l.Brand, Category: l.Category, Quantity: l.Quantity, Amount: l.Amount}
		out.LineItems = append(out.LineItems, line)
	}
	for _, x := range o.Tenders {
		out.Tenders = append(out.Tenders, wire.Tender{Kind: wire.TenderKind(x.Kind), Amount: x.Amount})
	}
	for _, r := range o.Refunds {
		back := wire.Refund{ID: r.ID, At: r.At, Status: wire.RefundStatus(r.Status), Amount: r.Amount}
		out.Refunds = append(out.Refunds, back)
	}
	for _, x := range o.Disputes {
		dispute := wire.Dispute{ID: x.ID, At: x.At, Status: wire.DisputeStatus(x.Status), Amount: x.Amount}
		out.Disputes = append(out.Disputes, dispute)
	}
	return out
}

// accounts reads the account at the end of the history, with the account of the referrer.
func (d *delivered) accounts() *deliverytest.Account {
	d.pass(d.h.End)
	a := d.account(d.member)
	for id := range d.orders {
		r, err := d.w.app.Orders.Get(context.Background(), d.h.Program.ID, id)
		if err != nil {
			d.t.Fatal(err)
		}
		a.Orders[id] = &r.State
	}
	if d.referrer != "" {
		a.Referrer = d.account(d.referrer)
	}
	return a
}

func (d *delivered) account(member string) *deliverytest.Account {
	ctx, program := context.Background(), d.h.Program.ID
	m, err := d.w.app.Members.Get(ctx, d.h.Last(), loyalty.MemberID(member))
	if err != nil {
		d.t.Fatal(err)
	}
	a := &deliverytest.Account{Account: m.Account, Orders: map[string]*loyalty.OrderState{}, Spent: d.spent}
	for e, err := range d.w.app.Statements.List(ctx, program, loyalty.MemberID(member), 0, 1000) {
		if err != nil {
			d.t.Fatal(err)
		}
		a.Entries = append(a.Entries, e)
	}
	return a
}
