package loyalty

import "time"

// RedemptionStatus is how far a redemption is. Reserved is the only one that changes.
type RedemptionStatus string

const (
	Reserved  RedemptionStatus = "reserved"
	Committed RedemptionStatus = "committed"
	Cancelled RedemptionStatus = "cancelled"
	Lapsed    RedemptionStatus = "lapsed"
	Refused   RedemptionStatus = "refused"
)

// A Redemption is points spent, or about to be, on one reward.
type Redemption struct {
	ID     string
	Reward string
	Points Points
	Order  string // the order that it is for; may be empty
	Status RedemptionStatus
	At     time.Time // when it was asked for
	Until  time.Time // reserved until, exclusive; zero if it was committed at once
}

// MaxHolds is how many redemptions of one member may be open at a time: a bound on the account's size.
const MaxHolds = 20

// Redeem spends points on a reward: at once, or by reserving them until the program's hold has passed. The
// points are those that lapse first. The account must have been advanced to now.
func (p *Program) Redeem(acc Account, in Redemption, commit bool, now time.Time) (Outcome, error) {
	reward, ok := p.Reward(in.Reward)
	switch {
	case !ok:
		return Outcome{}, refuse(NotFound, "/reward", "There is no such reward.")
	case acc.Status != Active:
		return Outcome{}, refuse(AccountFrozen, "/member", "The account is frozen.")
	case !commit && len(acc.Holds) >= MaxHolds:
		return Outcome{}, refuse(ValidationFailed, "", "The member has 20 open redemptions already: commit or cancel one first.")
	}
	d := p.decide(acc, now)
	taken, n := d.take(nil, reward.Cost)
	if n < reward.Cost || acc.Debt > 0 {
		return Outcome{}, p.insufficient(acc, reward.Cost, "The reward costs", now)
	}
	in.Points, in.At = reward.Cost, now
	e := Entry{
		Kind: KindReserve, Cause: Cause{CauseRedemption, in.ID, 1}, Effective: now, Redemption: &in,
		Because: []Because{Reason("rewards."+reward.ID, points(-reward.Cost), IsCost, points(reward.Cost))},
	}
	if commit {
		in.Status = Committed
		e.Kind = KindRedeem
		e.Postings = append(taken, Posting{Bucket: BucketRedeemed, Points: reward.Cost})
	} else {
		in.Status, in.Until = Reserved, now.Add(p.Hold)
		e.Postings = mirror(taken, BucketReserved)
	}
	d.active(&e, "redemption", now)
	if err := d.post(e); err != nil {
		return Outcome{}, err
	}
	return d.Outcome, nil
}

// Commit spends what a redemption holds. The account must have been advanced to now, so a hold that is still
// there has not lapsed.
func (p *Program) Commit(acc Account, r Redemption, now time.Time) (Outcome, error) {
	h, err := acc.hold(r)
	if err != nil {
		return Outcome{}, err
	}
	if acc.Status != Active {
		return Outcome{}, refuse(AccountFrozen, "", "The account is frozen.")
	}
	d := p.decide(acc, now)
	r = h.Redemption
	r.Status = Committed
	e := Entry{
		Kind: KindRedeem, Cause: Cause{CauseRedemption, r.ID, 2}, Effective: now, Redemption: &r,
		Because: []Because{Reason("rewards."+r.Reward, "0", WasSpent, points(r.Points))},
	}
	for _, l := range h.Lots {
		e.Postings = append(e.Postings, Posting{Bucket: BucketReserved, Lot: l.Expires, Points: -l.Points})
	}
	e.Postings = append(e.Postings, Posting{Bucket: BucketRedeemed, Points: h.Points()})
	if err := d.post(e); err != nil {
		return Outcome{}, err
	}
	return d.Outcome, nil
}

// Cancel returns what a redemption holds to the lots that it came from, or to nobody where the lot has lapsed
// meanwhile: a hold never lengthens the life of a point.
func (p *Program) Cancel(acc Account, r Redemption, now time.Time) (Outcome, error) {
	h, err := acc.hold(r)
	if err != nil {
		return Outcome{}, err
	}
	d := p.decide(acc, now)
	if err := d.release(h, Cancelled, now); err != nil {
		return Outcome{}, err
	}
	return d.Outcome, nil
}

// hold finds the open hold of a redemption, or says why there is none.
func (a Account) hold(r Redemption) (Hold, error) {
	for _, h := range a.Holds {
		if h.Redemption.ID == r.ID {
			return h, nil
		}
	}
	return Hold{}, refuse(HoldAlreadyResolved, "", "The redemption was resolved before.")
}

func (d *decision) release(h Hold, as RedemptionStatus, at time.Time) error {
	r := h.Redemption
	r.Status = as
	e := Entry{
		Kind: KindRelease, Cause: Cause{CauseRedemption, r.ID, 2}, Effective: at, Redemption: &r,
		Because: []Because{Reason("rewards."+r.Reward, points(h.Points()), WasReturned, string(as))},
	}
	for _, l := range h.Lots {
		e.Postings = append(e.Postings, Posting{Bucket: BucketReserved, Lot: l.Expires, Points: -l.Points})
		e.Postings = d.activate(e.Postings, l.Points, l.Expires, at)
	}
	return d.post(lostToExpiry(e))
}

// insufficient says what is needed, what there is, and what will come next.
func (p *Program) insufficient(acc Account, needed Points, verb string, now time.Time) *Error {
	available := acc.Balance().Active
	unit := p.Unit.Other.In("en")
	if unit == "" {
		unit = "points"
	}
	detail := verb + " " + points(needed) + " " + unit + "; " + points(available) + " can be spent."
	if len(acc.Pending) > 0 && !acc.Pending[0].ActiveAt.IsZero() {
		next := acc.Pending[0]
		detail += " " + points(next.Points) + " more become active on " + next.ActiveAt.In(p.Zone).Format("2 January 2006") + "."
	}
	return &Error{Code: InsufficientPoints, Detail: detail, Needed: needed, Available: available}
}
