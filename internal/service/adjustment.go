package service

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// Adjustments changes accounts at the request of the merchant.
type Adjustments struct{ *ledger.Ledger }

// Adjust corrects a balance manually. It handles repeated requests as Redeem does.
func (a Adjustments) Adjust(
	ctx context.Context, p *loyalty.Program, in Adjustment, by ledger.By,
) (AdjustmentResult, error) {
	r, err := a.Execute(ctx, ledger.Once(
		p, in.Member, loyalty.CauseAdjustment, in.ID, by,
		func(acc loyalty.Account, x ledger.Inputs) (posting.Outcome, error) {
			return engine.Adjust(p, acc, in.ID, in.Wallet, in.Points, in.Reason, x.Now)
		},
	))
	return AdjustmentResult{Entry: r.Entry(), Replayed: r.Replayed}, err
}

// An Adjustment corrects a balance manually. The caller derives the ID.
type Adjustment struct {
	ID     string
	Member loyalty.MemberID
	Wallet string         // the wallet; empty for the main wallet
	Points loyalty.Points // the points to add, or to remove if negative
	Reason string
}

// An AdjustmentResult is the entry of an adjustment.
type AdjustmentResult struct {
	Entry    loyalty.Entry
	Replayed bool
}

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
