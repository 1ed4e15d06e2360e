package posting

import (
	"cmp"
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// Apply returns the account after the entry. Accounts change in no other way, so replaying a member's entries
// reproduces the member's account. Apply returns an error if the entry's sequence number or postings do not fit the
// account. A rejection by a rule never causes this error.
func Apply(a loyalty.Account, e loyalty.Entry) (loyalty.Account, error) {
	if e.Sequence != a.Sequence+1 {
		return a, violation("entry %d of %s cannot follow %d", e.Sequence, e.Member, a.Sequence)
	}
	a.Sequence, a.Head = e.Sequence, e.Hash
	for _, p := range e.Postings {
		applyPosting(&a, e, p)
	}
	a.Purses = slices.DeleteFunc(a.Purses, isEmpty) // the slice is a copy; see purseOf
	if !balanced(e.Postings) {
		return a, violation("the postings of entry %d of %s do not sum to zero", e.Sequence, e.Member)
	}
	note(&a, e)
	return a, sound(a)
}

func applyPosting(a *loyalty.Account, e loyalty.Entry, p loyalty.Posting) {
	switch p.Bucket {
	case loyalty.BucketPending:
		addPending(a, e, p)
	case loyalty.BucketReserved:
		addHold(a, *e.Redemption, loyalty.Lot{Expires: p.Lot, Points: p.Points})
	case loyalty.BucketActive:
		purse := purseOf(a, p.Wallet)
		purse.Lots = AddLot(purse.Lots, loyalty.Lot{Expires: p.Lot, Points: p.Points})
		if p.From != 0 {
			a.Slid = addSlid(a.Slid, loyalty.Lot{Expires: p.From, Points: p.Points})
		}
	case loyalty.BucketDebt:
		purseOf(a, p.Wallet).Debt -= p.Points
	case loyalty.BucketIssued:
		purseOf(a, p.Wallet).Earned -= p.Points
	case loyalty.BucketRedeemed:
		purseOf(a, p.Wallet).Redeemed += p.Points
	case loyalty.BucketExpired:
		purse := purseOf(a, p.Wallet)
		purse.Expired += p.Points
		purse.ExpiredLots = addExpiredLot(purse.ExpiredLots, loyalty.Lot{Expires: p.Lot, Points: p.Points})
	}
}

func addPending(a *loyalty.Account, e loyalty.Entry, p loyalty.Posting) {
	cause := p.Cause
	if cause == (loyalty.Cause{}) {
		cause = loyalty.Cause{Kind: e.Cause.Kind, ID: e.Cause.ID}
	}
	at := slices.IndexFunc(a.Pending, func(x loyalty.Pending) bool { return x.Cause == cause })
	if at < 0 {
		n := loyalty.Pending{
			Cause: cause, ActiveAt: p.ActiveAt, GiveUp: p.GiveUp, Expires: p.Lot, Wallet: p.Wallet, Points: p.Points,
		}
		at, _ = slices.BinarySearchFunc(a.Pending, n, loyalty.Pending.Compare)
		a.Pending = slices.Insert(slices.Clone(a.Pending), at, n)
		return
	}
	a.Pending = slices.Clone(a.Pending)
	if a.Pending[at].Points += p.Points; a.Pending[at].Points == 0 {
		a.Pending = slices.Delete(a.Pending, at, at+1)
	}
}

func addHold(a *loyalty.Account, r loyalty.Redemption, l loyalty.Lot) {
	at := slices.IndexFunc(a.Holds, func(x loyalty.Hold) bool { return x.Redemption.ID == r.ID })
	if at < 0 {
		n := loyalty.Hold{Redemption: r, Lots: []loyalty.Lot{l}}
		at, _ = slices.BinarySearchFunc(a.Holds, n, func(x, y loyalty.Hold) int {
			return cmp.Or(x.Redemption.Until.Compare(y.Redemption.Until), cmp.Compare(x.Redemption.ID, y.Redemption.ID))
		})
		a.Holds = slices.Insert(slices.Clone(a.Holds), at, n)
		return
	}
	a.Holds = slices.Clone(a.Holds)
	if a.Holds[at].Lots = AddLot(a.Holds[at].Lots, l); len(a.Holds[at].Lots) == 0 {
		a.Holds = slices.Delete(a.Holds, at, at+1)
	}
}

// settle fixes the expiry days of reserved lots that expire by inactivity, up to the day stale. Later activities no
// longer postpone them.
func settle(a *loyalty.Account, stale calendar.Date) {
	a.Holds = slices.Clone(a.Holds)
	for i, h := range a.Holds {
		var lots []loyalty.Lot
		for _, l := range h.Lots {
			if l.Expires <= stale {
				l.Expires = l.Expires.Day()
			}
			lots = AddLot(lots, l)
		}
		a.Holds[i].Lots = lots
	}
}

// AddLot returns lots with l added to the lot of the same day. It removes a lot whose points become zero.
func AddLot(lots []loyalty.Lot, l loyalty.Lot) []loyalty.Lot {
	at, found := slices.BinarySearchFunc(lots, l, func(x, y loyalty.Lot) int {
		return x.Expires.Compare(y.Expires)
	})
	if !found {
		out := make([]loyalty.Lot, 0, len(lots)+1)
		return append(append(append(out, lots[:at]...), l), lots[at:]...)
	}
	lots = slices.Clone(lots)
	if lots[at].Points += l.Points; lots[at].Points == 0 {
		return slices.Delete(lots, at, at+1)
	}
	return lots
}

// AddGraced adds a day unless it is present. If there are more than MaxGraced days, it drops the oldest.
func AddGraced(days []calendar.Date, day calendar.Date) []calendar.Date {
	if slices.Contains(days, day) {
		return days
	}
	return append(slices.Clone(days[max(0, len(days)+1-loyalty.MaxGraced):]), day)
}

// PastStandings returns the standings before the entry's standing that an account remembers.
func PastStandings(e loyalty.Entry, past []loyalty.Standing, present loyalty.Standing) []loyalty.Standing {
	if e.Redecided != nil {
		return applyRedecision(e.Redecided, past, present, *e.Standing, e.Effective)
	}
	return AddStanding(past, present, *e.Standing, e.Effective)
}

// setReached returns the milestones and levels that were reached, with one added or replaced.
func setReached(all []loyalty.Reached, r loyalty.Reached) []loyalty.Reached {
	at, found := slices.BinarySearchFunc(all, r, func(x, y loyalty.Reached) int {
		return cmp.Or(cmp.Compare(x.Grant.Rule, y.Grant.Rule), cmp.Compare(x.N, y.N))
	})
	all = slices.Clone(all)
	if found {
		all[at] = r
		return all
	}
	return forgetBonus(slices.Insert(all, at, r), r.Grant.Rule)
}

// MaxBonuses is how many entry bonuses of one level an account remembers. Older bonuses are final.
const MaxBonuses = 8

// forgetBonus removes an entry bonus of a level if the account remembers more than MaxBonuses of them. It removes the
// one for the earliest promotion, but never the one with the highest number, which determines the number of the next
// bonus.
func forgetBonus(all []loyalty.Reached, rule string) []loyalty.Reached {
	n, first := 0, -1
	for i, r := range all {
		if r.Grant.Rule != rule {
			continue
		}
		n++
		latest := i+1 == len(all) || all[i+1].Grant.Rule != rule
		if !latest && (first < 0 || r.At.Before(all[first].At)) {
			first = i
		}
	}
	if n <= MaxBonuses {
		return all
	}
	return slices.Delete(all, first, first+1)
}

// sound returns an error if the account has a negative lot, debt, pending amount or reservation.
func sound(a loyalty.Account) error {
	bad := func(what string, n loyalty.Points) error {
		return violation("%s of %s would be %d after entry %d", what, a.Member, n, a.Sequence)
	}
	for purse := range AllPurses(&a) {
		for _, l := range purse.Lots {
			if l.Points < 0 {
				return bad("lot "+l.Expires.String(), l.Points)
			}
		}
		if purse.Debt < 0 {
			return bad("debt", purse.Debt)
		}
	}
	for _, p := range a.Pending {
		if p.Points < 0 {
			return bad("pending "+p.Cause.ID, p.Points)
		}
	}
	for _, h := range a.Holds {
		for _, l := range h.Lots {
			if l.Points < 0 {
				return bad("hold "+h.Redemption.ID, l.Points)
			}
		}
	}
	return nil
}
