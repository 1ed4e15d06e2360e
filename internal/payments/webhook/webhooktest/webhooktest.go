// Package webhooktest contains helpers for the tests of payment providers: tables of edited bodies, functions that sign
// bodies, and a server that replaces a provider's API.
package webhooktest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
)

// These are instants that the tests use.
var (
	At11      = time.Date(2026, 12, 1, 11, 0, 0, 0, time.UTC)
	At12      = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	NoonClock = At12.UnixMilli()
)

// EUR returns an amount of money. The argument is in cents.
func EUR(n int64) loyalty.Money { return loyalty.Money{Amount: n, Currency: "EUR"} }

// NotLive returns a pointer to false, the value of Event.Live for a test payment.
func NotLive() *bool { return new(bool) }

// An Edit replaces a part of a body. The edited body contains a different event, or is unusable.
type Edit struct {
	Old, New string
	Want     func(*webhook.Event)
	Code     loyalty.Code
}

// Run calls read with the unedited body and with each edit applied. It compares the result with the complete expected
// event, or with the expected error code.
func Run(
	t *testing.T, read func(body string) (webhook.Event, error), body string, want func() webhook.Event, edits []Edit,
) {
	t.Helper()
	for _, c := range append([]Edit{{}}, edits...) {
		if !strings.Contains(body, c.Old) {
			t.Fatalf("the body does not contain %s", c.Old)
		}
		expected := want()
		if c.Want != nil {
			c.Want(&expected)
		}
		got, err := read(strings.Replace(body, c.Old, c.New, 1))
		var unusable *webhook.UnusableError
		switch {
		case c.Code != "":
			if !errors.As(err, &unusable) || unusable.Code != c.Code || unusable.Detail == "" {
				t.Errorf("%s => %s: %v, want %s", c.Old, c.New, err, c.Code)
			}
		case err != nil:
			t.Errorf("%s => %s: %v", c.Old, c.New, err)
		default:
			if diff := cmp.Diff(expected, got); diff != "" {
				t.Errorf("%s => %s (-want +got):\n%s", c.Old, c.New, diff)
			}
		}
	}
}

// Fact returns a function that changes the first fact of an event with the function change.
func Fact(change func(*loyalty.Fact)) func(*webhook.Event) {
	return func(e *webhook.Event) { change(&e.Report.Facts[0]) }
}

// State returns a function that sets the state of the first fact of an event.
func State(s loyalty.FactState) func(*webhook.Event) {
	return Fact(func(f *loyalty.Fact) { f.State = s })
}

// Amount returns a function that sets the amount of the first fact of an event.
func Amount(n int64) func(*webhook.Event) {
	return Fact(func(f *loyalty.Fact) { f.Money.Amount = n })
}

// NoFacts removes all facts of an event.
func NoFacts(e *webhook.Event) { e.Report.Facts = nil }

// NoReport removes the report of an event.
func NoReport(e *webhook.Event) { e.Report = nil }

// KeyA and KeyB are two signing keys.
var KeyA, KeyB = []byte("key-a-0123456789"), []byte("key-b-0123456789")

// Body is the body that the tests sign.
const Body = `{"id":1}`

// MAC returns the HMAC-SHA256 of a text.
func MAC(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

// HexMAC is like MAC, but returns the result in hexadecimal.
func HexMAC(key []byte, text string) string { return hex.EncodeToString(MAC(key, text)) }

// Base64MAC is like MAC, but returns the result in base64.
func Base64MAC(key []byte, text string) string {
	return base64.StdEncoding.EncodeToString(MAC(key, text))
}

// CheckVerify verifies a request that arrives at the given instant. It fails the test if the error differs from the
// wanted error.
func CheckVerify(
	t *testing.T, name string, p webhook.Provider, h webhook.Header, body string, at time.Time, want error,
) {
	t.Helper()
	Check(t, name, Verify(p, h, body, at), want)
}

// Verify verifies a request that arrives at the given instant.
func Verify(p webhook.Provider, h webhook.Header, body string, at time.Time) error {
	r := webhook.Request{Header: h, Topic: "orders/paid", Body: []byte(body), At: at}
	_, err := p.Verify(context.Background(), r)
	return err
}

// Check fails the test if the error differs from the wanted error.
func Check(t *testing.T, name string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) || (got == nil) != (want == nil) {
		t.Errorf("%s: %v, want %v", name, got, want)
	}
}

