package stored

import (
	"crypto/sha256"
	"encoding/base64"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// Sealed returns the entry with its place in the hash chain, and its stored form. The hash is SHA-256 over the entry's
// cause and its stored form without the hash. The stored form includes the hash of the previous entry.
func Sealed(e loyalty.Entry, previous string) (loyalty.Entry, []byte) {
	e.Previous, e.Hash = previous, ""
	d := StoredEntry(e)
	b := append(e.Cause.AppendTo(newDocument()), '\n')
	start := len(b)
	b = d.appendTo(b)
	sum := sha256.Sum256(b)
	b = append(b[:len(b)-1], `,"hash":"`...) // Hash is the last field, so the result is EncodedEntry(e)
	hash := len(b)
	b = base64.RawURLEncoding.AppendEncode(b, sum[:])
	e.Hash = string(b[hash:])
	return e, append(b, `"}`...)[start:]
}

// EncodedEntry returns the complete stored form of an entry. See Apart.
func EncodedEntry(e loyalty.Entry) []byte {
	d := StoredEntry(e)
	return d.appendTo(newDocument())
}

// AppendOrder appends an order's content and its member to b, as the input of a fingerprint.
func AppendOrder(b []byte, o loyalty.Order) []byte {
	d := StoredOrder(loyalty.OrderState{Order: o})
	return append(d.appendTo(b), o.Member...)
}
