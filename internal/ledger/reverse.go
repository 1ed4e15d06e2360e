package ledger

import (
	"context"
	"math/big"
	"strings"

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
		priors, err := l.contributions(ctx, p.ID, was)
		if err != nil {
			return RedemptionResult{}, err
		}
		entries, err := l.do(ctx, command{p: p, member: was.Member, others: contributors(*was.Redemption), by: by, with: with, together: func(accs []loyalty.Account, _ loyalty.Budgets) ([]loyalty.Outcome, error) {
			return p.ReverseTogether(accs, priors, share, l.now())
		}})
		if err == nil {
			return redemptionResult(entries[0], false), nil
		}
		if !outrun(err) {
			return RedemptionResult{}, err
		}
	}
	return RedemptionResult{}, ErrTryAgain
}

// reversal is the last revision of a redemption, or the one that the same command wrote before.
func (l *Ledger) reversal(ctx context.Context, program, id string, by By) (last loyalty.Entry, replay bool, err error) {
	last, replay, err = l.amendment(ctx, program, loyalty.CauseRedemption, id, loyalty.KindRestore, by)
	if err == nil && (last.Cause.Revision == 0 || last.Redemption.Status == loyalty.Refused) {
		err = notFound("redemption")
	}
	return last, replay, err
}

// amendment is the last revision of a cause, zero if there is none, or the one of a kind that the same command wrote
// before. An Input may end with a dot and what beside its key was asked: the same key with anything else is refused.
func (l *Ledger) amendment(ctx context.Context, program, cause, id string, kind loyalty.Kind, by By) (last loyalty.Entry, replay bool, err error) {
	for e, err := range l.revisions(ctx, program, cause, id, true, 0) {
		if err != nil {
			return e, false, err
		}
		if last.Cause.Revision == 0 {
			last = e
		}
		if e.Kind != kind || e.Cause.Revision == 1 || by.Input == "" {
			continue
		}
		before, _, _ := strings.Cut(e.Input, ".")
		switch key, _, _ := strings.Cut(by.Input, "."); {
		case e.Input == by.Input:
			return e, true, nil
		case before == key:
			return e, false, keyReused()
		}
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
