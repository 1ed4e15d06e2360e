package ledger

import (
	"context"
	"errors"
	"slices"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/parallel"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// settle writes the changes that are due in an account that was read, and returns the resulting account. If other
// processes write the same account, it reads the account again. If it temporarily cannot write, it returns the account
// as it would be after the write, with the unwritten entries.
func (l *Ledger) settle(
	ctx context.Context, p *loyalty.Program, it table.Item, m loyalty.MemberID,
) (acc loyalty.Account, unwritten []loyalty.Entry, err error) {
	for range attempts {
		stored, err := stored.ReadAccount(it, m)
		if err != nil {
			return stored, nil, err
		}
		out, err := l.Present(ctx, p, stored)
		if err != nil || len(out.Entries) == 0 {
			return out.Account, nil, err
		}
		switch _, err = l.Execute(ctx, Command{p: p, member: m, read: &it}); {
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

// timeActor is the actor of entries that the passing of time causes.
const timeActor = "time"

// CurrentRedemption reads a redemption and its member's current balances. It writes the changes that are due for the
// member first, so that the redemption, the member and the statement agree. It returns not_found if there is no such
// redemption.
func (l *Ledger) CurrentRedemption(ctx context.Context, p *loyalty.Program, id string) (RedemptionResult, error) {
	r, from, err := l.redemption(ctx, p.ID, id, stored.Redeemer(id))
	if err != nil {
		return r, err
	}
	e, acc, err := l.currentState(ctx, p, r.Entry, r.Member, from.account)
	if err != nil {
		return r, err
	}
	r = redemptionResult(e, false)
	r.Balance, r.Entry.Wallets = acc.Balance(), slices.Clone(e.Wallets)
	for i, w := range r.Entry.Wallets {
		r.Entry.Wallets[i].Balance = acc.BalanceOf(w.Wallet)
	}
	return r, nil
}

// CurrentTransfer does the same as CurrentRedemption for a transfer. It returns the current balance of the sender.
func (l *Ledger) CurrentTransfer(ctx context.Context, p *loyalty.Program, id string) (TransferResult, error) {
	e, err := l.transfer(ctx, p.ID, id)
	if err != nil {
		return TransferResult{}, err
	}
	e, acc, err := l.currentState(ctx, p, e, transferResult(e, false).From, nil)
	if err != nil {
		return TransferResult{}, err
	}
	r := transferResult(e, false)
	r.Balance = acc.Balance()
	return r, nil
}

// currentState brings the account of a member up to date and returns it with the latest entry of a reservation or
// transfer. was is an earlier entry: the reservation may have expired since. The account is read unless it is passed in
// read.
func (l *Ledger) currentState(
	ctx context.Context, p *loyalty.Program, was loyalty.Entry, m loyalty.MemberID, read *table.Item,
) (loyalty.Entry, loyalty.Account, error) {
	if read == nil {
		it, err := l.getAccount(ctx, p.ID, m)
		if err != nil {
			return was, loyalty.Account{}, err
		}
		read = &it
	}
	acc, unwritten, err := l.settle(ctx, p, *read, m)
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
	e, err := l.latest(ctx, p.ID, was.Cause.Kind, was.Cause.ID)
	return e, acc, err
}

// StatementPage returns the account of a member and at most limit entries, newest first, with sequence numbers below
// before (zero: no bound). It shows the same state as CurrentMember, including entries that are not written yet. If the
// index does not list the latest entries yet, it reads the index again, and returns ErrTryAgain if the index remains
// behind. It returns not_found if the member does not exist.
func (l *Ledger) StatementPage(
	ctx context.Context, p *loyalty.Program, m loyalty.MemberID, before int64, limit int,
) ([]loyalty.Entry, loyalty.Account, error) {
	var account table.Item
	var listed []loyalty.Entry
	err := parallel.Do(func() (err error) {
		account, err = l.getAccount(ctx, p.ID, m)
		return err
	}, func() error {
		for e, err := range l.Statement(ctx, p.ID, m, before, limit) {
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
	acc, unwritten, err := l.settle(ctx, p, account, m)
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
		if listed, err = l.entriesBetween(ctx, p.ID, m, first, written); err != nil {
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

// lists reports whether entries are exactly those from the sequence number first to last.
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

// CurrentEntry reads one entry of a member by its ID, as a statement shows it. It also returns not_found for an entry
// of another member.
func (l *Ledger) CurrentEntry(
	ctx context.Context, p *loyalty.Program, m loyalty.MemberID, id string,
) (loyalty.Entry, error) {
	e, err := l.Entry(ctx, p.ID, m, id)
	if !errors.Is(err, loyalty.NotFound) {
		return e, err
	}
	was, failed := l.CurrentMember(ctx, p, m)
	if failed != nil {
		return e, failed
	}
	for _, e := range was.Unwritten {
		if e.ID() == id {
			return e, nil
		}
	}
	return l.Entry(ctx, p.ID, m, id)
}
