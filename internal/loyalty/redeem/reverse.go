package redeem

import (
	"math/big"
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// Reverse restores points of a committed redemption after its order was refunded, under the rules of Returned for a
// redemption without a code. The parameter prior is the last revision of the redemption.
func Reverse(d *posting.Decision, prior loyalty.Entry, share *big.Rat) (posting.Outcome, error) {
	target, _, err := Returned(&d.P.Redemption, *prior.Redemption, share, IssuedCode{})
	if err != nil {
		return posting.Outcome{}, err
	}
	return Single(ReverseTogether([]*posting.Decision{d}, []loyalty.Entry{prior}, target))
}

// Returned returns how many points of a redemption are restored in total, including earlier reversals, and the new
// state of its code. Depending on the program's terms, all points are restored, or the refunded share of the order's
// money, or none. For a gift card, only the points for its unspent value are restored. The parameter share covers all
// refunds together: a repeated call restores nothing more, and a call with a greater share restores the difference.
//
// The error is already_resolved unless the redemption was committed, code_used if nothing more can be restored because
// the card was spent, and validation_failed if the program's terms do not allow more.
func Returned(
	terms *loyalty.RedemptionTerms, r loyalty.Redemption, share *big.Rat, code IssuedCode,
) (loyalty.Points, IssuedCode, error) {
	switch {
	case r.Status != loyalty.Committed:
		return 0, code, loyalty.Refuse(loyalty.AlreadyResolved, "", "Only a committed redemption can be reversed.")
	case share.Sign() <= 0 || share.Cmp(big.NewRat(1, 1)) > 0:
		return 0, code, loyalty.Refuse(loyalty.AmountOutOfRange, "/refunded",
			"The refunded amount must be above 0 and at most the paid amount.")
	}
	target := r.Points
	switch terms.OnRefund {
	case loyalty.ShareBack:
		target, _ = loyalty.RoundPoints(exact.Of(share).Mul(exact.Whole(int64(r.Points))), loyalty.Down)
	case loyalty.NoneBack:
		target = 0
	}
	if r.Points > 0 && target <= r.Restored {
		return 0, code, loyalty.Refuse(
			loyalty.ValidationFailed, "", "The program's rules do not allow restoring more points.",
		)
	}
	code, target = code.Back(target, r.Points)
	if r.Points > 0 && target <= r.Restored {
		return 0, code, loyalty.Refuse(
			loyalty.CodeUsed, "", "The gift card was used. Points for its used value are not restored.",
		)
	}
	return target, code, nil
}

// ReverseTogether restores points of a redemption to the accounts of the member who redeemed and of the contributors,
// which are in the same order as for engine.CommitTogether. The parameter target is the total of all reversals. The
// parameter priors contains the last revisions of the redemption and of the contributions to it. The last contributor
// gets points back first. A member can claim a reversed perk again, up to its limit.
func ReverseTogether(
	ds []*posting.Decision, priors []loyalty.Entry, target loyalty.Points,
) ([]posting.Outcome, error) {
	return restore(ds, priors, target, loyalty.Reversed)
}

// restore restores points of a committed redemption. The parameter target is the total number of restored points,
// including earlier reversals.
func restore(
	ds []*posting.Decision, priors []loyalty.Entry, target loyalty.Points, why loyalty.RedemptionStatus,
) ([]posting.Outcome, error) {
	n := target - priors[0].Redemption.Restored
	outs := make([]posting.Outcome, len(ds))
	for i := len(ds) - 1; i > 0; i-- {
		part := min(n, loyalty.TotalPoints(priors[i].Redemption.Lots))
		if n -= part; part == 0 {
			continue
		}
		back := priors[i].Redemption.Restored + part
		if err := restorePoints(ds[i], priors[i], back, part, why); err != nil {
			return nil, err
		}
		outs[i] = ds[i].Outcome
	}
	err := restorePoints(ds[0], priors[0], target, n, why)
	outs[0] = ds[0].Outcome
	return outs, err
}

// restorePoints restores n points that were spent from an account. The caller also passes the new total of restored
// points.
func restorePoints(
	d *posting.Decision, prior loyalty.Entry, back, n loyalty.Points, why loyalty.RedemptionStatus,
) error {
	r := *prior.Redemption
	e := loyalty.Entry{
		Kind: loyalty.KindRestore, Cause: RedemptionCause(r, d.Account.Member, prior.Cause.Revision+1),
		Effective: d.Now, Detail: loyalty.Detail{Subject: loyalty.Subject{Redemption: &r}},
		Reasons: []loyalty.Reason{RedemptionReason(&r, n, loyalty.WasReturned, string(why))},
	}
	if n > 0 {
		e.Postings = []loyalty.Posting{{Wallet: r.Wallet, Bucket: loyalty.BucketRedeemed, Points: -n}}
	}
	e = drain(d, e, back)
	r.Restored = back
	r.Lots = slices.Clone(r.Lots)
	for i := len(r.Lots) - 1; i >= 0 && n > 0; i-- { // begin with the lots that expire last
		part := min(n, r.Lots[i].Points)
		e.Postings = d.Arrive(e.Postings, r.Wallet, part, GraceExpiry(d, r.Lots[i].Expires, d.Now), d.Now)
		r.Lots[i].Points -= part
		n -= part
	}
	if r.Restored == r.Points {
		r.Status = loyalty.Reversed
		undo(d, &e, r)
	}
	return d.Post(posting.LostToExpiry(e))
}
