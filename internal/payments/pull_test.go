package payments

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// Each page of a processor's list states where the list continues, if it does.
func TestPagesOfProcessors(t *testing.T) {
	shopifyPage := func(n int, id string) string {
		return `{"orders":[` + strings.Repeat(`{"id":1},`, n-1) + `{"id":` + id + `}]}`
	}
	const mixed = `"payment_gateway_names":["gift_card","bogus"]`
	type pull = func(context.Context, *Receiver, *connection, time.Time, string) (page, error)
	for name, c := range map[string]struct {
		provider string
		pull     pull
		after    string
		answers  map[string]string // by path; the default is 404
		asked    []string
		events   int
		next     string
		fails    bool
	}{
		"Stripe, the first page": {
			provider: app.Stripe, pull: pullStripe, answers: map[string]string{"/v1/events": `{"data":[{"id":"evt_2"},{"id":"evt_1"}],"has_more":true}`},
			asked: []string{"GET /v1/events?created%5Bgte%5D=1796126400&limit=100"}, events: 2, next: "evt_1",
		},
		"Stripe, the last page": {
			provider: app.Stripe, pull: pullStripe, after: "evt_1", answers: map[string]string{"/v1/events": `{"data":[{"id":"evt_0"}],"has_more":false}`},
			asked: []string{"GET /v1/events?created%5Bgte%5D=1796126400&limit=100&starting_after=evt_1"}, events: 1,
		},
		"Stripe, an empty page": {
			provider: app.Stripe, pull: pullStripe, answers: map[string]string{"/v1/events": `{"data":[],"has_more":true}`},
			asked: []string{"GET /v1/events?created%5Bgte%5D=1796126400&limit=100"},
		},
		"Stripe, an error": {
			provider: app.Stripe, pull: pullStripe, asked: []string{"GET /v1/events?created%5Bgte%5D=1796126400&limit=100"}, fails: true,
		},
		"Stripe, another form": {
			provider: app.Stripe, pull: pullStripe, answers: map[string]string{"/v1/events": `{"data":[{"id":"evt_2"}],"has_more":"yes"}`},
			asked: []string{"GET /v1/events?created%5Bgte%5D=1796126400&limit=100"}, fails: true,
		},
		"Square, the first page": {
			provider: app.Square, pull: pullSquare, answers: map[string]string{"/v2/events": `{"events":[{}],"cursor":"c1"}`},
			asked: []string{`POST /v2/events application/json {"limit":100,"query":{"filter":{"created_at":{"start_at":"2026-12-01T12:00:00Z"}}}}`}, events: 1, next: "c1",
		},
		"Square, the last page": {
			provider: app.Square, pull: pullSquare, after: "c1", answers: map[string]string{"/v2/events": `{"events":[{},{}]}`},
			asked: []string{`POST /v2/events application/json {"cursor":"c1","limit":100,"query":{"filter":{"created_at":{"start_at":"2026-12-01T12:00:00Z"}}}}`}, events: 2,
		},
		"Square, an error": {
			provider: app.Square, pull: pullSquare, fails: true,
			asked: []string{`POST /v2/events application/json {"limit":100,"query":{"filter":{"created_at":{"start_at":"2026-12-01T12:00:00Z"}}}}`},
		},
		"Shopify, a whole page": {
			provider: app.Shopify, pull: pullShopify, answers: map[string]string{"/admin/api/2025-07/orders.json": shopifyPage(50, "99")},
			asked: []string{"GET /admin/api/2025-07/orders.json?limit=50&since_id=0&status=any&updated_at_min=2026-12-01T12%3A00%3A00Z"}, events: 50, next: "99",
		},
		"Shopify, the last page": {
			provider: app.Shopify, pull: pullShopify, after: "99", answers: map[string]string{"/admin/api/2025-07/orders.json": shopifyPage(49, "120")},
			asked: []string{"GET /admin/api/2025-07/orders.json?limit=50&since_id=99&status=any&updated_at_min=2026-12-01T12%3A00%3A00Z"}, events: 49,
		},
		"Shopify, a mixed order": {
			provider: app.Shopify, pull: pullShopify, after: "99", answers: map[string]string{
				"/admin/api/2025-07/orders.json": shopifyPage(2, "120,"+mixed), "/admin/api/2025-07/orders/120/transactions.json": `{"transactions":[{},{}]}`,
			},
			asked: []string{
				"GET /admin/api/2025-07/orders.json?limit=50&since_id=99&status=any&updated_at_min=2026-12-01T12%3A00%3A00Z",
				"GET /admin/api/2025-07/orders/120/transactions.json",
			}, events: 4,
		},
		"Shopify, a mixed order with an ID of another form": {
			provider: app.Shopify, pull: pullShopify, answers: map[string]string{"/admin/api/2025-07/orders.json": shopifyPage(2, `"../x",`+mixed)},
			asked: []string{"GET /admin/api/2025-07/orders.json?limit=50&since_id=0&status=any&updated_at_min=2026-12-01T12%3A00%3A00Z"}, events: 2,
		},
		"Shopify, transactions that cannot be read": {
			provider: app.Shopify, pull: pullShopify, after: "99", answers: map[string]string{"/admin/api/2025-07/orders.json": shopifyPage(2, "120,"+mixed)},
			asked: []string{
				"GET /admin/api/2025-07/orders.json?limit=50&since_id=99&status=any&updated_at_min=2026-12-01T12%3A00%3A00Z",
				"GET /admin/api/2025-07/orders/120/transactions.json",
			}, fails: true,
		},
	} {
		var asked []string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			line := r.Method + " " + r.URL.RequestURI()
			if body, _ := io.ReadAll(r.Body); len(body) > 0 {
				line += fmt.Sprintf(" %s %s", r.Header.Get("Content-Type"), sorted(body))
			}
			asked = append(asked, line)
			if c.answers[r.URL.Path] == "" {
				w.WriteHeader(http.StatusNotFound)
			}
			fmt.Fprint(w, c.answers[r.URL.Path])
		}))
		con := &connection{provider: c.provider, agreed: app.Processor{API: server.URL, APISecret: "secret"}}
		p, err := c.pull(t.Context(), &Receiver{app: &app.App{HTTP: server.Client()}}, con, at12, c.after)
		server.Close()
		if (err != nil) != c.fails || !c.fails && (len(p.events) != c.events || p.next != c.next) {
			t.Errorf("%s: %d events, next %q, %v", name, len(p.events), p.next, err)
		}
		if diff := cmp.Diff(c.asked, asked); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestPagesOfPayPal(t *testing.T) {
	const first = "/v1/notifications/webhooks-events?end_time=2026-12-01T12%3A00%3A00Z&page_size=100&start_time=2026-12-01T11%3A00%3A00Z"
	for answer, want := range map[string]string{
		`{"events":[{}],"links":[{"rel":"self","href":"https://x/1"},{"rel":"next","href":"https://elsewhere.test/v1/x?page=2"},{"rel":"last","href":"https://x/9"}]}`: "/v1/x?page=2",
		`{"events":[],"links":[{"rel":"next","href":"https://x/2"}]}`: "",
		`{"events":[{}],"links":[{"rel":"next","href":"%zz"}]}`:       "",
		`{"events":[{}]}`: "",
	} {
		server, api := newPayPalServer(t)
		server.objects["/v1/notifications/webhooks-events"], server.objects["/v1/x"] = answer, answer
		con := &connection{provider: app.PayPal, api: api}
		r := &Receiver{app: &app.App{Now: func() time.Time { return at12 }}}
		for next, request := range map[string]string{"": first, "/v1/x?page=2": "/v1/x?page=2"} {
			p, err := pullPayPal(t.Context(), r, con, at11, next)
			if err != nil || p.next != want || len(p.events) != strings.Count(answer, "{}") {
				t.Errorf("%s: %+v, %v", answer, p, err)
			}
			if got := server.asked[len(server.asked)-1]; got != "GET "+request {
				t.Errorf("asked for %s, want %s", got, request)
			}
		}
	}
	server, api := newPayPalServer(t)
	con := &connection{provider: app.PayPal, api: api}
	r := &Receiver{app: &app.App{Now: func() time.Time { return at12 }}}
	for _, answer := range []string{"", `{"events":{}}`} {
		server.objects["/v1/notifications/webhooks-events"] = answer
		if _, err := pullPayPal(t.Context(), r, con, at11, ""); err == nil {
			t.Errorf("%q was accepted", answer)
		}
	}
}

