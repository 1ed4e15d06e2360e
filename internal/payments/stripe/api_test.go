package stripe

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook/webhooktest"
)

func TestList(t *testing.T) {
	const first = "GET /v1/events?created%5Bgte%5D=1796126400&limit=100"
	page := func(body string) map[string]string { return map[string]string{"/v1/events": body} }
	webhooktest.RunLists(t, New, map[string]webhooktest.ListTest{
		"the first page": {
			Answers: page(`{"data":[{"id":"evt_2"},{"id":"evt_1"}],"has_more":true}`),
			Want:    []string{first}, Events: 2, Next: "evt_1",
		},
		"the last page": {
			Cursor: "evt_1", Answers: page(`{"data":[{"id":"evt_0"}],"has_more":false}`),
			Want: []string{first + "&starting_after=evt_1"}, Events: 1,
		},
		"an empty page": {Answers: page(`{"data":[],"has_more":true}`), Want: []string{first}},
		"an error":      {Want: []string{first}, Fails: true},
		"another form": {
			Answers: page(`{"data":[{"id":"evt_2"}],"has_more":"yes"}`), Want: []string{first}, Fails: true,
		},
	})
}

// Objects are read in one version of the API. The event of an object has the instant of the fact.
func TestRetrieve(t *testing.T) {
	event := func(kind string) string {
		return fmt.Sprintf(`{"api_version":"2025-03-31.basil","created":1796126400,"data":{"object":{"id":"x"}},`+
			`"id":"readback:x:%s","object":"event","type":"%s"}`, webhook.Digest([]byte(`{"id":"x"}`)), kind)
	}
	for _, clock := range []int64{webhooktest.NoonClock, webhooktest.NoonClock + overCharge} {
		webhooktest.RunRetrievals(t, New, clock, map[loyalty.FactKind]webhooktest.Retrieval{
			loyalty.FactCapture:  {Path: "/v1/payment_intents/x", Body: event("payment_intent.succeeded")},
			loyalty.FactRefunded: {Path: "/v1/charges/x", Body: event("charge.updated")},
			loyalty.FactRefund:   {Path: "/v1/refunds/x", Body: event("refund.updated")},
			loyalty.FactDispute:  {Path: "/v1/disputes/x", Body: event("charge.dispute.updated")},
		})
	}
	version := ""
	p := New(webhooktest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		version = r.Header.Get("Stripe-Version")
		fmt.Fprint(w, "{}")
	})).(webhook.Retriever)
	_, _, err := p.Retrieve(t.Context(), loyalty.Fact{Kind: loyalty.FactRefund, ID: "x"})
	if err != nil || version != "2025-03-31.basil" {
		t.Errorf("version %q, %v", version, err)
	}
}
