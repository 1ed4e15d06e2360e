package posting

import (
	"errors"
	"fmt"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// ErrInvariant reports that an account or an entry breaks an invariant of the ledger. No input may cause it: it means a
// defect in the rules or damaged stored data. It is not a rejection, and nothing may be written.
var ErrInvariant = errors.New("loyalty: an invariant is violated")

func violation(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrInvariant}, args...)...)
}

// CheckWrite checks the entries that are about to be written for one account, independently of the code that decided
// them. The entries must follow the account that was read without gaps. The postings of each entry must sum to 0 in
// every wallet. The points that the entries state must equal the change of the account's balance. The last entry must
// state the new balance. Nothing in the account may be negative. The error wraps ErrInvariant.
func CheckWrite(before, after loyalty.Account, entries []loyalty.Entry) error {
	sum := loyalty.Points(0)
	for i, e := range entries {
		if want := before.Sequence + int64(i) + 1; e.Sequence != want {
			return violation("entry %d of %s has the sequence %d", want, after.Member, e.Sequence)
		}
		if !balanced(e.Postings) {
			return violation("the postings of entry %d of %s do not sum to zero", e.Sequence, after.Member)
		}
		moved := loyalty.Points(0)
		for _, p := range e.Postings {
			if p.Wallet == "" && p.Bucket.Counts() {
				moved += p.Points
			}
		}
		if moved != e.Points {
			return violation("entry %d of %s states %d points and posts %d", e.Sequence, after.Member, e.Points, moved)
		}
		sum += moved
	}
	if want := before.Sequence + int64(len(entries)); after.Sequence != want {
		return violation("the account of %s has the sequence %d after entry %d", after.Member, after.Sequence, want)
	}
	was, is := before.Balance(), after.Balance()
	if len(entries) > 0 && entries[len(entries)-1].Balance != is {
		return violation("the last entry of %s does not state the balance %+v", after.Member, is)
	}
	if change := net(is) - net(was); change != sum {
		return violation("the balance of %s changes by %d points, and its entries by %d", after.Member, change, sum)
	}
	return sound(after)
}

// net returns the sum that the points of all entries of an account with this balance must have.
func net(b loyalty.Balance) loyalty.Points { return b.Active + b.Pending - b.Debt }

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

// balanced reports whether postings sum to 0 in each wallet.
func balanced(postings []loyalty.Posting) bool {
	var main loyalty.Points
	var others map[string]loyalty.Points
	for _, p := range postings {
		if p.Wallet == "" {
			main += p.Points
			continue
		}
		if others == nil {
			others = map[string]loyalty.Points{}
		}
		others[p.Wallet] += p.Points
	}
	for _, sum := range others {
		if sum != 0 {
			return false
		}
	}
	return main == 0
}
