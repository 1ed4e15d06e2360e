package remind

import (
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// rest returns the longest time between evaluations of a member for whom no message is due later. Earning points does
// not schedule an evaluation, so only the next evaluation detects its effects.
func rest(r loyalty.Reminders, earning *loyalty.Earning, tiers *loyalty.Tiers) time.Duration {
	const day = 24 * time.Hour
	rest := 30 * day
	for _, s := range r.Messages {
		rest = min(rest, reminderRest(&s, earning, tiers))
	}
	return max(day, rest)
}

// reminderRest returns how long an event may remain undetected without delaying this reminder.
func reminderRest(r *loyalty.Reminder, earning *loyalty.Earning, tiers *loyalty.Tiers) time.Duration {
	const day = 24 * time.Hour
	switch r.On {
	case loyalty.BeforeExpiry:
		longest := 0
		for _, l := range r.Leads {
			longest = max(longest, l.Months*31+l.Days+1)
		}
		return min(7, time.Duration(max(0, shortestLife(earning, tiers)-longest))) * day
	case loyalty.AfterActive, loyalty.BeforeHold, loyalty.BeforeCode, loyalty.NearReward, loyalty.NearTier:
		return day
	case loyalty.AfterClaim, loyalty.AfterOrder:
		days := lead(r).Months*30 + lead(r).Days
		return min(7, time.Duration(days)) * day
	}
	return 30 * day
}

// shortestLife returns the shortest time in days after which points from any source may expire. It can be 0 for points
// that expire on fixed days of the year.
func shortestLife(earning *loyalty.Earning, tiers *loyalty.Tiers) int {
	days := 10_000
	for _, e := range expiries(earning, tiers) {
		days = min(days, e.After.Months*28+e.After.Days)
	}
	return days
}

// Expiries reports whether points from any source expire.
func Expiries(earning *loyalty.Earning, tiers *loyalty.Tiers) bool {
	return len(expiries(earning, tiers)) > 0
}

// expiries returns the expiries of all sources of points that expire.
func expiries(earning *loyalty.Earning, tiers *loyalty.Tiers) []*calendar.Expiry {
	all := []*calendar.Expiry{&earning.Earn.Expires}
	for _, l := range tiers.Levels {
		all = append(all, l.Expires)
	}
	for _, rules := range [][]loyalty.Rule{earning.Earn.Rules, earning.Campaigns} {
		for i := range rules { // there may be thousands: do not copy them
			if e := rules[i].Life.Expires; e != nil {
				all = append(all, e)
			}
		}
	}
	for _, a := range earning.Earn.Actions {
		all = append(all, a.Life.Expires)
	}
	return slices.DeleteFunc(all, func(e *calendar.Expiry) bool { return e == nil || e.Never() })
}
