package loyalty

import "slices"

// A WriteOff is points that expired in a lot and that a clawback therefore does not take: below zero if they are not
// written off any more, because the refund failed.
type WriteOff struct {
	Wallet string
	Lot    Date
	Points Points
}

// maxLapsed is how many expired lots a wallet remembers: a bound on the account's size. What a clawback takes of older
// lots counts as expired, in the member's favor.
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

// expiredSince returns the first lot of a day or later in which points expired by inactivity: that of an activity that
// counts no longer, perhaps.
func (p Purse) expiredSince(day Date) Date {
	for _, l := range p.ExpiredLots {
		if l.Expires.Slides() && l.Expires >= day && l.Points > 0 {
			return l.Expires
		}
	}
	return day
}

// addLapsed adds points that expired to the lots that a wallet remembers. What is taken off a forgotten lot is ignored.
func addLapsed(lots []Lot, l Lot) []Lot {
	known := slices.ContainsFunc(lots, func(x Lot) bool { return x.Expires == l.Expires })
	if l.Points == 0 || l.Expires == 0 || l.Points < 0 && !known {
		return lots
	}
	lots = addLot(lots, l)
	return lots[max(0, len(lots)-maxLapsed):]
}
