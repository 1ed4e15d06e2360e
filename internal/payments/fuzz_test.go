package payments

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/payments/sample"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
)

// Without the secret, no header and body pass, and no provider panics. The secret is not among the seeds, so that the
// fuzzer cannot learn a signature.
func FuzzVerify(f *testing.F) {
	for _, v := range readVectors(f) {
		for _, value := range v.Header {
			f.Add(value, v.Body, "1614265330", "msg_1")
		}
	}
	f.Add("t=1796126400,v1="+strings.Repeat("ab", 32), "{}", "1796126400", "msg_1")
	const secret = "5F0A1B2C3D4E5F60718293A4B5C6D7E8F90A1B2C3D4E5F60718293A4B5C6D7E8"
	settings := app.Processor{Secrets: []string{secret}, URL: "https://shop.test/", WebhookID: "4JH86294D6297924G"}
	f.Fuzz(func(t *testing.T, signature, body, when, id string) {
		h := webhook.Header{
			"stripe-signature": signature, "x-shopify-hmac-sha256": signature, "shopify-hmac-sha256": signature,
			"x-square-hmacsha256-signature": signature, "webhook-signature": signature, "webhook-timestamp": when,
			"webhook-id": id, "paypal-transmission-sig": signature, "paypal-transmission-id": id,
			"paypal-transmission-time": "2026-12-01T12:00:00Z", "paypal-auth-algo": "SHA256withRSA",
			"paypal-cert-url": when, "hmacsignature": signature,
		}
		api := &echo{body: body}
		for name, connect := range providers {
			p := connect(webhook.Connection{Processor: settings, Stage: app.Test, HTTP: &http.Client{Transport: api}})
			for _, header := range []webhook.Header{h, {}} { // Adyen's signatures are in the body
				r := webhook.Request{Header: header, Topic: "orders/paid", Body: []byte(body), At: at12}
				if _, err := p.Verify(t.Context(), r); err == nil {
					t.Errorf("%s accepts a request without the secret", name)
				}
			}
		}
		for _, request := range api.requests {
			if !strings.HasPrefix(request, "https://api.sandbox.paypal.com/v1/notifications/certs/") {
				t.Errorf("request to %s", request)
			}
		}
	})
}

// A verified body can have any content. Reading it does not panic, and its report is valid input of the ledger. Items
// of Adyen contain their signature, so they have their own test (package adyen).
func FuzzRead(f *testing.F) {
	for _, v := range readVectors(f) {
		f.Add([]byte(v.Body), "orders/paid")
	}
	for _, body := range samples(f) {
		f.Add(body, "refunds/create")
		f.Add(body, "disputes/update")
	}
	f.Fuzz(func(t *testing.T, body []byte, topic string) {
		for name, connect := range providers {
			// PayPal's API confirms each event with the object in it.
			var event struct {
				Resource jsontext.Value `json:"resource"`
			}
			_ = json.Unmarshal(body, &event, jsontext.AllowDuplicateNames(true))
			p := connect(webhook.Connection{
				HTTP: &http.Client{Transport: &echo{body: string(event.Resource)}},
				Now:  func() time.Time { return at12 },
			})
			e, err := p.Read(t.Context(), webhook.Message{ID: "msg_1", Topic: topic, Body: body})
			var unusable *webhook.UnusableError
			if err != nil && !errors.As(err, &unusable) {
				t.Errorf("%s: %v", name, err)
			}
			if err == nil && e.Report != nil {
				checkReport(t, name, e.Report)
			}
		}
	})
}

func checkReport(t *testing.T, provider string, r *webhook.Report) {
	for _, id := range []string{strings.TrimPrefix(r.Payment, provider+":"), r.Order, r.Member} {
		if id != "" && !webhook.IsID(id) {
			t.Errorf("%s: invalid ID %q", provider, id)
		}
	}
	for _, f := range r.Facts {
		_, ok := f.Money.Currency.Exponent()
		if !ok || f.Money.Amount < 0 || f.Money.Amount > loyalty.MaxAmount || f.State == "" {
			t.Errorf("%s: %v", provider, f)
		}
	}
}

// samples returns one event of every type of every provider.
func samples(tb testing.TB) (all [][]byte) {
	for _, provider := range app.Providers() {
		for _, kind := range sample.Types(provider) {
			e := sample.Event{Provider: provider, Type: kind, Object: "501", Payment: "1042", At: at12}
			body, err := e.Body(adyenKey)
			if err != nil {
				tb.Fatal(err)
			}
			all = append(all, body)
		}
	}
	return all
}

// An echo answers every request with a body, and requests for an access token with one.
type echo struct {
	body     string
	requests []string
}

func (e *echo) RoundTrip(r *http.Request) (*http.Response, error) {
	e.requests = append(e.requests, r.URL.String())
	body := e.body
	if r.URL.Path == "/v1/oauth2/token" {
		body = `{"access_token":"token","expires_in":600}`
	}
	return &http.Response{
		StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(body)), Header: http.Header{}, Request: r,
	}, nil
}
