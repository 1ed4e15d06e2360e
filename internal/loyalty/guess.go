package loyalty

import "time"

// Limits on lookups of codes that no member was given ("misses"), within any GuessWindow. They protect uploaded codes,
// whose strength the merchant chooses; a code with the form of a generated one is as hard to guess as a key and has no
// limit. Over a limit, lookups of uploaded codes are refused until the window has passed, including those of codes that
// exist: any other answer would reveal that they exist.
const (
	MaxMissesPerClient = 5   // of one POS terminal, session or address, as the caller names it
	MaxMissesPerKey    = 300 // of one API key, over all of its clients
	GuessWindow        = time.Minute
)

// Guesses holds the instants of the latest misses, oldest first, as many as their limit at most.
type Guesses []time.Time

// TooManyGuesses rejects a lookup with rate_limited.
type TooManyGuesses struct {
	Wait   time.Duration
	PerKey bool // the limit of the API key was reached, not that of one client
}

func (e *TooManyGuesses) Error() string { return string(RateLimited) + ": wait for " + e.Wait.String() }

// Is matches the code.
func (e *TooManyGuesses) Is(target error) bool { return target == RateLimited }

// Wait returns how long no code can be looked up; zero if one can be.
func (g Guesses) Wait(limit int, now time.Time) time.Duration {
	if len(g) < limit {
		return 0
	}
	return max(0, g[len(g)-limit].Add(GuessWindow).Sub(now))
}

// And returns the guesses with one more.
func (g Guesses) And(limit int, now time.Time) Guesses {
	if len(g) >= limit {
		g = g[len(g)-limit+1:]
	}
	return append(g[:len(g):len(g)], now)
}
