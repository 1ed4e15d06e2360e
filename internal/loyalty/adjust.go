package loyalty

import "time"

// Adjust corrects the balance of a wallet manually, up or down, with a reason from the caller. Points that it adds
// expire like points that members of the same level earn now. Points that it removes are those that expire first. It
// returns InsufficientPoints if the wallet has fewer points than it would remove, AmountNotPositive for 0 points and
// AmountOutOfRange for more than MaxPoints.
func (p *Program) Adjust(acc Account, id, wallet string, n Points, reason string, now time.Time) (Outcome, error) {
	switch _, ok := p.Wallet(wallet); {
	case !ok && wallet != "":
		return Outcome{}, p.noWallet("/wallet")
	case acc.Status != Active:
		return Outcome{}, frozen("")
	case n == 0:
		return Outcome{}, refuse(AmountNotPositive, "/points", "points must not be 0.")
	case n > MaxPoints || n < -MaxPoints:
		return Outcome{}, refuse(AmountOutOfRange, "/points", "points must be between -1000000000 and 1000000000.")
	}
	d := p.decide(acc, now)
	e := Entry{
		Kind: KindAdjust, Cause: Cause{CauseAdjustment, id, 1}, Effective: now,
		Reasons: []Reason{reasonIn(wallet, "adjustment", n, Says, reason)},
	}
	if n < 0 {
		var taken Points
		if e.Postings, taken = d.take(nil, wallet, -n); taken < -n {
			return Outcome{}, p.insufficient(acc, wallet, -n, "The adjustment requires")
		}
		e.Postings = append(e.Postings, Posting{Wallet: wallet, Bucket: BucketAdjusted, Points: -n})
	} else {
		expiry := p.expiry(wallet, acc.Tier.Level)
		given := []Posting{{Wallet: wallet, Bucket: BucketAdjusted, Points: -n}}
		e.Postings = d.activate(given, wallet, n, expiry.Date(now, acc.since(expiry), p.Zone), now)
	}
	if err := d.post(e); err != nil {
		return Outcome{}, err
	}
	return d.done()
}
