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
	if err := c.App.Members.SealEvent(ctx, p.ID, &ev); err != nil {
		return request.Answer{}, err
	}
	var r service.EventResult
	err = c.LimitEvent(m, func() (err error) {
		r, err = c.App.Events.Put(ctx, p, ev, ledger.By{Actor: c.Who.Actor(), Switch: c.Route.Switch})
		return err
	})
	if err != nil {
		return request.Answer{}, err
	}
	answer, err := eventAnswer(ctx, c, p, r)
	answer.Status, answer.Replayed = request.CreatedIf(r.State.Revision == 1 && !r.Replayed), r.Replayed
	return answer, err
}

// activateEvent activates the pending points of an event manually.
func activateEvent(ctx context.Context, c *request.Call) (request.Answer, error) {
	p, err := c.ProgramWithoutBody(ctx)
	if err != nil {
		return request.Answer{}, err
	}
	r, err := c.App.Events.ActivateEvent(ctx, p, c.Path("event"), ledger.By{
		Actor: c.Who.Actor(), Switch: c.Route.Switch,
	})
	if err != nil {
		return request.Answer{}, err
	}
	return eventAnswer(ctx, c, p, r)
}

// eventAnswer returns the answer for an event, with decrypted texts.
func eventAnswer(
	ctx context.Context, c *request.Call, p *loyalty.Program, r service.EventResult,
) (request.Answer, error) {
	if err := c.Texts().Event(ctx, &r.State.Event); err != nil {
		return request.Answer{}, err
	}
	return request.Answer{Body: request.WireEvent(p, r, c.App.Now())}, nil
}
