package engine

import (
	"fmt"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// Advance updates an account to the present. It goes from one due instant to the next. At each instant, it processes
// the changes in this order: levels deferred by a lock take effect, pending points become active, the automatic reward
// is redeemed, pending points whose deadline passed are forfeited, the tier moves up or is reviewed, the levels of tier
// groups are reviewed, lots expire, reservations expire, points for birthdays and anniversaries are awarded, and the
// automatic reward is redeemed again. Points that become active at the instant at which others expire therefore still
// count for the review. A reservation that ends at the instant at which its lot expires returns points that expire
// immediately. One long step and many short steps produce the same account and the same entries, except for the time at
// which the entries were recorded.
func Advance(p *loyalty.Program, acc loyalty.Account, now time.Time) (posting.Outcome, error) {
	return AdvanceThrough(p, acc, nil, now)
}

// AdvanceThrough is like Advance, but also applies the versions of the program that were live since the account was
// last advanced. Each version decides the changes that are due while it is live. The result does not depend on whether
// the account was read in between.
func AdvanceThrough(
	p *loyalty.Program, acc loyalty.Account, versions []tier.Live, now time.Time,
) (posting.Outcome, error) {
	if len(versions) == 0 {
		if at := Due(p, acc); at.IsZero() || at.After(now) {
			passed(&acc, now)
			return posting.Outcome{Account: acc}, nil
		}
	}
	d := posting.Decide(p, acc, now)
	for _, v := range versions {
		if v.Until.After(now) {
			p = v.Program
			break
		}
		d.P = v.Program
		if err := pass(d, v.Until.Add(-time.Millisecond)); err != nil {
			return posting.Outcome{}, err
		}
	}
	d.P = p
	if err := pass(d, now); err != nil {
		return posting.Outcome{}, err
	}
	return d.Outcome, nil
}

// pass decides the changes at each due instant, up to and including the given instant.
func pass(d *posting.Decision, until time.Time) error {
	for at := Due(d.P, d.Account); !at.IsZero() && !at.After(until); at = Due(d.P, d.Account) {
		if err := happenAt(d, at); err != nil {
			return err
		}
		if next := Due(d.P, d.Account); !next.After(at) && !next.IsZero() {
			return fmt.Errorf("loyalty: %s does not get past %s", d.Account.Member, at)
		}
	}
	passed(&d.Account, until)
	return nil
}

// happenAt decides all changes that are due at an instant.
func happenAt(d *posting.Decision, at time.Time) error {
	d.Now = at
	for _, step := range []func(*posting.Decision, time.Time) error{
		tier.Unlock, activatePending, redeem.AutoRedeem, forfeitPending,
		tier.RefreshTier, tier.RiseTier, tier.ReviewTier, tier.ReviewTierGroups,
		expireLots, releaseHolds, celebrate, redeem.AutoRedeem,
	} {
		if err := step(d, at); err != nil {
			return err
		}
	}
	passed(&d.Account, at)
	return nil
}

// passed records in the account the instant until which it was advanced, if the account stores one (Account.Ran).
func passed(acc *loyalty.Account, until time.Time) {
	if !acc.Ran.IsZero() {
		acc.Ran = calendar.Later(acc.Ran, until)
	}
}

// Due returns the next instant at which the account changes without a command, or zero if there is none.
func Due(p *loyalty.Program, acc loyalty.Account) time.Time {
	if acc.Status == loyalty.Erased {
		return time.Time{}
	}
	due := calendar.Soonest(
		tier.Of(p).RefreshAt(acc), tier.Of(p).TierDue(acc), occasionDue(p, acc),
		redeem.AutoDue(p.Conversions, &p.Spending, p.Zone, acc),
	)
	if len(acc.Pending) > 0 {
		due = calendar.Soonest(due, acc.Pending[0].Due())
	}
	for purse := range posting.AllPurses(&acc) {
		if len(purse.Lots) > 0 && purse.Lots[0].Expires != 0 {
			due = calendar.Soonest(due, purse.Lots[0].Expires.End(p.Zone))
		}
	}
	if len(acc.Holds) > 0 {
		due = calendar.Soonest(due, acc.Holds[0].Redemption.Until)
	}
	for i := range p.TierGroups {
		v := tier.GroupProgram(p, i)
		due = calendar.Soonest(due, tier.Of(v).TierDue(posting.GroupView(&v.Tiers, acc)))
	}
	return due
}

// NextRun returns the instant at which a background task must process an account: when it next changes without a
// command, or immediately if orders wait to be decided again. It returns zero if there is no such instant.
func NextRun(p *loyalty.Program, acc loyalty.Account) time.Time {
	if award.HasUndecided(&acc) && acc.Status.Earns() {
		return acc.Seen
	}
	return Due(p, acc)
}

func activatePending(d *posting.Decision, at time.Time) error {
	e := loyalty.Entry{
		Kind:  loyalty.KindActivate,
		Cause: d.OwnCause(loyalty.CauseActivation, at.UTC().Format(posting.CauseTimeLayout)), Effective: at,
	}
	for _, x := range d.Account.Pending {
		if due := x.Due(); due.IsZero() || due.After(at) {
			break
		}
		if x.ActiveAt.IsZero() {
			continue
		}
		e.Postings = append(e.Postings, loyalty.Posting{
			Wallet: x.Wallet, Bucket: loyalty.BucketPending, Lot: x.Expires, Cause: x.Cause, Points: -x.Points,
		})
		e.Postings = d.Arrive(e.Postings, x.Wallet, x.Points, x.Expires, at)
		e.Reasons = append(e.Reasons, loyalty.ReasonIn(
			x.Wallet, "pending", 0, loyalty.BecameActive, x.Cause.Kind+" "+x.Cause.ID, loyalty.FormatPoints(x.Points),
		))
	}
	if e.Postings == nil {
		return nil
	}
	return d.Post(posting.LostToExpiry(e))
}

// forfeitPending forfeits pending points whose condition on the order was not met by its deadline.
func forfeitPending(d *posting.Decision, at time.Time) error {
	e := loyalty.Entry{
		Kind: loyalty.KindForfeit, Cause: d.OwnCause(loyalty.CauseForfeit, at.UTC().Format(posting.CauseTimeLayout)),
		Effective: at,
	}
	for _, x := range d.Account.Pending {
		if x.ActiveAt.IsZero() && !x.GiveUp.IsZero() && !x.GiveUp.After(at) {
			e.Postings = append(e.Postings, loyalty.Posting{
				Bucket: loyalty.BucketPending, Lot: x.Expires, GiveUp: x.GiveUp, Cause: x.Cause, Points: -x.Points,
			})
			e.Reasons = append(
				e.Reasons,
				loyalty.NewReason(
					"pending", loyalty.FormatPoints(-x.Points), loyalty.IsLate, calendar.DateOf(at, d.P.Zone).String(),
				),
			)
		}
	}
	if e.Postings == nil {
		return nil
	}
	return d.Post(posting.WithIssued(e))
}

func expireLots(d *posting.Decision, at time.Time) error {
	for purse := range posting.AllPurses(&d.Account) {
		for _, l := range purse.Lots {
			if !posting.IsExpired(d.P.Zone, l.Expires, at) {
				break
			}
			if purse.Wallet == "" {
				var err error
				if l, err = posting.Postpone(d, l, at); err != nil {
					return err
				}
			}
			if l.Points == 0 {
				continue
			}
			if err := d.Post(posting.ExpireLot(d, purse.Wallet, l, at)); err != nil {
				return err
			}
		}
	}
	return nil
}

func releaseHolds(d *posting.Decision, at time.Time) error {
	for len(d.Account.Holds) > 0 && !d.Account.Holds[0].Redemption.Until.After(at) {
		if err := redeem.ReleaseHold(d, d.Account.Holds[0], loyalty.Expired, at); err != nil {
			return err
		}
	}
	return nil
}
