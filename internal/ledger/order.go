package ledger

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
	"github.com/perennial-loyalty/perennial/internal/parallel"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// PutOrder updates the points of an order to match its new state. Orders are identified by their ID: the same content
// again is a replay of the latest revision; different content becomes the next revision. Revisions follow the rules of
// the first one, that is, of the version that was live when the order was placed. If UpdatedAt is older than that of
// the stored state, PutOrder changes nothing and returns the stored state. An order without a member is stored and
// earns nothing until a later revision names the member. PutOrder returns not_found if that member does not exist.
func (l *Ledger) PutOrder(ctx context.Context, p *loyalty.Program, o loyalty.Order, by By) (OrderResult, error) {
	o.PlacedAt = o.PlacedAt.UTC().Truncate(time.Millisecond)
	o.UpdatedAt = o.UpdatedAt.UTC().Truncate(time.Millisecond)
	o.Shipped, o.Delivered = o.Shipped.UTC().Truncate(time.Millisecond), o.Delivered.UTC().Truncate(time.Millisecond)
	o.Disputes = slices.SortedFunc(
		slices.Values(o.Disputes), func(x, y loyalty.Dispute) int { return cmp.Compare(x.ID, y.ID) },
	)
	o.Refunds = slices.SortedFunc(
		slices.Values(o.Refunds), func(x, y loyalty.Refund) int { return cmp.Compare(x.ID, y.ID) },
	)
	by.Input = orderFingerprint(o)
	superseded := false
	r, err := l.executePrepared(ctx, l.revise(
		p, loyalty.Cause{Kind: loyalty.CauseOrder, ID: o.ID}, o.Member, by,
		func(ctx context.Context, from prior) (Command, *Result, error) {
			if from.was != nil && !receipt.Supersedes(o, from.was.Order.Order) {
				superseded = true
				return Command{}, &Result{Entries: []loyalty.Entry{*from.was}}, nil
			}
			c, err := l.nextOrder(ctx, p, from, o, by)
			return c, nil, err
		},
	))
	if err != nil {
		return OrderResult{}, err
	}
	if superseded {
		out := orderResult(r.entry(), false)
		out.Entries, out.Superseded = nil, true
		return out, nil
	}
	e, err := l.orderEntry(ctx, p.ID, o, r)
	if err != nil {
		return OrderResult{}, err
	}
	return orderResult(e, r.Replayed), nil
}

// nextOrder returns the command that writes the next revision of an order.
func (l *Ledger) nextOrder(
	ctx context.Context, p *loyalty.Program, from prior, o loyalty.Order, by By,
) (Command, error) {
	if from.was == nil {
		return l.writeOrder(ctx, p, from, o, by)
	}
	was := from.was.Order.Order
	if o.UpdatedAt.IsZero() {
		o.UpdatedAt = was.UpdatedAt // so that older states are still recognized as older
	}
	o, err := l.carried(ctx, p, was, o)
	if err != nil {
		return Command{}, err
	}
	if was.ReportedStatus == loyalty.Unreported && was.Member != "" && was.Member != o.Member {
		return l.moveOrder(ctx, p, from, o, by)
	}
	return l.writeOrder(ctx, p, from, o, by)
}

// orderEntry returns the entry of an order among the entries of a command. If the command moved the order, this is the
// entry of the new member.
func (l *Ledger) orderEntry(ctx context.Context, program string, o loyalty.Order, r Result) (loyalty.Entry, error) {
	for _, e := range r.Entries {
		if e.Order != nil && e.Order.Order.ID == o.ID && e.Order.Order.Member == o.Member {
			return e, nil
		}
	}
	return l.latest(ctx, program, loyalty.CauseOrder, o.ID) // the response of the transaction was lost
}

// A prior is the state on which the next revision of a cause builds: the latest revision with its rules, and the
// account, which is read in the same step.
type prior struct {
	was     *loyalty.Entry   // nil if the cause is new
	rules   *loyalty.Program // the rules of the first revision
	account *table.Item      // nil if the account was not read
}

