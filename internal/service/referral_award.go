package service

import (
	"context"
	"errors"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/parallel"
)

// referring returns a command about an order that also changes the referrer's account if the order changes a referral.
// The parameter rules contains the rules that the order uses. The items of the referral are read only if the decision
// about the order changes a referral, so that other orders do not cost more.
func (os Orders) referring(c ledger.Command, rules *loyalty.Program) ledger.Command {
	r := &referralContext{Ledger: os.Ledger, p: c.Program, rules: rules, order: c.Decide}
	c.Decide, c.Load = r.decide, r
	return c
}

// A referralContext contains the inputs of the decision about an order that may change a referral.
type referralContext struct {
	*ledger.Ledger
	p     *loyalty.Program
	rules *loyalty.Program // the rules that the order uses
	order ledger.Decision

	compared bool // whether the profiles of the friend and the referrer were compared
	alike    bool // whether the friend and the referrer are the same person

	// change is the change of the referral for which withdrawn and converting were read. It is zero until they are
	// read.
	change                award.ReferralChange
	withdrawn, converting award.KnownReferral
}

// A missingReferral means that the decision about an order needs further inputs, because the order changes a referral.
type missingReferral struct {
	out    posting.Outcome
	change award.ReferralChange
}

func (*missingReferral) Error() string { return "service: the inputs for the referral are not loaded" }

// decide decides about the order, and about the referrer's account if the order changes a referral.
func (r *referralContext) decide(x ledger.Inputs) ([]posting.Outcome, error) {
	outs, err := r.order(ledger.Inputs{Accounts: x.Accounts[:1], Left: x.Left, Now: x.Now})
	if err != nil {
		return nil, err
	}
	out := outs[0]
	change, concerned := r.changeBy(out)
	switch {
	case !concerned && len(x.Accounts) == 1:
		return outs, nil
	case !concerned:
		return []posting.Outcome{out, {Account: x.Accounts[1]}}, nil
	case len(x.Accounts) == 1 || converts(out, change) && !r.compared || r.change != change:
		return nil, &missingReferral{out, change}
	}
	converting := r.converting
	if s := out.Entries[0].Order; s.Order.ID == change.Converts {
		converting.Order, converting.Rules = s, engine.EarnRules(r.rules)
	}
	return award.AwardReferral(out, engine.Begin(r.p, x.Accounts[1], x.Now), change, r.withdrawn, converting)
}

func (r *referralContext) Reset() { r.change = award.ReferralChange{} }

// Load reads the inputs of a change of a referral. It returns MissingMemberError if the referrer's account is missing.
func (r *referralContext) Load(ctx context.Context, x ledger.Inputs, _ []posting.Outcome, err error) (bool, error) {
	var m *missingReferral
	switch {
	case !errors.As(err, &m):
		return false, nil
	case converts(m.out, m.change) && !r.compared:
		r.alike, err = members.Referrals{Ledger: r.Ledger}.Alike(ctx, r.p.ID, m.out.Account.Member, m.change.Referrer)
		r.compared = true
		return true, err
	case len(x.Accounts) == 1:
		return false, ledger.MissingMemberError(m.change.Referrer)
	}
	r.withdrawn, r.converting, err = r.knownReferrals(ctx, m)
	r.change = m.change
	return true, err
}

// changeBy returns how an order changes a referral. It returns false if the order does not change it. If the friend and
// the referrer are the same person, no order converts the referral.
func (r *referralContext) changeBy(out posting.Outcome) (award.ReferralChange, bool) {
	if tier.Undecided(out.Needs) || len(out.Entries) == 0 || out.Entries[0].Order == nil {
		return award.ReferralChange{}, false
	}
	change, concerned := award.ReferralChangeOf(out.Account, out.Entries[0].Order.Order.ID)
	if !concerned || !converts(out, change) {
		return change, concerned
	}
	if r.compared && r.alike {
		change.Converts = ""
	}
	return change, change.Converts != "" || out.Account.Traits.Referral.Order != ""
}

// converts reports whether a different order than before converts the referral. In that case, the profiles of the two
// members are compared again, because they may have changed after enrollment.
func converts(out posting.Outcome, change award.ReferralChange) bool {
	return change.Converts != "" && change.Converts != out.Account.Traits.Referral.Order
}

// knownReferrals reads the states that a change of a referral needs. If the order of this command converts the
// referral, its state is not read, because it is part of the decision.
func (r *referralContext) knownReferrals(
	ctx context.Context, m *missingReferral,
) (withdrawn, converting award.KnownReferral, err error) {
	friend := m.out.Account
	converting.Rules = engine.EarnRules(r.rules)
	if order := m.change.Converts; order != "" && order != m.out.Entries[0].Order.Order.ID {
		if converting, err = r.convertingOrder(ctx, m.out, order); err != nil {
			return withdrawn, converting, err
		}
	}
	err = parallel.Do(
		func() error { return Orders{r.Ledger}.referralEvents(ctx, r.p, friend, m.change.Withdrawn, &withdrawn) },
		func() error { return Orders{r.Ledger}.referralEvents(ctx, r.p, friend, m.change.Converts, &converting) },
	)
	return withdrawn, converting, err
}

// convertingOrder reads the state of an earlier order that converts a referral.
func (r *referralContext) convertingOrder(
	ctx context.Context, out posting.Outcome, order string,
) (award.KnownReferral, error) {
	e, err := r.Latest(ctx, r.p.ID, loyalty.CauseOrder, order)
	switch {
	case err != nil:
		return award.KnownReferral{}, err
	case e.Order == nil || e.Member != out.Account.Member || e.Sequence >= out.Entries[0].Sequence:
		return award.KnownReferral{}, ledger.ErrStaleRead
	}
	rules, err := r.Ledger.Rules(ctx, r.p, e.Order.Program)
	if err != nil {
		return award.KnownReferral{}, err
	}
	return award.KnownReferral{Order: e.Order, Rules: engine.EarnRules(rules)}, nil
}

// referralEvents reads the two events of a referral for an order, and the rules that they use.
func (os Orders) referralEvents(
	ctx context.Context, p *loyalty.Program, friend loyalty.Account, order string, known *award.KnownReferral,
) error {
	if order == "" {
		return nil
	}
	friends, referrers := award.ReferralEvents(friend.Traits.Referral, friend.Member, order)
	var states [2]*loyalty.EventState
	read := func(i int, ev loyalty.Event) func() error {
		return func() error {
			e, err := os.Latest(ctx, p.ID, loyalty.CauseEvent, award.EventCause(ev))
			states[i] = e.Event
			return err
		}
	}
	if err := parallel.Do(read(0, friends), read(1, referrers)); err != nil {
		return err
	}
	known.Friends, known.Referrers = states[0], states[1]
	if known.Rules.Earning != nil || known.Friends == nil {
		return nil
	}
	rules, err := os.Rules(ctx, p, known.Friends.Program)
	if err == nil {
		known.Rules = engine.EarnRules(rules)
	}
	return err
}
