package loyalty

import (
	"slices"
	"time"
)

// Commit spends what a redemption holds, or only so many of its points and gives the others back; zero is all of
// them. A part is for what is worth as much as is paid for it: a payment with points, which takes no more of them than
// what it pays then costs, and points of another wallet. Any other reward is had as a whole: fewer points than it costs
// are refused with amount_out_of_range, and so are those that buy nothing. The account must have been advanced to now, so
// a hold that is still there has not expired.
func (p *Program) Commit(acc Account, r Redemption, n Points, now time.Time) (Outcome, error) {
	return alone(p.CommitTogether([]Account{acc}, r, p, n, now))
}

// CommitTogether is Commit where others contribute: the accounts are that of the redemption, and then theirs, in the
// order of Drawn. What is left over is given back to those who contributed last. What the reward is (its value, its
// code, what it gives, the rate of a payment) is as rules say, the version under which it was reserved, or the receiver
// itself: a reward that has changed since, or is gone, was promised before.
func (p *Program) CommitTogether(accs []Account, r Redemption, rules *Program, n Points, now time.Time) ([]Outcome, error) {
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
		return nil, refuse(AmountOutOfRange, "/points", "The redemption holds "+points(held)+" points.")
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

// inPart is a redemption of which n of the points that it holds are to be spent: of a payment no more than its discount
// costs. amount_out_of_range if so many buy nothing, or a part of what is had as a whole.
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
		return r, refuse(AmountOutOfRange, "/points", "The reward is had as a whole, for the "+points(held)+" points that the redemption holds.")
	}
	if buys == 0 {
		return r, refuse(AmountOutOfRange, "/points", "So few points buy nothing.")
	}
	return r, nil
}

// spend commits n points of a hold, which become those of r, and gives its others back. rules say what the reward is.
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
		e.Postings = append(e.Postings, Posting{Wallet: r.Wallet, Bucket: BucketReserved, Lot: l.Expires, Points: -l.Points})
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
		reward = Reward{} // the code is whose the redemption is
	}
	rules.claim(&r, &reward, used, d.now)
	d.fill(&e, &reward, h.Redemption.Points)
	d.redemptionActivity(&e)
	if err := d.post(lostToExpiry(e)); err != nil {
		return Outcome{}, err
	}
	return d.done()
}

// Cancel returns what a redemption holds to the lots that it came from, or to nobody where the lot has expired
// meanwhile: but for the program's grace a hold never lengthens the life of a point.
func (p *Program) Cancel(acc Account, r Redemption, now time.Time) (Outcome, error) {
	return alone(p.CancelTogether([]Account{acc}, r, now))
}

// CancelTogether is Cancel for the accounts of CommitTogether.
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

// holdsOf is the open holds of a redemption, one in each account, and how many points they hold together.
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
