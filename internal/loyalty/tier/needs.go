package tier

import (
	"cmp"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// NeedsNothing reports whether a decision is complete.
func NeedsNothing(n posting.Needs) bool {
	return !n.Numbers && n.Later == loyalty.PlacedOrder{} && len(n.Orders) == 0 && NeedsOfLevels(n) == levelNeeds{}
}

// Undecided reports whether an order is not decided yet, because the decision needs data about other orders.
func Undecided(n posting.Needs) bool { return n.Numbers || n.Later != loyalty.PlacedOrder{} }

// levelNeeds is the part of posting.Needs that is required to decide levels again.
type levelNeeds struct {
	since, recorded time.Time
	all             bool
}

func NeedsOfLevels(n posting.Needs) levelNeeds { return levelNeeds{n.Since, n.Recorded, n.All} }

// MergeNeeds returns the combined needs of two decisions.
func MergeNeeds(n posting.Needs, m posting.Needs) posting.Needs {
	orders := slices.Concat(n.Orders, m.Orders)
	slices.SortFunc(orders, loyalty.PlacedOrder.Compare)
	return posting.Needs{
		Since: calendar.Soonest(n.Since, m.Since), Recorded: calendar.Soonest(n.Recorded, m.Recorded),
		All:    n.All || m.All,
		Orders: slices.Compact(orders), Numbers: n.Numbers || m.Numbers, Later: cmp.Or(n.Later, m.Later),
	}
}

// clockSkew is the maximum difference between the clocks of two writers.
const clockSkew = time.Minute

// Enough reports whether no entry before e is needed. This is so if the earlier entries were recorded before
// Needs.Recorded.
func Enough(n posting.Needs, e loyalty.Entry) bool {
	return !n.All && e.Recorded.Before(n.Recorded.Add(-loyalty.MaxOrderAhead-clockSkew))
}

// NeedsSince requests the entries that are needed to decide the levels of Tiers and all tier groups again from an
// instant on. It requests all entries unless the account stores the standings of that time.
func NeedsSince(d *posting.Decision, since time.Time) posting.Needs {
	n := NeedsOf(d, since)
	_ = InTierGroups(d, func(d *posting.Decision) error {
		n = MergeNeeds(n, NeedsOf(d, since))
		return nil
	})
	return n
}

// NeedsOf is like NeedsSince, for Tiers or one tier group.
func NeedsOf(d *posting.Decision, since time.Time) posting.Needs {
	n := posting.Needs{Since: since, Recorded: since}
	past := posting.StandingsBefore(Standings(&d.Account), since)
	if since.Before(d.Now.Add(-posting.PastAge)) || len(past) == 0 {
		n.All = true
		return n
	}
	if from, ok := Of(d.P).ReachesBack(d.Account, since); ok {
		n.Recorded = from
	}
	// If the window of the level began too long ago, the account has merged its months with all earlier ones.
	from := from(past[len(past)-1])
	n.All = d.P.Tiers.Window.Kind == loyalty.LevelWindow && from.AddDate(0, MaxWindow-1, 0).Before(d.Now)
	return n
}
