package loyalty

import (
	"slices"
	"time"
)

// rest is after how long a member is visited though nothing is planned: what earns writes nothing here, so that a visit
// is what notices it.
func (r Reminders) rest(p *Program) time.Duration {
	const day = 24 * time.Hour
	rest := 30 * day
	for _, s := range r.Messages {
		rest = min(rest, s.rest(p))
	}
	return max(day, rest)
}

// rest is how long what happens may stay unnoticed without being told too late.
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

// shortestLife is for how many days points live at least, whatever gives them; those that expire on days of the year may
// live for none.
func (p *Program) shortestLife() int {
	days := 10_000
	for _, e := range p.expiries() {
		days = min(days, e.After.Months*28+e.After.Days)
	}
	return days
}

// Lapses reports whether points expire, whatever gives them.
func (p *Program) Expiries() bool { return len(p.expiries()) > 0 }

// expiries is how long those points live that expire.
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
