package ledger

import (
	"context"
	"fmt"
	"iter"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// A reservation of a reward with limited stock, or with codes from a pool, is listed under its reward by the instant at
// which it expires. The transactions that begin and end the reservation update the list. Before a command is rejected
// because the reward is out of stock, it finds the listed reservations that have expired but whose expiry is not
// written yet. Therefore no unit stays unavailable until a scheduled run.
//
// A reservation costs two write units, and so does its commit, cancellation or expiry. A rejection costs one read unit
// for the second decision, and the cost of advancing the members whose reservations have expired, which is due anyway.

// listedDoc is a stored form: changed only by addition.
type listedDoc struct {
	Member string `json:"m"`
	Date   string `json:"d,omitzero"`
}

// lapsedAtOnce is the number of expired reservations that are read at a time.
const lapsedAtOnce = 10

func listedPartition(program, reward string) string { return "P#" + program + "#HELD#" + reward }

func listedKey(program string, r *loyalty.Redemption) table.Key {
	return table.Key{PK: listedPartition(program, r.Reward), SK: stored.Stamped(r.Until) + "#" + r.ID}
}

func readListed(it table.Item) (d listedDoc, err error) {
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return d, fmt.Errorf("ledger: read reservation %s: %w", it.Key, err)
	}
	return d, nil
}

// lapsedOf yields the listed reservations of a reward that have expired, the longest expired first, after the item
// last.
func (l *Ledger) lapsedOf(
	ctx context.Context, program, reward string, last table.Item, limit int,
) iter.Seq2[table.Item, error] {
	q := table.Query{PK: listedPartition(program, reward), To: stored.Stamped(l.now()) + "~", After: last, Limit: limit}
	return l.Table.Query(ctx, q)
}

// listOps returns the operations that entries cause on the list: a new reservation is added, and one that ends is
// removed.
func listOps(program string, entries []loyalty.Entry) (ops []table.Op) {
	for _, e := range entries {
		r := e.Redemption
		if r == nil || !r.Listed {
			continue
		}
		switch e.Kind {
		case loyalty.KindReserve:
			ops = append(ops, table.Put(table.Item{
				Key: listedKey(program, r), Doc: stored.Encode(listedDoc{string(e.Member), r.Date}),
			}))
		case loyalty.KindRedeem, loyalty.KindRelease:
			ops = append(ops, table.Delete(table.Item{Key: listedKey(program, r), Version: 1}))
		}
	}
	return ops
}

// A lapsedError means that an out-of-stock rejection must be decided again after these expiries are written.
type lapsedError struct {
	holds []table.Item
	all   bool // the list has no more expired reservations
}

func (lapsedError) Error() string { return "ledger: reservations of the reward may have expired" }

// expired returns a lapsedError with listed reservations of a reward that have expired, after those of an earlier one.
// Even if there are none, the command is decided once more, because the decision may have missed an expiry that another
// process wrote just before.
func (l *Ledger) expired(ctx context.Context, program string, reward *loyalty.Reward, before lapsedError) error {
	var found lapsedError
	var last table.Item
	if n := len(before.holds); n > 0 {
		last = before.holds[n-1]
	}
	for it, err := range l.lapsedOf(ctx, program, reward.ID, last, lapsedAtOnce) {
		if err != nil {
			return retryable(err)
		}
		found.holds = append(found.holds, it)
	}
	found.all = len(found.holds) < lapsedAtOnce
	return found
}

// letLapse advances the members whose reservations have expired.
func (l *Ledger) letLapse(ctx context.Context, p *loyalty.Program, lapsed lapsedError) error {
	for _, it := range lapsed.holds {
		d, err := readListed(it)
		if err != nil {
			return err
		}
		if _, err := l.Advance(ctx, p, loyalty.MemberID(d.Member)); err != nil {
			return err
		}
	}
	return nil
}
