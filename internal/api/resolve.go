package api

import (
	"context"
	"math/big"
	"net/http"
	"strconv"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

type commitBody struct {
	Points whole `json:"points"`
}

type reverseBody struct {
	Refunded *refundedBody `json:"refunded"`
}

// A refundedBody states how much of an order's payment all refunds together returned.
type refundedBody struct {
	Amount whole `json:"amount"`
	Of     whole `json:"total"`
}

// share returns the refunded share of the payment.
func (b *refundedBody) share(c *check) *big.Rat {
	if b == nil {
		return big.NewRat(1, 1)
	}
	amount, of := c.atLeastOne(at("refunded/amount"), b.Amount), c.atLeastOne(at("refunded/total"), b.Of)
	if c.err() != nil {
		return nil
	}
	return big.NewRat(amount, of)
}

// atLeastOne checks a required amount of money, which must be 1 minor unit or more.
func (c *check) atLeastOne(p place, w whole) int64 {
	if c.required(p, w.given) && w.n == 0 {
		c.fault(p, loyalty.AmountNotPositive, "This must be 1 or more.")
	}
	return c.amount(p, w)
}

func commitRedemption(ctx context.Context, c *call) (answer, error) {
	var b commitBody
	err := c.take(&b, func(faults *check) {
		if b.Points.given && b.Points.n < 1 {
			faults.fault(
				at("points"), loyalty.AmountNotPositive,
				"points must be at least 1. To return all points, cancel the redemption.",
			)
		}
	})
	if err != nil {
		return answer{}, err
	}
	what := ""
	if b.Points.given {
		what = strconv.FormatInt(b.Points.n, 10)
	}
	return c.resolve(ctx, what, func(p *loyalty.Program, id string, by ledger.By) (ledger.RedemptionResult, error) {
		return c.app.Ledger.CommitPart(ctx, p, id, loyalty.Points(b.Points.n), by)
	})
}

func cancelRedemption(ctx context.Context, c *call) (answer, error) {
	var nothing struct{}
	if err := c.decode(&nothing); err != nil {
		return answer{}, err
	}
	return c.resolve(ctx, "", func(p *loyalty.Program, id string, by ledger.By) (ledger.RedemptionResult, error) {
		return c.app.Ledger.Cancel(ctx, p, id, by)
	})
}

func reverseRedemption(ctx context.Context, c *call) (answer, error) {
	var b reverseBody
	var share *big.Rat
	if err := c.take(&b, func(faults *check) { share = b.Refunded.share(faults) }); err != nil {
		return answer{}, err
	}
	return c.resolve(ctx,
		share.String(), func(p *loyalty.Program, id string, by ledger.By) (ledger.RedemptionResult, error) {
			return c.app.Ledger.Reverse(ctx, p, id, share, by)
		})
}

// resolve commits, cancels or reverses a redemption, as the path requests. Parameter what contains the other inputs
// of the body, so that a different body under the same Idempotency-Key is a different request.
func (c *call) resolve(
	ctx context.Context, what string, end func(*loyalty.Program, string, ledger.By) (ledger.RedemptionResult, error),
) (answer, error) {
	p, err := c.program(ctx)
	if err != nil {
		return answer{}, err
	}
	id, by := c.path("redemption"), c.byKey()
	if what != "" {
		by.Input += "." + fingerprint("what", what)
	}
	r, err := end(p, id, by)
	if err != nil {
		return answer{replayed: r.Replayed}, err
	}
	return c.toldRedemption(ctx, r, http.StatusOK)
}

// nothingBut returns the live program, for a route whose body must be omitted or an empty object.
func (c *call) nothingBut(ctx context.Context) (*loyalty.Program, error) {
	var nothing struct{}
	if err := c.decode(&nothing); err != nil {
		return nil, err
	}
	return c.program(ctx)
}
