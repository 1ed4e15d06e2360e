package api

import (
	"context"
	"net/http"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

type redemptionBody struct {
	Member string  `json:"member"`
	Reward string  `json:"reward"`
	Order  *string `json:"order"`
	Commit bool    `json:"commit"`
}

func (b redemptionBody) check() error {
	var c check
	if c.required(at("member"), b.Member != "") {
		c.id(at("member"), b.Member)
	}
	if c.required(at("reward"), b.Reward != "") {
		c.id(at("reward"), b.Reward)
	}
	if b.Order != nil && !validID(*b.Order) {
		c.fault(at("order"), loyalty.ValidationFailed, idForm)
	}
	return c.err()
}

func redeemReward(ctx context.Context, c *call) (answer, error) {
	var b redemptionBody
	if err := c.decode(&b); err != nil {
		return answer{}, err
	}
	if err := b.check(); err != nil {
		return answer{}, err
	}
	p, err := c.program(ctx)
	if err != nil {
		return answer{}, err
	}
	m, err := c.member(ctx, b.Member)
	if err != nil {
		return answer{}, err
	}
	in := ledger.RedemptionRequest{ID: c.derivedID("rd_", m), Member: m, Reward: b.Reward, Commit: b.Commit}
	if b.Order != nil {
		in.Order = *b.Order
	}
	by, err := c.by(in)
	if err != nil {
		return answer{}, err
	}
	r, err := c.app.Ledger.Redeem(ctx, p, in, by)
	if err != nil {
		return answer{replayed: r.Replayed}, err
	}
	return answer{status: http.StatusCreated, body: wireRedemption(r), replayed: r.Replayed}, nil
}

func getRedemption(ctx context.Context, c *call) (answer, error) {
	r, err := c.app.Ledger.Redemption(ctx, c.who.Program, c.path("redemption"))
	if err != nil {
		return answer{}, err
	}
	return answer{body: wireRedemption(r)}, nil
}

func commitRedemption(ctx context.Context, c *call) (answer, error) {
	return c.resolve(ctx, c.app.Ledger.Commit)
}

func cancelRedemption(ctx context.Context, c *call) (answer, error) {
	return c.resolve(ctx, c.app.Ledger.Cancel)
}

// resolve ends a reservation one way or the other.
func (c *call) resolve(ctx context.Context, end func(context.Context, *loyalty.Program, string, ledger.By) (ledger.RedemptionResult, error)) (answer, error) {
	p, err := c.nothingBut(ctx)
	if err != nil {
		return answer{}, err
	}
	r, err := end(ctx, p, c.path("redemption"), c.byKey())
	if err != nil {
		return answer{replayed: r.Replayed}, err
	}
	return answer{body: wireRedemption(r), replayed: r.Replayed}, nil
}

// nothingBut is the live program, for a route whose path says everything: its body is nothing, or an empty object.
func (c *call) nothingBut(ctx context.Context) (*loyalty.Program, error) {
	var nothing struct{}
	if err := c.decode(&nothing); err != nil {
		return nil, err
	}
	return c.program(ctx)
}

func wireRedemption(r ledger.RedemptionResult) wire.Redemption {
	out := wire.Redemption{
		ID: r.Redemption.ID, Member: string(r.Member), Reward: r.Redemption.Reward, Order: r.Redemption.Order,
		Status: wire.RedemptionStatus(r.Redemption.Status), Points: int64(r.Redemption.Points),
		CreatedAt: r.Redemption.At.UTC(), Balance: wireBalance(r.Balance),
	}
	if !r.Redemption.Until.IsZero() {
		until := r.Redemption.Until.UTC()
		out.ExpiresAt = &until
	}
	return out
}
