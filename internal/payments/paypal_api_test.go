package payments

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// A paypalServer answers as PayPal's API does: the objects by path, with statuses other than 200 by path.
type paypalServer struct {
	objects map[string]string
	status  map[string]int
	tokens  []string // what it gives out, one after the other
	expires string
	asked   []string
}

func (p *paypalServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.asked = append(p.asked, r.Method+" "+r.URL.RequestURI())
	if r.URL.Path == "/v1/oauth2/token" {
		client, pass, _ := r.BasicAuth()
		if r.FormValue("grant_type") != "client_credentials" || client != "client" || pass != "secret" || r.Method != http.MethodPost {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		token := p.tokens[0]
		if len(p.tokens) > 1 {
			p.tokens = p.tokens[1:]
		}
		fmt.Fprintf(w, `{"access_token":%q,"expires_in":%s}`, token, p.expires)
		return
	}
	switch status := p.status[r.URL.Path]; {
	case r.Header.Get("Authorization") != "Bearer "+p.tokens[0]:
		w.WriteHeader(http.StatusUnauthorized)
	case status != 0:
		w.WriteHeader(status)
	case p.objects[r.URL.Path] == "":
		w.WriteHeader(http.StatusNotFound)
	default:
		fmt.Fprint(w, p.objects[r.URL.Path])
	}
}

func newPayPalServer(t *testing.T) (*paypalServer, *paypalAPI) {
	p := &paypalServer{objects: map[string]string{}, status: map[string]int{}, tokens: []string{"token"}, expires: "600"}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	return p, newPayPalAPI(app.Processor{API: server.URL + "/", ClientID: "client", APISecret: "secret"}, &app.App{HTTP: server.Client(), Now: func() time.Time { return at12 }})
}

// An event counts as PayPal's API confirms it.
func TestPayPalConfirmsAnEvent(t *testing.T) {
	const (
		capture = `{"id":"CAP1","status":"COMPLETED","amount":{"currency_code":"EUR","value":"50.00"},"create_time":"2026-12-01T12:00:00Z","supplementary_data":{"related_ids":{"order_id":"ORDER1"}}}`
		dispute = `{"dispute_id":"DIS1","status":"OPEN","dispute_amount":{"currency_code":"EUR","value":"50.00"},"disputed_transactions":[{"seller_transaction_id":"CAP1"}],"create_time":"2026-12-01T12:00:00Z"}`
		refund  = `{"id":"REF1","status":"COMPLETED","amount":{"currency_code":"EUR","value":"50.00"},"create_time":"2026-12-01T12:00:00Z","links":[{"rel":"up","href":"/CAP1"}],"supplementary_data":{"related_ids":{"order_id":"ORDER1"}}}`
		order   = `{"id":"ORDER1","purchase_units":[{"amount":{"currency_code":"EUR","value":"50.00","breakdown":{"tax_total":{"currency_code":"EUR","value":"9.50"}}},"payments":{"captures":[{"id":"CAP1"}]}}]}`
	)
	fact := func(kind loyalty.FactKind, id string, s loyalty.FactState) loyalty.Fact {
		return loyalty.Fact{Kind: kind, ID: id, State: s, Money: eur(5000), Clock: noonClock, At: at12}
	}
	captured := []loyalty.Fact{fact(loyalty.FactCapture, "CAP1", loyalty.FactDone)}
	parts := fact(loyalty.FactParts, "ORDER1", loyalty.FactDone)
	parts.Tax = 950
	const capturePath, orderPath = "/v2/payments/captures/CAP1", "/v2/checkout/orders/ORDER1"
	for name, c := range map[string]struct {
		kind, resource string
		objects        map[string]string
		status         map[string]int
		facts          []loyalty.Fact
		code           loyalty.Code
		api            int // the status of the API's answer, if that is the error
		asked          int
	}{
		"a capture":                        {kind: "PAYMENT.CAPTURE.COMPLETED", resource: capture, objects: map[string]string{capturePath: capture}, facts: captured, asked: 3},
		"a capture without an order":       {kind: "PAYMENT.CAPTURE.COMPLETED", resource: capture, objects: map[string]string{capturePath: strings.Replace(capture, "order_id", "other", 1)}, facts: captured, asked: 2},
		"an order without a breakdown":     {kind: "PAYMENT.CAPTURE.COMPLETED", resource: capture, objects: map[string]string{capturePath: capture, orderPath: strings.Replace(order, "breakdown", "other", 1)}, facts: captured, asked: 3},
		"a refund":                         {kind: "PAYMENT.CAPTURE.REFUNDED", resource: refund, objects: map[string]string{"/v2/payments/refunds/REF1": refund, orderPath: order}, facts: []loyalty.Fact{fact(loyalty.FactRefund, "REF1", loyalty.FactDone)}, asked: 2},
		"a capture of an order":            {kind: "PAYMENT.CAPTURE.COMPLETED", resource: capture, objects: map[string]string{capturePath: capture, orderPath: order}, facts: append(captured, parts), asked: 3},
		"an order that is forbidden":       {kind: "PAYMENT.CAPTURE.COMPLETED", resource: capture, objects: map[string]string{capturePath: capture}, status: map[string]int{orderPath: 403}, facts: captured, asked: 3},
		"an order that cannot be read now": {kind: "PAYMENT.CAPTURE.COMPLETED", resource: capture, objects: map[string]string{capturePath: capture}, status: map[string]int{orderPath: 500}, api: 500, asked: 3},
		"a capture that is not there":      {kind: "PAYMENT.CAPTURE.COMPLETED", resource: capture, code: ledger.BodyMismatch, asked: 2},
		"a capture that is forbidden":      {kind: "PAYMENT.CAPTURE.COMPLETED", resource: capture, status: map[string]int{capturePath: 403}, api: 403, asked: 2},
		"an API that fails":                {kind: "PAYMENT.CAPTURE.COMPLETED", resource: capture, status: map[string]int{capturePath: 500}, api: 500, asked: 2},
		"an answer that is no object":      {kind: "PAYMENT.CAPTURE.COMPLETED", resource: capture, objects: map[string]string{capturePath: "[]"}, code: malformed, asked: 2},
		"another capture":                  {kind: "PAYMENT.CAPTURE.COMPLETED", resource: capture, objects: map[string]string{capturePath: strings.Replace(capture, "CAP1", "CAP2", 1)}, code: ledger.BodyMismatch, asked: 2},
		"another amount":                   {kind: "PAYMENT.CAPTURE.COMPLETED", resource: strings.Replace(capture, "50.00", "60.00", 1), objects: map[string]string{capturePath: capture}, code: ledger.BodyMismatch, asked: 2},
		"another currency":                 {kind: "PAYMENT.CAPTURE.COMPLETED", resource: strings.Replace(capture, "EUR", "USD", 1), objects: map[string]string{capturePath: capture}, code: ledger.BodyMismatch, asked: 2},
		"no amount in the event":           {kind: "PAYMENT.CAPTURE.COMPLETED", resource: strings.Replace(capture, "50.00", "x", 1), objects: map[string]string{capturePath: capture}, code: outOfRange, asked: 2},
		"no amount in the API":             {kind: "PAYMENT.CAPTURE.COMPLETED", resource: capture, objects: map[string]string{capturePath: strings.Replace(capture, "50.00", "x", 1)}, code: outOfRange, asked: 2},
		"another status":                   {kind: "PAYMENT.CAPTURE.COMPLETED", resource: strings.Replace(capture, "COMPLETED", "PENDING", 1), objects: map[string]string{capturePath: capture}, facts: captured, asked: 3},
		"a dispute":                        {kind: "CUSTOMER.DISPUTE.CREATED", resource: dispute, objects: map[string]string{"/v1/customer/disputes/DIS1": dispute}, facts: []loyalty.Fact{fact(loyalty.FactDispute, "DIS1", loyalty.FactOpen)}, asked: 2},
		"a dispute of another amount":      {kind: "CUSTOMER.DISPUTE.CREATED", resource: strings.Replace(dispute, "50.00", "60.00", 1), objects: map[string]string{"/v1/customer/disputes/DIS1": dispute}, facts: []loyalty.Fact{fact(loyalty.FactDispute, "DIS1", loyalty.FactOpen)}, asked: 2},
		"a dispute without a payment":      {kind: "CUSTOMER.DISPUTE.CREATED", resource: dispute, objects: map[string]string{"/v1/customer/disputes/DIS1": strings.Replace(dispute, `{"seller_transaction_id":"CAP1"}`, ``, 1)}, code: invalid, asked: 2},
		"an event about something else":    {kind: "BILLING.PLAN.CREATED", resource: capture},
	} {
		server, api := newPayPalServer(t)
		server.objects, server.status = c.objects, c.status
		claim, err := readPayPal(fmt.Appendf(nil, `{"id":"WH-1","event_type":%q,"create_time":"2026-12-01T12:00:00Z","resource":%s}`, c.kind, c.resource))
		if err != nil {
			t.Fatal(err)
		}
		e, err := claim.confirmed(t.Context(), api)
		var strange *oddity
		var answer *answerError
		var facts []loyalty.Fact
		if e.report != nil && err == nil {
			facts = e.report.Facts
		}
		switch {
		case c.code != "" && (!errors.As(err, &strange) || strange.code != c.code):
			t.Errorf("%s: %v, want %s", name, err, c.code)
		case c.api != 0 && (!errors.As(err, &answer) || answer.status != c.api):
			t.Errorf("%s: %v, want the API's %d", name, err, c.api)
		case c.code == "" && c.api == 0 && err != nil:
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(c.facts, facts); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if len(server.asked) != c.asked || e.id != "WH-1" {
			t.Errorf("%s: asked for %v", name, server.asked)
		}
	}
}

// An access token is used until a minute before it expires, and no longer after an answer of 401.
func TestPayPalAccessTokens(t *testing.T) {
	server, api := newPayPalServer(t)
	server.objects["/a"] = "{}"
	now := at12
	api.now = func() time.Time { return now }
	get := func(want error, asked ...string) {
		t.Helper()
		server.asked = nil
		_, err := api.get(t.Context(), "/a")
		var answer *answerError
		if (err == nil) != (want == nil) || want != nil && (!errors.As(err, &answer) || answer.Error() != want.Error()) {
			t.Errorf("%v, want %v", err, want)
		}
		if diff := cmp.Diff(asked, server.asked); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	const token, object = "POST /v1/oauth2/token", "GET /a"
	get(nil, token, object)
	get(nil, object)
	now = at12.Add(9*time.Minute - time.Second)
	get(nil, object)
	now = at12.Add(9 * time.Minute)
	get(nil, token, object)
	server.tokens = []string{"another"}
	get(&answerError{401}, object)
	get(nil, token, object)
	server.status["/a"] = 500
	get(&answerError{500}, object)
	server.status["/a"] = 0
	get(nil, object)
	now = now.Add(time.Hour)
	api.pass = "wrong"
	get(&answerError{400}, token)
	api.pass = "secret"
	server.tokens = []string{""}
	server.asked = nil
	if _, err := api.get(t.Context(), "/a"); err == nil || len(server.asked) != 1 {
		t.Errorf("an answer without a token: %v, asked for %v", err, server.asked)
	}
	server.tokens, server.expires = []string{"token"}, `"soon"`
	if _, err := api.get(t.Context(), "/a"); err == nil {
		t.Error("an answer of another form was accepted")
	}
}

func TestPayPalAddresses(t *testing.T) {
	for _, c := range []struct {
		stage     app.Stage
		api, want string
		host      string
	}{
		{app.Live, "", "https://api-m.paypal.com", "api.paypal.com"},
		{app.Test, "", "https://api-m.sandbox.paypal.com", "api.sandbox.paypal.com"},
		{app.Live, "https://x.test/", "https://x.test", "api.paypal.com"},
	} {
		a := &app.App{Stage: c.stage}
		if got := newPayPalAPI(app.Processor{API: c.api}, a).base; got != c.want {
			t.Errorf("%s, %q: %s, want %s", c.stage, c.api, got, c.want)
		}
		if got := newPayPal(app.Processor{}, a); got.host != c.host || got.name != map[bool]string{true: liveCerts, false: testCerts}[c.stage == app.Live] {
			t.Errorf("%s: certificates from %s for %s", c.stage, got.host, got.name)
		}
	}
}

// An answer of up to a megabyte is read.
func TestSizeOfAnswers(t *testing.T) {
	for size, want := range map[int]bool{maxAnswer: true, maxAnswer + 1: false} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, size)) }))
		raw, err := fetch(t.Context(), server.Client(), server.URL, nil)
		server.Close()
		if (err == nil) != want || want && len(raw) != size || !want && !errors.Is(err, errUnreachable) {
			t.Errorf("%d bytes: %d, %v", size, len(raw), err)
		}
	}
}

// An answer of 4xx is final, but for the two that ask to try again.
func TestFinalAnswers(t *testing.T) {
	for status, want := range map[int]bool{400: true, 403: true, 404: true, 499: true, 408: false, 429: false, 399: false, 500: false, 503: false} {
		if got := (&answerError{status}).final(); got != want {
			t.Errorf("%d: %t", status, got)
		}
	}
}
