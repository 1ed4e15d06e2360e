package ledger

import (
	"context"
	"iter"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// DueQueue lists the accounts that will change without a command, sorted by the instant of the next change.
type DueQueue struct{ *Ledger }

// Advance writes the changes that are due for a member and returns the number of entries written. It returns not_found
// if the member does not exist. Correctness does not depend on it: every command advances its account first.
func (l *Ledger) Advance(ctx context.Context, p *loyalty.Program, m loyalty.MemberID) (int, error) {
	r, err := l.Execute(ctx, Command{Program: p, Member: m})
	return len(r.Entries), err
}

// A Due is an account that was due when it was listed.
type Due struct {
	Member loyalty.MemberID
	Place  string // the position in the queue of the shard, from which a list can start
	item   table.Item
}

// Account returns the account as listed, without advancing it.
func (d Due) Account() (loyalty.Account, error) { return stored.ReadAccount(d.item, d.Member) }

// Advance does the same as Ledger.Advance for a listed account, without reading the account again.
func (ds DueQueue) Advance(ctx context.Context, p *loyalty.Program, d Due) (int, error) {
	r, err := ds.Execute(ctx, Command{Program: p, Member: d.Member, Read: &d.item})
	return len(r.Entries), err
}

// Any reports whether an account in a shard is due now.
func (ds DueQueue) Any(ctx context.Context, program string, shard int, now time.Time) (bool, error) {
	for _, err := range ds.list(ctx, program, shard, table.Query{To: DueBound(now), Limit: 1}) {
		return err == nil, err
	}
	return false, nil
}

// Next returns the instant at which the next account of a program is due, or zero if none will be.
func (ds DueQueue) Next(ctx context.Context, program string) (time.Time, error) {
	var shards []string
	for shard := range stored.Shards {
		shards = append(shards, DuePartition(program, shard))
	}
	return NextDue(ctx, ds.Table, shards...)
}

// From yields the accounts of one shard (0 to Shards-1) that are due now, starting at a position in the shard's queue.
// The account that has been due for the longest time comes first.
func (ds DueQueue) From(
	ctx context.Context, program string, shard int, place string, now time.Time,
) iter.Seq2[Due, error] {
	return ds.list(ctx, program, shard, table.Query{From: place, To: DueBound(now)})
}

// Dated yields all accounts of one shard that will change at some instant without a command. It starts at the given
// position in the queue of the shard. It omits only accounts that never change in this way: those at the lowest level
// with no expiring or pending points.
func (ds DueQueue) Dated(ctx context.Context, program string, shard int, place string) iter.Seq2[Due, error] {
	return ds.list(ctx, program, shard, table.Query{From: place})
}

func (ds DueQueue) list(ctx context.Context, program string, shard int, q table.Query) iter.Seq2[Due, error] {
	q.PK, q.Index = DuePartition(program, shard), true
	return List(
		ctx, ds.Table, q,
		func(it table.Item) (Due, error) { return Due{stored.MemberAt(it.Index.SK), it.Index.SK, it}, nil },
	)
}

func DuePartition(program string, shard int) string {
	return "P#" + program + "#DUE#reassess#" + stored.Padded(int64(shard), 2)
}

// DueKey returns the index key that lists an account by the instant at which it is due.
func DueKey(program string, m loyalty.MemberID, due time.Time) table.Key {
	if due.IsZero() {
		return table.Key{}
	}
	return table.Key{PK: DuePartition(program, stored.ShardOf(m)), SK: stored.PlaceAt(due, m)}
}

// DueBound returns the last position of the accounts that are due at an instant.
func DueBound(now time.Time) string { return now.UTC().Format(time.RFC3339) + "~" }
