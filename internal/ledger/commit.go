package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Attempts bounds how often one command is decided again. Each retry means that another command was written, so the
// account makes progress. A command that loses this often in a row returns ErrTryAgain.
const Attempts = 64

// mostOps is the maximum number of operations in one transaction of the table.
const mostOps = 100

// A Taken error means that the revision that a command was about to write exists already.
type Taken struct{ Item table.Item }

func (Taken) Error() string { return "ledger: the cause already has this revision" }

// ErrBehind means that an account was read before the revision that the command starts from was written.
var ErrBehind = errors.New("ledger: the account was read too early")

// A MissingMember means that the command also changes the account of this member.
type MissingMember loyalty.MemberID

func (MissingMember) Error() string { return "ledger: the command also changes another account" }

// Outrun reports whether another command was written first, so that the command must be decided again.
func Outrun(err error) bool {
	return errors.As(err, new(Taken)) || errors.As(err, new(*table.ConflictError))
}

// do reads the accounts, advances them to now, decides, and commits accounts and entries in one transaction. If an
// account has changed meanwhile, it starts again from the changed account. It returns taken if another command wrote
// the first entry of the decision. Otherwise it returns the entries of the decision, those of the command's member
// first. If the response of the table was lost, it returns only the first of them. If there is nothing to decide, it
// returns the entries of time: the entries that the passing of time caused, such as expiries.
func (l *Ledger) do(ctx context.Context, c Command) ([]loyalty.Entry, error) {
	read, err := l.read(ctx, c)
	if err != nil {
		return nil, err
	}
	c.Read = nil               // valid for the first attempt only; later attempts read the accounts again
	var lost []loyalty.Entry   // first entries of attempts whose result is unknown
	var passed []loyalty.Entry // entries of time that were committed in separate transactions
	if c.Budgets == nil {
		c.Budgets = &BudgetCounters{Ledger: l, Program: c.Program.ID}
	}
	for range Attempts {
		if c.Load != nil {
			c.Load.Reset()
		}
		w, err := l.plan(ctx, read, c, c.Budgets)
		var missing MissingMember
		if errors.As(err, &missing) {
			c.Others = append(c.Others, loyalty.MemberID(missing))
			if read, err = l.read(ctx, c); err != nil {
				return nil, err
			}
			continue
		}
		if errors.Is(err, ErrBehind) || len(c.Others) > 0 && l.premature(ctx, c, read, w, err) {
			if read, err = l.read(ctx, c); err != nil {
				return nil, err
			}
			continue
		}
		if errors.As(err, new(*loyalty.Error)) && len(lost) > 0 {
			return l.rejectedAgain(ctx, c, lost, err)
		}
		if err != nil || len(w.ops) == 0 {
			return passed, err
		}
		err = l.Table.Transact(ctx, w.ops...)
		var conflict *table.ConflictError
		switch {
		case err == nil && w.more:
			if c.Decide == nil {
				passed = append(passed, w.entries...)
			}
			if read, err = l.read(ctx, c); err != nil {
				return nil, err
			}
		case err == nil:
			return append(passed, w.entries[:w.own]...), nil
		case errors.Is(err, table.ErrUnknown):
			// The transaction may have been committed. The accounts and the cause, read again, show whether it was.
			if len(w.entries) == 0 {
				return nil, ErrTryAgain
			}
			lost = append(lost, w.entries[0])
			if read, err = l.read(ctx, c); err != nil {
				return nil, err
			}
		case !errors.As(err, &conflict):
			return nil, Retryable(err)
		case replaced(read, conflict):
		case conflict.Op == 0 && w.own > 0 && c.Decide != nil && w.entries[0].Cause.Kind != loyalty.CauseMember:
			was, err := stored.ReadEntry(conflict.Current, w.entries[0].Cause)
			if err == nil && slices.ContainsFunc(lost, func(e loyalty.Entry) bool { return e.Hash == was.Hash }) {
				return []loyalty.Entry{was}, nil // the entry that was written, not a new decision
			}
			return nil, Taken{conflict.Current}
		case conflict.Op < len(w.entries):
			// An entry of time exists that the account does not include: the account was read too early.
			if read, err = l.read(ctx, c); err != nil {
				return nil, err
			}
		case w.ops[conflict.Op].Kind == table.OpAdd:
			c.Budgets.forget() // another command changed the same budget
		default:
			return nil, conflict
		}
	}
	return nil, ErrTryAgain
}

