// Package oidc verifies tokens of OpenID Connect issuers and signs in users with the authorization code flow.
//
// A Provider belongs to one issuer, which is configured and never taken from a token. It reads the issuer's metadata
// and its key set (JWKS) from the issuer's own host over HTTPS. Tokens select a key of this set by its ID, but not the
// algorithm and not another key: the algorithm is fixed by the key, and the headers jwk, jku, x5c and x5u are rejected.
//
// Keys are read again after an hour, or when a token names an unknown key, but at most once a minute. They remain valid
// for a day while the issuer cannot be reached. A key that the issuer removed is therefore rejected after an hour, or
// after a day if the issuer cannot be reached.
//
// The package deliberately supports RS256 and ES256 only, and no issuer whose keys are on another host.
//
// Sources: OpenID Connect Core 1.0 and Discovery 1.0, RFC 7517 (JWK), RFC 7636 (PKCE), RFC 8725 (JWT best practices).
package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/perennial-loyalty/perennial/internal/outbound"
)

var (
	// ErrInvalid means that a token, a code or a state is not valid.
	ErrInvalid = errors.New("oidc: the token is invalid")
	// ErrExpired means that a token is valid except that it has expired.
	ErrExpired = errors.New("oidc: the token has expired")
	// ErrUnavailable means that the issuer could not be reached, or that its metadata is not usable.
	ErrUnavailable = errors.New("oidc: the issuer is not available")
)

// errRecent is the reason of ErrUnavailable if the last read failed and the next one is not due yet.
var errRecent = errors.New("a request failed less than a minute ago")

// These constants limit how often an issuer is asked and how long its answers are used.
const (
	refreshAfter = time.Hour      // the age at which metadata and keys are read again
	minInterval  = time.Minute    // the minimum time between two reads, successful or not
	usableFor    = 24 * time.Hour // how long keys are used if they cannot be read again
	maxDocument  = 256 << 10      // the maximum size of the metadata and of the key set, in bytes
	timeout      = 3 * time.Second
)

// Client returns an HTTP client that a Provider can use. It connects only to public addresses over HTTPS.
func Client() *http.Client { return outbound.Client(timeout) }

// A Provider verifies the tokens of one issuer. Set the fields before the first call. Its methods are safe for
// concurrent use.
type Provider struct {
	Issuer string // the URL of the issuer, exactly as its tokens state it in iss
	HTTP   *http.Client
	Now    func() time.Time

	reading sync.Mutex // held while the issuer is asked; taken before mu
	mu      sync.Mutex
	state   state
}

// A state contains the answers of an issuer.
type state struct {
	metadata Metadata
	keys     keySet
	read     time.Time // when they were read; zero if never
	tried    time.Time // when they were last requested
}

// Metadata contains the metadata of an issuer that this package uses.
type Metadata struct {
	Issuer                string   `json:"issuer"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	JWKSURI               string   `json:"jwks_uri"`
	TokenAuthMethods      []string `json:"token_endpoint_auth_methods_supported"`
}

// CheckIssuer returns an error unless an issuer is an https URL without a query, a fragment or a user.
func CheckIssuer(issuer string) error {
	u, err := url.Parse(issuer)
	if err != nil || len(issuer) > 500 || u.Scheme != "https" || u.Hostname() == "" || u.User != nil ||
		u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(issuer, "?#") {
		return errors.New("oidc: an issuer must have the form https://issuer.example or https://issuer.example/path")
	}
	return nil
}

// Metadata returns the metadata of the issuer.
func (p *Provider) Metadata(ctx context.Context) (Metadata, error) {
	s, err := p.current(ctx, func(state) bool { return true })
	return s.metadata, err
}

// current returns the state of the issuer. It reads it first if it is older than refreshAfter, or if the function
// suffices returns false. If that fails, or was tried less than minInterval ago, it returns the previous state, which
// may not suffice. It returns ErrUnavailable if there is no usable state.
func (p *Provider) current(ctx context.Context, suffices func(state) bool) (state, error) {
	s, ok := p.cached(suffices)
	if ok {
		return s, nil
	}
	if !p.reading.TryLock() {
		if p.isUsable(s) && suffices(s) {
			return s, nil // another caller reads it
		}
		p.reading.Lock()
	}
	defer p.reading.Unlock()
	s, ok = p.cached(suffices) // another caller may have read it meanwhile
	if ok {
		return s, nil
	}
	now := p.Now()
	failed := errRecent
	if since := now.Sub(s.tried); since < 0 || since >= minInterval {
		// The read continues if the caller gives up, because it would otherwise count as the only try of a minute.
		fresh, err := p.request(context.WithoutCancel(ctx))
		if failed = err; err == nil {
			s, s.read = fresh, now
		}
		s.tried = now
		p.mu.Lock()
		p.state = s
		p.mu.Unlock()
	}
	if !p.isUsable(s) {
		return state{}, fmt.Errorf("%w: %s: %w", ErrUnavailable, p.Issuer, failed)
	}
	return s, nil
}

// isUsable reports whether a state can be used while the issuer cannot be reached.
func (p *Provider) isUsable(s state) bool { return !s.read.IsZero() && p.Now().Sub(s.read) < usableFor }

// cached returns the state, and whether it can be used without another read.
func (p *Provider) cached(suffices func(state) bool) (state, bool) {
	now := p.Now()
	p.mu.Lock()
	s := p.state
	p.mu.Unlock()
	age := now.Sub(s.read)
	return s, !s.read.IsZero() && age >= 0 && age < refreshAfter && suffices(s)
}

// request reads the metadata and the keys of the issuer.
func (p *Provider) request(ctx context.Context) (state, error) {
	if err := CheckIssuer(p.Issuer); err != nil {
		return state{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var s state
	address := strings.TrimSuffix(p.Issuer, "/") + "/.well-known/openid-configuration"
	if err := p.get(ctx, address, &s.metadata); err != nil {
		return state{}, err
	}
	if s.metadata.Issuer != p.Issuer {
		return state{}, fmt.Errorf("its metadata names the issuer %q", s.metadata.Issuer)
	}
	if !p.onHost(s.metadata.JWKSURI) {
		return state{}, fmt.Errorf("its keys are at %q, not on the host of the issuer", s.metadata.JWKSURI)
	}
	var set jwks
	if err := p.get(ctx, s.metadata.JWKSURI, &set); err != nil {
		return state{}, err
	}
	var err error
	s.keys, err = set.keys()
	return s, err
}

func (p *Provider) get(ctx context.Context, address string, into any) error {
	body, err := outbound.Get(ctx, p.HTTP, address, maxDocument)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("decode %s: %w", address, err)
	}
	return nil
}

// onHost reports whether an address is an https URL with the host and the port of the issuer.
func (p *Provider) onHost(address string) bool {
	u, err := url.Parse(address)
	issuer, bad := url.Parse(p.Issuer)
	return err == nil && bad == nil && u.Scheme == "https" && u.User == nil && u.Host == issuer.Host
}
