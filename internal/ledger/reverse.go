package ledger

import (
	"context"
	"math/big"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Reverse returns points of a redemption whose order was refunded. share is the refunded share of the order's money,
// over all refunds. In the same transaction, Reverse takes back the redemption's code (redeem.IssuedCode.Back), so
// that it does not restore points for the part of a gift card that is used meanwhile. If it is repeated with the same
// By.Input, it returns the first result. It returns not_found if the redemption does not exist, already_resolved if the
// redemption is not committed, and code_used if a gift card was spent.
func (l *Ledger) Reverse(
	ctx context.Context, p *loyalty.Program, id string, share *big.Rat, by By,
) (RedemptionResult, error) {
	r, err := l.executePrepared(ctx, func(ctx context.Context) (Command, *Result, error) {
		return l.reversing(ctx, p, id, share, by)
	})
	if err != nil {
		return RedemptionResult{}, err
	}
	return redemptionResult(r.entry(), r.Replayed), nil
}

// reversing returns the command that reverses a redemption, or the result if the same command has run before.
func (l *Ledger) reversing(
	ctx context.Context, p *loyalty.Program, id string, share *big.Rat, by By,
) (c Command, done *Result, err error) {
	was, replay, err := l.reversal(ctx, p.ID, id, by)
	if err != nil {
		return c, nil, err
	}
	if replay {
		return c, &Result{[]loyalty.Entry{was}, true}, nil
	}
	code, err := l.issuedFor(ctx, p, was)
	if err != nil {
		return c, nil, err
	}
	target, issued, err := redeem.Returned(p, *was.Redemption, share, code.issued())
	if err != nil {
		return c, nil, err
	}
	c = Command{p: p, member: was.Member, others: contributors(*was.Redemption), by: by, with: code.become(issued)}
	if redeem.GivesAllBack(p, share) {
		off, err := l.calledOff(ctx, p.ID, was)
		if err != nil {
			return c, nil, err
		}
		c.with = append(c.with, off...)
	}
	priors, err := l.contributions(ctx, p.ID, was)
	c.decide = func(x inputs) ([]posting.Outcome, error) {
		return redeem.ReverseTogether(p, x.accs, priors, target, x.now)
	}
	return c, nil, err
}

// reversal returns the last revision of a redemption, or the one that the same command wrote before.
func (l *Ledger) reversal(ctx context.Context, program, id string, by By) (last loyalty.Entry, replay bool, err error) {
	last, replay, err = l.amendment(ctx, program, loyalty.CauseRedemption, id, loyalty.KindRestore, by)
	if err == nil && (last.Cause.Revision == 0 || last.Redemption.Status == loyalty.Rejected) {
		err = notFound("redemption")
	}
	return last, replay, err
}

// amendment returns the last revision of a cause (zero if there is none), or the revision of the given kind that the
// same command wrote before. An Input may end with a dot and a fingerprint of the other parameters: the same key with a
// different fingerprint is rejected.
func (l *Ledger) amendment(
	ctx context.Context, program, cause, id string, kind loyalty.Kind, by By,
) (last loyalty.Entry, replay bool, err error) {
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
		switch key, _, _ := strings.Cut(by.Input, "."); {
		case e.Input == by.Input:
			return e, true, nil
		case key == keyOf(e):
			return e, false, keyReused()
		}
	}
	return last, false, nil
}

// keyOf returns the part of an entry's Input that derives from its idempotency key.
func keyOf(e loyalty.Entry) string {
	key, _, _ := strings.Cut(e.Input, ".")
	return key
}

// A heldCode is the code of a redemption, with its item as read. The item's Version is 0 if the redemption has no
// individual code.
type heldCode struct {
	codeDoc
	item table.Item
}

// issuedFor reads the code of a redemption. Older gift cards do not store their initial value. For them it is taken
// from the program if possible.
func (l *Ledger) issuedFor(ctx context.Context, p *loyalty.Program, e loyalty.Entry) (c heldCode, err error) {
	if e.Redemption.Code == "" {
		return c, nil
	}
	it, err := l.Table.Get(ctx, codeKey(p.ID, redeem.PlainCode(e.Redemption.Code)))
	if err != nil || it.Version == 0 {
		return c, retryable(err)
	}
	d, err := readCode(it)
	if err != nil || d.Redemption != e.Redemption.ID {
		return c, err
	}
	if d.Currency != "" && d.Worth == 0 {
		d.Worth = d.Left
		if r, _ := redeem.FindReward(p, d.Reward); string(r.Value.Currency) == d.Currency {
			d.Worth = max(d.Left, r.Value.Amount)
		}
	}
	return heldCode{d, it}, nil
}

// become returns the operation that stores the new state of the code, or none if the state is unchanged.
func (c heldCode) become(issued redeem.IssuedCode) []table.Op {
	if c.item.Version == 0 || issued == c.issued() {
		return nil
	}
	c.set(issued)
	c.item.Doc = stored.Encode(c.codeDoc)
	return []table.Op{table.Put(c.item)}
}
