package posting

import (
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// maxExpiredLots is how many expired lots a wallet remembers, to limit the account's size. Points that a clawback would
// take from older lots count as expired, in the member's favor.
const maxExpiredLots = 12

// expiredIn returns how many points expired in a lot and have not been written off.
func expiredIn(p loyalty.Purse, lot calendar.Date) loyalty.Points {
	at, found := slices.BinarySearchFunc(p.ExpiredLots, lot, func(l loyalty.Lot, d calendar.Date) int {
		return l.Expires.Compare(d)
	})
	switch {
	case found:
		return p.ExpiredLots[at].Points
	case at == 0 && len(p.ExpiredLots) == maxExpiredLots:
		return loyalty.MaxBalance
	}
	return 0
}

// expiredSince returns the first lot on or after the given day in which points expired by inactivity, or the day itself
// if there is none. A clawback needs it because the activity that moved points to the given day may no longer count.
func expiredSince(p loyalty.Purse, day calendar.Date) calendar.Date {
	for _, l := range p.ExpiredLots {
		if l.Expires >= day && l.Points > 0 {
			return l.Expires
		}
	}
	return day
}

// addExpiredLot adds expired points to the expired lots that a wallet remembers. If the points are negative and their
// lot was forgotten, it changes nothing.
func addExpiredLot(lots []loyalty.Lot, l loyalty.Lot) []loyalty.Lot {
	known := slices.ContainsFunc(lots, func(x loyalty.Lot) bool { return x.Expires == l.Expires })
	if l.Points <= 0 && !known || l.Expires == 0 {
		return lots
	}
	lots = AddLot(lots, l)
	return lots[max(0, len(lots)-maxExpiredLots):]
}

// AddLot returns lots with l added to the lot of the same day. It removes a lot whose points become zero.
func AddLot(lots []loyalty.Lot, l loyalty.Lot) []loyalty.Lot {
	at, found := slices.BinarySearchFunc(lots, l, func(x, y loyalty.Lot) int {
		return x.Expires.Compare(y.Expires)
	})
	if !found {
		out := make([]loyalty.Lot, 0, len(lots)+1)
		return append(append(append(out, lots[:at]...), l), lots[at:]...)
	}
	lots = slices.Clone(lots)
	if lots[at].Points += l.Points; lots[at].Points == 0 {
		return slices.Delete(lots, at, at+1)
	}
	return lots
}

// AddGraced adds a day unless it is present. If there are more than MaxGraced days, it drops the oldest.
func AddGraced(days []calendar.Date, day calendar.Date) []calendar.Date {
	if slices.Contains(days, day) {
		return days
	}
	return append(slices.Clone(days[max(0, len(days)+1-loyalty.MaxGraced):]), day)
}

// settle fixes the expiry days of reserved lots that expire by inactivity, up to the day stale. Later activities no
// longer postpone them.
func settle(a *loyalty.Account, stale calendar.Date) {
	a.Holds = slices.Clone(a.Holds)
	for i, h := range a.Holds {
		var lots []loyalty.Lot
		for _, l := range h.Lots {
			if l.Expires <= stale {
				l.Expires = l.Expires.Day()
			}
			lots = AddLot(lots, l)
		}
		a.Holds[i].Lots = lots
	}
}
