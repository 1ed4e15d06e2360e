package ledger

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// Adjust corrects a balance manually. It handles repeated requests as Redeem does.
func (l *Ledger) Adjust(ctx context.Context, p *loyalty.Program, in Adjustment, by By) (AdjustmentResult, error) {
	r, err := l.Execute(ctx, once(
		p, in.Member, loyalty.CauseAdjustment, in.ID, by,
		func(acc loyalty.Account, x inputs) (posting.Outcome, error) {
			return engine.Adjust(p, acc, in.ID, in.Wallet, in.Points, in.Reason, x.now)
		},
	))
	return AdjustmentResult{Entry: r.entry(), Replayed: r.Replayed}, err
}
