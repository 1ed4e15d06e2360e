package oidc_test

import (
	"errors"
	"net/http"
	"net/url"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/oidc"
	"github.com/perennial-loyalty/perennial/internal/oidc/oidctest"
)

var console = oidc.App{ClientID: "console", RedirectURL: "https://console.example/callback"}

// signIn lets the issuer sign in a user and returns the code.
func signIn(t *testing.T, p *oidc.Provider, issuer *oidctest.Issuer, a oidc.App, f oidc.Flow) string {
	t.Helper()
	page, err := p.AuthorizationURL(t.Context(), a, f)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := issuer.Client().Get(page)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	back, err := url.Parse(resp.Header.Get("Location"))
	if resp.StatusCode != http.StatusFound || err != nil || back.Query().Get("state") != f.State {
		t.Fatalf("%s: status %d, %v, %v", page, resp.StatusCode, back, err)
	}
	return back.Query().Get("code")
}

func TestSignIn(t *testing.T) {
	for _, secret := range []string{"", "a secret of the client/+"} {
		for _, method := range []string{"client_secret_basic", "client_secret_post"} {
			p, issuer, _ := newProvider(t)
			issuer.Secret = secret
			issuer.User = map[string]any{"sub": "op-7", "email": "grace@example.com", "email_verified": true}
			issuer.SetMetadata("token_endpoint_auth_methods_supported", []string{method})
			a, f := console, oidc.NewFlow(nil)
			a.Secret = secret
			code := signIn(t, p, issuer, a, f)
			c, err := p.Exchange(t.Context(), a, f, code)
			if err != nil || c.Subject != "op-7" || c.Email != "grace@example.com" || c.Audience != "console" {
				t.Errorf("%q, %s: %+v, %v", secret, method, c, err)
			}
			if _, err := p.Exchange(t.Context(), a, f, code); !errors.Is(err, oidc.ErrInvalid) {
				t.Errorf("the code was used twice: %v", err)
			}
		}
	}
}

func TestForeignCodesAreRejected(t *testing.T) {
	p, issuer, _ := newProvider(t)
	f := oidc.NewFlow(nil)
	other := f
	other.Verifier = oidc.NewFlow(nil).Verifier
	replayed := f
	replayed.Nonce = oidc.NewFlow(nil).Nonce
	none := f
	none.Nonce = ""
	redirected, client := console, console
	redirected.RedirectURL = "https://evil.example/callback"
	client.ClientID = "other"
	for name, c := range map[string]struct {
		app  oidc.App
		flow oidc.Flow
	}{
		"another verifier": {console, other}, "another nonce": {console, replayed}, "no nonce": {console, none},
		"another redirect URL": {redirected, f}, "another client": {client, f},
	} {
		code := signIn(t, p, issuer, console, f)
		if got, err := p.Exchange(t.Context(), c.app, c.flow, code); !errors.Is(err, oidc.ErrInvalid) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if _, err := p.Exchange(t.Context(), console, f, "guess"); !errors.Is(err, oidc.ErrInvalid) {
		t.Errorf("a guessed code: %v", err)
	}
	code := signIn(t, p, issuer, console, f)
	issuer.SetDown(true)
	if _, err := p.Exchange(t.Context(), console, f, code); !errors.Is(err, oidc.ErrUnavailable) {
		t.Errorf("while the issuer is down: %v", err)
	}
}

func TestIDTokenClaims(t *testing.T) {
	p, issuer, _ := newProvider(t)
	for name, c := range map[string]struct {
		claims map[string]any
		want   bool
	}{
		"valid":                  {map[string]any{}, true},
		"Cognito":                {map[string]any{"token_use": "id"}, true},
		"several audiences":      {map[string]any{"aud": []string{"console", "api"}, "azp": "console"}, true},
		"no authorized party":    {map[string]any{"aud": []string{"console", "api"}}, false},
		"another party":          {map[string]any{"azp": "other"}, false},
		"an access token":        {map[string]any{"token_use": "access"}, false},
		"a Bearer token":         {map[string]any{"typ": "Bearer"}, false},
		"another nonce":          {map[string]any{"nonce": "m"}, false},
		"no nonce":               {map[string]any{"nonce": nil}, false},
		"another audience":       {map[string]any{"aud": "other"}, false},
		"a client ID, no aud":    {map[string]any{"aud": nil, "client_id": "console"}, false},
		"no subject":             {map[string]any{"sub": nil}, false},
		"another issuer":         {map[string]any{"iss": "https://evil.example"}, false},
		"an address, unverified": {map[string]any{"email": "grace@example.com", "email_verified": false}, true},
	} {
		all := map[string]any{"sub": "op-7", "aud": "console", "nonce": "n"}
		for k, v := range c.claims {
			all[k] = v
		}
		got, err := p.VerifyIDToken(t.Context(), issuer.Sign("ec-1", all), "console", "n")
		if (err == nil) != c.want || !c.want && !errors.Is(err, oidc.ErrInvalid) || got.Email != "" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestFlowsAreDifferent(t *testing.T) {
	a, b := oidc.NewFlow(nil), oidc.NewFlow(nil)
	values := map[string]bool{}
	for _, f := range []oidc.Flow{a, b} {
		values[f.State], values[f.Nonce], values[f.Verifier] = true, true, true
	}
	if len(values) != 6 || len(a.Verifier) != 43 {
		t.Errorf("%+v and %+v", a, b)
	}
}