// sorted is a JSON object with its names in order.
func sorted(body []byte) string {
	v := jsontext.Value(body)
	_ = v.Canonicalize()
	return string(v)
}

// Only objects that the processor's API can show are asked for, and only with access to it.
func TestReadBackNeedsAccess(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.WriteHeader(http.StatusNotFound)
	}))
	defer server.Close()
	for _, c := range []struct {
		kind   loyalty.FactKind
		secret string
		want   int
	}{{loyalty.FactRefund, "secret", 1}, {loyalty.FactRefund, "", 0}, {loyalty.FactParts, "secret", 0}} {
		asked = 0
		r := &Receiver{app: &app.App{HTTP: server.Client(), Log: slog.New(slog.DiscardHandler)}}
		con := &connection{provider: app.Stripe, agreed: app.Processor{API: server.URL, APISecret: c.secret}}
		r.readBack(t.Context(), con, []loyalty.Fact{{Kind: c.kind, ID: "x"}})
		if asked != c.want {
			t.Errorf("%s, secret %q: %d requests, want %d", c.kind, c.secret, asked, c.want)
		}
	}
}

func TestAdyenBatches(t *testing.T) {
	con := &connection{provider: app.Adyen, adyen: adyen{[][]byte{keyA}}, agreed: app.Processor{Capture: "manual"}}
	signedItem := strings.Replace(adyenText, `{`, `{"additionalData":{"hmacSignature":"`+in64(mac(keyA, "PSP2:PSP1:Shop_ECOM:1042:5000:EUR:CAPTURE:true"))+`"},`, 1)
	batch := func(items ...string) string {
		return `{"live":"false","notificationItems":[{"NotificationRequestItem":` + strings.Join(items, `},{"NotificationRequestItem":`) + `}]}`
	}
	r := &Receiver{app: &app.App{Now: func() time.Time { return at12 }}}
	for body, code := range map[string]loyalty.Code{
		batch(signedItem):                         "",
		batch(signedItem, signedItem):             malformed,
		`{"live":"false","notificationItems":[]}`: malformed,
		`[]`:             malformed,
		batch(`[]`):      malformed,
		batch(adyenText): signatureInvalid,
		string(adyenAlone(nil, jsontext.Value(signedItem))): invalid, // it states no stage
	} {
		e, err := r.readAdyen(con, []byte(body))
		var strange *oddity
		errors.As(err, &strange)
		if (err == nil) != (code == "") || code != "" && strange.code != code || code == "" && e.id != "CAPTURE:PSP2:true" {
			t.Errorf("%s: %+v, %v", body, e, err)
		}
	}
	for body, want := range map[string]error{
		`{"live":"false","notificationItems":[]}`: errMissing, `[]`: errMissing, batch(`[]`): errSignature, batch(adyenText): errMissing, batch(adyenText, `[]`): errMissing,
	} {
		_, err := r.receiveAdyen(t.Context(), con, headers{}, []byte(body))
		check(t, body, err, want)
	}
	_, err := r.receiveAdyen(t.Context(), con, headers{"hmacsignature": "AAAA"}, []byte(batch(signedItem)))
	check(t, "a payload", err, errSignature)
}

