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

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// attempts bounds how often one command is decided anew. Each time somebody else has written, so the account
// as a whole moves on; a command that loses so often in a row answers ErrTryAgain.
const attempts = 64

// mostOps is how many operations a table takes at once.
const mostOps = 100

// A taken error says that the revision which a command was about to write is there already.
type taken struct{ item table.Item }

func (taken) Error() string { return "ledger: the cause has this revision already" }

// errBehind says that an account was read before the revision that the command starts from was written.
var errBehind = errors.New("ledger: the account was read too early")

// outrun reports whether somebody else wrote first, so that it is to be decided anew.
func outrun(err error) bool {
	return errors.As(err, new(taken)) || errors.As(err, new(*table.ConflictError))
}

// command is one change of one account, or of several at once.
type command struct {
	p        *loyalty.Program
	rules    *loyalty.Program // that say what the reward is whose reservation it commits; nil: it commits none
	member   loyalty.MemberID
	others   []loyalty.MemberID // whose accounts it may change besides
	by       By
	main     loyalty.Cause                                                            // whose entry is the command's own; zero: that of the first that is decided
	decide   func(acc loyalty.Account, left loyalty.Budgets) (loyalty.Outcome, error) // acc is advanced to now; nil: advance only
	together together                                                                 // instead of decide, where there are others
	with     []table.Op                                                               // what else is to be written in the same instant
	alone    bool                                                                     // and also where there is no entry to write
	read     *table.Item                                                              // the account, if it was read already
	budgets  *budgets                                                                 // counters that were read already; nil: none
	reached  int64                                                                    // the sequence that the account has reached; a smaller one was read too early
}

// together decides about several accounts, each advanced to now: that of the command's member and those of the others, in
// their order. It gives as many outcomes in the same order. One without entries leaves its account as it was, and what
// time did to it unwritten.
type together func(accs []loyalty.Account, left loyalty.Budgets) ([]loyalty.Outcome, error)

// decision is how the command decides, over however many accounts; nil: it does not.
func (c command) decision() together {
	if c.decide == nil {
		return c.together
	}
	return func(accs []loyalty.Account, left loyalty.Budgets) ([]loyalty.Outcome, error) {
		out, err := c.decide(accs[0], left)
		return []loyalty.Outcome{out}, err
	}
}

// do reads the accounts, brings them to the present, decides, and commits accounts and entries at once. On a
// conflict over an account it starts again from the account as it is now. It returns taken if the first entry
// of the decision exists already and is not its own, and the command's entries otherwise: those of the decision, those
// of the command's member first, or the first of them alone where the answer was lost; those of time if nothing is to be
// decided.
func (l *Ledger) do(ctx context.Context, c command) ([]loyalty.Entry, error) {
	read, err := l.read(ctx, c)
	if err != nil {
		return nil, err
	}
	c.read = nil               // it was so once; from here on accounts are as they are
	var lost []loyalty.Entry   // the command's own entries of attempts that may have been written
	var passed []loyalty.Entry // what time did in transactions of its own
	if c.budgets == nil {
		c.budgets = &budgets{ledger: l, program: c.p.ID}
	}
	for range attempts {
		w, err := l.plan(ctx, read, c, c.budgets)
		if errors.Is(err, errBehind) || len(c.others) > 0 && l.premature(ctx, c, read, w, err) {
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
			if c.decision() == nil {
				passed = append(passed, w.entries...)
			}
			if read, err = l.read(ctx, c); err != nil {
				return nil, err
			}
		case err == nil:
			return append(passed, w.entries[:w.own]...), nil
		case errors.Is(err, table.ErrUnknown):
			// It may have happened: the accounts as they are now tell, and so does the cause.
			if len(w.entries) == 0 {
				return nil, ErrTryAgain
			}
			lost = append(lost, w.entries[0])
			if read, err = l.read(ctx, c); err != nil {
				return nil, err
			}
		case !errors.As(err, &conflict):
			return nil, retryable(err)
		case replaced(read, conflict):
		case conflict.Op == 0 && w.own > 0 && c.decision() != nil && w.entries[0].Cause.Kind != loyalty.CauseMember:
			was, err := readEntry(conflict.Current, w.entries[0].Cause)
			if err == nil && slices.ContainsFunc(lost, func(e loyalty.Entry) bool { return e.Hash == was.Hash }) {
				return []loyalty.Entry{was}, nil // what was written, not what would be now
			}
			return nil, taken{conflict.Current}
		case conflict.Op < len(w.entries):
			// An entry of time exists that an account does not know yet: the account was read too early.
			if read, err = l.read(ctx, c); err != nil {
				return nil, err
			}
		case w.ops[conflict.Op].Kind == table.OpAdd:
			c.budgets.forget() // others were at the same budget
		default:
			return nil, conflict
		}
	}
	return nil, ErrTryAgain
}

