package ledger

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// mostOps is the maximum number of operations in one transaction of the table.
const mostOps = 100

// run reads the accounts, advances them to now, decides, and commits accounts and entries in one transaction. If an
// account has changed meanwhile, it starts again from the changed account. It returns RevisionExists if another command
// wrote the first entry of the decision. Otherwise it returns the entries of the decision, those of the command's
// member first. If the response of the table was lost, it returns only the first of them. A command without a decision
// returns the entries that record changes over time, such as expiries.
func (x *execution) run(ctx context.Context) ([]loyalty.Entry, error) {
	turn, err := x.takeTurn(ctx)
	if err != nil {
		return nil, err
	}
	x.turn = turn
	defer turn.leave()
	if err := x.begin(ctx); err != nil {
		return nil, err
	}
	x.c.Read = nil // only the first attempt may use it; later attempts read the accounts again
	if x.c.Budgets == nil {
		x.c.Budgets = &BudgetCounters{Ledger: x.Ledger, Program: x.c.Program.ID}
	}
	for range Attempts {
		if entries, again, err := x.attempt(ctx); err != nil || !again {
			return entries, err
		}
	}
	return nil, ErrTryAgain
}

// An execution is a command with the state that its attempts share.
type execution struct {
	*Ledger
	c      Command
	read   []table.Item
	lost   []loyalty.Entry // the first entries of attempts whose result is unknown
	passed []loyalty.Entry // entries for changes over time that were committed in separate transactions
	turn   *turn           // nil if the command does not take turns
	ahead  bool            // an account in read may not be durable yet
}

// begin reads the accounts for the first attempt. If the previous command of the account has left a later version than
// the one that was already read, begin takes this version.
func (x *execution) begin(ctx context.Context) error {
	if it := x.turn.account(); it.Version > 0 && (x.c.Read == nil || x.c.Read.Version < it.Version) {
		x.read, x.ahead = []table.Item{it}, true
		return nil
	}
	return x.reload(ctx)
}

// confirm reads the accounts again if they may not be durable yet, which waits until they are. A result without a write
// must not depend on a write that a loss of power could undo, and must not ignore a write that was reported before the
// command began. confirm returns true if an account has changed, so that the command must be decided again.
func (x *execution) confirm(ctx context.Context) (again bool, err error) {
	if !x.ahead {
		return false, nil
	}
	for i, it := range x.read {
		now, err := x.Table.Get(ctx, it.Key)
		if err != nil {
			return false, Retryable(err)
		}
		again = again || now.Version != it.Version
		x.read[i] = now
	}
	x.ahead = false
	return again, nil
}

// attempt decides and commits once. It returns true if the command must be decided again.
func (x *execution) attempt(ctx context.Context) (entries []loyalty.Entry, again bool, err error) {
	if x.c.Load != nil {
		x.c.Load.Reset()
	}
	w, err := x.plan(ctx)
	_, rejected := errors.AsType[*loyalty.Error](err)
	switch {
	case x.tooEarly(ctx, w, err):
		return nil, true, x.reload(ctx)
	case rejected && len(x.lost) > 0:
		entries, err = x.rejectedAgain(ctx, err)
		return entries, false, err
	case err != nil || len(w.ops) == 0:
		if again, failed := x.confirm(ctx); again || failed != nil {
			return nil, again, failed
		}
		return x.passed, false, err
	}
	return x.commit(ctx, w)
}

// tooEarly reports whether the accounts must be read again: a plan needs an account that was not read, or an account
// was read before another command changed it.
func (x *execution) tooEarly(ctx context.Context, w planned, err error) bool {
	if missing, ok := errors.AsType[MissingMemberError](err); ok {
		x.c.Others = append(x.c.Others, loyalty.MemberID(missing))
		return true
	}
	return errors.Is(err, ErrStaleRead) || len(x.c.Others) > 0 && x.premature(ctx, w, err)
}

// commit writes a plan. It returns true if the command must be decided again. This is so if the plan contains only the
// first part of the writes, if it was not written, or if the outcome is unknown.
func (x *execution) commit(ctx context.Context, w planned) (entries []loyalty.Entry, again bool, err error) {
	if err := x.permitted(ctx); err != nil {
		return nil, false, err
	}
	writing := ctx
	if !w.more {
		writing = x.turn.write(ctx, w.ops)
	}
	err = x.Table.Transact(writing, w.ops...)
	conflict, conflicts := errors.AsType[*table.ConflictError](err)
	switch {
	case err == nil && w.more:
		if x.c.Decide == nil {
			x.passed = append(x.passed, w.entries...)
		}
		return nil, true, x.reload(ctx)
	case err == nil:
		return joined(x.passed, w.entries[:w.own]), false, nil
	case errors.Is(err, table.ErrUnknown) && len(w.entries) == 0:
		return nil, false, ErrTryAgain
	case errors.Is(err, table.ErrUnknown):
		// The transaction may have been committed. Reading the accounts and the cause again shows whether it was.
		x.lost = append(x.lost, w.entries[0])
		return nil, true, x.reload(ctx)
	case conflicts:
		return x.resolve(ctx, w, conflict)
	}
	return nil, false, Retryable(err)
}

