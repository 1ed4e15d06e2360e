// Package random reads from the one source of randomness that a process has.
//
// Whatever draws at random has a field Random io.Reader, which whoever puts the process together sets: to a source with a
// seed, to reproduce a run byte for byte. A nil field stands for the operating system's source, crypto/rand. A source is
// read by several goroutines at the same time.
//
// The package has no generator of its own and never falls back: a source that fails is a mistake in the process, and
// whoever reads it panics, because a predictable code would be worth money.
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
