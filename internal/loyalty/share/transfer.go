package share

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
)

// CheckBounds rejects invalid caps, limits, budgets and expiries of a rule.
func CheckBounds(caps []loyalty.Cap, limits []loyalty.Limit, budget loyalty.Points, life loyalty.Life) error {
	for _, c := range caps {
		if c.Points < 0 || !earn.IsCapPeriod(c.Per) {
			return fmt.Errorf("the cap of %s must be above 0", c)
		}
	}
	for _, l := range limits {
		if l.Times < 1 || l.Per == loyalty.PerOrder || !earn.IsCapPeriod(l.Per) {
			return fmt.Errorf("the limit of %d per %s must be above 0", l.Times, l.Per)
		}
	}
	if budget < 0 || budget > loyalty.MaxBalance {
		return errors.New("the budget is out of range")
	}
	if life.Expires != nil && life.Expires.Inactive {
		return errors.New("one rule cannot set expiry by inactivity; it applies to all points of a program")
	}
	return nil
}

// feeOf returns the fee for giving n points.
func feeOf(f loyalty.Fee, n loyalty.Points) loyalty.Points {
	if f.Share == nil {
		return f.Points
	}
	fee, _ := loyalty.RoundPoints(exact.Of(f.Share).Mul(exact.Whole(int64(n))), loyalty.Up)
	return fee
}

// MaxOffer limits how long an offer can be accepted.
const MaxOffer = 90 * 24 * time.Hour

// Transfer gives points of one member to another. The points move immediately or, if the program requires acceptance,
// are reserved until the offer is resolved or expires. Transfer takes the points that expire first, and the fee takes
// the earliest of them. The first outcome is the giver's (from), and the second is the recipient's (to). An offer does
// not change the recipient's account. Both accounts must have been advanced to now.
func Transfer(
	p *loyalty.Program, from, to loyalty.Account, in loyalty.Redemption, now time.Time,
) ([]posting.Outcome, error) {
	if err := mayGive(&p.Transfers, p.Zone, from, to, in.Points, now); err != nil {
		return nil, err
	}
	d := posting.Decide(p, from, now)
	in.To, in.Fee, in.At = to.Member, feeOf(p.Transfers.Fee, in.Points), now
	all := in.Points + in.Fee
	taken, n := d.Take(nil, "", all)
	if n < all || redeem.InDebt(p.Conversions, p.Rewards, from) {
		return nil, redeem.Of(p).Insufficient(from, "", all, "The transfer requires")
	}
	e := loyalty.Entry{
		Kind:      loyalty.KindTransfer,
		Cause:     redeem.RedemptionCause(in, from.Member, 1),
		Effective: now,
		Detail: loyalty.Detail{
			Subject:    loyalty.Subject{Redemption: &in},
			Remembered: loyalty.Remembered{Usage: redeem.CreditedWallet(&p.Transfers, p.Zone, in, 1)},
		},
		Reasons: []loyalty.Reason{
			loyalty.NewReason(
				p.Transfers.Key(), loyalty.FormatPoints(-in.Points), loyalty.WasSent, loyalty.FormatPoints(in.Points),
			),
		},
	}
	if in.Fee > 0 {
		e.Reasons = append(
			e.Reasons,
			loyalty.NewReason(
				p.Transfers.Key(), loyalty.FormatPoints(-in.Fee), loyalty.IsFee, loyalty.FormatPoints(in.Fee),
			),
		)
	}
	if p.Transfers.Accept.IsZero() {
		in.Status, e.Postings = loyalty.Accepted, taken
		return deliver(d, e, redeem.LotsOf(taken), to)
	}
	e.Kind, e.Postings = loyalty.KindOffer, posting.MirrorPostings(taken, loyalty.BucketReserved)
	in.Status, in.Until = loyalty.Offered, p.Transfers.Accept.After(now, p.Zone)
	if err := d.Post(e); err != nil {
		return nil, err
	}
	return []posting.Outcome{d.Outcome, {Account: to}}, nil
}

