package ledger

import (
	"context"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// How many of a member's entries are read at first to decide levels again, and at most in one query after that: most
// often the few newest are enough.
const (
	fewEntries  = 8
	manyEntries = 100
)

// redecided completes an outcome whose levels depend on earlier entries (loyalty.Redecide). written is how many
// entries of the account are stored; passed are those of time that this attempt writes with the outcome.
func (l *Ledger) redecided(
	ctx context.Context, p *loyalty.Program, out loyalty.Outcome, written int64, passed []loyalty.Entry, now time.Time,
) (loyalty.Outcome, error) {
	for !out.Needs.IsZero() {
		h, err := l.history(ctx, p.ID, out.Account.Member, written, out.Needs)
		if err != nil {
			return out, err
		}
		h.Entries = append(h.Entries, passed...)
		if h.Versions, err = l.versionsBefore(ctx, p, out.Needs, h); err != nil {
			return out, err
		}
		if out, err = p.Redecide(out, h, now); err != nil {
			return out, err
		}
	}
	return out, nil
}

// versionsBefore returns the versions that were in force before p, as far as a decision needs them.
func (l *Ledger) versionsBefore(
	ctx context.Context, p *loyalty.Program, needs loyalty.Needs, h loyalty.History,
) ([]loyalty.Live, error) {
	since := needs.Since
	if h.All && len(h.Entries) > 0 {
		since = h.Entries[0].Effective
	}
	s, _, err := l.versions(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	versions, _, err := l.between(ctx, p, s, since)
	return versions, err
}

// versions returns the schedule of a program's versions, read now where nothing caches it.
func (l *Ledger) versions(ctx context.Context, program string) (Schedule, time.Time, error) {
	if l.Versions != nil {
		return l.Versions(ctx, program)
	}
	s, err := l.Schedule(ctx, program)
	return s, l.now(), err
}

// history reads the entries that a decision needs, back from the newest of those that are written. An entry that the
// index does not list yet is read again: entries have no gaps. It answers ErrTryAgain if the index stays behind.
func (l *Ledger) history(
	ctx context.Context, program string, m loyalty.MemberID, written int64, needs loyalty.Needs,
) (h loyalty.History, err error) {
	size := int64(fewEntries)
	for last := written; last > 0; size = min(4*size, manyEntries) {
		first := max(1, last-size+1)
		entries, err := l.entriesBetween(ctx, program, m, first, last)
		if err != nil {
			return h, err
		}
		for i, e := range slices.Backward(entries) {
			if needs.Enough(e) {
				h.Entries = append(slices.Clip(entries[i+1:]), h.Entries...)
				return h, nil
			}
		}
		h.Entries, last = append(slices.Clip(entries), h.Entries...), first-1
	}
	h.All = true
	return h, nil
}

// entriesBetween reads the entries of a member from one sequence number to another, in their order.
func (l *Ledger) entriesBetween(
	ctx context.Context, program string, m loyalty.MemberID, first, last int64,
) ([]loyalty.Entry, error) {
	if last < first {
		return nil, nil
	}
	q := table.Query{PK: memberPartition(program, m), Index: true, From: padded(first, 10), To: padded(last, 10)}
	entries := make([]loyalty.Entry, last-first+1)
	missing := len(entries)
	for range attempts {
		for it, err := range l.Table.Query(ctx, q) {
			if err != nil {
				return nil, retryable(err)
			}
			e, err := readAny(program, it)
			if err != nil {
				return nil, err
			}
			if at := e.Sequence - first; entries[at].Sequence == 0 {
				entries[at] = e
				missing--
			}
		}
		if missing == 0 {
			return entries, nil
		}
	}
	return nil, ErrTryAgain
}
