package api

import (
	"context"
	"net/http"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

type adjustmentBody struct {
	Points whole  `json:"points"`
	Reason string `json:"reason"`
}

func (b adjustmentBody) check(c *check) {
	if c.required(at("points"), b.Points.given) {
		switch n := b.Points.n; {
		case n == 0:
			c.fault(at("points"), loyalty.AmountNotPositive, "Zero points are no adjustment: give some, or take some with a minus.")
		case n > int64(loyalty.MaxPoints) || n < -int64(loyalty.MaxPoints):
			c.fault(at("points"), loyalty.AmountOutOfRange, "One adjustment moves at most %d points.", loyalty.MaxPoints)
		}
	}
	c.text(at("reason"), b.Reason, 3, 200)
}

func adjustBalance(ctx context.Context, c *call) (answer, error) {
	var b adjustmentBody
	p, m, err := c.asked(ctx, &b, func(faults *check) { b.check(faults) })
	if err != nil {
		return answer{}, err
	}
	in := ledger.Adjustment{
		ID: c.derivedID("adj_", m), Member: m, Points: loyalty.Points(b.Points.n), Reason: b.Reason,
	}
	by, err := c.by(in)
	if err != nil {
		return answer{}, err
	}
	r, err := c.app.Ledger.Adjust(ctx, p, in, by)
	if err != nil {
		return answer{replayed: r.Replayed}, err
	}
	return answer{status: http.StatusCreated, body: c.wireEntry(p, r.Entry), replayed: r.Replayed}, nil
}
