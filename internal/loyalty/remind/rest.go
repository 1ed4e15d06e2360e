package remind

import (
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// rest returns the longest time between evaluations of a member for whom no message is due later. Earning points does
// not schedule an evaluation, so only the next evaluation detects its effects.
func rest(r loyalty.Reminders, p *loyalty.Program) time.Duration {
	const day = 24 * time.Hour
	rest := 30 * day
	for _, s := range r.Messages {
		rest = min(rest, reminderRest(&s, p))
	}
	return max(day, rest)
}

// reminderRest returns how long an event may stay undetected without making this reminder late.
func reminderRest(r *loyalty.Reminder, p *loyalty.Program) time.Duration {
	const day = 24 * time.Hour
	switch r.On {
	case loyalty.BeforeExpiry:
		longest := 0
		for _, l := range r.Leads {
			longest = max(longest, l.Months*31+l.Days+1)
		}
		return min(7, time.Duration(max(0, shortestLife(p)-longest))) * day
	case loyalty.AfterActive, loyalty.BeforeHold, loyalty.BeforeCode, loyalty.NearReward, loyalty.NearTier:
		return day
	case loyalty.AfterClaim, loyalty.AfterOrder:
		days := lead(r).Months*30 + lead(r).Days
		return min(7, time.Duration(days)) * day
	}
	return 30 * day
}

// shortestLife returns the shortest life of points from any source, in days. Points that expire on days of the year can
// have a life of 0 days.
func shortestLife(p *loyalty.Program) int {
	days := 10_000
	for _, e := range expiries(p) {
		days = min(days, e.After.Months*28+e.After.Days)
	}
	return days
}

// Expiries reports whether points from any source expire.
func Expiries(p *loyalty.Program) bool { return len(expiries(p)) > 0 }

// expiries returns the expiries of all sources of points that expire.
func expiries(p *loyalty.Program) []*loyalty.Expiry {
	all := []*loyalty.Expiry{&p.Earn.Expires}
	for _, l := range p.Tiers.Levels {
		all = append(all, l.Expires)
	}
	for _, r := range slices.Concat(p.Earn.Rules, p.Campaigns) {
		all = append(all, r.Life.Expires)
	}
	for _, a := range p.Earn.Actions {
		all = append(all, a.Life.Expires)
	}
	return slices.DeleteFunc(all, func(e *loyalty.Expiry) bool { return e == nil || e.Never() })
}
