package loyalty

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"
)

// Points that one member gives to another keep their lots, so that nobody makes them live longer by passing them on: a
// lot arrives with the day on which it would have expired, and if that is over by then it has expired. A lot that an
// activity would have moved on arrives with the day that it has reached, and stays there: whose activity moves it
// could otherwise be chosen. Pending points never move, nor do any of a member who owes some. A transfer earns nothing,
// counts for no level, and is an activity of neither.

// Transfers is how members may give points to each other. The zero Transfers: they may not.
type Transfers struct {
	Min    Points  // at least so many at a time; zero: members give each other nothing
	Max    Points  // at most so many at a time; zero: no bound
	Step   Points  // in multiples of this; zero for 1
	Limits []Limit // how often a member may give
	AtMost []Cap   // how many points a member may give, fees aside
	Fee    Fee     // what the giver pays besides
	Accept Period  // how long an offer waits for the other's yes; zero: the points move at once
}

// A Fee is points that are gone, beside those that arrive: so many, or a share of those, rounded up.
type Fee struct {
	Points Points
	Share  *big.Rat // below 1; nil for Points
}

// of is what giving n points costs besides.
func (f Fee) of(n Points) Points {
	if f.Share == nil {
		return f.Points
	}
	fee, _ := exactOf(f.Share).mul(whole(int64(n))).round(Up)
	return fee
}

// MaxOffer bounds how long an offer waits.
const MaxOffer = 90 * 24 * time.Hour

// Key names transfers among the rules: their limits, their reasons.
func (Transfers) Key() string { return "transfers" }

// Transfer gives points of one member to another: at once or, where the program wants the other's yes, by holding them
// until the offer has passed. What is taken is what expires first, the fee foremost. The outcomes are those of the two,
// in their order; an offer leaves the other's account as it is. Both accounts must have been advanced to now.
func (p *Program) Transfer(from, to Account, in Redemption, now time.Time) ([]Outcome, error) {
	if err := p.mayGive(from, to, in.Points, now); err != nil {
		return nil, err
	}
	d := p.decide(from, now)
	in.To, in.Fee, in.At = to.Member, p.Transfers.Fee.of(in.Points), now
	all := in.Points + in.Fee
	taken, n := d.take(nil, "", all)
	if n < all || p.inDebt(from) {
		return nil, p.insufficient(from, "", all, "The transfer takes")
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

// mayGive is why a member cannot give so many points to another, apart from those that are missing.
func (p *Program) mayGive(from, to Account, n Points, now time.Time) error {
	t := &p.Transfers
	most := MaxPoints
	if t.Max > 0 {
		most = t.Max
	}
	switch {
	case t.Min == 0:
		return refuse(ValidationFailed, "", "The program does not let members give points to each other (transfers).")
	case from.Member == to.Member:
		return refuse(ValidationFailed, "/to", "Points are given to another member.")
	case from.Status != Active:
		return frozen("")
	case to.Status != Active:
		return frozen("/to")
	case n <= 0:
		return refuse(AmountNotPositive, "/points", "Points that are given are above 0.")
	case n < t.Min || n > most:
		return refuse(AmountOutOfRange, "/points", "A transfer is of "+points(t.Min)+" to "+points(most)+" points.")
	case t.Step > 1 && n%t.Step != 0:
		return refuse(AmountOutOfRange, "/points", "Points are given in steps of "+points(t.Step)+".")
	case !t.Accept.IsZero() && len(from.Holds) >= MaxHolds:
		return refuse(ValidationFailed, "", "The member has 20 open redemptions and offers already: one of them must end first.")
	}
	return p.withinLimits(from, n, DateOf(now, p.Zone))
}

func (p *Program) withinLimits(from Account, n Points, day Date) error {
	key := p.Transfers.Key()
	if l, full := from.exhausted(key, p.Transfers.Limits, day); full {
		return refuse(ValidationFailed, "", "A member can give points "+l.often()+", and has.")
	}
	for _, c := range p.Transfers.AtMost {
		if left := c.Points - Points(from.used(key, false, c.Per, c.Per.ends(day))); n > left {
			return refuse(AmountOutOfRange, "/points", "A member can give "+c.String()+" at most; "+points(max(0, left))+" are left.")
		}
	}
	return nil
}

// gives is what a transfer uses of limits, times sign: 1 when it is made, -1 when nothing comes of it.
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

// Accept moves what an offer holds to whom it was made. An offer of a member who has come to owe points waits until that
// is paid. Both accounts must have been advanced to now, so an offer that is still there has not expired.
func (p *Program) Accept(from, to Account, r Redemption, now time.Time) ([]Outcome, error) {
	h, err := from.hold(r)
	switch {
	case err != nil:
		return nil, err
	case from.Status != Active || to.Status != Active:
		return nil, frozen("")
	case p.inDebt(from):
		return nil, p.insufficient(from, "", from.Debt, "The member who gives the points owes some. That takes")
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

// deliver completes the giver's entry, whose lots leave the account, and writes what arrives into the other's.
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
		if slices.Contains(d.Account.Graced, l.Expires) { // or two who give them to and fro would have grace each time
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

// sent is the lots of the giver as they arrive, after the fee: with days that no activity moves.
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

// Return gives back what an offer holds: as Declined by whom it was made to, or as Cancelled by who made it.
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
		return errors.New("what members give at least, at most, or in steps of is none")
	case t.Fee.Points < 0 || t.Fee.Points > MaxPoints || share != nil && (share.Sign() < 0 || share.Cmp(big.NewRat(1, 1)) >= 0):
		return errors.New("the fee of transfers is none")
	}
	return nil
}
