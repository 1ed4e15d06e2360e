package auth

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// newTokens returns Tokens over an empty table, with a clock that the caller can set.
func newTokens(t *testing.T) (*Tokens, *counting, *time.Time) {
	t.Helper()
	k, tab, now := newKeys(t)
	return &Tokens{Table: tab, Now: k.Now, Secret: []byte("0123456789abcdefghijklmnopqrstuv")}, tab, now
}

func createKey(t *testing.T, tokens *Tokens) (TokenKey, string) {
	t.Helper()
	k, secret, err := tokens.CreateKey(t.Context(), "bluebird", nil)
	if err != nil {
		t.Fatal(err)
	}
	return k, secret
}

// claimsOf returns the claims of a valid token, with changes. A nil value removes a claim.
func claimsOf(now time.Time, changes jwt.MapClaims) jwt.MapClaims {
	c := jwt.MapClaims{
		"aud": "bluebird", "sub": "ada", "iat": now.Unix(), "exp": now.Add(10 * time.Minute).Unix(),
	}
	maps.Copy(c, changes)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return c
}

func sign(t *testing.T, m jwt.SigningMethod, key any, header map[string]any, c jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(m, c)
	maps.Copy(token.Header, header)
	text, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return "Bearer " + text
}

func TestTokenNamesProgramAndMember(t *testing.T) {
	tokens, _, now := newTokens(t)
	k, secret := createKey(t, tokens)
	for _, header := range []map[string]any{nil, {"kid": k.ID}} {
		token := sign(t, jwt.SigningMethodHS256, []byte(secret), header, claimsOf(*now, jwt.MapClaims{
			"email": "ada@example.com", "email_verified": true,
		}))
		who, err := tokens.Verify(t.Context(), token)
		if err != nil || who.Kind != Member || who.Program != "bluebird" || who.Subject != "ada" ||
			who.Email != "ada@example.com" || !IsToken(token) {
			t.Errorf("with the header %v: %+v, %v", header, who, err)
		}
	}
	unverified := claimsOf(*now, jwt.MapClaims{"email": "ada@example.com"})
	token := sign(t, jwt.SigningMethodHS256, []byte(secret), nil, unverified)
	if who, err := tokens.Verify(t.Context(), token); err != nil || who.Email != "" {
		t.Errorf("the address is not verified: %+v, %v", who, err)
	}
}

func TestInvalidTokensAreRejected(t *testing.T) {
	tokens, _, now := newTokens(t)
	_, secret := createKey(t, tokens)
	seconds := func(n int) int64 { return now.Add(time.Duration(n) * time.Second).Unix() }
	for _, c := range []struct {
		name    string
		changes jwt.MapClaims
		want    error
	}{
		{"valid", nil, nil},
		{"expired within the skew", jwt.MapClaims{"iat": seconds(-600), "exp": seconds(-59)}, nil},
		{"expired", jwt.MapClaims{"iat": seconds(-600), "exp": seconds(-60)}, TokenExpired},
		{"issued within the skew", jwt.MapClaims{"iat": seconds(60), "exp": seconds(660)}, nil},
		{"issued in the future", jwt.MapClaims{"iat": seconds(61), "exp": seconds(661)}, TokenInvalid},
		{"not valid yet", jwt.MapClaims{"nbf": seconds(61)}, TokenInvalid},
		{"valid for too long", jwt.MapClaims{"exp": seconds(601)}, TokenInvalid},
		{"without an expiry", jwt.MapClaims{"exp": nil}, TokenInvalid},
		{"without an issue time", jwt.MapClaims{"iat": nil}, TokenInvalid},
		{"without a member", jwt.MapClaims{"sub": nil}, TokenInvalid},
		{"with an empty member", jwt.MapClaims{"sub": ""}, TokenInvalid},
		{"with a number as the member", jwt.MapClaims{"sub": 7}, TokenInvalid},
		{"without a program", jwt.MapClaims{"aud": nil}, TokenInvalid},
		{"for another program", jwt.MapClaims{"aud": "redbird"}, TokenInvalid},
		{"for two programs", jwt.MapClaims{"aud": []string{"bluebird", "redbird"}}, TokenInvalid},
	} {
		token := sign(t, jwt.SigningMethodHS256, []byte(secret), nil, claimsOf(*now, c.changes))
		if who, err := tokens.Verify(t.Context(), token); !errors.Is(err, c.want) || err != nil && who.Kind != "" {
			t.Errorf("%s: %+v, %v; want %v", c.name, who, err, c.want)
		}
	}
}