// Mutate returns the text with a random change: an inserted, replaced or removed character, or a change that an
// attacker could make.
func Mutate(r *rand.Rand, s string) string {
	if s == "" {
		return "x"
	}
	i := r.IntN(len(s))
	switch r.IntN(8) {
	case 0:
		return s[:i] + s[i+1:]
	case 1:
		return s[:i] + string(rune(33+r.IntN(90))) + s[i:]
	case 2:
		return s[:i] + string(rune(33+r.IntN(90))) + s[i+1:]
	case 3:
		return s + "," + s
	case 4:
		return strings.ReplaceAll(s, "v1=", "v0=")
	case 5:
		return s[:i]
	case 6:
		return strings.ToUpper(s)
	}
	return s
}

// A ListTest is a test of one page of a provider's list.
type ListTest struct {
	Cursor  string
	Answers map[string]string // responses by path; any other path gets the status 404
	Want    []string          // the requests that are expected
	Events  int
	Next    string
	Fails   bool
}

// RunLists runs the tests. Each test reads one page of events since noon from a server that returns the responses of
// the test.
func RunLists(t *testing.T, connect func(webhook.Connection) webhook.Provider, tests map[string]ListTest) {
	t.Helper()
	for name, c := range tests {
		var requests []string
		con := Serve(t, func(w http.ResponseWriter, r *http.Request) {
			line := r.Method + " " + r.URL.RequestURI()
			if body, _ := io.ReadAll(r.Body); len(body) > 0 {
				line += fmt.Sprintf(" %s %s", r.Header.Get("Content-Type"), canonical(body))
			}
			requests = append(requests, line)
			if c.Answers[r.URL.Path] == "" {
				w.WriteHeader(http.StatusNotFound)
			}
			fmt.Fprint(w, c.Answers[r.URL.Path])
		})
		page, err := connect(con).(webhook.Lister).List(t.Context(), At12, c.Cursor)
		if (err != nil) != c.Fails || !c.Fails && (len(page.Messages) != c.Events || page.Next != c.Next) {
			t.Errorf("%s: %d events, next %q, %v", name, len(page.Messages), page.Next, err)
		}
		if diff := cmp.Diff(c.Want, requests); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Serve returns a connection to an API that the handler serves.
func Serve(t *testing.T, handler http.HandlerFunc) webhook.Connection {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return webhook.Connection{
		Processor: app.Processor{API: server.URL, APISecret: "secret", ClientID: "client"},
		Stage:     app.Test, HTTP: server.Client(), Now: func() time.Time { return At12 },
	}
}

// canonical returns a JSON object with sorted names.
func canonical(body []byte) string {
	v := jsontext.Value(body)
	_ = v.Canonicalize()
	return string(v)
}

// A Retrieval contains the path of the request that retrieves an object, and the body of the event that Retrieve
// returns.
type Retrieval struct{ Path, Body string }

// RunRetrievals retrieves an object for each kind of fact. It compares the request and the returned body with the
// wanted ones. For a kind without wanted values, Retrieve must report that there are no objects.
func RunRetrievals(
	t *testing.T, connect func(webhook.Connection) webhook.Provider, clock int64,
	want map[loyalty.FactKind]Retrieval,
) {
	t.Helper()
	for _, kind := range []loyalty.FactKind{
		loyalty.FactCapture, loyalty.FactRefunded, loyalty.FactRefund, loyalty.FactDispute, loyalty.FactParts,
	} {
		path, answer := "", `{"id":"x"}`
		p := connect(Serve(t, func(w http.ResponseWriter, r *http.Request) {
			if path = r.URL.Path; r.Header.Get("Authorization") != "Bearer secret" {
				t.Errorf("%s: request with authorization %q", kind, r.Header.Get("Authorization"))
			}
			fmt.Fprint(w, answer)
		})).(webhook.Retriever)
		m, ok, err := p.Retrieve(t.Context(), loyalty.Fact{Kind: kind, ID: "x", Clock: clock})
		if err != nil || path != want[kind].Path || ok != (path != "") || ok && canonical(m.Body) != want[kind].Body {
			t.Errorf("%s: %q, %s, %v, %v; want %+v", kind, path, m.Body, ok, err, want[kind])
		}
		if answer = `{`; !ok {
			continue
		}
		if _, _, err := p.Retrieve(t.Context(), loyalty.Fact{Kind: kind, ID: "x", Clock: clock}); err == nil {
			t.Errorf("%s: an object that is not JSON was accepted", kind)
		}
	}
}
