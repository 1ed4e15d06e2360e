package payments_test

import (
	"fmt"
	"testing"
)

// sale sends an event about a sale, which is a capture of PayPal's v1 API.
func (s *shop) sale(kind, resource string) string {
	s.t.Helper()
	body := fmt.Appendf(
		nil,
		`{"id":"WH-%s-%d","event_type":%q,"create_time":"2026-12-01T12:00:00Z","resource":%s}`,
		kind,
		len(resource),
		kind,
		resource,
	)
	return s.post("/v1/webhooks/corner/paypal", s.paypal.sign(s.t, body, noon), body).String()
}

func TestReversalOfSale(t *testing.T) {
	s := newShop(t, "orders_when_paid")
	s.order("1042", "placed", `,"member":"`+s.member+`"`)
	sale := `{"id":"SALE1","state":"completed","amount":{"total":"49.99","currency":"EUR"},"invoice_number":"1042",` +
		`"create_time":"2026-12-01T11:00:00Z"}`
	s.paypal.put("/v1/payments/sale/SALE1", sale)
	if got := s.sale("PAYMENT.SALE.COMPLETED", sale); got != "200 applied" || s.orderPoints("1042") != whole {
		t.Fatalf("%s and %d points", got, s.orderPoints("1042"))
	}
	for _, c := range []struct {
		names, answer string
		worth         int64
	}{
		{``, "200 quarantined validation_failed", whole}, // an operator must find the sale
		{`,"sale_id":"SALE2"`, "200 quarantined webhook_body_mismatch", whole},
		{`,"sale_id":"SALE1"`, "200 applied", refunded1},
	} {
		got := s.sale(
			"PAYMENT.SALE.REVERSED",
			`{"id":"REV1","state":"completed","amount":{"total":"-17.33","currency":"EUR"}`+c.names+`}`,
		)
		if got != c.answer || s.orderPoints("1042") != c.worth {
			t.Errorf("%s: %s and %d points", c.names, got, s.orderPoints("1042"))
		}
	}
}

// A request that names a missing certificate is not from PayPal. If the certificate is unavailable, PayPal sends the
// event again.
func TestMissingCertificate(t *testing.T) {
	e := stories[3].facts(false)[0]
	for status, want := range map[int]string{
		400: "401 webhook_signature_invalid", 403: "401 webhook_signature_invalid",
		404: "401 webhook_signature_invalid",
		410: "401 webhook_signature_invalid",
		408: "503 temporarily_unavailable", 429: "503 temporarily_unavailable", 302: "503 temporarily_unavailable",
		500: "503 temporarily_unavailable", 503: "503 temporarily_unavailable",
	} {
		s := newShop(t, "orders_when_paid")
		h, body := s.signed(e)
		s.paypal.certStatus = status
		s.unchanged(func() { s.expect(e.Path("corner"), h, body, want) })
		s.paypal.certStatus = 0
		s.paypal.store(t, e, noon)
		s.expect(e.Path("corner"), h, body, "200 applied")
	}
}
