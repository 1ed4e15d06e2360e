package oidc

import (
	"encoding/base64"
	"testing"
)

func TestOnlySigningKeysOfBothAlgorithmsAreUsed(t *testing.T) {
	text := base64.RawURLEncoding.EncodeToString
	number := func(bytes int) string {
		b := make([]byte, bytes)
		b[0], b[bytes-1] = 0x80, 1
		return text(b)
	}
	const ( // RFC 7515, appendix A.3
		x = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
		y = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
	)
	rsa := func(change func(*jwk)) jwk {
		k := jwk{ID: "k", Type: "RSA", Modulus: number(256), Exponent: "AQAB"}
		change(&k)
		return k
	}
	ec := func(change func(*jwk)) jwk {
		k := jwk{ID: "k", Type: "EC", Curve: "P-256", X: x, Y: y}
		change(&k)
		return k
	}
	for name, c := range map[string]struct {
		key  jwk
		want string // the algorithm; empty if the key is not used
	}{
		"RSA":                {rsa(func(*jwk) {}), "RS256"},
		"RSA for signatures": {rsa(func(k *jwk) { k.Use, k.Algorithm = "sig", "RS256" }), "RS256"},
		"8192 bits":          {rsa(func(k *jwk) { k.Modulus = number(1024) }), "RS256"},
		"P-256":              {ec(func(*jwk) {}), "ES256"},
		"to verify":          {ec(func(k *jwk) { k.Operations = []string{"verify"} }), "ES256"},

		"to encrypt":         {rsa(func(k *jwk) { k.Use = "enc" }), ""},
		"to sign":            {ec(func(k *jwk) { k.Operations = []string{"sign"} }), ""},
		"RS512":              {rsa(func(k *jwk) { k.Algorithm = "RS512" }), ""},
		"RSA for HS256":      {rsa(func(k *jwk) { k.Algorithm = "HS256" }), ""},
		"P-256 for RS256":    {ec(func(k *jwk) { k.Algorithm = "RS256" }), ""},
		"2040 bits":          {rsa(func(k *jwk) { k.Modulus = number(255) }), ""},
		"8200 bits":          {rsa(func(k *jwk) { k.Modulus = number(1025) }), ""},
		"exponent 1":         {rsa(func(k *jwk) { k.Exponent = "AQ" }), ""},
		"an even exponent":   {rsa(func(k *jwk) { k.Exponent = "Ag" }), ""},
		"a large exponent":   {rsa(func(k *jwk) { k.Exponent = number(8) }), ""},
		"no modulus":         {rsa(func(k *jwk) { k.Modulus = "" }), ""},
		"no base64":          {rsa(func(k *jwk) { k.Modulus = "!" }), ""},
		"P-384":              {ec(func(k *jwk) { k.Curve = "P-384" }), ""},
		"not on the curve":   {ec(func(k *jwk) { k.Y = x }), ""},
		"a short coordinate": {ec(func(k *jwk) { k.X = "AA" }), ""},
		"a secret":           {jwk{ID: "k", Type: "oct"}, ""},
	} {
		set, err := jwks{[]jwk{c.key}}.keys()
		if c.want == "" && (err == nil || set != nil) || c.want != "" && (err != nil || set[0].algorithm != c.want) {
			t.Errorf("%s: %v, %v; want %q", name, set, err, c.want)
		}
	}
	good := rsa(func(*jwk) {})
	var many jwks
	for range maxKeys {
		many.Keys = append(many.Keys, good)
	}
	if set, err := many.keys(); err != nil || len(set) != maxKeys {
		t.Errorf("%d keys: %v", maxKeys, err)
	}
	many.Keys = append(many.Keys, good)
	if _, err := many.keys(); err == nil {
		t.Errorf("%d keys were accepted", maxKeys+1)
	}
}