// resolve handles a conflict with another command. It returns true if the command must be decided again.
func (x *execution) resolve(
	ctx context.Context, w planned, conflict *table.ConflictError,
) (entries []loyalty.Entry, again bool, err error) {
	switch {
	case replaced(x.read, conflict):
		x.ahead = true
		return nil, true, nil
	case conflict.Op == 0 && w.own > 0 && x.c.Decide != nil && w.entries[0].Cause.Kind != loyalty.CauseMember:
		entries, err = x.written(conflict.Current, w.entries[0].Cause)
		return entries, false, err
	case conflict.Op < len(w.entries):
		// The account does not include an existing entry for a change over time, so it was read too early.
		return nil, true, x.reload(ctx)
	case w.ops[conflict.Op].Kind == table.OpAdd:
		x.c.Budgets.forget() // another command changed the same budget
		return nil, true, nil
	}
	return nil, false, conflict
}

// written returns the existing entry of a cause if an earlier attempt of the same command wrote it and the response was
// lost. Otherwise it returns RevisionExists.
func (x *execution) written(it table.Item, c loyalty.Cause) ([]loyalty.Entry, error) {
	was, err := stored.ReadEntry(it, c)
	if err == nil && slices.ContainsFunc(x.lost, func(e loyalty.Entry) bool { return e.Hash == was.Hash }) {
		return []loyalty.Entry{was}, nil
	}
	return nil, RevisionExists{it}
}

// rejectedAgain checks whether a command is rejected only because an earlier attempt, whose response was lost, has
// already had the effect. In that case it returns the entry of that attempt. Otherwise it returns the rejection. It
// checks only later revisions of a cause; callers of run look up the first revision themselves.
func (x *execution) rejectedAgain(ctx context.Context, rejection error) ([]loyalty.Entry, error) {
	for _, e := range x.lost {
		if e.Cause.Revision == 1 {
			continue
		}
		for was, err := range x.Revisions(ctx, x.c.Program.ID, e.Cause.Kind, e.Cause.ID, true, 0) {
			if err != nil || was.Hash == e.Hash {
				return []loyalty.Entry{was}, Retryable(err)
			}
		}
	}
	return nil, rejection
}

// reload reads the accounts of the command concurrently. The account of the command's member is first, followed by
// those of the others.
func (x *execution) reload(ctx context.Context) (err error) {
	if x.c.Read != nil && len(x.c.Others) == 0 {
		x.read = []table.Item{*x.c.Read}
		return nil
	}
	var keys []table.Key
	for _, m := range x.c.members() {
		keys = append(keys, stored.AccountKey(x.c.Program.ID, m))
	}
	if x.read, err = GetAll(ctx, x.Table, keys...); err != nil {
		return err
	}
	x.ahead = false
	for _, it := range x.read {
		if it.Version == 0 && x.c.Decide == nil {
			return NotFound("member")
		}
	}
	return nil
}

func (c Command) members() []loyalty.MemberID {
	return append([]loyalty.MemberID{c.Member}, c.Others...)
}

// replaced looks in read for the account that caused a conflict, and replaces it with its current version. It returns
// false if something other than an account caused the conflict.
func replaced(read []table.Item, conflict *table.ConflictError) bool {
	at := slices.IndexFunc(read, func(it table.Item) bool { return it.Key == conflict.Key })
	if at >= 0 {
		read[at] = conflict.Current
	}
	return at >= 0
}

// premature reports whether a command over several accounts must be decided again. This is so if the command was
// rejected while points moved between the accounts, or if the plan has too many operations for one transaction.
func (x *execution) premature(ctx context.Context, w planned, err error) bool {
	if errors.Is(err, loyalty.InsufficientPoints) {
		// The accounts were read separately. Points that moved between two reads may be missing from both accounts.
		checks := make([]table.Op, len(x.read))
		for i, it := range x.read {
			checks[i] = table.Check(it)
		}
		return x.Table.Transact(ctx, checks...) != nil
	}
	if len(w.ops) <= mostOps && !w.more {
		return false
	}
	// Advance each account alone, because together they need too many operations. If that fails, the next attempt
	// returns the error.
	for _, m := range x.c.members() {
		_, _ = x.Execute(ctx, Command{Program: x.c.Program, Member: m})
	}
	return true
}

// record writes an entry that moves no points: a rejection or the order of a guest. Because a rejection is recorded, a
// repeated command gets the same answer even if the account could pay in the meantime. The entry is stored under its
// cause. It is not part of an account's sequence, so no account is written.
func (x *execution) record(ctx context.Context, e loyalty.Entry, with ...table.Op) (loyalty.Entry, error) {
	if err := x.permitted(ctx); err != nil {
		return e, err
	}
	p, by := x.c.Program, x.c.By
	e.Program, e.Recorded, e.Actor, e.Input = cmp.Or(e.Program, p.Version), x.Time(), by.Actor, by.Input
	doc, parts := stored.Apart(p.ID, e, stored.EncodedEntry(e))
	it := table.Item{Key: stored.CauseKey(p.ID, e.Cause), Doc: doc}
	err := x.Table.Transact(ctx, slices.Concat([]table.Op{table.PutEncoded(it)}, with, parts)...)
	var conflict *table.ConflictError
	if errors.As(err, &conflict) && conflict.Op == 0 {
		return e, RevisionExists{conflict.Current}
	}
	return e, Retryable(err)
}

// takeTurn waits for the turn of a command that decides about one account. It returns nil for other commands.
func (x *execution) takeTurn(ctx context.Context) (*turn, error) {
	if x.Turns == nil || x.c.Decide == nil || len(x.c.Others) > 0 {
		return nil, nil
	}
	return x.Turns.begin(ctx, stored.AccountKey(x.c.Program.ID, x.c.Member))
}
