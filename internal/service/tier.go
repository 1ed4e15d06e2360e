package service

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// A TierChange assigns a level to a member manually. The caller derives the ID.
type TierChange struct {
	ID     string
	Member loyalty.MemberID
	tier.Placement
}

// SetTier assigns a level to a member manually. It handles repeated requests as Redeem does.
func (a Adjustments) SetTier(
	ctx context.Context, p *loyalty.Program, in TierChange, by ledger.By,
) (AdjustmentResult, error) {
	r, err := a.Execute(ctx, ledger.Once(p, in.Member, loyalty.CauseTier, in.ID, by, func(
		acc loyalty.Account, x ledger.Inputs,
	) (posting.Outcome, error) {
		return tier.SetTier(p, acc, in.ID, in.Placement, x.Now)
	}))
	return AdjustmentResult{Entry: r.Entry(), Replayed: r.Replayed}, err
}
