package auth

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/perennial-loyalty/perennial/internal/oidc/oidctest"
)

// newIssuer returns Tokens with a test issuer that is the issuer of bluebird for the audience shop.
func newIssuer(t *testing.T) (*Tokens, *oidctest.Issuer, *counting, *time.Time) {
	t.Helper()
	tokens, tab, now := newTokens(t)
	from := oidctest.New(t, tokens.Now)
	tokens.HTTP = from.Client()
	if err := tokens.AddIssuer(t.Context(), "bluebird", TokenIssuer{from.URL, "shop"}); err != nil {
		t.Fatal(err)
	}
	return tokens, from, tab, now
}

// issued returns the header with a Cognito access token. Its lifetime is five minutes.
func issued(from *oidctest.Issuer, key string, changes map[string]any) string {
	c := map[string]any{"sub": "ada", "client_id": "shop", "token_use": "access"}
	maps.Copy(c, changes)
	return "Bearer " + from.Sign(key, c)
}

func TestIssuersTokenNamesMember(t *testing.T) {
	tokens, from, tab, now := newIssuer(t)
	for _, key := range []string{"rsa-1", "ec-1"} {
		who, err := tokens.Verify(t.Context(), issued(from, key, nil))
		if err != nil || who.Kind != Member || who.Program != "bluebird" || who.Subject != "ada" || who.Email != "" {
			t.Errorf("%s: %+v, %v", key, who, err)
		}
	}
	who, err := tokens.Verify(t.Context(), issued(from, "rsa-1", map[string]any{
		"email": "ada@example.com", "email_verified": true,
	}))
	if err != nil || who.Email != "ada@example.com" {
		t.Errorf("with a verified address: %+v, %v", who, err)
	}
	reads := tab.gets
	for range 10 {
		*now = now.Add(5 * time.Second)
		if _, err := tokens.Verify(t.Context(), issued(from, "rsa-1", nil)); err != nil {
			t.Fatal(err)
		}
	}
	if tab.gets != reads || from.Requests("/keys") != 1 {
		t.Errorf("%d reads of the table, %d reads of keys", tab.gets-reads, from.Requests("/keys"))
	}
}

func TestIssuersInvalidTokensAreRejected(t *testing.T) {
	tokens, from, _, now := newIssuer(t)
	seconds := func(n int) int64 { return now.Add(time.Duration(n) * time.Second).Unix() }
	for name, c := range map[string]struct {
		changes map[string]any
		want    error
	}{
		"ten minutes":      {map[string]any{"exp": seconds(600)}, nil},
		"too long":         {map[string]any{"exp": seconds(601)}, TokenInvalid},
		"expired":          {map[string]any{"iat": seconds(-400), "exp": seconds(-60)}, TokenExpired},
		"a future nbf":     {map[string]any{"nbf": seconds(61)}, TokenInvalid},
		"an ID token":      {map[string]any{"token_use": "id", "aud": "shop", "client_id": nil}, TokenInvalid},
		"another client":   {map[string]any{"client_id": "other"}, TokenInvalid},
		"another audience": {map[string]any{"aud": "bluebird"}, TokenInvalid},
		"no member":        {map[string]any{"sub": nil}, TokenInvalid},
		"another issuer":   {map[string]any{"iss": "https://evil.example"}, TokenInvalid},
		"no issuer":        {map[string]any{"iss": nil}, TokenInvalid},
	} {
		who, err := tokens.Verify(t.Context(), issued(from, "rsa-1", c.changes))
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) || err != nil && who.Kind != "" {
			t.Errorf("%s: %+v, %v; want %v", name, who, err, c.want)
		}
	}
}

// TestIssuersForgedTokensAreRejected covers attack 34. Neither the issuer nor another host receives a request.
func TestIssuersForgedTokensAreRejected(t *testing.T) {
	tokens, from, _, now := newIssuer(t)
	_, secret := createKey(t, tokens)
	mallory := oidctest.New(t, tokens.Now)
	if _, err := tokens.Verify(t.Context(), issued(from, "rsa-1", nil)); err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(from.Key("rsa-1").Public())
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	claims := claimsOf(*now, jwt.MapClaims{"iss": from.URL, "client_id": "shop"})
	without := claimsOf(*now, jwt.MapClaims{"iss": from.URL, "client_id": "shop", "aud": nil})
	jwk := oidctest.PublicJWK("rsa-1", mallory.Key("rsa-1").Public())
	before := from.Requests("")
	for name, token := range map[string]string{
		"no algorithm":        sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil, without),
		"the public key":      sign(t, jwt.SigningMethodHS256, public, map[string]any{"kid": "rsa-1"}, without),
		"as the shop":         sign(t, jwt.SigningMethodHS256, public, map[string]any{"kid": "rsa-1"}, claims),
		"the shop as issuer":  sign(t, jwt.SigningMethodHS256, []byte(secret), nil, without),
		"another issuer":      issued(mallory, "rsa-1", nil),
		"a stated issuer":     issued(mallory, "rsa-1", map[string]any{"iss": from.URL}),
		"an address of keys":  header(t, mallory, from.URL, "jku", mallory.URL+"/keys"),
		"a key in the header": header(t, mallory, from.URL, "jwk", jwk),
		"a path as key":       header(t, mallory, from.URL, "kid", "../../x"),
		"a query as key":      header(t, mallory, from.URL, "kid", "' OR 1=1 --"),
		"a long key":          header(t, mallory, from.URL, "kid", strings.Repeat("k", 10_000)),
	} {
		if who, err := tokens.Verify(t.Context(), token); !errors.Is(err, TokenInvalid) || who.Kind != "" {
			t.Errorf("%s: %+v, %v", name, who, err)
		}
	}
	if n := from.Requests("") - before + mallory.Requests(""); n != 0 {
		t.Errorf("forged tokens caused %d requests", n)
	}
}

