package payments_test

import (
	"fmt"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/payments/sample"
)

// Whoever shops writes the attributes of the cart: they say neither which order a payment is of nor whose it is.
func TestAShopperNamesNoOrderAndNoMember(t *testing.T) {
	attributes := func(name, value string) string {
		return fmt.Sprintf(`"note_attributes":[{"name":%q,"value":%q}]`, name, value)
	}
	paid := sample.Event{Provider: app.Shopify, Type: "orders/paid", Payment: "7001", Total: 4999}
	refund := sample.Event{Provider: app.Shopify, Type: "refunds/create", Payment: "7001", Object: "8001", Amount: 4999}

	s := newShop(t, "orders") // a refund that was to be somebody else's
	s.order("7001", "paid", `,"member":"`+s.member+`"`)
	s.order("7002", "paid", `,"member":"`+s.member+`"`)
	if got := s.edited(paid, `"note_attributes":[]`, attributes("loyalty_order", "7002")).String(); got != "200 applied" {
		t.Fatal(got)
	}
	s.want(refund, "200 applied")
	if s.worth("7001") != 0 || s.worth("7002") != whole {
		t.Errorf("its own order is worth %d, and the other one %d", s.worth("7001"), s.worth("7002"))
	}

	s = newShop(t, "payments") // and a purchase
	got := s.edited(paid, `"note_attributes":[]`, attributes("loyalty_member", s.member)).String()
	if got != "200 applied" {
		t.Fatal(got)
	}
	if s.points(s.member) != 0 {
		t.Errorf("a member who did not buy has %d points", s.points(s.member))
	}
}

// No event of Shopify has an identity that is signed: only the same bytes again are the same event.
func TestWhatChangesWithinASecondIsTaken(t *testing.T) {
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

// The signature of one topic is good for every other: what is not looked at is kept apart by its address all the same.
func TestWhatIsIgnoredIsToldApartByItsTopic(t *testing.T) {
	s := newShop(t, "payments")
	e := sample.Event{Provider: app.Shopify, Type: "customers/redact"}
	h, body := s.signed(e)
	for _, topic := range []string{"customers/redact", "shop/redact"} {
		s.expect("/v1/webhooks/corner/shopify/"+topic, h, body, "200 ignored")
		s.expect("/v1/webhooks/corner/shopify/"+topic, h, body, "200 duplicate")
	}
}

// Whoever pays in another currency is refunded in that; the order is in the shop's.
func TestARefundIsInTheCurrencyOfTheShop(t *testing.T) {
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
	set := `"amount_set":{"shop_money":{"amount":"17.33","currency_code":"EUR"},"presentment_money":{"amount":"20.01",` +
		`"currency_code":"USD"}},"kind":"refund"`
	if got := s.edited(refund, `"kind":"refund"`, set).String(); got != "200 applied" ||
		s.points(s.member) != refunded1 {
		t.Errorf("%s, and %d points", got, s.points(s.member))
	}
}
