package oidc_test

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/perennial-loyalty/perennial/internal/oidc"
	"github.com/perennial-loyalty/perennial/internal/oidc/oidctest"
)

var start = time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)

// newProvider returns a provider of a test issuer, with a clock that the caller can set.
func newProvider(t *testing.T) (*oidc.Provider, *oidctest.Issuer, *time.Time) {
	t.Helper()
	now := start
	issuer := oidctest.New(t, func() time.Time { return now })
	return &oidc.Provider{Issuer: issuer.URL, HTTP: issuer.Client(), Now: issuer.Now}, issuer, &now
}

// access returns the claims of a Cognito access token, with changes. A nil value removes a claim.
func access(changes map[string]any) map[string]any {
	c := map[string]any{"sub": "ada", "client_id": "shop", "token_use": "access"}
	maps.Copy(c, changes)
	return c
}

func TestAccessTokensOfBothAlgorithmsAreValid(t *testing.T) {
	p, issuer, _ := newProvider(t)
	for _, id := range []string{"rsa-1", "ec-1"} {
		c, err := p.VerifyAccessToken(t.Context(), issuer.Sign(id, access(nil)), "other", "shop")
		if err != nil || c.Subject != "ada" || c.Audience != "shop" || c.ExpiresAt.Sub(c.IssuedAt) != 5*time.Minute {
			t.Errorf("%s: %+v, %v", id, c, err)
		}
	}
	if n := issuer.Requests(""); n != 2 {
		t.Errorf("%d requests to the issuer, want one for the metadata and one for the keys", n)
	}
}

func TestAccessTokenClaims(t *testing.T) {
	p, issuer, _ := newProvider(t)
	at := func(d time.Duration) int64 { return start.Add(d).Unix() }
	for _, c := range []struct {
		name    string
		changes map[string]any
		want    error
	}{
		{"Cognito", nil, nil},
		{"an audience", map[string]any{"client_id": nil, "token_use": nil, "aud": "shop"}, nil},
		{"several audiences", map[string]any{"client_id": nil, "aud": []string{"api", "shop"}}, nil},
		{"Keycloak", map[string]any{"token_use": nil, "typ": "Bearer"}, nil},
		{"expired within the skew", map[string]any{"exp": at(-59 * time.Second)}, nil},
		{"issued within the skew", map[string]any{"iat": at(time.Minute)}, nil},

		{"a Cognito ID token", map[string]any{"token_use": "id", "aud": "shop", "client_id": nil}, oidc.ErrInvalid},
		{"a Keycloak ID token", map[string]any{"token_use": nil, "typ": "ID"}, oidc.ErrInvalid},
		{"a refresh token", map[string]any{"token_use": nil, "typ": "Refresh"}, oidc.ErrInvalid},
		{"a nonce", map[string]any{"token_use": nil, "nonce": "n"}, oidc.ErrInvalid},
		{"a hash of an access token", map[string]any{"token_use": nil, "at_hash": "h"}, oidc.ErrInvalid},
		{"a hash of a code", map[string]any{"token_use": nil, "c_hash": "h"}, oidc.ErrInvalid},
		{"another client", map[string]any{"client_id": "other"}, oidc.ErrInvalid},
		{"another audience", map[string]any{"aud": "other"}, oidc.ErrInvalid},
		{"no audience", map[string]any{"client_id": nil}, oidc.ErrInvalid},
		{"two accepted audiences", map[string]any{"aud": []string{"shop", "app"}}, oidc.ErrInvalid},
		{"an empty audience", map[string]any{"client_id": ""}, oidc.ErrInvalid},
		{"another issuer", map[string]any{"iss": "https://evil.example"}, oidc.ErrInvalid},
		{"no issuer", map[string]any{"iss": nil}, oidc.ErrInvalid},
		{"a longer issuer", map[string]any{"iss": issuer.URL + "/"}, oidc.ErrInvalid},
		{"no subject", map[string]any{"sub": nil}, oidc.ErrInvalid},
		{"expired", map[string]any{"exp": at(-time.Minute)}, oidc.ErrExpired},
		{"no expiry", map[string]any{"exp": nil}, oidc.ErrInvalid},
		{"no issue time", map[string]any{"iat": nil}, oidc.ErrInvalid},
		{"issued in the future", map[string]any{"iat": at(61 * time.Second)}, oidc.ErrInvalid},
		{"not valid yet", map[string]any{"nbf": at(61 * time.Second)}, oidc.ErrInvalid},
	} {
		got, err := p.VerifyAccessToken(t.Context(), issuer.Sign("rsa-1", access(c.changes)), "shop", "app", "")
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) || (got.Subject == "") != (c.want != nil) {
			t.Errorf("%s: %+v, %v; want %v", c.name, got, err, c.want)
		}
	}
}

