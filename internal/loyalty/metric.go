package loyalty

import (
	"cmp"
	"slices"
	"time"
)

func (m Metric) isZero() bool { return m == Metric{Month: m.Month} }

// buckets returns the keys of the buckets in which the account has metrics or brands.
func (a *Account) buckets() (all []int) {
	for _, m := range a.Metrics {
		all = append(all, m.Month)
	}
	for _, b := range a.Brands {
		all = append(all, b.Month)
	}
	return all
}

// addMetric adds a metric to its bucket. Buckets that begin window or more months before the newest one are merged into
// bucket 0. The newest bucket stays, regardless of its age, if it began at an instant (LevelWindow): a member may work
// toward a level for longer than any window.
func addMetric(all []Metric, m Metric, window int) []Metric {
	newest := m.Month
	if len(all) > 0 {
		newest = max(newest, all[len(all)-1].Month)
	}
	out := make([]Metric, 0, len(all)+2)
	add := func(m Metric) {
		m.Month = kept(m.Month, newest, window)
		at, found := slices.BinarySearchFunc(out, m, func(x, y Metric) int { return cmp.Compare(x.Month, y.Month) })
		if !found {
			out = slices.Insert(out, at, m)
			return
		}
		out[at] = out[at].plus(m)
	}
	for _, x := range all {
		add(x)
	}
	add(m)
	return slices.DeleteFunc(out, Metric.isZero)
}

// addBrand adds a brand to its bucket, in the same way as addMetric.
func addBrand(all []Bought, b Bought, window int) []Bought {
	newest := b.Month
	if len(all) > 0 {
		newest = max(newest, all[len(all)-1].Month)
	}
	var out []Bought
	for _, x := range slices.Concat(all, []Bought{b}) {
		x.Month = kept(x.Month, newest, window)
		at, found := slices.BinarySearchFunc(out, x, func(x, y Bought) int {
			return cmp.Or(cmp.Compare(x.Month, y.Month), cmp.Compare(x.Brand, y.Brand))
		})
		if found {
			out[at].N += x.N
			continue
		}
		out = slices.Insert(out, at, x)
	}
	return slices.DeleteFunc(out, func(x Bought) bool { return x.N == 0 })
}

// kept returns the key under which a bucket is stored when newest is the newest bucket: 0 if it is merged.
func kept(bucket, newest, window int) int {
	if bucket > lastDay && bucket == newest {
		return bucket
	}
	if monthOf(bucket) < monthsBack(monthOf(newest), window-1) {
		return 0
	}
	return bucket
}

// monthOf returns the month yyyymm in which a bucket begins. For a bucket that begins at an instant, it is the month in
// UTC, which is exact enough to decide when to merge the bucket.
func monthOf(bucket int) int {
	switch {
	case bucket <= lastMonth:
		return bucket
	case bucket <= lastDay:
		return bucket / 100
	}
	return DateOf(time.UnixMilli(int64(bucket)), time.UTC).Month()
}

// monthsBack returns the month yyyymm that is n months before m.
func monthsBack(m, n int) int {
	k := m/100*12 + m%100 - 1 - n
	return k/12*100 + k%12 + 1
}

// count records in an entry how a revision changes what the order counts toward a level, and in the state what the
// order counts from now on.
func (s *OrderState) count(e *Entry, p *Program, acc Account, prior *OrderState, w worth) {
	if prior == nil || prior.Order.Member == "" {
		prior, s.Bucket = nil, p.firstBucket(acc, s.Order.PlacedAt)
	}
	s.Bucket = p.rebucketed(acc, s.Bucket, s.Order.PlacedAt)
	m := Metric{
		Month: cmp.Or(s.Bucket, DateOf(s.Order.PlacedAt, p.Zone).Month()),
		Spend: w.spend - s.Spend, QualifyingItems: w.pieces - s.QualifyingItems,
	}
	if p.counts(ByPointsEarned) {
		m.Points = s.Worth
		if prior != nil {
			m.Points -= prior.Worth
		}
	}
	if w.counted {
		m.Orders++
	}
	if prior != nil && prior.Counted {
		m.Orders--
	}
	s.Counted = w.counted
	e.Window = p.apart(acc)
	if !m.isZero() {
		e.Metric = &m
	}
	e.Brands = brandsBetween(s.Brands, w.brands, m.Month)
	s.Spend, s.QualifyingItems, s.Brands = w.spend, w.pieces, w.brands
}

// firstBucket returns the bucket in which something counts that is reported for the first time. It returns 0 for the
// bucket of its month.
func (p *Program) firstBucket(acc Account, at time.Time) int {
	if b := p.bucket(acc, at); b > lastMonth {
		return b
	}
	return 0
}

// rebucketed returns the bucket in which something counts now that counted in the given bucket before. It differs only
// for windows that begin with a level, because the instant at which the level was reached may have been decided again.
func (p *Program) rebucketed(acc Account, bucket int, at time.Time) int {
	if p.Tiers.Window.Kind != LevelWindow || bucket <= lastDay {
		return bucket
	}
	if b, known := acc.levelBucket(at); known {
		return b
	}
	return bucket
}

// brandsBetween returns the changes from the brands that counted before to the brands that count now. Both lists are
// sorted.
func brandsBetween(was, are []string, month int) (out []Bought) {
	for _, b := range was {
		if !slices.Contains(are, b) {
			out = append(out, Bought{month, b, -1})
		}
	}
	for _, b := range are {
		if !slices.Contains(was, b) {
			out = append(out, Bought{month, b, 1})
		}
	}
	return out
}

// count records in an entry what a revision of an event changes of what the event counts toward a level. more is the
// increase of the event's points.
func (s *EventState) count(e *Entry, p, rules *Program, acc Account, more Points) {
	if s.Revision == 1 {
		s.Bucket = p.firstBucket(acc, s.Event.At)
	}
	s.Bucket = p.rebucketed(acc, s.Bucket, s.Event.At)
	m := Metric{Month: cmp.Or(s.Bucket, DateOf(s.Event.At, rules.Zone).Month())}
	if rules.counts(ByPointsEarned) {
		m.Points = more
	}
	visits := int64(0)
	if p.counts(ByVisits) && s.Event.Type == p.Tiers.Visit {
		visits = 1
	}
	m.Visits, s.Visits = visits-s.Visits, visits
	if !m.isZero() {
		e.Metric, e.Window = &m, p.apart(acc)
	}
}
