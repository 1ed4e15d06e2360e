package oidc

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"slices"
)

// maxKeys is the maximum number of usable keys in a key set.
const maxKeys = 32

// A jwks is the JSON form of a key set (RFC 7517).
type jwks struct {
	Keys []jwk `json:"keys"`
}

// A jwk is the JSON form of a public key, with the fields of RSA and elliptic curve keys (RFC 7518, section 6).
type jwk struct {
	ID         string   `json:"kid"`
	Type       string   `json:"kty"`
	Use        string   `json:"use"`
	Operations []string `json:"key_ops"`
	Algorithm  string   `json:"alg"`
	Modulus    string   `json:"n"`
	Exponent   string   `json:"e"`
	Curve      string   `json:"crv"`
	X          string   `json:"x"`
	Y          string   `json:"y"`
}

// A key verifies the signatures of one algorithm.
type key struct {
	id        string
	algorithm string // RS256 or ES256
	public    crypto.PublicKey
}

type keySet []key

// keys returns the keys for signatures with RS256 and ES256. It ignores keys for other purposes and invalid keys, as
// RFC 7517, section 5, recommends. It returns an error if no key is usable, because the answer is then not a key set.
func (s jwks) keys() (keySet, error) {
	var out keySet
	for _, k := range s.Keys {
		usable := (k.Use == "" || k.Use == "sig") && (k.Operations == nil || slices.Contains(k.Operations, "verify"))
		if !usable {
			continue
		}
		if one, err := k.key(); err == nil {
			out = append(out, one)
		}
	}
	switch {
	case len(out) == 0:
		return nil, errors.New("its key set has no key for RS256 or ES256")
	case len(out) > maxKeys:
		return nil, fmt.Errorf("its key set has more than %d keys", maxKeys)
	}
	return out, nil
}

// key returns the public key. Its type fixes the algorithm.
func (k jwk) key() (key, error) {
	out := key{id: k.ID}
	var err error
	switch k.Type {
	case "RSA":
		out.algorithm = "RS256"
		out.public, err = k.rsa()
	case "EC":
		out.algorithm = "ES256"
		out.public, err = k.ecdsa()
	default:
		err = fmt.Errorf("oidc: unknown key type %q", k.Type)
	}
	if err == nil && k.Algorithm != "" && k.Algorithm != out.algorithm {
		err = fmt.Errorf("oidc: the algorithm %q is not supported", k.Algorithm)
	}
	return out, err
}

// rsa returns a key with 2048 to 8192 bits. Larger keys would make verification slow.
func (k jwk) rsa() (*rsa.PublicKey, error) {
	n, badN := base64.RawURLEncoding.DecodeString(k.Modulus)
	e, badE := base64.RawURLEncoding.DecodeString(k.Exponent)
	if err := errors.Join(badN, badE); err != nil {
		return nil, fmt.Errorf("oidc: decode an RSA key: %w", err)
	}
	modulus, exponent := new(big.Int).SetBytes(n), new(big.Int).SetBytes(e)
	small := exponent.BitLen() <= 31 && exponent.Int64() >= 3 && exponent.Bit(0) == 1
	if bits := modulus.BitLen(); bits < 2048 || bits > 8192 || !small {
		return nil, errors.New("oidc: an RSA key has an unsupported size or exponent")
	}
	return &rsa.PublicKey{N: modulus, E: int(exponent.Int64())}, nil
}

// ecdsa returns a key on the curve P-256, the curve of ES256.
func (k jwk) ecdsa() (*ecdsa.PublicKey, error) {
	x, badX := base64.RawURLEncoding.DecodeString(k.X)
	y, badY := base64.RawURLEncoding.DecodeString(k.Y)
	if err := errors.Join(badX, badY); err != nil {
		return nil, fmt.Errorf("oidc: decode an elliptic curve key: %w", err)
	}
	if k.Curve != "P-256" || len(x) != 32 || len(y) != 32 {
		return nil, fmt.Errorf("oidc: the curve %q is not supported", k.Curve)
	}
	return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
}

// find returns the keys that may have signed a token with an algorithm: the keys with its key ID or, if the token names
// no key, the only key of the algorithm.
func (s keySet) find(algorithm, id string, named bool) (found []crypto.PublicKey) {
	for _, k := range s {
		if k.algorithm == algorithm && (!named || k.id == id) {
			found = append(found, k.public)
		}
	}
	if !named && len(found) > 1 {
		return nil
	}
	return found
}
