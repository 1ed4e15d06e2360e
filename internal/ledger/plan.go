package ledger

import (
	"cmp"
	"context"
	"fmt"
	"slices"
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

// A planned value contains the writes of one attempt. The command's own entries are first, so that a conflict over the
// command's cause is reported before other conflicts. After them come the entries that record changes over time, such
// as expiries, then the accounts, the command's other operations and the budgets. If ops is empty, there is nothing to
// write.
type planned struct {
	ops     []table.Op
	entries []loyalty.Entry
	own     int  // the number of the command's own entries; all if the command only advances the account
	more    bool // the plan has only some of the entries for changes over time, and none of the command itself
	again   bool // whether other orders were decided again
}

// plan returns the writes of one attempt. A command may require that other orders are decided again. plan includes as
// many of them as fit into the transaction, and postpones the others: the account remains due, so that a later command
// or scheduled run decides them.
func (x *execution) plan(ctx context.Context) (planned, error) {
	for most := posting.MaxOrderNumber; ; most /= 2 {
		w, err := x.planAtMost(ctx, most)
		if err != nil || len(w.ops) <= mostOps || !w.again || most == 1 {
			return w, err
		}
	}
}

// planAtMost makes one plan in which at most the given number of orders are decided again.
func (x *execution) planAtMost(ctx context.Context, most int) (planned, error) {
	c, now := x.c, x.Time()
	sides, more, err := c.advanced(ctx, x.read, most, now)
	if err != nil {
		return planned{}, err
	}
	w := planned{more: more, again: slices.ContainsFunc(sides, func(s side) bool { return s.again })}
	switch {
	case more && len(c.Others) > 0:
		return w, nil // before the command is decided, each account is advanced alone
	case more:
		c.With = nil
	}
	var all writes
	for i := range sides {
		s := &sides[i]
		if len(s.entries) == 0 || i > 0 && len(s.entries) == s.passed {
			continue
		}
		if err := s.check(); err != nil {
			return planned{}, fmt.Errorf("ledger: %w", err)
		}
		all.add(x.Ledger, c, s)
	}
	if len(all.accounts) == 0 {
		return planned{ops: c.withoutEntries(sides[0], now)}, nil
	}
	w.entries = joined(all.own, all.passed)
	if w.own = len(all.own); c.Decide == nil {
		w.own = len(all.passed)
	}
	w.ops = slices.Concat(all.puts, all.ofTime, all.accounts, c.With, all.parts, codeOps(c.Program, c.Rules, w.entries),
		listOps(c.Program.ID, w.entries),
		VoucherOps(c.Program.ID, w.entries), c.Budgets.ops(all.spends, w.entries[0].Cause.ID))
	return w, nil
}

// withoutEntries returns the operations of a command that has no entry to write.
func (c Command) withoutEntries(s side, now time.Time) []table.Op {
	switch {
	case c.Alone:
		return c.With
	case c.Decide == nil:
		return listed(s.item, c.Program, *s.acc, now)
	}
	return nil
}

// writes contains the operations and the entries of all accounts of an attempt.
type writes struct {
	puts, ofTime, accounts, parts []table.Op
	own, passed                   []loyalty.Entry
	spends                        []posting.Spend
}

func (w *writes) add(l *Ledger, c Command, s *side) {
	puts := s.seal(l, c)
	n := s.behind(c.Main)
	w.puts, w.own = joined(w.puts, puts[n:]), joined(w.own, s.entries[n:])
	w.ofTime, w.passed = joined(w.ofTime, puts[:n]), joined(w.passed, s.entries[:n])
	w.accounts, w.spends = append(w.accounts, table.PutEncoded(s.item)), joined(w.spends, s.spends)
	w.parts = joined(w.parts, s.parts)
}

// joined returns the elements of both lists. If one of them is empty, it returns the other one without a copy.
func joined[T any](a, b []T) []T {
	switch {
	case len(a) == 0:
		return b
	case len(b) == 0:
		return a
	}
	return slices.Concat(a, b)
}

// A side is one account in an attempt: the account as read, and the changes to it.
type side struct {
	item    table.Item
	before  loyalty.Account  // the account as it was read
	acc     *loyalty.Account // the account with the changes
	head    string           // the hash of the last written entry
	written int64            // the number of written entries
	entries []loyalty.Entry
	passed  int // the number of entries for changes over time in the field entries
	spends  []posting.Spend
	parts   []table.Op // operations that write the separate parts of large orders
	ran     time.Time  // the instant until which the account was advanced
	again   bool       // whether other orders were decided again
}

// advanced advances the accounts to now and decides. If advancing alone needs more than one transaction, it does not
// decide, and returns true. The parameter most limits the number of other orders that are decided again.
func (c Command) advanced(
	ctx context.Context, read []table.Item, most int, now time.Time,
) (sides []side, more bool, err error) {
	b, x := c.Budgets, Inputs{Accounts: make([]loyalty.Account, len(read)), Now: now}
	sides = make([]side, len(read))
	for i, m := range c.members() {
		acc, err := stored.ReadAccount(read[i], m)
		if err == nil && i == 0 {
			err = c.checkFirst(acc)
		}
		if err != nil {
			return nil, false, err
		}
		out, part, err := b.Ledger.pass(ctx, c.Program, acc, now)
		if err != nil {
			return nil, false, err
		}
		more, x.Accounts[i] = more || part, out.Account
		sides[i] = side{
			item: read[i], before: acc, acc: &x.Accounts[i], head: acc.Head, written: acc.Sequence,
			entries: out.Entries, passed: len(out.Entries), spends: out.Spends, ran: out.Account.Ran,
		}
	}
	if more || c.Decide == nil && !award.HasUndecided(sides[0].acc) {
		return sides, more, nil
	}
	b.back = sides[0].spends // points that expired reservations return in other accounts count only when written
	outs, err := b.Decide(ctx, func(left earn.Budgets) ([]posting.Outcome, error) {
		x.Left = left
		return c.complete(ctx, b.Ledger, sides, x, most)
	})
	if err != nil {
		return nil, false, err
	}
	for i := range outs {
		s, out := &sides[i], &outs[i]
		s.acc, s.entries, s.spends = &out.Account, joined(s.entries, out.Entries), joined(s.spends, out.Spends)
		s.again = slices.ContainsFunc(out.Entries, func(e loyalty.Entry) bool { return e.Follows() })
		if c.Decide == nil {
			s.passed = len(s.entries)
		}
	}
	return sides, false, nil
}

// checkFirst checks the account of the command's member as it was read.
func (c Command) checkFirst(acc loyalty.Account) error {
	switch {
	case acc.Sequence < c.reached:
		return ErrStaleRead
	case acc.Status == loyalty.Erased && c.Decide != nil:
		return NotFound("member")
	}
	return nil
}

// complete makes the command's decision. If the decision depends on earlier entries of a member, complete reads these
// entries and decides again. A command that only advances an account decides the orders that were postponed.
func (c Command) complete(
	ctx context.Context, l *Ledger, sides []side, x Inputs, most int,
) ([]posting.Outcome, error) {
	if c.Decide == nil {
		c.Load = &postponed{Ledger: l, p: c.Program, written: sides[0].written}
		c.Decide = c.Load.(*postponed).decide
	}
	outs, err := c.decided(ctx, x)
	for n := 0; err == nil && slices.ContainsFunc(outs, isUndecided); n++ {
		if n == Attempts {
			return nil, ErrTryAgain
		}
		x.Accounts = slices.Clone(x.Accounts)
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
		n := needed{p: c.Program, written: sides[i].written, passed: sides[i].entries, left: x.Left, now: x.Now}
		if outs[i], err = (Redecider{l}).redecided(ctx, n, award.Postpone(outs[i], most)); err != nil {
			return nil, err
		}
	}
	return outs, nil
}

func isUndecided(out posting.Outcome) bool { return tier.Undecided(out.Needs) }

// check rejects a write that violates an invariant. A repeated enrollment is checked as if the account did not exist.
// Its write then fails, because the first enrollment exists.
func (s *side) check() error {
	before, entries := s.before, s.entries
	if own := s.entries[s.passed:]; len(own) > 0 && own[0].Kind == loyalty.KindEnroll {
		before, entries = loyalty.Account{}, own
	}
	return posting.CheckWrite(before, *s.acc, entries)
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
		giveCode(c.Program, e, l.Random)
		e, doc := stored.Sealed(e, s.head)
		s.entries[i], s.head = e, e.Hash
		doc, parts := stored.Apart(c.Program.ID, e, doc)
		s.parts = append(s.parts, parts...)
		puts[i] = table.PutEncoded(
			table.Item{
				Key: stored.CauseKey(c.Program.ID, e.Cause), Index: StatementKey(s.item.Key.PK, e), Doc: doc,
			},
		)
	}
	s.acc.Head, s.acc.Ran = s.head, s.ran
	s.item.Doc = stored.PackedAccount(stored.StoredAccount(*s.acc))
	s.item.Index = DueKey(c.Program.ID, s.acc.Member, engine.NextRun(c.Program, *s.acc))
	return puts
}