// rejectedAgain checks whether a command is rejected only because an earlier attempt, whose response was lost, has
// already had the effect. In that case it returns the entry of that attempt. Otherwise it returns the rejection. It
// checks only later revisions of a cause; callers of do look up the first revision themselves.
func (l *Ledger) rejectedAgain(
	ctx context.Context, c Command, lost []loyalty.Entry, rejection error,
) ([]loyalty.Entry, error) {
	for _, e := range lost {
		if e.Cause.Revision == 1 {
			continue
		}
		for was, err := range l.Revisions(ctx, c.Program.ID, e.Cause.Kind, e.Cause.ID, true, 0) {
			if err != nil || was.Hash == e.Hash {
				return []loyalty.Entry{was}, Retryable(err)
			}
		}
	}
	return nil, rejection
}

// read reads the accounts of a command concurrently. The account of the command's member is first, followed by those of
// the others.
func (l *Ledger) read(ctx context.Context, c Command) ([]table.Item, error) {
	if c.Read != nil && len(c.Others) == 0 {
		return []table.Item{*c.Read}, nil
	}
	var keys []table.Key
	for _, m := range c.members() {
		keys = append(keys, stored.AccountKey(c.Program.ID, m))
	}
	read, err := l.GetAll(ctx, keys...)
	if err != nil {
		return nil, err
	}
	for _, it := range read {
		if it.Version == 0 && c.Decide == nil {
			return nil, NotFound("member")
		}
	}
	return read, nil
}

func (c Command) members() []loyalty.MemberID {
	return append([]loyalty.MemberID{c.Member}, c.Others...)
}

// replaced replaces the account that caused a conflict with its current version. It returns false if something other
// than an account caused the conflict.
func replaced(read []table.Item, conflict *table.ConflictError) bool {
	at := slices.IndexFunc(read, func(it table.Item) bool { return it.Key == conflict.Key })
	if at >= 0 {
		read[at] = conflict.Current
	}
	return at >= 0
}

// premature reports whether a plan over several accounts, or its rejection, must be computed again.
func (l *Ledger) premature(ctx context.Context, c Command, read []table.Item, w planned, err error) bool {
	if errors.Is(err, loyalty.InsufficientPoints) {
		// The accounts were read separately. Points that moved between two reads may be missing from both accounts.
		checks := make([]table.Op, len(read))
		for i, it := range read {
			checks[i] = table.Check(it)
		}
		return l.Table.Transact(ctx, checks...) != nil
	}
	if len(w.ops) <= mostOps && !w.more {
		return false
	}
	// Advance each account alone, because together they need too many operations. If that fails, the next attempt
	// returns the error.
	for _, m := range c.members() {
		_, _ = l.Execute(ctx, Command{Program: c.Program, Member: m})
	}
	return true
}

// A planned value is what one attempt writes: the command's own entries first, so that a conflict over its cause is the
// one that is reported, then entries of time, the accounts, the command's other operations, and the budgets. Without
// operations there is nothing to write.
type planned struct {
	ops     []table.Op
	entries []loyalty.Entry
	own     int  // number of entries of the command; if it only advances the account, all of them
	more    bool // the plan has only the first part of the entries of time, and no entry of the command
	again   bool // other orders were decided again
}

// behind is the maximum number of entries of time in one transaction. With the codes and stock that they return, and
// everything that a command writes, a transaction stays within mostOps.
const behind = 20