func TestOneAdyenItemIsKeptAsABatch(t *testing.T) {
	for live, want := range map[string]string{"": "null", `"true"`: `"true"`} {
		if got := string(adyenAlone(jsontext.Value(live), jsontext.Value(`{}`))); got != `{"live":`+want+`,"notificationItems":[{"NotificationRequestItem":{}}]}` {
			t.Errorf("live %q: %s", live, got)
		}
	}
}

// A connection whose agreement is the same keeps its tokens and certificates.
func TestConnectionsAreKept(t *testing.T) {
	a := &app.App{Log: slog.New(slog.DiscardHandler)}
	agreement := func(secret string) app.Processors {
		return app.Processors{"corner": {app.Stripe: {Secrets: []string{secret}}}}
	}
	first := connect(a, agreement("whsec_1b1f0c7e9a2d4863"), nil)
	same := connect(a, agreement("whsec_1b1f0c7e9a2d4863"), first)
	other := connect(a, agreement("whsec_2c2f0c7e9a2d4863"), first)
	bad := connect(a, agreement("short"), first)
	if first["corner"][app.Stripe] == nil || same["corner"][app.Stripe] != first["corner"][app.Stripe] {
		t.Error("the connection was not kept")
	}
	if other["corner"][app.Stripe] == nil || other["corner"][app.Stripe] == first["corner"][app.Stripe] || bad["corner"][app.Stripe] != nil {
		t.Error("the connection was kept")
	}
}

