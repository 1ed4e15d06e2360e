package payments

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

func TestAddressesOfProcessors(t *testing.T) {
	for _, c := range []struct {
		provider, api string
		stage         app.Stage
		want          string
	}{
		{app.Stripe, "", app.Live, "https://api.stripe.com"},
		{app.Stripe, "", app.Test, "https://api.stripe.com"},
		{app.Square, "", app.Live, "https://connect.squareup.com"},
		{app.Square, "", app.Test, "https://connect.squareupsandbox.com"},
		{app.Stripe, "https://x.test/", app.Live, "https://x.test"},
		{app.Shopify, "https://shop.test", app.Test, "https://shop.test"},
	} {
		con := connection{provider: c.provider, agreed: app.Processor{API: c.api, APISecret: "secret"}}
		if got := con.base(c.stage); got != c.want {
			t.Errorf("%s, %q, %s: %s, want %s", c.provider, c.api, c.stage, got, c.want)
		}
		r := &http.Request{Header: http.Header{}}
		con.bearer(r)
		want := http.Header{"Authorization": {"Bearer secret"}}
		if c.provider == app.Stripe {
			want["Stripe-Version"] = []string{stripeVersion}
		}
		if diff := cmp.Diff(want, r.Header); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.provider, diff)
		}
	}
}

// What is read back has the form of an event about the object, at the instant of the fact.
func TestObjectsThatAreReadBack(t *testing.T) {
	kinds := []loyalty.FactKind{loyalty.FactCapture, loyalty.FactRefunded, loyalty.FactRefund, loyalty.FactDispute, loyalty.FactParts}
	for provider, want := range map[string][][2]string{
		app.Stripe: {
			{"/v1/payment_intents/x", "payment_intent.succeeded"},
			{"/v1/charges/x", "charge.updated"},
			{"/v1/refunds/x", "refund.updated"},
			{"/v1/disputes/x", "charge.dispute.updated"},
			{},
		},
		app.Square: {
			{"/v2/payments/x", "payment.updated"},
			{"/v2/payments/x", "payment.updated"},
			{"/v2/refunds/x", "refund.updated"},
			{"/v2/disputes/x", "dispute.state.updated"},
			{},
		},
		app.Adyen: {{}, {}, {}, {}, {}},
	} {
		for i, kind := range kinds {
			path, event := (&connection{provider: provider}).object(loyalty.Fact{Kind: kind, ID: "x"})
			if got := [2]string{path, event}; got != want[i] {
				t.Errorf("%s, %s: %v, want %v", provider, kind, got, want[i])
			}
		}
	}
	object := jsontext.Value(`{"id":"x"}`)
	id := "readback:x:" + digest(object)
	for provider, want := range map[string]map[string]any{
		app.Stripe: {"id": id, "object": "event", "created": float64(at12.Unix()), "api_version": stripeVersion},
		app.Square: {"event_id": id, "created_at": at12.Format(time.RFC3339)},
	} {
		want["type"], want["data"] = "kind", map[string]any{"object": map[string]any{"id": "x"}}
		for _, clock := range []int64{noonClock, noonClock + overCharge} {
			raw, err := (&connection{provider: provider}).asEvent("kind", loyalty.Fact{ID: "x", Clock: clock}, object)
			var got map[string]any
			if err := errors.Join(err, json.Unmarshal(raw, &got)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", provider, diff)
			}
		}
	}
	if _, err := (&connection{provider: app.Stripe}).asEvent("kind", loyalty.Fact{}, jsontext.Value(`{`)); err == nil {
		t.Error("an object that is no JSON was accepted")
	}
}
