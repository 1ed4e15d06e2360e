package loyalty

import (
	"slices"
	"time"
)

// Supersede lets p take over at an instant from the version before, which may be nil. It says from when on the birthdays
// and anniversaries of p count: from then, or from when they did under the same action of the version before. Without
// it, an action that a merchant adds today would at once pay every birthday of the past year, and one that was only
// edited would pay twice. Where what levels take changes, members move as mode says; else what became of them when it
// last changed goes on to count. Whoever publishes p calls it once, before p is stored or shared.
func (p *Program) Supersede(before *Program, at time.Time, mode RefreshMode) {
	if before != nil && len(before.Tiers.Levels) > 0 {
		p.Tiers.succeed(&before.Tiers)
	}
	switch {
	case p.Retiers(before):
		p.Tiers.Refresh = Refresh{At: at, Mode: mode}
	case before != nil:
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
