package ledger

import (
	"context"
	"iter"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Advance writes down what has become due of a member, and reports how many entries that made. not_found if
// there is no such member. Nothing depends on it being called: every command advances its account first.
func (l *Ledger) Advance(ctx context.Context, p *loyalty.Program, m loyalty.MemberID) (int, error) {
	entries, err := l.do(ctx, command{p: p, member: m})
	return len(entries), err
}

// A Due is an account that was due when it was listed.
type Due struct {
	Member loyalty.MemberID
	Place  string // in the queue of its shard; a list can begin there
	item   table.Item
}

// Account is the account as it was listed, not brought up to date.
func (d Due) Account() (loyalty.Account, error) { return readAccount(d.item, d.Member) }

// AdvanceDue is Advance for an account that was listed, which need not be read again.
func (l *Ledger) AdvanceDue(ctx context.Context, p *loyalty.Program, d Due) (int, error) {
	entries, err := l.do(ctx, command{p: p, member: d.Member, read: &d.item})
	return len(entries), err
}

// Due yields the members of one shard (0 to Shards-1) whose accounts are due at now, the longest due first.
func (l *Ledger) Due(ctx context.Context, program string, shard int, now time.Time) iter.Seq2[loyalty.MemberID, error] {
	return func(yield func(loyalty.MemberID, error) bool) {
		for d, err := range l.DueFrom(ctx, program, shard, "", now) {
			if !yield(d.Member, err) {
				return
			}
		}
	}
}

// AnyDue reports whether anybody in a shard is due at now.
func (l *Ledger) AnyDue(ctx context.Context, program string, shard int, now time.Time) (bool, error) {
	for _, err := range l.due(ctx, program, shard, table.Query{To: dueBound(now), Limit: 1}) {
		return err == nil, err
	}
	return false, nil
}

// DueFrom yields the accounts of one shard that are due at now, from a place in its queue on.
func (l *Ledger) DueFrom(ctx context.Context, program string, shard int, place string, now time.Time) iter.Seq2[Due, error] {
	return l.due(ctx, program, shard, table.Query{From: place, To: dueBound(now)})
}

// Dated yields all accounts of one shard for which time will do something, whenever that is, from a place in its queue
// on. Only those whom time never touches are missing: the lowest level and nothing that expires or is pending.
func (l *Ledger) Dated(ctx context.Context, program string, shard int, place string) iter.Seq2[Due, error] {
	return l.due(ctx, program, shard, table.Query{From: place})
}

func (l *Ledger) due(ctx context.Context, program string, shard int, q table.Query) iter.Seq2[Due, error] {
	q.PK, q.Index = duePartition(program, shard), true
	return list(ctx, l.Table, q, func(it table.Item) (Due, error) { return Due{MemberAt(it.Index.SK), it.Index.SK, it}, nil })
}

// listed moves an account that is in the queue of those that are due, and is not, to where it belongs: another version
// of the program gave it more time. Otherwise it would be looked at by every run from now on.
func (l *Ledger) listed(it table.Item, p *loyalty.Program, acc loyalty.Account) []table.Op {
	place := dueKey(p.ID, acc.Member, p.NextRun(acc))
	if it.Index.IsZero() || it.Index.SK > dueBound(l.now()) || it.Index == place {
		return nil
	}
	it.Index = place
	return []table.Op{table.Put(it)}
}
