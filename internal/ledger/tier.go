package ledger

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// A TierChange assigns a member a level manually, under an ID that the caller derived.
type TierChange struct {
	ID     string
	Member loyalty.MemberID
	tier.Placement
}

// SetTier assigns a member a level manually. It handles repeated requests as Redeem does.
func (l *Ledger) SetTier(ctx context.Context, p *loyalty.Program, in TierChange, by By) (AdjustmentResult, error) {
	r, err := l.Execute(ctx, once(p, in.Member, loyalty.CauseTier, in.ID, by, func(
		acc loyalty.Account, x inputs,
	) (posting.Outcome, error) {
		return tier.SetTier(p, acc, in.ID, in.Placement, x.now)
	}))
	return AdjustmentResult{Entry: r.entry(), Replayed: r.Replayed}, err
}
