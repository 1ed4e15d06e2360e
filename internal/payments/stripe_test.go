package payments_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/payments/sample"
)

type object = map[string]any

// send signs a body as its provider would, and sends it. Parameter kind is the type of the event, which is part of
// Shopify's address.
func (s *shop) send(provider, kind string, body any) answer {
	s.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	e := sample.Event{Provider: provider, Type: kind}
	h, err := e.Headers(settings()["corner"][provider], raw, s.stack.App.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	return s.post(e.Path("corner"), h, raw)
}

// A stripeFact is an event of Stripe about an object, a number of minutes before noon.
type stripeFact struct {
	kind    string
	minutes int
	object  object
}

func (s *shop) stripe(version string, f stripeFact) answer {
	s.t.Helper()
	return s.send(app.Stripe, f.kind, object{
		"id": fmt.Sprint(
			"evt_",
			f.kind,
			f.minutes,
		), "object": "event", "api_version": version, "type": f.kind, "livemode": false,
		"created": noon.Add(-time.Duration(f.minutes) * time.Minute).Unix(), "data": object{"object": f.object},
	})
}

// permutations calls do with every order of the numbers below n.
func permutations(n int, do func(order []int)) {
	order := make([]int, 0, n)
	var next func()
	next = func() {
		if len(order) == n {
			do(order)
		}
		for i := range n {
			if !slices.Contains(order, i) {
				order = append(order, i)
				next()
				order = order[:len(order)-1]
			}
		}
	}
	next()
}

// Of an authorization of 100.00, 60.00 is captured and later 15.00 refunded. Before 2025-03-31, Stripe reported the
// released remainder as a refund.
func TestPartialCaptureOfStripe(t *testing.T) {
	charge := func(kind string, minutes, back int) stripeFact {
		return stripeFact{kind, minutes, object{
			"id": "ch_1", "object": "charge", "payment_intent": "pi_1", "amount": 10_000, "amount_captured": 6_000,
			"amount_refunded": back,
			"captured":        true, "status": "succeeded", "currency": "eur", "created": noon.Add(-time.Hour).Unix(),
			"metadata": object{"loyalty_member": "external:cust-42"},
		}}
	}
	refund := func(id string, minutes, amount int) stripeFact {
		return stripeFact{"refund.created", minutes, object{
			"id": id, "object": "refund", "charge": "ch_1", "payment_intent": "pi_1", "amount": amount,
			"status":   "succeeded",
			"currency": "eur",
			"created":  noon.Add(-time.Duration(minutes) * time.Minute).Unix(),
		}}
	}
	intent := stripeFact{"payment_intent.succeeded", 30, object{
		"id": "pi_1", "object": "payment_intent", "amount": 10_000, "amount_received": 6_000, "status": "succeeded",
		"currency": "eur",
	}}
	before := []stripeFact{
		charge("charge.captured", 30, 4_000),
		refund("re_release", 30, 4_000),
		refund("re_1", 10, 1_500),
		charge("charge.refunded", 10, 5_500),
		intent,
	}
	since := []stripeFact{
		charge("charge.captured", 30, 0),
		refund("re_1", 10, 1_500),
		charge("charge.refunded", 10, 1_500),
		intent,
	}
	for version, facts := range map[string][]stripeFact{
		"2023-10-16": before, "2024-12-18.acacia": before, "2025-03-31.basil": since, "2026-01-28.clover": since,
	} {
		t.Run(version, func(t *testing.T) {
			permutations(len(facts), func(order []int) {
				s := newShop(t, "payments")
				for _, i := range order {
					s.stripe(version, facts[i])
				}
				if s.points(s.member) != 45 {
					t.Errorf("%d points in the order %v", s.points(s.member), order)
				}
				s.server.Close()
			})
		})
	}
	s := newShop(t, "payments")
	s.stripe("2023-10-16", charge("charge.captured", 30, 4_000))
	s.stripe("2023-10-16", refund("re_release", 30, 4_000))
	if s.points(s.member) != 60 {
		t.Errorf("%d points after the capture", s.points(s.member))
	}
}

// The charges of a subscription name only the customer. Every period earns, whichever event names the member, in any
// order of arrival, and whenever the member enrolls.
func TestStripeSubscriptionsFindMember(t *testing.T) {
	named := object{"loyalty_member": "external:grace"}
	charge := func(n int) stripeFact {
		return stripeFact{"charge.succeeded", 30 - n, object{
			"id": fmt.Sprint(
				"ch_",
				n,
			), "object": "charge", "payment_intent": fmt.Sprint("pi_", n), "customer": "cus_1", "amount": 1_500,
			"amount_captured": 1_500, "captured": true, "status": "succeeded", "currency": "eur",
			"created": noon.Unix() - 3600,
		}}
	}
	invoice := func(more object) stripeFact {
		o := object{
			"id":           "in_1",
			"object":       "invoice",
			"amount_paid":  1_500,
			"currency":     "eur",
			"customer":     "cus_1",
			"subscription": "sub_1",
		}
		for k, v := range more {
			o[k] = v
		}
		return stripeFact{"invoice.paid", 31, o}
	}
	for name, teller := range map[string]stripeFact{
		"the checkout session": {"checkout.session.completed", 32, object{
			"id": "cs_1", "object": "checkout.session", "mode": "subscription", "payment_status": "paid",
			"payment_intent": nil,
			"subscription":   "sub_1", "customer": "cus_1", "metadata": named,
		}},
		"the invoice": invoice(object{"metadata": named}),
		"the invoice, by its details": invoice(
			object{"subscription_details": object{"metadata": named}, "payment_intent": "pi_1"},
		),
		"the invoice, as it is since 2025": invoice(
			object{"parent": object{"subscription_details": object{"metadata": named}}},
		),
		"the subscription": {
			"customer.subscription.created", 33,
			object{"id": "sub_1", "object": "subscription", "customer": "cus_1", "metadata": named},
		},
		"the customer": {"customer.created", 40, object{"id": "cus_1", "object": "customer", "metadata": named}},
	} {
		t.Run(name, func(t *testing.T) {
			facts := []stripeFact{teller, charge(1), charge(2)}
			permutations(len(facts)+1, func(order []int) {
				s := newShop(t, "payments")
				grace := ""
				for _, i := range order {
					if i == len(facts) {
						grace = s.enroll("grace", "grace@shop.test")
						continue
					}
					if got := s.stripe("2025-03-31.basil", facts[i]); got.status != 200 ||
						got.received[0].Outcome == "quarantined" {
						t.Errorf("%s: %v", facts[i].kind, got)
					}
				}
				if s.points(grace) != 30 {
					t.Errorf("%d points in the order %v", s.points(grace), order)
				}
				s.server.Close()
			})
		})
	}
}

// A payment of any provider that names a member who is not enrolled yet waits for the enrollment.
func TestPaymentWaitsForNamedMember(t *testing.T) {
	for _, e := range []sample.Event{
		{Provider: app.Stripe, Type: "payment_intent.succeeded", Payment: "pi_9"},
		{Provider: app.PayPal, Type: "PAYMENT.CAPTURE.COMPLETED", Payment: "CAP9"},
		{Provider: app.Standard, Type: "payment.captured", Payment: "till-9"},
	} {
		for _, late := range []time.Duration{time.Minute, 29 * 24 * time.Hour, 31 * 24 * time.Hour} {
			e.Member, e.Total = "external:zoe", 4999
			s := newShop(t, "payments")
			s.want(e, "200 applied")
			if err := s.stack.Advance(t.Context(), late); err != nil {
				t.Fatal(err)
			}
			want := int64(whole)
			if late > 30*24*time.Hour {
				want = 0
			}
			if zoe := s.enroll("zoe", "zoe@shop.test"); s.points(zoe) != want {
				t.Errorf("%s: %d points after %v", e.Provider, s.points(zoe), late)
			}
			if other := s.enroll("other", "other@shop.test"); s.points(other) != 0 {
				t.Errorf("%s: %d points for another member", e.Provider, s.points(other))
			}
			s.server.Close()
		}
	}
}
