package validate

import (
	"math"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/program/document"
)

// outOfReach warns of levels and rewards that require more points than the caps allow members to earn with orders.
func outOfReach(c *document.Compiler, root *document.Node) {
	if len(c.P.Earn.Caps) == 0 {
		return
	}
	levelsOutOfReach(c, root.Get("tiers"), c.P.Tiers)
	for i, item := range root.Get("tier_groups").List() {
		levelsOutOfReach(c, item, c.P.TierGroups[i].Tiers)
	}
	months := 0 // the lifetime of points in months; zero if they never expire
	if e := c.P.Earn.Expires; !e.Inactive && e.Anniversary == "" && len(e.On) == 0 && !e.After.IsZero() {
		months = e.After.Months + e.After.Days/28 + 12 // rounding can add up to a year
	}
	most, cap, capped := mostEarned(c.P.Earn.Caps, months)
	for i, item := range root.Get("rewards").List() {
		least := leastPrices(c.P.Rewards[i])[""]
		if capped && c.P.Rewards[i].Type != redeem.Perk && len(c.P.Rewards[i].Wallets) == 0 && least > most {
			c.Warn(document.At(item, "costs %d points, but orders earn at most %d: earn.caps has %s", least, most, cap))
		}
	}
}

func levelsOutOfReach(c *document.Compiler, item *document.Node, t loyalty.Tiers) {
	if t.By != loyalty.ByPointsEarned || len(t.Ways) > 0 {
		return
	}
	months := t.Months
	switch {
	case t.Calendar:
		months = 12
	case t.Window.Months > 0:
		months = t.Window.Months
	}
	most, cap, capped := mostEarned(c.P.Earn.Caps, months)
	for i, level := range item.Get("levels").List() {
		if from := loyalty.Points(t.Levels[i].From); capped && from > most {
			c.Warn(
				document.At(
					level.Get("from"), "is more points than orders earn in its window, at most %d: earn.caps has %s",
					most, cap,
				),
			)
		}
	}
}

// mostEarned returns the maximum number of points that the caps allow in the given number of months, and the cap that
// limits the points. If months is zero, the time is unlimited. It reports false if no cap limits the points.
func mostEarned(caps []loyalty.Cap, months int) (most loyalty.Points, by loyalty.Cap, ok bool) {
	periods := map[loyalty.CapPeriod]int{loyalty.PerEver: 1}
	if months > 0 { // the lifetime of points can overlap one more calendar period at its end
		periods[loyalty.PerYear] = months/12 + 2
		periods[loyalty.PerMonth] = months + 1
		periods[loyalty.PerWeek] = months*31/7 + 2
		periods[loyalty.PerDay] = months * 31
	}
	most = math.MaxInt64
	for _, cap := range caps {
		if n := periods[cap.Per]; n > 0 && cap.Points <= loyalty.MaxBalance && cap.Points*loyalty.Points(n) < most {
			most, by, ok = cap.Points*loyalty.Points(n), cap, true
		}
	}
	return most, by, ok
}
