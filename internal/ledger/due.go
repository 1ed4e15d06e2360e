package ledger

import (
	"context"
	"iter"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Advance writes down what has become due of a member, and reports how many entries that made. not_found if
// there is no such member. Nothing depends on it being called: every command advances its account first.
func (l *Ledger) Advance(ctx context.Context, p *loyalty.Program, m loyalty.MemberID) (int, error) {
	if _, err := l.account(ctx, p, m); err != nil {
		return 0, err
	}
	entries, err := l.do(ctx, command{p: p, member: m})
	return len(entries), err
}

// Due yields the members of one shard (0 to Shards-1) whose accounts are due at now, the longest due first.
func (l *Ledger) Due(ctx context.Context, program string, shard int, now time.Time) iter.Seq2[loyalty.MemberID, error] {
	q := table.Query{PK: duePartition(program, shard), Index: true, To: now.UTC().Format(time.RFC3339) + "~"}
	return func(yield func(loyalty.MemberID, error) bool) {
		for it, err := range l.Table.Query(ctx, q) {
			if err != nil {
				yield("", retryable(err))
				return
			}
			_, m, _ := strings.Cut(it.Index.SK, "#")
			if !yield(loyalty.MemberID(m), nil) {
				return
			}
		}
	}
}
