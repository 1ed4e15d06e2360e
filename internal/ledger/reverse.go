package ledger

import (
	"context"
	"errors"
	"math/big"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Reverse gives back points of a redemption whose order was refunded, by that share of its money (all refunds
// together), and makes its code worthless unless it was used. Repeated with the same By.Input it answers as the first
// time. not_found if there is no such redemption, hold_already_resolved if it is none that was committed.
func (l *Ledger) Reverse(ctx context.Context, p *loyalty.Program, id string, share *big.Rat, by By) (RedemptionResult, error) {
	for range attempts {
		was, replay, err := l.reversal(ctx, p.ID, id, by)
		if err != nil {
			return RedemptionResult{}, err
		}
		if replay {
			return redemptionResult(was, true), nil
		}
		with, err := l.voided(ctx, p.ID, was)
		if err != nil {
			return RedemptionResult{}, err
		}
		if p.GivesAllBack(share) {
			off, err := l.calledOff(ctx, p.ID, was)
			if err != nil {
				return RedemptionResult{}, err
			}
			with = append(with, off...)
		}
		entries, err := l.do(ctx, command{p: p, member: was.Member, by: by, with: with, decide: func(acc loyalty.Account, _ loyalty.Budgets) (loyalty.Outcome, error) {
			return p.Reverse(acc, was, share, l.now())
		}})
		if err == nil {
			return redemptionResult(entries[0], false), nil
		}
		if !errors.As(err, new(taken)) && !errors.As(err, new(*table.ConflictError)) {
			return RedemptionResult{}, err
		}
	}
	return RedemptionResult{}, ErrTryAgain
}

// reversal is the last revision of a redemption, or the one that the same command wrote before.
func (l *Ledger) reversal(ctx context.Context, program, id string, by By) (last loyalty.Entry, replay bool, err error) {
	for e, err := range l.revisions(ctx, program, loyalty.CauseRedemption, id, true, 0) {
		if err != nil {
			return e, false, err
		}
		if last.Cause.Revision == 0 {
			last = e
		}
		if e.Kind == loyalty.KindRestore && e.Input == by.Input && by.Input != "" {
			return e, true, nil
		}
	}
	if last.Cause.Revision == 0 || last.Redemption.Status == loyalty.Refused {
		return last, false, notFound("redemption")
	}
	return last, false, nil
}

// voided makes the code of a redemption worthless, if it has one of its own that was not used.
func (l *Ledger) voided(ctx context.Context, program string, e loyalty.Entry) ([]table.Op, error) {
	if e.Redemption.Code == "" {
		return nil, nil
	}
	it, err := l.Table.Get(ctx, codeKey(program, loyalty.PlainCode(e.Redemption.Code)))
	if err != nil || it.Version == 0 {
		return nil, retryable(err)
	}
	d, err := readCode(it)
	if err != nil || d.Used != 0 || d.Void || d.Redemption != e.Redemption.ID {
		return nil, err
	}
	d.Void = true
	it.Doc = encode(d)
	return []table.Op{table.Put(it)}, nil
}
