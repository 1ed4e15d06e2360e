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
// the earliest of them. The first decision and outcome are about the giver's account (from), and the second about the
// recipient's (to). An offer does not change the recipient's account. Both accounts must have been advanced to the
// instant of the decisions.
func Transfer(from, to *posting.Decision, in loyalty.Redemption) ([]posting.Outcome, error) {
	terms, zone, now := &from.P.Transfers, from.P.Zone, from.Now
	if err := mayGive(terms, zone, from.Account, to.Account, in.Points, now); err != nil {
		return nil, err
	}
	in.To, in.Fee, in.At = to.Account.Member, feeOf(terms.Fee, in.Points), now
	all := in.Points + in.Fee
	taken, n := from.Take(nil, "", all)
	if n < all || redeem.InDebt(from.P.Conversions, from.P.Rewards, from.Account) {
		return nil, redeem.Of(from).Insufficient(from.Account, "", all, "The transfer requires")
	}
	e := loyalty.Entry{
		Kind:      loyalty.KindTransfer,
		Cause:     redeem.RedemptionCause(in, from.Account.Member, 1),
		Effective: now,
		Detail: loyalty.Detail{
			Subject:    loyalty.Subject{Redemption: &in},
			Remembered: loyalty.Remembered{Usage: redeem.CreditedWallet(terms, zone, in, 1)},
		},
		Reasons: []loyalty.Reason{
			loyalty.NewReason(
				terms.Key(), loyalty.FormatPoints(-in.Points), loyalty.WasSent, loyalty.FormatPoints(in.Points),
			),
		},
	}
	if in.Fee > 0 {
		e.Reasons = append(
			e.Reasons,
			loyalty.NewReason(
				terms.Key(), loyalty.FormatPoints(-in.Fee), loyalty.IsFee, loyalty.FormatPoints(in.Fee),
			),
		)
	}
	if terms.Accept.IsZero() {
		in.Status, e.Postings = loyalty.Accepted, taken
		return deliver(from, to, e, redeem.LotsOf(taken))
	}
	e.Kind, e.Postings = loyalty.KindOffer, posting.MirrorPostings(taken, loyalty.BucketReserved)
	in.Status, in.Until = loyalty.Offered, terms.Accept.After(now, zone)
	if err := from.Post(e); err != nil {
		return nil, err
	}
	return []posting.Outcome{from.Outcome, to.Outcome}, nil
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
	case now.Before(from.Traits.HeldUntil):
		return from.Traits.CheckHold("", now)
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
// be accepted. Both accounts must have been advanced to the instant of the decisions, so that an offer that still
// exists has not expired.
func AcceptTransfer(from, to *posting.Decision, r loyalty.Redemption) ([]posting.Outcome, error) {
	giver := from.Account
	h, err := redeem.FindHold(giver, r)
	switch {
	case err != nil:
		return nil, err
	case giver.Status != loyalty.Active || to.Account.Status != loyalty.Active:
		return nil, loyalty.RefuseFrozen("")
	case redeem.InDebt(from.P.Conversions, from.P.Rewards, giver):
		return nil, redeem.Of(from).Insufficient(giver, "", giver.Debt, "The giver is in debt. Repaying it requires")
	}
	r = h.Redemption
	r.Status = loyalty.Accepted
	e := loyalty.Entry{
		Kind: loyalty.KindTransfer, Cause: redeem.RedemptionCause(r, giver.Member, 2), Effective: from.Now,
		Detail: loyalty.Detail{Subject: loyalty.Subject{Redemption: &r}}, Reasons: []loyalty.Reason{
			loyalty.NewReason(from.P.Transfers.Key(), "0", loyalty.WasAccepted, loyalty.FormatPoints(r.Points)),
		},
	}
	for _, l := range h.Lots {
		e.Postings = append(
			e.Postings, loyalty.Posting{Bucket: loyalty.BucketReserved, Lot: l.Expires, Points: -l.Points},
		)
	}
	return deliver(from, to, e, h.Lots)
}

// deliver posts the giver's entry, which removes the lots from the giver's account, and the recipient's entry, which
// adds them to the recipient's account.
func deliver(d, to *posting.Decision, e loyalty.Entry, lots []loyalty.Lot) ([]posting.Outcome, error) {
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
	in := loyalty.Entry{
		Kind:      loyalty.KindTransfer,
		Cause:     redeem.RedemptionCause(got, to.Account.Member, 1),
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
		in.Postings = to.Activate(in.Postings, "", l.Points, l.Expires, d.Now)
	}
	if err := to.Post(posting.LostToExpiry(in)); err != nil {
		return nil, err
	}
	received, err := redeem.Finish(to)
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
	from *posting.Decision, r loyalty.Redemption, as loyalty.RedemptionStatus,
) (posting.Outcome, error) {
	h, err := redeem.FindHold(from.Account, r)
	if err != nil {
		return posting.Outcome{}, err
	}
	return redeem.EndHold(from, h, as)
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