// revise prepares a command that writes the next revision of a cause that has a natural identity. The same content
// again is a replay of the latest revision and writes nothing. Different content becomes the next revision, under the
// rules of the first.
//
// It reads the latest revision and, unless m is empty, the account of m in parallel, so that a command takes two
// sequential steps. Either result may be older than the other. If the account does not include the latest revision yet,
// it is read again before the decision (Command.reached). If another revision is written meanwhile, the write fails. A
// rejection writes nothing, so executePrepared returns it only if the latest revision is still the same.
func (l *Ledger) revise(p *loyalty.Program, cause loyalty.Cause, m loyalty.MemberID, by By,
	build func(context.Context, prior) (Command, *Result, error),
) preparation {
	return func(ctx context.Context) (Command, *Result, error) {
		from, err := l.prior(ctx, p, cause, m)
		if err != nil {
			return Command{}, nil, err
		}
		if from.was != nil && from.was.Input == by.Input {
			return Command{}, &Result{[]loyalty.Entry{*from.was}, true}, nil
		}
		c, done, err := build(ctx, from)
		c.p, c.of, c.revises = p, cause, &from
		return c, done, err
	}
}

// prior reads the latest revision of a cause and, unless m is empty, the account of m in parallel. It loads the rules
// of the first revision, or returns p as the rules if there is none.
func (l *Ledger) prior(
	ctx context.Context, p *loyalty.Program, cause loyalty.Cause, m loyalty.MemberID,
) (prior, error) {
	from, err := l.latestWith(ctx, p.ID, cause, m)
	if from.rules = p; err != nil || from.was == nil {
		return from, err
	}
	version := from.was.Program
	if order := from.was.Order; order != nil {
		version = order.Program // notes written by the first release name the version that was in force at that time
	}
	from.rules, err = l.rules(ctx, p, version)
	return from, err
}

// latestWith does the same as prior, but does not load the rules.
func (l *Ledger) latestWith(
	ctx context.Context, program string, cause loyalty.Cause, m loyalty.MemberID,
) (from prior, err error) {
	var was loyalty.Entry
	latest := func() (err error) {
		was, err = l.latest(ctx, program, cause.Kind, cause.ID)
		return err
	}
	account := func() error {
		it, err := l.Table.Get(ctx, stored.AccountKey(program, m))
		from.account = &it
		return retryable(err)
	}
	if m == "" {
		err = latest()
	} else {
		err = parallel.Do(latest, account)
	}
	if was.Cause.Revision > 0 {
		from.was = &was
	}
	return from, err
}

// revision returns the number of the latest revision, or 0 if there is none.
func (from prior) revision() int {
	if from.was == nil {
		return 0
	}
	return from.was.Cause.Revision
}

// order returns the order as of the latest revision, or nil if there is none.
func (from prior) order() *loyalty.OrderState {
	if from.was == nil {
		return nil
	}
	return from.was.Order
}

// command returns a command that writes the next revision to the account of m.
func (from prior) command(p *loyalty.Program, m loyalty.MemberID, by By) Command {
	c := Command{p: p, member: m, by: by}
	if from.account != nil && from.account.Key == stored.AccountKey(p.ID, m) {
		c.read = from.account
	}
	if from.was != nil && from.was.Member == m {
		c.reached = from.was.Sequence
	}
	return c
}

// writeOrder returns the command that writes the next revision of an order to its member's account, or to no account
// while the member is unknown. The command writes the operations in with in the same transaction.
func (l *Ledger) writeOrder(
	ctx context.Context, p *loyalty.Program, from prior, o loyalty.Order, by By, with ...table.Op,
) (Command, error) {
	prior, rules := from.order(), from.rules
	if prior == nil || award.IsBlank(prior, o) {
		var err error
		if rules, err = l.rulesAt(ctx, p, o.PlacedAt); err != nil {
			return Command{}, err
		}
	}
	if o.Member == "" {
		s, err := award.GuestOrder(p, prior, rules, o, l.now())
		return Command{p: p, by: by, with: with, note: &loyalty.Entry{
			Kind: loyalty.KindNote, Cause: loyalty.Cause{Kind: loyalty.CauseOrder, ID: o.ID, Revision: s.Revision},
			Program: s.Program, Effective: o.PlacedAt, Order: &s,
		}}, err
	}
	c := from.command(p, o.Member, by)
	c.with, c.decide = with, single(func(acc loyalty.Account, x inputs) (posting.Outcome, error) {
		return award.PlaceOrder(p, acc, prior, rules, o, x.left, x.now)
	}).enrolled()
	return l.referring(c, rules), nil
}

