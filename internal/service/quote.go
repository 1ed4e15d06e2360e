package service

import (
	"context"
	"maps"

	"github.com/perennial-loyalty/perennial/internal/inventory"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/parallel"
)

// Quotes calculates the points that a cart would earn, and the rewards that the member could redeem.
type Quotes struct{ *ledger.Ledger }

// A QuoteResult is a quote with the profile of its member. The profile is empty for a guest.
type QuoteResult struct {
	engine.Quote
	Profile members.Profile
}

// Quote returns the points that an order would earn and the rewards that the member could redeem now. It writes
// nothing. An order without a member is a guest order.
//
// It takes two sequential steps. The first reads the member, the counters and the code pools of rewards. The second
// reads further information about rewards that are out of stock, and the budgets that the order would spend. A third
// step is necessary only if a budget becomes relevant because another one is used up.
func (qs Quotes) Quote(ctx context.Context, p *loyalty.Program, o loyalty.Order) (QuoteResult, error) {
	var m members.Member
	s := inventory.Stock{Ledger: qs.Ledger}.Reading(p, o.Member)
	var reads []func() error
	if o.Member != "" {
		reads = append(
			reads,
			func() (err error) { m, err = members.Members{Ledger: qs.Ledger}.Get(ctx, p, o.Member); return err },
		)
	}
	if err := parallel.Do(append(reads, s.First(ctx)...)...); err != nil {
		return QuoteResult{}, err
	}
	s.Count()
	rules, err := qs.RulesAt(ctx, p, o.PlacedAt)
	if err != nil {
		return QuoteResult{}, err
	}
	before := maps.Clone(s.Left)
	q, err := engine.QuoteOrderUnder(p, rules, m.Account, o, before, s.Now)
	for n := 0; err == nil && tier.Undecided(q.Needs); n++ {
		if n == ledger.Attempts {
			return QuoteResult{}, ledger.ErrTryAgain
		}
		if m.Account, err = qs.knowing(ctx, p, m.Account, q.Needs); err == nil {
			q, err = engine.QuoteOrderUnder(p, rules, m.Account, o, before, s.Now)
		}
	}
	if err != nil {
		return QuoteResult{}, err
	}
	if err := parallel.Do(append(s.Second(ctx), s.Counters.Reads(ctx, q.Spends)...)...); err != nil {
		return QuoteResult{}, err
	}
	stock, err := s.Result(ctx)
	if err != nil {
		return QuoteResult{}, err
	}
	_, err = s.Counters.Decide(ctx, func(left earn.Budgets) (out []posting.Outcome, err error) {
		maps.Copy(left, stock)
		if !maps.Equal(left, before) { // otherwise, the quote would be the same
			q, err = engine.QuoteOrderUnder(p, rules, m.Account, o, left, s.Now)
		}
		return []posting.Outcome{{Spends: q.Spends}}, err
	})
	return QuoteResult{q, m.Profile}, err
}

// knowing returns an account with the information about the member's other orders that a quote needs.
func (qs Quotes) knowing(
	ctx context.Context, p *loyalty.Program, acc loyalty.Account, needs posting.Needs,
) (loyalty.Account, error) {
	stored, err := qs.LastWritten(ctx, p.ID, acc.Member)
	if err != nil {
		return acc, err
	}
	return ledger.Redecider{Ledger: qs.Ledger}.WithOrders(ctx, p, acc, stored.Sequence, needs)
}
