package api

import (
	"context"
	"net/http"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

type adjustmentBody struct {
	Wallet *string `json:"wallet"`
	Points whole   `json:"points"`
	Reason string  `json:"reason"`
}

func (b adjustmentBody) check(c *check) {
	if c.required(at("points"), b.Points.given) {
		switch n := b.Points.n; {
		case n == 0:
			c.fault(at("points"), loyalty.AmountNotPositive,
				"points must not be 0. Use a negative number to deduct points.")
		case n > int64(loyalty.MaxPoints) || n < -int64(loyalty.MaxPoints):
			c.fault(
				at("points"), loyalty.AmountOutOfRange, "One adjustment must not exceed %d points.", loyalty.MaxPoints,
			)
		}
	}
	c.text(at("reason"), b.Reason, 3, 200)
}

// optionalWallet checks an optional wallet ID. It returns the empty string, which stands for the main wallet, if the
// ID is omitted.
func (c *check) optionalWallet(p place, id *string) string {
	if id == nil {
		return ""
	}
	return c.wallet(p, *id)
}

func adjustBalance(ctx context.Context, c *call) (answer, error) {
	var b adjustmentBody
	wallet := ""
	p, m, err := c.asked(ctx, &b, func(faults *check) {
		b.check(faults)
		wallet = faults.optionalWallet(at("wallet"), b.Wallet)
	})
	if err != nil {
		return answer{}, err
	}
	in := ledger.Adjustment{
		ID: c.derivedID("adj_", m), Member: m, Wallet: wallet, Points: loyalty.Points(b.Points.n), Reason: b.Reason,
	}
	by, err := c.by(struct { // Later fields are omitted if empty, as in byRedemption.
		ID     string
		Member loyalty.MemberID
		Points loyalty.Points
		Reason string
		Wallet string `json:",omitzero"`
	}{in.ID, in.Member, in.Points, in.Reason, in.Wallet})
	if err != nil {
		return answer{}, err
	}
	r, err := c.app.Ledger.Adjust(ctx, p, in, by)
	return c.adjusted(p, r, err)
}

// adjusted answers with the entry of a manual change, with status 201.
func (c *call) adjusted(p *loyalty.Program, r ledger.AdjustmentResult, err error) (answer, error) {
	if err != nil {
		return answer{replayed: r.Replayed}, err
	}
	return answer{status: http.StatusCreated, body: c.wireEntry(p, r.Entry), replayed: r.Replayed}, nil
}
