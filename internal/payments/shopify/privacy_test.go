package shopify

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook/webhooktest"
)

// The bodies are the examples of https://shopify.dev/docs/apps/build/compliance/privacy-law-compliance.
const (
	redactBody = `{"shop_id":954889,"shop_domain":"shop.myshopify.com","customer":{"id":191167,` +
		`"email":"john@example.com","phone":"555-625-1199"},"orders_to_redact":[299938,280263,220458]}`
	dataRequestBody = `{"shop_id":954889,"shop_domain":"shop.myshopify.com",` +
		`"orders_requested":[299938,280263,220458],"customer":{"id":191167,` +
		`"email":"john@example.com","phone":"555-625-1199"},"data_request":{"id":9999}}`
	shopRedactBody = `{"shop_id":954889,"shop_domain":"shop.myshopify.com"}`
)

func privacyEvent(topic string, r webhook.PrivacyRequest) func() webhook.Event {
	return func() webhook.Event {
		one := r
		return webhook.Event{Type: topic, Privacy: &one}
	}
}

func TestCustomerErasureRequest(t *testing.T) {
	want := privacyEvent("customers/redact", webhook.PrivacyRequest{
		Kind: webhook.ErasureRequest, Customer: "shopify:191167", Address: "john@example.com",
		Payments: []string{"shopify:299938", "shopify:280263", "shopify:220458"},
	})
	webhooktest.Run(t, readTopic("customers/redact"), redactBody, want, []webhooktest.Edit{
		{Old: `191167`, New: `"191167"`},
		{Old: `191167`, New: `null`, Want: func(e *webhook.Event) { e.Privacy.Customer = "" }},
		{Old: `"john@example.com"`, New: `null`, Want: func(e *webhook.Event) { e.Privacy.Address = "" }},
		{Old: `"id":191167,"email":"john@example.com"`, New: `"id":null`, Code: loyalty.ValidationFailed},
		{Old: `[299938,280263,220458]`, New: `[]`, Want: func(e *webhook.Event) { e.Privacy.Payments = nil }},
		{Old: `[299938,280263,220458]`, New: `["a b"]`, Code: loyalty.ValidationFailed},
		{Old: `orders_to_redact`, New: `orders_requested`, Code: loyalty.ValidationFailed},
		{Old: `"shop_id":954889,`, New: ``, Code: loyalty.ValidationFailed},
		{Old: `"customer"`, New: `"buyer"`, Code: loyalty.ValidationFailed},
	})
}

func TestCustomerDataRequest(t *testing.T) {
	want := privacyEvent("customers/data_request", webhook.PrivacyRequest{
		Kind: webhook.ExportRequest, Customer: "shopify:191167", Address: "john@example.com",
	})
	webhooktest.Run(t, readTopic("customers/data_request"), dataRequestBody, want, []webhooktest.Edit{
		{Old: `orders_requested`, New: `orders_to_redact`, Code: loyalty.ValidationFailed},
		{Old: `"customer"`, New: `"buyer"`, Code: loyalty.ValidationFailed},
	})
}

func TestShopErasureRequest(t *testing.T) {
	want := func() webhook.Event {
		return webhook.Event{
			ID: "shop/redact:#", Type: "shop/redact",
			Privacy: &webhook.PrivacyRequest{Kind: webhook.ShopErasureRequest},
		}
	}
	webhooktest.Run(t, readTopic("shop/redact"), shopRedactBody, want, []webhooktest.Edit{
		{Old: `"shop_domain":"shop.myshopify.com"`, New: `"id":1`, Code: loyalty.ValidationFailed},
		{Old: `954889`, New: `954889,"customer":{"id":1}`, Code: loyalty.ValidationFailed},
	})
}

// The signature of a body is valid for every topic, so a body of another topic must not erase a customer.
func TestBodiesOfOtherTopicsEraseNothing(t *testing.T) {
	bodies := map[string]string{
		"customers/redact": redactBody, "customers/data_request": dataRequestBody, "shop/redact": shopRedactBody,
		"orders/paid": orderBody,
	}
	for topic := range bodies {
		for other, body := range bodies {
			e, err := readTopic(topic)(body)
			if (err == nil) != (topic == other) || topic != other && e.Privacy != nil {
				t.Errorf("a body of %s at %s: %+v %v", other, topic, e, err)
			}
		}
	}
}
