package ledger

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// A TierChange gives a member a level by hand, under an id that the caller derived.
type TierChange struct {
	ID     string
	Member loyalty.MemberID
	loyalty.Placement
}

// SetTier gives a member a level by hand. It repeats like Redeem.
func (l *Ledger) SetTier(ctx context.Context, p *loyalty.Program, in TierChange, by By) (AdjustmentResult, error) {
	e, replayed, err := l.once(ctx, p, in.Member, loyalty.CauseTier, in.ID, by, func(acc loyalty.Account) (loyalty.Outcome, error) {
		return p.SetTier(acc, in.ID, in.Placement, l.now())
	})
	return AdjustmentResult{Entry: e, Replayed: replayed}, err
}
