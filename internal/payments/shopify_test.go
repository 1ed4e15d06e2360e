package payments_test

import (
	"fmt"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/payments/sample"
)

// Customers can set the attributes of a cart, so the attributes name neither an order nor a member.
func TestCartAttributesAreIgnored(t *testing.T) {
	attributes := func(name, value string) string {
		return fmt.Sprintf(`"note_attributes":[{"name":%q,"value":%q}]`, name, value)
	}
	paid := sample.Event{Provider: app.Shopify, Type: "orders/paid", Payment: "7001", Total: 4999}
	refund := sample.Event{Provider: app.Shopify, Type: "refunds/create", Payment: "7001", Object: "8001", Amount: 4999}

	s := newShop(t, "orders") // a refund of another customer's order
	s.order("7001", "paid", `,"member":"`+s.member+`"`)
	s.order("7002", "paid", `,"member":"`+s.member+`"`)
	if got := s.edited(
		paid, `"note_attributes":[]`, attributes("loyalty_order", "7002"),
	).String(); got != "200 applied" {
		t.Fatal(got)
	}
	s.want(refund, "200 applied")
	if s.orderPoints("7001") != 0 || s.orderPoints("7002") != whole {
		t.Errorf("its own order is worth %d, and the other one %d", s.orderPoints("7001"), s.orderPoints("7002"))
	}

	s = newShop(t, "payments") // a purchase by another member
	got := s.edited(paid, `"note_attributes":[]`, attributes("loyalty_member", s.member)).String()
	if got != "200 applied" {
		t.Fatal(got)
	}
	if s.points(s.member) != 0 {
		t.Errorf("a member who did not buy has %d points", s.points(s.member))
	}
}

// Shopify's events have no signed ID, so only an event with the same bytes is a duplicate.
func TestShopifyChangesWithinOneSecondCount(t *testing.T) {
	s := newShop(t, "payments")
	twice := func(e sample.Event) {
		t.Helper()
		s.want(e, "200 applied")
		s.want(e, "200 duplicate")
	}
	order := sample.Event{
		Provider: app.Shopify,
		Type:     "orders/updated",
		Payment:  "7101",
		Total:    4999,
		Email:    "ada@shop.test",
		Status:   "pending",
	}
	s.want(order, "200 waiting")
	s.want(order, "200 duplicate")
	order.Status = "paid"
	twice(order)
	if s.points(s.member) != whole {
		t.Errorf("%d points once it was paid", s.points(s.member))
	}
	refund := `"refunds":[{"id":1,"created_at":"2026-12-01T12:00:00Z","transactions":[{"kind":"refund",` +
		`"status":"success","amount":"17.33","currency":"EUR"}]}]`
	for _, want := range []string{"200 applied", "200 duplicate"} {
		if got := s.edited(order, `"refunds":[]`, refund).String(); got != want {
			t.Errorf("a refund within the second: %s", got)
		}
	}
	if s.points(s.member) != refunded1 {
		t.Errorf("%d points after the refund", s.points(s.member))
	}

	dispute := sample.Event{Provider: app.Shopify, Type: "disputes/create", Payment: "7101", Object: "91", Amount: 2000}
	twice(dispute)
	dispute.Type = "disputes/update"
	twice(dispute)
	dispute.Amount = 3266
	twice(dispute)
	if s.points(s.member) != 0 {
		t.Errorf("%d points while all of it is disputed", s.points(s.member))
	}
}

// A signature is valid for every topic. Ignored events are still distinguished by the topic of their address.
func TestIgnoredShopifyEventsDifferByTopic(t *testing.T) {
	s := newShop(t, "payments")
	e := sample.Event{Provider: app.Shopify, Type: "shop/redact"}
	h, body := s.signed(e)
	for _, topic := range []string{"products/update", "shop/redact"} {
		s.expect("/v1/webhooks/corner/shopify/"+topic, h, body, "200 ignored")
		s.expect("/v1/webhooks/corner/shopify/"+topic, h, body, "200 duplicate")
	}
}

// A customer who paid in another currency is refunded in that currency, but the order is in the shop's.
func TestShopifyRefundIsInCurrencyOfShop(t *testing.T) {
	s := newShop(t, "payments")
	s.want(
		sample.Event{Provider: app.Shopify, Type: "orders/paid", Payment: "7103", Total: 4999, Email: "ada@shop.test"},
		"200 applied",
	)
	refund := sample.Event{
		Provider: app.Shopify,
		Type:     "refunds/create",
		Payment:  "7103",
		Object:   "8103",
		Amount:   2001,
		Currency: "USD",
	}
	s.want(refund, "200 quarantined currency_mismatch")
	set := `"amount_set":{"shop_money":{"amount":"17.33","currency_code":"EUR"},` +
		`"presentment_money":{"amount":"20.01",` +
		`"currency_code":"USD"}},"kind":"refund"`
	if got := s.edited(refund, `"kind":"refund"`, set).String(); got != "200 applied" ||
		s.points(s.member) != refunded1 {
		t.Errorf("%s, and %d points", got, s.points(s.member))
	}
}
