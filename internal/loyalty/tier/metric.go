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

// buckets returns the keys of the buckets in which the account has metrics or brands.
func buckets(a *loyalty.Account) (all []int) {
	for _, m := range a.Metrics {
		all = append(all, m.Month)
	}
	for _, b := range a.Brands {
		all = append(all, b.Month)
	}
	return all
}

// CountOrder computes the amounts of an order that count toward a level. It records the new amounts in the state, and
// the change by this revision in the entry.
func (r Qualification) CountOrder(
	s *loyalty.OrderState, e *loyalty.Entry, acc loyalty.Account, prior *loyalty.OrderState,
	w earn.Worth,
) {
	if prior == nil || prior.Order.Member == "" {
		prior, s.Bucket = nil, r.firstBucket(acc, s.Order.PlacedAt)
	}
	s.Bucket = r.rebucketed(acc, s.Bucket, s.Order.PlacedAt)
	m := loyalty.Metric{
		Month: cmp.Or(s.Bucket, calendar.DateOf(s.Order.PlacedAt, r.Zone).Month()),
		Spend: w.Spend - s.Spend, QualifyingItems: w.Pieces - s.QualifyingItems,
	}
	if earn.UsesMeasure(r.Tiers, loyalty.ByPointsEarned) {
		m.Points = s.Worth
		if prior != nil {
			m.Points -= prior.Worth
		}
	}
	if w.Counted {
		m.Orders++
	}
	if prior != nil && prior.Counted {
		m.Orders--
	}
	s.Counted = w.Counted
	e.Window = r.Apart(acc)
	if !m.IsZero() {
		e.Metric = &m
	}
	e.Brands = brandsBetween(s.Brands, w.Brands, m.Month)
	s.Spend, s.QualifyingItems, s.Brands = w.Spend, w.Pieces, w.Brands
}

// brandsBetween returns the differences between the brands that counted before and the brands that count now. Both
// lists are sorted.
func brandsBetween(was, are []string, month int) (out []loyalty.Bought) {
	for _, b := range was {
		if !slices.Contains(are, b) {
			out = append(out, loyalty.Bought{Month: month, Brand: b, N: -1})
		}
	}
	for _, b := range are {
		if !slices.Contains(was, b) {
			out = append(out, loyalty.Bought{Month: month, Brand: b, N: 1})
		}
	}
	return out
}

// CountEvent records in the entry how a revision changes the amounts of an event that count toward a level. The
// parameter more is the number of additional points of the event.
func CountEvent(
	s *loyalty.EventState, e *loyalty.Entry, p *loyalty.Program, rules earn.Rules, acc loyalty.Account,
	more loyalty.Points,
) {
	if s.Revision == 1 {
		s.Bucket = Of(p).firstBucket(acc, s.Event.At)
	}
	s.Bucket = Of(p).rebucketed(acc, s.Bucket, s.Event.At)
	m := loyalty.Metric{Month: cmp.Or(s.Bucket, calendar.DateOf(s.Event.At, rules.Zone).Month())}
	if earn.UsesMeasure(&rules.Tiers, loyalty.ByPointsEarned) {
		m.Points = more
	}
	visits := int64(0)
	if earn.UsesMeasure(&p.Tiers, loyalty.ByVisits) && s.Event.Type == p.Tiers.Visit {
		visits = 1
	}
	m.Visits, s.Visits = visits-s.Visits, visits
	if !m.IsZero() {
		e.Metric, e.Window = &m, Of(p).Apart(acc)
	}
}

// sum returns the sum of all amounts that an account has counted. Each brand is counted as a qualifying item.
func sum(a *loyalty.Account) (sum loyalty.Metric) {
	for _, m := range a.Metrics {
		sum = sum.Plus(m)
	}
	for _, b := range a.Brands {
		sum.QualifyingItems += b.N
	}
	return sum
}

// falls reports whether a change reduces any metric.
func falls(m loyalty.Metric) bool {
	return min(int64(m.Points), m.Orders, m.Spend, m.QualifyingItems, m.Visits) < 0
}

// counting records in the entry how a revision changes the amounts of an order or event in the tier groups, and returns
// the new amounts. The caller passes the previous amounts. Like the points, the amounts follow the rules of the first
// revision. A tier group that did not exist then never counts the order or event. The order or event happened at the
// given instant. The given function returns the new amounts for a tier group.
func counting(
	p *loyalty.Program,
	e *loyalty.Entry, acc loyalty.Account, was []loyalty.Counted, rules earn.Rules, since time.Time,
	now func(*loyalty.Tiers) loyalty.Counted,
) []loyalty.Counted {
	all := slices.Clone(was)
	for i := range p.TierGroups {
		v := GroupProgram(p, i)
		r, known := groupTiers(rules.TierGroups, v.Tiers.Group)
		if !known {
			continue
		}
		on, c := posting.GroupView(&v.Tiers, acc), now(r)
		at := slices.IndexFunc(all, func(x loyalty.Counted) bool { return x.TierGroup == v.Tiers.Group })
		switch {
		case at < 0 && c.Metric.IsZero() && len(c.Brands) == 0:
			continue
		case at < 0:
			all, at = append(all, loyalty.Counted{
				TierGroup: v.Tiers.Group,
				Metric:    loyalty.Metric{Month: Of(v).bucket(on, since)},
			}), len(all)
		}
		had := all[at]
		c.TierGroup, c.Metric.Month = had.TierGroup, Of(v).rebucketed(on, had.Metric.Month, since)
		change := loyalty.TierGroupCount{
			TierGroup: c.TierGroup, Metric: c.Metric.Less(had.Metric), Window: Of(v).Apart(on),
			Brands: brandsBetween(had.Brands, c.Brands, c.Metric.Month),
		}
		if !change.Metric.IsZero() || len(change.Brands) > 0 {
			e.Counts = append(e.Counts, change)
		}
		all[at] = c
	}
	return all
}

// CountOrderInGroups records in the state and the entry the amounts that an order counts in the tier groups.
func CountOrderInGroups(
	s *loyalty.OrderState, e *loyalty.Entry, p *loyalty.Program, rules earn.Rules, acc loyalty.Account, w earn.Worth,
) {
	s.TierGroups = counting(p, e, acc, s.TierGroups, rules,
		s.Order.PlacedAt, func(r *loyalty.Tiers) (c loyalty.Counted) {
			if i := slices.IndexFunc(
				w.TierGroups, func(x loyalty.Counted) bool { return x.TierGroup == r.Group },
			); i >= 0 {
				c = w.TierGroups[i]
			}
			if earn.UsesMeasure(r, loyalty.ByPointsEarned) {
				c.Metric.Points = s.Worth
			}
			if earn.UsesMeasure(r, loyalty.ByOrders) && w.Counted {
				c.Metric.Orders = 1
			}
			return c
		})
}

// CountEventInGroups records in the state and the entry the amounts that an event counts in the tier groups. The
// parameter total is the number of the event's points.
func CountEventInGroups(
	s *loyalty.EventState, e *loyalty.Entry, p *loyalty.Program, rules earn.Rules, acc loyalty.Account,
	total loyalty.Points,
) {
	s.TierGroups = counting(p, e, acc, s.TierGroups, rules, s.Event.At, func(r *loyalty.Tiers) (c loyalty.Counted) {
		if earn.UsesMeasure(r, loyalty.ByPointsEarned) {
			c.Metric.Points = total
		}
		if earn.UsesMeasure(r, loyalty.ByVisits) && s.Event.Type == r.Visit {
			c.Metric.Visits = 1
		}
		return c
	})
}
