package redemptions

import (
	"context"
	"errors"
	"net/http"
	"strings"

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
	p, from, err := request.AskedMember(ctx, c, &b, func(faults *request.Check) {
		b.check(faults)
		if c.Self() != "" && strings.HasPrefix(b.To, request.ExternalPrefix) {
			// A member could otherwise find out which external IDs exist.
			faults.Fault(request.At("to"), loyalty.ValidationFailed, "This must be the ID of a member, like mem_….")
		}
	})
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
	if in.Note, err = c.App.Members.SealText(ctx, p.ID, from, in.Note); err != nil {
		return request.Answer{}, err
	}
	r, err := c.App.Transfers.Create(ctx, p, in, by)
	return transferAnswer(ctx, c, r, http.StatusCreated, err)
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
	if c.Self() != r.From {
		if err := c.OwnedBy(r.Transfer.To); err != nil {
			return request.Answer{}, err
		}
	}
	return transferAnswer(ctx, c, r, http.StatusOK, nil)
}

// acceptOwnTransfer accepts a transfer to the member who calls. A rejection does not reveal the sender's balance.
func acceptOwnTransfer(ctx context.Context, c *request.Call) (request.Answer, error) {
	a, err := ofParty(ctx, c, recipient, c.App.Transfers.Accept)
	if errors.Is(err, loyalty.InsufficientPoints) {
		err = request.Refuse(loyalty.InsufficientPoints, "The sender cannot transfer the points at this time.")
	}
	return a, err
}

func declineOwnTransfer(ctx context.Context, c *request.Call) (request.Answer, error) {
	return ofParty(ctx, c, recipient, c.App.Transfers.Decline)
}

func cancelOwnTransfer(ctx context.Context, c *request.Call) (request.Answer, error) {
	return ofParty(ctx, c, sender, c.App.Transfers.Cancel)
}

func sender(r service.TransferResult) loyalty.MemberID { return r.From }

func recipient(r service.TransferResult) loyalty.MemberID { return r.Transfer.To }

// ofParty ends a transfer if the member who calls is the given party of the transfer. Otherwise it returns not_found.
func ofParty(
	ctx context.Context, c *request.Call, party func(service.TransferResult) loyalty.MemberID, end transferEnd,
) (request.Answer, error) {
	p, err := c.Program(ctx)
	if err != nil {
		return request.Answer{}, err
	}
	r, err := c.App.Transfers.Get(ctx, p.ID, c.Path("transfer"))
	if err != nil {
		return request.Answer{}, err
	}
	if err := c.OwnedBy(party(r)); err != nil {
		return request.Answer{}, err
	}
	return endTransfer(ctx, c, end)
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

// A transferEnd accepts, declines or cancels a transfer.
type transferEnd func(context.Context, *loyalty.Program, string, ledger.By) (service.TransferResult, error)

// endTransfer answers a request that accepts, declines or cancels the transfer in the path. The function end makes the
// change.
func endTransfer(ctx context.Context, c *request.Call, end transferEnd) (request.Answer, error) {
	p, err := c.ProgramWithoutBody(ctx)
	if err != nil {
		return request.Answer{}, err
	}
	r, err := end(ctx, p, c.Path("transfer"), request.ByKey(c))
	return transferAnswer(ctx, c, r, http.StatusOK, err)
}

// transferAnswer returns the answer for a transfer, with the decrypted note.
func transferAnswer(
	ctx context.Context, c *request.Call, r service.TransferResult, status int, err error,
) (request.Answer, error) {
	if err == nil {
		err = c.Texts().Transfer(ctx, r.From, &r.Transfer)
	}
	if err != nil {
		return request.Answer{Replayed: r.Replayed}, err
	}
	return request.Answer{Status: status, Body: transferBody(c, r), Replayed: r.Replayed}, nil
}

// transferBody returns a transfer as the API presents it to the caller. A member does not see the sender's balance.
func transferBody(c *request.Call, r service.TransferResult) any {
	if c.Self() == "" {
		return wireTransfer(r)
	}
	t := wireTransfer(r)
	return wire.OwnTransfer{
		ID: t.ID, From: t.From, To: t.To, Status: wire.OwnTransferStatus(t.Status), Points: t.Points, Fee: t.Fee,
		Note: t.Note, CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt,
	}
}

func wireTransfer(r service.TransferResult) wire.Transfer {
	t := r.Transfer
	return wire.Transfer{
		ID: t.ID, From: string(r.From), To: string(t.To), Status: wire.TransferStatus(t.Status),
		Points: int64(t.Points), Fee: int64(t.Fee), Note: t.Note,
		CreatedAt: t.At.UTC(), ExpiresAt: request.Instant(t.Until), Balance: request.WireBalance(r.Balance),
	}
}
