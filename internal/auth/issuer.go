package auth

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/oidc"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// ErrIssuerUnavailable means that the keys of a token's issuer could not be read. The token may be valid.
var ErrIssuerUnavailable = oidc.ErrUnavailable

// A TokenIssuer is an OpenID Connect issuer whose access tokens the members of a program may use.
type TokenIssuer struct {
	Issuer   string // the iss of its tokens
	Audience string // the aud of its tokens, or the client_id of tokens without aud
}

// maxIssuers is the maximum number of issuers of a program, and of audiences of an issuer.
const maxIssuers = 50

// issuerDoc is the document that the table stores for an issuer. A token names its issuer and its audience, and these
// must lead to one program.
type issuerDoc struct {
	Issuer    string        `json:"issuer"`
	Audiences []audienceDoc `json:"audiences"`
}

type audienceDoc struct {
	Audience string `json:"audience"`
	Program  string `json:"program"`
}

// issuerRefDoc names an issuer in the settings of a program.
type issuerRefDoc struct {
	Issuer   string    `json:"issuer"`
	Audience string    `json:"audience"`
	Created  time.Time `json:"created"`
}

// An issuer is a cached issuerDoc with the keys of the issuer.
type issuer struct {
	doc      issuerDoc
	provider *oidc.Provider
	at       time.Time // when the document was read
}

// issuerKey returns the key of an issuer's document. An issuer has any length, so the key contains its hash.
func issuerKey(issuer string) table.Key {
	sum := sha256.Sum256([]byte(issuer))
	return table.Key{PK: "KEY#issuer-" + hex.EncodeToString(sum[:16]), SK: "ISSUER"}
}

// AddIssuer lets the members of a program call the API with access tokens of an issuer for an audience. An audience
// belongs to one program. Adding an issuer again changes nothing. The tokens work within a minute in every process.
func (t *Tokens) AddIssuer(ctx context.Context, program string, in TokenIssuer) error {
	if err := oidc.CheckIssuer(in.Issuer); err != nil {
		return err
	}
	if program == "" || in.Audience == "" || len(in.Audience) > 500 {
		return errors.New("auth: an issuer requires a program and an audience of at most 500 characters")
	}
	doc, item, err := t.readIssuer(ctx, in.Issuer)
	if err != nil {
		return err
	}
	switch owner := doc.program(in.Audience); {
	case owner == program:
		return nil
	case owner != "":
		return fmt.Errorf("auth: the audience %s of %s already belongs to a program", in.Audience, in.Issuer)
	case len(doc.Audiences) >= maxIssuers:
		return fmt.Errorf("auth: an issuer has at most %d audiences", maxIssuers)
	}
	doc.Audiences = append(doc.Audiences, audienceDoc{in.Audience, program})
	return t.storeIssuer(ctx, program, doc, item, func(access *accessDoc) error {
		if len(access.Issuers) >= maxIssuers {
			return fmt.Errorf("auth: a program has at most %d issuers", maxIssuers)
		}
		access.Issuers = append(access.Issuers, issuerRefDoc{in.Issuer, in.Audience, t.Now().UTC()})
		return nil
	})
}

// RemoveIssuer removes an issuer that AddIssuer added. Its tokens stop working at once in this process, and within a
// minute in others. RemoveIssuer returns TokenInvalid if the program has no such issuer.
func (t *Tokens) RemoveIssuer(ctx context.Context, program string, in TokenIssuer) error {
	doc, item, err := t.readIssuer(ctx, in.Issuer)
	if err != nil {
		return err
	}
	if doc.program(in.Audience) != program || program == "" {
		return TokenInvalid
	}
	doc.Audiences = slices.DeleteFunc(doc.Audiences, func(a audienceDoc) bool { return a.Audience == in.Audience })
	return t.storeIssuer(ctx, program, doc, item, func(access *accessDoc) error {
		access.Issuers = slices.DeleteFunc(access.Issuers, func(r issuerRefDoc) bool {
			return r.Issuer == in.Issuer && r.Audience == in.Audience
		})
		return nil
	})
}

