package ledger

import (
	"context"
	"slices"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Settle writes the changes that are due in an account that was read, and returns the resulting account. If other
// processes write the same account, it reads the account again. If it temporarily cannot write, it returns the account
// as it would be after the write, with the unwritten entries.
func (l *Ledger) Settle(
	ctx context.Context, p *loyalty.Program, it table.Item, m loyalty.MemberID,
) (acc loyalty.Account, unwritten []loyalty.Entry, err error) {
	for range Attempts {
		stored, err := existing(it, m)
		if err != nil {
			return stored, nil, err
		}
		out, err := l.Present(ctx, p, stored)
		if err != nil || len(out.Entries) == 0 {
			return out.Account, nil, err
		}
		switch _, err = l.Execute(ctx, Command{Program: p, Member: m, Read: &it}); {
		case err == nil:
			it, err = l.getAccount(ctx, p.ID, m)
		case Busy(err):
			return out.Account, byTime(out.Entries), nil
		}
		if err != nil {
			return stored, nil, err
		}
	}
	return acc, nil, ErrTryAgain
}

// byTime sets the actor of entries to timeActor.
func byTime(entries []loyalty.Entry) []loyalty.Entry {
	for i := range entries {
		entries[i].Actor = timeActor
	}
	return entries
}

// CurrentState brings the account of a member up to date and returns it with the latest entry of a reservation or
// transfer. The caller passes an earlier entry of the reservation or transfer, which may have expired since.
// CurrentState reads the account unless the caller passes it, too.
func (l *Ledger) CurrentState(
	ctx context.Context, p *loyalty.Program, was loyalty.Entry, m loyalty.MemberID, read *table.Item,
) (loyalty.Entry, loyalty.Account, error) {
	if read == nil {
		it, err := l.getAccount(ctx, p.ID, m)
		if err != nil {
			return was, loyalty.Account{}, err
		}
		read = &it
	}
	acc, unwritten, err := l.Settle(ctx, p, *read, m)
	if err != nil || !slices.Contains(
		[]loyalty.RedemptionStatus{loyalty.Reserved, loyalty.Offered}, was.Redemption.Status,
	) {
		return was, acc, err
	}
	for _, e := range unwritten {
		if e.Cause.Kind == was.Cause.Kind && e.Cause.ID == was.Cause.ID {
			return e, acc, nil
		}
	}
	if acc.Sequence == was.Sequence {
		return was, acc, nil
	}
	e, err := l.Latest(ctx, p.ID, was.Cause.Kind, was.Cause.ID)
	return e, acc, err
}

// Advanced decodes a stored account and advances it in memory.
func (l *Ledger) Advanced(
	ctx context.Context, p *loyalty.Program, it table.Item, m loyalty.MemberID,
) (loyalty.Account, error) {
	acc, err := existing(it, m)
	if err != nil {
		return loyalty.Account{}, err
	}
	out, err := l.Present(ctx, p, acc)
	return out.Account, err
}

// Account reads an account and advances it in memory.
func (l *Ledger) Account(ctx context.Context, p *loyalty.Program, id loyalty.MemberID) (loyalty.Account, error) {
	it, err := l.getAccount(ctx, p.ID, id)
	if err != nil {
		return loyalty.Account{}, err
	}
	return l.Advanced(ctx, p, it, id)
}

// LastWritten reads an account as it was last written, without advancing it. It returns not_found if there is none.
func (l *Ledger) LastWritten(ctx context.Context, program string, m loyalty.MemberID) (loyalty.Account, error) {
	it, err := l.getAccount(ctx, program, m)
	if err != nil {
		return loyalty.Account{}, err
	}
	return existing(it, m)
}

// existing decodes a stored account. It returns not_found if the member was erased.
func existing(it table.Item, m loyalty.MemberID) (loyalty.Account, error) {
	acc, err := stored.ReadAccount(it, m)
	if err == nil && acc.Status == loyalty.Erased {
		err = NotFound("member")
	}
	return acc, err
}

// getAccount reads the item of an account. It returns not_found if there is none.
func (l *Ledger) getAccount(ctx context.Context, program string, m loyalty.MemberID) (table.Item, error) {
	it, err := l.Table.Get(ctx, stored.AccountKey(program, m))
	if err == nil && it.Version == 0 {
		err = NotFound("member")
	}
	return it, Retryable(err)
}
