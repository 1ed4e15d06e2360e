package loyalty

import (
	"slices"
	"time"
)

// Commit spends the points that a redemption reserves. If n is not 0, it spends only n points and returns the others.
// Only redemptions whose value is proportional to their cost can be committed in part: payments with points, which then
// take no more points than the amount that they pay costs, and points of another wallet. Commit rejects a part of any
// other reward with amount_out_of_range, and a part that is too small to buy anything. The account must have been
// advanced to now, so that a reservation that is still open has not expired.
func (p *Program) Commit(acc Account, r Redemption, n Points, now time.Time) (Outcome, error) {
	return alone(p.CommitTogether([]Account{acc}, r, p, n, now))
}

// CommitTogether is like Commit, for redemptions to which others contribute. The accounts are that of the redemption
// and then those of the contributors, in the order of Contributions. Unused points are returned to the last
// contributors first. rules is the program version under which the redemption was reserved, or the receiver itself. It
// defines the reward (its value, code and credits, and the rate of a payment), because a reward that has changed or
// been removed since was promised on those terms.
func (p *Program) CommitTogether(
	accs []Account, r Redemption, rules *Program, n Points, now time.Time,
) ([]Outcome, error) {
	holds, held, err := holdsOf(accs, r)
	if err != nil {
		return nil, err
	}
	r = holds[0].Redemption
	switch {
	case slices.ContainsFunc(accs, func(acc Account) bool { return acc.Status != Active }):
		return nil, frozen("")
	case n == 0:
		n = held
	case n < 0 || n > held:
		return nil, refuse(AmountOutOfRange, "/points", "points must be from 1 to "+points(held)+", the reserved points.")
	}
	if r, err = rules.inPart(r, held, n); err != nil {
		return nil, err
	}
	outs := make([]Outcome, len(accs))
	n, r.Contributions = r.Points, nil
	rest := n - min(n, holds[0].Points())
	for i := 1; i < len(accs); i++ {
		part := min(rest, holds[i].Points())
		rest -= part
		if part > 0 {
			r.Contributions = append(r.Contributions, Contribution{accs[i].Member, part})
		}
		d := p.decide(accs[i], now)
		if outs[i], err = d.contributed(holds[i], part); err != nil {
			return nil, err
		}
	}
	outs[0], err = p.decide(accs[0], now).spend(r, holds[0], rules, min(n, holds[0].Points()))
	return outs, err
}

// inPart returns a redemption that spends n of its reserved points. A payment spends no more points than its discount
// costs. The error is amount_out_of_range if n points buy nothing, or if the reward cannot be committed in part.
func (p *Program) inPart(r Redemption, held, n Points) (Redemption, error) {
	reward, _ := p.Reward(r.Reward)
	rate, ok := p.Redemption.Pay.Rates[r.Value.Currency]
	var buys int64
	switch r.Points = n; {
	case n == held:
		return r, nil
	case r.Reward == PayReward && ok:
		buys, _ = rate.perPoint().mul(whole(int64(n))).floor()
		r.Value.Amount = min(buys, r.Value.Amount)
		r.Points = need(r.Value.Amount, rate.perPoint())
	case reward.Wallet != "":
		buys, _ = share(int64(n), int64(held)).mul(whole(int64(reward.Points))).floor()
	default:
		return r, refuse(AmountOutOfRange, "/points",
			"The reward can only be redeemed in full, for all "+points(held)+" reserved points.")
	}
	if buys == 0 {
		return r, refuse(AmountOutOfRange, "/points", "Too few points for any value. Use more points, or cancel the redemption.")
	}
	return r, nil
}

// spend commits n points of a reservation with the redemption r and returns the others. rules defines the reward.
func (d *decision) spend(r Redemption, h Hold, rules *Program, n Points) (Outcome, error) {
	e := Entry{
		Kind: KindRedeem, Cause: r.cause(d.Account.Member, 2), Effective: d.now, Redemption: &r,
		Reasons: []Reason{r.reason(0, WasSpent, points(n))}, Usage: d.p.pays(r, 1),
	}
	var used []Lot
	rest := n
	for _, l := range h.Lots {
		part := min(rest, l.Points)
		rest -= part
		e.Postings = append(e.Postings, Posting{
			Wallet: r.Wallet, Bucket: BucketReserved, Lot: l.Expires, Points: -l.Points,
		})
		if part > 0 {
			used = append(used, Lot{l.Expires, part})
		}
		if back := l.Points - part; back > 0 {
			e.Postings = d.arrive(e.Postings, r.Wallet, back, d.gracious(l.Expires, d.now), d.now)
		}
	}
	e.Postings = spent(e.Postings, r.Wallet, n)
	if back := h.Points() - n; back > 0 {
		e.Reasons = append(e.Reasons, r.reason(back, WasReturned, "unused"))
	}
	reward, _ := rules.Reward(r.Reward)
	if r.By != "" {
		reward = Reward{} // the code belongs to the redemption in the other account
	}
	rules.claim(&r, &reward, used, d.now)
	d.fill(&e, &reward, h.Redemption.Points)
	d.redemptionActivity(&e)
	if err := d.post(lostToExpiry(e)); err != nil {
		return Outcome{}, err
	}
	return d.done()
}

// Cancel returns the points that a redemption reserves to their lots. Points of a lot that has expired meanwhile are
// lost: except for the program's grace, a reservation never extends the life of points.
func (p *Program) Cancel(acc Account, r Redemption, now time.Time) (Outcome, error) {
	return alone(p.CancelTogether([]Account{acc}, r, now))
}

// CancelTogether is like Cancel, for the accounts of CommitTogether.
func (p *Program) CancelTogether(accs []Account, r Redemption, now time.Time) ([]Outcome, error) {
	holds, _, err := holdsOf(accs, r)
	if err != nil {
		return nil, err
	}
	outs := make([]Outcome, len(accs))
	for i, acc := range accs {
		if outs[i], err = p.decide(acc, now).end(holds[i], Canceled); err != nil {
			return nil, err
		}
	}
	return outs, nil
}

// holdsOf returns the open reservations of a redemption, one per account, and the total number of reserved points.
func holdsOf(accs []Account, r Redemption) (holds []Hold, sum Points, err error) {
	for _, acc := range accs {
		h, err := acc.hold(r)
		if err != nil {
			return nil, 0, err
		}
		holds, sum = append(holds, h), sum+h.Points()
	}
	return holds, sum, nil
}