// mayGive returns an error if a member cannot give n points to another. It does not check the balance.
func mayGive(
	terms *loyalty.Transfers, zone *time.Location, from, to loyalty.Account, n loyalty.Points, now time.Time,
) error {
	t := terms
	most := loyalty.MaxPoints
	if t.Max > 0 {
		most = t.Max
	}
	switch {
	case t.Min == 0:
		return loyalty.Refuse(
			loyalty.ValidationFailed, "",
			"The program has no transfers. Add transfers to the program file to allow them.",
		)
	case from.Member == to.Member:
		return loyalty.Refuse(loyalty.ValidationFailed, "/to", "The recipient must be another member.")
	case from.Status != loyalty.Active:
		return loyalty.RefuseFrozen("")
	case to.Status != loyalty.Active:
		return loyalty.RefuseFrozen("/to")
	case n <= 0:
		return loyalty.Refuse(loyalty.AmountNotPositive, "/points", "points must be above 0.")
	case n < t.Min || n > most:
		return loyalty.Refuse(
			loyalty.AmountOutOfRange, "/points",
			"points must be from "+loyalty.FormatPoints(t.Min)+" to "+loyalty.FormatPoints(most)+".",
		)
	case t.Step > 0 && n%t.Step != 0:
		return loyalty.Refuse(
			loyalty.AmountOutOfRange, "/points", "points must be a multiple of "+loyalty.FormatPoints(t.Step)+".",
		)
	case !t.Accept.IsZero() && len(from.Holds) >= redeem.MaxHolds:
		return loyalty.Refuse(
			loyalty.ValidationFailed, "",
			"The member already has 20 open redemptions and offers, which is the limit.",
		)
	}
	return withinLimits(terms, from, n, calendar.DateOf(now, zone))
}

func withinLimits(terms *loyalty.Transfers, from loyalty.Account, n loyalty.Points, day calendar.Date) error {
	key := terms.Key()
	if l, full := earn.Exhausted(from, key, terms.Limits, day); full {
		return loyalty.Refuse(
			loyalty.ValidationFailed, "", "The member has reached the limit of transfers: "+earn.LimitText(l)+".",
		)
	}
	for _, c := range terms.AtMost {
		if left := c.Points - loyalty.Points(
			earn.UsedAmount(from, key, false, c.Per, earn.PeriodEnd(c.Per, day)),
		); n > left {
			return loyalty.Refuse(
				loyalty.AmountOutOfRange, "/points",
				"A member can give at most "+c.String()+"; "+loyalty.FormatPoints(max(0, left))+" remain.",
			)
		}
	}
	return nil
}

// AcceptTransfer moves the reserved points of an offer to its recipient. While the giver is in debt, the offer cannot
// be accepted. Both accounts must have been advanced to now, so that an offer that still exists has not expired.
func AcceptTransfer(
	p *loyalty.Program, from, to loyalty.Account, r loyalty.Redemption, now time.Time,
) ([]posting.Outcome, error) {
	h, err := redeem.FindHold(from, r)
	switch {
	case err != nil:
		return nil, err
	case from.Status != loyalty.Active || to.Status != loyalty.Active:
		return nil, loyalty.RefuseFrozen("")
	case redeem.InDebt(p.Conversions, p.Rewards, from):
		return nil, redeem.Of(p).Insufficient(from, "", from.Debt, "The giver is in debt. Repaying it requires")
	}
	d := posting.Decide(p, from, now)
	r = h.Redemption
	r.Status = loyalty.Accepted
	e := loyalty.Entry{
		Kind: loyalty.KindTransfer, Cause: redeem.RedemptionCause(r, from.Member, 2), Effective: now,
		Detail: loyalty.Detail{Subject: loyalty.Subject{Redemption: &r}}, Reasons: []loyalty.Reason{
			loyalty.NewReason(p.Transfers.Key(), "0", loyalty.WasAccepted, loyalty.FormatPoints(r.Points)),
		},
	}
	for _, l := range h.Lots {
		e.Postings = append(
			e.Postings, loyalty.Posting{Bucket: loyalty.BucketReserved, Lot: l.Expires, Points: -l.Points},
		)
	}
	return deliver(d, e, h.Lots, to)
}

