package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
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

// A Guesser identifies the source of lookups of codes.
type Guesser struct {
	Key    string // the API key's ID
	Client string // the POS terminal, session or address that the caller acts for; empty if it names none
}

// limits returns the items that count the guesser's misses.
func (g Guesser) limits(program string) []guessLimit {
	pk := "P#" + program + "#GUESS#" + g.Key
	limits := []guessLimit{{key: table.Key{PK: pk, SK: "GUESS"}, most: loyalty.MaxMissesPerKey, perKey: true}}
	if g.Client != "" {
		sum := sha256.Sum256([]byte(g.Client))
		sk := "CLIENT#" + base64.RawURLEncoding.EncodeToString(sum[:])[:22]
		limits = append(limits, guessLimit{key: table.Key{PK: pk, SK: sk}, most: loyalty.MaxMissesPerClient})
	}
	return limits
}

// A guessLimit is one limit on misses, with the item that counts them.
type guessLimit struct {
	key    table.Key
	most   int
	perKey bool
}

// Guarded runs a lookup that can be guessed, on behalf of a guesser. Each lookup that finds nothing counts as a miss.
// Once a limit is reached, every lookup is rejected with *loyalty.TooManyGuesses, including lookups of codes that
// exist.
//
// Each limit costs one read unit, and a miss one write unit. Concurrent lookups do not see each other's misses: those
// that find a code succeed, and those that do not are counted one by one.
func (l *Ledger) Guarded(ctx context.Context, program string, who Guesser, look func() error) error {
	limits := who.limits(program)
	items := make([]table.Item, len(limits))
	for i, limit := range limits {
		var err error
		if items[i], err = l.Table.Get(ctx, limit.key); err != nil {
			return retryable(err)
		}
		if _, err := limit.guesses(items[i], l.now()); err != nil {
			return err
		}
	}
	err := look()
	if !errors.Is(err, loyalty.NotFound) {
		return err
	}
	for i, limit := range limits {
		if err := l.missed(ctx, limit, items[i]); err != nil {
			return err
		}
	}
	return err
}

// missed counts a miss, or rejects the lookup if the limit was reached in the meantime.
func (l *Ledger) missed(ctx context.Context, limit guessLimit, it table.Item) error {
	for range attempts {
		g, err := limit.guesses(it, l.now())
		if err != nil {
			return err
		}
		var d guessesDoc
		for _, at := range g.And(limit.most, l.now()) {
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

// guesses reads the misses under a limit. It returns *loyalty.TooManyGuesses if the limit is reached.
func (limit guessLimit) guesses(it table.Item, now time.Time) (g loyalty.Guesses, err error) {
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
	if wait := g.Wait(limit.most, now); wait > 0 {
		return g, &loyalty.TooManyGuesses{Wait: wait, PerKey: limit.perKey}
	}
	return g, nil
}
