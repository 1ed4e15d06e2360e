package payments_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/catalog"
	"github.com/perennial-loyalty/perennial/internal/local"
	"github.com/perennial-loyalty/perennial/internal/payments"
	"github.com/perennial-loyalty/perennial/internal/payments/sample"
	"github.com/perennial-loyalty/perennial/internal/program"
	"github.com/perennial-loyalty/perennial/internal/program/snapshot"
	"github.com/perennial-loyalty/perennial/internal/stack/access"
	"github.com/perennial-loyalty/perennial/internal/stack/stacktest"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

var noon = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// settings returns connections to every provider, with secrets that are used only here.
func settings() app.Processors {
	return app.Processors{"corner": {
		app.Stripe:  {Secrets: []string{"whsec_5b1f0c7e9a2d4863", "whsec_older_77c0a1e4d2b9"}},
		app.Shopify: {Secrets: []string{"shpss_93c1d2e4f5a6b7c8"}},
		app.Square:  {Secrets: []string{"Ibxx_5AKakO-3qeNVR61Dw"}, URL: "https://shop.test/v1/webhooks/corner/square"},
		app.Adyen: {
			Secrets: []string{
				"44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056",
			}, Capture: app.CaptureManual,
			Accounts: map[string]app.Account{"Automatic": {Capture: app.CaptureAutomatic}},
		},
		app.Standard: {Secrets: []string{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}},
		app.PayPal: {
			WebhookID: "4JH86294D6297924G",
			ClientID:  "AXfVq0hP9sJ2kLm4Dc8T",
			APISecret: "EK3x8Rt7Yw2Qn5VbZ1u6",
		},
	}, "other": {
		app.Stripe: {Secrets: []string{"whsec_other_d41d8cd98f00b204"}},
	}}
}

const corner = `version: 1
program: corner
name: The Corner Shop
points: { one: point, other: points }
timezone: Europe/Berlin
earn:
  purchase:
    rates: { EUR: 1 per 1.00, USD: 1 per 1.00 }
    pending: 14 days
    expires: { after: 12 months }
    # PURCHASE
payments: { award: AWARD }
`

// A shop is a stack over HTTP with a stopped clock and a program with connections to every provider.
type shop struct {
	t      testing.TB
	table  *pebbletable.Table
	guard  *access.Guard // the policies of the functions
	stack  *local.Stack
	server *httptest.Server
	key    string
	member string
	log    bytes.Buffer
	paypal *paypalServer
}

type options struct {
	award      string
	processors app.Processors
	purchase   string // more of earn.purchase
	random     io.Reader
}

func newShop(t testing.TB, award string) *shop {
	return newShopWith(t, options{award: award, processors: settings()})
}

func newShopWith(t testing.TB, o options) *shop {
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{t: t, table: tab, guard: stacktest.Guard(t), paypal: newPayPalServer(t)}
	s.stack, err = local.New(local.Options{
		Table: s.guard.Table(
			tab,
		), Clock: local.NewClock(noon), Log: slog.New(slog.NewJSONHandler(&locked{w: &s.log}, nil)),
		Processors: o.processors, HTTP: &http.Client{Transport: s.paypal}, Roots: s.paypal.Roots(), Random: o.random,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"corner", "other"} {
		source := []byte(
			strings.NewReplacer("AWARD", o.award, "# PURCHASE", o.purchase, "program: corner", "program: "+id).
				Replace(corner),
		)
		p, problems := program.Compile(source)
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		in := catalog.Published{Program: id, Source: source, Snapshot: snapshot.Encode(p), By: "test"}
		if err := s.stack.App.Catalog.Publish(t.Context(), in, 0); err != nil {
			t.Fatal(err)
		}
	}
	if s.key, _, err = s.stack.App.Keys.Create(t.Context(), "corner", auth.Admin); err != nil {
		t.Fatal(err)
	}
	s.server = httptest.NewServer(s.stack)
	t.Cleanup(func() {
		s.server.Close()
		tab.Close()
	})
	s.member = s.enroll("cust-42", "ada@shop.test")
	return s
}

type locked struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *locked) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

// call sends a request to the API, checks the status of the answer and returns its body.
func (s *shop) call(method, path, body string, status int) map[string]any {
	s.t.Helper()
	req, err := http.NewRequest(method, s.server.URL+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.key)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	sum := sha256.Sum256([]byte(path + body))
	req.Header.Set("Idempotency-Key", fmt.Sprintf("%x", sum[:16]))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	var out map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil || resp.StatusCode != status {
		s.t.Fatalf("%s %s: %d %v %v", method, path, resp.StatusCode, out, err)
	}
	return out
}

func (s *shop) enroll(external, email string) string {
	s.t.Helper()
	return s.call(
		"POST", "/v1/members", fmt.Sprintf(`{"external_id":%q,"email":%q,"email_verified":true}`, external, email), 201,
	)["id"].(string)
}

