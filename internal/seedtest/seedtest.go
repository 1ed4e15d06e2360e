// Package seedtest provides the seeds of random tests, so that a failed test can be repeated with the same seed. It
// is only for tests.
package seedtest

import (
	"os"
	"strconv"
	"testing"
	"time"
)

// Of returns the seed of a test: PERENNIAL_SEED, or a random one. It logs the seed.
func Of(t testing.TB) uint64 {
	t.Helper()
	return Or(t, uint64(time.Now().UnixNano()))
}

// Or is like Of, but uses the test's own seed if PERENNIAL_SEED is not set.
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