// Issuers returns the issuers of a program, oldest first.
func (t *Tokens) Issuers(ctx context.Context, program string) (out []TokenIssuer, err error) {
	doc, _, err := t.read(ctx, program)
	for _, r := range doc.Issuers {
		out = append(out, TokenIssuer{r.Issuer, r.Audience})
	}
	return out, err
}

// storeIssuer changes the audiences of an issuer and the settings of a program in one transaction.
func (t *Tokens) storeIssuer(
	ctx context.Context, program string, doc issuerDoc, item table.Item, change func(*accessDoc) error,
) (err error) {
	if item.Doc, err = json.Marshal(doc); err != nil {
		return fmt.Errorf("auth: encode the issuer %s: %w", doc.Issuer, err)
	}
	if err := t.change(ctx, program, change, table.Put(item)); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if cached, ok := t.issuers[doc.Issuer]; ok {
		cached.at = time.Time{}
		t.issuers[doc.Issuer] = cached
	}
	return nil
}

func (t *Tokens) readIssuer(ctx context.Context, name string) (doc issuerDoc, item table.Item, err error) {
	if item, err = t.Table.Get(ctx, issuerKey(name)); err != nil {
		return doc, item, fmt.Errorf("auth: read the issuer %s: %w", name, err)
	}
	if item.Version == 0 {
		return issuerDoc{Issuer: name}, table.Item{Key: issuerKey(name)}, nil
	}
	if err := json.Unmarshal(item.Doc, &doc); err != nil {
		return doc, item, fmt.Errorf("auth: decode the issuer %s: %w", name, err)
	}
	return doc, item, nil
}

// program returns the program to which an audience belongs, or the empty string.
func (d issuerDoc) program(audience string) string {
	for _, a := range d.Audiences {
		if a.Audience == audience {
			return a.Program
		}
	}
	return ""
}

// verifyIssued returns the principal of a token of an issuer. The token itself does not select where keys are read:
// only the keys of a configured issuer are used.
func (t *Tokens) verifyIssued(ctx context.Context, name, token string) (Principal, error) {
	from, err := t.issuer(ctx, name)
	if err != nil {
		return Principal{}, err
	}
	var accepted []string
	for _, a := range from.doc.Audiences {
		accepted = append(accepted, a.Audience)
	}
	if accepted == nil {
		return Principal{}, TokenInvalid
	}
	c, err := from.provider.VerifyAccessToken(ctx, token, accepted...)
	switch {
	case errors.Is(err, oidc.ErrExpired):
		return Principal{}, TokenExpired
	case errors.Is(err, oidc.ErrUnavailable):
		return Principal{}, fmt.Errorf("auth: verify a token: %w", err)
	case err != nil || c.ExpiresAt.Sub(c.IssuedAt) > maxTokenLife:
		return Principal{}, TokenInvalid
	}
	return Principal{
		Kind: Member, Program: from.doc.program(c.Audience), Subject: c.Subject, Email: c.Email,
	}, nil
}

// issuer returns an issuer from the cache or the table. Unknown issuers are not cached. The keys of an issuer are read
// again only when they are due, even if its document changed.
func (t *Tokens) issuer(ctx context.Context, name string) (issuer, error) {
	now := t.Now()
	t.mu.Lock()
	from, ok := t.issuers[name]
	t.mu.Unlock()
	if age := now.Sub(from.at); ok && age >= 0 && age < remember {
		return from, nil
	}
	doc, _, err := t.readIssuer(ctx, name)
	if err != nil || len(doc.Audiences) == 0 {
		return issuer{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.issuers == nil || len(t.issuers) >= rememberAt {
		t.issuers = make(map[string]issuer)
	}
	from = issuer{doc: doc, provider: t.issuers[name].provider, at: now}
	if from.provider == nil {
		from.provider = &oidc.Provider{Issuer: name, HTTP: cmp.Or(t.HTTP, oidc.Client()), Now: t.Now}
	}
	t.issuers[name] = from
	return from, nil
}
