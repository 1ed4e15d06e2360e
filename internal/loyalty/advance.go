package loyalty

import (
	"fmt"
	"strconv"
	"time"
)

// stamp is the format of an instant in the ID of a cause.
const stamp = "20060102T150405.999999999Z"

// Advance updates an account to the present. It goes from one due instant to the next and processes each in this order:
// levels deferred by a lock take effect, pending points become active, the automatic reward is redeemed, pending points
// whose deadline passed are forfeited, the tier moves up or is reviewed, the levels of tier groups are reviewed, lots
// expire, reservations expire, birthdays and anniversaries are celebrated, and the automatic reward is redeemed again.
// Points that arrive at the instant at which others expire therefore still count for the review. A reservation that
// ends at the instant at which its lot expires returns points that expire at once. One long step and many short steps
// produce the same account and the same entries, except for the time at which the entries were recorded.
func (p *Program) Advance(acc Account, now time.Time) (Outcome, error) {
	return p.AdvanceThrough(acc, nil, now)
}

// AdvanceThrough is Advance for an account that earlier versions of the program may still change: those that were live
// since the account was last advanced. Each version does what is due until the next version takes over. The result does
// not depend on whether the account was read in between.
func (p *Program) AdvanceThrough(acc Account, versions []Live, now time.Time) (Outcome, error) {
	d := p.decide(acc, now)
	for _, v := range versions {
		if v.Until.After(now) {
			p = v.Program
			break
		}
		d.p = v.Program
		if err := d.pass(v.Until.Add(-time.Millisecond)); err != nil {
			return Outcome{}, err
		}
	}
	d.p = p
	if err := d.pass(now); err != nil {
		return Outcome{}, err
	}
	return d.Outcome, nil
}

// pass goes from one due instant to the next, up to and including until.
func (d *decision) pass(until time.Time) error {
	for at := d.p.Due(d.Account); !at.IsZero() && !at.After(until); at = d.p.Due(d.Account) {
		if err := d.happenAt(at); err != nil {
			return err
		}
		if next := d.p.Due(d.Account); !next.After(at) && !next.IsZero() {
			return fmt.Errorf("loyalty: %s does not get past %s", d.Account.Member, at)
		}
	}
	d.passed(until)
	return nil
}

// happenAt does everything that is due at an instant.
func (d *decision) happenAt(at time.Time) error {
	d.now = at
	for _, step := range []func(*decision, time.Time) error{
		(*decision).unlock, (*decision).activatePending, (*decision).autoRedeem, (*decision).forfeitPending,
		(*decision).refreshTier, (*decision).riseTier, (*decision).reviewTier, (*decision).reviewLadders,
		(*decision).lapseLots, (*decision).releaseHolds, (*decision).celebrate, (*decision).autoRedeem,
	} {
		if err := step(d, at); err != nil {
			return err
		}
	}
	d.passed(at)
	return nil
}

// passed records the instant until which the account was advanced, for an account that remembers it.
func (d *decision) passed(until time.Time) {
	if !d.Account.Ran.IsZero() {
		d.Account.Ran = later(d.Account.Ran, until)
	}
}

// Due returns the next instant at which time alone changes the account, or zero if there is none.
func (p *Program) Due(acc Account) time.Time {
	var due time.Time
	sooner := func(t time.Time) {
		if !t.IsZero() && (due.IsZero() || t.Before(due)) {
			due = t
		}
	}
	if len(acc.Pending) > 0 {
		sooner(acc.Pending[0].due())
	}
	for purse := range acc.purses() {
		if len(purse.Lots) > 0 && purse.Lots[0].Expires != 0 {
			sooner(purse.Lots[0].Expires.End(p.Zone))
		}
	}
	if len(acc.Holds) > 0 {
		sooner(acc.Holds[0].Redemption.Until)
	}
	sooner(p.refreshAt(acc))
	sooner(p.tierDue(acc))
	for i := range p.TierGroups {
		v := p.ladder(i)
		sooner(v.tierDue(v.view(acc)))
	}
	sooner(p.occasionDue(acc))
	sooner(p.autoDue(acc))
	return due
}

