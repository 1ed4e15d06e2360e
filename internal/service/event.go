package service

import (
	"context"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// Events stores events and the points that they earn.
type Events struct{ *ledger.Ledger }

// An EventResult is an event and the points that it currently earns, as of one revision.
type EventResult struct {
	State    loyalty.EventState
	Entry    loyalty.Entry
	Balance  loyalty.Balance // the balance after the entry
	Replayed bool
}

func eventResult(e loyalty.Entry, replayed bool) EventResult {
	return EventResult{State: *e.Event, Entry: e, Balance: e.Balance, Replayed: replayed}
}

// Put updates the points of an event to its current state. An event is identified by its family and ID. The same
// content again is a replay. A different state or different data is the next revision, under the rules of the first
// revision: those of the version that was live at the event's instant. Put returns not_found if the member does
// not exist.
func (e Events) Put(ctx context.Context, p *loyalty.Program, ev loyalty.Event, by ledger.By) (EventResult, error) {
	ev.At = ev.At.UTC().Truncate(time.Millisecond)
	content := loyalty.EventState{Event: ev}
	content.Event.Texts = "" // the fingerprint includes the texts in Data
	by.Input = e.Keyring.Fingerprint(p.ID, append(stored.Encode(stored.StoredEvent(&content)), ev.Member...))
	r, err := e.ExecutePrepared(ctx, e.Revise(
		p, loyalty.Cause{Kind: loyalty.CauseEvent, ID: award.EventCause(ev)}, ev.Member, by,
		func(ctx context.Context, from ledger.Prior) (ledger.Command, *ledger.Result, error) {
			var prior *loyalty.EventState
			if from.Was != nil {
				prior = from.Was.Event
			}
			rules := from.Rules
			if prior == nil {
				var err error
				if rules, err = e.RulesAt(ctx, p, ev.At); err != nil {
					return ledger.Command{}, nil, err
				}
			}
			c := from.Command(p, ev.Member, by)
			c.Decide = ledger.Single(func(acc loyalty.Account, x ledger.Inputs) (posting.Outcome, error) {
				return award.PlaceEvent(engine.Begin(p, acc, x.Now), prior, engine.EarnRules(rules), ev)
			}).Enrolled()
			return c, nil, nil
		},
	))
	if err != nil {
		return EventResult{}, err
	}
	return eventResult(r.Entry(), r.Replayed), nil
}

// ActivateOrder activates the pending points of an order manually. If the call is repeated, it returns the first
// result. It returns not_found if no member has such an order.
func (e Events) ActivateOrder(ctx context.Context, p *loyalty.Program, id string, by ledger.By) (OrderResult, error) {
	r, err := e.activate(
		ctx, p, loyalty.CauseOrder, id, by,
		func(x ledger.Inputs, was loyalty.Entry, rules *loyalty.Program) (posting.Outcome, error) {
			return engine.ActivateOrder(p, x.Accounts[0], *was.Order, rules, x.Now)
		},
	)
	if err != nil {
		return OrderResult{}, err
	}
	return orderResult(r.Entries[:1], r.Replayed), nil
}

// ActivateEvent does the same as ActivateOrder for an event, which is identified by its family and ID: "review:778".
func (e Events) ActivateEvent(ctx context.Context, p *loyalty.Program, id string, by ledger.By) (EventResult, error) {
	r, err := e.activate(
		ctx, p, loyalty.CauseEvent, id, by,
		func(x ledger.Inputs, was loyalty.Entry, rules *loyalty.Program) (posting.Outcome, error) {
			return engine.ActivateEvent(p, x.Accounts[0], *was.Event, rules, x.Now)
		},
	)
	if err != nil {
		return EventResult{}, err
	}
	return eventResult(r.Entry(), r.Replayed), nil
}

func (e Events) activate(ctx context.Context, p *loyalty.Program, kind, id string, by ledger.By,
	decide func(x ledger.Inputs, was loyalty.Entry, rules *loyalty.Program) (posting.Outcome, error),
) (ledger.Result, error) {
	build := func(_ context.Context, from ledger.Prior) (ledger.Command, *ledger.Result, error) {
		was := from.Was
		switch {
		case was == nil:
			return ledger.Command{}, nil, ledger.NotFound(kind)
		case was.Kind == loyalty.KindActivate:
			return ledger.Command{}, &ledger.Result{Entries: []loyalty.Entry{*was}}, nil
		case was.Kind == loyalty.KindNote:
			return ledger.Command{}, nil, &loyalty.Error{
				Code: loyalty.ValidationFailed, Detail: "The order has no member, so it has no points.",
			}
		}
		same := ledger.By{
			Actor: by.Actor, Input: was.Input,
		} // the facts are unchanged, so a repeated report of the event is a replay
		c := from.Command(p, was.Member, same)
		c.Decide = ledger.Single(func(acc loyalty.Account, x ledger.Inputs) (posting.Outcome, error) {
			return decide(x, *was, from.Rules)
		})
		return Orders(e).referring(c, from.Rules), nil, nil
	}
	return e.ExecutePrepared(ctx, e.Revise(p, loyalty.Cause{Kind: kind, ID: id}, "", by, build))
}
