package inventory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// guessesDoc is a stored form: only add fields.
type guessesDoc struct {
	At []int64 `json:"at"`
}

// A Guesser identifies the source of lookups of codes.
type Guesser struct {
	Key    string // the API key's ID
	Client string // the POS terminal, session or address for which the caller acts; may be empty
}

// guessLimits returns the items that count the guesser's misses. The name of the client may be an IP address, so the
// key contains a keyed hash of it.
func (c Codes) guessLimits(program string, g Guesser) []guessLimit {
	pk := "P#" + program + "#GUESS#" + g.Key
	limits := []guessLimit{{key: table.Key{PK: pk, SK: "GUESS"}, most: redeem.MaxMissesPerKey, perKey: true}}
	if g.Client != "" {
		sk := "CLIENT#" + c.Keyring.Hash(program, "client", g.Client)[:22]
		limits = append(limits, guessLimit{key: table.Key{PK: pk, SK: sk}, most: redeem.MaxMissesPerClient})
	}
	return limits
}

// A guessLimit is one limit on misses, with the item that counts them.
type guessLimit struct {
	key    table.Key
	most   int
	perKey bool
}

// Guarded calls a function that looks up a code that could be guessed. The Guesser identifies the client that tries
// codes. Each lookup that finds nothing counts as a miss. Once a limit is reached, every lookup is rejected with
// *redeem.TooManyGuesses, including lookups of codes that exist.
//
// Each limit costs one read unit. A miss costs one write unit with one limit. It costs four with two limits, because
// one transaction writes both items. If the response is lost, a retry can therefore detect that the miss was counted.
// Concurrent lookups do not see each other's misses: those that find a code succeed, and those that do not are counted
// one by one.
func (c Codes) Guarded(ctx context.Context, program string, who Guesser, look func() error) error {
	limits := c.guessLimits(program, who)
	keys := make([]table.Key, len(limits))
	for i, limit := range limits {
		keys[i] = limit.key
	}
	items, err := ledger.GetAll(ctx, c.Table, keys...)
	if err != nil {
		return err
	}
	if _, err := missedOnceMore(limits, items, c.Time()); err != nil {
		return err
	}
	err = look()
	if !errors.Is(err, loyalty.NotFound) {
		return err
	}
	if failed := c.missed(ctx, limits, items); failed != nil {
		return failed
	}
	return err
}

// missed counts a miss under all limits, or rejects the lookup if a limit was reached in the meantime.
func (c Codes) missed(ctx context.Context, limits []guessLimit, items []table.Item) error {
	now, unknown := c.Time(), false // unknown is set if the response of an attempt was lost
	for range ledger.Attempts {
		ops, err := missedOnceMore(limits, items, now)
		if err != nil {
			return err
		}
		err = c.Table.Transact(ctx, ops...)
		var conflict *table.ConflictError
		switch {
		case errors.Is(err, table.ErrUnknown):
			unknown = true
			continue
		case !errors.As(err, &conflict):
			return ledger.Retryable(err)
		case unknown && bytes.Equal(conflict.Current.Doc, ops[conflict.Op].Item.Doc):
			return nil // the attempt was written
		}
		for i := range items {
			if items[i], err = c.Table.Get(ctx, items[i].Key); err != nil {
				return ledger.Retryable(err)
			}
		}
	}
	return ledger.ErrTryAgain
}

// missedOnceMore returns the operations that count another miss. It returns *redeem.TooManyGuesses if a limit is
// reached.
func missedOnceMore(limits []guessLimit, items []table.Item, now time.Time) ([]table.Op, error) {
	ops := make([]table.Op, len(limits))
	for i, limit := range limits {
		g, err := limit.guesses(items[i], now)
		if err != nil {
			return nil, err
		}
		var d guessesDoc
		for _, at := range g.And(limit.most, now) {
			d.At = append(d.At, stored.Millis(at))
		}
		it := items[i]
		it.Doc, it.Expires = stored.Encode(d), now.Add(redeem.GuessWindow+time.Second)
		ops[i] = table.Put(it)
	}
	return ops, nil
}

// guesses returns the misses that an item counts. It returns *redeem.TooManyGuesses if the limit is reached.
func (limit guessLimit) guesses(it table.Item, now time.Time) (g redeem.Guesses, err error) {
	if it.Version == 0 {
		return nil, nil
	}
	var d guessesDoc
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return nil, fmt.Errorf("inventory: read guesses: %w", err)
	}
	for _, at := range d.At {
		g = append(g, stored.Instant(at))
	}
	if wait := g.Wait(limit.most, now); wait > 0 {
		return g, &redeem.TooManyGuesses{Wait: wait, PerKey: limit.perKey}
	}
	return g, nil
}
