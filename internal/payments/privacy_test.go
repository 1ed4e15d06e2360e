package payments_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/erasure"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/payments/sample"
	"github.com/perennial-loyalty/perennial/internal/service"
)

func redact(customer, email string) sample.Event {
	return sample.Event{
		Provider: app.Shopify, Type: "customers/redact", Customer: customer, Email: email, Payment: "9001",
	}
}

func dataRequest(customer, email string) sample.Event {
	e := redact(customer, email)
	e.Type = "customers/data_request"
	return e
}

// erasure returns the erasure of a member. Its Status is empty if none was requested.
func (s *shop) erasure(member string) erasure.Erasure {
	s.t.Helper()
	e, err := s.stack.App.Erasures().Get(s.t.Context(), "corner", loyalty.MemberID(member))
	if err != nil && !errors.Is(err, loyalty.NotFound) {
		s.t.Fatal(err)
	}
	return e
}

// customers/redact requests an erasure that is due after the cooling-off period and can be canceled until then.
func TestShopifyRequestsErasure(t *testing.T) {
	for name, e := range map[string]sample.Event{
		"by email":       redact("191167", "Ada@shop.test"),
		"by external ID": redact("42", ""),
	} {
		s := newShop(t, "payments")
		s.enroll("42", "grace@shop.test")
		member := s.member
		if name == "by external ID" {
			member = s.call("GET", "/v1/members/external:42", "", 200)["id"].(string)
		}
		s.want(e, "200 erasure_requested")
		got := s.erasure(member)
		if got.Status != erasure.Pending || got.Due.Sub(got.Requested) != 14*24*time.Hour {
			t.Errorf("%s: %+v", name, got)
		}
		other := redact("191168", "nobody@shop.test")
		s.want(other, "200 ignored")
		id := loyalty.MemberID(member)
		p, err := s.stack.App.Programs.Live(t.Context(), "corner")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.stack.App.Erasures().Cancel(t.Context(), p, id, ledger.By{Actor: "test"}); err != nil {
			t.Fatal(err)
		}
		s.want(e, "200 duplicate")
		if got := s.erasure(member); got.Status != erasure.Canceled {
			t.Errorf("%s: a repeated webhook changed the canceled erasure to %s", name, got.Status)
		}
	}
}

// The customer's ID identifies the member whom the merchant's system stated for the customer. It has precedence over
// the email address.
func TestCustomerDocumentNamesMember(t *testing.T) {
	s := newShop(t, "payments")
	grace := s.enroll("grace", "grace@shop.test")
	p, err := s.stack.App.Programs.Live(t.Context(), "corner")
	if err != nil {
		t.Fatal(err)
	}
	d := service.Delivery{Provider: app.Shopify, Event: "named", Received: noon, Mark: "x"}
	r := &service.Report{Customer: "shopify:77", Member: "external:grace"}
	if _, err := s.stack.App.Payments.Receive(t.Context(), p, d, r); err != nil {
		t.Fatal(err)
	}
	s.want(redact("77", "ada@shop.test"), "200 erasure_requested")
	if s.erasure(grace).Status != erasure.Pending || s.erasure(s.member).Status != "" {
		t.Errorf("grace: %+v, ada: %+v", s.erasure(grace), s.erasure(s.member))
	}
}

// The orders of an unknown customer can no longer be claimed after customers/redact.
func TestRedactDeletesParkedOrders(t *testing.T) {
	paid := sample.Event{
		Provider: app.Shopify, Type: "orders/paid", Payment: "9001", Total: 4999, Customer: "77",
		Email: "eve@shop.test",
	}
	for name, c := range map[string]struct {
		event    sample.Event
		external string
		email    string
		points   int64
	}{
		"no request":      {dataRequest("77", "eve@shop.test"), "eve", "eve@shop.test", whole},
		"by email":        {redact("77", "eve@shop.test"), "eve", "eve@shop.test", 0},
		"by external ID":  {redact("77", "eve@shop.test"), "77", "eve@other.test", 0},
		"other customer":  {redact("78", "bob@shop.test"), "77", "eve@other.test", whole},
		"by order":        {redact("78", ""), "77", "eve@shop.test", 0},
		"email is absent": {redact("77", ""), "eve", "eve@shop.test", 0},
	} {
		s := newShop(t, "payments")
		if name == "other customer" {
			c.event.Payment = "9002"
		}
		s.want(paid, "200 applied")
		s.want(c.event, "200 ignored")
		if dump := s.dump(); strings.Contains(dump, "shopify:77") != (c.points > 0) {
			t.Errorf("%s: the table contains the customer: %t", name, c.points == 0)
		}
		if got := s.points(s.enroll(c.external, c.email)); got != c.points {
			t.Errorf("%s: %d points, want %d", name, got, c.points)
		}
	}
}

// customers/data_request is listed with the member whose data the merchant must export. It changes nothing.
func TestShopifyRequestsData(t *testing.T) {
	s := newShop(t, "payments")
	s.unchanged(func() {
		s.want(dataRequest("191167", "ada@shop.test"), "200 data_requested")
		s.want(dataRequest("191167", "ada@shop.test"), "200 duplicate")
		s.want(dataRequest("191167", "nobody@shop.test"), "200 ignored")
		s.want(sample.Event{Provider: app.Shopify, Type: "shop/redact"}, "200 ignored")
	})
	var found int
	for k, err := range s.stack.App.Deliveries.Arrived(t.Context(), "corner", noon) {
		if err != nil {
			t.Fatal(err)
		}
		if k.Outcome == service.DataRequested && string(k.Member) == s.member {
			found++
		}
		if k.Type != "shop/redact" && len(k.Body) > 0 {
			t.Errorf("the body of %s is stored", k.Event)
		}
	}
	if found != 1 {
		t.Errorf("%d requests of the member are listed, want 1", found)
	}
	log := s.log.String()
	for _, want := range []string{`"outcome":"data_requested","member":"` + s.member, `"kind":"shop_erasure"`} {
		if strings.Count(log, want) != 1 {
			t.Errorf("the log does not contain %s once:\n%s", want, log)
		}
	}
	if strings.Contains(log, "191167") || strings.Contains(log, "@shop.test") {
		t.Errorf("the log contains personal data:\n%s", log)
	}
}

// The signature does not cover the topic, so a body of another topic requests nothing.
func TestBodyOfAnotherTopicRequestsNothing(t *testing.T) {
	s := newShop(t, "payments")
	h, body := s.signed(dataRequest("191167", "ada@shop.test"))
	s.unchanged(func() {
		s.expect("/v1/webhooks/corner/shopify/customers/redact", h, body, "200 quarantined validation_failed")
		s.expect("/v1/webhooks/corner/shopify/customers/data_request", forged(h), body, "401 webhook_signature_invalid")
	})
	s.want(dataRequest("191167", "ada@shop.test"), "200 data_requested")
}

// forged returns the headers with the signature of another body.
func forged(h http.Header) http.Header {
	h = h.Clone()
	h.Set("X-Shopify-Hmac-Sha256", "n2sK0bd3YI6oa0M8Y2oTQf1gBzcbLmnrOPkW1r0OQoA=")
	return h
}
