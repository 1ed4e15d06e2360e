package erasure

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/inventory"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Apply erases a member if a pending erasure of the member is due. It returns the completed erasure. Otherwise it does
// nothing and returns false. If Apply fails, the erasure stays due, and the next call continues it.
func (es Erasures) Apply(
	ctx context.Context, p *loyalty.Program, m loyalty.MemberID,
) (e Erasure, done bool, err error) {
	e, err = es.read(ctx, p.ID, m)
	if err != nil || e.Status != Pending || es.Time().Before(e.Due) {
		return e, false, err
	}
	e, err = es.complete(ctx, p, e)
	return e, err == nil, err
}

// Reapply repeats an erasure of another table, such as the table from which this one was restored. It ignores erasures
// that are not completed, and those that this table has completed too. It closes the account, so that the member no
// longer exists for any request. The next run of the schedule deletes the member's data: unlike Reapply, it has the
// keys that this needs. Reapply reports whether it changed anything.
func (es Erasures) Reapply(ctx context.Context, p *loyalty.Program, e Erasure) (done bool, err error) {
	if e.Status != Completed {
		return false, nil
	}
	if err := es.closeAccount(ctx, p, e.Member); err != nil {
		return false, err
	}
	was, err := es.read(ctx, p.ID, e.Member)
	if err != nil || was.Status == Completed || was.Status == Pending && !es.Time().Before(was.Due) {
		return false, err
	}
	e.item, e.Status, e.Completed = was.item, Pending, time.Time{}
	err = es.Table.Transact(ctx, table.Put(e.stored(p.ID, ledger.By{Actor: applier})))
	return err == nil, conflictAsTryAgain(err)
}

// complete erases a member and records that the erasure is completed.
func (es Erasures) complete(ctx context.Context, p *loyalty.Program, e Erasure) (Erasure, error) {
	err := es.erase(ctx, p, e.Member)
	if err != nil {
		return e, err
	}
	e.Status, e.Completed = Completed, es.Time()
	err = es.Table.Transact(ctx, table.Put(e.stored(p.ID, ledger.By{Actor: applier})))
	return e, conflictAsTryAgain(err)
}

// erase erases a member.
func (es Erasures) erase(ctx context.Context, p *loyalty.Program, m loyalty.MemberID) error {
	for _, step := range []func(context.Context, *loyalty.Program, loyalty.MemberID) error{
		es.leave, es.closeAccount,
		es.leave, // the member may have joined again before the account was closed
		es.forget,
	} {
		if err := step(ctx, p, m); err != nil {
			return conflictAsTryAgain(err)
		}
	}
	return nil
}

// conflictAsTryAgain returns ErrTryAgain for a conflict, and other errors unchanged.
func conflictAsTryAgain(err error) error {
	if ledger.IsConflict(err) {
		return ledger.ErrTryAgain
	}
	return ledger.Retryable(err)
}

// leave removes a member from the household and from all waitlists.
func (es Erasures) leave(ctx context.Context, p *loyalty.Program, m loyalty.MemberID) error {
	hs := members.Households{Ledger: es.Ledger}
	id, err := hs.Of(ctx, p.ID, m)
	if err == nil && id != "" {
		_, err = hs.Leave(ctx, p, id, m)
	}
	if err != nil {
		return err
	}
	for i := range p.Rewards {
		if r := &p.Rewards[i]; r.HasWaitlist() {
			if _, err := (inventory.Waitlists{Ledger: es.Ledger}).Leave(ctx, p, r.ID, m); err != nil {
				return err
			}
		}
	}
	return nil
}

// closeAccount writes the entries of engine.Erase. It does nothing if the account is closed or does not exist.
func (es Erasures) closeAccount(ctx context.Context, p *loyalty.Program, m loyalty.MemberID) error {
	_, err := es.Execute(ctx, ledger.Command{
		Program: p, Member: m, By: ledger.By{Actor: applier},
		Decide: ledger.Single(func(acc loyalty.Account, x ledger.Inputs) (posting.Outcome, error) {
			return engine.Erase(p, acc, x.Now)
		}).Enrolled(),
	})
	if errors.Is(err, loyalty.NotFound) {
		return nil
	}
	return err
}

// forget deletes the look-ups and the items of a member whose account is closed. The key of the member is deleted last,
// because the look-ups follow from encrypted data.
func (es Erasures) forget(ctx context.Context, p *loyalty.Program, m loyalty.MemberID) error {
	program := p.ID
	ms := members.Members{Ledger: es.Ledger}
	profile, err := ms.Profile(ctx, program, m)
	if err != nil {
		return err
	}
	code, err := members.Referrals{Ledger: es.Ledger}.CodeOf(ctx, program, m)
	if err != nil {
		return err
	}
	history, err := es.history(ctx, program, m)
	if err != nil {
		return err
	}
	payments, names := service.Payments{Ledger: es.Ledger}, []string{string(m)}
	for _, payment := range history.payments {
		if err := payments.ForgetPayer(ctx, program, payment); err != nil {
			return err
		}
	}
	var ids []stored.Identity
	if profile.ExternalID != "" {
		names = append(names, "external:"+profile.ExternalID)
		ids = append(ids, stored.Identity{Kind: "external", Value: profile.ExternalID})
	}
	if profile.Email != "" {
		ids = append(ids, es.Email(program, profile.Email))
	}
	if code != "" {
		ids = append(ids, members.ReferralIdentity(code))
	}
	if err := payments.ForgetCustomers(ctx, program, names...); err != nil {
		return err
	}
	if err := ms.Forget(ctx, program, profile, history.segments, ids, history.referrer); err != nil {
		return err
	}
	return ms.ClearPartition(ctx, program, profile)
}

// A history contains the facts in a member's entries by which the member could be found.
type history struct {
	segments []string
	payments []string
	referrer loyalty.MemberID
}

// history reads all entries of a member. It returns ErrTryAgain if the index does not list the last one yet.
func (es Erasures) history(ctx context.Context, program string, m loyalty.MemberID) (h history, err error) {
	newest := true
	for e, err := range (ledger.Statements{Ledger: es.Ledger}).List(ctx, program, m, 0, 0) {
		if err != nil {
			return h, err
		}
		if newest && e.Status != loyalty.Erased {
			return h, ledger.ErrTryAgain
		}
		newest = false
		if t := e.Traits; t != nil {
			h.segments = append(h.segments, t.Segments...)
			h.referrer = max(h.referrer, t.Referral.By)
		}
		if e.Order != nil {
			for _, r := range e.Order.Order.Receipts {
				h.payments = append(h.payments, r.ID)
			}
		}
	}
	slices.Sort(h.segments)
	slices.Sort(h.payments)
	h.segments, h.payments = slices.Compact(h.segments), slices.Compact(h.payments)
	return h, nil
}
