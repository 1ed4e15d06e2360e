package api

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/oidc/oidctest"
)

// issuerURL is the URL of the issuer in the tests. Requests to it go to an oidctest.Issuer on a loopback address.
const issuerURL = "https://issuer.test"

// issuerCode is a code that stands for the code of the latest sign-in, so that recorded requests are always the same.
const issuerCode = "code-of-the-latest-sign-in"

// An issuer is a test issuer under a fixed URL. It starts with the first request.
type issuer struct {
	*oidctest.Issuer
	t       testing.TB
	now     func() time.Time
	start   sync.Once
	address string // the host of the server
	code    string // of the latest sign-in
}

func newIssuer(t testing.TB, now func() time.Time) *issuer { return &issuer{t: t, now: now} }

func (i *issuer) running() *oidctest.Issuer {
	i.start.Do(func() {
		i.Issuer = oidctest.New(i.t, i.now)
		i.address, i.Issuer.URL = strings.TrimPrefix(i.Issuer.URL, "https://"), issuerURL
	})
	return i.Issuer
}

func (i *issuer) client() *http.Client { return &http.Client{Transport: i} }

// RoundTrip implements http.RoundTripper.
func (i *issuer) RoundTrip(r *http.Request) (*http.Response, error) {
	server := i.running()
	if r.URL.Host != "issuer.test" {
		i.t.Errorf("a request was sent to %s", r.URL)
	}
	to := r.Clone(r.Context())
	to.URL.Host, to.Host = i.address, i.address
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		body = bytes.Replace(body, []byte(issuerCode), []byte(i.code), 1)
		to.Body, to.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	return server.Client().Transport.RoundTrip(to)
}

// signIn starts a sign-in and goes to the issuer, which signs in a user with the given claims.
func (w *world) signIn(program string, claims map[string]any) (token, state string) {
	w.t.Helper()
	w.issuer.running().User = claims
	started := w.as("none", "POST", "/v1/sign-in", `{"program": "`+program+`"}`, 201)
	authorize, err := http.NewRequestWithContext(
		w.t.Context(), http.MethodGet, started["authorization_url"].(string), nil,
	)
	if err != nil {
		w.t.Fatal(err)
	}
	response, err := w.issuer.RoundTrip(authorize)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	back, err := url.Parse(response.Header.Get("Location"))
	if err != nil || !strings.HasPrefix(back.String(), w.app.SignIn.RedirectURL+"?") {
		w.t.Fatalf("the issuer answered %s and redirected to %v: %v", response.Status, back, err)
	}
	w.issuer.code = back.Query().Get("code")
	return started["sign_in_token"].(string), back.Query().Get("state")
}

// complete completes a sign-in with a code; issuerCode is the code that the issuer returned.
func (w *world) complete(token, state, code string) answered {
	w.t.Helper()
	body, err := json.Marshal(map[string]string{"sign_in_token": token, "state": state, "code": code})
	if err != nil {
		w.t.Fatal(err)
	}
	return w.do(sentRequest{method: "POST", path: "/v1/sessions", key: "none", body: body})
}

// TestOperatorSignsIn signs in, uses the session, and tries to use the values of the sign-in again.
func TestOperatorSignsIn(t *testing.T) {
	w := newWorld(t, memory(t))
	w.operator("operator:owner")
	added := w.as("operator:owner", "POST", "/v1/operators", `{"email": "grace@shop.test", "role": "support"}`, 201)
	verified := map[string]any{"sub": "g-1", "email": "Grace@shop.test", "email_verified": true}
	token, state := w.signIn("bluebird", verified)
	a := w.complete(token, state, issuerCode)
	if a.status != 201 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	w.keys["grace"] = a.json.(map[string]any)["token"].(string)
	s := w.as("grace", "GET", "/v1/session", "", 200)
	who := s["operator"].(map[string]any)
	if who["id"] != added["id"] || who["status"] != "active" || s["token"] != nil {
		t.Errorf("the session is %v", s)
	}
	if got := summary(w.complete(token, state, issuerCode)); got != "401 token_invalid" {
		t.Errorf("a sign-in was completed twice: %s", got)
	}
	token, state = w.signIn("bluebird", map[string]any{"sub": "g-1"})
	if got := summary(w.complete(token, state, issuerCode)); got != "201" {
		t.Errorf("the second sign-in without an address: %s", got)
	}
}

