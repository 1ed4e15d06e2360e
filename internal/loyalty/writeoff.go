package loyalty

import "slices"

// A WriteOff is a number of points that expired in a lot, and that a clawback therefore does not take. It is negative
// if the points are no longer written off because the refund failed.
type WriteOff struct {
	Wallet string
	Lot    Date
	Points Points
}

// maxLapsed is how many expired lots a wallet remembers, to limit the account's size. What a clawback would take from
// older lots counts as expired, in the member's favor.
const maxLapsed = 12

// expiredIn returns how many points expired in a lot and have not been written off.
func (p Purse) expiredIn(lot Date) Points {
	for _, l := range p.ExpiredLots {
		if l.Expires == lot {
			return l.Points
		}
	}
	if len(p.ExpiredLots) == maxLapsed && lot.Compare(p.ExpiredLots[0].Expires) < 0 {
		return MaxBalance
	}
	return 0
}

// expiredSince returns the first lot on or after a day in which points expired by inactivity, or the day if there is
// none. The activity that moved points to the day may no longer count.
func (p Purse) expiredSince(day Date) Date {
	for _, l := range p.ExpiredLots {
		if l.Expires.Slides() && l.Expires >= day && l.Points > 0 {
			return l.Expires
		}
	}
	return day
}

// addLapsed adds expired points to the lots that a wallet remembers. It ignores a removal from a lot that was
// forgotten.
func addLapsed(lots []Lot, l Lot) []Lot {
	known := slices.ContainsFunc(lots, func(x Lot) bool { return x.Expires == l.Expires })
	if l.Points == 0 || l.Expires == 0 || l.Points < 0 && !known {
		return lots
	}
	lots = addLot(lots, l)
	return lots[max(0, len(lots)-maxLapsed):]
}