// TestForgedTokensAreRejected covers attacks on the header and the signature of a token (RFC 8725).
func TestForgedTokensAreRejected(t *testing.T) {
	tokens, tab, now := newTokens(t)
	_, secret := createKey(t, tokens)
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	text := publicPEM(t, public)
	if _, _, err := tokens.CreateKey(t.Context(), "bluebird", text); err != nil {
		t.Fatal(err)
	}
	valid := claimsOf(*now, nil)
	hs := func(key []byte, header map[string]any) string {
		return sign(t, jwt.SigningMethodHS256, key, header, valid)
	}
	if _, err := tokens.Verify(t.Context(), sign(t, jwt.SigningMethodEdDSA, private, nil, valid)); err != nil {
		t.Fatalf("a valid token: %v", err)
	}
	good := hs([]byte(secret), nil)
	parts := strings.Split(good, ".")
	reads := tab.gets
	for name, token := range map[string]string{
		"no algorithm":       sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil, valid),
		"another secret":     hs([]byte("another secret"), nil),
		"an empty secret":    hs([]byte{}, nil),
		"the public key":     hs(public, nil),
		"the PEM of the key": hs(text, nil),
		"another algorithm":  sign(t, jwt.SigningMethodHS512, []byte(secret), nil, valid),
		"an unknown key":     hs([]byte(secret), map[string]any{"kid": "000000000000"}),
		"a path as key":      hs([]byte(secret), map[string]any{"kid": "../../x"}),
		"a query as key":     hs([]byte(secret), map[string]any{"kid": "' OR 1=1 --"}),
		"a number as key":    hs([]byte(secret), map[string]any{"kid": 1}),
		"a long key":         hs([]byte(secret), map[string]any{"kid": strings.Repeat("k", 10_000)}),
		"its own key":        hs([]byte(secret), map[string]any{"jwk": map[string]any{"kty": "oct", "k": "AA"}}),
		"a key address":      hs([]byte(secret), map[string]any{"jku": "https://evil.example/keys"}),
		"a certificate":      hs([]byte(secret), map[string]any{"x5u": "https://evil.example/cert"}),
		"an extension":       hs([]byte(secret), map[string]any{"crit": []string{"exp"}}),
		"no signature":       parts[0] + "." + parts[1] + ".",
		"a changed body":     parts[0] + "." + encoded(t, claimsOf(*now, jwt.MapClaims{"sub": "eve"})) + "." + parts[2],
		"a padded signature": good + "=",
		"two parts":          parts[0] + "." + parts[1],
		"no JSON":            "Bearer a.b.c",
	} {
		if who, err := tokens.Verify(t.Context(), token); !errors.Is(err, TokenInvalid) || who.Kind != "" {
			t.Errorf("%s: %+v, %v", name, who, err)
		}
	}
	if tab.gets != reads {
		t.Errorf("forged tokens caused %d reads", tab.gets-reads)
	}
}

func encoded(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func publicPEM(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func TestTwoTokenKeysAreValidDuringRotation(t *testing.T) {
	tokens, tab, now := newTokens(t)
	elsewhere := &Tokens{Table: tab, Now: tokens.Now, Secret: tokens.Secret}
	first, old := createKey(t, tokens)
	_, fresh := createKey(t, tokens)
	if _, _, err := tokens.CreateKey(t.Context(), "bluebird", nil); err == nil {
		t.Error("a third key was created")
	}
	signed := func(secret string) string {
		return sign(t, jwt.SigningMethodHS256, []byte(secret), nil, claimsOf(*now, nil))
	}
	for _, secret := range []string{old, fresh} {
		for _, process := range []*Tokens{tokens, elsewhere} {
			if _, err := process.Verify(t.Context(), signed(secret)); err != nil {
				t.Error(err)
			}
		}
	}
	if err := tokens.RevokeKey(t.Context(), "redbird", first.ID); !errors.Is(err, TokenInvalid) {
		t.Errorf("another program revoked the key: %v", err)
	}
	if err := tokens.RevokeKey(t.Context(), "bluebird", first.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := tokens.Verify(t.Context(), signed(old)); !errors.Is(err, TokenInvalid) {
		t.Errorf("in the process that revoked it: %v", err)
	}
	*now = now.Add(remember)
	if _, err := elsewhere.Verify(t.Context(), signed(old)); !errors.Is(err, TokenInvalid) {
		t.Errorf("in another process, a minute later: %v", err)
	}
	if _, err := elsewhere.Verify(t.Context(), signed(fresh)); err != nil {
		t.Errorf("the new key: %v", err)
	}
	keys, err := tokens.Keys(t.Context(), "bluebird")
	if err != nil || len(keys) != 2 || keys[0].RevokedAt.IsZero() || !keys[1].RevokedAt.IsZero() {
		t.Errorf("the keys are %+v, %v", keys, err)
	}
	if _, _, err := tokens.CreateKey(t.Context(), "bluebird", nil); err != nil {
		t.Errorf("after the revocation: %v", err)
	}
}

func TestTableHasNoSecretOfTokenKeys(t *testing.T) {
	tokens, tab, _ := newTokens(t)
	_, secret := createKey(t, tokens)
	_, item, err := tokens.read(t.Context(), "bluebird")
	if err != nil || item.Version != 1 || strings.Contains(string(item.Doc), secret) {
		t.Errorf("%s, %v", item.Doc, err)
	}
	other := &Tokens{Table: tab, Now: tokens.Now, Secret: []byte("another master secret")}
	if string(other.secret("bluebird", "k")) == string(tokens.secret("bluebird", "k")) ||
		string(tokens.secret("redbird", "k")) == string(tokens.secret("bluebird", "k")) {
		t.Error("two programs or two stacks have the same secret")
	}
}

func TestPublicKeyMustBeEd25519(t *testing.T) {
	tokens, _, _ := newTokens(t)
	for _, text := range []string{"", "key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"} {
		if _, _, err := tokens.CreateKey(t.Context(), "bluebird", []byte(text)); err == nil {
			t.Errorf("the key %q was accepted", text)
		}
	}
	if keys, err := tokens.Keys(t.Context(), "bluebird"); err != nil || len(keys) != 0 {
		t.Errorf("the keys are %v, %v", keys, err)
	}
}

func TestOldRevokedKeysAreRemoved(t *testing.T) {
	tokens, _, _ := newTokens(t)
	kept, _ := createKey(t, tokens)
	for range maxRevokedKeys + 5 {
		k, _ := createKey(t, tokens)
		if err := tokens.RevokeKey(t.Context(), "bluebird", k.ID); err != nil {
			t.Fatal(err)
		}
	}
	keys, err := tokens.Keys(t.Context(), "bluebird")
	if err != nil || len(keys) != maxRevokedKeys+1 || keys[0].ID != kept.ID || !keys[0].RevokedAt.IsZero() {
		t.Errorf("%d keys, the first is %+v, %v", len(keys), keys[0], err)
	}
}
