package ledger

import (
	"context"
	"fmt"
	"iter"
	"strconv"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Latest reads the last revision of a cause. Cause.Revision is zero if there is none.
func (l *Ledger) Latest(ctx context.Context, program, kind, id string) (loyalty.Entry, error) {
	it, err := first(ctx, l.Table, revisions(program, kind, id, true, 1))
	if err != nil || it.Version == 0 {
		return loyalty.Entry{}, err
	}
	e, err := entryOf(it, kind, id)
	if err != nil {
		return e, err
	}
	return whole(ctx, l.Table, program, e)
}

func (l *Ledger) Revisions(
	ctx context.Context, program, kind, id string, newestFirst bool, limit int,
) iter.Seq2[loyalty.Entry, error] {
	q := revisions(program, kind, id, newestFirst, limit)
	return List(ctx, l.Table, q, func(it table.Item) (loyalty.Entry, error) { return entryOf(it, kind, id) })
}

func revisions(program, kind, id string, newestFirst bool, limit int) table.Query {
	return table.Query{
		PK: stored.CausePartition(program, kind, id), To: stored.LastRevision, Reverse: newestFirst, Limit: limit,
	}
}

func entryOf(it table.Item, kind, id string) (loyalty.Entry, error) {
	n, err := strconv.Atoi(it.Key.SK)
	if err != nil {
		return loyalty.Entry{}, fmt.Errorf("ledger: invalid revision %s: %w", it.Key, err)
	}
	return stored.ReadEntry(it, loyalty.Cause{Kind: kind, ID: id, Revision: n})
}