// plan returns the writes of one attempt. A command may require that other orders are decided again. plan includes as
// many of them as fit into the transaction, and postpones the others: the account remains due, so that a later command
// or scheduled run decides them.
func (l *Ledger) plan(ctx context.Context, read []table.Item, c Command, b *BudgetCounters) (planned, error) {
	for most := posting.MaxOrderNumber; ; most /= 2 {
		w, err := l.planAtMost(ctx, read, c, b, most)
		if err != nil || len(w.ops) <= mostOps || !w.again || most == 1 {
			return w, err
		}
	}
}

// planAtMost is plan with at most the given number of orders that are decided again.
func (l *Ledger) planAtMost(
	ctx context.Context, read []table.Item, c Command, b *BudgetCounters, most int,
) (planned, error) {
	sides, more, err := c.advanced(ctx, read, b, most, l.Time())
	if err != nil {
		return planned{}, err
	}
	w := planned{more: more, again: slices.ContainsFunc(sides, func(s side) bool { return s.again })}
	switch {
	case more && len(c.Others) > 0:
		return w, nil // each account is advanced alone before the command is decided
	case more:
		c.With = nil
	}
	var accounts, ofTime, parts []table.Op
	var passed []loyalty.Entry
	var spends []posting.Spend
	for i, s := range sides {
		if len(s.entries) == 0 || i > 0 && len(s.entries) == s.passed {
			continue
		}
		if err := s.check(); err != nil {
			return planned{}, fmt.Errorf("ledger: %w", err)
		}
		puts := s.seal(l, c)
		n := s.behind(c.Main)
		w.ops, w.entries = append(w.ops, puts[n:]...), append(w.entries, s.entries[n:]...)
		ofTime, passed = append(ofTime, puts[:n]...), append(passed, s.entries[:n]...)
		accounts, spends = append(accounts, table.Put(s.item)), append(spends, s.spends...)
		parts = append(parts, s.parts...)
	}
	switch {
	case len(accounts) == 0 && c.Alone:
		return planned{ops: c.With}, nil
	case len(accounts) == 0 && c.Decide == nil:
		return planned{ops: l.listed(sides[0].item, c.Program, sides[0].acc)}, nil
	case len(accounts) == 0:
		return planned{}, nil
	}
	if w.own = len(w.entries); c.Decide == nil {
		w.own = len(passed)
	}
	w.entries = append(w.entries, passed...)
	w.ops = slices.Concat(w.ops, ofTime, accounts, c.With, parts, codeOps(c, w.entries),
		listOps(c.Program.ID, w.entries),
		VoucherOps(c.Program.ID, w.entries), b.ops(spends, w.entries[0].Cause.ID))
	return w, nil
}

// A side is one account in an attempt: the account as read, and the changes to it.
type side struct {
	item    table.Item
	before  loyalty.Account // as it was read
	acc     loyalty.Account
	head    string // the hash of the last written entry
	written int64  // the number of written entries
	entries []loyalty.Entry
	passed  int // how many of the entries are entries of time
	spends  []posting.Spend
	parts   []table.Op // operations that write the separate parts of large orders
	ran     time.Time  // the instant up to which time has been applied
	again   bool       // other orders were decided again
}