// Activity is due once in ten minutes for each connection.
func TestActivityIsDueByConnection(t *testing.T) {
	var a activity
	for _, c := range []struct {
		name  string
		after time.Duration
		want  bool
	}{{"a", 0, true}, {"b", 0, true}, {"a", 0, false}, {"a", recordEvery - 1, false}, {"a", recordEvery, true}, {"b", recordEvery - 1, false}} {
		if got := a.due(c.name, at12.Add(c.after)); got != c.want {
			t.Errorf("%s after %v: %t", c.name, c.after, got)
		}
	}
}

// A delivery has an identity and a mark. The mark is that of the facts, and of an oddity that of the body.
func TestDeliveriesAreMarked(t *testing.T) {
	r := &Receiver{email: func(program, email string) ledger.Identity { return ledger.Identity{Value: program + "/" + email} }}
	deliver := func(provider string, in arrival, e event) (ledger.Delivery, *ledger.Report) {
		d := ledger.Delivery{Event: e.id}
		one := r.report(&connection{program: "corner", provider: provider}, &d, in, e)
		return d, one
	}
	paid := func(email string) event {
		return event{id: "evt_1", kind: "paid", report: &report{email: email, Report: ledger.Report{Payment: "p1", Facts: []loyalty.Fact{{ID: "f1", Clock: 5}}}}}
	}
	body := arrival{body: []byte(`{"a":1}`), at: at12, transmission: "T-1"}
	spaced := arrival{body: []byte(`{ "a": 1 }`), at: at12}
	d, report := deliver(app.Stripe, body, paid("ada@shop.test"))
	want := ledger.Report{Payment: "p1", Email: "corner/ada@shop.test", Facts: []loyalty.Fact{{ID: "f1", Clock: 5, At: at12}}}
	if diff := cmp.Diff(&want, report); diff != "" || d.Event != "evt_1" || d.Transmission != "" {
		t.Errorf("%+v (-want +got):\n%s", d, diff)
	}
	if _, report := deliver(app.Stripe, body, paid("")); report.Email != "" {
		t.Errorf("no address became %q", report.Email)
	}
	again, _ := deliver(app.Stripe, spaced, paid("ada@shop.test"))
	changed, _ := deliver(app.Stripe, body, paid("eve@shop.test"))
	if d.Mark == "" || again.Mark != d.Mark || changed.Mark == d.Mark {
		t.Errorf("marks %q, %q, %q", d.Mark, again.Mark, changed.Mark)
	}
	strange := event{id: "evt_1", kind: "paid", odd: odd(invalid, "x")}
	d, _ = deliver(app.Stripe, body, strange)
	again, _ = deliver(app.Stripe, spaced, strange)
	if again.Mark == d.Mark {
		t.Error("oddities of two bodies have the same mark")
	}
	if d, report := deliver(app.Stripe, body, event{}); report != nil || d.Event != "body-"+digest(body.body) {
		t.Errorf("%+v, %v", d, report)
	}
	d, report = deliver(app.PayPal, body, paid(""))
	if d.Transmission != "T-1" || d.Mark != paypalMark(body.body) || !report.Facts[0].At.IsZero() {
		t.Errorf("%+v, %+v", d, report)
	}
	body.clock = 9
	if _, report := deliver(app.Stripe, body, paid("")); report.Facts[0].Clock != 9 {
		t.Errorf("%+v", report)
	}
}
