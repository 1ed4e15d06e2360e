package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/limits"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/telemetry"
)

type adjustmentBody struct {
	Wallet *string       `json:"wallet"`
	Points request.Whole `json:"points"`
	Reason string        `json:"reason"`
}

func (b adjustmentBody) check(c *request.Check) {
	if c.Required(request.At("points"), b.Points.Given) {
		switch n := b.Points.N; {
		case n == 0:
			c.Fault(request.At("points"), loyalty.AmountNotPositive,
				"points must not be 0. Use a negative number to deduct points.")
		case n > int64(loyalty.MaxPoints) || n < -int64(loyalty.MaxPoints):
			c.Fault(
				request.At("points"), loyalty.AmountOutOfRange, "One adjustment must not exceed %d points.",
				loyalty.MaxPoints,
			)
		}
	}
	c.Text(request.At("reason"), b.Reason, 3, 200)
}

func createAdjustment(ctx context.Context, c *request.Call) (request.Answer, error) {
	var b adjustmentBody
	wallet := ""
	p, m, err := request.AskedMember(ctx, c, &b, func(faults *request.Check) {
		b.check(faults)
		wallet = request.OptionalWallet(faults, request.At("wallet"), b.Wallet)
	})
	if err != nil {
		return request.Answer{}, err
	}
	if limit := c.Who.MaxAdjustment; limit > 0 && (b.Points.N > limit || b.Points.N < -limit) {
		return request.Answer{}, request.Refuse(loyalty.Code(auth.Forbidden),
			"You may adjust at most %d points at once. Ask an owner or admin to make this adjustment.", limit)
	}
	in := service.Adjustment{
		ID: request.DerivedID(c, "adj_", m), Member: m, Wallet: wallet, Points: loyalty.Points(b.Points.N),
		Reason: b.Reason, Limit: c.Limit(limits.Adjustment, c.Who.Actor()),
	}
	if c.Who.DailyPoints > 0 {
		in.Limit.Limit.Max = c.Who.DailyPoints
	}
	by, err := request.By(c, struct { // a field that a later release adds has omitzero; see byRedemption
		ID     string
		Member loyalty.MemberID
		Points loyalty.Points
		Reason string
		Wallet string `json:",omitzero"`
	}{in.ID, in.Member, in.Points, in.Reason, in.Wallet})
	if err != nil {
		return request.Answer{}, err
	}
	if in.Reason, err = c.App.Members.SealText(ctx, p.ID, m, in.Reason); err != nil {
		return request.Answer{}, err
	}
	r, err := c.App.Adjustments.Adjust(ctx, p, in, by)
	if errors.Is(err, loyalty.RateLimited) {
		telemetry.Count(ctx, telemetry.AdjustmentLimits, 1)
	}
	return adjusted(ctx, c, p, r, http.StatusCreated, err)
}

// adjusted returns the answer for a manual change: the entry of the change.
func adjusted(
	ctx context.Context, c *request.Call, p *loyalty.Program, r ledger.Result, status int, err error,
) (request.Answer, error) {
	if err != nil {
		return request.Answer{Replayed: r.Replayed}, err
	}
	out, err := c.WireEntries(ctx, p, []loyalty.Entry{r.Entry()})
	if err != nil {
		return request.Answer{Replayed: r.Replayed}, err
	}
	return request.Answer{Status: status, Body: out[0], Replayed: r.Replayed}, nil
}
