package square

import (
	"fmt"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook/webhooktest"
)

func TestAPIAddress(t *testing.T) {
	for _, c := range []struct {
		api   string
		stage app.Stage
		want  string
	}{
		{"", app.Live, "https://connect.squareup.com"},
		{"", app.Test, "https://connect.squareupsandbox.com"},
		{"https://x.test/", app.Live, "https://x.test"},
	} {
		p := &provider{Connection: webhook.Connection{Stage: c.stage, Processor: app.Processor{API: c.api}}}
		if got := p.base(); got != c.want {
			t.Errorf("%q, %s: %s, want %s", c.api, c.stage, got, c.want)
		}
	}
}

func TestList(t *testing.T) {
	const query = `"limit":100,"query":{"filter":{"created_at":{"start_at":"2026-12-01T12:00:00Z"}}}}`
	const first = "POST /v2/events application/json {" + query
	const second = `POST /v2/events application/json {"cursor":"c1",` + query
	page := func(body string) map[string]string { return map[string]string{"/v2/events": body} }
	webhooktest.RunLists(t, New, map[string]webhooktest.ListTest{
		"the first page": {
			Answers: page(`{"events":[{}],"cursor":"c1"}`), Want: []string{first}, Events: 1, Next: "c1",
		},
		"the last page": {
			Cursor: "c1", Answers: page(`{"events":[{},{}]}`), Want: []string{second}, Events: 2,
		},
		"an error": {Want: []string{first}, Fails: true},
	})
}

// The event of an object has the instant of the fact.
func TestRetrieve(t *testing.T) {
	event := func(kind string) string {
		return fmt.Sprintf(`{"created_at":"2026-12-01T12:00:00Z","data":{"object":{"id":"x"}},`+
			`"event_id":"readback:x:%s","type":"%s"}`, webhook.Digest([]byte(`{"id":"x"}`)), kind)
	}
	webhooktest.RunRetrievals(t, New, webhooktest.NoonClock, map[loyalty.FactKind]webhooktest.Retrieval{
		loyalty.FactCapture:  {Path: "/v2/payments/x", Body: event("payment.updated")},
		loyalty.FactRefunded: {Path: "/v2/payments/x", Body: event("payment.updated")},
		loyalty.FactRefund:   {Path: "/v2/refunds/x", Body: event("refund.updated")},
		loyalty.FactDispute:  {Path: "/v2/disputes/x", Body: event("dispute.state.updated")},
	})
}
