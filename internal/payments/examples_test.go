package payments_test

import (
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/payments/sample"
)

// TestWebhookExamplesMatchResponses signs and sends the examples of webhooks in openapi.yaml and compares the
// responses.
func TestWebhookExamplesMatchResponses(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromFile("../api/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for path, event := range map[string]sample.Event{
		"/v1/webhooks/{program}/{provider}": {
			Provider: app.Standard, Type: "payment.captured", ID: "evt_1042",
		},
		"/v1/webhooks/{program}/shopify/{resource}/{action}": {Provider: app.Shopify, Type: "disputes/create"},
	} {
		s := newShop(t, "payments")
		op := doc.Paths.Value(path).Post
		body, err := json.Marshal(op.RequestBody.Value.Content.Get("application/json").Example)
		if err != nil {
			t.Fatal(err)
		}
		got := s.exchange(event, body)
		want := op.Responses.Status(http.StatusOK).Value.Content.Get("application/json").Example
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: the actual response is %v, the example is %v", path, got, want)
		}
	}
}

// exchange signs a body as the provider of an event does, sends it, and returns the decoded response.
func (s *shop) exchange(e sample.Event, body []byte) (response any) {
	s.t.Helper()
	headers, err := e.Headers(settings()["corner"][e.Provider], body, s.stack.App.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, s.server.URL+e.Path("corner"), strings.NewReader(string(body)))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header = headers
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err == nil {
		err = json.Unmarshal(raw, &response)
	}
	if err != nil {
		s.t.Fatalf("%d %s: %v", resp.StatusCode, raw, err)
	}
	return response
}
