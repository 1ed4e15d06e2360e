package loyalty

import (
	"slices"
	"time"
)

// rest returns the longest time between visits to a member for whom nothing is planned. Earning does not schedule
// visits, so only a visit detects its effects.
func (r Reminders) rest(p *Program) time.Duration {
	const day = 24 * time.Hour
	rest := 30 * day
	for _, s := range r.Messages {
		rest = min(rest, s.rest(p))
	}
	return max(day, rest)
}

// rest returns how long an event may stay undetected without making this reminder late.
func (r *Reminder) rest(p *Program) time.Duration {
	const day = 24 * time.Hour
	switch r.On {
	case BeforeExpiry:
		longest := 0
		for _, l := range r.Leads {
			longest = max(longest, l.Months*31+l.Days+1)
		}
		return min(7, time.Duration(max(0, p.shortestLife()-longest))) * day
	case AfterActive, BeforeHold, BeforeCode, NearReward, NearTier:
		return day
	case AfterClaim, AfterOrder:
		days := r.lead().Months*30 + r.lead().Days
		return min(7, time.Duration(days)) * day
	}
	return 30 * day
}

// shortestLife returns the shortest life of points from any source, in days. Points that expire on days of the year can
// have a life of 0 days.
func (p *Program) shortestLife() int {
	days := 10_000
	for _, e := range p.expiries() {
		days = min(days, e.After.Months*28+e.After.Days)
	}
	return days
}

// Expiries reports whether points from any source expire.
func (p *Program) Expiries() bool { return len(p.expiries()) > 0 }

// expiries returns the expiries of all sources of points that expire.
func (p *Program) expiries() []*Expiry {
	all := []*Expiry{&p.Earn.Expires}
	for _, l := range p.Tiers.Levels {
		all = append(all, l.Expires)
	}
	for _, r := range slices.Concat(p.Earn.Rules, p.Campaigns) {
		all = append(all, r.Life.Expires)
	}
	for _, a := range p.Earn.Actions {
		all = append(all, a.Life.Expires)
	}
	return slices.DeleteFunc(all, func(e *Expiry) bool { return e == nil || e.Never() })
}
