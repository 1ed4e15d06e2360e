package award

import (
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// RecordTraits posts the entry that records the member's traits.
func RecordTraits(d *posting.Decision, t loyalty.Traits, changed []string, now time.Time) error {
	t.Revision++
	return d.Post(loyalty.Entry{
		Kind:      loyalty.KindUpdateMember,
		Cause:     loyalty.Cause{Kind: loyalty.CauseMember, ID: string(d.Account.Member), Revision: t.Revision},
		Effective: now,
		Detail:    loyalty.Detail{Subject: loyalty.Subject{Traits: &t}},
		Reasons:   []loyalty.Reason{loyalty.NewReason("member", "0", loyalty.HasChanged, strings.Join(changed, ", "))},
	})
}
