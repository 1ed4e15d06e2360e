// Package seedtest gives random tests their seeds.
//
// It promises that a test which fails can be run again with the same one. It is for tests alone.
package seedtest

import (
	"os"
	"strconv"
	"testing"
	"time"
)

// Of is the seed of a test: that of PERENNIAL_SEED, or else a new one. It is printed either way.
func Of(t testing.TB) uint64 {
	t.Helper()
	return Or(t, uint64(time.Now().UnixNano()))
}

// Or is Of for a test that has a seed of its own where PERENNIAL_SEED gives none.
func Or(t testing.TB, own uint64) uint64 {
	t.Helper()
	if text := os.Getenv("PERENNIAL_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("PERENNIAL_SEED: %v", err)
		}
		own = n
	}
	t.Logf("PERENNIAL_SEED=%d", own)
	return own
}
