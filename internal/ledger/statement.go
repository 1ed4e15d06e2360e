package ledger

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Statement yields a member's entries, newest first: those before a sequence number (zero: all), at most limit of them
// (zero: all). It reads no more items than limit. It reads the index, so an entry of this instant may come late to it.
func (l *Ledger) Statement(ctx context.Context, program string, m loyalty.MemberID, before int64, limit int) iter.Seq2[loyalty.Entry, error] {
	q := table.Query{PK: memberPartition(program, m), Index: true, Reverse: true, Limit: limit}
	if before > 0 {
		q.To = padded(before-1, 10)
	}
	return list(ctx, l.Table, q, func(it table.Item) (loyalty.Entry, error) { return readAny(program, it) })
}

// readAny reads an entry whose cause is known by its key alone.
func readAny(program string, it table.Item) (loyalty.Entry, error) {
	name, id, _ := strings.Cut(strings.TrimPrefix(it.Key.PK, entryPrefix(program)), "#")
	for kind, n := range causeNames {
		if n == name {
			return entryOf(it, kind, id)
		}
	}
	return loyalty.Entry{}, fmt.Errorf("ledger: %s is no entry", it.Key)
}

// Entry reads one entry of a member by its id; not_found also for another member's.
func (l *Ledger) Entry(ctx context.Context, program string, m loyalty.MemberID, id string) (loyalty.Entry, error) {
	e, err := l.FindEntry(ctx, program, id)
	if err == nil && e.Member != m {
		return loyalty.Entry{}, notFound("entry")
	}
	return e, err
}

// FindEntry reads one entry by its id, whoever's it is; not_found also for what has no place in a statement.
func (l *Ledger) FindEntry(ctx context.Context, program, id string) (loyalty.Entry, error) {
	c, ok := parseEntryID(id)
	if !ok {
		return loyalty.Entry{}, notFound("entry")
	}
	it, err := l.Table.Get(ctx, causeKey(program, c))
	if err != nil {
		return loyalty.Entry{}, retryable(err)
	}
	if it.Version == 0 {
		return loyalty.Entry{}, notFound("entry")
	}
	e, err := readEntry(it, c)
	if err == nil && e.Sequence == 0 {
		return loyalty.Entry{}, notFound("entry")
	}
	return e, err
}
