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
