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

// A seal keeps bodies as they came, compressed and under a key of the stack, for they hold names and addresses that
// nothing else in the table shows in the clear. What an event is bound to goes in as additional data, so that a body
// cannot be put in the place of another.
type seal struct {
	aead   cipher.AEAD
	random io.Reader // where nonces come from; nil for crypto/rand
}

func newSeal(key []byte, random io.Reader) seal {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("payments: " + err.Error()) // the key is always 32 bytes
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("payments: " + err.Error())
	}
	return seal{aead, random}
}

// maxUnpacked is how large a body may be that was kept: one that was sent has maxBody at most, and one that was pulled
// from a processor's API, and wrapped as an event, maxAnswer and a little.
const maxUnpacked = 2 * maxBody

// packers are kept, for each is a megabyte.
var packers = sync.Pool{New: func() any {
	w, err := flate.NewWriter(nil, flate.BestSpeed)
	if err != nil {
		panic("payments: " + err.Error()) // the level is one that there is
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
		return nil, errors.New("payments: no body was kept")
	}
	packed, err := s.aead.Open(nil, sealed[:n], sealed[n:], []byte(bound))
	if err != nil {
		return nil, fmt.Errorf("payments: the body is not as it was kept: %w", err)
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
