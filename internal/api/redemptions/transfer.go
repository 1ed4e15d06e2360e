package redemptions

import (
	"context"
	"net/http"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/limits"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/service"
)

// A TransferBody requests to transfer points to another member.
type TransferBody struct {
	To     string        `json:"to"`
	Points request.Whole `json:"points"`
	Note   *string       `json:"note"`
}

func (b TransferBody) check(c *request.Check) {
	c.RequiredID(request.At("to"), b.To)
	if c.Required(request.At("points"), b.Points.Given) {
		switch n := b.Points.N; {
		case n < 1:
			c.Fault(request.At("points"), loyalty.AmountNotPositive, "points must be above 0.")
		case n > int64(loyalty.MaxPoints):
			c.Fault(request.At("points"), loyalty.AmountOutOfRange, "points must be at most %d.", loyalty.MaxPoints)
		}
	}
	if b.Note != nil {
		c.Text(request.At("note"), *b.Note, 1, 200)
	}
}

func createTransfer(ctx context.Context, c *request.Call) (request.Answer, error) {
	var b TransferBody
	p, from, err := request.AskedMember(ctx, c, &b, func(faults *request.Check) { b.check(faults) })
	if err != nil {
		return request.Answer{}, err
	}
	to, err := c.Member(ctx, b.To)
	if err != nil {
		return request.Answer{}, err
	}
	in := service.TransferRequest{
		ID: request.DerivedID(c, "tr_", from), From: from, To: to, Points: loyalty.Points(b.Points.N),
	}
	if b.Note != nil {
		in.Note = *b.Note
	}
	by, err := request.By(c, in)
	if err != nil {
		return request.Answer{}, err
	}
	in.Limit = c.Limit(limits.Transfer, string(from))
	r, err := c.App.Transfers.Create(ctx, p, in, by)
	if err != nil {
		return request.Answer{Replayed: r.Replayed}, err
	}
	return request.Answer{Status: http.StatusCreated, Body: wireTransfer(r), Replayed: r.Replayed}, nil
}

func retrieveTransfer(ctx context.Context, c *request.Call) (request.Answer, error) {
	p, err := c.Program(ctx)
	if err != nil {
		return request.Answer{}, err
	}
	r, err := c.App.Transfers.Current(ctx, p, c.Path("transfer"))
	if err != nil {
		return request.Answer{}, err
	}
	return request.Answer{Body: wireTransfer(r)}, nil
}

func acceptTransfer(ctx context.Context, c *request.Call) (request.Answer, error) {
	return endTransfer(ctx, c, c.App.Transfers.Accept)
}

func declineTransfer(ctx context.Context, c *request.Call) (request.Answer, error) {
	return endTransfer(ctx, c, c.App.Transfers.Decline)
}

func cancelTransfer(ctx context.Context, c *request.Call) (request.Answer, error) {
	return endTransfer(ctx, c, c.App.Transfers.Cancel)
}

// endTransfer answers a request that accepts, declines or cancels the transfer in the path. The function end makes the
// change.
func endTransfer(
	ctx context.Context, c *request.Call,
	end func(context.Context, *loyalty.Program, string, ledger.By) (service.TransferResult, error),
) (request.Answer, error) {
	p, err := c.ProgramWithoutBody(ctx)
	if err != nil {
		return request.Answer{}, err
	}
	r, err := end(ctx, p, c.Path("transfer"), request.ByKey(c))
	if err != nil {
		return request.Answer{Replayed: r.Replayed}, err
	}
	return request.Answer{Body: wireTransfer(r), Replayed: r.Replayed}, nil
}

func wireTransfer(r service.TransferResult) wire.Transfer {
	t := r.Transfer
	return wire.Transfer{
		ID: t.ID, From: string(r.From), To: string(t.To), Status: wire.TransferStatus(t.Status),
		Points: int64(t.Points), Fee: int64(t.Fee), Note: t.Note,
		CreatedAt: t.At.UTC(), ExpiresAt: request.Instant(t.Until), Balance: request.WireBalance(r.Balance),
	}
}
