package posting

import (
	"cmp"
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
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
