package api

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/service"
)

func createEvent(ctx context.Context, c *request.Call) (request.Answer, error) {
	var b request.EventBody
	var ev loyalty.Event
	if err := c.Take(&b, func(faults *request.Check) { ev = b.Event(faults) }); err != nil {
		return request.Answer{}, err
	}
	p, m, err := c.ProgramAndMember(ctx, b.Member)
	if err != nil {
		return request.Answer{}, err
	}
	ev.Member = m
	var r service.EventResult
	err = c.LimitEvent(m, func() (err error) {
		r, err = c.App.Events.Put(ctx, p, ev, ledger.By{Actor: c.Who.Actor()})
		return err
	})
	if err != nil {
		return request.Answer{}, err
	}
	return request.Answer{
		Status: request.CreatedIf(r.State.Revision == 1 && !r.Replayed),
		Body:   request.WireEvent(p, r, c.App.Now()), Replayed: r.Replayed,
	}, nil
}

// activateEvent activates the pending points of an event manually.
func activateEvent(ctx context.Context, c *request.Call) (request.Answer, error) {
	p, err := c.ProgramWithoutBody(ctx)
	if err != nil {
		return request.Answer{}, err
	}
	r, err := c.App.Events.ActivateEvent(ctx, p, c.Path("event"), ledger.By{Actor: c.Who.Actor()})
	if err != nil {
		return request.Answer{}, err
	}
	return request.Answer{Body: request.WireEvent(p, r, c.App.Now())}, nil
}
