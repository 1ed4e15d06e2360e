package ledger

import (
	"context"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// inputs are the values on which a decision is based.
type inputs struct {
	accs []loyalty.Account // each advanced to now: that of the command's member, then those of the others in order
	left earn.Budgets      // the remainders of the budgets that were read so far
	now  time.Time
}

// A decision decides about accounts. It is a pure function: it reads no item, clock or random source. It returns one
// outcome per account in the same order. If an outcome has no entries, its account stays unchanged, and the entries
// that advanced it to now are not written.
type decision func(x inputs) ([]posting.Outcome, error)

// single returns a decision about the account of the command's member.
func single(decide func(acc loyalty.Account, x inputs) (posting.Outcome, error)) decision {
	return func(x inputs) ([]posting.Outcome, error) {
		out, err := decide(x.accs[0], x)
		return []posting.Outcome{out}, err
	}
}

// enrolled returns a decision that returns not_found unless all accounts exist.
func (decide decision) enrolled() decision {
	return func(x inputs) ([]posting.Outcome, error) {
		if slices.ContainsFunc(x.accs, func(acc loyalty.Account) bool { return acc.Sequence == 0 }) {
			return nil, notFound("member")
		}
		return decide(x)
	}
}

// A loader reads inputs that few decisions need. The decision is made without them first.
type loader interface {
	// reset discards the inputs that may have changed. Every attempt to write begins with it.
	reset()
	// load reads the inputs that the result of a decision shows to be missing. It returns true if the decision is to be
	// made again with them.
	load(ctx context.Context, x inputs, outs []posting.Outcome, err error) (again bool, failed error)
}

// decided makes the command's decision. It loads inputs until none is missing.
func (c Command) decided(ctx context.Context, x inputs) ([]posting.Outcome, error) {
	for range attempts {
		outs, err := c.decide(x)
		if c.load == nil {
			return outs, err
		}
		again, failed := c.load.load(ctx, x, outs, err)
		switch {
		case failed != nil:
			return nil, failed
		case !again:
			return outs, err
		}
	}
	return nil, ErrTryAgain
}
