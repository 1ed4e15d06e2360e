// Package random reads from the one source of randomness that a process has.
//
// A type that needs random values has a field Random io.Reader. The code that starts the process sets it. A source with
// a seed reproduces a run byte for byte. A nil field means the operating system's source, crypto/rand. A source must be
// safe for concurrent use.
//
// The package has no generator of its own. If a source fails, its functions panic instead of returning a predictable
// value, because codes that can be guessed can be stolen.
package random

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"io"
)

// Source returns r, or the operating system's source if r is nil.
func Source(r io.Reader) io.Reader {
	if r == nil {
		return rand.Reader
	}
	return r
}

// Read fills b from r, or from the operating system's source if r is nil.
func Read(r io.Reader, b []byte) {
	if _, err := io.ReadFull(Source(r), b); err != nil {
		panic("random: the source failed: " + err.Error())
	}
}

// Bits returns 80 random bits.
func Bits(r io.Reader) (b [10]byte) {
	Read(r, b[:])
	return b
}

// Below returns a number from 0 to n-1. The numbers are equally likely to within n/2^64.
func Below(r io.Reader, n uint64) uint64 {
	var b [8]byte
	Read(r, b[:])
	return binary.BigEndian.Uint64(b[:]) % n
}

// Text returns 26 characters of base 32, which have 130 random bits.
func Text(r io.Reader) string {
	var b [17]byte
	Read(r, b[:])
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:])[:26]
}
