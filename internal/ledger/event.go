package ledger

import (
	"context"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
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
	by.Input = stored.Fingerprint(
		append(stored.Encode(stored.StoredEvent(&loyalty.EventState{Event: ev})), ev.Member...),
	)
	r, err := l.executePrepared(ctx, l.revise(
		p, loyalty.Cause{Kind: loyalty.CauseEvent, ID: award.EventCause(ev)}, ev.Member, by,
		func(ctx context.Context, from prior) (Command, *Result, error) {
			var prior *loyalty.EventState
			if from.was != nil {
				prior = from.was.Event
			}
			rules := from.rules
			if prior == nil {
				var err error
				if rules, err = l.rulesAt(ctx, p, ev.At); err != nil {
					return Command{}, nil, err
				}
			}
			c := from.command(p, ev.Member, by)
			c.decide = single(func(acc loyalty.Account, x inputs) (posting.Outcome, error) {
				return award.PlaceEvent(p, acc, prior, rules, ev, x.now)
			}).enrolled()
			return c, nil, nil
		},
	))
	if err != nil {
		return EventResult{}, err
	}
	return eventResult(r.entry(), r.Replayed), nil
}

// ActivateOrder activates the pending points of an order manually. Repeated, it returns the first result. It returns
// not_found if no member has such an order.
func (l *Ledger) ActivateOrder(ctx context.Context, p *loyalty.Program, id string, by By) (OrderResult, error) {
	r, err := l.activate(
		ctx, p, loyalty.CauseOrder, id, by,
		func(x inputs, was loyalty.Entry, rules *loyalty.Program) (posting.Outcome, error) {
			return engine.ActivateOrder(p, x.accs[0], *was.Order, rules, x.now)
		},
	)
	if err != nil {
		return OrderResult{}, err
	}
	return orderResult(r.entry(), r.Replayed), nil
}

// ActivateEvent is ActivateOrder for an event, identified by its family and ID: "review:778".
func (l *Ledger) ActivateEvent(ctx context.Context, p *loyalty.Program, id string, by By) (EventResult, error) {
	r, err := l.activate(
		ctx, p, loyalty.CauseEvent, id, by,
		func(x inputs, was loyalty.Entry, rules *loyalty.Program) (posting.Outcome, error) {
			return engine.ActivateEvent(p, x.accs[0], *was.Event, rules, x.now)
		},
	)
	if err != nil {
		return EventResult{}, err
	}
	return eventResult(r.entry(), r.Replayed), nil
}

func (l *Ledger) activate(ctx context.Context, p *loyalty.Program, kind, id string, by By,
	decide func(x inputs, was loyalty.Entry, rules *loyalty.Program) (posting.Outcome, error),
) (Result, error) {
	build := func(_ context.Context, from prior) (Command, *Result, error) {
		was := from.was
		switch {
		case was == nil:
			return Command{}, nil, notFound(kind)
		case was.Kind == loyalty.KindActivate:
			return Command{}, &Result{Entries: []loyalty.Entry{*was}}, nil
		case was.Kind == loyalty.KindNote:
			return Command{}, nil, &loyalty.Error{
				Code: loyalty.ValidationFailed, Detail: "The order has no member, so it has no points.",
			}
		}
		same := By{
			Actor: by.Actor, Input: was.Input,
		} // the facts are unchanged, so the same event sent again is a replay
		c := from.command(p, was.Member, same)
		c.decide = single(func(acc loyalty.Account, x inputs) (posting.Outcome, error) {
			return decide(x, *was, from.rules)
		})
		return l.referring(c, from.rules), nil, nil
	}
	return l.executePrepared(ctx, l.revise(p, loyalty.Cause{Kind: kind, ID: id}, "", by, build))
}
