package operators

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/oidc"
	"github.com/perennial-loyalty/perennial/internal/random"
)

// A SignInBody is the body of a request that starts a sign-in.
type SignInBody struct {
	Program string `json:"program"`
}

// A SessionBody is the body of a request that completes a sign-in.
type SessionBody struct {
	SignInToken string `json:"sign_in_token"`
	State       string `json:"state"`
	Code        string `json:"code"`
}

const (
	signInLife = 10 * time.Minute
	maxCode    = 4096
)

// A signIn is a started sign-in. Its token has the form "<program>.<id>.<expiry>.<signature>" and proves that this API
// created it, so that starting a sign-in stores nothing.
type signIn struct {
	program string
	id      string
	expires time.Time
}

// startSignIn returns the page of the issuer at which the operator signs in.
func startSignIn(ctx context.Context, c *request.Call) (request.Answer, error) {
	var b SignInBody
	if err := c.Take(&b, func(faults *request.Check) {
		if faults.RequiredID(request.At("program"), b.Program); strings.Contains(b.Program, ".") {
			faults.Fault(request.At("program"), loyalty.ValidationFailed, "This is not the ID of a program.")
		}
	}); err != nil {
		return request.Answer{}, err
	}
	provider := c.App.SignIn.Provider
	if provider == nil {
		return request.Answer{}, request.Refuse(loyalty.NotFound, request.NotFoundDetail)
	}
	var id [16]byte
	random.Read(c.App.Random, id[:])
	s := signIn{
		b.Program, base64.RawURLEncoding.EncodeToString(id[:]), c.App.Now().Add(signInLife).Truncate(time.Second),
	}
	key := c.App.Derive("sign-in")
	url, err := provider.AuthorizationURL(ctx, client(c), s.flow(key))
	if err != nil {
		return request.Answer{}, err
	}
	return request.Answer{Status: http.StatusCreated, Body: wire.SignIn{
		SignInToken: s.token(key), AuthorizationURL: url, ExpiresAt: s.expires.UTC(),
	}}, nil
}

// createSession completes a sign-in: it exchanges the code at the issuer and creates a session of the operator.
func createSession(ctx context.Context, c *request.Call) (request.Answer, error) {
	var b SessionBody
	if err := c.Take(&b, func(faults *request.Check) {
		faults.Text(request.At("sign_in_token"), b.SignInToken, 1, maxCode)
		faults.Text(request.At("state"), b.State, 1, maxCode)
		faults.Text(request.At("code"), b.Code, 1, maxCode)
	}); err != nil {
		return request.Answer{}, err
	}
	provider := c.App.SignIn.Provider
	if provider == nil {
		return request.Answer{}, request.Refuse(loyalty.NotFound, request.NotFoundDetail)
	}
	key := c.App.Derive("sign-in")
	s, err := parseSignIn(key, b.SignInToken, c.App.Now())
	if err != nil {
		return request.Answer{}, err
	}
	flow := s.flow(key)
	if !hmac.Equal([]byte(b.State), []byte(flow.State)) {
		return request.Answer{}, auth.TokenInvalid
	}
	if err := c.App.Operators.UseSignIn(ctx, s.id, s.expires); err != nil {
		return request.Answer{}, err
	}
	claims, err := provider.Exchange(ctx, client(c), flow, b.Code)
	if err != nil {
		return request.Answer{}, signInError(err)
	}
	who, err := c.App.Operators.SignIn(ctx, s.program, auth.Account{
		Issuer: provider.Issuer, Subject: claims.Subject, Email: claims.Email,
	})
	if errors.Is(err, auth.ErrUnknownOperator) {
		return request.Answer{}, request.Refuse(loyalty.Code(auth.Forbidden), "The account is not that of an operator.")
	}
	if err != nil {
		return request.Answer{}, err
	}
	token, session, err := c.App.Operators.CreateSession(ctx, who)
	if err != nil {
		return request.Answer{}, err
	}
	out := wireSession(session)
	out.Token = token
	return request.Answer{Status: http.StatusCreated, Body: out}, nil
}

// client returns the settings of this product as a client of the issuer. It is a public client, without a secret.
func client(c *request.Call) oidc.App {
	return oidc.App{ClientID: c.App.SignIn.ClientID, RedirectURL: c.App.SignIn.RedirectURL}
}

// signInError returns the error of the API for an error of the issuer.
func signInError(err error) error {
	switch {
	case errors.Is(err, oidc.ErrExpired):
		return auth.TokenExpired
	case errors.Is(err, oidc.ErrInvalid):
		return auth.TokenInvalid
	}
	return err
}

// flow derives the values of the flow.
func (s signIn) flow(key []byte) oidc.Flow {
	return oidc.Flow{State: s.derive(key, "state"), Nonce: s.derive(key, "nonce"), Verifier: s.derive(key, "verifier")}
}

func (s signIn) derive(key []byte, purpose string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(purpose + "\x00" + s.text()))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func (s signIn) text() string {
	return s.program + "." + s.id + "." + strconv.FormatInt(s.expires.Unix(), 10)
}

func (s signIn) token(key []byte) string { return s.text() + "." + s.derive(key, "token") }

// parseSignIn returns the sign-in of a token. The error is TokenInvalid or TokenExpired.
func parseSignIn(key []byte, token string, now time.Time) (signIn, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 4 {
		return signIn{}, auth.TokenInvalid
	}
	seconds, err := strconv.ParseInt(parts[2], 10, 64)
	s := signIn{parts[0], parts[1], time.Unix(seconds, 0)}
	if err != nil || !hmac.Equal([]byte(token), []byte(s.token(key))) {
		return signIn{}, auth.TokenInvalid
	}
	if !now.Before(s.expires) {
		return signIn{}, auth.TokenExpired
	}
	return s, nil
}
