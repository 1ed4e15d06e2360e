package describe

import (
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// Explain describes a compiled program in plain English, one sentence per line.
func Explain(p *loyalty.Program) string {
	w := &writer{p: p}
	e := explainer{w}
	w.say("%s (%s): days are in the time zone %s.", p.Name.In("en"), p.ID, p.Zone)
	e.earn()
	ruleSection{w}.explain()
	e.bounds()
	e.actions()
	e.life()
	e.refunds()
	e.payments()
	tierSection{w, p.Tiers}.explain()
	e.tierGroups()
	e.wallets()
	e.notice()
	rewardSection{w}.explain()
	e.transfers()
	e.households()
	e.goodwill()
	reminderSection{w}.explain()
	return strings.Join(w.lines, "\n") + "\n"
}
