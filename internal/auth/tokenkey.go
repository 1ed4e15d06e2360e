package auth

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/random"
)

// An Algorithm is a signature algorithm of member tokens, by its name in RFC 7518 and RFC 8037.
type Algorithm string

const (
	HS256 Algorithm = "HS256" // a secret that Perennial generates
	EdDSA Algorithm = "EdDSA" // an Ed25519 key pair of the merchant
)

// A TokenKey is a key with which the merchant's server signs the tokens of members.
type TokenKey struct {
	ID        string
	Algorithm Algorithm
	CreatedAt time.Time
	RevokedAt time.Time // zero while the key is valid
}

type tokenKeyDoc struct {
	ID        string    `json:"id"`
	Algorithm Algorithm `json:"algorithm"`
	Public    []byte    `json:"public,omitzero"` // the public key of EdDSA, in PKIX form
	Created   time.Time `json:"created"`
	Revoked   time.Time `json:"revoked,omitzero"`
}

// A verifyingKey verifies the signatures of one algorithm. Its type fixes the algorithm, so that the header of a token
// cannot select another one.
type verifyingKey struct {
	id        string
	algorithm Algorithm
	key       any // []byte for HS256, ed25519.PublicKey for EdDSA
}

// These constants limit the keys of a program. Two keys are valid during a rotation. The oldest revoked keys are
// removed.
const (
	maxTokenKeys   = 2
	maxRevokedKeys = 20
)

// CreateKey creates a key with which a merchant's server signs tokens of the program's members. If public is nil, the
// algorithm is HS256 and CreateKey returns the secret, which is not shown again. Otherwise, public is the PEM form of
// an Ed25519 public key. CreateKey returns an error if the program already has two valid keys.
func (t *Tokens) CreateKey(ctx context.Context, program string, public []byte) (TokenKey, string, error) {
	if program == "" {
		return TokenKey{}, "", errors.New("auth: a token key requires a program")
	}
	id, err := newID(t.Random)
	if err != nil {
		return TokenKey{}, "", err
	}
	k := tokenKeyDoc{ID: id, Algorithm: HS256, Created: t.Now().UTC()}
	if public != nil {
		block, _ := pem.Decode(public)
		if block == nil {
			return TokenKey{}, "", errors.New("auth: the public key must be a PEM block of an Ed25519 public key")
		}
		k.Algorithm, k.Public = EdDSA, block.Bytes
	}
	if _, err := t.verifyingKey(program, k); err != nil {
		return TokenKey{}, "", err
	}
	err = t.change(ctx, program, func(doc *accessDoc) error {
		valid := 0
		for _, old := range doc.Keys {
			if old.Revoked.IsZero() {
				valid++
			}
		}
		if valid >= maxTokenKeys {
			return fmt.Errorf("auth: program %s already has %d valid token keys; revoke one first", program, valid)
		}
		if len(doc.Keys)-valid >= maxRevokedKeys {
			oldest := slices.IndexFunc(doc.Keys, func(old tokenKeyDoc) bool { return !old.Revoked.IsZero() })
			doc.Keys = slices.Delete(doc.Keys, oldest, oldest+1)
		}
		doc.Keys = append(doc.Keys, k)
		return nil
	})
	if err != nil || public != nil {
		return tokenKey(k), "", err
	}
	return tokenKey(k), t.SecretOf(program, id), nil
}

// Keys returns the token keys of a program, oldest first.
func (t *Tokens) Keys(ctx context.Context, program string) ([]TokenKey, error) {
	doc, _, err := t.read(ctx, program)
	var out []TokenKey
	for _, k := range doc.Keys {
		out = append(out, tokenKey(k))
	}
	return out, err
}

// RevokeKey revokes a token key permanently. Tokens that it signed stop working at once in this process, and within a
// minute in others. RevokeKey returns TokenInvalid if the program has no such key.
func (t *Tokens) RevokeKey(ctx context.Context, program, id string) error {
	return t.change(ctx, program, func(doc *accessDoc) error {
		for i := range doc.Keys {
			if k := &doc.Keys[i]; k.ID == id {
				if k.Revoked.IsZero() {
					k.Revoked = t.Now().UTC()
				}
				return nil
			}
		}
		return TokenInvalid
	})
}

func tokenKey(k tokenKeyDoc) TokenKey {
	return TokenKey{ID: k.ID, Algorithm: k.Algorithm, CreatedAt: k.Created, RevokedAt: k.Revoked}
}

// verifyingKey returns the key that verifies the signatures of a stored key.
func (t *Tokens) verifyingKey(program string, k tokenKeyDoc) (verifyingKey, error) {
	out := verifyingKey{id: k.ID, algorithm: k.Algorithm}
	switch k.Algorithm {
	case HS256:
		out.key = t.secret(program, k.ID)
		return out, nil
	case EdDSA:
		public, err := x509.ParsePKIXPublicKey(k.Public)
		if err != nil {
			return verifyingKey{}, fmt.Errorf("auth: token key %s: %w", k.ID, err)
		}
		if key, ok := public.(ed25519.PublicKey); ok {
			out.key = key
			return out, nil
		}
		return verifyingKey{}, fmt.Errorf("auth: token key %s is not an Ed25519 public key", k.ID)
	}
	return verifyingKey{}, fmt.Errorf("auth: token key %s has the unknown algorithm %q", k.ID, k.Algorithm)
}

// SecretOf returns the secret of an HS256 key as text.
func (t *Tokens) SecretOf(program, id string) string { return string(t.secret(program, id)) }

// secret returns the secret of an HS256 key. It is derived from the master secret, so that the table contains no
// secret. The text has 43 characters, and its bytes are the key of the signature.
func (t *Tokens) secret(program, id string) []byte {
	mac := hmac.New(sha256.New, t.Secret)
	fmt.Fprintf(mac, "%s\x00%s", program, id)
	return base64.RawURLEncoding.AppendEncode(nil, mac.Sum(nil))
}

// newID returns a random ID of a key.
func newID(source io.Reader) (string, error) {
	var raw [idLength]byte
	if _, err := io.ReadFull(random.Source(source), raw[:]); err != nil {
		return "", fmt.Errorf("auth: read random bytes: %w", err)
	}
	for i := range raw {
		raw[i] = alphabet[raw[i]%32]
	}
	return string(raw[:]), nil
}
