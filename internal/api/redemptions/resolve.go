package redemptions

import (
	"context"
	"math/big"
	"net/http"
	"strconv"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/service"
)

// A CommitBody requests to commit a reservation, in full or in part.
type CommitBody struct {
	Points request.Whole `json:"points"`
}

// A ReverseBody requests to reverse a committed redemption.
type ReverseBody struct {
	Refunded *RefundedBody `json:"refunded"`
}

// A RefundedBody states how much of an order's payment all refunds of the order returned together.
type RefundedBody struct {
	Amount request.Whole `json:"amount"`
	Of     request.Whole `json:"total"`
}

// share returns the refunded share of the payment.
func (b *RefundedBody) share(c *request.Check) *big.Rat {
	if b == nil {
		return big.NewRat(1, 1)
	}
	amount, of := request.AtLeastOne(
		c, request.At("refunded/amount"), b.Amount,
	), request.AtLeastOne(c, request.At("refunded/total"), b.Of)
	if c.Err() != nil {
		return nil
	}
	return big.NewRat(amount, of)
}

func commitRedemption(ctx context.Context, c *request.Call) (request.Answer, error) {
	var b CommitBody
	err := c.Take(&b, func(faults *request.Check) {
		if b.Points.Given && b.Points.N < 1 {
			faults.Fault(
				request.At("points"), loyalty.AmountNotPositive,
				"points must be at least 1. To return all points, cancel the redemption.",
			)
		}
	})
	if err != nil {
		return request.Answer{}, err
	}
	what := ""
	if b.Points.Given {
		what = strconv.FormatInt(b.Points.N, 10)
	}
	return resolve(ctx, c, what, func(p *loyalty.Program, id string, by ledger.By) (service.RedemptionResult, error) {
		return c.App.Redemptions.CommitPart(ctx, p, id, loyalty.Points(b.Points.N), by)
	})
}

func cancelRedemption(ctx context.Context, c *request.Call) (request.Answer, error) {
	var nothing struct{}
	if err := c.Decode(&nothing); err != nil {
		return request.Answer{}, err
	}
	return resolve(ctx, c, "", func(p *loyalty.Program, id string, by ledger.By) (service.RedemptionResult, error) {
		return c.App.Redemptions.Cancel(ctx, p, id, by)
	})
}

func reverseRedemption(ctx context.Context, c *request.Call) (request.Answer, error) {
	var b ReverseBody
	var share *big.Rat
	if err := c.Take(&b, func(faults *request.Check) { share = b.Refunded.share(faults) }); err != nil {
		return request.Answer{}, err
	}
	reverse := func(p *loyalty.Program, id string, by ledger.By) (service.RedemptionResult, error) {
		return c.App.Redemptions.Reverse(ctx, p, id, share, by)
	}
	return resolve(ctx, c, share.String(), reverse)
}

// resolve answers a request that commits, cancels or reverses the redemption in the path. The function end makes the
// change. The text what contains the other inputs of the body. It is part of the request's fingerprint, so that a
// different body with the same Idempotency-Key is a different request.
func resolve(
	ctx context.Context, c *request.Call, what string,
	end func(*loyalty.Program, string, ledger.By) (service.RedemptionResult, error),
) (request.Answer, error) {
	p, err := c.Program(ctx)
	if err != nil {
		return request.Answer{}, err
	}
	id, by := c.Path("redemption"), request.ByKey(c)
	if err := ownRedemption(ctx, c, p, id); err != nil {
		return request.Answer{}, err
	}
	if what != "" {
		by.Input += "." + c.Fingerprint("what", what)
	}
	r, err := end(p, id, by)
	if err != nil {
		return request.Answer{Replayed: r.Replayed}, err
	}
	return redemptionAnswer(ctx, c, r, http.StatusOK)
}

// ownRedemption returns not_found if the caller is a member and the redemption is not the member's.
func ownRedemption(ctx context.Context, c *request.Call, p *loyalty.Program, id string) error {
	if c.Self() == "" {
		return nil
	}
	r, err := c.App.Redemptions.Current(ctx, p, id)
	if err != nil {
		return err
	}
	return c.OwnedBy(r.Member)
}
