package ledger

import (
	"context"
	"errors"
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/parallel"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Page returns a member's account and its entries, newest first, up to the given limit. It lists only entries with a
// sequence number below the parameter before, or all if that is 0. Page shows the same state as Members.Current,
// including entries that are not written yet. If the index does not list the latest entries yet, it reads the index
// again, and returns ErrTryAgain if the index remains behind. It returns not_found if the member does not exist.
func (s Statements) Page(
	ctx context.Context, p *loyalty.Program, m loyalty.MemberID, before int64, limit int,
) ([]loyalty.Entry, loyalty.Account, error) {
	var account table.Item
	var listed []loyalty.Entry
	err := parallel.Do(func() (err error) {
		account, err = s.getAccount(ctx, p.ID, m)
		return err
	}, func() error {
		for e, err := range s.List(ctx, p.ID, m, before, limit) {
			if err != nil {
				return err
			}
			listed = append(listed, e)
		}
		return nil
	})
	if err != nil {
		return nil, loyalty.Account{}, err
	}
	acc, unwritten, err := s.Settle(ctx, p, account, m)
	if err != nil {
		return nil, loyalty.Account{}, err
	}
	last := acc.Sequence
	if before > 0 {
		last = min(last, before-1)
	}
	first, written := max(1, last-int64(limit)+1), min(last, acc.Sequence-int64(len(unwritten)))
	slices.Reverse(listed)
	if !lists(listed, first, written) {
		if listed, err = Redecider(s).entriesBetween(ctx, p.ID, m, first, written); err != nil {
			return nil, loyalty.Account{}, err
		}
	}
	for _, e := range unwritten {
		if first <= e.Sequence && e.Sequence <= last {
			listed = append(listed, e)
		}
	}
	slices.Reverse(listed)
	return listed, acc, nil
}

// lists reports whether entries are exactly those with the sequence numbers from first to last.
func lists(entries []loyalty.Entry, first, last int64) bool {
	if n := last - first + 1; int64(len(entries)) != max(0, n) {
		return false
	}
	for i, e := range entries {
		if e.Sequence != first+int64(i) {
			return false
		}
	}
	return true
}

// Current reads one entry of a member by its ID, as a statement shows it. It also returns not_found for an entry
// of another member.
func (s Statements) Current(
	ctx context.Context, p *loyalty.Program, m loyalty.MemberID, id string,
) (loyalty.Entry, error) {
	it, failed := s.getAccount(ctx, p.ID, m)
	if failed != nil {
		return loyalty.Entry{}, failed
	}
	if _, err := existing(it, m); err != nil {
		return loyalty.Entry{}, err
	}
	e, err := s.Entry(ctx, p.ID, m, id)
	if !errors.Is(err, loyalty.NotFound) {
		return e, err
	}
	_, unwritten, failed := s.Settle(ctx, p, it, m)
	if failed != nil {
		return e, failed
	}
	for _, e := range unwritten {
		if e.ID() == id {
			return e, nil
		}
	}
	return s.Entry(ctx, p.ID, m, id)
}
