package auth

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/perennial-loyalty/perennial/internal/oidc"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Tokens verifies the tokens of members: JWTs (RFC 7519) that the merchant's server or an OpenID Connect issuer signs.
// A token states the program (aud), the member's external ID (sub), when it was issued (iat) and when it expires (exp),
// at most ten minutes later. The audience of an issuer's token selects the program.
//
// The methods are safe for concurrent use.
type Tokens struct {
	Table  table.Table
	Now    func() time.Time
	Secret []byte    // the key from which the secrets of HS256 keys are derived
	Random io.Reader // the source of randomness for new keys; nil selects crypto/rand
	// HTTP is the client for issuers. If it is nil, requests connect only to public addresses.
	HTTP *http.Client

	mu      sync.Mutex
	known   map[string]access // the cached settings, by program
	origins map[string]origin // the cached origins
	issuers map[string]issuer // the cached issuers
}

// These constants limit tokens: the time between iat and exp, the difference between the clocks of the issuer and of
// this process, and the length of the text.
const (
	maxTokenLife = 10 * time.Minute
	clockSkew    = time.Minute
	maxToken     = 4 << 10
)

// claims are the claims of a token that Perennial reads. It ignores others.
type claims struct {
	jwt.RegisteredClaims
	Email         string `json:"email"`
	EmailVerified bool   `json:"email_verified"`
}

// IsToken reports whether an Authorization header contains the token of a member instead of an API key.
func IsToken(header string) bool {
	scheme, token, _ := strings.Cut(header, " ")
	return strings.EqualFold(scheme, "Bearer") && strings.Count(token, ".") == 2
}

// Verify returns the principal of the token in an Authorization header. The error is TokenExpired if the token has
// expired, TokenInvalid if it is otherwise invalid or its key was revoked, ErrIssuerUnavailable, or an error of the
// table.
func (t *Tokens) Verify(ctx context.Context, header string) (Principal, error) {
	_, token, _ := strings.Cut(header, " ")
	if name, ok := oidc.IssuerOf(token); ok {
		return t.verifyIssued(ctx, name, token)
	}
	if len(token) > maxToken {
		return Principal{}, TokenInvalid
	}
	var c claims
	var failed error // an error of the table
	_, err := t.parser().ParseWithClaims(token, &c, func(parsed *jwt.Token) (any, error) {
		if len(c.Audience) != 1 || isForeign(parsed.Header) {
			return nil, TokenInvalid
		}
		var a access
		if a, failed = t.access(ctx, c.Audience[0]); failed != nil {
			return nil, failed
		}
		return a.keysFor(parsed), nil
	})
	switch {
	case failed != nil:
		return Principal{}, failed
	case errors.Is(err, jwt.ErrTokenExpired):
		return Principal{}, TokenExpired
	case err != nil || !c.isShortLived() || c.Subject == "":
		return Principal{}, TokenInvalid
	}
	who := Principal{Kind: Member, Program: c.Audience[0], Subject: c.Subject}
	if c.EmailVerified {
		who.Email = c.Email
	}
	return who, nil
}

func (t *Tokens) parser() *jwt.Parser {
	return jwt.NewParser(
		jwt.WithValidMethods([]string{string(HS256), string(EdDSA)}), jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
		jwt.WithLeeway(clockSkew), jwt.WithTimeFunc(t.Now), jwt.WithStrictDecoding(),
	)
}

// isForeign reports whether the header of a token contains a key, refers to a key elsewhere, or requires an extension
// (RFC 7515, section 4.1). Such a token is rejected, and nothing is fetched.
func isForeign(header map[string]any) bool {
	for _, name := range []string{"jwk", "jku", "x5c", "x5u", "crit"} {
		if _, ok := header[name]; ok {
			return true
		}
	}
	return false
}

// keysFor returns the keys that may have signed a token: the keys with the algorithm of the token and, if the token
// names a key, with the ID of this key.
func (a access) keysFor(token *jwt.Token) (set jwt.VerificationKeySet) {
	id, named := token.Header["kid"]
	for _, k := range a.keys {
		if string(k.algorithm) == token.Method.Alg() && (!named || id == k.id) {
			set.Keys = append(set.Keys, k.key)
		}
	}
	return set
}

// isShortLived reports whether the token states a lifetime of at most maxTokenLife.
func (c *claims) isShortLived() bool {
	return c.IssuedAt != nil && c.ExpiresAt != nil && c.ExpiresAt.Sub(c.IssuedAt.Time) <= maxTokenLife
}
