package loyalty

import "time"

// Adjust corrects the balance of a wallet by hand, up or down, for a reason that somebody gave. Points given live as
// long as those that members of the same level earn, from now on; points taken are those that would expire first, and no
// more than there are.
func (p *Program) Adjust(acc Account, id, wallet string, n Points, reason string, now time.Time) (Outcome, error) {
	switch _, ok := p.Wallet(wallet); {
	case !ok && wallet != "":
		return Outcome{}, p.noWallet("/wallet")
	case acc.Status != Active:
		return Outcome{}, frozen("")
	case n == 0:
		return Outcome{}, refuse(AmountNotPositive, "/points", "An adjustment of 0 points is none.")
	case n > MaxPoints || n < -MaxPoints:
		return Outcome{}, refuse(AmountOutOfRange, "/points", "One adjustment moves at most 1000000000 points.")
	}
	d := p.decide(acc, now)
	e := Entry{
		Kind: KindAdjust, Cause: Cause{CauseAdjustment, id, 1}, Effective: now,
		Reasons: []Reason{reasonIn(wallet, "adjustment", n, Says, reason)},
	}
	if n < 0 {
		var taken Points
		if e.Postings, taken = d.take(nil, wallet, -n); taken < -n {
			return Outcome{}, p.insufficient(acc, wallet, -n, "The adjustment takes")
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
