package snapshot

import (
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// each applies f to every element of a slice. It returns nil for a nil slice.
func each[A, B any](in []A, f func(A) B) []B {
	if in == nil {
		return nil
	}
	out := make([]B, len(in))
	for i, a := range in {
		out[i] = f(a)
	}
	return out
}

// rates applies f to every rate of a map. It returns nil for a nil map.
func rates[A, B any](in map[loyalty.Currency]A, f func(A) B) map[loyalty.Currency]B {
	if in == nil {
		return nil
	}
	out := make(map[loyalty.Currency]B, len(in))
	for c, a := range in {
		out[c] = f(a)
	}
	return out
}
