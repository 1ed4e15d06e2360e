package ledger

import (
	"context"
	"maps"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
	"github.com/perennial-loyalty/perennial/internal/parallel"
)

// A QuoteResult is a quote with the profile of its member. The profile is empty for a guest.
type QuoteResult struct {
	engine.Quote
	Profile Profile
}

// Quote returns the points that an order would earn and the rewards that the member could redeem now. It writes
// nothing. An order without a member is a guest order.
//
// It takes two sequential steps. The first reads the member, the counters and the code pools of rewards. The second
// reads further information about rewards that are out of stock, and the budgets that the order would spend. A third
// step is necessary only if a budget becomes relevant because another one is used up.
func (l *Ledger) Quote(ctx context.Context, p *loyalty.Program, o loyalty.Order) (QuoteResult, error) {
	var m Member
	s := l.stockFor(p, o.Member)
	var reads []func() error
	if o.Member != "" {
		reads = append(reads, func() (err error) { m, err = l.Member(ctx, p, o.Member); return err })
	}
	if err := parallel.Do(append(reads, s.first(ctx)...)...); err != nil {
		return QuoteResult{}, err
	}
	s.count()
	rules, err := l.rulesAt(ctx, p, o.PlacedAt)
	if err != nil {
		return QuoteResult{}, err
	}
	q, err := engine.QuoteOrderUnder(p, rules, m.Account, o, maps.Clone(s.left), s.now)
	for n := 0; err == nil && tier.Undecided(q.Needs); n++ {
		if n == attempts {
			return QuoteResult{}, ErrTryAgain
		}
		if m.Account, err = l.knowing(ctx, p, m.Account, q.Needs); err == nil {
			q, err = engine.QuoteOrderUnder(p, rules, m.Account, o, maps.Clone(s.left), s.now)
		}
	}
	if err != nil {
		return QuoteResult{}, err
	}
	if err := parallel.Do(append(s.second(ctx), s.counters.reads(ctx, q.Spends)...)...); err != nil {
		return QuoteResult{}, err
	}
	stock, err := s.result(ctx)
	if err != nil {
		return QuoteResult{}, err
	}
	_, err = s.counters.decide(ctx, func(left earn.Budgets) (out []posting.Outcome, err error) {
		maps.Copy(left, stock)
		q, err = engine.QuoteOrderUnder(p, rules, m.Account, o, left, s.now)
		return []posting.Outcome{{Spends: q.Spends}}, err
	})
	return QuoteResult{q, m.Profile}, err
}

// knowing returns an account with the information about the member's orders that a quote needs.
func (l *Ledger) knowing(
	ctx context.Context, p *loyalty.Program, acc loyalty.Account, needs posting.Needs,
) (loyalty.Account, error) {
	stored, err := l.lastWritten(ctx, p.ID, acc.Member)
	if err != nil {
		return acc, err
	}
	return l.withOrders(ctx, p, acc, stored.Sequence, needs)
}