// TestInvalidSignInsAreRejected changes one part of a valid sign-in at a time.
func TestInvalidSignInsAreRejected(t *testing.T) {
	w := newWorld(t, memory(t))
	w.operator("operator:owner")
	const invalid, forbidden = "401 token_invalid", "403 forbidden"
	for _, c := range []struct {
		name, program string
		claims        map[string]any // replace those of the owner
		change        func(token, state, code *string)
		want          string
	}{
		{"an unverified address", "bluebird", map[string]any{"email_verified": false}, nil, forbidden},
		{"an unknown address", "bluebird", map[string]any{"email": "eve@shop.test"}, nil, forbidden},
		{"another program", "redbird", nil, nil, forbidden},
		{"an unknown program", "nobird", nil, nil, forbidden},
		{"another client", "bluebird", map[string]any{"aud": "other"}, nil, invalid},
		{"another nonce", "bluebird", map[string]any{"nonce": "other"}, nil, invalid},
		{"another issuer", "bluebird", map[string]any{"iss": "https://evil.test"}, nil, invalid},
		{"an access token", "bluebird", map[string]any{"token_use": "access"}, nil, invalid},
		{
			"an expired ID token", "bluebird",
			map[string]any{"exp": start.Add(-time.Hour).Unix()},
			nil,
			"401 token_expired",
		},
		{"another code", "bluebird", nil, func(_, _, code *string) { *code = "guessed" }, invalid},
		{"another state", "bluebird", nil, func(_, state, _ *string) { *state += "A" }, invalid},
		{"another sign-in", "bluebird", nil, func(token, _, _ *string) {
			*token, _ = w.signIn("bluebird", nil)
		}, invalid},
		{"a changed program", "redbird", nil, func(token, _, _ *string) {
			*token = "bluebird" + strings.TrimPrefix(*token, "redbird")
		}, invalid},
		{"no signature", "bluebird", nil, func(token, _, _ *string) {
			*token = (*token)[:strings.LastIndex(*token, ".")]
		}, invalid},
		{"an empty token", "bluebird", nil, func(token, _, _ *string) { *token = "..." }, invalid},
		{"no change", "bluebird", nil, nil, "201"},
	} {
		t.Run(c.name, func(t *testing.T) {
			claims := map[string]any{"sub": "o-1", "email": "owner@shop.test", "email_verified": true}
			maps.Copy(claims, c.claims)
			token, state := w.signIn(c.program, claims)
			code := w.issuer.code
			if c.change != nil {
				c.change(&token, &state, &code)
			}
			if got := summary(w.complete(token, state, code)); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
	for after, want := range map[time.Duration]string{
		10*time.Minute - time.Second: "201", 10 * time.Minute: "401 token_expired",
	} {
		token, state := w.signIn("bluebird", map[string]any{"sub": "o-1"})
		w.advance(after)
		if got := summary(w.complete(token, state, issuerCode)); got != want {
			t.Errorf("after %s: %s, want %s", after, got, want)
		}
	}
}

// TestIDTokenIsNoCredential sends an ID token of the issuer to routes of the API (attack 35).
func TestIDTokenIsNoCredential(t *testing.T) {
	w := newWorld(t, memory(t))
	w.operator("operator:owner")
	w.keys["id token"] = w.issuer.running().Sign("rsa-1", map[string]any{
		"aud": "console", "sub": "o-1", "email": "owner@shop.test", "email_verified": true, "token_use": "id",
	})
	for _, path := range []string{"/v1/session", "/v1/operators", "/v1/me", "/v1/rewards"} {
		if got := summary(w.do(sentRequest{method: "GET", path: path, key: "id token"})); got != "401 token_invalid" {
			t.Errorf("%s: %s", path, got)
		}
	}
}

// TestIssuerIsDown requires 503 for a sign-in that is started or completed while the issuer does not respond.
func TestIssuerIsDown(t *testing.T) {
	w := newWorld(t, memory(t))
	token, state := w.signIn("bluebird", nil)
	w.issuer.running().SetDown(true)
	if got := summary(w.complete(token, state, issuerCode)); got != "503 temporarily_unavailable" {
		t.Errorf("complete: %s", got)
	}
	w = newWorld(t, memory(t))
	w.issuer.running().SetDown(true)
	r := sentRequest{method: "POST", path: "/v1/sign-in", key: "none", body: []byte(`{"program": "bluebird"}`)}
	if got := summary(w.do(r)); got != "503 temporarily_unavailable" {
		t.Errorf("start: %s", got)
	}
}
