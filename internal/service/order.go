package service

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Orders stores orders and the points that they earn.
type Orders struct{ *ledger.Ledger }

// An OrderResult is an order and the points that it currently earns, as of one revision.
type OrderResult struct {
	State    loyalty.OrderState
	Revision int
	Entries  []loyalty.Entry // the entries of this revision
	Balance  loyalty.Balance // the balance after the entries
	Replayed bool

	Superseded bool // the request was older than this state and changed nothing
}

// Put updates the points of an order to match its new state. Orders are identified by their ID. The same content again
// is a replay of the latest revision, and different content becomes the next revision. Revisions follow the rules of
// the first one, which are those of the version that was live when the order was placed. If UpdatedAt is older than
// that of the stored state, Put changes nothing and returns the stored state. An order without a member is stored and
// earns nothing until a later revision names the member. Put returns not_found if that member does not exist.
func (os Orders) Put(ctx context.Context, p *loyalty.Program, o loyalty.Order, by ledger.By) (OrderResult, error) {
	o.PlacedAt = o.PlacedAt.UTC().Truncate(time.Millisecond)
	o.UpdatedAt = o.UpdatedAt.UTC().Truncate(time.Millisecond)
	o.Shipped, o.Delivered = o.Shipped.UTC().Truncate(time.Millisecond), o.Delivered.UTC().Truncate(time.Millisecond)
	o.Disputes = sorted(o.Disputes, func(x, y loyalty.Dispute) int { return cmp.Compare(x.ID, y.ID) })
	o.Refunds = sorted(o.Refunds, func(x, y loyalty.Refund) int { return cmp.Compare(x.ID, y.ID) })
	var buffer [1200]byte // on the stack; the content of a larger order does not fit
	by.Input = os.Keyring.EndFingerprint(stored.AppendOrder(os.Keyring.BeginFingerprint(buffer[:0], p.ID), o))
	superseded := false
	r, err := os.ExecutePrepared(ctx, os.Revise(
		p, loyalty.Cause{Kind: loyalty.CauseOrder, ID: o.ID}, o.Member, by,
		func(ctx context.Context, from ledger.Prior) (ledger.Command, *ledger.Result, error) {
			if from.Was != nil && !receipt.Supersedes(o, from.Was.Order.Order) {
				superseded = true
				return ledger.Command{}, &ledger.Result{Entries: []loyalty.Entry{*from.Was}}, nil
			}
			c, err := os.nextOrder(ctx, p, from, o, by)
			return c, nil, err
		},
	))
	if err != nil {
		return OrderResult{}, err
	}
	if superseded {
		out := orderResult(r.Entries[:1], false)
		out.Entries, out.Superseded = nil, true
		return out, nil
	}
	e, err := os.orderEntry(ctx, p.ID, o, r)
	if err != nil {
		return OrderResult{}, err
	}
	return orderResult(e, r.Replayed), nil
}

// sorted returns the elements of a list in order, or nil if it is empty. It does not change the list.
func sorted[T any](list []T, compare func(x, y T) int) []T {
	switch {
	case len(list) == 0:
		return nil
	case slices.IsSortedFunc(list, compare):
		return list
	}
	list = slices.Clone(list)
	slices.SortFunc(list, compare)
	return list
}

// nextOrder returns the command that writes the next revision of an order.
func (os Orders) nextOrder(
	ctx context.Context, p *loyalty.Program, from ledger.Prior, o loyalty.Order, by ledger.By,
) (ledger.Command, error) {
	if from.Was == nil {
		return os.writeOrder(ctx, p, from, o, by)
	}
	was := from.Was.Order.Order
	if o.UpdatedAt.IsZero() {
		o.UpdatedAt = was.UpdatedAt // later reports of older states are still recognized as older
	}
	o, err := Payments(os).carried(ctx, p, was, o)
	if err != nil {
		return ledger.Command{}, err
	}
	if was.ReportedStatus == loyalty.Unreported && was.Member != "" && was.Member != o.Member {
		return os.moveOrder(ctx, p, from, o, by)
	}
	return os.writeOrder(ctx, p, from, o, by)
}

// orderEntry returns the entry of an order among the entries of a command, in a slice of length 1. If the command moved
// the order, this is the entry of the new member.
func (os Orders) orderEntry(
	ctx context.Context, program string, o loyalty.Order, r ledger.Result,
) ([]loyalty.Entry, error) {
	for i := range r.Entries {
		if is := r.Entries[i].Order; is != nil && is.Order.ID == o.ID && is.Order.Member == o.Member {
			return r.Entries[i : i+1 : i+1], nil
		}
	}
	// The response of the transaction was lost, so read the entry.
	e, err := os.Latest(ctx, program, loyalty.CauseOrder, o.ID)
	return []loyalty.Entry{e}, err
}

