package api

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

func quoteOrder(ctx context.Context, c *call) (answer, error) {
	var b basketBody
	if err := c.decode(&b); err != nil {
		return answer{}, err
	}
	var faults check
	o := b.basket(&faults)
	if err := faults.err(); err != nil {
		return answer{}, err
	}
	p, err := c.program(ctx)
	if err != nil {
		return answer{}, err
	}
	if o.Member, err = c.buyer(ctx, b); err != nil {
		return answer{}, err
	}
	o.ID, o.Status = "quote", loyalty.OrderPaid
	if o.PlacedAt.IsZero() {
		o.PlacedAt = c.app.Now().UTC()
	}
	q, err := c.app.Ledger.Quote(ctx, p, o)
	if err != nil {
		return answer{}, err
	}
	return answer{body: wireQuote(p, q)}, nil
}

func wireQuote(p *loyalty.Program, q loyalty.Quote) wire.Quote {
	out := wire.Quote{
		Points: int64(q.Points), Guest: q.Guest, Because: wireBecause(q.Because),
		Rewards: make([]wire.QuotedReward, len(q.Rewards)),
	}
	if q.Points > 0 {
		out.AvailableAt, out.ExpiresAt = q.ActiveAt.UTC(), end(p, q.Expires)
	}
	if !q.Guest {
		balance := wireBalance(q.Balance)
		out.Balance = &balance
	}
	for i, r := range q.Rewards {
		out.Rewards[i] = wire.QuotedReward{Reward: r.Reward.ID, Points: int64(r.Reward.Cost), Missing: int64(r.Missing)}
	}
	return out
}
