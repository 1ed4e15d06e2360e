package api

import (
	"context"
	"net/http"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

type transferBody struct {
	To     string  `json:"to"`
	Points whole   `json:"points"`
	Note   *string `json:"note"`
}

func (b transferBody) check(c *check) {
	c.requiredID(at("to"), b.To)
	if c.required(at("points"), b.Points.given) {
		switch n := b.Points.n; {
		case n < 1:
			c.fault(at("points"), loyalty.AmountNotPositive, "points must be above 0.")
		case n > int64(loyalty.MaxPoints):
			c.fault(at("points"), loyalty.AmountOutOfRange, "points must be at most %d.", loyalty.MaxPoints)
		}
	}
	if b.Note != nil {
		c.text(at("note"), *b.Note, 1, 200)
	}
}

func transferPoints(ctx context.Context, c *call) (answer, error) {
	var b transferBody
	p, from, err := c.asked(ctx, &b, func(faults *check) { b.check(faults) })
	if err != nil {
		return answer{}, err
	}
	to, err := c.member(ctx, b.To)
	if err != nil {
		return answer{}, err
	}
	in := ledger.TransferRequest{ID: c.derivedID("tr_", from), From: from, To: to, Points: loyalty.Points(b.Points.n)}
	if b.Note != nil {
		in.Note = *b.Note
	}
	by, err := c.by(in)
	if err != nil {
		return answer{}, err
	}
	r, err := c.app.Ledger.Transfer(ctx, p, in, by)
	if err != nil {
		return answer{replayed: r.Replayed}, err
	}
	return answer{status: http.StatusCreated, body: wireTransfer(r), replayed: r.Replayed}, nil
}

func getTransfer(ctx context.Context, c *call) (answer, error) {
	p, err := c.program(ctx)
	if err != nil {
		return answer{}, err
	}
	r, err := c.app.Ledger.CurrentTransfer(ctx, p, c.path("transfer"))
	if err != nil {
		return answer{}, err
	}
	return answer{body: wireTransfer(r)}, nil
}

func acceptTransfer(ctx context.Context, c *call) (answer, error) {
	return c.endTransfer(ctx, c.app.Ledger.AcceptTransfer)
}

func declineTransfer(ctx context.Context, c *call) (answer, error) {
	return c.endTransfer(ctx, c.app.Ledger.DeclineTransfer)
}

func cancelTransfer(ctx context.Context, c *call) (answer, error) {
	return c.endTransfer(ctx, c.app.Ledger.CancelTransfer)
}

// endTransfer accepts, declines or cancels a transfer, as the path requests.
func (c *call) endTransfer(ctx context.Context,
	end func(context.Context, *loyalty.Program, string, ledger.By) (ledger.TransferResult, error),
) (answer, error) {
	p, err := c.nothingBut(ctx)
	if err != nil {
		return answer{}, err
	}
	r, err := end(ctx, p, c.path("transfer"), c.byKey())
	if err != nil {
		return answer{replayed: r.Replayed}, err
	}
	return answer{body: wireTransfer(r), replayed: r.Replayed}, nil
}

func wireTransfer(r ledger.TransferResult) wire.Transfer {
	t := r.Transfer
	return wire.Transfer{
		ID: t.ID, From: string(r.From), To: string(t.To), Status: wire.TransferStatus(t.Status),
		Points: int64(t.Points), Fee: int64(t.Fee), Note: t.Note,
		CreatedAt: t.At.UTC(), ExpiresAt: instant(t.Until), Balance: wireBalance(r.Balance),
	}
}

// wireEntryTransfer returns the transfer of an entry, which belongs to the sender or to the recipient.
func wireEntryTransfer(e loyalty.Entry) *wire.EntryTransfer {
	t, from := e.Redemption, e.Member
	if t.By != "" {
		from = t.By
	}
	return &wire.EntryTransfer{ID: t.ID, From: string(from), To: string(t.To), Note: t.Note}
}