// order reports an order of 49.99 EUR as the storefront does.
func (s *shop) order(id, status string, more string) map[string]any {
	s.t.Helper()
	body := fmt.Sprintf(
		`{"placed_at":"2026-12-01T11:00:00Z","currency":"EUR","status":%q,"line_items":[{"id":"1","quantity":1,`+
			`"amount":4999}]%s}`,
		status,
		more,
	)
	req, err := http.NewRequest("PUT", s.server.URL+"/v1/orders/"+id, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	var out map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil || resp.StatusCode > 201 {
		s.t.Fatalf("PUT order %s: %d %v %v", id, resp.StatusCode, out, err)
	}
	return out
}

// orderPoints returns the points of an order, or -1 if it does not exist.
func (s *shop) orderPoints(order string) int64 {
	s.t.Helper()
	r, err := s.stack.App.Orders.Get(s.t.Context(), "corner", order)
	if err != nil {
		return -1
	}
	return int64(r.State.Worth)
}

// points returns a member's balance: active and pending points, less debt.
func (s *shop) points(member string) int64 {
	s.t.Helper()
	b := s.call("GET", "/v1/members/"+member, "", 200)["balance"].(map[string]any)
	return int64(b["active"].(float64) + b["pending"].(float64) - b["debt"].(float64))
}

// dumpAll returns the table. It waits until the last use of the API key is recorded.
func (s *shop) dumpAll() string {
	s.t.Helper()
	s.stack.App.KeyUse.Wait()
	var b strings.Builder
	if err := s.table.Dump(&b); err != nil {
		s.t.Fatal(err)
	}
	return b.String()
}

// dump returns the table without the received events.
func (s *shop) dump() string {
	s.t.Helper()
	lines := slices.DeleteFunc(strings.Split(s.dumpAll(), "\n"), func(l string) bool {
		return strings.Contains(l, "#WH#") || strings.Contains(l, "#WHT#") || strings.Contains(l, "#PROVIDERS")
	})
	return strings.Join(lines, "\n")
}

// An answer is the answer to a webhook.
type answer struct {
	status   int
	code     string // the code of the problem
	received []payments.Received
}

func (a answer) String() string {
	if a.status != 200 {
		return fmt.Sprint(a.status, " ", a.code)
	}
	var parts []string
	for _, r := range a.received {
		parts = append(parts, strings.TrimSpace(string(r.Outcome)+" "+string(r.Code)))
	}
	return "200 " + strings.Join(parts, ", ")
}

// post sends a body unchanged.
func (s *shop) post(path string, h http.Header, body []byte) answer {
	s.t.Helper()
	req, err := http.NewRequest("POST", s.server.URL+path, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header = h.Clone()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	var out struct {
		Code     string
		Received []payments.Received
	}
	raw, err := io.ReadAll(resp.Body)
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	if err != nil {
		s.t.Fatalf("%s: %d %s %v", path, resp.StatusCode, raw, err)
	}
	return answer{resp.StatusCode, out.Code, out.Received}
}

// signed returns the body of an event with its provider's signature.
func (s *shop) signed(e sample.Event) (http.Header, []byte) {
	s.t.Helper()
	now := s.stack.App.Now()
	if e.At.IsZero() {
		e.At = now
	}
	c := settings()["corner"][e.Provider]
	secret := ""
	if len(c.Secrets) > 0 {
		secret = c.Secrets[0]
	}
	body, err := e.Body(secret)
	if err != nil {
		s.t.Fatal(err)
	}
	if e.Provider == app.PayPal {
		return s.paypal.sign(s.t, body, now), body
	}
	h, err := e.Headers(c, body, now)
	if err != nil {
		s.t.Fatal(err)
	}
	return h, body
}

// deliver sends an event as its provider would.
func (s *shop) deliver(e sample.Event) answer {
	s.t.Helper()
	h, body := s.signed(e)
	if e.Provider == app.PayPal {
		s.paypal.store(s.t, e, s.stack.App.Now())
	}
	return s.post(e.Path("corner"), h, body)
}

// want delivers an event and checks the answer.
func (s *shop) want(e sample.Event, want string) {
	s.t.Helper()
	if got := s.deliver(e).String(); got != want {
		s.t.Errorf("%s %s: %s, want %s", e.Provider, e.Type, got, want)
	}
}

// edited delivers an event with a change in its body, signed after the change.
func (s *shop) edited(e sample.Event, old, new string) answer {
	s.t.Helper()
	if e.At.IsZero() {
		e.At = s.stack.App.Now()
	}
	c := settings()["corner"][e.Provider]
	body, err := e.Body(c.Secrets[0])
	if err != nil || !bytes.Contains(body, []byte(old)) {
		s.t.Fatalf("%s has no %s: %v", body, old, err)
	}
	body = bytes.Replace(body, []byte(old), []byte(new), 1)
	h, err := e.Headers(c, body, s.stack.App.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	return s.post(e.Path("corner"), h, body)
}
