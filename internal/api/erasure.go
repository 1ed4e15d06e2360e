package api

import (
	"context"
	"net/http"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/erasure"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/members"
)

// createErasure requests the erasure of a member. It needs no Idempotency-Key, because a repeated request returns the
// pending erasure.
func createErasure(ctx context.Context, c *request.Call) (request.Answer, error) {
	if _, err := c.ProgramWithoutBody(ctx); err != nil {
		return request.Answer{}, err
	}
	p, m, err := request.NamedMember(ctx, c)
	if err != nil {
		return request.Answer{}, err
	}
	e, err := c.App.Erasures().Request(ctx, p, m.Account.Member, ledger.By{
		Actor: c.Who.Actor(), Switch: c.Route.Switch,
	})
	if err != nil {
		return request.Answer{}, err
	}
	return request.Answer{Status: http.StatusAccepted, Body: wireErasureOf(e, m)}, nil
}

func retrieveErasure(ctx context.Context, c *request.Call) (request.Answer, error) {
	p, m, err := request.NamedMember(ctx, c)
	if err != nil {
		return request.Answer{}, err
	}
	e, err := c.App.Erasures().Get(ctx, p.ID, m.Account.Member)
	if err != nil {
		return request.Answer{}, err
	}
	return request.Answer{Body: wireErasureOf(e, m)}, nil
}

func cancelErasure(ctx context.Context, c *request.Call) (request.Answer, error) {
	p, m, err := request.NamedMember(ctx, c)
	if err != nil {
		return request.Answer{}, err
	}
	e, err := c.App.Erasures().Cancel(ctx, p, m.Account.Member, ledger.By{Actor: c.Who.Actor(), Switch: c.Route.Switch})
	if err != nil {
		return request.Answer{}, err
	}
	return request.Answer{Body: wireErasureOf(e, m)}, nil
}

// listErasures lists the erasures of all members, also of members who were erased.
func listErasures(ctx context.Context, c *request.Call) (request.Answer, error) {
	size, err := c.PageSize()
	if err != nil {
		return request.Answer{}, err
	}
	cursor, err := c.Cursor("")
	if err != nil {
		return request.Answer{}, err
	}
	list := wire.ErasureList{Data: []wire.Erasure{}}
	after := loyalty.MemberID(cursor.Text())
	for e, err := range c.App.Erasures().List(ctx, c.Who.Program, after, size+1) {
		if err != nil {
			return request.Answer{}, err
		}
		list.Data = append(list.Data, wireErasure(e))
	}
	if len(list.Data) > size {
		list.Data = list.Data[:size]
		list.NextCursor = cursor.AtText(list.Data[size-1].Member)
	}
	return request.Answer{Body: list}, nil
}

// wireErasureOf returns the erasure of a member with the points that it will forfeit.
func wireErasureOf(e erasure.Erasure, m members.Member) wire.Erasure {
	out, balance := wireErasure(e), request.WireBalance(m.Account.Balance())
	out.Balance = &balance
	return out
}

func wireErasure(e erasure.Erasure) wire.Erasure {
	return wire.Erasure{
		Member: string(e.Member), Status: wire.ErasureStatus(e.Status), RequestedAt: e.Requested.UTC(),
		DueAt: e.Due.UTC(), CompletedAt: request.Instant(e.Completed),
	}
}
