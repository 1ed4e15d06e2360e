package ledger

import (
	"context"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// Rules returns the program in the version whose rules apply to an order.
func (l *Ledger) Rules(ctx context.Context, p *loyalty.Program, version int) (*loyalty.Program, error) {
	if p.Version == version {
		return p, nil
	}
	return l.Program(ctx, p.ID, version)
}

// permitted returns a *switches.StoppedError if a switch stops the command.
func (x *execution) permitted(ctx context.Context) error {
	if x.Versions == nil {
		return nil
	}
	s, _, err := x.Versions(ctx, x.c.Program.ID)
	if err != nil {
		return err
	}
	return s.Switches.Check(x.c.By.Switch)
}

// past returns the versions of the program that preceded p and were live after the first of the given instants, oldest
// first. It also returns the time until which p is known to be the live version. Usually there are no earlier versions,
// and nothing is read, because the schedule and the versions are cached.
func (l *Ledger) past(
	ctx context.Context, p *loyalty.Program, since, now time.Time,
) (versions []tier.Live, until time.Time, err error) {
	if l.Versions == nil {
		return nil, now, nil
	}
	s, read, err := l.Versions(ctx, p.ID)
	if err != nil {
		return nil, now, err
	}
	if until = now; p.Version == s.Live && read.Before(now) {
		until = read.UTC().Truncate(time.Millisecond)
	}
	versions, ended, err := l.between(ctx, p, s, since)
	if !ended.IsZero() && !ended.After(until) {
		until = ended.Add(-time.Millisecond)
	}
	return versions, until, err
}

// between returns the versions of a schedule that preceded p and were live after the given instant. It also returns the
// time at which p ended, or zero if p has not ended.
func (l *Ledger) between(
	ctx context.Context, p *loyalty.Program, s Schedule, since time.Time,
) (versions []tier.Live, ended time.Time, err error) {
	for _, v := range s.Past {
		switch {
		case v.Version == p.Version: // another version took effect, so p has ended
			return versions, v.Until, nil
		case !v.Until.After(since):
			continue
		}
		rules, err := l.Rules(ctx, p, v.Version)
		if err != nil {
			return nil, ended, err
		}
		versions = append(versions, tier.Live{Program: rules, Until: v.Until})
	}
	return versions, ended, nil
}

// RulesAt returns the version of the program whose rules apply to orders and events of an instant. This is the version
// that was live then, or another version if that version was recalled (see Schedule.Pricing). The parameter p is the
// current version.
func (l *Ledger) RulesAt(ctx context.Context, p *loyalty.Program, at time.Time) (*loyalty.Program, error) {
	if l.Versions == nil {
		return p, nil
	}
	s, _, err := l.Versions(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	if version := s.Pricing(at); version > 0 {
		return l.Rules(ctx, p, version)
	}
	return p, nil
}

// PresentAt returns an account with all changes that are due without a command until now.
func (l *Ledger) PresentAt(
	ctx context.Context, p *loyalty.Program, acc loyalty.Account, now time.Time,
) (posting.Outcome, error) {
	since := acc.Ran
	if acc.Sequence == 0 {
		since = now
	}
	versions, until, err := l.past(ctx, p, since, now)
	if err != nil || acc.Sequence == 0 {
		acc.Ran = until
		return posting.Outcome{Account: acc}, err
	}
	out, err := engine.AdvanceThrough(p, acc, versions, now)
	out.Account.Ran = later(acc.Ran, until)
	return out, err
}

// Present returns an account with all changes that are due without a command until now. It writes nothing.
func (l *Ledger) Present(ctx context.Context, p *loyalty.Program, acc loyalty.Account) (posting.Outcome, error) {
	return l.PresentAt(ctx, p, acc, l.Time())
}

// pass returns the changes of an account that are due without a command until now. If they do not fit into one
// transaction, because the account was not written for a long time, pass returns the first part of them, and true.
func (l *Ledger) pass(
	ctx context.Context, p *loyalty.Program, acc loyalty.Account, now time.Time,
) (out posting.Outcome, more bool, err error) {
	if out, err = l.PresentAt(ctx, p, acc, now); err != nil || len(out.Entries) <= behind {
		return out, false, err
	}
	part, err := l.PresentAt(ctx, p, acc, out.Entries[behind].Effective.Add(-time.Millisecond))
	if err != nil || len(part.Entries) == 0 {
		return out, false, err
	}
	for i := range part.Entries {
		part.Entries[i].Recorded = now
	}
	return part, true, nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// behind is the maximum number of entries for changes over time in one transaction. A transaction with this many
// entries, the codes and stock that they return, and all writes of a command stays within mostOps.
const behind = 20
