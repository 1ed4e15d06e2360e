package posting

import (
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// A Spend is the change of a budget or stock by a decision. For the budget of a rule, it is the number of points that
// an order takes or returns. For the stock of a reward, it is the number of units that a redemption takes or returns.
type Spend struct {
	Rule   string         // the full key with its section
	Points loyalty.Points // negative if returned; zero if only the remaining amount affects the decision
	Budget loyalty.Points // the whole budget
}

// UsageRetention is how long the usage of a period is stored after the period's end. No new order is accepted later for
// the period. If a later revision of an order returns points to a period whose usage is no longer stored, no other
// order can use them.
const UsageRetention = loyalty.MaxOrderAge + 48*time.Hour

// AddUsage returns the sum of two lists of usage, in which usages with the same key are added. It drops usages of
// periods that ended more than UsageRetention ago.
func AddUsage(all, more []loyalty.Usage, now time.Time) []loyalty.Usage {
	out := slices.Clone(all)
	for _, u := range more {
		at, found := slices.BinarySearchFunc(out, u, loyalty.Usage.Compare)
		if !found {
			n := u
			n.N = 0
			out = slices.Insert(out, at, n)
		}
		out[at].N += u.N
	}
	oldest := calendar.DateOf(now.Add(-UsageRetention), time.UTC)
	return slices.DeleteFunc(out, func(u loyalty.Usage) bool { return u.N == 0 || u.Ends != 0 && u.Ends < oldest })
}
