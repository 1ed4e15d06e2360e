package api

import (
	"cmp"
	"context"
	"time"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/explain"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
)

// createQuote creates a quote. For a guest, it states what a new member would earn.
func createQuote(ctx context.Context, c *request.Call) (request.Answer, error) {
	language, err := c.Language()
	if err != nil {
		return request.Answer{}, err
	}
	var b request.BasketBody
	var o loyalty.Order
	if err := c.Take(&b, func(faults *request.Check) { o = b.Basket(faults) }); err != nil {
		return request.Answer{}, err
	}
	p, err := c.Program(ctx)
	if err != nil {
		return request.Answer{}, err
	}
	if o.Member, err = c.Buyer(ctx, b); err != nil {
		return request.Answer{}, err
	}
	o.ID, o.Status = "quote", loyalty.OrderPaid
	if o.PlacedAt.IsZero() {
		o.PlacedAt = c.App.Now().UTC()
	}
	q, err := c.App.Quotes.Quote(ctx, p, o)
	if err != nil {
		return request.Answer{}, err
	}
	return request.Answer{Body: wireQuote(p, q.Quote, cmp.Or(language, q.Profile.Locale), c.App.Now())}, nil
}

func wireQuote(p *loyalty.Program, q engine.Quote, locale string, now time.Time) wire.Quote {
	words := explain.Reasons(p, q.Reasons, locale)
	points, balance := int64(q.Points), request.WireBalance(q.Balance)
	out := wire.Quote{
		Points: points, Guest: q.Guest, Reasons: request.WireReasons(q.Reasons), Balance: &balance,
		Explanation: wire.QuoteExplanation{Language: words.Language, Details: words.Reasons},
		Rewards:     []wire.QuotedReward{},
	}
	for _, g := range q.Wallets {
		out.Wallets = append(out.Wallets, wire.WalletPoints{Wallet: g.Wallet, Points: int64(g.Worth)})
	}
	if q.Points > 0 {
		out.ActiveAt, out.ExpiresAt = q.ActiveAt.UTC(), request.End(p, q.Expires)
	}
	if q.Guest {
		out.Points, out.PotentialPoints, out.Balance = 0, &points, nil
	}
	if y := q.Pay; y.Points > 0 && !q.Guest {
		out.Payment = &wire.QuotedPayment{
			Points: int64(y.Points), Value: wire.Money{Amount: y.Value.Amount, Currency: string(y.Value.Currency)},
		}
	}
	for _, r := range q.Rewards {
		if r.Reward.Visible.Has(now) {
			out.Rewards = append(out.Rewards, wire.QuotedReward{
				Reward: r.Reward.ID, Points: int64(r.Cost), Missing: int64(r.Missing), Available: len(r.Unmet) == 0,
				UnmetRequirements: request.WireUnmet(r.Unmet),
			})
		}
	}
	return out
}
