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

// firstBucket returns the bucket in which an order or event counts when it is reported for the first time. It returns 0
// if that is the bucket of its month.
func (r Windows) firstBucket(acc loyalty.Account, at time.Time) int {
	if b := r.bucket(acc, at); b > posting.LastMonth {
		return b
	}
	return 0
}

// rebucketed returns the bucket in which an order or event counts now, given the bucket in which it counted before. The
// two differ only for windows that begin when a level is reached, because a repeated decision may have changed that
// instant.
func (r Windows) rebucketed(acc loyalty.Account, bucket int, at time.Time) int {
	if r.Tiers.Window.Kind != loyalty.LevelWindow || bucket <= posting.LastDay {
		return bucket
	}
	if b, known := levelBucket(&acc, at); known {
		return b
	}
	return bucket
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
	s *loyalty.EventState, e *loyalty.Entry, p, rules *loyalty.Program, acc loyalty.Account, more loyalty.Points,
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
