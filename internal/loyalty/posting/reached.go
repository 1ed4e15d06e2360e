package posting

import (
	"cmp"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// MaxBonuses is how many entry bonuses of one level an account remembers. Older bonuses are final.
const MaxBonuses = 8

// setReached returns the milestones and levels that were reached, with one added or replaced.
func setReached(all []loyalty.Reached, r loyalty.Reached) []loyalty.Reached {
	at, found := slices.BinarySearchFunc(all, r, func(x, y loyalty.Reached) int {
		return cmp.Or(cmp.Compare(x.Grant.Rule, y.Grant.Rule), cmp.Compare(x.N, y.N))
	})
	all = slices.Clone(all)
	if found {
		all[at] = r
		return all
	}
	return forgetBonus(slices.Insert(all, at, r), r.Grant.Rule)
}

// forgetBonus removes an entry bonus of a level if the account remembers more than MaxBonuses of them. It removes the
// one for the earliest promotion, but never the one with the highest number, which determines the number of the next
// bonus.
func forgetBonus(all []loyalty.Reached, rule string) []loyalty.Reached {
	n, first := 0, -1
	for i, r := range all {
		if r.Grant.Rule != rule {
			continue
		}
		n++
		latest := i+1 == len(all) || all[i+1].Grant.Rule != rule
		if !latest && (first < 0 || r.At.Before(all[first].At)) {
			first = i
		}
	}
	if n <= MaxBonuses {
		return all
	}
	return slices.Delete(all, first, first+1)
}

// A Bonus is the entry bonus of a level that was reached at an instant.
type Bonus struct {
	Level   string
	Key     string // the same key as Grant.Rule
	Points  loyalty.Points
	At      time.Time
	Expires calendar.Date
}
