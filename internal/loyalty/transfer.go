package loyalty

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"
)

// Points that one member gives to another keep their lots, so that a transfer does not extend their life. A lot arrives
// with the day on which it would have expired, and expires immediately if that day is over. A lot that activity would
// extend arrives with the day that it has reached, and no activity extends it: otherwise members could choose whose
// activity extends it. Pending points never move, nor do the points of a member in debt. A transfer earns nothing,
// counts for no level, and is an activity of neither member.

// Transfers are the rules by which members may give points to each other. The zero Transfers disables transfers.
type Transfers struct {
	Min    Points  // the least points of one transfer; 0 disables transfers
	Max    Points  // the most points of one transfer; 0 for no limit
	Step   Points  // points are given in multiples of this; 0 for 1
	Limits []Limit // how often a member may give
	AtMost []Cap   // how many points a member may give, without fees
	Fee    Fee     // the fee that the giver pays in addition
	Accept Period  // how long the recipient can accept an offer; zero: the points move immediately
}

// A Fee is the points that a transfer costs in addition to those that arrive: a fixed number, or a share of those,
// rounded up. No member receives them.
type Fee struct {
	Points Points
	Share  *big.Rat // below 1; nil for Points
}

// of returns the fee for giving n points.
func (f Fee) of(n Points) Points {
	if f.Share == nil {
		return f.Points
	}
	fee, _ := exactOf(f.Share).mul(whole(int64(n))).round(Up)
	return fee
}

// MaxOffer limits how long an offer can be accepted.
const MaxOffer = 90 * 24 * time.Hour

// Key returns the key of transfers among the program's rules, for their limits and reasons.
func (Transfers) Key() string { return "transfers" }

// Transfer gives points of one member to another. The points move immediately or, if the program requires acceptance,
// are reserved until the offer is resolved or expires. It takes the points that expire first; the fee takes the
// earliest of them. The outcomes are those of from and to, in this order. An offer does not change the account of to.
// Both accounts must have been advanced to now.
func (p *Program) Transfer(from, to Account, in Redemption, now time.Time) ([]Outcome, error) {
	if err := p.mayGive(from, to, in.Points, now); err != nil {
		return nil, err
	}
	d := p.decide(from, now)
	in.To, in.Fee, in.At = to.Member, p.Transfers.Fee.of(in.Points), now
	all := in.Points + in.Fee
	taken, n := d.take(nil, "", all)
	if n < all || p.inDebt(from) {
		return nil, p.insufficient(from, "", all, "The transfer requires")
	}
	e := Entry{
		Kind: KindTransfer, Cause: in.cause(from.Member, 1), Effective: now, Redemption: &in, Usage: p.gives(in, 1),
		Reasons: []Reason{NewReason(p.Transfers.Key(), points(-in.Points), WasSent, points(in.Points))},
	}
	if in.Fee > 0 {
		e.Reasons = append(e.Reasons, NewReason(p.Transfers.Key(), points(-in.Fee), IsFee, points(in.Fee)))
	}
	if p.Transfers.Accept.IsZero() {
		in.Status, e.Postings = Accepted, taken
		return d.deliver(e, lotsOf(taken), to)
	}
	e.Kind, e.Postings = KindOffer, mirror(taken, BucketReserved)
	in.Status, in.Until = Offered, p.Transfers.Accept.After(now, p.Zone)
	if err := d.post(e); err != nil {
		return nil, err
	}
	return []Outcome{d.Outcome, {Account: to}}, nil
}

// mayGive returns why a member cannot give n points to another, other than an insufficient balance.
func (p *Program) mayGive(from, to Account, n Points, now time.Time) error {
	t := &p.Transfers
	most := MaxPoints
	if t.Max > 0 {
		most = t.Max
	}
	switch {
	case t.Min == 0:
		return refuse(ValidationFailed, "", "The program has no transfers. Add transfers to the program file to allow them.")
	case from.Member == to.Member:
		return refuse(ValidationFailed, "/to", "The recipient must be another member.")
	case from.Status != Active:
		return frozen("")
	case to.Status != Active:
		return frozen("/to")
	case n <= 0:
		return refuse(AmountNotPositive, "/points", "points must be above 0.")
	case n < t.Min || n > most:
		return refuse(AmountOutOfRange, "/points", "points must be from "+points(t.Min)+" to "+points(most)+".")
	case t.Step > 1 && n%t.Step != 0:
		return refuse(AmountOutOfRange, "/points", "points must be a multiple of "+points(t.Step)+".")
	case !t.Accept.IsZero() && len(from.Holds) >= MaxHolds:
		return refuse(
			ValidationFailed, "",
			"The member already has 20 open redemptions and offers, which is the limit.",
		)
	}
	return p.withinLimits(from, n, DateOf(now, p.Zone))
}

