package oidc

import (
	"context"
	"crypto/subtle"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// These constants limit tokens: the difference between the clocks of the issuer and of this process, and the lengths of
// a token and of a key ID.
const (
	clockSkew = time.Minute
	maxToken  = 8 << 10
	maxKeyID  = 128
)

// Claims are the verified claims of a token.
type Claims struct {
	Subject       string
	Audience      string // the audience or client ID, of those that the caller accepts
	Email         string // empty unless the issuer verified it
	Name          string
	IssuedAt      time.Time
	ExpiresAt     time.Time
	Authenticated time.Time // when the user signed in (auth_time); zero if the token does not state it
}

// claims is the JSON form of the claims. Cognito's access tokens have client_id instead of aud.
type claims struct {
	jwt.RegisteredClaims
	ClientID        string           `json:"client_id"`
	AuthorizedParty string           `json:"azp"`
	TokenUse        string           `json:"token_use"` // Cognito: access or id
	Type            string           `json:"typ"`       // Keycloak: Bearer, ID, Refresh or Offline
	Nonce           string           `json:"nonce"`
	AccessTokenHash string           `json:"at_hash"`
	CodeHash        string           `json:"c_hash"`
	Email           string           `json:"email"`
	EmailVerified   any              `json:"email_verified"` // some issuers send the text "true"
	Name            string           `json:"name"`
	AuthTime        *jwt.NumericDate `json:"auth_time"`
}

// IssuerOf returns the issuer that a token states, and whether the token names an algorithm that this package verifies.
// It does not verify the token.
func IssuerOf(token string) (issuer string, ok bool) {
	var c claims
	if len(token) > maxToken {
		return "", false
	}
	parsed, _, err := jwt.NewParser().ParseUnverified(token, &c)
	return c.Issuer, err == nil && slices.Contains(algorithms, parsed.Method.Alg())
}

var algorithms = []string{"RS256", "ES256"}

// VerifyAccessToken verifies an access token and returns its claims. The token must be for exactly one of the
// audiences. The audience of a token is its aud, or its client_id if it has no aud. The error is ErrExpired, ErrInvalid
// or ErrUnavailable. It is ErrInvalid for an ID token, because an ID token does not permit calls of an API.
func (p *Provider) VerifyAccessToken(ctx context.Context, token string, audiences ...string) (Claims, error) {
	c, err := p.verify(ctx, token)
	if err != nil {
		return Claims{}, err
	}
	stated := []string(c.Audience)
	if len(stated) == 0 {
		stated = []string{c.ClientID}
	}
	stated = slices.DeleteFunc(stated, func(a string) bool { return a == "" || !slices.Contains(audiences, a) })
	if len(stated) != 1 || !c.isAccess() || c.Subject == "" {
		return Claims{}, ErrInvalid
	}
	return c.verified(stated[0]), nil
}

// isAccess reports whether the token is an access token. An issuer without token_use or typ distinguishes them by the
// audience. The other claims are only in ID tokens.
func (c *claims) isAccess() bool {
	return (c.TokenUse == "" || c.TokenUse == "access") && (c.Type == "" || strings.EqualFold(c.Type, "Bearer")) &&
		c.Nonce == "" && c.AccessTokenHash == "" && c.CodeHash == ""
}

// VerifyIDToken returns the claims of an ID token that the issuer created for a client and a sign-in with a nonce. The
// error is ErrExpired, ErrInvalid or ErrUnavailable.
func (p *Provider) VerifyIDToken(ctx context.Context, token, client, nonce string) (Claims, error) {
	c, err := p.verify(ctx, token)
	if err != nil {
		return Claims{}, err
	}
	kind := (c.TokenUse == "" || c.TokenUse == "id") && (c.Type == "" || strings.EqualFold(c.Type, "ID"))
	party := c.AuthorizedParty == client || c.AuthorizedParty == "" && len(c.Audience) == 1
	same := nonce != "" && subtle.ConstantTimeCompare([]byte(c.Nonce), []byte(nonce)) == 1
	if !kind || !party || !same || client == "" || !slices.Contains(c.Audience, client) || c.Subject == "" {
		return Claims{}, ErrInvalid
	}
	return c.verified(client), nil
}

// verify checks the signature, the issuer and the times of a token.
func (p *Provider) verify(ctx context.Context, token string) (*claims, error) {
	var c claims
	if len(token) > maxToken {
		return nil, ErrInvalid
	}
	parser := jwt.NewParser(
		jwt.WithValidMethods(algorithms), jwt.WithIssuer(p.Issuer), jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
		jwt.WithLeeway(clockSkew), jwt.WithTimeFunc(p.Now), jwt.WithStrictDecoding(),
	)
	var failed error // the issuer is not available
	_, err := parser.ParseWithClaims(token, &c, func(parsed *jwt.Token) (any, error) {
		if c.Issuer != p.Issuer || isForeign(parsed.Header) {
			return nil, ErrInvalid
		}
		var set jwt.VerificationKeySet
		set, failed = p.keysFor(ctx, parsed)
		return set, failed
	})
	switch {
	case failed != nil:
		return nil, failed
	case errors.Is(err, jwt.ErrTokenExpired):
		return nil, ErrExpired
	case err != nil || c.IssuedAt == nil:
		return nil, ErrInvalid
	}
	return &c, nil
}

// keysFor returns the issuer's keys that may have signed a token. If the token names an unknown key, it reads the keys
// again, at most once a minute.
func (p *Provider) keysFor(ctx context.Context, token *jwt.Token) (set jwt.VerificationKeySet, err error) {
	value, named := token.Header["kid"]
	id, _ := value.(string)
	if named && !isKeyID(id) {
		return set, nil
	}
	algorithm := token.Method.Alg()
	s, err := p.current(ctx, func(s state) bool { return len(s.keys.find(algorithm, id, named)) > 0 })
	if err != nil {
		return set, err
	}
	for _, k := range s.keys.find(algorithm, id, named) {
		set.Keys = append(set.Keys, k)
	}
	return set, nil
}

// isForeign reports whether the header of a token contains a key, refers to a key elsewhere, requires an extension
// (RFC 7515, section 4.1), or states that the token is of another kind, such as a logout token.
func isForeign(header map[string]any) bool {
	for _, name := range []string{"jwk", "jku", "x5c", "x5u", "crit"} {
		if _, ok := header[name]; ok {
			return true
		}
	}
	kind, ok := header["typ"]
	text, _ := kind.(string)
	text = strings.TrimPrefix(strings.ToLower(text), "application/")
	return ok && text != "jwt" && text != "at+jwt"
}

// isKeyID reports whether a key ID has 1 to 128 visible ASCII characters.
func isKeyID(id string) bool {
	for i := range len(id) {
		if id[i] < 0x21 || id[i] > 0x7e {
			return false
		}
	}
	return id != "" && len(id) <= maxKeyID
}

func (c *claims) verified(audience string) Claims {
	out := Claims{
		Subject: c.Subject, Audience: audience, Name: c.Name,
		IssuedAt: c.IssuedAt.Time, ExpiresAt: c.ExpiresAt.Time,
	}
	if c.EmailVerified == true || c.EmailVerified == "true" {
		out.Email = c.Email
	}
	if c.AuthTime != nil {
		out.Authenticated = c.AuthTime.Time
	}
	return out
}
