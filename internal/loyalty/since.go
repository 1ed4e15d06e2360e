package loyalty

import (
	"slices"
	"time"
)

// Since says from when on the birthdays and anniversaries of p count: from `at`, the instant at which p takes over, or
// from when they did under the same action of the version before, which may be nil. Without it, an action that a
// merchant adds today would at once pay every birthday of the past year, and one that was only edited would pay twice.
// What became of levels when what they take last changed goes on to count as well, unless it changes again.
// Whoever publishes p calls it once, before p is stored or shared.
func (p *Program) Since(before *Program, at time.Time) {
	if before != nil && !p.Retiers(before) {
		p.Tiers.Refresh = before.Tiers.Refresh
	}
	for i := range p.Earn.Actions {
		a := &p.Earn.Actions[i]
		if a.Event != EventBirthday && a.Event != EventAnniversary {
			continue
		}
		a.Since = at
		if before == nil {
			continue
		}
		j := slices.IndexFunc(before.Earn.Actions, func(b Action) bool { return b.ID == a.ID && b.Event == a.Event })
		if j >= 0 && !before.Earn.Actions[j].Since.IsZero() {
			a.Since = before.Earn.Actions[j].Since
		}
	}
}
