// Package oidctest has an OpenID Connect issuer for tests. It signs tokens, serves its metadata and keys over TLS on a
// loopback address, and implements the authorization code flow with PKCE without asking the user.
//
// The issuer checks each request as a real one does: codes are valid once, and only with the client, the redirect URL
// and the PKCE verifier of the sign-in. It has no users: tests state the claims.
package oidctest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// An Issuer is a running issuer. Set the exported fields before the first request. Its methods are safe for concurrent
// use.
type Issuer struct {
	URL    string // the issuer in tokens
	Now    func() time.Time
	Secret string         // the secret of the clients; empty for public clients
	User   map[string]any // claims that are added to the ID token of the next sign-in

	t      testing.TB
	server *httptest.Server

	mu       sync.Mutex
	down     bool
	requests map[string]int // the number of requests, by path
	metadata map[string]any // changes to the metadata
	keys     []signer       // the published keys
	codes    map[string]signIn
}

// A signer is a key of the issuer.
type signer struct {
	id     string
	method jwt.SigningMethod
	key    crypto.Signer
}

// A signIn is a sign-in whose code was not used yet.
type signIn struct{ client, redirect, challenge, nonce string }

// New starts an issuer with the RS256 key "rsa-1" and the ES256 key "ec-1". It stops at the end of the test.
func New(t testing.TB, now func() time.Time) *Issuer {
	t.Helper()
	i := &Issuer{Now: now, t: t, requests: map[string]int{}, metadata: map[string]any{}, codes: map[string]signIn{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", i.serveMetadata)
	mux.HandleFunc("GET /keys", i.serveKeys)
	mux.HandleFunc("GET /authorize", i.authorize)
	mux.HandleFunc("POST /token", i.token)
	i.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.mu.Lock()
		i.requests[r.URL.Path]++
		down := i.down
		i.mu.Unlock()
		if down {
			http.Error(w, "down", http.StatusServiceUnavailable)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(i.server.Close)
	i.URL = i.server.URL
	i.AddKey("rsa-1", jwt.SigningMethodRS256)
	i.AddKey("ec-1", jwt.SigningMethodES256)
	return i
}

// Client returns an HTTP client that trusts the issuer's certificate and follows no redirects.
func (i *Issuer) Client() *http.Client {
	c := *i.server.Client()
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

// AddKey publishes a new key. The method must be RS256 or ES256.
func (i *Issuer) AddKey(id string, method jwt.SigningMethod) {
	i.t.Helper()
	var key crypto.Signer
	var err error
	if method == jwt.SigningMethodES256 {
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	} else {
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		i.t.Fatal(err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = append(i.keys, signer{id, method, key})
}

// RemoveKeys removes all published keys.
func (i *Issuer) RemoveKeys() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = nil
}

// SetDown makes the issuer answer every request with status 503, or ends that.
func (i *Issuer) SetDown(down bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.down = down
}

// SetMetadata changes a field of the metadata.
func (i *Issuer) SetMetadata(name string, value any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.metadata[name] = value
}

// Requests returns how many requests a path received, such as /keys. The empty path stands for all paths.
func (i *Issuer) Requests(path string) (n int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for p, count := range i.requests {
		if path == "" || p == path {
			n += count
		}
	}
	return n
}

// Key returns the private key with an ID.
func (i *Issuer) Key(id string) crypto.Signer { return i.signer(id).key }

func (i *Issuer) signer(id string) signer {
	i.t.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, k := range i.keys {
		if k.id == id {
			return k
		}
	}
	i.t.Fatalf("the issuer has no key %q", id)
	return signer{}
}

// Sign returns a token with these claims, signed with the key that has this ID. A nil value removes a claim. The
// issuer adds iss, iat and exp, which is five minutes later.
func (i *Issuer) Sign(id string, claims map[string]any) string {
	i.t.Helper()
	k := i.signer(id)
	now := i.Now()
	all := jwt.MapClaims{"iss": i.URL, "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()}
	maps.Copy(all, claims)
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil })
	token := jwt.NewWithClaims(k.method, all)
	token.Header["kid"] = k.id
	text, err := token.SignedString(k.key)
	if err != nil {
		i.t.Fatal(err)
	}
	return text
}

func (i *Issuer) serveMetadata(w http.ResponseWriter, _ *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	m := map[string]any{
		"issuer": i.URL, "jwks_uri": i.URL + "/keys",
		"authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token",
	}
	maps.Copy(m, i.metadata)
	write(w, http.StatusOK, m)
}

func (i *Issuer) serveKeys(w http.ResponseWriter, _ *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	// Real sets also contain keys of other types, which clients ignore.
	set := []map[string]any{{"kty": "OKP", "crv": "Ed448", "x": "AA", "kid": "other"}}
	for _, k := range i.keys {
		set = append(set, PublicJWK(k.id, k.key.Public()))
	}
	write(w, http.StatusOK, map[string]any{"keys": set})
}

// PublicJWK returns the JSON form of a public RSA or P-256 key.
func PublicJWK(id string, public crypto.PublicKey) map[string]any {
	text := base64.RawURLEncoding.EncodeToString
	switch k := public.(type) {
	case *rsa.PublicKey:
		return map[string]any{
			"kty": "RSA", "kid": id, "use": "sig", "alg": "RS256",
			"n": text(k.N.Bytes()), "e": text(big.NewInt(int64(k.E)).Bytes()),
		}
	case *ecdsa.PublicKey:
		point, err := k.Bytes()
		if err != nil {
			panic(err)
		}
		return map[string]any{
			"kty": "EC", "kid": id, "use": "sig", "alg": "ES256", "crv": "P-256",
			"x": text(point[1:33]), "y": text(point[33:]),
		}
	}
	panic("oidctest: unsupported key")
}

// authorize signs in without a page and redirects to the client with a code.
func (i *Issuer) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || q.Get("response_type") != "code" || q.Get("client_id") == "" || q.Get("state") == "" ||
		q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") == "" || q.Get("nonce") == "" {
		http.Error(w, "invalid request", http.StatusBadRequest)
		return
	}
	code := rand.Text()
	i.mu.Lock()
	i.codes[code] = signIn{q.Get("client_id"), q.Get("redirect_uri"), q.Get("code_challenge"), q.Get("nonce")}
	i.mu.Unlock()
	back.RawQuery = url.Values{"code": {code}, "state": {q.Get("state")}}.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

// token exchanges a code for an ID token.
func (i *Issuer) token(w http.ResponseWriter, r *http.Request) {
	client, secret, basic := r.BasicAuth()
	if basic { // both are form-encoded (RFC 6749, section 2.3.1)
		client, _ = url.QueryUnescape(client)
		secret, _ = url.QueryUnescape(secret)
	} else {
		client, secret = r.FormValue("client_id"), r.FormValue("client_secret")
	}
	i.mu.Lock()
	s, ok := i.codes[r.FormValue("code")]
	delete(i.codes, r.FormValue("code"))
	i.mu.Unlock()
	challenge := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	switch {
	case secret != i.Secret:
		write(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
		return
	case !ok || r.FormValue("grant_type") != "authorization_code" || s.client != client ||
		s.redirect != r.FormValue("redirect_uri") ||
		s.challenge != base64.RawURLEncoding.EncodeToString(challenge[:]):
		write(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
		return
	}
	claims := map[string]any{"aud": client, "nonce": s.nonce, "sub": "operator-1"}
	maps.Copy(claims, i.User)
	write(w, http.StatusOK, map[string]any{
		"access_token": "opaque", "token_type": "Bearer", "expires_in": 300, "id_token": i.Sign("rsa-1", claims),
	})
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