// rejectedAgain returns the entry of an attempt whose response was lost, if it was written: the command is then rejected
// because it has had its effect. Otherwise it returns the rejection. The callers look up the first revision of a cause
// themselves.
func (l *Ledger) rejectedAgain(ctx context.Context, c command, lost []loyalty.Entry, rejection error) ([]loyalty.Entry, error) {
	for _, e := range lost {
		if e.Cause.Revision == 1 {
			continue
		}
		for was, err := range l.revisions(ctx, c.p.ID, e.Cause.Kind, e.Cause.ID, true, 0) {
			if err != nil || was.Hash == e.Hash {
				return []loyalty.Entry{was}, retryable(err)
			}
		}
	}
	return nil, rejection
}

// read reads the accounts of a command at the same time: its member's first, then those of the others.
func (l *Ledger) read(ctx context.Context, c command) ([]table.Item, error) {
	if c.read != nil && len(c.others) == 0 {
		return []table.Item{*c.read}, nil
	}
	var keys []table.Key
	for _, m := range c.members() {
		keys = append(keys, accountKey(c.p.ID, m))
	}
	read, err := l.getAll(ctx, keys...)
	if err != nil {
		return nil, err
	}
	for _, it := range read {
		if it.Version == 0 && c.decision() == nil {
			return nil, notFound("member")
		}
	}
	return read, nil
}

func (c command) members() []loyalty.MemberID {
	return append([]loyalty.MemberID{c.member}, c.others...)
}

// replaced puts the account that a conflict is over, as it is now, in the place of what was read; false if it is over
// something else.
func replaced(read []table.Item, conflict *table.ConflictError) bool {
	at := slices.IndexFunc(read, func(it table.Item) bool { return it.Key == conflict.Key })
	if at >= 0 {
		read[at] = conflict.Current
	}
	return at >= 0
}

// premature reports whether a plan over several accounts, or its refusal, is to be made anew.
func (l *Ledger) premature(ctx context.Context, c command, read []table.Item, w planned, err error) bool {
	if errors.Is(err, loyalty.InsufficientPoints) {
		// Each account was read by itself: points may have gone from one to the other in between, and been in neither.
		checks := make([]table.Op, len(read))
		for i, it := range read {
			checks[i] = table.Check(it)
		}
		return l.Table.Transact(ctx, checks...) != nil
	}
	if len(w.ops) <= mostOps && !w.more {
		return false
	}
	for _, m := range c.members() { // long unseen ones: time first, each alone. What goes wrong, the next attempt finds
		_, _ = l.do(ctx, command{p: c.p, member: m})
	}
	return true
}

// A planned write is what one attempt writes: the command's own entries first, so that a conflict over its cause is
// the one reported, then those of time, then the accounts, then what the command brings along, then what it takes of
// budgets. No operations: there is nothing to do.
type planned struct {
	ops     []table.Op
	entries []loyalty.Entry
	own     int  // how many of the entries are the command's; all, where it is that time passes
	more    bool // it is only the first part of what time did, and nothing of the command
	again   bool // other orders were decided again
}

// behind is how many entries of time one transaction holds. With the codes and pieces that they give back, and with all
// that a command writes, it stays below the hundred operations that a transaction can have.
const behind = 20

// plan decides again as many orders of other causes as fit into the transaction. The due queue decides the others.
func (l *Ledger) plan(ctx context.Context, read []table.Item, c command, b *budgets) (planned, error) {
	for most := loyalty.MaxOrderNumber; ; most /= 2 {
		w, err := l.planAtMost(ctx, read, c, b, most)
		if err != nil || len(w.ops) <= mostOps || !w.again || most == 1 {
			return w, err
		}
	}
}

