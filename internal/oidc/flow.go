package oidc

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"

	"golang.org/x/oauth2"

	"github.com/perennial-loyalty/perennial/internal/random"
)

// An App is this product as a client of an issuer.
type App struct {
	ClientID    string
	Secret      string // empty for a public client
	RedirectURL string // the URL to which the issuer sends the user with the code
	Scopes      []string
}

// A Flow contains the values that belong to one sign-in. Store them with the browser's session, and use them once.
type Flow struct {
	State    string // the issuer returns it with the code; proves that the sign-in started in the same browser
	Nonce    string // the ID token contains it
	Verifier string // the PKCE verifier (RFC 7636), sent with the code
}

// NewFlow returns the values for a new sign-in, with 256 random bits each. A nil source selects crypto/rand.
func NewFlow(source io.Reader) Flow { return Flow{secret(source), secret(source), secret(source)} }

func secret(source io.Reader) string {
	var b [32]byte
	random.Read(source, b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// AuthorizationURL returns the page of the issuer at which the user signs in.
func (p *Provider) AuthorizationURL(ctx context.Context, a App, f Flow) (string, error) {
	c, err := p.config(ctx, a)
	if err != nil {
		return "", err
	}
	return c.AuthCodeURL(f.State, oauth2.S256ChallengeOption(f.Verifier), oauth2.SetAuthURLParam("nonce", f.Nonce)), nil
}

// Exchange sends the code of a sign-in to the issuer and returns the verified claims of the ID token. The caller must
// first compare the state. The error is ErrInvalid if the issuer rejects the code or its ID token is invalid,
// ErrExpired, or ErrUnavailable.
func (p *Provider) Exchange(ctx context.Context, a App, f Flow, code string) (Claims, error) {
	c, err := p.config(ctx, a)
	if err != nil {
		return Claims{}, err
	}
	token, err := c.Exchange(
		context.WithValue(ctx, oauth2.HTTPClient, p.HTTP), code, oauth2.VerifierOption(f.Verifier),
	)
	if rejected, ok := errors.AsType[*oauth2.RetrieveError](err); ok && rejected.Response.StatusCode/100 == 4 {
		return Claims{}, fmt.Errorf("%w: the issuer rejected the code: %s", ErrInvalid, rejected.ErrorCode)
	}
	if err != nil {
		return Claims{}, fmt.Errorf("%w: exchange the code: %w", ErrUnavailable, err)
	}
	raw, _ := token.Extra("id_token").(string)
	return p.VerifyIDToken(ctx, raw, a.ClientID, f.Nonce)
}

// config returns the settings of the issuer and the client. Both endpoints must be https URLs, on any host: Cognito
// serves them on another host than its keys.
func (p *Provider) config(ctx context.Context, a App) (*oauth2.Config, error) {
	m, err := p.Metadata(ctx)
	if err != nil {
		return nil, err
	}
	for _, endpoint := range []string{m.AuthorizationEndpoint, m.TokenEndpoint} {
		if u, err := url.Parse(endpoint); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
			return nil, fmt.Errorf("%w: its metadata has the endpoint %q", ErrUnavailable, endpoint)
		}
	}
	style := oauth2.AuthStyleInHeader
	basic := m.TokenAuthMethods == nil || slices.Contains(m.TokenAuthMethods, "client_secret_basic")
	if a.Secret == "" || !basic {
		style = oauth2.AuthStyleInParams
	}
	scopes := a.Scopes
	if scopes == nil {
		scopes = []string{"openid", "email", "profile"}
	}
	return &oauth2.Config{
		ClientID: a.ClientID, ClientSecret: a.Secret, RedirectURL: a.RedirectURL, Scopes: scopes,
		Endpoint: oauth2.Endpoint{AuthURL: m.AuthorizationEndpoint, TokenURL: m.TokenEndpoint, AuthStyle: style},
	}, nil
}
