package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// attempts bounds how often one command is decided anew. Each time somebody else has written, so the account
// as a whole moves on; a command that loses so often in a row answers ErrTryAgain.
const attempts = 64

// A taken error says that the revision which a command was about to write is there already.
type taken struct{ item table.Item }

func (taken) Error() string { return "ledger: the cause has this revision already" }

// command is one change of one account.
type command struct {
	p      *loyalty.Program
	member loyalty.MemberID
	by     By
	main   loyalty.Cause                                                            // whose entry is the command's own; zero: that of the first that is decided
	decide func(acc loyalty.Account, left loyalty.Budgets) (loyalty.Outcome, error) // acc is advanced to now; nil: advance only
	with   []table.Op                                                               // what else is to be written in the same instant
	alone  bool                                                                     // and also where there is no entry to write
}

// do reads the account, brings it to the present, decides, and commits account and entries at once. On a
// conflict over the account it starts again from the account as it is now. It returns taken if the first entry
// of the decision exists already and is not its own, and the command's entries otherwise: those of the decision, or
// the first of them alone where the answer was lost; those of time if nothing is to be decided.
func (l *Ledger) do(ctx context.Context, c command) ([]loyalty.Entry, error) {
	it, err := l.Table.Get(ctx, memberKey(c.p.ID, c.member, "ACCOUNT"))
	if err != nil {
		return nil, retryable(err)
	}
	var lost []string // the hashes of what may have been written
	budgets := budgets{ledger: l, program: c.p.ID}
	for range attempts {
		w, err := l.plan(ctx, it, c, &budgets)
		if err != nil || len(w.ops) == 0 {
			return nil, err
		}
		err = l.Table.Transact(ctx, w.ops...)
		var conflict *table.ConflictError
		switch {
		case err == nil:
			return w.entries[:w.own], nil
		case errors.Is(err, table.ErrUnknown):
			// It may have happened: the account as it is now tells, and so does the cause.
			if len(w.entries) == 0 {
				return nil, ErrTryAgain
			}
			lost = append(lost, w.entries[0].Hash)
			if it, err = l.Table.Get(ctx, it.Key); err != nil {
				return nil, retryable(err)
			}
		case !errors.As(err, &conflict):
			return nil, retryable(err)
		case conflict.Key == it.Key:
			it = conflict.Current
		case conflict.Op == 0 && w.own > 0 && c.decide != nil && w.entries[0].Cause.Kind != loyalty.CauseMember:
			was, err := readEntry(conflict.Current, w.entries[0].Cause)
			if err == nil && slices.Contains(lost, was.Hash) {
				return []loyalty.Entry{was}, nil // what was written, not what would be now
			}
			return nil, taken{conflict.Current}
		case conflict.Op < len(w.entries):
			// An entry of time exists that this account does not know yet: the account was read too early.
			if it, err = l.Table.Get(ctx, it.Key); err != nil {
				return nil, retryable(err)
			}
		case w.ops[conflict.Op].Kind == table.OpAdd:
			budgets.forget() // others were at the same budget
		default:
			return nil, conflict
		}
	}
	return nil, ErrTryAgain
}

// A planned write is what one attempt writes: the command's own entries first, so that a conflict over its cause is
// the one reported, then those of time, then the account, then what the command brings along, then what it takes of
// budgets. No operations: there is nothing to do.
type planned struct {
	ops     []table.Op
	entries []loyalty.Entry
	own     int // how many of the entries are the command's; all, where it is that time passes
}

