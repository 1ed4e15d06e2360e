package redeem

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// Limits on lookups of codes that do not exist ("misses"), within any GuessWindow. They protect uploaded codes, whose
// strength the merchant chooses. A code in the generated format is as hard to guess as a key and has no limit. When a
// limit is reached, all lookups of uploaded codes are rejected until the window has passed. Lookups of existing codes
// are rejected too, because any other answer would reveal that they exist.
const (
	MaxMissesPerClient = 5   // the limit for one POS terminal, session or address, as named by the caller
	MaxMissesPerKey    = 300 // the limit for one API key, over all of its clients
	GuessWindow        = time.Minute
)

// Guesses contains the instants of the latest misses, oldest first. It contains at most as many as the limit.
type Guesses []time.Time

// TooManyGuesses is the error that rejects a lookup with the code rate_limited.
type TooManyGuesses struct {
	Wait   time.Duration
	PerKey bool // whether the API key reached its limit, rather than one client
}

func (e *TooManyGuesses) Error() string {
	return string(loyalty.RateLimited) + ": wait for " + e.Wait.String()
}

// Is reports whether target is RateLimited.
func (e *TooManyGuesses) Is(target error) bool { return target == loyalty.RateLimited }

// Wait returns how long lookups are rejected from now on, or 0 if they are accepted.
func (g Guesses) Wait(limit int, now time.Time) time.Duration {
	if len(g) < limit {
		return 0
	}
	return max(0, g[len(g)-limit].Add(GuessWindow).Sub(now))
}

// And returns the guesses with a miss added at the given instant. It keeps only the latest ones, at most limit.
func (g Guesses) And(limit int, now time.Time) Guesses {
	if len(g) >= limit {
		g = g[len(g)-limit+1:]
	}
	return append(g[:len(g):len(g)], now)
}
