package service

import (
	"context"
	"math/big"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/inventory"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Reverse restores points of a redemption whose order was refunded. The parameter share is the refunded share of the
// order's money, for all refunds together. In the same transaction, Reverse removes value from the redemption's code
// (redeem.IssuedCode.Back). It therefore does not restore points for a part of a gift card that is used meanwhile. If
// the call is repeated with the same By.Input, it returns the first result. It returns not_found if the redemption does
// not exist, already_resolved if the redemption is not committed, and code_used if a gift card was spent.
func (rs Redemptions) Reverse(
	ctx context.Context, p *loyalty.Program, id string, share *big.Rat, by ledger.By,
) (RedemptionResult, error) {
	r, err := rs.ExecutePrepared(ctx, func(ctx context.Context) (ledger.Command, *ledger.Result, error) {
		return rs.reversing(ctx, p, id, share, by)
	})
	if err != nil {
		return RedemptionResult{}, err
	}
	return redemptionResult(r.Entry(), r.Replayed), nil
}

// reversing returns the command that reverses a redemption, or the result if the same command has run before.
func (rs Redemptions) reversing(
	ctx context.Context, p *loyalty.Program, id string, share *big.Rat, by ledger.By,
) (c ledger.Command, done *ledger.Result, err error) {
	was, replay, err := rs.reversal(ctx, p.ID, id, by)
	if err != nil {
		return c, nil, err
	}
	if replay {
		return c, &ledger.Result{Entries: []loyalty.Entry{was}, Replayed: true}, nil
	}
	code, err := rs.issuedFor(ctx, p, was)
	if err != nil {
		return c, nil, err
	}
	target, issued, err := redeem.Returned(&p.Redemption, *was.Redemption, share, inventory.Issued(&code.CodeDoc))
	if err != nil {
		return c, nil, err
	}
	c = ledger.Command{
		Program: p, Member: was.Member, Others: members.Contributors(*was.Redemption), By: by,
		With: code.become(issued),
	}
	if redeem.GivesAllBack(&p.Redemption, share) {
		off, err := Fulfillments(rs).calledOff(ctx, p.ID, was)
		if err != nil {
			return c, nil, err
		}
		c.With = append(c.With, off...)
	}
	priors, err := members.Households{Ledger: rs.Ledger}.Contributions(ctx, p.ID, was)
	c.Decide = func(x ledger.Inputs) ([]posting.Outcome, error) {
		return redeem.ReverseTogether(engine.BeginAll(p, x.Accounts, x.Now), priors, target)
	}
	return c, nil, err
}

// reversal returns the last revision of a redemption, or the one that the same command wrote before.
func (rs Redemptions) reversal(
	ctx context.Context, program, id string, by ledger.By,
) (last loyalty.Entry, replay bool, err error) {
	last, replay, err = rs.amendment(ctx, program, loyalty.CauseRedemption, id, loyalty.KindRestore, by)
	if err == nil && (last.Cause.Revision == 0 || last.Redemption.Status == loyalty.Rejected) {
		err = ledger.NotFound("redemption")
	}
	return last, replay, err
}

// amendment returns the last revision of a cause, or zero if there is none. If the same command has already written a
// revision of the given kind, it returns that revision. A By.Input may end with a dot and a fingerprint of the other
// parameters. A command with the same key and a different fingerprint is rejected.
func (rs Redemptions) amendment(
	ctx context.Context, program, cause, id string, kind loyalty.Kind, by ledger.By,
) (last loyalty.Entry, replay bool, err error) {
	for e, err := range rs.Revisions(ctx, program, cause, id, true, 0) {
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
			return e, false, ledger.KeyReused()
		}
	}
	return last, false, nil
}

// keyOf returns the part of an entry's Input that was derived from the idempotency key.
func keyOf(e loyalty.Entry) string {
	key, _, _ := strings.Cut(e.Input, ".")
	return key
}

// A heldCode is the code of a redemption, with its item as read. The item's Version is 0 if the redemption has no
// individual code.
type heldCode struct {
	ledger.CodeDoc
	item table.Item
}

// issuedFor reads the code of a redemption. An older gift card does not store its initial value. For such a card,
// issuedFor takes the initial value from the program if possible.
func (rs Redemptions) issuedFor(ctx context.Context, p *loyalty.Program, e loyalty.Entry) (c heldCode, err error) {
	if e.Redemption.Code == "" {
		return c, nil
	}
	it, err := rs.Table.Get(ctx, ledger.CodeKey(p.ID, redeem.PlainCode(e.Redemption.Code)))
	if err != nil || it.Version == 0 {
		return c, ledger.Retryable(err)
	}
	d, err := inventory.ReadCode(it)
	if err != nil || d.Redemption != e.Redemption.ID {
		return c, err
	}
	if d.Currency != "" && d.Worth == 0 {
		d.Worth = d.Left
		if r, _ := redeem.FindReward(p.Rewards, d.Reward); string(r.Value.Currency) == d.Currency {
			d.Worth = max(d.Left, r.Value.Amount)
		}
	}
	return heldCode{d, it}, nil
}

// become returns the operation that stores the new state of the code, or none if the state is unchanged.
func (c heldCode) become(issued redeem.IssuedCode) []table.Op {
	if c.item.Version == 0 || issued == inventory.Issued(&c.CodeDoc) {
		return nil
	}
	inventory.Set(&c.CodeDoc, issued)
	c.item.Doc = stored.Encode(c.CodeDoc)
	return []table.Op{table.Put(c.item)}
}