// advanced advances the accounts to now and decides. If advancing alone needs more than one transaction, it does not
// decide, and more is true. most is the maximum number of orders of other causes that are decided again.
func (c Command) advanced(
	ctx context.Context, read []table.Item, b *BudgetCounters, most int, now time.Time,
) (sides []side, more bool, err error) {
	sides, accs := make([]side, len(read)), make([]loyalty.Account, len(read))
	for i, m := range c.members() {
		acc, err := stored.ReadAccount(read[i], m)
		if err == nil && i == 0 && acc.Sequence < c.reached {
			err = ErrBehind
		}
		if err != nil {
			return nil, false, err
		}
		out, part, err := b.Ledger.pass(ctx, c.Program, acc, now)
		if err != nil {
			return nil, false, err
		}
		more = more || part
		accs[i] = out.Account
		sides[i] = side{
			item: read[i], before: acc, acc: out.Account, head: acc.Head, written: acc.Sequence,
			entries: out.Entries, passed: len(out.Entries), spends: out.Spends, ran: out.Account.Ran,
		}
	}
	if more || c.Decide == nil && !award.HasUndecided(&accs[0]) {
		return sides, more, nil
	}
	b.back = sides[0].spends // points that time returns in other accounts count only after they are written
	outs, err := b.Decide(ctx, func(left earn.Budgets) ([]posting.Outcome, error) {
		return c.complete(ctx, b.Ledger, sides, accs, left, most, now)
	})
	if err != nil {
		return nil, false, err
	}
	for i, out := range outs {
		s := &sides[i]
		s.acc, s.entries, s.spends = out.Account, append(s.entries, out.Entries...), append(s.spends, out.Spends...)
		s.again = slices.ContainsFunc(out.Entries, func(e loyalty.Entry) bool { return e.Follows() })
		if c.Decide == nil {
			s.passed = len(s.entries)
		}
	}
	return sides, false, nil
}

// complete decides. If a decision depends on earlier entries of a member, complete reads these entries and decides
// again. A command that only advances an account decides the orders that were postponed.
func (c Command) complete(
	ctx context.Context, l *Ledger, sides []side, accs []loyalty.Account, left earn.Budgets, most int, now time.Time,
) ([]posting.Outcome, error) {
	if c.Decide == nil {
		c.Load = &postponed{Ledger: l, p: c.Program, written: sides[0].written}
		c.Decide = c.Load.(*postponed).decide
	}
	x := Inputs{slices.Clone(accs), left, now}
	outs, err := c.decided(ctx, x)
	for n := 0; err == nil && slices.ContainsFunc(outs, isUndecided); n++ {
		if n == Attempts {
			return nil, ErrTryAgain
		}
		for i, out := range outs {
			if x.Accounts[i], err = (Redecider{l}).WithOrders(
				ctx, c.Program, x.Accounts[i], sides[i].written, out.Needs,
			); err != nil {
				return nil, err
			}
		}
		outs, err = c.decided(ctx, x)
	}
	if err != nil {
		return nil, err
	}
	for i := range outs {
		n := needed{p: c.Program, written: sides[i].written, passed: sides[i].entries, left: left, now: now}
		if outs[i], err = (Redecider{l}).redecided(ctx, n, award.Postpone(outs[i], most)); err != nil {
			return nil, err
		}
	}
	return outs, nil
}

func isUndecided(out posting.Outcome) bool { return tier.Undecided(out.Needs) }

// check rejects a write that violates an invariant. A repeated enrollment is decided without the existing account. The
// write detects that the first enrollment exists.
func (s *side) check() error {
	before, entries := s.before, s.entries
	if own := s.entries[s.passed:]; len(own) > 0 && own[0].Kind == loyalty.KindEnroll {
		before, entries = loyalty.Account{}, own
	}
	return posting.CheckWrite(before, s.acc, entries)
}

// seal sets the actor of the entries of a side and their place in the hash chain, and encodes the account. It returns
// the operations that write the entries.
func (s *side) seal(l *Ledger, c Command) []table.Op {
	puts := make([]table.Op, len(s.entries))
	for i, e := range s.entries {
		e.Actor = timeActor
		if i >= s.passed {
			e.Actor, e.Input = c.By.Actor, cmp.Or(e.Input, c.By.Input)
		}
		l.giveCode(c.Program, e)
		e, doc := stored.Sealed(e, s.head)
		s.entries[i], s.head = e, e.Hash
		doc, parts := stored.Apart(c.Program.ID, e, doc)
		s.parts = append(s.parts, parts...)
		puts[i] = table.Put(
			table.Item{
				Key: stored.CauseKey(c.Program.ID, e.Cause), Index: stored.StatementKey(c.Program.ID, e), Doc: doc,
			},
		)
	}
	s.acc.Head, s.acc.Ran = s.head, s.ran
	s.item.Doc = stored.PackedAccount(stored.StoredAccount(s.acc))
	s.item.Index = stored.DueKey(c.Program.ID, s.acc.Member, engine.NextRun(c.Program, s.acc))
	return puts
}

