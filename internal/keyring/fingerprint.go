package keyring

import (
	"crypto/sha256"
	"encoding/base64"
)

// A fingerprint is the first 128 bits of the HMAC-SHA-256 (RFC 2104) of a document, in unpadded URL-safe Base64. That
// is short enough to store it in every entry. Without the key, no one can confirm a guess of the document, such as of
// an order. The program is part of the input, so that equal documents of two programs have different fingerprints.

// Fingerprint returns the fingerprint of a document.
func (k *Keyring) Fingerprint(program string, doc []byte) string {
	return k.EndFingerprint(append(k.BeginFingerprint(nil, program), doc...))
}

// BeginFingerprint appends to b the beginning of the input of a fingerprint. The caller appends the document, and calls
// EndFingerprint. If b is empty and its buffer large enough, this allocates no memory, unlike package crypto/hmac.
func (k *Keyring) BeginFingerprint(b []byte, program string) []byte {
	block := k.block(0x36)
	b = append(append(b, block[:]...), "fingerprint\x00"...)
	return append(append(b, program...), 0)
}

// EndFingerprint returns the fingerprint for its whole input.
func (k *Keyring) EndFingerprint(input []byte) string {
	inner, block := sha256.Sum256(input), k.block(0x5c)
	var outer [sha256.BlockSize + sha256.Size]byte
	copy(outer[copy(outer[:], block[:]):], inner[:])
	sum := sha256.Sum256(outer[:])
	var text [22]byte
	base64.RawURLEncoding.Encode(text[:], sum[:16])
	return string(text[:])
}

// block returns the key of the hashes as a block of HMAC, combined with the padding.
func (k *Keyring) block(padding byte) (block [sha256.BlockSize]byte) {
	if key := k.Lookups; len(key) > len(block) {
		sum := sha256.Sum256(key)
		copy(block[:], sum[:])
	} else {
		copy(block[:], key)
	}
	for i := range block {
		block[i] ^= padding
	}
	return block
}