// header returns a token that mallory signed for another issuer, with a field of the header.
func header(t *testing.T, mallory *oidctest.Issuer, issuer, name string, value any) string {
	t.Helper()
	now, fields := mallory.Now(), map[string]any{"kid": "rsa-1", name: value}
	return sign(t, jwt.SigningMethodRS256, mallory.Key("rsa-1"), fields, jwt.MapClaims{
		"iss": issuer, "sub": "ada", "client_id": "shop", "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
	})
}

func TestAudienceBelongsToOneProgram(t *testing.T) {
	tokens, from, _, _ := newIssuer(t)
	add := func(program, audience string) error {
		return tokens.AddIssuer(t.Context(), program, TokenIssuer{from.URL, audience})
	}
	if err := add("redbird", "shop"); err == nil || !strings.Contains(err.Error(), "already belongs to a program") {
		t.Errorf("another program: %v", err)
	}
	if err := add("redbird", "red-shop"); err != nil {
		t.Fatal(err)
	}
	if err := add("bluebird", "shop"); err != nil {
		t.Errorf("again: %v", err)
	}
	for audience, program := range map[string]string{"shop": "bluebird", "red-shop": "redbird"} {
		who, err := tokens.Verify(t.Context(), issued(from, "rsa-1", map[string]any{"client_id": audience}))
		if err != nil || who.Program != program {
			t.Errorf("%s: %+v, %v", audience, who, err)
		}
	}
	both := map[string]any{"client_id": nil, "aud": []string{"shop", "red-shop"}}
	if who, err := tokens.Verify(t.Context(), issued(from, "rsa-1", both)); !errors.Is(err, TokenInvalid) {
		t.Errorf("both audiences: %+v, %v", who, err)
	}
	list, err := tokens.Issuers(t.Context(), "bluebird")
	if err != nil || len(list) != 1 || list[0] != (TokenIssuer{from.URL, "shop"}) {
		t.Errorf("the issuers are %v, %v", list, err)
	}
	for _, bad := range []TokenIssuer{{"http://issuer.example", "shop"}, {from.URL, ""}, {"", "shop"}} {
		if err := tokens.AddIssuer(t.Context(), "bluebird", bad); err == nil {
			t.Errorf("%v was accepted", bad)
		}
	}
}

func TestRemovedIssuerStopsWithinAMinute(t *testing.T) {
	tokens, from, tab, now := newIssuer(t)
	elsewhere := &Tokens{Table: tab, Now: tokens.Now, Secret: tokens.Secret, HTTP: tokens.HTTP}
	works := func(process *Tokens) bool {
		_, err := process.Verify(t.Context(), issued(from, "ec-1", nil))
		if err != nil && !errors.Is(err, TokenInvalid) {
			t.Fatal(err)
		}
		return err == nil
	}
	if !works(tokens) || !works(elsewhere) {
		t.Fatal("the issuer does not work")
	}
	for _, c := range []struct {
		program string
		in      TokenIssuer
	}{{"redbird", TokenIssuer{from.URL, "shop"}}, {"bluebird", TokenIssuer{from.URL, "other"}}} {
		if err := tokens.RemoveIssuer(t.Context(), c.program, c.in); !errors.Is(err, TokenInvalid) {
			t.Errorf("%v: %v", c, err)
		}
	}
	if err := tokens.RemoveIssuer(t.Context(), "bluebird", TokenIssuer{from.URL, "shop"}); err != nil {
		t.Fatal(err)
	}
	if works(tokens) {
		t.Error("the issuer still works in the process that removed it")
	}
	*now = now.Add(remember)
	if works(elsewhere) {
		t.Error("the issuer still works in another process after a minute")
	}
	if list, err := tokens.Issuers(t.Context(), "bluebird"); err != nil || len(list) != 0 {
		t.Errorf("the issuers are %v, %v", list, err)
	}
	if err := tokens.AddIssuer(t.Context(), "bluebird", TokenIssuer{from.URL, "shop"}); err != nil {
		t.Fatal(err)
	}
	if *now = now.Add(remember); !works(tokens) || !works(elsewhere) {
		t.Error("the issuer does not work after it was added again")
	}
}

func TestUnavailableIssuerIsNotAnInvalidToken(t *testing.T) {
	tokens, from, _, _ := newIssuer(t)
	from.SetDown(true)
	if _, err := tokens.Verify(t.Context(), issued(from, "rsa-1", nil)); !errors.Is(err, ErrIssuerUnavailable) {
		t.Error(err)
	}
}