// TestForgedTokensAreRejected covers attacks on the header and the signature of a token (RFC 8725). None of them causes
// a request.
func TestForgedTokensAreRejected(t *testing.T) {
	p, issuer, now := newProvider(t)
	private, ok := issuer.Key("rsa-1").(*rsa.PrivateKey)
	if !ok {
		t.Fatal("rsa-1 is not an RSA key")
	}
	good := issuer.Sign("rsa-1", access(nil))
	if _, err := p.VerifyAccessToken(t.Context(), good, "shop"); err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	claims := jwt.MapClaims(access(map[string]any{
		"iss": issuer.URL, "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
	}))
	sign := func(m jwt.SigningMethod, key any, header map[string]any) string {
		token := jwt.NewWithClaims(m, claims)
		maps.Copy(token.Header, header)
		text, err := token.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	rs := func(header map[string]any) string { return sign(jwt.SigningMethodRS256, private, header) }
	kid := func(id any) map[string]any { return map[string]any{"kid": id} }
	mallory := oidctest.New(t, issuer.Now)
	jwk := oidctest.PublicJWK("rsa-1", mallory.Key("rsa-1").Public())
	foreign := func(name string, value any) string {
		return sign(jwt.SigningMethodRS256, mallory.Key("rsa-1"), map[string]any{"kid": "rsa-1", name: value})
	}
	parts := strings.Split(good, ".")
	eve := base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(body(t, parts[1]), "ada", "eve", 1)))
	before := issuer.Requests("")
	for name, token := range map[string]string{
		"no algorithm":           sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, kid("rsa-1")),
		"the public key as PEM":  sign(jwt.SigningMethodHS256, public, kid("rsa-1")),
		"the public key as DER":  sign(jwt.SigningMethodHS256, der, kid("rsa-1")),
		"the modulus":            sign(jwt.SigningMethodHS256, private.N.Bytes(), kid("rsa-1")),
		"another hash":           sign(jwt.SigningMethodRS512, private, kid("rsa-1")),
		"another padding":        sign(jwt.SigningMethodPS256, private, kid("rsa-1")),
		"another issuer's key":   foreign("kid", "rsa-1"),
		"a key in the header":    foreign("jwk", jwk),
		"an address of keys":     foreign("jku", mallory.URL+"/keys"),
		"a certificate":          foreign("x5c", []string{"AA"}),
		"an address of a chain":  foreign("x5u", mallory.URL+"/cert"),
		"an extension":           rs(map[string]any{"kid": "rsa-1", "crit": []string{"exp"}}),
		"a logout token":         rs(map[string]any{"kid": "rsa-1", "typ": "logout+jwt"}),
		"a number as type":       rs(map[string]any{"kid": "rsa-1", "typ": 1}),
		"the key of ES256":       rs(kid("ec-1")),
		"an unknown key":         rs(kid("rsa-9")),
		"a path as key":          rs(kid("../../x")),
		"a query as key":         rs(kid("' OR 1=1 --")),
		"a number as key":        rs(kid(1)),
		"an empty key":           rs(kid("")),
		"a long key":             rs(kid(strings.Repeat("k", 129))),
		"a very long key":        rs(kid(strings.Repeat("k", 10_000))),
		"no signature":           parts[0] + "." + parts[1] + ".",
		"a changed body":         parts[0] + "." + eve + "." + parts[2],
		"a changed signature":    good[:len(good)-8] + "AAAAAAAA",
		"a padded signature":     good + "=",
		"two parts":              parts[0] + "." + parts[1],
		"no JSON":                "a.b.c",
		"nothing":                "",
		"a very long token":      good + strings.Repeat("A", 9000),
		"a signature of P-256":   parts[0] + "." + parts[1] + "." + signature(issuer.Sign("ec-1", access(nil))),
		"a zero signature":       zeroES256(t, issuer),
		"an ambiguous algorithm": rs(map[string]any{"kid": "rsa-1", "alg": "ES256"}),
	} {
		c, err := p.VerifyAccessToken(t.Context(), token, "shop")
		if !errors.Is(err, oidc.ErrInvalid) || c.Subject != "" {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
	if n := issuer.Requests("") - before + mallory.Requests(""); n != 0 {
		t.Errorf("forged tokens caused %d requests", n)
	}
}

func signature(token string) string { return strings.Split(token, ".")[2] }

func body(t *testing.T, part string) string {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// zeroES256 returns a token whose ECDSA signature is zero, which some libraries once accepted.
func zeroES256(t *testing.T, issuer *oidctest.Issuer) string {
	t.Helper()
	if _, ok := issuer.Key("ec-1").(*ecdsa.PrivateKey); !ok {
		t.Fatal("ec-1 is not an ECDSA key")
	}
	parts := strings.Split(issuer.Sign("ec-1", access(nil)), ".")
	return parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 64))
}

func TestTokenWithoutKeyIDNeedsOneKey(t *testing.T) {
	p, issuer, now := newProvider(t)
	unnamed := func() string {
		token := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims(access(map[string]any{
			"iss": issuer.URL, "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
		})))
		text, err := token.SignedString(issuer.Key("ec-1"))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	if _, err := p.VerifyAccessToken(t.Context(), unnamed(), "shop"); err != nil {
		t.Errorf("one key: %v", err)
	}
	issuer.AddKey("ec-2", jwt.SigningMethodES256)
	*now = now.Add(time.Hour)
	if _, err := p.VerifyAccessToken(t.Context(), unnamed(), "shop"); !errors.Is(err, oidc.ErrInvalid) {
		t.Errorf("two keys: %v", err)
	}
}

func TestIssuerOf(t *testing.T) {
	_, issuer, _ := newProvider(t)
	if got, ok := oidc.IssuerOf(issuer.Sign("ec-1", access(nil))); got != issuer.URL || !ok {
		t.Errorf("%q, %v", got, ok)
	}
	hs, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"iss": issuer.URL}).SignedString([]byte("s"))
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{hs, "", "a.b.c"} {
		if _, ok := oidc.IssuerOf(token); ok {
			t.Errorf("%q is signed with RS256 or ES256", token)
		}
	}
}
