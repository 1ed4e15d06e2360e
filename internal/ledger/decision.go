package ledger

import (
	"context"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// Inputs are the values on which a decision is based.
type Inputs struct {
	// The accounts, advanced to Now: first that of the command's member, then those of Others.
	Accounts []loyalty.Account
	Left     earn.Budgets // the remainders of the budgets that were read so far
	Now      time.Time
}

// A Decision decides about accounts. It is a pure function: it reads no item, clock or random source. It returns one
// outcome per account in the same order. If an outcome has no entries, its account stays unchanged, and the entries
// that advanced it to now are not written.
type Decision func(x Inputs) ([]posting.Outcome, error)

// Single returns a decision about the account of the command's member.
func Single(decide func(acc loyalty.Account, x Inputs) (posting.Outcome, error)) Decision {
	return func(x Inputs) ([]posting.Outcome, error) {
		out, err := decide(x.Accounts[0], x)
		return []posting.Outcome{out}, err
	}
}

// Enrolled returns a decision that returns not_found unless all accounts exist and none was erased.
func (decide Decision) Enrolled() Decision {
	return func(x Inputs) ([]posting.Outcome, error) {
		missing := func(acc loyalty.Account) bool { return acc.Sequence == 0 || acc.Status == loyalty.Erased }
		if slices.ContainsFunc(x.Accounts, missing) {
			return nil, NotFound("member")
		}
		return decide(x)
	}
}

// A Loader reads inputs that few decisions need. The decision is made without them first.
type Loader interface {
	// Reset discards the inputs that may have changed. It is called at the beginning of every attempt to write.
	Reset()
	// Load reads the inputs that are missing according to the result of a decision. It returns true if the decision
	// must be made again with them.
	Load(ctx context.Context, x Inputs, outs []posting.Outcome, err error) (again bool, failed error)
}
