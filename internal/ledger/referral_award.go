package ledger

import (
	"context"
	"errors"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
	"github.com/perennial-loyalty/perennial/internal/parallel"
)

// errConcerned aborts a decision about one account if the order also changes the referrer's account.
var errConcerned = errors.New("ledger: the order concerns a referrer")

// doReferred does the same as do, for a command about an order; rules are the rules that the order uses. If the order
// changes a referral, the referrer's account changes in the same transaction. That is known only after the order is
// decided, so other orders do not read more items.
func (l *Ledger) doReferred(ctx context.Context, c command, rules *loyalty.Program) ([]loyalty.Entry, error) {
	order, alone := c.decide, c
	referrals := referrals{ledger: l, program: c.p.ID}
	alone.decide = func(acc loyalty.Account, left earn.Budgets) (posting.Outcome, error) {
		out, err := order(acc, left)
		if err != nil {
			return out, err
		}
		if _, concerned, err := referrals.change(ctx, out); !concerned || err != nil {
			return out, err
		}
		return out, errConcerned
	}
	entries, err := l.do(ctx, alone)
	if !errors.Is(err, errConcerned) {
		return entries, err
	}
	c.decide, c.others = nil, []loyalty.MemberID{referrals.referrer}
	c.together = func(accs []loyalty.Account, left earn.Budgets) ([]posting.Outcome, error) {
		out, err := order(accs[0], left)
		if err != nil {
			return nil, err
		}
		change, concerned, err := referrals.change(ctx, out)
		if !concerned || err != nil {
			return []posting.Outcome{out, {Account: accs[1]}}, err
		}
		withdrawn, converting, err := l.knownReferrals(ctx, c.p, out, rules, change)
		if err != nil {
			return nil, err
		}
		return award.AwardReferral(c.p, out, accs[1], change, withdrawn, converting, l.now())
	}
	return l.do(ctx, c)
}

// A referrals determines for one command how its order changes a referral.
type referrals struct {
	ledger   *Ledger
	program  string
	referrer loyalty.MemberID
	compared bool // whether the two members were already compared
	alike    bool
}

// change returns how an order changes a referral, and false if it does not. Profiles may change after enrollment, so
// the two members are compared again before another order converts the referral. While they are the same person, no
// order converts it.
func (r *referrals) change(ctx context.Context, out posting.Outcome) (award.ReferralChange, bool, error) {
	if tier.Undecided(out.Needs) || len(out.Entries) == 0 || out.Entries[0].Order == nil {
		return award.ReferralChange{}, false, nil
	}
	change, concerned := award.ReferralChangeOf(out.Account, out.Entries[0].Order.Order.ID)
	r.referrer = change.Referrer
	if !concerned || change.Converts == "" || change.Converts == out.Account.Traits.Referral.Order {
		return change, concerned, nil
	}
	if !r.compared {
		var err error
		if r.alike, err = r.ledger.alike(ctx, r.program, out.Account.Member, change.Referrer); err != nil {
			return change, false, err
		}
		r.compared = true
	}
	if r.alike {
		change.Converts = ""
	}
	return change, change.Converts != "" || out.Account.Traits.Referral.Order != "", nil
}

// knownReferrals reads the states that a change of a referral needs. out is the decision about an order that uses
// rules.
func (l *Ledger) knownReferrals(
	ctx context.Context, p *loyalty.Program, out posting.Outcome, rules *loyalty.Program, change award.ReferralChange,
) (withdrawn, converting award.KnownReferral, err error) {
	if change.Converts != "" {
		if converting, err = l.convertingOrder(ctx, p, out, rules, change.Converts); err != nil {
			return withdrawn, converting, err
		}
	}
	err = parallel.Do(
		func() error { return l.referralEvents(ctx, p, out.Account, change.Withdrawn, &withdrawn) },
		func() error { return l.referralEvents(ctx, p, out.Account, change.Converts, &converting) },
	)
	return withdrawn, converting, err
}

// convertingOrder returns the state of the order that converts a referral, either from this command's decision or from
// the table.
func (l *Ledger) convertingOrder(
	ctx context.Context, p *loyalty.Program, out posting.Outcome, rules *loyalty.Program, order string,
) (award.KnownReferral, error) {
	if s := out.Entries[0].Order; s.Order.ID == order {
		return award.KnownReferral{Order: s, Rules: rules}, nil
	}
	e, err := l.latest(ctx, p.ID, loyalty.CauseOrder, order)
	switch {
	case err != nil:
		return award.KnownReferral{}, err
	case e.Order == nil || e.Member != out.Account.Member || e.Sequence >= out.Entries[0].Sequence:
		return award.KnownReferral{}, errBehind
	}
	rules, err = l.rules(ctx, p, e.Order.Program)
	return award.KnownReferral{Order: e.Order, Rules: rules}, err
}

// referralEvents reads the two events of a referral for an order, and the rules that they use.
func (l *Ledger) referralEvents(
	ctx context.Context, p *loyalty.Program, friend loyalty.Account, order string, known *award.KnownReferral,
) error {
	if order == "" {
		return nil
	}
	friends, referrers := award.ReferralEvents(friend.Traits.Referral, friend.Member, order)
	var states [2]*loyalty.EventState
	read := func(i int, ev loyalty.Event) func() error {
		return func() error {
			e, err := l.latest(ctx, p.ID, loyalty.CauseEvent, award.EventCause(ev))
			states[i] = e.Event
			return err
		}
	}
	if err := parallel.Do(read(0, friends), read(1, referrers)); err != nil {
		return err
	}
	known.Friends, known.Referrers = states[0], states[1]
	if known.Rules != nil || known.Friends == nil {
		return nil
	}
	var err error
	known.Rules, err = l.rules(ctx, p, known.Friends.Program)
	return err
}
