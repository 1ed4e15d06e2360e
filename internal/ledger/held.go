package ledger

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// A reservation of a reward of which there are only so many, or whose code comes from a pool, is listed under its reward
// by when it expires, by the very transactions that begin and end it. So whoever is about to be refused finds what others
// hold no longer, also where nobody has written that down yet: no piece stays unsold until a schedule comes by.
//
// It costs two write units to reserve and two to commit, cancel or expire. A refusal costs one read unit, that of deciding
// it once more, and what it takes to bring those up to date whose reservations have expired, which is to be done anyway.

// listedDoc is a stored form: changed only by addition.
type listedDoc struct {
	Member string `json:"m"`
	Date   string `json:"d,omitzero"`
}

// lapsedAtOnce is how many expired reservations are looked up at a time.
const lapsedAtOnce = 10

func listedPartition(program, reward string) string { return "P#" + program + "#HELD#" + reward }

func listedKey(program string, r *loyalty.Redemption) table.Key {
	return table.Key{PK: listedPartition(program, r.Reward), SK: stamped(r.Until) + "#" + r.ID}
}

func readListed(it table.Item) (d listedDoc, err error) {
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return d, fmt.Errorf("ledger: read reservation %s: %w", it.Key, err)
	}
	return d, nil
}

// lapsedOf yields the listed reservations of a reward that have expired, the longest expired first, behind one of them.
func (l *Ledger) lapsedOf(ctx context.Context, program, reward string, last table.Item, limit int) iter.Seq2[table.Item, error] {
	q := table.Query{PK: listedPartition(program, reward), To: stamped(l.now()) + "~", After: last, Limit: limit}
	return l.Table.Query(ctx, q)
}

// listOps is what entries do to the list: a reservation that begins is put there, and one that ends taken out.
func listOps(program string, entries []loyalty.Entry) (ops []table.Op) {
	for _, e := range entries {
		r := e.Redemption
		if r == nil || !r.Listed {
			continue
		}
		switch e.Kind {
		case loyalty.KindReserve:
			ops = append(ops, table.Put(table.Item{Key: listedKey(program, r), Doc: encode(listedDoc{string(e.Member), r.Date})}))
		case loyalty.KindRedeem, loyalty.KindRelease:
			ops = append(ops, table.Delete(table.Item{Key: listedKey(program, r), Version: 1}))
		}
	}
	return ops
}

// A lapsedError says that a refusal for want of pieces is to be decided anew once these have been written down.
type lapsedError struct {
	holds []table.Item
	all   bool // there are no more of them
}

func (lapsedError) Error() string { return "ledger: reservations of the reward may have expired" }

// unlessLapsed is a refusal, or a lapsedError in its place if it is one for want of pieces, places or codes. It stands
// once it was decided after all that had expired was written down: what others wrote down a moment ago, this decision may
// have missed.
func (l *Ledger) unlessLapsed(ctx context.Context, program string, reward *loyalty.Reward, before lapsedError, refusal error) error {
	if before.all || !errors.Is(refusal, loyalty.RewardOutOfStock) {
		return refusal
	}
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

// letLapse brings those up to date whose reservations have expired.
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