// behind returns how many entries are written after the command's main entry: entries of time, and entries that the
// command caused before its main one.
func (s *side) behind(main loyalty.Cause) int {
	if at := slices.IndexFunc(s.entries, func(e loyalty.Entry) bool { return e.Cause == main }); at >= 0 {
		return at
	}
	return s.passed
}

// record writes an entry that moves no points, under its cause: a rejection, so that a repeated command gets the same
// answer even if the account could pay by then, or the order of a guest. The entry is not part of an account's
// sequence, so no account is written.
func (l *Ledger) record(
	ctx context.Context, p *loyalty.Program, e loyalty.Entry, by By, with ...table.Op,
) (loyalty.Entry, error) {
	e.Program, e.Recorded, e.Actor, e.Input = cmp.Or(e.Program, p.Version), l.Time(), by.Actor, by.Input
	doc, parts := stored.Apart(p.ID, e, stored.Encode(stored.StoredEntry(e)))
	it := table.Item{Key: stored.CauseKey(p.ID, e.Cause), Doc: doc}
	err := l.Table.Transact(ctx, slices.Concat([]table.Op{table.Put(it)}, with, parts)...)
	var conflict *table.ConflictError
	if errors.As(err, &conflict) && conflict.Op == 0 {
		return e, Taken{conflict.Current}
	}
	return e, Retryable(err)
}

// Latest reads the last revision of a cause. Cause.Revision is zero if there is none.
func (l *Ledger) Latest(ctx context.Context, program, kind, id string) (loyalty.Entry, error) {
	for e, err := range l.Revisions(ctx, program, kind, id, true, 1) {
		if err != nil {
			return e, err
		}
		return l.whole(ctx, program, e)
	}
	return loyalty.Entry{}, nil
}

func (l *Ledger) Revisions(
	ctx context.Context, program, kind, id string, newestFirst bool, limit int,
) iter.Seq2[loyalty.Entry, error] {
	q := table.Query{
		PK: stored.CausePartition(program, kind, id), To: stored.LastRevision, Reverse: newestFirst, Limit: limit,
	}
	return List(ctx, l.Table, q, func(it table.Item) (loyalty.Entry, error) { return entryOf(it, kind, id) })
}

func entryOf(it table.Item, kind, id string) (loyalty.Entry, error) {
	n, err := strconv.Atoi(it.Key.SK)
	if err != nil {
		return loyalty.Entry{}, fmt.Errorf("ledger: invalid revision %s: %w", it.Key, err)
	}
	return stored.ReadEntry(it, loyalty.Cause{Kind: kind, ID: id, Revision: n})
}

// Retryable converts the table's ErrBusy and ErrUnknown to ErrTryAgain. Repeating the command is safe and shows whether
// it was written.
func Retryable(err error) error {
	if errors.Is(err, table.ErrBusy) || errors.Is(err, table.ErrUnknown) {
		return fmt.Errorf("%w: %w", ErrTryAgain, err)
	}
	return err
}

func NotFound(what string) error {
	return &loyalty.Error{Code: loyalty.NotFound, Detail: "Unknown " + what + "."}
}

func KeyReused() error {
	return &loyalty.Error{
		Code:   loyalty.KeyReused,
		Detail: "The idempotency key was used for another request. Use a new key for a new request.",
	}
}
