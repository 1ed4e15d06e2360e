package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Audit recomputes a member's account from the member's entries and compares it with the stored account. It reports
// every violation: a gap in the sequence, a broken hash chain, postings that do not balance, reasons that do not sum to
// the points, a balance that an entry states incorrectly, and an account that is not the sum of its entries. Audit
// reads the index of the statement, which is eventually consistent on DynamoDB: an entry that was just written may be
// missing, which Audit reports as a gap. In that case, repeat the audit.
func (s Statements) Audit(ctx context.Context, program string, m loyalty.MemberID) error {
	var entries []loyalty.Entry
	for e, err := range s.List(ctx, program, m, 0, 0) {
		if err != nil {
			return err
		}
		entries = append(entries, e)
	}
	_, err := s.AuditFrom(ctx, program, loyalty.Account{}, m, entries)
	return err
}

// AuditFrom does the same as Audit, but starts from the account acc, which was audited before, and checks only the
// given later entries, newest first. It returns the resulting account.
func (s Statements) AuditFrom(
	ctx context.Context, program string, acc loyalty.Account, m loyalty.MemberID, entries []loyalty.Entry,
) (loyalty.Account, error) {
	acc, wrong := s.Replay(ctx, program, acc, entries)
	it, err := s.Table.Get(ctx, stored.AccountKey(program, m))
	if err != nil {
		return acc, Retryable(err)
	}
	written, err := stored.ReadAccount(it, m)
	if err != nil {
		return acc, err
	}
	acc.Ran = written.Ran // no entry states this value
	if was, is := stored.Encode(
		stored.StoredAccount(written),
	), stored.Encode(stored.StoredAccount(acc)); !bytes.Equal(was, is) {
		wrong = errors.Join(wrong, fmt.Errorf("the stored account is\n%s\nbut its entries result in\n%s", was, is))
	}
	return acc, wrong
}

// Replay applies entries, newest first, to the account acc, which was audited before. It returns the resulting account,
// and an error that lists the violations in the entries.
func (s Statements) Replay(
	ctx context.Context, program string, acc loyalty.Account, entries []loyalty.Entry,
) (loyalty.Account, error) {
	var wrong []error
	for _, e := range slices.Backward(entries) {
		e, err := whole(ctx, s.Table, program, e)
		if err != nil {
			return acc, errors.Join(append(wrong, err)...)
		}
		wrong = append(wrong, auditEntry(acc, e))
		if acc, err = posting.Apply(acc, e); err != nil {
			return acc, errors.Join(append(wrong, err)...)
		}
		if got := acc.Balance(); got != e.Balance {
			wrong = append(wrong, fmt.Errorf(
				"entry %d states the balance %+v, but its postings result in %+v", e.Sequence, e.Balance, got,
			))
		}
		for _, w := range e.Wallets {
			if got := acc.BalanceOf(w.Wallet); got != w.Balance {
				wrong = append(wrong, fmt.Errorf(
					"entry %d states the balance %+v of %s, but its postings result in %+v", e.Sequence, w.Balance,
					w.Wallet, got,
				))
			}
		}
	}
	return acc, errors.Join(wrong...)
}

// Rebuild replaces the stored account of a member by acc, the result of Replay with all entries of the member. It is
// only for accounts that a restore left in another state than their entries.
func (s Statements) Rebuild(ctx context.Context, p *loyalty.Program, acc loyalty.Account) error {
	it, err := s.Table.Get(ctx, stored.AccountKey(p.ID, acc.Member))
	if err != nil {
		return Retryable(err)
	}
	if it.Version > 0 {
		if written, err := stored.ReadAccount(it, acc.Member); err == nil {
			acc.Ran = written.Ran // no entry states this value
		}
	}
	it.Doc = stored.PackedAccount(stored.StoredAccount(acc))
	it.Index = DueKey(p.ID, acc.Member, engine.NextRun(p, acc))
	return s.Table.Transact(ctx, table.Put(it))
}

// auditEntry checks the hash chain and the reasons of an entry. The parameter before is the account before the entry.
func auditEntry(before loyalty.Account, e loyalty.Entry) error {
	var wrong []error
	if again, _ := stored.Sealed(e, before.Head); again.Hash != e.Hash || e.Previous != before.Head {
		wrong = append(wrong, fmt.Errorf("entry %d (%s) breaks the chain", e.Sequence, e.Cause))
	}
	sums := map[string]*big.Rat{"": new(big.Rat)}
	for _, w := range e.Wallets {
		sums[w.Wallet] = new(big.Rat)
	}
	for _, b := range e.Reasons {
		n, ok := new(big.Rat).SetString(b.Points)
		if !ok {
			wrong = append(wrong, fmt.Errorf("entry %d has a reason with invalid points %q", e.Sequence, b.Points))
			continue
		}
		if sums[b.Wallet] == nil {
			sums[b.Wallet] = new(big.Rat)
		}
		sums[b.Wallet].Add(sums[b.Wallet], n)
	}
	for wallet, sum := range sums {
		moved := e.Points
		if wallet != "" {
			moved = 0
		}
		for _, w := range e.Wallets {
			if w.Wallet == wallet {
				moved = w.Points
			}
		}
		if sum.Cmp(new(big.Rat).SetInt64(int64(moved))) != 0 {
			wrong = append(wrong, fmt.Errorf(
				"entry %d (%s %s) has reasons for %s points of wallet %q but moves %d",
				e.Sequence, e.Kind, e.Cause, sum.RatString(), wallet, moved,
			))
		}
	}
	return errors.Join(wrong...)
}