// moveOrder returns the command that moves an order from the member that its payments identified to the member that the
// merchant names. One transaction cancels the order in the first account and places it in the second. The merchant's
// information takes precedence over a payment's, whichever arrives first. The command rejects the order if a referral
// depends on it, since four accounts would have to change at once.
func (l *Ledger) moveOrder(
	ctx context.Context, p *loyalty.Program, from prior, o loyalty.Order, by By,
) (Command, error) {
	found, rules := from.was.Order, from.rules
	newRules, err := l.rulesAt(ctx, p, o.PlacedAt)
	if err != nil {
		return Command{}, err
	}
	gone := found.Order
	gone.Status, gone.ReportedStatus = loyalty.OrderCanceled, ""
	anew := &loyalty.OrderState{
		Order: loyalty.Order{ID: o.ID, ReportedStatus: loyalty.Unreported}, Revision: found.Revision + 1,
	}
	return Command{
		p: p, member: found.Order.Member, others: []loyalty.MemberID{o.Member}, by: by,
		decide: decision(func(x inputs) ([]posting.Outcome, error) {
			accs := x.accs
			loses, err := award.PlaceOrder(p, accs[0], found, rules, gone, x.left, x.now)
			if err != nil {
				return nil, err
			}
			gets, err := award.PlaceOrder(p, accs[1], anew, newRules, o, x.left, x.now)
			if err == nil && (movesReferral(accs[0], loses) || movesReferral(accs[1], gets)) {
				err = &loyalty.Error{
					Code:    loyalty.ValidationFailed,
					Detail:  "The order belongs to another member and is part of a referral. It cannot be reassigned.",
					Pointer: "/member",
				}
			}
			return []posting.Outcome{loses, gets}, err
		}).enrolled(),
	}, nil
}

// movesReferral reports whether an outcome changes which order converts the member's referral.
func movesReferral(was loyalty.Account, out posting.Outcome) bool {
	before, changed := award.ReferralChangeOf(was, "")
	after, changes := award.ReferralChangeOf(out.Account, "")
	return changed != changes || before != after
}

// rules returns the program in the version that an order uses.
func (l *Ledger) rules(ctx context.Context, p *loyalty.Program, version int) (*loyalty.Program, error) {
	if p.Version == version {
		return p, nil
	}
	return l.Program(ctx, p.ID, version)
}

// orderFingerprint returns a fingerprint of the order's content. Two orders with the same content have the same
// fingerprint.
func orderFingerprint(o loyalty.Order) string {
	return stored.Fingerprint(append(stored.Encode(stored.StoredOrder(loyalty.OrderState{Order: o})), o.Member...))
}

func orderResult(e loyalty.Entry, replayed bool) OrderResult {
	r := OrderResult{State: *e.Order, Revision: e.Cause.Revision, Balance: e.Balance, Replayed: replayed}
	if e.Kind != loyalty.KindNote {
		r.Entries = []loyalty.Entry{e}
	}
	return r
}

// Order returns the latest revision of an order, with the entries of all its revisions, oldest first. It returns
// not_found if the order does not exist.
func (l *Ledger) Order(ctx context.Context, program, id string) (OrderResult, error) {
	var r OrderResult
	for e, err := range l.revisions(ctx, program, loyalty.CauseOrder, id, false, 0) {
		if err != nil {
			return OrderResult{}, err
		}
		one := orderResult(e, false)
		one.Entries = append(r.Entries, one.Entries...)
		r = one
	}
	if r.Revision == 0 {
		return r, notFound("order")
	}
	return r, l.wholeOrder(ctx, program, &r.State)
}
