package ledger

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// Adjust corrects a balance manually. It handles repeated requests like Redeem.
func (l *Ledger) Adjust(ctx context.Context, p *loyalty.Program, in Adjustment, by By) (AdjustmentResult, error) {
	e, replayed, err := l.once(
		ctx, p, in.Member, loyalty.CauseAdjustment, in.ID, by,
		func(acc loyalty.Account) (posting.Outcome, error) {
			return engine.Adjust(p, acc, in.ID, in.Wallet, in.Points, in.Reason, l.now())
		},
	)
	return AdjustmentResult{Entry: e, Replayed: replayed}, err
}
