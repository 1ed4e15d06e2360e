package ledger

import (
	"context"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// An EventResult is an event and the points that it currently earns, as of one revision.
type EventResult struct {
	State    loyalty.EventState
	Entry    loyalty.Entry
	Balance  loyalty.Balance // after the entry
	Replayed bool
}

func eventResult(e loyalty.Entry, replayed bool) EventResult {
	return EventResult{State: *e.Event, Entry: e, Balance: e.Balance, Replayed: replayed}
}

// PutEvent updates the points of an event to its current state. An event is identified by its family and ID. The same
// content again is a replay. A different state or different data is the next revision, under the rules of the first
// revision: those of the version that was live at the event's instant. PutEvent returns not_found if the member does
// not exist.
func (l *Ledger) PutEvent(ctx context.Context, p *loyalty.Program, ev loyalty.Event, by By) (EventResult, error) {
	ev.At = ev.At.UTC().Truncate(time.Millisecond)
	by.Input = fingerprint(append(encode(storedEvent(&loyalty.EventState{Event: ev})), ev.Member...))
	e, replayed, err := l.upsert(
		ctx, p, loyalty.Cause{Kind: loyalty.CauseEvent, ID: award.EventCause(ev)}, ev.Member, by,
		func(from prior) (loyalty.Entry, error) {
			var prior *loyalty.EventState
			if from.was != nil {
				prior = from.was.Event
			}
			rules := from.rules
			if prior == nil {
				var err error
				if rules, err = l.rulesAt(ctx, p, ev.At); err != nil {
					return loyalty.Entry{}, err
				}
			}
			c := from.command(p, ev.Member, by)
			c.decide = func(acc loyalty.Account, _ earn.Budgets) (posting.Outcome, error) {
				if acc.Sequence == 0 {
					return posting.Outcome{}, notFound("member")
				}
				return award.PlaceEvent(p, acc, prior, rules, ev, l.now())
			}
			entries, err := l.do(ctx, c)
			if err != nil {
				return loyalty.Entry{}, err
			}
			return entries[0], nil
		},
	)
	if err != nil {
		return EventResult{}, err
	}
	return eventResult(e, replayed), nil
}

// ActivateOrder activates the pending points of an order manually. Repeated, it returns the first result. It returns
// not_found if no member has such an order.
func (l *Ledger) ActivateOrder(ctx context.Context, p *loyalty.Program, id string, by By) (OrderResult, error) {
	e, replayed, err := l.activate(
		ctx, p, loyalty.CauseOrder, id, by,
		func(acc loyalty.Account, was loyalty.Entry, rules *loyalty.Program) (posting.Outcome, error) {
			return engine.ActivateOrder(p, acc, *was.Order, rules, l.now())
		},
	)
	if err != nil {
		return OrderResult{}, err
	}
	return orderResult(e, replayed), nil
}

// ActivateEvent is ActivateOrder for an event, identified by its family and ID: "review:778".
func (l *Ledger) ActivateEvent(ctx context.Context, p *loyalty.Program, id string, by By) (EventResult, error) {
	e, replayed, err := l.activate(
		ctx, p, loyalty.CauseEvent, id, by,
		func(acc loyalty.Account, was loyalty.Entry, rules *loyalty.Program) (posting.Outcome, error) {
			return engine.ActivateEvent(p, acc, *was.Event, rules, l.now())
		},
	)
	if err != nil {
		return EventResult{}, err
	}
	return eventResult(e, replayed), nil
}

func (l *Ledger) activate(ctx context.Context, p *loyalty.Program, kind, id string, by By,
	decide func(acc loyalty.Account, was loyalty.Entry, rules *loyalty.Program) (posting.Outcome, error),
) (e loyalty.Entry, replayed bool, err error) {
	return l.upsert(ctx, p, loyalty.Cause{Kind: kind, ID: id}, "", by, func(from prior) (loyalty.Entry, error) {
		was := from.was
		switch {
		case was == nil:
			return loyalty.Entry{}, notFound(kind)
		case was.Kind == loyalty.KindActivate:
			return *was, nil
		case was.Kind == loyalty.KindNote:
			return loyalty.Entry{}, &loyalty.Error{
				Code: loyalty.ValidationFailed, Detail: "The order has no member, so it has no points.",
			}
		}
		by.Input = was.Input // the facts are unchanged, so the same event sent again is a replay
		c := from.command(p, was.Member, by)
		c.decide = func(acc loyalty.Account, _ earn.Budgets) (posting.Outcome, error) {
			return decide(acc, *was, from.rules)
		}
		entries, err := l.doReferred(ctx, c, from.rules)
		if err != nil {
			return loyalty.Entry{}, err
		}
		return entries[0], nil
	})
}