// behind returns the number of entries that precede the command's main entry in the account: entries for changes over
// time, and other entries of the command. The transaction lists them after the main entry.
func (s *side) behind(main loyalty.Cause) int {
	if at := slices.IndexFunc(s.entries, func(e loyalty.Entry) bool { return e.Cause == main }); at >= 0 {
		return at
	}
	return s.passed
}

// decided makes the command's decision. It loads inputs until none is missing.
func (c Command) decided(ctx context.Context, x Inputs) ([]posting.Outcome, error) {
	for range Attempts {
		outs, err := c.Decide(x)
		if c.Load == nil {
			return outs, err
		}
		again, failed := c.Load.Load(ctx, x, outs, err)
		switch {
		case failed != nil:
			return nil, failed
		case !again:
			return outs, err
		}
	}
	return nil, ErrTryAgain
}

// listed corrects the due queue, the index that lists accounts by the instant at which they are due. If an account is
// listed as due but is not, because another version of the program has postponed its due instant, listed returns the
// operation that moves the account to its correct position. Without it, every run would process the account again.
func listed(it table.Item, p *loyalty.Program, acc loyalty.Account, now time.Time) []table.Op {
	place := DueKey(p.ID, acc.Member, engine.NextRun(p, acc))
	if it.Index.IsZero() || it.Index.SK > DueBound(now) || it.Index == place {
		return nil
	}
	it.Index = place
	return []table.Op{table.Put(it)}
}
