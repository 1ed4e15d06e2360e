package payments_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/payments/sample"
)

func TestUnsignedDataOfShopify(t *testing.T) {
	s := newShop(t, "payments")
	paid := s.paid(app.Shopify)
	refund := stories[1].facts(false)[1]
	h, body := s.signed(refund)
	s.unchanged(func() {
		s.expect("/v1/webhooks/corner/shopify/orders/paid", h, body, "200 quarantined validation_failed")
		h.Set("X-Shopify-Topic", "orders/paid")
		s.expect("/v1/webhooks/corner/shopify/disputes/create", h, body, "200 quarantined validation_failed")
		s.want(sample.Event{Provider: app.Shopify, Type: "customers/redact"}, "200 ignored")
	})
	s.want(paid, "200 applied")
	s.unchanged(func() {
		h, body := s.signed(paid)
		h.Set("X-Shopify-Event-Id", "fresh")
		h.Set("X-Shopify-Webhook-Id", "fresh")
		s.expect(paid.Path("corner"), h, body, "200 duplicate")
		// With the same secret, Shopify signs cookies and requests of the app proxy. These signatures are hexadecimal
		// and cover other bytes.
		h.Set("X-Shopify-Hmac-Sha256", "a9718877bea71c2484f91608a7eaea1532bdf71f5c56825065fa4ccabe549ef3")
		s.expect(paid.Path("corner"), h, body, "401 webhook_signature_invalid")
	})
	newer, body := s.signed(sample.Event{Provider: app.Shopify, Type: "customers/redact"})
	newer.Set("Shopify-Hmac-Sha256", newer.Get("X-Shopify-Hmac-Sha256"))
	newer.Del("X-Shopify-Hmac-Sha256")
	// Shopify's newer family of headers has the same effect.
	s.expect(
		"/v1/webhooks/corner/shopify/customers/redact",
		newer,
		body,
		"200 duplicate",
	)
}

// batch returns the body of a batch of Adyen's items.
func batch(t *testing.T, live any, items ...map[string]any) []byte {
	var wrapped []map[string]any
	for _, it := range items {
		wrapped = append(wrapped, map[string]any{"NotificationRequestItem": it})
	}
	body, err := json.Marshal(map[string]any{"live": live, "notificationItems": wrapped})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestUnsignedDataOfAdyen(t *testing.T) {
	s := newShop(t, "orders_when_paid")
	s.order("1042", "placed", `,"member":"`+s.member+`"`)
	other := s.enroll("cust-43", "bob@shop.test")
	secret := settings()["corner"][app.Adyen].Secrets[0]
	facts := stories[4].facts(false)
	item := func(e sample.Event) map[string]any {
		it, err := e.AdyenItem(secret)
		if err != nil {
			t.Fatal(err)
		}
		return it
	}
	h, path := http.Header{"Content-Type": {"application/json"}}, "/v1/webhooks/corner/adyen"

	paid := item(facts[0])
	paid["additionalData"].(map[string]any)["shopperReference"] = other // this field is not signed
	bad := item(facts[1])
	bad["amount"] = map[string]any{"value": 4999, "currency": "EUR"}
	s.expect(path, h, batch(t, "false", paid, bad), "200 applied, quarantined webhook_signature_invalid")
	if s.orderPoints("1042") != whole || s.points(s.member) != whole || s.points(other) != 0 {
		t.Errorf("%d points, of which the other member has %d", s.orderPoints("1042"), s.points(other))
	}
	if !strings.Contains(s.log.String(), `"Quarantined":1`) {
		t.Error("no alarm")
	}
	s.unchanged(func() {
		s.expect(path, h, batch(t, "false", bad), "401 webhook_signature_invalid")

		// The signed string is the same, but it is divided into fields differently.
		split := item(
			sample.Event{
				Provider: app.Adyen,
				Type:     "CAPTURE",
				Payment:  "TEST_1",
				Object:   "C_1",
				Total:    1130,
				Order:    "left:right",
			},
		)
		split["merchantAccountCode"], split["merchantReference"] = "SampleMerchant:left", "right"
		s.expect(path, h, batch(t, "false", split), "200 quarantined validation_failed")

		refused := facts[0]
		refused.Object, refused.Status = "PSPC2", "false"
		s.expect(path, h, batch(t, "false", item(refused)), "200 ignored")
		boolean := item(facts[1])
		boolean["success"] = true
		s.expect(path, h, batch(t, "false", boolean), "200 quarantined validation_failed")
		s.expect(path, h, batch(t, "true", item(facts[1])), "200 quarantined webhook_stage_mismatch") // a test stack
		s.expect(path, h, batch(t, false, item(facts[1])), "200 quarantined validation_failed")
	})
}

// resigned returns an item of Adyen with changed fields and a valid signature.
func resigned(t *testing.T, item, with map[string]any) map[string]any {
	t.Helper()
	maps.Copy(item, with)
	key, err := hex.DecodeString(settings()["corner"][app.Adyen].Secrets[0])
	if err != nil {
		t.Fatal(err)
	}
	amount := item["amount"].(map[string]any)
	m := hmac.New(sha256.New, key)
	fmt.Fprintf(
		m,
		"%v:%v:%v:%v:%v:%v:%v:%v",
		item["pspReference"],
		item["originalReference"],
		item["merchantAccountCode"],
		item["merchantReference"],
		amount["value"],
		amount["currency"],
		item["eventCode"],
		item["success"],
	)
	item["additionalData"] = map[string]any{"hmacSignature": base64.StdEncoding.EncodeToString(m.Sum(nil))}
	return item
}
