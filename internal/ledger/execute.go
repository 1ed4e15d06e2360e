package ledger

import (
	"context"
	"errors"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// A Command is a change of one account, or of several accounts in one transaction.
type Command struct {
	Program *loyalty.Program
	// Rules are the rules of the reward whose reservation the command commits, or nil if it commits none.
	Rules  *loyalty.Program
	Member loyalty.MemberID
	Others []loyalty.MemberID // other members whose accounts the command may change
	By     By
	// Main is the cause of the command's main entry. If it is zero, the first decided entry is the main one.
	Main loyalty.Cause
	// Decide decides about the accounts. If it is nil, the command only advances the account.
	Decide Decision
	// Load reads further inputs of the decision; nil if there are none.
	Load    Loader
	With    []table.Op      // other operations to write in the same transaction
	Alone   bool            // whether to write the operations in With even if there is no entry
	Read    *table.Item     // the account, if it was already read
	Budgets *BudgetCounters // the counters that were already read; nil if there are none
	// reached is a sequence number that the account is known to have reached. An account that is read with a lower one
	// is stale.
	reached int64
	// Once is set for a command that has no natural identity. It states the member and the cause of the entry, which is
	// written only once. See execution.runOnce.
	Once *loyalty.Entry
	// Note is an entry that changes no account. If it is set, the command writes only the note and the operations in
	// With.
	Note *loyalty.Entry
	// Ends is set if a prepared command ends a reservation or an offer, which another command may have ended before.
	Ends bool
	// revises is the prior state on which a prepared command builds. It is nil unless the command writes a revision of
	// a cause with a natural identity. The field named of contains that cause.
	revises *Prior
	of      loyalty.Cause
}

// A Result contains the entries that a command wrote, now or when it ran before.
type Result struct {
	// Entries are the entries of the decision, those of the command's member first. If the response of the table was
	// lost, Entries contains only the first of them. For a command without a decision, they are the entries that record
	// changes over time, such as expiries.
	Entries  []loyalty.Entry
	Replayed bool
}

// Entry returns the main entry, or zero if there is none.
func (r Result) Entry() (e loyalty.Entry) {
	if len(r.Entries) > 0 {
		e = r.Entries[0]
	}
	return e
}

// A Preparation reads the state on which a command builds. It returns the command, or the result if there is nothing to
// write.
type Preparation func(ctx context.Context) (Command, *Result, error)

// Execute reads the inputs of a command, decides, and commits the result once. If another command writes first, it
// reads and decides again, up to a limit. A repeated command returns the first result.
func (l *Ledger) Execute(ctx context.Context, c Command) (Result, error) {
	x := execution{Ledger: l, c: c}
	switch {
	case c.Note != nil:
		e, err := x.record(ctx, *c.Note, c.With...)
		return Result{Entries: []loyalty.Entry{e}}, err
	case c.Once != nil:
		return x.runOnce(ctx)
	}
	entries, err := x.run(ctx)
	return Result{Entries: entries}, err
}

// ExecutePrepared prepares a command and executes it. If another command changes the state on which the command builds,
// it prepares the command again, up to a limit.
func (l *Ledger) ExecutePrepared(ctx context.Context, prepare Preparation) (Result, error) {
	for range Attempts {
		c, done, err := prepare(ctx)
		if err == nil && done != nil {
			return *done, nil
		}
		prepared := err == nil
		var r Result
		if prepared {
			r, err = l.Execute(ctx, c)
		}
		if err == nil {
			return r, nil
		}
		again, failed := l.outdated(ctx, c, prepared, err)
		switch {
		case failed != nil:
			return Result{}, failed
		case !again:
			return r, err
		}
	}
	return Result{}, ErrTryAgain
}

// outdated reports whether a command failed because another command changed the state on which it builds.
func (l *Ledger) outdated(ctx context.Context, c Command, prepared bool, err error) (bool, error) {
	switch {
	case prepared && IsConflict(err):
		return true, nil
	case c.revises == nil:
		// Another command may have ended the reservation or offer since it was read.
		return c.Ends && errors.Is(err, loyalty.AlreadyResolved), nil
	}
	if _, rejected := errors.AsType[*loyalty.Error](err); !rejected {
		return false, nil
	}
	now, failed := l.Latest(ctx, c.Program.ID, c.of.Kind, c.of.ID)
	return now.Cause.Revision != c.revises.revision(), failed
}