func (p *Program) withinLimits(from Account, n Points, day Date) error {
	key := p.Transfers.Key()
	if l, full := from.exhausted(key, p.Transfers.Limits, day); full {
		return refuse(ValidationFailed, "", "The member has reached the limit of transfers: "+l.often()+".")
	}
	for _, c := range p.Transfers.AtMost {
		if left := c.Points - Points(from.used(key, false, c.Per, c.Per.ends(day))); n > left {
			return refuse(
				AmountOutOfRange, "/points",
				"A member can give at most "+c.String()+"; "+points(max(0, left))+" remain.",
			)
		}
	}
	return nil
}

// gives returns the usage of limits by a transfer, times sign: 1 when it is made, -1 when it is declined, canceled or
// expired.
func (p *Program) gives(r Redemption, sign int64) (out []Usage) {
	key, day := p.Transfers.Key(), DateOf(r.At, p.Zone)
	for _, l := range p.Transfers.Limits {
		out = append(out, l.usage(key, day, sign))
	}
	for _, c := range p.Transfers.AtMost {
		out = append(out, c.usage(key, day, Points(sign)*r.Points))
	}
	return out
}

// Accept moves the reserved points of an offer to its recipient. While the giver is in debt, the offer cannot be
// accepted. Both accounts must have been advanced to now, so that an offer that still exists has not expired.
func (p *Program) Accept(from, to Account, r Redemption, now time.Time) ([]Outcome, error) {
	h, err := from.hold(r)
	switch {
	case err != nil:
		return nil, err
	case from.Status != Active || to.Status != Active:
		return nil, frozen("")
	case p.inDebt(from):
		return nil, p.insufficient(from, "", from.Debt, "The giver is in debt. Repaying it requires")
	}
	d := p.decide(from, now)
	r = h.Redemption
	r.Status = Accepted
	e := Entry{
		Kind: KindTransfer, Cause: r.cause(from.Member, 2), Effective: now, Redemption: &r,
		Reasons: []Reason{NewReason(p.Transfers.Key(), "0", WasAccepted, points(r.Points))},
	}
	for _, l := range h.Lots {
		e.Postings = append(e.Postings, Posting{Bucket: BucketReserved, Lot: l.Expires, Points: -l.Points})
	}
	return d.deliver(e, h.Lots, to)
}

// deliver posts the giver's entry, by which the lots leave the account, and the entry by which they arrive in the
// recipient's account.
func (d *decision) deliver(e Entry, lots []Lot, to Account) ([]Outcome, error) {
	r := e.Redemption
	r.Lots = d.sent(lots, r.Fee)
	if r.Fee > 0 {
		e.Postings = append(e.Postings, Posting{Bucket: BucketFees, Points: r.Fee})
	}
	e.Postings = append(e.Postings, Posting{Bucket: BucketTransferred, Points: r.Points})
	if err := d.post(e); err != nil {
		return nil, err
	}
	got := *r
	got.By = d.Account.Member
	other := d.p.decide(to, d.now)
	in := Entry{
		Kind: KindTransfer, Cause: got.cause(to.Member, 1), Effective: d.now, Redemption: &got,
		Reasons:  []Reason{NewReason(d.p.Transfers.Key(), points(r.Points), WasReceived, points(r.Points))},
		Postings: []Posting{{Bucket: BucketTransferred, Points: -r.Points}},
	}
	for _, l := range r.Lots {
		// Otherwise members could renew the grace period by transferring points back and forth.
		if slices.Contains(d.Account.Graced, l.Expires) {
			in.Graced = append(in.Graced, l.Expires)
		}
		in.Extended = append(in.Extended, d.Account.passedOn(l)...)
		in.Postings = other.activate(in.Postings, "", l.Points, l.Expires, d.now)
	}
	if err := other.post(lostToExpiry(in)); err != nil {
		return nil, err
	}
	received, err := other.done()
	return []Outcome{d.Outcome, received}, err
}

// sent returns the giver's lots as they arrive, after the fee, with days that no activity extends.
func (d *decision) sent(lots []Lot, fee Points) (out []Lot) {
	for _, l := range lots {
		paid := min(fee, l.Points)
		fee -= paid
		if rest := l.Points - paid; rest > 0 {
			out = addLot(out, Lot{d.lot(l.Expires).Day(), rest})
		}
	}
	return out
}

// Return releases the reserved points of an offer: as Declined by the recipient, or as Canceled by the giver.
func (p *Program) Return(from Account, r Redemption, as RedemptionStatus, now time.Time) (Outcome, error) {
	h, err := from.hold(r)
	if err != nil {
		return Outcome{}, err
	}
	return p.decide(from, now).end(h, as)
}

func (p *Program) compileTransfers() error {
	t := &p.Transfers
	if err := checkBounds(t.AtMost, t.Limits, 0, Life{}); err != nil {
		return fmt.Errorf("transfers: %w", err)
	}
	share := t.Fee.Share
	switch {
	case t.Min < 0 || t.Max < 0 || t.Step < 0 || t.Max > 0 && t.Max < t.Min:
		return errors.New("the minimum, maximum or step of transfers is out of range")
	case t.Fee.Points < 0 || t.Fee.Points > MaxPoints ||
		share != nil && (share.Sign() < 0 || share.Cmp(big.NewRat(1, 1)) >= 0):
		return errors.New("the fee of transfers is out of range")
	}
	return nil
}
