package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// guessesDoc is a stored form: changed only by addition.
type guessesDoc struct {
	At []int64 `json:"at"`
}

// Guarded looks something up that can be guessed, on behalf of who. What is not found counts as a guess; once there were
// too many, everything is refused with rate_limited and how long to wait, also what exists.
//
// It costs one read unit, and one write unit where a guess is counted. Guesses that are under way in the same instant
// do not know of each other, so that of a burst all that exist are found; what does not is counted one by one.
func (l *Ledger) Guarded(ctx context.Context, program, who string, look func() error) error {
	it, err := l.Table.Get(ctx, table.Key{PK: "P#" + program + "#GUESS#" + who, SK: "GUESS"})
	if err != nil {
		return retryable(err)
	}
	if _, err := guessesOf(it, l.now()); err != nil {
		return err
	}
	err = look()
	if !errors.Is(err, loyalty.NotFound) {
		return err
	}
	if err := l.guessed(ctx, it); err != nil {
		return err
	}
	return err
}

// guessed counts a guess, or refuses if meanwhile there were too many.
func (l *Ledger) guessed(ctx context.Context, it table.Item) error {
	for range attempts {
		g, err := guessesOf(it, l.now())
		if err != nil {
			return err
		}
		var d guessesDoc
		for _, at := range g.And(l.now()) {
			d.At = append(d.At, millis(at))
		}
		it.Doc, it.Expires = encode(d), l.now().Add(loyalty.GuessWindow+time.Second)
		err = l.Table.Transact(ctx, table.Put(it))
		if !outrun(err) {
			return retryable(err)
		}
		if it, err = l.Table.Get(ctx, it.Key); err != nil {
			return retryable(err)
		}
	}
	return ErrTryAgain
}

// guessesOf reads guesses, and refuses where there are too many.
func guessesOf(it table.Item, now time.Time) (g loyalty.Guesses, err error) {
	if it.Version == 0 {
		return nil, nil
	}
	var d guessesDoc
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return nil, fmt.Errorf("ledger: read guesses: %w", err)
	}
	for _, at := range d.At {
		g = append(g, instant(at))
	}
	if wait := g.Wait(now); wait > 0 {
		return g, &loyalty.TooManyGuesses{Wait: wait}
	}
	return g, nil
}
