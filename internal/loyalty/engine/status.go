package engine

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// SetStatus freezes an account or makes it active again, for a stated reason. Making it active also ends a hold after a
// change of the email address. SetStatus returns no entry if it changes nothing. The account must have been advanced to
// now.
func SetStatus(
	p *loyalty.Program, acc loyalty.Account, status loyalty.Status, reason string, now time.Time,
) (posting.Outcome, error) {
	d := posting.Decide(p, acc, now)
	t := acc.Traits
	var kind loyalty.ReasonKind
	switch held := now.Before(t.HeldUntil); {
	case status == loyalty.Frozen && acc.Status != status:
		kind = loyalty.WasFrozen
	case status == loyalty.Active && acc.Status != status:
		kind, t.HeldUntil = loyalty.WasUnfrozen, time.Time{}
	case status == loyalty.Active && held:
		kind, t.HeldUntil = loyalty.WasReleased, time.Time{}
	default:
		return d.Outcome, nil
	}
	t.Revision++
	err := d.Post(loyalty.Entry{
		Kind:      loyalty.KindUpdateMember,
		Cause:     loyalty.Cause{Kind: loyalty.CauseMember, ID: string(acc.Member), Revision: t.Revision},
		Effective: now,
		Detail:    loyalty.Detail{Subject: loyalty.Subject{Traits: &t, Status: status}},
		Reasons:   []loyalty.Reason{loyalty.NewReason("member", "0", kind, reason)},
	})
	return d.Outcome, err
}
