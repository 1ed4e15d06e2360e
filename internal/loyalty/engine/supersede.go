package engine

import (
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// Supersede prepares p to replace another program version at the given instant. The caller passes the replaced version,
// or nil if there is none. For each action of p that awards birthdays or anniversaries, Supersede sets Since, the
// instant from which these count. It is the value of the same action in the replaced version, or the given instant if
// there is no such action. Without Since, an action that is added today would immediately award all birthdays of the
// past year, and an edited action would award them twice. If the requirements of levels change, mode determines how
// members move. Otherwise, the last such change remains in effect. The publisher of p calls Supersede once, before it
// stores or shares p.
func Supersede(p *loyalty.Program, before *loyalty.Program, at time.Time, mode loyalty.RefreshMode) {
	if before != nil && len(before.Tiers.Levels) > 0 {
		tier.SetReplacements(&p.Tiers, &before.Tiers)
	}
	switch {
	case before != nil && tier.Retiers(&p.Tiers, &before.Tiers):
		p.Tiers.Refresh = loyalty.Refresh{At: at, Mode: mode}
	case before != nil:
		p.Tiers.Refresh = before.Tiers.Refresh
	}
	for i := range p.Earn.Actions {
		a := &p.Earn.Actions[i]
		if a.Event != award.EventBirthday && a.Event != award.EventAnniversary {
			continue
		}
		a.Since = at
		if before == nil {
			continue
		}
		j := slices.IndexFunc(
			before.Earn.Actions, func(b loyalty.Action) bool { return b.ID == a.ID && b.Event == a.Event },
		)
		if j >= 0 && !before.Earn.Actions[j].Since.IsZero() {
			a.Since = before.Earn.Actions[j].Since
		}
	}
}