// planAtMost is plan with at most so many orders that are decided again.
func (l *Ledger) planAtMost(ctx context.Context, read []table.Item, c command, b *budgets, most int) (planned, error) {
	sides, more, err := c.decided(ctx, read, b, most, l.now())
	if err != nil {
		return planned{}, err
	}
	w := planned{more: more, again: slices.ContainsFunc(sides, func(s side) bool { return s.again })}
	switch {
	case more && len(c.others) > 0:
		return w, nil // each of them alone, before they meet
	case more:
		c.with = nil
	}
	var accounts, ofTime, parts []table.Op
	var passed []loyalty.Entry
	var spends []loyalty.Spend
	for i, s := range sides {
		if len(s.entries) == 0 || i > 0 && len(s.entries) == s.passed {
			continue
		}
		if err := s.check(); err != nil {
			return planned{}, fmt.Errorf("ledger: %w", err)
		}
		puts := s.seal(l, c)
		n := s.behind(c.main)
		w.ops, w.entries = append(w.ops, puts[n:]...), append(w.entries, s.entries[n:]...)
		ofTime, passed = append(ofTime, puts[:n]...), append(passed, s.entries[:n]...)
		accounts, spends = append(accounts, table.Put(s.item)), append(spends, s.spends...)
		parts = append(parts, s.parts...)
	}
	switch {
	case len(accounts) == 0 && c.alone:
		return planned{ops: c.with}, nil
	case len(accounts) == 0 && c.decision() == nil:
		return planned{ops: l.listed(sides[0].item, c.p, sides[0].acc)}, nil
	case len(accounts) == 0:
		return planned{}, nil
	}
	if w.own = len(w.entries); c.decision() == nil {
		w.own = len(passed)
	}
	w.entries = append(w.entries, passed...)
	w.ops = slices.Concat(w.ops, ofTime, accounts, c.with, parts, codeOps(c, w.entries), listOps(c.p.ID, w.entries),
		voucherOps(c.p.ID, w.entries), b.ops(spends, w.entries[0].Cause.ID))
	return w, nil
}

// A side is one account in an attempt: how it was read, and what becomes of it.
type side struct {
	item    table.Item
	before  loyalty.Account // as it was read
	acc     loyalty.Account
	head    string // the hash of the last entry that is written
	written int64  // how many entries are
	entries []loyalty.Entry
	passed  int // how many of the entries are those of time
	spends  []loyalty.Spend
	parts   []table.Op // writes what large orders store apart
	ran     time.Time  // until when time has passed for it
	again   bool       // other orders were decided again
}

