package service

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/limits"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Adjustments changes accounts at the request of the merchant.
type Adjustments struct{ *ledger.Ledger }

// Adjust corrects a balance manually. It handles repeated requests as Redeem does. It returns *limits.ExceededError
// if in.Limit does not allow the points.
func (a Adjustments) Adjust(
	ctx context.Context, p *loyalty.Program, in Adjustment, by ledger.By,
) (ledger.Result, error) {
	c := ledger.Once(
		p, in.Member, loyalty.CauseAdjustment, in.ID, by,
		func(acc loyalty.Account, x ledger.Inputs) (posting.Outcome, error) {
			return engine.Adjust(p, acc, in.ID, in.Wallet, in.Points, in.Reason, x.Now)
		},
	)
	c.With = in.With
	if in.Points > 0 {
		return limits.Store(a).Execute(ctx, c, in.Limit, int64(in.Points))
	}
	return a.Execute(ctx, c)
}

// An Adjustment corrects a balance manually. The caller derives the ID.
type Adjustment struct {
	ID     string
	Member loyalty.MemberID
	Wallet string         // the wallet; empty for the main wallet
	Points loyalty.Points // the points to add, or to remove if negative
	Reason string
	Limit  limits.Counter // counts the points that the actor adds to all members
	With   []table.Op     // other operations to write in the same transaction
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
) (ledger.Result, error) {
	return a.Execute(ctx, ledger.Once(p, in.Member, loyalty.CauseTier, in.ID, by, func(
		acc loyalty.Account, x ledger.Inputs,
	) (posting.Outcome, error) {
		return tier.SetTier(engine.Begin(p, acc, x.Now), in.ID, in.Placement)
	}))
}

// An Extension postpones the expiry of lots to the end of a day. The caller derives the ID.
type Extension struct {
	ID     string
	Member loyalty.MemberID
	Until  calendar.Date
	Reason string
}

// Extend postpones the expiry of lots that would expire before the given day to that day. It handles repeated requests
// as Redeem does.
func (a Adjustments) Extend(
	ctx context.Context, p *loyalty.Program, in Extension, by ledger.By,
) (ledger.Result, error) {
	return a.Execute(ctx, ledger.Once(
		p, in.Member, loyalty.CauseExtension, in.ID, by,
		func(acc loyalty.Account, x ledger.Inputs) (posting.Outcome, error) {
			return engine.Extend(p, acc, in.ID, in.Until, in.Reason, x.Now)
		},
	))
}

// A Reinstatement restores the points that expired in one entry.
type Reinstatement struct {
	Member loyalty.MemberID
	Entry  string // the ID of the entry of the expiry
	Until  calendar.Date
	Reason string
}

// Reinstate restores expired points once. A repeated request, even with another day or reason, returns the first
// result. It returns not_found if the member has no such entry.
func (a Adjustments) Reinstate(
	ctx context.Context, p *loyalty.Program, in Reinstatement, by ledger.By,
) (ledger.Result, error) {
	expiry, err := ledger.Statements{Ledger: a.Ledger}.Entry(ctx, p.ID, in.Member, in.Entry)
	if err != nil {
		return ledger.Result{}, err
	}
	return a.Execute(ctx, ledger.Once(
		p, in.Member, loyalty.CauseReinstatement, expiry.Cause.ID, by,
		func(acc loyalty.Account, x ledger.Inputs) (posting.Outcome, error) {
			return engine.Reinstate(p, acc, expiry, in.Until, in.Reason, x.Now)
		},
	))
}

// SetStatus freezes a member's account or makes it active again. It changes nothing if the account has the status
// already. It returns not_found if the member does not exist.
func (a Adjustments) SetStatus(
	ctx context.Context, p *loyalty.Program, m loyalty.MemberID, status loyalty.Status, reason string, by ledger.By,
) error {
	_, err := a.Execute(ctx, ledger.Command{
		Program: p, Member: m, By: by,
		Decide: ledger.Single(func(acc loyalty.Account, x ledger.Inputs) (posting.Outcome, error) {
			return engine.SetStatus(p, acc, status, reason, x.Now)
		}).Enrolled(),
	})
	return err
}

// OptIn registers a member for a campaign and reports whether the member was already registered.
func (a Adjustments) OptIn(
	ctx context.Context, p *loyalty.Program, m loyalty.MemberID, campaign string, by ledger.By,
) (already bool, err error) {
	r, err := a.Execute(ctx, ledger.Command{
		Program: p, Member: m, By: by,
		Decide: ledger.Single(func(acc loyalty.Account, x ledger.Inputs) (posting.Outcome, error) {
			return engine.OptIn(p, acc, campaign, x.Now)
		}).Enrolled(),
	})
	return err == nil && len(r.Entries) == 0, err
}
