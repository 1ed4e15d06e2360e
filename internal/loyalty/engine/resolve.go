package engine

import (
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
)

// contributed completes a member's contribution to a redemption. The parameter n is the number of the contributed
// points that were spent. If n is 0, the contribution is canceled.
func contributed(d *posting.Decision, h loyalty.Hold, n loyalty.Points) (posting.Outcome, error) {
	if n == 0 {
		return redeem.EndHold(d, h, loyalty.Canceled)
	}
	r := h.Redemption
	r.Points = n
	return spend(d, r, h, d.P, n)
}

// Commit spends the points that a redemption reserves. If n is not 0, it spends only n points and returns the others.
// Only redemptions whose value is proportional to their cost can be committed in part: payments with points, and
// rewards that give points of another wallet. A payment then takes no more points than the paid amount requires. Commit
// rejects a part of any other reward with amount_out_of_range, and also a part that is too small to buy anything. The
// account must have been advanced to now, so that a reservation that is still open has not expired.
func Commit(
	p *loyalty.Program, acc loyalty.Account, r loyalty.Redemption, n loyalty.Points, now time.Time,
) (posting.Outcome, error) {
	return redeem.Single(CommitTogether(p, []loyalty.Account{acc}, r, p, n, now))
}

// CommitTogether is like Commit, for redemptions to which other members contribute. The first account is the redeeming
// member's. The others are the contributors' accounts, in the order of Redemption.Contributions. Unused points are
// returned to the last contributors first. The parameter rules is the program version under which the redemption was
// reserved, which may be p itself. It defines the reward (its value, code and credits, and the rate of a payment). The
// member was promised these terms, so they apply even if the reward has changed or was removed since.
func CommitTogether(
	p *loyalty.Program,
	accs []loyalty.Account, r loyalty.Redemption, rules *loyalty.Program, n loyalty.Points, now time.Time,
) ([]posting.Outcome, error) {
	holds, held, err := holdsOf(accs, r)
	if err != nil {
		return nil, err
	}
	r = holds[0].Redemption
	switch {
	case slices.ContainsFunc(accs, func(acc loyalty.Account) bool { return acc.Status != loyalty.Active }):
		return nil, loyalty.RefuseFrozen("")
	case n == 0:
		n = held
	case n < 0 || n > held:
		return nil, loyalty.Refuse(
			loyalty.AmountOutOfRange, "/points",
			"points must be from 1 to "+loyalty.FormatPoints(held)+", the reserved points.",
		)
	}
	if r, err = inPart(rules, r, held, n); err != nil {
		return nil, err
	}
	outs := make([]posting.Outcome, len(accs))
	n, r.Contributions = r.Points, nil
	rest := n - min(n, holds[0].Points())
	for i := 1; i < len(accs); i++ {
		part := min(rest, holds[i].Points())
		rest -= part
		if part > 0 {
			r.Contributions = append(r.Contributions, loyalty.Contribution{Member: accs[i].Member, Points: part})
		}
		d := posting.Decide(p, accs[i], now)
		if outs[i], err = contributed(d, holds[i], part); err != nil {
			return nil, err
		}
	}
	outs[0], err = spend(posting.Decide(p, accs[0], now), r, holds[0], rules, min(n, holds[0].Points()))
	return outs, err
}

// inPart returns a redemption that spends n of its reserved points. A payment spends no more points than its amount of
// money requires. The error is amount_out_of_range if n points buy nothing, or if the reward cannot be committed in
// part.
func inPart(p *loyalty.Program, r loyalty.Redemption, held, n loyalty.Points) (loyalty.Redemption, error) {
	reward, _ := redeem.FindReward(p.Rewards, r.Reward)
	rate, ok := p.Redemption.Pay.Rates[r.Value.Currency]
	var buys int64
	switch r.Points = n; {
	case n == held:
		return r, nil
	case r.Reward == redeem.PayReward && ok:
		buys, _ = rate.PerPoint().Mul(exact.Whole(int64(n))).Floor()
		r.Value.Amount = min(buys, r.Value.Amount)
		r.Points = redeem.PointsNeeded(r.Value.Amount, rate.PerPoint())
	case reward.Wallet != "":
		buys, _ = exact.Fraction(int64(n), int64(held)).Mul(exact.Whole(int64(reward.Points))).Floor()
	default:
		return r, loyalty.Refuse(loyalty.AmountOutOfRange, "/points",
			"The reward can only be redeemed in full, for all "+loyalty.FormatPoints(held)+" reserved points.")
	}
	if buys == 0 {
		return r, loyalty.Refuse(
			loyalty.AmountOutOfRange, "/points",
			"Too few points for any value. Use more points, or cancel the redemption.",
		)
	}
	return r, nil
}

