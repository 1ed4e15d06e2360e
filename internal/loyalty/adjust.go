package loyalty

import "time"

// Adjust corrects a balance by hand, up or down, for a reason that somebody gave. Points given live as long as
// those that members of the same level earn, from now on; points taken are those that would lapse first, and no more
// than there are.
func (p *Program) Adjust(acc Account, id string, n Points, reason string, now time.Time) (Outcome, error) {
	switch {
	case acc.Status != Active:
		return Outcome{}, refuse(AccountFrozen, "", "The account is frozen.")
	case n == 0:
		return Outcome{}, refuse(AmountNotPositive, "/points", "An adjustment of 0 points is none.")
	case n > MaxPoints || n < -MaxPoints:
		return Outcome{}, refuse(AmountOutOfRange, "/points", "One adjustment moves at most 1000000000 points.")
	}
	d := p.decide(acc, now)
	e := Entry{
		Kind: KindAdjust, Cause: Cause{CauseAdjustment, id, 1}, Effective: now,
		Because: []Because{Reason("adjustment", points(n), Says, reason)},
	}
	if n < 0 {
		var taken Points
		if e.Postings, taken = d.take(nil, -n); taken < -n {
			return Outcome{}, p.insufficient(acc, -n, "The adjustment takes")
		}
		e.Postings = append(e.Postings, Posting{Bucket: BucketAdjusted, Points: -n})
	} else {
		_, expiry := p.life("", acc.Tier.Level)
		e.Postings = d.activate([]Posting{{Bucket: BucketAdjusted, Points: -n}}, n, expiry.Date(now, acc.since(expiry), p.Zone), now)
	}
	if err := d.post(e); err != nil {
		return Outcome{}, err
	}
	if err := d.autoRedeem(now); err != nil {
		return Outcome{}, err
	}
	return d.Outcome, nil
}
