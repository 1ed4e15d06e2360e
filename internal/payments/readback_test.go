package payments_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/payments/sample"
)

// If a refund succeeds and fails within one second, its state is read from the provider's API.
func TestContradictingEventsAreReadBack(t *testing.T) {
	for _, c := range []struct {
		provider, kind, ok, failed, answer, path string
	}{
		{app.Stripe, "refund.updated", "succeeded", "failed", `{"id":"R1","object":"refund","amount":1733,` +
			`"currency":"eur","payment_intent":"P1","status":%q,"created":1796126400}`, "/v1/refunds/R1"},
		{app.Square, "refund.updated", "COMPLETED", "FAILED", `{"refund":{"id":"R1","status":%q,"payment_id":"P1",` +
			`"amount_money":{"amount":1733,"currency":"EUR"},"created_at":"2026-12-01T12:00:00Z",` +
			`"updated_at":"2026-12-01T12:00:00Z"}}`, "/v2/refunds/R1"},
	} {
		for _, truth := range []string{c.ok, c.failed} {
			for _, first := range []string{c.ok, c.failed} {
				t.Run(c.provider+" "+truth+", first "+first, func(t *testing.T) {
					asked := 0
					server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if asked++; r.URL.Path != c.path ||
							r.Header.Get("Authorization") != "Bearer token-0123456789abcdef" {
							t.Errorf("asked for %s", r.URL.Path)
						}
						fmt.Fprintf(w, c.answer, truth)
					}))
					defer server.Close()
					with := settings()
					p := with["corner"][c.provider]
					p.API, p.APISecret = server.URL, "token-0123456789abcdef"
					with["corner"][c.provider] = p
					s := newShopWith(t, options{award: "payments", processors: with})
					paid := sample.Event{
						Provider: c.provider,
						Type:     "payment.updated",
						Payment:  "P1",
						Total:    4999,
						Email:    "ada@shop.test",
						At:       noon.Add(-time.Minute),
					}
					if c.provider == app.Stripe {
						paid.Type = "payment_intent.succeeded"
					}
					s.want(paid, "200 applied")
					second := map[string]string{c.ok: c.failed, c.failed: c.ok}[first]
					refund := sample.Event{
						Provider: c.provider,
						Type:     c.kind,
						Payment:  "P1",
						Object:   "R1",
						Amount:   1733,
						At:       noon,
					}
					for _, status := range []string{first, second} {
						refund.Status = status
						s.want(refund, "200 applied")
					}
					want := map[string]int64{c.ok: refunded1, c.failed: whole}[truth]
					if got := s.points(s.member); got != want || asked != 1 {
						t.Errorf("%d points, want %d, after %d requests", got, want, asked)
					}
					// A newer state takes precedence without a read.
					refund.Status, refund.At = c.failed, noon.Add(time.Second)
					s.want(refund, "200 applied")
					if got := s.points(s.member); got != whole || asked != 1 {
						t.Errorf("%d points, after %d requests", got, asked)
					}
				})
			}
		}
	}
}
