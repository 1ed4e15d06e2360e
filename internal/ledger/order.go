package ledger

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// PutOrder brings the points of an order up to what it is now. The order's id is the identity: the same
// content again is a replay of the latest revision, other content is the next one, under the rules of the
// first. An order without a member is kept, worth nothing, until a later revision names the member. not_found if
// that member does not exist.
func (l *Ledger) PutOrder(ctx context.Context, p *loyalty.Program, o loyalty.Order, by By) (OrderResult, error) {
	o.PlacedAt = o.PlacedAt.UTC().Truncate(time.Millisecond)
	o.Shipped, o.Delivered = o.Shipped.UTC().Truncate(time.Millisecond), o.Delivered.UTC().Truncate(time.Millisecond)
	o.Disputes = slices.SortedFunc(slices.Values(o.Disputes), func(x, y loyalty.Dispute) int { return cmp.Compare(x.ID, y.ID) })
	o.Refunds = slices.SortedFunc(slices.Values(o.Refunds), func(x, y loyalty.Refund) int { return cmp.Compare(x.ID, y.ID) })
	by.Input = orderFingerprint(o)
	e, replayed, err := l.upsert(ctx, p, loyalty.CauseOrder, o.ID, by, func(was *loyalty.Entry, rules *loyalty.Program) (loyalty.Entry, error) {
		if was == nil {
			return l.writeOrder(ctx, p, nil, rules, o, by)
		}
		o, err := l.carried(ctx, p, was.Order.Order, o)
		if err != nil {
			return loyalty.Entry{}, err
		}
		if found := was.Order.Order; found.Told == loyalty.Untold && found.Member != "" && found.Member != o.Member {
			return l.moveOrder(ctx, p, was.Order, rules, o, by)
		}
		return l.writeOrder(ctx, p, was.Order, rules, o, by)
	})
	if err != nil {
		return OrderResult{}, err
	}
	return orderResult(e, replayed), nil
}

// upsert writes the next revision of a cause that has an identity of its own: the same content again is a replay of
// the latest revision, other content the one behind it, by the rules of the first. write is given the latest revision,
// nil if none is known, and the program that it names.
func (l *Ledger) upsert(ctx context.Context, p *loyalty.Program, kind, id string, by By,
	write func(was *loyalty.Entry, rules *loyalty.Program) (loyalty.Entry, error),
) (e loyalty.Entry, replayed bool, err error) {
	var prior *loyalty.Entry
	rules := p
	for range attempts {
		e, err := write(prior, rules)
		if err == nil {
			return e, false, nil
		}
		// What is refused as new may be known already, and then other rules hold; and what is refused as a later
		// revision may have come behind another one meanwhile.
		refused := errors.As(err, new(*loyalty.Error))
		if !refused && !errors.As(err, new(taken)) {
			return e, false, err
		}
		was, readErr := l.latest(ctx, p.ID, kind, id)
		switch {
		case readErr != nil:
			return e, false, readErr
		case was.Cause.Revision == 0:
			return e, false, err
		case was.Input == by.Input:
			return was, true, nil
		case refused && prior != nil && was.Cause.Revision == prior.Cause.Revision:
			return e, false, err
		}
		prior = &was
		version := was.Program
		if was.Order != nil {
			version = was.Order.Program // notes of the first release name the one in force when they were written
		}
		if rules, err = l.rules(ctx, p, version); err != nil {
			return e, false, err
		}
	}
	return loyalty.Entry{}, false, ErrTryAgain
}

// writeOrder writes the revision of an order that comes behind prior: on its member's account, or on none while
// nobody is known for it. with is written in the same instant.
func (l *Ledger) writeOrder(ctx context.Context, p *loyalty.Program, prior *loyalty.OrderState, rules *loyalty.Program, o loyalty.Order, by By, with ...table.Op) (loyalty.Entry, error) {
	if prior != nil && prior.Blank(o) {
		rules = p
	}
	if o.Member == "" {
		s, err := p.GuestOrder(prior, o, l.now())
		if err != nil {
			return loyalty.Entry{}, err
		}
		return l.record(ctx, p, loyalty.Entry{
			Kind: loyalty.KindNote, Cause: loyalty.Cause{Kind: loyalty.CauseOrder, ID: o.ID, Revision: s.Revision},
			Program: s.Program, Effective: o.PlacedAt, Order: &s,
		}, by, with...)
	}
	c := command{p: p, member: o.Member, by: by, with: with, decide: func(acc loyalty.Account, left loyalty.Budgets) (loyalty.Outcome, error) {
		if acc.Sequence == 0 {
			return loyalty.Outcome{}, notFound("member")
		}
		return p.PlaceOrder(acc, prior, rules, o, left, l.now())
	}}
	entries, err := l.doReferred(ctx, c, rules)
	if err != nil {
		return loyalty.Entry{}, err
	}
	return entries[0], nil
}

// moveOrder gives an order to the member whom the merchant names, where its payments had found another: in one step that
// one loses what it gave, as if it were cancelled, and it begins anew. What the merchant says goes before what was found,
// whichever comes first. It is refused where a referral hangs on the order, for then four accounts would change at once.
func (l *Ledger) moveOrder(ctx context.Context, p *loyalty.Program, found *loyalty.OrderState, rules *loyalty.Program, o loyalty.Order, by By) (loyalty.Entry, error) {
	gone := found.Order
	gone.Status, gone.Told = loyalty.OrderCancelled, ""
	anew := &loyalty.OrderState{Order: loyalty.Order{ID: o.ID, Told: loyalty.Untold}, Revision: found.Revision + 1}
	entries, err := l.do(ctx, command{
		p: p, member: found.Order.Member, others: []loyalty.MemberID{o.Member}, by: by,
		together: func(accs []loyalty.Account, left loyalty.Budgets) ([]loyalty.Outcome, error) {
			if accs[1].Sequence == 0 {
				return nil, notFound("member")
			}
			loses, err := p.PlaceOrder(accs[0], found, rules, gone, left, l.now())
			if err != nil {
				return nil, err
			}
			gets, err := p.PlaceOrder(accs[1], anew, p, o, left, l.now())
			_, ends := p.Concerns(loses, rules)
			if _, begins := p.Concerns(gets, p); err == nil && (ends || begins) {
				err = &loyalty.Error{Code: loyalty.ValidationFailed, Detail: "The order belongs to another member, and a referral hangs on it.", Pointer: "/member"}
			}
			return []loyalty.Outcome{loses, gets}, err
		},
	})
	if err != nil {
		return loyalty.Entry{}, err
	}
	for _, e := range entries {
		if e.Order != nil && e.Order.Order.Member == o.Member {
			return e, nil
		}
	}
	return l.latest(ctx, p.ID, loyalty.CauseOrder, o.ID) // the answer was lost
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
	stock, err := l.StockFor(ctx, p, acc.Member)
	if err != nil {
		return loyalty.Quote{}, err
	}
	b := budgets{ledger: l, program: p.ID}
	var q loyalty.Quote
	_, err = b.decide(ctx, func(left loyalty.Budgets) (out []loyalty.Outcome, err error) {
		maps.Copy(left, stock)
		q, err = p.Quote(acc, o, left, l.now())
		return []loyalty.Outcome{{Spends: q.Spends}}, err
	})
	return q, err
}
