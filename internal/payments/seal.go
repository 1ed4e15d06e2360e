package payments

import (
	"bytes"
	"compress/flate"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/perennial-loyalty/perennial/internal/random"
)

// A seal compresses and encrypts the bodies of stored events, because they contain names and addresses. The key belongs
// to the stack. The identity of the event is the additional authenticated data, so that the body of one event cannot be
// used for another event.
type seal struct {
	aead   cipher.AEAD
	random io.Reader // the source of nonces; nil selects crypto/rand
}

func newSeal(key []byte, random io.Reader) seal {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("payments: " + err.Error()) // cannot happen, because the key always has 32 bytes
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("payments: " + err.Error())
	}
	return seal{aead, random}
}

// maxUnpacked is the maximum size of a decompressed body. The body of a webhook has at most maxBody bytes. A body from
// a provider's API is wrapped as an event, and has slightly more bytes than webhook.MaxAnswer.
const maxUnpacked = 2 * maxBody

// packers contains reusable compressors, because each compressor needs about a megabyte of memory.
var packers = sync.Pool{New: func() any {
	w, err := flate.NewWriter(nil, flate.BestSpeed)
	if err != nil {
		panic("payments: " + err.Error()) // cannot happen, because the level is valid
	}
	return w
}}

func (s seal) close(body []byte, bound string) []byte {
	var packed bytes.Buffer
	w := packers.Get().(*flate.Writer)
	w.Reset(&packed)
	_, _ = w.Write(body)
	_ = w.Close()
	packers.Put(w)
	nonce := make([]byte, s.aead.NonceSize(), s.aead.NonceSize()+packed.Len()+s.aead.Overhead())
	random.Read(s.random, nonce)
	return s.aead.Seal(nonce, nonce, packed.Bytes(), []byte(bound))
}

func (s seal) open(sealed []byte, bound string) ([]byte, error) {
	n := s.aead.NonceSize()
	if len(sealed) < n {
		return nil, errors.New("payments: no body was stored")
	}
	packed, err := s.aead.Open(nil, sealed[:n], sealed[n:], []byte(bound))
	if err != nil {
		return nil, fmt.Errorf("payments: the stored body was changed: %w", err)
	}
	body, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), maxUnpacked+1))
	if err == nil && len(body) > maxUnpacked {
		err = errors.New("it is too large")
	}
	if err != nil {
		return nil, fmt.Errorf("payments: unpack a body: %w", err)
	}
	return body, nil
}