// NextRun returns the instant at which the scheduled run must process an account: when time next changes it, or at once
// if orders wait to be decided again. It returns zero if there is no such instant.
func (p *Program) NextRun(acc Account) time.Time {
	if acc.HasUndecided() && acc.Status == Active {
		return acc.Seen
	}
	return p.Due(acc)
}

func (d *decision) activatePending(at time.Time) error {
	e := Entry{
		Kind:  KindActivate,
		Cause: d.ownCause(CauseActivation, at.UTC().Format(stamp)), Effective: at,
	}
	for _, x := range d.Account.Pending {
		if due := x.due(); due.IsZero() || due.After(at) {
			break
		}
		if x.ActiveAt.IsZero() {
			continue
		}
		e.Postings = append(e.Postings, Posting{
			Wallet: x.Wallet, Bucket: BucketPending, Lot: x.Expires, Cause: x.Cause, Points: -x.Points,
		})
		e.Postings = d.arrive(e.Postings, x.Wallet, x.Points, x.Expires, at)
		e.Reasons = append(e.Reasons, reasonIn(
			x.Wallet, "pending", 0, BecameActive, x.Cause.Kind+" "+x.Cause.ID, points(x.Points),
		))
	}
	if e.Postings == nil {
		return nil
	}
	return d.post(lostToExpiry(e))
}

// forfeitPending forfeits pending points whose condition on the order was not met by its deadline.
func (d *decision) forfeitPending(at time.Time) error {
	e := Entry{Kind: KindForfeit, Cause: d.ownCause(CauseForfeit, at.UTC().Format(stamp)), Effective: at}
	for _, x := range d.Account.Pending {
		if x.ActiveAt.IsZero() && !x.GiveUp.IsZero() && !x.GiveUp.After(at) {
			e.Postings = append(e.Postings, Posting{
				Bucket: BucketPending, Lot: x.Expires, GiveUp: x.GiveUp, Cause: x.Cause, Points: -x.Points,
			})
			e.Reasons = append(
				e.Reasons, NewReason("pending", points(-x.Points), IsLate, DateOf(at, d.p.Zone).String()),
			)
		}
	}
	if e.Postings == nil {
		return nil
	}
	return d.post(issued(e))
}

// lostToExpiry adds a reason for each posting of points that arrived after the expiry of their lot.
func lostToExpiry(e Entry) Entry {
	for _, p := range e.Postings {
		if p.Bucket == BucketExpired && p.Points > 0 {
			e.Reasons = append(e.Reasons, reasonIn(p.Wallet, "expiry", -p.Points, CameLate, p.Lot.String()))
		}
	}
	return e
}

func (d *decision) lapseLots(at time.Time) error {
	for purse := range d.Account.purses() {
		for _, l := range purse.Lots {
			if !d.p.lapsed(l.Expires, at) {
				break
			}
			if purse.Wallet == "" {
				var err error
				if l, err = d.postpone(l, at); err != nil {
					return err
				}
			}
			if l.Points == 0 {
				continue
			}
			if err := d.post(d.lapse(purse.Wallet, l, at)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *decision) lapse(wallet string, l Lot, at time.Time) Entry {
	day := l.Expires.String()
	if l.Expires.Slides() {
		day += ":inactive"
	}
	if wallet != "" {
		day += ":" + wallet
	}
	gone := Posting{Wallet: wallet, Bucket: BucketActive, Lot: l.Expires, Points: -l.Points}
	return Entry{
		Kind: KindExpire, Cause: d.ownCause(CauseExpiry, day), Effective: at,
		Postings: mirror([]Posting{gone}, BucketExpired),
		Reasons:  []Reason{reasonIn(wallet, "expiry", -l.Points, HasExpired, l.Expires.String())},
	}
}

func (d *decision) releaseHolds(at time.Time) error {
	for len(d.Account.Holds) > 0 && !d.Account.Holds[0].Redemption.Until.After(at) {
		if err := d.release(d.Account.Holds[0], Expired, at); err != nil {
			return err
		}
	}
	return nil
}

// ownCause returns a cause that time produces for this member. what distinguishes causes of the same kind.
func (d *decision) ownCause(kind, what string) Cause {
	return Cause{Kind: kind, ID: string(d.Account.Member) + ":" + what, Revision: 1}
}

func points(n Points) string { return strconv.FormatInt(int64(n), 10) }
