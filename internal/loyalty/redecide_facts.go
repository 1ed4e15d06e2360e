package loyalty

import (
	"cmp"
	"slices"
	"time"
)

// A fact is an event in the member's history that levels depend on.
type fact struct {
	at time.Time
	// placed is the instant at which the fact counts. It differs from at if the fact is a later change.
	placed time.Time
	// cause is the cause of what counts, without its revision. It orders the facts of one instant.
	cause   Cause
	metrics []Metric
	brands  []Bought
	// entry is set instead of metrics and brands if the fact is a change of the member or a level that was set
	// manually.
	entry *Entry
}

// sum returns all metrics of a fact, with the brands among the qualifying items.
func (f fact) sum() Metric { return (&Account{Metrics: f.metrics, Brands: f.brands}).sum() }

// nothing reports whether a fact no longer counts anything.
func (f fact) nothing() bool {
	brands := map[string]int64{}
	for _, b := range f.brands {
		if brands[b.Brand] += b.N; brands[b.Brand] == 0 {
			delete(brands, b.Brand)
		}
	}
	return f.entry == nil && f.sum().isZero() && len(brands) == 0
}

func (f fact) compare(g fact) int {
	return cmp.Or(f.at.Compare(g.at), cmp.Compare(f.cause.Kind, g.cause.Kind), cmp.Compare(f.cause.ID, g.cause.ID))
}

// facts returns the facts about the levels of a tier group, in the order in which they happened. A fact from before the
// member joined counts from the time of joining. An order counts from when it was placed. If members keep levels on a
// refund, a decrease counts from when it was recorded, and so does a later increase of the same order or event.
func (h History) facts(p *Program, joined time.Time) (all []fact) {
	counted, fell := map[Cause]int{}, map[Cause]bool{}
	for i := range h.Entries {
		e := &h.Entries[i]
		at, counts := e.counted()
		switch {
		case e.Kind == KindEnroll, e.Kind == KindUpdateMember, e.placed() && e.TierGroup == p.compiled.ladder:
			all = append(all, fact{at: e.Effective, entry: e})
		case counts:
			f := fact{
				at: later(at, joined), placed: later(at, joined), cause: Cause{Kind: e.Cause.Kind, ID: e.Cause.ID},
			}
			f.metrics, f.brands = e.counts(p.compiled.ladder)
			if p.Tiers.KeepOnRefund && (fell[f.cause] || f.sum().falls()) {
				f.at, fell[f.cause] = e.Recorded, true
				all = append(all, f)
				continue
			}
			n, known := counted[f.cause]
			if !known {
				counted[f.cause], all = len(all), append(all, f)
				continue
			}
			all[n].metrics = slices.Concat(all[n].metrics, f.metrics)
			all[n].brands = slices.Concat(all[n].brands, f.brands)
		}
	}
	slices.SortStableFunc(all, fact.compare)
	return all
}

// placed reports whether an entry sets a level manually.
func (e *Entry) placed() bool {
	return e.Kind == KindMoveTier && len(e.Reasons) > 0 && e.Reasons[0].Kind == WasPlaced
}

// counted returns the instant of the order or event that the entry counts towards levels. It returns false if the entry
// counts nothing.
func (e *Entry) counted() (time.Time, bool) {
	switch {
	case e.Metric == nil && len(e.Brands) == 0 && len(e.Counts) == 0:
	case e.Order != nil:
		return e.Order.Order.PlacedAt, true
	case e.Event != nil:
		return e.Event.Event.At, true
	}
	return time.Time{}, false
}

// counts returns the metrics and brands that an entry counts towards the levels of a tier group.
func (e *Entry) counts(ladder string) (metrics []Metric, brands []Bought) {
	if ladder == "" {
		if e.Metric != nil {
			metrics = append(metrics, *e.Metric)
		}
		return metrics, e.Brands
	}
	for _, c := range e.Counts {
		if c.TierGroup == ladder {
			metrics, brands = append(metrics, c.Metric), append(brands, c.Brands...)
		}
	}
	return metrics, brands
}
