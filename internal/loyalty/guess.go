package loyalty

import "time"

// Whoever holds an API key may be somebody who tries codes out, or a shop whose form passes on what somebody tries. So
// of what nobody was given a key can ask for MaxGuesses in any minute, and after that for nothing at all until the
// minute is over: an answer for a code that exists would tell that it does.
const (
	MaxGuesses  = 5
	GuessWindow = time.Minute
)

// Guesses is when codes were last asked for that nobody was given, oldest first, at most MaxGuesses of them.
type Guesses []time.Time

// TooManyGuesses refuses whoever is locked out, with rate_limited.
type TooManyGuesses struct{ Wait time.Duration }

func (e *TooManyGuesses) Error() string { return string(RateLimited) + ": wait for " + e.Wait.String() }

// Is matches the code.
func (e *TooManyGuesses) Is(target error) bool { return target == RateLimited }

// Wait is for how long no code can be asked for; zero if one can be.
func (g Guesses) Wait(now time.Time) time.Duration {
	if len(g) < MaxGuesses {
		return 0
	}
	return max(0, g[len(g)-MaxGuesses].Add(GuessWindow).Sub(now))
}

// And is the guesses with one more.
func (g Guesses) And(now time.Time) Guesses {
	if len(g) >= MaxGuesses {
		g = g[len(g)-MaxGuesses+1:]
	}
	return append(g[:len(g):len(g)], now)
}

// Uploads reports whether a pool of the program may have codes that only look like ours.
func (p *Program) Uploads() bool {
	for _, r := range p.Rewards {
		if r.Codes.From == UploadedCode {
			return true
		}
	}
	return false
}
