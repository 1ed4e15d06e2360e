package loyalty

import (
	"math/big"
	"slices"
	"time"
)

// Reverse returns points of a committed redemption after its order was refunded, under the rules of Returned for a
// redemption without a code. prior is the last revision of the redemption.
func (p *Program) Reverse(acc Account, prior Entry, share *big.Rat, now time.Time) (Outcome, error) {
	target, _, err := p.Returned(*prior.Redemption, share, IssuedCode{})
	if err != nil {
		return Outcome{}, err
	}
	return alone(p.ReverseTogether([]Account{acc}, []Entry{prior}, target, now))
}

// Returned returns how many points of a redemption are restored in total, including earlier reversals, and the new
// state of its code. By the program's terms these are all points, the refunded share of the order's money, or none; of
// a gift card never more than its unspent part. share covers all refunds together: a repeated call restores nothing more,
// and a call with a greater share restores the difference.
//
// The error is already_resolved unless the redemption was committed, code_used if nothing more can be restored because the
// card was spent, and validation_failed if the program's terms do not allow more.
func (p *Program) Returned(r Redemption, share *big.Rat, code IssuedCode) (Points, IssuedCode, error) {
	switch {
	case r.Status != Committed:
		return 0, code, refuse(AlreadyResolved, "", "Only a committed redemption can be reversed.")
	case share.Sign() <= 0 || share.Cmp(big.NewRat(1, 1)) > 0:
		return 0, code, refuse(AmountOutOfRange, "/refunded",
			"The refunded amount must be above 0 and at most the paid amount.")
	}
	target := r.Points
	switch p.Redemption.OnRefund {
	case ShareBack:
		target, _ = exactOf(share).mul(whole(int64(r.Points))).round(Down)
	case NoneBack:
		target = 0
	}
	if r.Points > 0 && target <= r.Restored {
		return 0, code, refuse(ValidationFailed, "", "The program's rules do not allow restoring more points.")
	}
	code, target = code.Back(target, r.Points)
	if r.Points > 0 && target <= r.Restored {
		return 0, code, refuse(CodeUsed, "", "The gift card was used. Points for its used value are not restored.")
	}
	return target, code, nil
}

// ReverseTogether restores points of a redemption to the accounts of CommitTogether. target is the total of all
// reversals. priors are the last revisions of the redemption and of the contributions to it. The last contributor gets
// points back first. A member can claim a reversed perk again, up to its limit.
func (p *Program) ReverseTogether(accs []Account, priors []Entry, target Points, now time.Time) ([]Outcome, error) {
	return p.restore(accs, priors, target, Reversed, now)
}

// restore restores points of a committed redemption. target is the total of everything restored.
func (p *Program) restore(
	accs []Account, priors []Entry, target Points, why RedemptionStatus, now time.Time,
) ([]Outcome, error) {
	n := target - priors[0].Redemption.Restored
	outs := make([]Outcome, len(accs))
	for i := len(accs) - 1; i > 0; i-- {
		part := min(n, total(priors[i].Redemption.Lots))
		if n -= part; part == 0 {
			continue
		}
		back := priors[i].Redemption.Restored + part
		d := p.decide(accs[i], now)
		if err := d.restore(priors[i], back, part, why); err != nil {
			return nil, err
		}
		outs[i] = d.Outcome
	}
	d := p.decide(accs[0], now)
	err := d.restore(priors[0], target, n, why)
	outs[0] = d.Outcome
	return outs, err
}

// restore restores n points that an account has spent. back is the new total.
func (d *decision) restore(prior Entry, back, n Points, why RedemptionStatus) error {
	r := *prior.Redemption
	e := Entry{
		Kind: KindRestore, Cause: r.cause(d.Account.Member, prior.Cause.Revision+1), Effective: d.now, Redemption: &r,
		Reasons: []Reason{r.reason(n, WasReturned, string(why))},
	}
	if n > 0 {
		e.Postings = []Posting{{Wallet: r.Wallet, Bucket: BucketRedeemed, Points: -n}}
	}
	e = d.drain(e, back)
	r.Restored = back
	r.Lots = slices.Clone(r.Lots)
	for i := len(r.Lots) - 1; i >= 0 && n > 0; i-- { // lots that expire last come first
		part := min(n, r.Lots[i].Points)
		e.Postings = d.arrive(e.Postings, r.Wallet, part, d.gracious(r.Lots[i].Expires, d.now), d.now)
		r.Lots[i].Points -= part
		n -= part
	}
	if r.Restored == r.Points {
		r.Status = Reversed
		d.undo(&e, r)
	}
	return d.post(lostToExpiry(e))
}
