package ledger

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Statements reads the entries of members.
type Statements struct{ *Ledger }

// List yields a member's entries, newest first. It yields only entries before the given sequence number, or all if that
// is 0. It yields at most limit entries, unless limit is 0, and reads no more items than that. It reads the index, so
// an entry that was just written may be missing.
func (s Statements) List(
	ctx context.Context, program string, m loyalty.MemberID, before int64, limit int,
) iter.Seq2[loyalty.Entry, error] {
	q := table.Query{PK: stored.MemberPartition(program, m), Index: true, Reverse: true, Limit: limit}
	if before > 0 {
		q.To = stored.Padded(before-1, 10)
	}
	return List(ctx, s.Table, q, func(it table.Item) (loyalty.Entry, error) { return ReadAny(program, it) })
}

// ReadAny reads an entry and derives its cause from its key.
func ReadAny(program string, it table.Item) (loyalty.Entry, error) {
	name, id, _ := strings.Cut(strings.TrimPrefix(it.Key.PK, stored.EntryPrefix(program)), "#")
	for kind, n := range stored.CauseNames {
		if n == name {
			return entryOf(it, kind, id)
		}
	}
	return loyalty.Entry{}, fmt.Errorf("ledger: invalid entry ID %s", it.Key)
}

// Entry returns one entry of a member by its ID. It returns not_found if the entry does not exist or belongs to another
// member.
func (s Statements) Entry(ctx context.Context, program string, m loyalty.MemberID, id string) (loyalty.Entry, error) {
	e, err := s.Find(ctx, program, id)
	if err == nil && e.Member != m {
		return loyalty.Entry{}, NotFound("entry")
	}
	return e, err
}

// Find returns an entry of any member by its ID. It returns not_found if the entry does not exist or does not
// appear in statements.
func (s Statements) Find(ctx context.Context, program, id string) (loyalty.Entry, error) {
	c, ok := ParseEntryID(id)
	if !ok {
		return loyalty.Entry{}, NotFound("entry")
	}
	it, err := s.Table.Get(ctx, stored.CauseKey(program, c))
	if err != nil {
		return loyalty.Entry{}, Retryable(err)
	}
	if it.Version == 0 {
		return loyalty.Entry{}, NotFound("entry")
	}
	e, err := stored.ReadEntry(it, c)
	if err == nil && e.Sequence == 0 {
		return loyalty.Entry{}, NotFound("entry")
	}
	return e, err
}

// StatementKey returns the index key that lists an entry in its member's statement. The partition is the member's.
func StatementKey(partition string, e loyalty.Entry) table.Key {
	return table.Key{PK: partition, SK: stored.Padded(e.Sequence, 10)}
}

// ParseEntryID parses an entry ID, as Entry.ID formats it, into the entry's cause.
func ParseEntryID(id string) (c loyalty.Cause, ok bool) {
	parts := strings.Split(strings.TrimPrefix(id, "ent_"), "~")
	if len(parts) != 3 || !strings.HasPrefix(id, "ent_") || stored.CauseNames[parts[0]] == "" || parts[1] == "" {
		return c, false
	}
	n, err := strconv.Atoi(parts[2])
	if err != nil || n < 1 || strconv.Itoa(n) != parts[2] {
		return c, false
	}
	return loyalty.Cause{Kind: parts[0], ID: parts[1], Revision: n}, true
}
