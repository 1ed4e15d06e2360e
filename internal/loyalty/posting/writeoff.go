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
