package keyring

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/random"
)

// keySize is the size of all keys, in bytes. They are keys of AES-256.
const keySize = 32

// sealedVersion is the first byte of every sealed value. The rest is a nonce of 12 bytes, followed by the output of
// AES-256-GCM, which ends with a tag of 16 bytes.
const sealedVersion = 1

// errSealed means that a value was not sealed with this key for this purpose, or was changed.
var errSealed = errors.New("keyring: the value cannot be decrypted")

// A MemberKey encrypts the fields of one member.
type MemberKey struct {
	Wrapped []byte // the key, wrapped by the key of the program; stored with the member

	member string
	aead   cipher.AEAD
	nonces []byte // the key from which SealText derives nonces
	random io.Reader
}

// newMemberKey returns the key of a member from its plain and its wrapped form.
func newMemberKey(member string, key, wrapped []byte, source io.Reader) (MemberKey, error) {
	aead, err := newAEAD(key)
	if err != nil {
		return MemberKey{}, err
	}
	nonces := hmac.New(sha256.New, key)
	nonces.Write([]byte("nonces"))
	return MemberKey{wrapped, member, aead, nonces.Sum(nil), source}, nil
}

// Seal encrypts a field of the member. The member and the name of the field are authenticated, so that a sealed value
// cannot be used for another member or field.
func (m MemberKey) Seal(field string, plain []byte) []byte {
	return seal(m.aead, m.random, plain, m.purpose(field))
}

// Open decrypts a field of the member.
func (m MemberKey) Open(field string, sealed []byte) ([]byte, error) {
	plain, err := open(m.aead, sealed, m.purpose(field))
	if err != nil {
		return nil, fmt.Errorf("field %s of %s: %w", field, m.member, err)
	}
	return plain, nil
}

// sealedText is the first character of every encrypted text. IDs and codes do not contain it.
const sealedText = "~"

// IsSealedText reports whether SealText may have returned the text.
func IsSealedText(text string) bool { return strings.HasPrefix(text, sealedText) }

// SealText encrypts a text of the member. The result is a text without spaces. Unlike with Seal, equal texts of a field
// have equal results, so that a repeated request stores the same text. The nonce is derived from the text and a second
// key.
func (m MemberKey) SealText(field, text string) string {
	mac := hmac.New(sha256.New, m.nonces)
	mac.Write(m.purpose(field))
	mac.Write([]byte("\x00" + text))
	out := append([]byte{sealedVersion}, mac.Sum(nil)[:m.aead.NonceSize()]...)
	out = m.aead.Seal(out, out[1:], []byte(text), m.purpose(field))
	return sealedText + base64.RawURLEncoding.EncodeToString(out)
}

// OpenText decrypts a text that SealText encrypted.
func (m MemberKey) OpenText(field, text string) (string, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(text, sealedText))
	if err != nil || !IsSealedText(text) {
		return "", fmt.Errorf("text %s of %s: %w", field, m.member, errSealed)
	}
	plain, err := m.Open(field, sealed)
	return string(plain), err
}

// purpose returns the additional data of a field. An ID contains no zero byte.
func (m MemberKey) purpose(field string) []byte {
	return []byte("field\x00" + m.member + "\x00" + field)
}

// wrapping returns the additional data of the wrapped key of a member.
func wrapping(member string) []byte { return []byte("key\x00" + member) }

func newAEAD(key []byte) (cipher.AEAD, error) {
	if len(key) != keySize {
		return nil, fmt.Errorf("keyring: a key has %d bytes, not %d", len(key), keySize)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("keyring: %w", err)
	}
	return cipher.NewGCM(block)
}

// newKey returns a random key. If the source is nil, it is the operating system's.
func newKey(source io.Reader) []byte {
	key := make([]byte, keySize)
	random.Read(source, key)
	return key
}

func seal(key cipher.AEAD, source io.Reader, plain, additional []byte) []byte {
	head := 1 + key.NonceSize()
	out := make([]byte, head, head+len(plain)+key.Overhead())
	out[0] = sealedVersion
	random.Read(source, out[1:])
	return key.Seal(out, out[1:head], plain, additional)
}

func open(key cipher.AEAD, sealed, additional []byte) ([]byte, error) {
	head := 1 + key.NonceSize()
	if len(sealed) < head || sealed[0] != sealedVersion {
		return nil, errSealed
	}
	plain, err := key.Open(nil, sealed[1:head], sealed[head:], additional)
	if err != nil {
		return nil, errSealed
	}
	return plain, nil
}
