package api

import (
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/oidc/oidctest"
)

// TestIssuersTokensCallRoutesOfMembers covers attacks 31, 33 and 35 with the tokens of an OpenID Connect issuer.
func TestIssuersTokensCallRoutesOfMembers(t *testing.T) {
	w := newWorld(t, memory(t))
	issuer := oidctest.New(t, w.clock)
	w.app.Tokens.HTTP = issuer.Client()
	err := w.tokens.AddIssuer(t.Context(), "bluebird", auth.TokenIssuer{Issuer: issuer.URL, Audience: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	w.must("POST", "/v1/members", `{"external_id": "cust-1"}`)
	cognito := func(use string, more map[string]any) string {
		claims := map[string]any{"sub": "cust-1", "token_use": use}
		for k, v := range more {
			claims[k] = v
		}
		return issuer.Sign("rsa-1", claims)
	}
	as := func(sub string) string { return issuer.Sign("ec-1", map[string]any{"sub": sub, "aud": "shop"}) }
	client, audience := map[string]any{"client_id": "shop"}, map[string]any{"aud": "shop"}
	expired := map[string]any{"client_id": "shop", "exp": w.clock().Add(-time.Minute).Unix()}
	get := func(method, path, token string) string {
		header := map[string]string{"Authorization": "Bearer " + token}
		return summary(w.do(sentRequest{method: method, path: path, key: "none", header: header}))
	}
	for _, c := range []struct{ name, method, path, token, want string }{
		{"an access token", "GET", "/v1/me", cognito("access", client), "200"},
		{"another member", "GET", "/v1/me", as("x"), "404 not_found"},
		{"an ID token", "GET", "/v1/me", cognito("id", audience), "401 token_invalid"},
		{"an expired token", "GET", "/v1/me", cognito("access", expired), "401 token_expired"},
		{"another client", "GET", "/v1/me", cognito("access", map[string]any{"client_id": "x"}), "401 token_invalid"},
		{"no such ID", "GET", "/v1/me", as("a|b"), "401 token_invalid"},
		{"a route of servers", "GET", "/v1/members/external:cust-1", cognito("access", client), "403 forbidden"},
	} {
		if got := get(c.method, c.path, c.token); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestUnavailableIssuerIsReported(t *testing.T) {
	w := newWorld(t, memory(t))
	issuer := oidctest.New(t, w.clock)
	issuer.SetDown(true)
	w.app.Tokens.HTTP = issuer.Client()
	err := w.tokens.AddIssuer(t.Context(), "bluebird", auth.TokenIssuer{Issuer: issuer.URL, Audience: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	token := issuer.Sign("rsa-1", map[string]any{"sub": "cust-1", "aud": "shop"})
	a := w.do(sentRequest{
		method: "GET", path: "/v1/me", key: "none", header: map[string]string{"Authorization": "Bearer " + token},
	})
	if got := summary(a); got != "503 temporarily_unavailable" || a.header["retry-after"] == "" {
		t.Errorf("%s, %v", got, a.header)
	}
	if log := w.log.String(); !strings.Contains(log, "the issuer is not available") || strings.Contains(log, token) {
		t.Errorf("the log is %s", log)
	}
}
