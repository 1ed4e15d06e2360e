package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/approvals"
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
	in := service.Adjustment{
		ID: request.DerivedID(c, "adj_", m), Member: m, Wallet: wallet, Points: loyalty.Points(b.Points.N),
		Reason: b.Reason, Limit: limitOfAdjustments(c),
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
	if limit := c.Who.MaxAdjustment; limit > 0 && (b.Points.N > limit || b.Points.N < -limit) {
		ans, err := requestApproval(ctx, c, p, in, by)
		if !errors.Is(err, approvals.ErrPosted) {
			return ans, err
		}
		// The limit was lowered after the first request: the adjustment below returns the entry of that request.
	}
	r, err := c.App.Adjustments.Adjust(ctx, p, in, by)
	countLimited(ctx, err)
	return adjusted(ctx, c, p, r, http.StatusCreated, err)
}

// limitOfAdjustments returns the counter of the points that the caller adds manually.
func limitOfAdjustments(c *request.Call) limits.Counter {
	counter := c.Limit(limits.Adjustment, c.Who.Actor())
	if c.Who.DailyPoints > 0 {
		counter.Limit.Max = c.Who.DailyPoints
	}
	return counter
}

// countLimited counts a rejection because of the limit of manually added points, for the alarm.
func countLimited(ctx context.Context, err error) {
	if errors.Is(err, loyalty.RateLimited) {
		telemetry.Count(ctx, telemetry.AdjustmentLimits, 1)
	}
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