// deliver posts the giver's entry, which removes the lots from the giver's account, and the recipient's entry, which
// adds them to the recipient's account.
func deliver(d *posting.Decision, e loyalty.Entry, lots []loyalty.Lot, to loyalty.Account) ([]posting.Outcome, error) {
	r := e.Redemption
	r.Lots = sentLots(d, lots, r.Fee)
	if r.Fee > 0 {
		e.Postings = append(e.Postings, loyalty.Posting{Bucket: loyalty.BucketFees, Points: r.Fee})
	}
	e.Postings = append(e.Postings, loyalty.Posting{Bucket: loyalty.BucketTransferred, Points: r.Points})
	if err := d.Post(e); err != nil {
		return nil, err
	}
	got := *r
	got.By = d.Account.Member
	other := posting.Decide(d.P, to, d.Now)
	in := loyalty.Entry{
		Kind:      loyalty.KindTransfer,
		Cause:     redeem.RedemptionCause(got, to.Member, 1),
		Effective: d.Now,
		Detail:    loyalty.Detail{Subject: loyalty.Subject{Redemption: &got}},
		Reasons: []loyalty.Reason{
			loyalty.NewReason(
				d.P.Transfers.Key(), loyalty.FormatPoints(r.Points), loyalty.WasReceived,
				loyalty.FormatPoints(r.Points),
			),
		},
		Postings: []loyalty.Posting{{Bucket: loyalty.BucketTransferred, Points: -r.Points}},
	}
	for _, l := range r.Lots {
		// The recipient gets no new grace period for these points; otherwise members could renew it by transferring
		// points back and forth.
		if slices.Contains(d.Account.Graced, l.Expires) {
			in.Graced = append(in.Graced, l.Expires)
		}
		in.Extended = append(in.Extended, posting.PassedOn(d.Account, l)...)
		in.Postings = other.Activate(in.Postings, "", l.Points, l.Expires, d.Now)
	}
	if err := other.Post(posting.LostToExpiry(in)); err != nil {
		return nil, err
	}
	received, err := redeem.Finish(other)
	return []posting.Outcome{d.Outcome, received}, err
}

// sentLots returns the lots that arrive in the recipient's account: the giver's lots after the fee, with expiry days
// that no activity extends.
func sentLots(d *posting.Decision, lots []loyalty.Lot, fee loyalty.Points) (out []loyalty.Lot) {
	for _, l := range lots {
		paid := min(fee, l.Points)
		fee -= paid
		if rest := l.Points - paid; rest > 0 {
			out = posting.AddLot(out, loyalty.Lot{Expires: d.Lot(l.Expires).Day(), Points: rest})
		}
	}
	return out
}

// ReturnTransfer releases the reserved points of an offer. The new status of the offer is Declined if the recipient
// declines, and Canceled if the giver cancels.
func ReturnTransfer(
	p *loyalty.Program, from loyalty.Account, r loyalty.Redemption, as loyalty.RedemptionStatus, now time.Time,
) (posting.Outcome, error) {
	h, err := redeem.FindHold(from, r)
	if err != nil {
		return posting.Outcome{}, err
	}
	return redeem.EndHold(posting.Decide(p, from, now), h, as)
}

// CompileTransfers checks the terms of transfers.
func CompileTransfers(t *loyalty.Transfers) error {
	if err := CheckBounds(t.AtMost, t.Limits, 0, loyalty.Life{}); err != nil {
		return fmt.Errorf("transfers: %w", err)
	}
	share := t.Fee.Share
	switch {
	case t.Min < 0 || t.Max < 0 || t.Step < 0 || t.Max > 0 && t.Max < t.Min:
		return errors.New("the minimum, maximum or step of transfers is out of range")
	case t.Fee.Points < 0 || t.Fee.Points > loyalty.MaxPoints ||
		share != nil && (share.Sign() < 0 || share.Cmp(big.NewRat(1, 1)) >= 0):
		return errors.New("the fee of transfers is out of range")
	}
	return nil
}
