package inventory

import (
	"context"
	"fmt"
	"iter"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// expiredAtOnce is the number of expired reservations that are read at a time.
const expiredAtOnce = 10

func readListed(it table.Item) (d ledger.ListedDoc, err error) {
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return d, fmt.Errorf("inventory: read reservation %s: %w", it.Key, err)
	}
	return d, nil
}

// expiredOf yields the listed reservations of a reward that have expired, in the order of their expiries. It starts
// after the given item.
func (ss Stock) expiredOf(
	ctx context.Context, program, reward string, last table.Item, limit int,
) iter.Seq2[table.Item, error] {
	q := table.Query{
		PK: ledger.ListedPartition(program, reward), To: stored.Stamped(ss.Time()) + "~", After: last, Limit: limit,
	}
	return ss.Table.Query(ctx, q)
}

// ExpiredHolds is an error that lists expired reservations of a reward that is out of stock. The caller must record
// that they expired, and then decide the rejected command again.
type ExpiredHolds struct {
	holds []table.Item
	All   bool // whether the list contains no further expired reservations
}

func (ExpiredHolds) Error() string { return "inventory: reservations of the reward may have expired" }

// Expired returns an ExpiredHolds error with the next expired reservations of a reward, after those in the parameter
// before. It returns the error even if there are none, so that the command is decided once more. The decision may have
// missed an expiry that another process wrote just before.
func (ss Stock) Expired(ctx context.Context, program string, reward *loyalty.Reward, before ExpiredHolds) error {
	var found ExpiredHolds
	var last table.Item
	if n := len(before.holds); n > 0 {
		last = before.holds[n-1]
	}
	for it, err := range ss.expiredOf(ctx, program, reward.ID, last, expiredAtOnce) {
		if err != nil {
			return ledger.Retryable(err)
		}
		found.holds = append(found.holds, it)
	}
	found.All = len(found.holds) < expiredAtOnce
	return found
}

// ReleaseExpired records the expiry of the reservations: it advances the accounts of the members who made them.
func (ss Stock) ReleaseExpired(ctx context.Context, p *loyalty.Program, holds ExpiredHolds) error {
	for _, it := range holds.holds {
		d, err := readListed(it)
		if err != nil {
			return err
		}
		if _, err := ss.Execute(ctx, ledger.Command{Program: p, Member: loyalty.MemberID(d.Member)}); err != nil {
			return err
		}
	}
	return nil
}