// spend commits n points of a reservation with the redemption r and returns the others. The parameter rules defines the
// reward.
func spend(
	d *posting.Decision, r loyalty.Redemption, h loyalty.Hold, rules *loyalty.Program, n loyalty.Points,
) (posting.Outcome, error) {
	e := loyalty.Entry{
		Kind: loyalty.KindRedeem, Cause: redeem.RedemptionCause(r, d.Account.Member, 2), Effective: d.Now,
		Detail: loyalty.Detail{
			Subject:    loyalty.Subject{Redemption: &r},
			Remembered: loyalty.Remembered{Usage: redeem.PaymentUsage(d.P.Zone, r, 1)},
		},
		Reasons: []loyalty.Reason{redeem.RedemptionReason(&r, 0, loyalty.WasSpent, loyalty.FormatPoints(n))},
	}
	var used []loyalty.Lot
	rest := n
	for _, l := range h.Lots {
		part := min(rest, l.Points)
		rest -= part
		e.Postings = append(e.Postings, loyalty.Posting{
			Wallet: r.Wallet, Bucket: loyalty.BucketReserved, Lot: l.Expires, Points: -l.Points,
		})
		if part > 0 {
			used = append(used, loyalty.Lot{Expires: l.Expires, Points: part})
		}
		if back := l.Points - part; back > 0 {
			e.Postings = d.Arrive(e.Postings, r.Wallet, back, redeem.GraceExpiry(d, l.Expires, d.Now), d.Now)
		}
	}
	e.Postings = redeem.SpentPostings(e.Postings, r.Wallet, n)
	if back := h.Points() - n; back > 0 {
		e.Reasons = append(e.Reasons, redeem.RedemptionReason(&r, back, loyalty.WasReturned, "unused"))
	}
	reward, _ := redeem.FindReward(rules.Rewards, r.Reward)
	if r.By != "" {
		reward = loyalty.Reward{} // this is a contributor's account; only the redeeming member's account gets the code
	}
	redeem.IssueCode(&rules.Redemption, rules.Zone, &r, &reward, used, d.Now)
	redeem.CreditWallet(d, &e, &reward, h.Redemption.Points)
	redeem.RedemptionActivity(d, &e)
	if err := d.Post(posting.LostToExpiry(e)); err != nil {
		return posting.Outcome{}, err
	}
	return redeem.Finish(d)
}

// Cancel returns the points that a redemption reserves to their lots. Points of a lot that has expired meanwhile are
// lost, because a reservation postpones no expiry. Only the program's grace period may postpone it.
func Cancel(p *loyalty.Program, acc loyalty.Account, r loyalty.Redemption, now time.Time) (posting.Outcome, error) {
	return redeem.Single(CancelTogether(p, []loyalty.Account{acc}, r, now))
}

// CancelTogether is like Cancel, for the same accounts as CommitTogether.
func CancelTogether(
	p *loyalty.Program, accs []loyalty.Account, r loyalty.Redemption, now time.Time,
) ([]posting.Outcome, error) {
	holds, _, err := holdsOf(accs, r)
	if err != nil {
		return nil, err
	}
	outs := make([]posting.Outcome, len(accs))
	for i, acc := range accs {
		if outs[i], err = redeem.EndHold(posting.Decide(p, acc, now), holds[i], loyalty.Canceled); err != nil {
			return nil, err
		}
	}
	return outs, nil
}

// holdsOf returns the open reservations of a redemption, one per account, and the total number of reserved points.
func holdsOf(accs []loyalty.Account, r loyalty.Redemption) (holds []loyalty.Hold, sum loyalty.Points, err error) {
	for _, acc := range accs {
		h, err := redeem.FindHold(acc, r)
		if err != nil {
			return nil, 0, err
		}
		holds, sum = append(holds, h), sum+h.Points()
	}
	return holds, sum, nil
}
