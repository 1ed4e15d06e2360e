package api

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

func putOrder(ctx context.Context, c *request.Call) (request.Answer, error) {
	var b request.OrderBody
	var o loyalty.Order
	if err := c.Take(&b, func(faults *request.Check) { o = b.Order(faults, c.App.Now()) }); err != nil {
		return request.Answer{}, err
	}
	p, err := c.Program(ctx)
	if err != nil {
		return request.Answer{}, err
	}
	o.ID = c.Path("order")
	if o.Member, err = c.Buyer(ctx, b.BasketBody); err != nil {
		return request.Answer{}, err
	}
	r, err := c.App.Orders.Put(ctx, p, o, ledger.By{Actor: c.Who.Actor(), Switch: c.Route.Switch})
	if err != nil {
		return request.Answer{}, err
	}
	body := request.WireOrder(p, r, c.App.Now())
	return request.Answer{
		Status: request.CreatedIf(r.Revision == 1 && !r.Replayed && !r.Superseded),
		Body:   &body, Replayed: r.Replayed,
	}, nil
}

// activateOrder activates the pending points of an order manually.
func activateOrder(ctx context.Context, c *request.Call) (request.Answer, error) {
	p, err := c.ProgramWithoutBody(ctx)
	if err != nil {
		return request.Answer{}, err
	}
	r, err := c.App.Events.ActivateOrder(ctx, p, c.Path("order"), ledger.By{
		Actor: c.Who.Actor(), Switch: c.Route.Switch,
	})
	if err != nil {
		return request.Answer{}, err
	}
	return request.Answer{Body: request.WireOrder(p, r, c.App.Now())}, nil
}

func retrieveOrder(ctx context.Context, c *request.Call) (request.Answer, error) {
	p, err := c.Program(ctx)
	if err != nil {
		return request.Answer{}, err
	}
	r, err := c.App.Orders.Get(ctx, p.ID, c.Path("order"))
	if err != nil {
		return request.Answer{}, err
	}
	return request.Answer{Body: request.WireOrder(p, r, c.App.Now())}, nil
}
