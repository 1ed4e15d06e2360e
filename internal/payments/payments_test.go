package payments

import (
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/app"
)

func TestNoWebhookIsAcknowledged(t *testing.T) {
	a := &app.App{Log: slog.New(slog.DiscardHandler)}
	for _, c := range []struct {
		provider string
		status   int
		code     string
	}{
		{"adyen", 503, "webhook_not_configured"},
		{"paypal", 503, "webhook_not_configured"},
		{"shopify", 503, "webhook_not_configured"},
		{"square", 503, "webhook_not_configured"},
		{"stripe", 503, "webhook_not_configured"},
		{"Stripe", 404, "not_found"},
		{"", 404, "not_found"},
	} {
		payload, err := json.Marshal(events.APIGatewayV2HTTPRequest{
			PathParameters: map[string]string{"program": "bluebird", "provider": c.provider}, Body: `{"id":"evt_1"}`,
			RequestContext: events.APIGatewayV2HTTPRequestContext{RequestID: "r1"},
		})
		if err != nil {
			t.Fatal(err)
		}
		raw, err := Webhooks(a).Invoke(t.Context(), payload)
		if err != nil {
			t.Fatal(err)
		}
		var answer events.APIGatewayV2HTTPResponse
		var p wire.Problem
		if err := json.Unmarshal(raw, &answer); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(answer.Body), &p); err != nil {
			t.Fatal(err)
		}
		if answer.StatusCode != c.status || p.Status != c.status || p.Code != c.code || p.RequestID != "r1" || p.Errors == nil {
			t.Errorf("%s: %s", c.provider, raw)
		}
		if (c.status == 503) != (answer.Headers["retry-after"] != "") {
			t.Errorf("%s: headers %v", c.provider, answer.Headers)
		}
	}
}
