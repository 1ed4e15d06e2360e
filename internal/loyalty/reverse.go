package loyalty

import (
	"math/big"
	"slices"
	"time"
)

// Reverse gives back points of a redemption that was committed, because its order was refunded, as Returned says of one
// without a code. prior is the last revision of the redemption.
func (p *Program) Reverse(acc Account, prior Entry, share *big.Rat, now time.Time) (Outcome, error) {
	target, _, err := p.Returned(*prior.Redemption, share, IssuedCode{})
	if err != nil {
		return Outcome{}, err
	}
	return alone(p.ReverseTogether([]Account{acc}, []Entry{prior}, target, now))
}

// Returned is how many points of a redemption come back in all, those that earlier reversals gave back among them, and
// what becomes of its code: all of them, the share of the order's money that was refunded, or none, as the program says,
// and of a gift card for no more than is unspent. share is of all refunds together, so that repeating it changes nothing
// and a later one gives the difference. hold_already_resolved unless it was committed; code_used if nothing more comes
// back because the card was spent, validation_failed if the program's rules say so.
func (p *Program) Returned(r Redemption, share *big.Rat, code IssuedCode) (Points, IssuedCode, error) {
	switch {
	case r.Status != Committed:
		return 0, code, refuse(AlreadyResolved, "", "Only a redemption that was committed can be reversed.")
	case share.Sign() <= 0 || share.Cmp(big.NewRat(1, 1)) > 0:
		return 0, code, refuse(AmountOutOfRange, "/refunded", "What was refunded is above nothing, and at most what was paid.")
	}
	target := r.Points
	switch p.Redemption.OnRefund {
	case ShareBack:
		target, _ = exactOf(share).mul(whole(int64(r.Points))).round(Down)
	case NoneBack:
		target = 0
	}
	if r.Points > 0 && target <= r.Restored {
		return 0, code, refuse(ValidationFailed, "", "By the program's rules nothing more is given back.")
	}
	code, target = code.Back(target, r.Points)
	if r.Points > 0 && target <= r.Restored {
		return 0, code, refuse(CodeUsed, "", "The gift card was spent: for what is spent nothing is given back.")
	}
	return target, code, nil
}

// ReverseTogether gives back so many of the points of a redemption, all reversals together, to the accounts of
// CommitTogether. priors are the last revisions of the redemption and of what others contributed to it. Who contributed
// last has points back first. A perk, which cost nothing, can be had again, as often as its limit says.
func (p *Program) ReverseTogether(accs []Account, priors []Entry, target Points, now time.Time) ([]Outcome, error) {
	return p.restore(accs, priors, target, Reversed, now)
}

// restore gives back so many of the points of a redemption that was committed, all that is given back together.
func (p *Program) restore(accs []Account, priors []Entry, target Points, why RedemptionStatus, now time.Time) ([]Outcome, error) {
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

// restore gives back n points of what an account has spent, which makes back in all.
func (d *decision) restore(prior Entry, back, n Points, why RedemptionStatus) error {
	r := *prior.Redemption
	e := Entry{
		Kind: KindRestore, Cause: r.cause(d.Account.Member, prior.Cause.Revision+1), Effective: d.now, Redemption: &r,
		Reasons: []Reason{r.reason(n, WasReturned, string(why))},
	}
	if n > 0 {
		e.Postings = []Posting{{Wallet: r.Wallet, Bucket: BucketRedeemed, Points: -n}}
	}
	e = d.drain(e, back-r.Restored)
	r.Restored = back
	r.Lots = slices.Clone(r.Lots)
	for i := len(r.Lots) - 1; i >= 0 && n > 0; i-- { // what lives longest first
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
