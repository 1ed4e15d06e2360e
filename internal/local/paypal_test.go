package local

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/local/paypal"
	"github.com/perennial-loyalty/perennial/internal/payments/sample"
)

// paypalStack returns a stack with an emulated PayPal, or without one.
func paypalStack(t *testing.T, server *paypal.Server) *Stack {
	t.Helper()
	s, _, _, _ := frozenStack(t, func(o *Options) { o.Processors, o.PayPal = Processors("bluebird"), server })
	return s
}

func newPayPal(t *testing.T) *paypal.Server {
	t.Helper()
	s, err := paypal.New()
	if err != nil {
		t.Fatal(err)
	}
	s.Next = nowhere{}
	return s
}

// nowhere is a network without PayPal.
type nowhere struct{}

func (nowhere) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 404, Body: io.NopCloser(strings.NewReader("")), Request: r}, nil
}

func post(s http.Handler, path string, h http.Header, body []byte) (int, string) {
	r := httptest.NewRequest("POST", path, bytes.NewReader(body))
	r.Header = h
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// TestOnlyOwnStackTrustsEmulatedPayPal checks that a webhook that one stack's emulated PayPal signs is valid for
// that stack and for no other one.
func TestOnlyOwnStackTrustsEmulatedPayPal(t *testing.T) {
	one := paypalStack(t, newPayPal(t))
	body, err := sample.Event{
		Provider: app.PayPal, Type: "PAYMENT.CAPTURE.COMPLETED", Payment: "5O1", At: noon,
	}.Body("")
	if err != nil {
		t.Fatal(err)
	}
	status, answer := post(one, "/v1/test/paypal", http.Header{"Content-Type": {"application/json"}}, body)
	var signed struct {
		Headers http.Header `json:"headers"`
	}
	if err := json.Unmarshal([]byte(answer), &signed); err != nil || status != 200 {
		t.Fatal(status, answer, err)
	}
	other := newPayPal(t)
	another := paypalStack(t, other)
	if status, answer := post(
		another, "/v1/test/paypal", http.Header{"Content-Type": {"application/json"}}, body,
	); status != 200 {
		t.Fatal(status, answer)
	}
	for name, c := range map[string]struct {
		stack *Stack
		want  int
	}{"the same stack": {one, 200}, "a stack with another authority": {another, 401}} {
		if status, answer := post(c.stack, "/v1/webhooks/bluebird/paypal", signed.Headers, body); status != c.want {
			t.Errorf("%s: %d %s, want %d", name, status, answer, c.want)
		}
	}
	if status, answer := post(one, "/v1/webhooks/bluebird/paypal", signed.Headers, append(body, ' ')); status != 401 {
		t.Errorf("another body: %d %s", status, answer)
	}
}

func TestEmulatedPayPalSignsOnlyItsEvents(t *testing.T) {
	with, without := paypalStack(t, newPayPal(t)), paypalStack(t, nil)
	event := []byte(`{"event_type": "PAYMENT.CAPTURE.COMPLETED", "resource": {"id": "5O1"}}`)
	isJSON := http.Header{"Content-Type": {"application/json"}}
	for name, c := range map[string]struct {
		stack *Stack
		h     http.Header
		body  string
		want  int
	}{
		"a stack without an emulated PayPal": {without, isJSON, string(event), 404},
		"a form of a web page":               {with, http.Header{"Content-Type": {"text/plain"}}, string(event), 400},
		"no event":                           {with, isJSON, `{"id": "evt_1"}`, 400},
		"no JSON":                            {with, isJSON, `event`, 400},
		"an event":                           {with, isJSON, string(event), 200},
	} {
		if status, answer := post(c.stack, "/v1/test/paypal", c.h, []byte(c.body)); status != c.want {
			t.Errorf("%s: %d %s, want %d", name, status, answer, c.want)
		}
	}
}
