package tier

import (
	"cmp"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// A Fact is an event in the member's history on which levels depend, such as an order that counts.
type Fact struct {
	At time.Time
	// placed is the instant at which the order or event happened. It differs from At if the fact is a later change of
	// it.
	placed time.Time
	// Cause is the order or event that counts, without its revision. Facts of the same instant are sorted by Cause.
	Cause   loyalty.Cause
	Metrics []loyalty.Metric
	Brands  []loyalty.Bought
	// Entry is set instead of Metrics and Brands if the fact is the member's enrollment, a change of the member's
	// traits, or a level that was set manually.
	Entry *loyalty.Entry
}

// sum returns the sum of all metrics of a fact. Each brand is counted as a qualifying item.
func (f Fact) sum() loyalty.Metric {
	return sum((&loyalty.Account{Metrics: f.Metrics, Brands: f.Brands}))
}

// nothing reports whether a fact contributes no amounts, for example because the order was canceled.
func (f Fact) nothing() bool {
	brands := map[string]int64{}
	for _, b := range f.Brands {
		if brands[b.Brand] += b.N; brands[b.Brand] == 0 {
			delete(brands, b.Brand)
		}
	}
	return f.Entry == nil && f.sum().IsZero() && len(brands) == 0
}

func (f Fact) compare(g Fact) int {
	return cmp.Or(f.At.Compare(g.At), cmp.Compare(f.Cause.Kind, g.Cause.Kind), cmp.Compare(f.Cause.ID, g.Cause.ID))
}

// Facts returns the facts about the levels of a tier group, in the order in which they happened. A fact from before the
// member joined counts from the time of joining. An order counts from when it was placed. If members keep their levels
// after refunds, a decrease counts from when it was recorded, and so does a later increase of the same order or event.
func (h History) Facts(r Rules, joined time.Time) (all []Fact) {
	counted, fell := map[loyalty.Cause]int{}, map[loyalty.Cause]bool{}
	for i := range h.Entries {
		e := &h.Entries[i]
		at, counts := posting.CountedAt(e)
		switch {
		case e.Kind == loyalty.KindEnroll, e.Kind == loyalty.KindUpdateMember, SetsManually(e) &&
			e.TierGroup == r.Tiers.Group:
			all = append(all, Fact{At: e.Effective, Entry: e})
		case counts:
			f := Fact{
				At: calendar.Later(at, joined), placed: calendar.Later(at, joined),
				Cause: loyalty.Cause{Kind: e.Cause.Kind, ID: e.Cause.ID},
			}
			f.Metrics, f.Brands = countsOf(e, r.Tiers.Group)
			if r.Tiers.KeepOnRefund && (fell[f.Cause] || falls(f.sum())) {
				f.At, fell[f.Cause] = e.Recorded, true
				all = append(all, f)
				continue
			}
			n, known := counted[f.Cause]
			if !known {
				counted[f.Cause], all = len(all), append(all, f)
				continue
			}
			all[n].Metrics = slices.Concat(all[n].Metrics, f.Metrics)
			all[n].Brands = slices.Concat(all[n].Brands, f.Brands)
		}
	}
	slices.SortStableFunc(all, Fact.compare)
	return all
}

// SetsManually reports whether an entry sets a level manually.
func SetsManually(e *loyalty.Entry) bool {
	return e.Kind == loyalty.KindMoveTier && len(e.Reasons) > 0 && e.Reasons[0].Kind == loyalty.WasPlaced
}

// countsOf returns the metrics and brands that an entry counts towards the levels of a tier group.
func countsOf(e *loyalty.Entry, group string) (metrics []loyalty.Metric, brands []loyalty.Bought) {
	if group == "" {
		if e.Metric != nil {
			metrics = append(metrics, *e.Metric)
		}
		return metrics, e.Brands
	}
	for _, c := range e.Counts {
		if c.TierGroup == group {
			metrics, brands = append(metrics, c.Metric), append(brands, c.Brands...)
		}
	}
	return metrics, brands
}

// ChangedChannels is the argument of the reason HasChanged when the channels through which a member can be contacted
// change.
const ChangedChannels = "channels"

// A KnownOrder is the latest entry of an order, and the program version whose rules apply to the order.
type KnownOrder struct {
	Entry loyalty.Entry
	Rules earn.Rules
}

// A History contains entries of one member, and the versions of the program that were in force.
type History struct {
	Entries []loyalty.Entry // the entries that posting.Needs requested, in order, up to the last one in the account
	All     bool            // whether Entries contains all entries of the member
	// Versions contains the versions before the present one, in order. The first was in force before the first entry.
	Versions []Live

	Orders []KnownOrder // the orders that posting.Needs requested, in any order
	Later  loyalty.LaterOrders
	Left   earn.Budgets // the remaining budgets that are known
}

// A Live is a program version and the instant at which another version replaced it.
type Live struct {
	Program *loyalty.Program
	Until   time.Time
}
