package ledger

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/parallel"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// A Prior is the state on which the next revision of a cause builds: the latest revision with its rules, and the
// account, which is read in the same step.
type Prior struct {
	Was     *loyalty.Entry   // the latest revision; nil if the cause is new
	Rules   *loyalty.Program // the rules of the first revision
	Account *table.Item      // the item of the account; nil if the account was not read

	member loyalty.MemberID // the member of Account
}

// Revise prepares a command that writes the next revision of a cause that has a natural identity. A command with the
// same content as the latest revision is a replay and writes nothing. Different content becomes the next revision,
// under the rules of the first.
//
// It reads the latest revision and, unless m is empty, the account of m in parallel, so that a command takes two
// sequential steps. Either result may be older than the other. If the account does not include the latest revision yet,
// it is read again before the decision (Command.reached). If another revision is written meanwhile, the write fails. A
// rejection writes nothing, so ExecutePrepared returns it only if the latest revision is still the same.
func (l *Ledger) Revise(p *loyalty.Program, cause loyalty.Cause, m loyalty.MemberID, by By,
	build func(context.Context, Prior) (Command, *Result, error),
) Preparation {
	return func(ctx context.Context) (Command, *Result, error) {
		from, err := l.Prior(ctx, p, cause, m)
		if err != nil {
			return Command{}, nil, err
		}
		if from.Was != nil && from.Was.Input == by.Input {
			if from.Account != nil {
				_, err = existing(*from.Account, m)
			}
			return Command{}, &Result{[]loyalty.Entry{*from.Was}, true}, err
		}
		c, done, err := build(ctx, from)
		c.Program, c.of, c.revises = p, cause, &from
		return c, done, err
	}
}

// Prior reads the latest revision of a cause and, unless m is empty, the account of m in parallel. It loads the rules
// of the first revision, or returns p as the rules if there is none.
func (l *Ledger) Prior(
	ctx context.Context, p *loyalty.Program, cause loyalty.Cause, m loyalty.MemberID,
) (Prior, error) {
	from, err := l.LatestWith(ctx, p.ID, cause, m)
	if from.Rules = p; err != nil || from.Was == nil {
		return from, err
	}
	version := from.Was.Program
	if order := from.Was.Order; order != nil {
		version = order.Program // the order's version; in notes of the first release, Was.Program may be a later one
	}
	from.Rules, err = l.Rules(ctx, p, version)
	return from, err
}

// LatestWith does the same as Prior, but does not load the rules.
func (l *Ledger) LatestWith(
	ctx context.Context, program string, cause loyalty.Cause, m loyalty.MemberID,
) (from Prior, err error) {
	var was *loyalty.Entry
	latest := func() error {
		e, err := l.Latest(ctx, program, cause.Kind, cause.ID)
		if e.Cause.Revision > 0 {
			was = new(loyalty.Entry)
			*was = e // usually there is none, so e itself is not on the heap
		}
		return err
	}
	if m == "" {
		err = latest()
	} else {
		account := new(table.Item)
		from.Account, from.member = account, m
		err = parallel.Do(latest, func() (err error) {
			*account, err = l.Table.Get(ctx, stored.AccountKey(program, m))
			return Retryable(err)
		})
	}
	from.Was = was
	return from, err
}

// revision returns the number of the latest revision, or 0 if there is none.
func (from Prior) revision() int {
	if from.Was == nil {
		return 0
	}
	return from.Was.Cause.Revision
}

// Order returns the order as of the latest revision, or nil if there is none.
func (from Prior) Order() *loyalty.OrderState {
	if from.Was == nil {
		return nil
	}
	return from.Was.Order
}

// Command returns a command that writes the next revision to the account of m.
func (from Prior) Command(p *loyalty.Program, m loyalty.MemberID, by By) Command {
	c := Command{Program: p, Member: m, By: by}
	if from.Account != nil && from.member == m {
		c.Read = from.Account
	}
	if from.Was != nil && from.Was.Member == m {
		c.reached = from.Was.Sequence
	}
	return c
}