// decided brings the accounts to the present, and decides; not, if that alone takes more than one transaction. most is
// how many orders of other causes are decided again.
func (c command) decided(
	ctx context.Context, read []table.Item, b *budgets, most int, now time.Time,
) (sides []side, more bool, err error) {
	sides, accs := make([]side, len(read)), make([]loyalty.Account, len(read))
	for i, m := range c.members() {
		acc, err := readAccount(read[i], m)
		if err == nil && i == 0 && acc.Sequence < c.reached {
			err = errBehind
		}
		if err != nil {
			return nil, false, err
		}
		out, part, err := b.ledger.pass(ctx, c.p, acc, now)
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
	if more || c.decision() == nil && !accs[0].HasUndecided() {
		return sides, more, nil
	}
	b.back = sides[0].spends // what time gives back in another's account counts only once that is written
	outs, err := b.decide(ctx, func(left loyalty.Budgets) ([]loyalty.Outcome, error) {
		return c.complete(ctx, b.ledger, sides, accs, left, most, now)
	})
	if err != nil {
		return nil, false, err
	}
	for i, out := range outs {
		s := &sides[i]
		s.acc, s.entries, s.spends = out.Account, append(s.entries, out.Entries...), append(s.spends, out.Spends...)
		s.again = slices.ContainsFunc(out.Entries, func(e loyalty.Entry) bool { return e.Follows() })
		if c.decision() == nil {
			s.passed = len(s.entries)
		}
	}
	return sides, false, nil
}

// complete decides, with all that the decisions need of the members' entries. A command that only brings an account to
// the present decides the orders again that wait for it.
func (c command) complete(
	ctx context.Context, l *Ledger, sides []side, accs []loyalty.Account, left loyalty.Budgets, most int, now time.Time,
) ([]loyalty.Outcome, error) {
	decide := c.decision()
	if decide == nil {
		decide = func(accs []loyalty.Account, _ loyalty.Budgets) ([]loyalty.Outcome, error) {
			out, err := l.resumed(ctx, c.p, accs[0], sides[0].written)
			return []loyalty.Outcome{out}, err
		}
	}
	accs = slices.Clone(accs)
	outs, err := decide(accs, left)
	for n := 0; err == nil && slices.ContainsFunc(outs, isUndecided); n++ {
		if n == attempts {
			return nil, ErrTryAgain
		}
		for i, out := range outs {
			if accs[i], err = l.withOrders(ctx, c.p, accs[i], sides[i].written, out.Needs); err != nil {
				return nil, err
			}
		}
		outs, err = decide(accs, left)
	}
	if err != nil {
		return nil, err
	}
	for i := range outs {
		n := needed{p: c.p, written: sides[i].written, passed: sides[i].entries, left: left, now: now}
		if outs[i], err = l.redecided(ctx, n, outs[i].Postpone(most)); err != nil {
			return nil, err
		}
	}
	return outs, nil
}

func isUndecided(out loyalty.Outcome) bool { return out.Needs.Undecided() }

// check refuses to write what breaks an invariant. A member who joins again is decided about from the beginning, without
// the account that exists: that the first joining exists is found when it is written.
func (s *side) check() error {
	before, entries := s.before, s.entries
	if own := s.entries[s.passed:]; len(own) > 0 && own[0].Kind == loyalty.KindEnroll {
		before, entries = loyalty.Account{}, own
	}
	return loyalty.CheckWrite(before, s.acc, entries)
}

// seal gives the entries of a side their actor and their place in the chain, and the account its next form. It returns
// what writes the entries.
func (s *side) seal(l *Ledger, c command) []table.Op {
	puts := make([]table.Op, len(s.entries))
	for i, e := range s.entries {
		e.Actor = timeActor
		if i >= s.passed {
			e.Actor, e.Input = c.by.Actor, cmp.Or(e.Input, c.by.Input)
		}
		l.giveCode(c.p, e)
		e, doc := sealed(e, s.head)
		s.entries[i], s.head = e, e.Hash
		doc, parts := apart(c.p.ID, e, doc)
		s.parts = append(s.parts, parts...)
		puts[i] = table.Put(table.Item{Key: causeKey(c.p.ID, e.Cause), Index: statementKey(c.p.ID, e), Doc: doc})
	}
	s.acc.Head, s.acc.Ran = s.head, s.ran
	s.item.Doc, s.item.Index = packedAccount(storedAccount(s.acc)), dueKey(c.p.ID, s.acc.Member, c.p.NextRun(s.acc))
	return puts
}

// behind is how many entries are written behind the command's own: those of time, and what the command did on its way
// to the main one.
func (s *side) behind(main loyalty.Cause) int {
	if at := slices.IndexFunc(s.entries, func(e loyalty.Entry) bool { return e.Cause == main }); at >= 0 {
		return at
	}
	return s.passed
}

// record writes down what moves nothing, under its cause: a refusal, so that repeating the command gives the same
// answer also when the account could pay by then, or the order of a guest. It is no part of an account's
// sequence and costs no write of one.
func (l *Ledger) record(ctx context.Context, p *loyalty.Program, e loyalty.Entry, by By, with ...table.Op) (loyalty.Entry, error) {
	e.Program, e.Recorded, e.Actor, e.Input = cmp.Or(e.Program, p.Version), l.now(), by.Actor, by.Input
	doc, parts := apart(p.ID, e, encode(storedEntry(e)))
	it := table.Item{Key: causeKey(p.ID, e.Cause), Doc: doc}
	err := l.Table.Transact(ctx, slices.Concat([]table.Op{table.Put(it)}, with, parts)...)
	var conflict *table.ConflictError
	if errors.As(err, &conflict) && conflict.Op == 0 {
		return e, taken{conflict.Current}
	}
	return e, retryable(err)
}

// latest reads the last revision of a cause; Cause.Revision is zero if there is none.
func (l *Ledger) latest(ctx context.Context, program, kind, id string) (loyalty.Entry, error) {
	for e, err := range l.revisions(ctx, program, kind, id, true, 1) {
		if err != nil {
			return e, err
		}
		return l.whole(ctx, program, e)
	}
	return loyalty.Entry{}, nil
}

func (l *Ledger) revisions(ctx context.Context, program, kind, id string, newestFirst bool, limit int) iter.Seq2[loyalty.Entry, error] {
	q := table.Query{PK: causePartition(program, kind, id), To: lastRevision, Reverse: newestFirst, Limit: limit}
	return list(ctx, l.Table, q, func(it table.Item) (loyalty.Entry, error) { return entryOf(it, kind, id) })
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
