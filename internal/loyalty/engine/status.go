package engine

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// SetStatus freezes an account or makes it active again, for a stated reason. It returns no entry if the account has
// the status already. The account must have been advanced to now.
func SetStatus(
	p *loyalty.Program, acc loyalty.Account, status loyalty.Status, reason string, now time.Time,
) (posting.Outcome, error) {
	d := posting.Decide(p, acc, now)
	if acc.Status == status {
		return d.Outcome, nil
	}
	kind := loyalty.WasFrozen
	if status == loyalty.Active {
		kind = loyalty.WasUnfrozen
	}
	t := acc.Traits
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
