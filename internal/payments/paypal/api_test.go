package paypal

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook/webhooktest"
	"github.com/perennial-loyalty/perennial/internal/service"
)

// An apiServer answers as PayPal's API does: the objects by path, with statuses other than 200 by path.
type apiServer struct {
	objects  map[string]string
	status   map[string]int
	tokens   []string // the access tokens, in their order
	expires  string
	requests []string
}

func (s *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests = append(s.requests, r.Method+" "+r.URL.RequestURI())
	if r.URL.Path == "/v1/oauth2/token" {
		client, pass, _ := r.BasicAuth()
		valid := client == "client" && pass == "secret" && r.FormValue("grant_type") == "client_credentials"
		if !valid || r.Method != http.MethodPost {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		token := s.tokens[0]
		if len(s.tokens) > 1 {
			s.tokens = s.tokens[1:]
		}
		fmt.Fprintf(w, `{"access_token":%q,"expires_in":%s}`, token, s.expires)
		return
	}
	switch status := s.status[r.URL.Path]; {
	case r.Header.Get("Authorization") != "Bearer "+s.tokens[0]:
		w.WriteHeader(http.StatusUnauthorized)
	case status != 0:
		w.WriteHeader(status)
	case s.objects[r.URL.Path] == "":
		w.WriteHeader(http.StatusNotFound)
	default:
		fmt.Fprint(w, s.objects[r.URL.Path])
	}
}

func newAPIServer(t *testing.T) (*apiServer, *provider) {
	s := &apiServer{objects: map[string]string{}, status: map[string]int{}, tokens: []string{"token"}, expires: "600"}
	return s, New(webhooktest.Serve(t, s.ServeHTTP)).(*provider)
}

// An event counts with the data of PayPal's API.
func TestAPIConfirmsEvent(t *testing.T) {
	const (
		capture = `{"id":"CAP1","status":"COMPLETED","amount":{"currency_code":"EUR","value":"50.00"},` +
			`"create_time":"2026-12-01T12:00:00Z","supplementary_data":{"related_ids":{"order_id":"ORDER1"}}}`
		dispute = `{"dispute_id":"DIS1","status":"OPEN","dispute_amount":{"currency_code":"EUR","value":"50.00"},` +
			`"disputed_transactions":[{"seller_transaction_id":"CAP1"}],"create_time":"2026-12-01T12:00:00Z"}`
		refund = `{"id":"REF1","status":"COMPLETED","amount":{"currency_code":"EUR","value":"50.00"},` +
			`"create_time":"2026-12-01T12:00:00Z","links":[{"rel":"up","href":"/CAP1"}],` +
			`"supplementary_data":{"related_ids":{"order_id":"ORDER1"}}}`
		order = `{"id":"ORDER1","purchase_units":[{"amount":{"currency_code":"EUR","value":"50.00",` +
			`"breakdown":{"tax_total":{"currency_code":"EUR","value":"9.50"}}},` +
			`"payments":{"captures":[{"id":"CAP1"}]}}]}`
	)
	fact := func(kind loyalty.FactKind, id string, s loyalty.FactState) loyalty.Fact {
		return loyalty.Fact{
			Kind:  kind,
			ID:    id,
			State: s,
			Money: webhooktest.EUR(5000),
			Clock: webhooktest.NoonClock,
			At:    webhooktest.At12,
		}
	}
	parts := fact(loyalty.FactParts, "ORDER1", loyalty.FactDone)
	parts.Tax = 950
	const (
		capturePath = "/v2/payments/captures/CAP1"
		orderPath   = "/v2/checkout/orders/ORDER1"
		disputePath = "/v1/customer/disputes/DIS1"
	)
	const (
		captured = "PAYMENT.CAPTURE.COMPLETED"
		refunded = "PAYMENT.CAPTURE.REFUNDED"
		disputed = "CUSTOMER.DISPUTE.CREATED"
	)
	captureFacts := []loyalty.Fact{fact(loyalty.FactCapture, "CAP1", loyalty.FactDone)}
	disputeFacts := []loyalty.Fact{fact(loyalty.FactDispute, "DIS1", loyalty.FactOpen)}
	refundFacts := []loyalty.Fact{fact(loyalty.FactRefund, "REF1", loyalty.FactDone)}
	replace := func(s, old, new string) string { return strings.Replace(s, old, new, 1) }
	at := func(path, object string) map[string]string { return map[string]string{path: object} }
	for name, c := range map[string]struct {
		kind, resource string
		objects        map[string]string
		status         map[string]int
		facts          []loyalty.Fact
		code           loyalty.Code
		answer         int // the status of the API's answer, if the answer is the error
		requests       int
	}{
		"a capture": {
			kind: captured, resource: capture, objects: at(capturePath, capture), facts: captureFacts, requests: 3,
		},
		"a capture without an order": {
			kind: captured, resource: capture, objects: at(capturePath, replace(capture, "order_id", "other")),
			facts: captureFacts, requests: 2,
		},
		"an order without a breakdown": {
			kind: captured, resource: capture,
			objects: map[string]string{capturePath: capture, orderPath: replace(order, "breakdown", "other")},
			facts:   captureFacts, requests: 3,
		},
		"a refund": {
			kind: refunded, resource: refund,
			objects: map[string]string{"/v2/payments/refunds/REF1": refund, orderPath: order},
			facts:   refundFacts, requests: 2,
		},
		"a capture of an order": {
			kind: captured, resource: capture, objects: map[string]string{capturePath: capture, orderPath: order},
			facts: append(captureFacts, parts), requests: 3,
		},
		"an order that is forbidden": {
			kind: captured, resource: capture, objects: at(capturePath, capture),
			status: map[string]int{orderPath: 403}, facts: captureFacts, requests: 3,
		},
		"an order that cannot be read now": {
			kind: captured, resource: capture, objects: at(capturePath, capture),
			status: map[string]int{orderPath: 500}, answer: 500, requests: 3,
		},
		"a missing capture": {kind: captured, resource: capture, code: service.BodyMismatch, requests: 2},
		"a capture that is forbidden": {
			kind: captured, resource: capture, status: map[string]int{capturePath: 403}, answer: 403, requests: 2,
		},
		"an API that fails": {
			kind: captured, resource: capture, status: map[string]int{capturePath: 500}, answer: 500, requests: 2,
		},
		"an answer that is not an object": {
			kind: captured, resource: capture, objects: at(capturePath, "[]"), code: webhook.MalformedJSON, requests: 2,
		},
		"another capture": {
			kind: captured, resource: capture, objects: at(capturePath, replace(capture, "CAP1", "CAP2")),
			code: service.BodyMismatch, requests: 2,
		},
		"another amount": {
			kind: captured, resource: replace(capture, "50.00", "60.00"), objects: at(capturePath, capture),
			code: service.BodyMismatch, requests: 2,
		},
		"another currency": {
			kind: captured, resource: replace(capture, "EUR", "USD"), objects: at(capturePath, capture),
			code: service.BodyMismatch, requests: 2,
		},
		"no amount in the event": {
			kind: captured, resource: replace(capture, "50.00", "x"), objects: at(capturePath, capture),
			code: loyalty.AmountOutOfRange, requests: 2,
		},
		"no amount in the API": {
			kind: captured, resource: capture, objects: at(capturePath, replace(capture, "50.00", "x")),
			code: loyalty.AmountOutOfRange, requests: 2,
		},
		"another status": {
			kind: captured, resource: replace(capture, "COMPLETED", "PENDING"), objects: at(capturePath, capture),
			facts: captureFacts, requests: 3,
		},
		"a dispute": {
			kind: disputed, resource: dispute, objects: at(disputePath, dispute), facts: disputeFacts, requests: 2,
		},
		"a dispute of another amount": {
			kind: disputed, resource: replace(dispute, "50.00", "60.00"), objects: at(disputePath, dispute),
			facts: disputeFacts, requests: 2,
		},
		"a dispute without a payment": {
			kind: disputed, resource: dispute,
			objects: at(disputePath, replace(dispute, `{"seller_transaction_id":"CAP1"}`, ``)),
			code:    loyalty.ValidationFailed, requests: 2,
		},
		"an event about something else": {kind: "BILLING.PLAN.CREATED", resource: capture},
	} {
		server, p := newAPIServer(t)
		server.objects, server.status = c.objects, c.status
		body := fmt.Appendf(nil, `{"id":"WH-1","event_type":%q,"create_time":"2026-12-01T12:00:00Z","resource":%s}`,
			c.kind, c.resource)
		e, err := p.Read(t.Context(), webhook.Message{Body: body})
		var unusable *webhook.UnusableError
		var answer *webhook.AnswerError
		var facts []loyalty.Fact
		if e.Report != nil && err == nil {
			facts = e.Report.Facts
		}
		switch {
		case c.code != "" && (!errors.As(err, &unusable) || unusable.Code != c.code):
			t.Errorf("%s: %v, want %s", name, err, c.code)
		case c.answer != 0 && (!errors.As(err, &answer) || answer.Status != c.answer):
			t.Errorf("%s: %v, want the API's %d", name, err, c.answer)
		case c.code == "" && c.answer == 0 && err != nil:
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(c.facts, facts); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if len(server.requests) != c.requests || e.ID != "WH-1" {
			t.Errorf("%s: requests %v", name, server.requests)
		}
	}
}

// An access token is used until a minute before it expires, and no longer after an answer of 401.
func TestAccessTokens(t *testing.T) {
	server, p := newAPIServer(t)
	server.objects["/a"] = "{}"
	now := webhooktest.At12
	p.Now = func() time.Time { return now }
	get := func(want error, requests ...string) {
		t.Helper()
		server.requests = nil
		_, err := p.get(t.Context(), "/a")
		var answer *webhook.AnswerError
		if (err == nil) != (want == nil) ||
			want != nil && (!errors.As(err, &answer) || answer.Error() != want.Error()) {
			t.Errorf("%v, want %v", err, want)
		}
		if diff := cmp.Diff(requests, server.requests); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	const token, object = "POST /v1/oauth2/token", "GET /a"
	get(nil, token, object)
	get(nil, object)
	now = webhooktest.At12.Add(9*time.Minute - time.Second)
	get(nil, object)
	now = webhooktest.At12.Add(9 * time.Minute)
	get(nil, token, object)
	server.tokens = []string{"another"}
	get(&webhook.AnswerError{Status: 401}, object)
	get(nil, token, object)
	server.status["/a"] = 500
	get(&webhook.AnswerError{Status: 500}, object)
	server.status["/a"] = 0
	get(nil, object)
	now = now.Add(time.Hour)
	p.APISecret = "wrong"
	get(&webhook.AnswerError{Status: 400}, token)
	p.APISecret = "secret"
	server.tokens = []string{""}
	server.requests = nil
	if _, err := p.get(t.Context(), "/a"); err == nil || len(server.requests) != 1 {
		t.Errorf("an answer without a token: %v, requests %v", err, server.requests)
	}
	server.tokens, server.expires = []string{"token"}, `"soon"`
	if _, err := p.get(t.Context(), "/a"); err == nil {
		t.Error("an answer of another form was accepted")
	}
}

func TestAddresses(t *testing.T) {
	for _, c := range []struct {
		stage     app.Stage
		api, want string
		host      string
		name      string
	}{
		{app.Live, "", "https://api-m.paypal.com", "api.paypal.com", liveCertName},
		{app.Test, "", "https://api-m.sandbox.paypal.com", "api.sandbox.paypal.com", testCertName},
		{app.Live, "https://x.test/", "https://x.test", "api.paypal.com", liveCertName},
	} {
		p := &provider{Connection: webhook.Connection{Stage: c.stage, Processor: app.Processor{API: c.api}}}
		if p.base() != c.want || p.certHost() != c.host || p.certName() != c.name {
			t.Errorf("%s, %q: %s, certificates from %s for %s", c.stage, c.api, p.base(), p.certHost(), p.certName())
		}
	}
}

func TestList(t *testing.T) {
	const path, next = "/v1/notifications/webhooks-events", "/v1/x?page=2"
	const first = path + "?end_time=2026-12-01T12%3A00%3A00Z&page_size=100&start_time=2026-12-01T11%3A00%3A00Z"
	for answer, want := range map[string]string{
		`{"events":[{}],"links":[{"rel":"self","href":"https://x/1"},` +
			`{"rel":"next","href":"https://elsewhere.test` + next + `"},{"rel":"last","href":"https://x/9"}]}`: next,
		`{"events":[],"links":[{"rel":"next","href":"https://x/2"}]}`: "",
		`{"events":[{}],"links":[{"rel":"next","href":"%zz"}]}`:       "",
		`{"events":[{}]}`: "",
	} {
		server, p := newAPIServer(t)
		server.objects[path], server.objects["/v1/x"] = answer, answer
		for cursor, request := range map[string]string{"": first, next: next} {
			page, err := p.List(t.Context(), webhooktest.At11, cursor)
			if err != nil || page.Next != want || len(page.Messages) != strings.Count(answer, "{}") {
				t.Errorf("%s: %+v, %v", answer, page, err)
			}
			if got := server.requests[len(server.requests)-1]; got != "GET "+request {
				t.Errorf("request %s, want %s", got, request)
			}
		}
	}
	server, p := newAPIServer(t)
	for _, answer := range []string{"", `{"events":{}}`} {
		server.objects[path] = answer
		if _, err := p.List(t.Context(), webhooktest.At11, ""); err == nil {
			t.Errorf("%q was accepted", answer)
		}
	}
}