func (l *Ledger) plan(ctx context.Context, it table.Item, c command, b *budgets) (planned, error) {
	acc, err := readAccount(it, c.member)
	if err != nil {
		return planned{}, err
	}
	now := l.now()
	out, err := c.p.Advance(acc, now)
	if err != nil {
		return planned{}, err
	}
	passed := len(out.Entries)
	if c.decide != nil {
		b.back = out.Spends
		decided, err := b.decide(ctx, func(left loyalty.Budgets) (loyalty.Outcome, error) { return c.decide(out.Account, left) })
		if err != nil {
			return planned{}, err
		}
		out.Account, out.Entries = decided.Account, append(out.Entries, decided.Entries...)
		out.Spends = append(out.Spends, decided.Spends...)
	}
	switch {
	case len(out.Entries) == 0 && c.alone:
		return planned{ops: c.with}, nil
	case len(out.Entries) == 0:
		return planned{}, nil
	}
	head := acc.Head
	puts := make([]table.Op, len(out.Entries), len(out.Entries)+1+len(c.with))
	for i, e := range out.Entries {
		e.Actor = "time"
		if i >= passed {
			e.Actor, e.Input = c.by.Actor, c.by.Input
		}
		e, doc := sealed(e, head)
		out.Entries[i], head = e, e.Hash
		puts[i] = table.Put(table.Item{Key: causeKey(c.p.ID, e.Cause), Index: statementKey(c.p.ID, e), Doc: doc})
	}
	out.Account.Head = head
	if at := slices.IndexFunc(out.Entries, func(e loyalty.Entry) bool { return e.Cause == c.main }); at >= 0 {
		passed = at // what the command did on its way follows its own entry, like what time did
	}
	entries := slices.Concat(out.Entries[passed:], out.Entries[:passed])
	ops := slices.Concat(puts[passed:], puts[:passed])
	spends := b.ops(out.Spends, entries[0].Cause.ID)
	it.Doc, it.Index = encode(storedAccount(out.Account)), dueKey(c.p.ID, c.member, c.p.Due(out.Account))
	own := len(entries)
	if c.decide != nil {
		own -= passed
	}
	return planned{slices.Concat(ops, []table.Op{table.Put(it)}, c.with, codeOps(c.p, entries), spends), entries, own}, nil
}

// record writes down what moves nothing, under its cause: a refusal, so that repeating the command gives the same
// answer also when the account could pay by then, or the order of a guest. It is no part of an account's
// sequence and costs no write of one.
func (l *Ledger) record(ctx context.Context, p *loyalty.Program, e loyalty.Entry, by By, with ...table.Op) (loyalty.Entry, error) {
	e.Program, e.Recorded, e.Actor, e.Input = cmp.Or(e.Program, p.Version), l.now(), by.Actor, by.Input
	it := table.Item{Key: causeKey(p.ID, e.Cause), Doc: encode(storedEntry(e))}
	err := l.Table.Transact(ctx, append([]table.Op{table.Put(it)}, with...)...)
	var conflict *table.ConflictError
	if errors.As(err, &conflict) && conflict.Op == 0 {
		return e, taken{conflict.Current}
	}
	return e, retryable(err)
}

// latest reads the last revision of a cause; Cause.Revision is zero if there is none.
func (l *Ledger) latest(ctx context.Context, program, kind, id string) (loyalty.Entry, error) {
	for e, err := range l.revisions(ctx, program, kind, id, true, 1) {
		return e, err
	}
	return loyalty.Entry{}, nil
}

func (l *Ledger) revisions(ctx context.Context, program, kind, id string, newestFirst bool, limit int) iter.Seq2[loyalty.Entry, error] {
	q := table.Query{PK: causePartition(program, kind, id), Reverse: newestFirst, Limit: limit}
	return func(yield func(loyalty.Entry, error) bool) {
		for it, err := range l.Table.Query(ctx, q) {
			if err != nil {
				yield(loyalty.Entry{}, retryable(err))
				return
			}
			e, err := entryOf(it, kind, id)
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

func entryOf(it table.Item, kind, id string) (loyalty.Entry, error) {
	n, err := strconv.Atoi(it.Key.SK)
	if err != nil {
		return loyalty.Entry{}, fmt.Errorf("ledger: %s is no revision: %w", it.Key, err)
	}
	return readEntry(it, loyalty.Cause{Kind: kind, ID: id, Revision: n})
}

// retryable turns the table's "not now" and "who knows" into ErrTryAgain: a repeated command finds out.
func retryable(err error) error {
	if errors.Is(err, table.ErrBusy) || errors.Is(err, table.ErrUnknown) {
		return fmt.Errorf("%w: %w", ErrTryAgain, err)
	}
	return err
}

func notFound(what string) error {
	return &loyalty.Error{Code: loyalty.NotFound, Detail: "There is no such " + what + "."}
}

func keyReused() error {
	return &loyalty.Error{Code: loyalty.KeyReused, Detail: "The idempotency key was used for another request. Use a new key for a new request."}
}
