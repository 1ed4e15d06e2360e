package ledger

import (
	"context"
	"errors"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// Once returns a command that has no natural identity, under an ID that was derived for it.
func Once(
	p *loyalty.Program, m loyalty.MemberID, kind, id string, by By,
	decide func(loyalty.Account, Inputs) (posting.Outcome, error),
) Command {
	like := loyalty.Entry{Member: m, Cause: loyalty.Cause{Kind: kind, ID: id, Revision: 1}}
	return Command{Program: p, Member: m, By: by, Decide: Single(decide), Once: &like}
}

// runOnce runs the command under the cause of its field Once. If the command is repeated with the same input, runOnce
// returns the first result, including a rejection because of insufficient points, stock or availability, which it
// records under the same cause.
func (x *execution) runOnce(ctx context.Context) (Result, error) {
	c := x.c
	x.c.Decide = c.Decide.Enrolled()
	entries, err := x.run(ctx)
	if err == nil {
		return Result{Entries: entries}, nil
	}
	var rejection *loyalty.Error
	var was RevisionExists
	switch {
	case errors.As(err, &rejection):
		if _, erased := existing(x.read[0], c.Member); erased != nil {
			return Result{}, err
		}
		if was, err = x.rejected(ctx, rejection); was.Item.Version == 0 {
			return Result{}, err
		}
	case !errors.As(err, &was):
		return Result{}, err
	}
	e, err := stored.ReadEntry(was.Item, c.Once.Cause)
	switch {
	case err != nil:
		return Result{}, err
	case e.Input != c.By.Input || e.Member != c.Member:
		return Result{}, KeyReused()
	case e.Refusal != nil:
		return Result{[]loyalty.Entry{e}, true}, e.Refusal
	}
	return Result{[]loyalty.Entry{e}, true}, nil
}

// rejected records a rejection that depends on the account or the stock, so that a repeated command is rejected again.
// It returns the entry that a first run of the same command wrote, if there is one. Otherwise it returns the rejection.
func (x *execution) rejected(ctx context.Context, rejection *loyalty.Error) (was RevisionExists, err error) {
	switch rejection.Code {
	case loyalty.InsufficientPoints, loyalty.RewardOutOfStock, loyalty.RewardUnavailable:
	default:
		// The first run may have caused the rejection: points that were already extended cannot be extended again.
		was.Item, err = x.Table.Get(ctx, stored.CauseKey(x.c.Program.ID, x.c.Once.Cause))
		if err != nil {
			return was, Retryable(err)
		}
		return was, rejection
	}
	e := *x.c.Once
	e.Kind, e.Refusal, e.Effective = loyalty.KindReject, rejection, x.Time()
	if e.Redemption != nil {
		r := *e.Redemption
		r.Status, r.At = loyalty.Rejected, e.Effective
		r.Code, r.Pooled = "", false // the redemption did not receive the code of the failed attempt
		e.Redemption = &r
	}
	if _, err = x.record(ctx, e); err != nil {
		errors.As(err, &was)
		return was, err
	}
	return was, rejection
}