// writeOrder returns the command that writes the next revision of an order to its member's account, or to no account
// while the member is unknown. In the same transaction, the command writes the operations in the parameter with.
func (os Orders) writeOrder(
	ctx context.Context, p *loyalty.Program, from ledger.Prior, o loyalty.Order, by ledger.By, with ...table.Op,
) (ledger.Command, error) {
	prior, rules := from.Order(), from.Rules
	if prior == nil || award.IsBlank(prior, o) {
		var err error
		if rules, err = os.RulesAt(ctx, p, o.PlacedAt); err != nil {
			return ledger.Command{}, err
		}
	}
	if o.Member == "" {
		s, err := award.GuestOrder(engine.Begin(p, loyalty.Account{}, os.Time()), prior, engine.EarnRules(rules), o)
		return ledger.Command{Program: p, By: by, With: with, Note: &loyalty.Entry{
			Kind: loyalty.KindNote, Cause: loyalty.Cause{Kind: loyalty.CauseOrder, ID: o.ID, Revision: s.Revision},
			Program: s.Program, Effective: o.PlacedAt, Detail: loyalty.Detail{Subject: loyalty.Subject{Order: &s}},
		}}, err
	}
	c := from.Command(p, o.Member, by)
	c.With, c.Decide = with, ledger.Single(func(acc loyalty.Account, x ledger.Inputs) (posting.Outcome, error) {
		return award.PlaceOrder(engine.Begin(p, acc, x.Now), prior, engine.EarnRules(rules), o, x.Left)
	}).Enrolled()
	return os.referring(c, rules), nil
}

// moveOrder returns the command that moves an order from the member that its payments identified to the member that the
// merchant names. One transaction cancels the order in the first account and places it in the second. The merchant may
// name the member before or after the payment is reported: the order always belongs to the named member. The command
// rejects the order if a referral depends on it, because four accounts would have to change in one transaction.
func (os Orders) moveOrder(
	ctx context.Context, p *loyalty.Program, from ledger.Prior, o loyalty.Order, by ledger.By,
) (ledger.Command, error) {
	found, rules := from.Was.Order, from.Rules
	newRules, err := os.RulesAt(ctx, p, o.PlacedAt)
	if err != nil {
		return ledger.Command{}, err
	}
	canceled := found.Order
	canceled.Status, canceled.ReportedStatus = loyalty.OrderCanceled, ""
	placed := &loyalty.OrderState{
		Order: loyalty.Order{ID: o.ID, ReportedStatus: loyalty.Unreported}, Revision: found.Revision + 1,
	}
	return ledger.Command{
		Program: p, Member: found.Order.Member, Others: []loyalty.MemberID{o.Member}, By: by,
		Decide: ledger.Decision(func(x ledger.Inputs) ([]posting.Outcome, error) {
			accs := x.Accounts
			loses, err := award.PlaceOrder(
				engine.Begin(p, accs[0], x.Now), found, engine.EarnRules(rules), canceled, x.Left,
			)
			if err != nil {
				return nil, err
			}
			gets, err := award.PlaceOrder(
				engine.Begin(p, accs[1], x.Now), placed, engine.EarnRules(newRules), o, x.Left,
			)
			if err == nil && (movesReferral(accs[0], loses) || movesReferral(accs[1], gets)) {
				err = &loyalty.Error{
					Code:    loyalty.ValidationFailed,
					Detail:  "The order belongs to another member and is part of a referral. It cannot be reassigned.",
					Pointer: "/member",
				}
			}
			return []posting.Outcome{loses, gets}, err
		}).Enrolled(),
	}, nil
}

// movesReferral reports whether, because of an outcome, a different order converts the member's referral.
func movesReferral(was loyalty.Account, out posting.Outcome) bool {
	before, changed := award.ReferralChangeOf(was, "")
	after, changes := award.ReferralChangeOf(out.Account, "")
	return changed != changes || before != after
}

// orderResult returns the result for the entry of an order's revision, in a slice of length 1.
func orderResult(entry []loyalty.Entry, replayed bool) OrderResult {
	e := &entry[0]
	r := OrderResult{State: *e.Order, Revision: e.Cause.Revision, Balance: e.Balance, Replayed: replayed}
	if e.Kind != loyalty.KindNote {
		r.Entries = entry
	}
	return r
}

// Get returns the latest revision of an order, with the entries of all its revisions, oldest first. It returns
// not_found if the order does not exist.
func (os Orders) Get(ctx context.Context, program, id string) (OrderResult, error) {
	var r OrderResult
	for e, err := range os.Revisions(ctx, program, loyalty.CauseOrder, id, false, 0) {
		if err != nil {
			return OrderResult{}, err
		}
		one := orderResult([]loyalty.Entry{e}, false)
		one.Entries = append(r.Entries, one.Entries...)
		r = one
	}
	if r.Revision == 0 {
		return r, ledger.NotFound("order")
	}
	return r, ledger.WholeOrder(ctx, os.Table, program, &r.State)
}
