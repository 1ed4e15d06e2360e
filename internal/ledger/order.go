package ledger

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// PutOrder brings the points of an order up to what it is now. The order's id is the identity: the same
// content again is a replay of the latest revision, other content is the next one, under the rules of the
// first. An order without a member is kept, worth nothing, until a later revision names the member. not_found if
// that member does not exist.
func (l *Ledger) PutOrder(ctx context.Context, p *loyalty.Program, o loyalty.Order, by By) (OrderResult, error) {
	o.PlacedAt = o.PlacedAt.UTC().Truncate(time.Millisecond)
	o.Refunds = slices.SortedFunc(slices.Values(o.Refunds), func(x, y loyalty.Refund) int { return cmp.Compare(x.ID, y.ID) })
	by.Input = orderFingerprint(o)
	var prior *loyalty.OrderState
	rules := p
	for range attempts {
		e, err := l.writeOrder(ctx, p, prior, rules, o, by)
		if err == nil {
			return orderResult(e, false), nil
		}
		// What is refused as new may be known already, and then other rules hold.
		refused := prior == nil && errors.As(err, new(*loyalty.Error))
		if !refused && !errors.As(err, new(taken)) {
			return OrderResult{}, err
		}
		was, readErr := l.latest(ctx, p.ID, loyalty.CauseOrder, o.ID)
		switch {
		case readErr != nil:
			return OrderResult{}, readErr
		case was.Cause.Revision == 0:
			return OrderResult{}, err
		case was.Input == by.Input:
			return orderResult(was, true), nil
		}
		prior = was.Order
		if rules, err = l.rules(ctx, p, prior.Program); err != nil {
			return OrderResult{}, err
		}
	}
	return OrderResult{}, ErrTryAgain
}

// writeOrder writes the revision of an order that comes behind prior: on its member's account, or on none while
// nobody is known for it.
func (l *Ledger) writeOrder(ctx context.Context, p *loyalty.Program, prior *loyalty.OrderState, rules *loyalty.Program, o loyalty.Order, by By) (loyalty.Entry, error) {
	if o.Member == "" {
		s, err := p.GuestOrder(prior, o, l.now())
		if err != nil {
			return loyalty.Entry{}, err
		}
		return l.record(ctx, p, loyalty.Entry{
			Kind: loyalty.KindNote, Cause: loyalty.Cause{Kind: loyalty.CauseOrder, ID: o.ID, Revision: s.Revision},
			Effective: o.PlacedAt, Order: &s,
		}, by)
	}
	entries, err := l.do(ctx, command{p: p, member: o.Member, by: by, decide: func(acc loyalty.Account) (loyalty.Outcome, error) {
		if acc.Sequence == 0 {
			return loyalty.Outcome{}, notFound("member")
		}
		return p.PlaceOrder(acc, prior, rules, o, l.now())
	}})
	if err != nil {
		return loyalty.Entry{}, err
	}
	return entries[0], nil
}

// rules is the program in the version that an order keeps.
func (l *Ledger) rules(ctx context.Context, p *loyalty.Program, version int) (*loyalty.Program, error) {
	if p.Version == version {
		return p, nil
	}
	return l.Program(ctx, p.ID, version)
}

// orderFingerprint tells whether an order says the same as before.
func orderFingerprint(o loyalty.Order) string {
	return fingerprint(append(encode(storedOrder(loyalty.OrderState{Order: o})), o.Member...))
}

func orderResult(e loyalty.Entry, replayed bool) OrderResult {
	r := OrderResult{State: *e.Order, Revision: e.Cause.Revision, Balance: e.Balance, Replayed: replayed}
	if e.Kind != loyalty.KindNote {
		r.Entries = []loyalty.Entry{e}
	}
	return r
}

// Order reads the latest revision of an order, with the entries of all its revisions, oldest first. not_found
// if there is none.
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
	return r, nil
}

// Quote says what an order would earn and which rewards could be had now; it writes nothing. An order without
// a member is a guest's.
func (l *Ledger) Quote(ctx context.Context, p *loyalty.Program, o loyalty.Order) (loyalty.Quote, error) {
	var acc loyalty.Account
	if o.Member != "" {
		var err error
		if acc, err = l.account(ctx, p, o.Member); err != nil {
			return loyalty.Quote{}, err
		}
	}
	return p.Quote(acc, o, l.now())
}
