package loyalty

import (
	"cmp"
	"slices"
	"time"
)

func (m Metric) isZero() bool { return m == Metric{Month: m.Month} }

// buckets is those in which an account has anything.
func (a *Account) buckets() (all []int) {
	for _, m := range a.Metrics {
		all = append(all, m.Month)
	}
	for _, b := range a.Brands {
		all = append(all, b.Month)
	}
	return all
}

// addMetric adds to a bucket, and sums up those in month 0 that lie so many months back. The newest one stays, however
// old it is, if it began at an instant: a level may be worked on for longer than any window.
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

// addBrand does the same with a brand.
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

// kept is the bucket in which one is kept when another is the newest.
func kept(bucket, newest, window int) int {
	if bucket > lastDay && bucket == newest {
		return bucket
	}
	if monthOf(bucket) < monthsBack(monthOf(newest), window-1) {
		return 0
	}
	return bucket
}

// monthOf is the month yyyymm in which a bucket begins; that of an instant in UTC, which is near enough to forget it by.
func monthOf(bucket int) int {
	switch {
	case bucket <= lastMonth:
		return bucket
	case bucket <= lastDay:
		return bucket / 100
	}
	return DateOf(time.UnixMilli(int64(bucket)), time.UTC).Month()
}

// monthsBack is the month yyyymm that lies n months before m.
func monthsBack(m, n int) int {
	k := m/100*12 + m%100 - 1 - n
	return k/12*100 + k%12 + 1
}

// count writes into an entry what a revision changes of what the order counts towards a level, and into its state what
// it counts from now on.
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

// firstBucket is the bucket in which something is counted when it is reported first; zero for the one of its month.
func (p *Program) firstBucket(acc Account, at time.Time) int {
	if b := p.bucket(acc, at); b > lastMonth {
		return b
	}
	return 0
}

// rebucketed is the bucket in which something is counted now that was counted in a bucket before. Only windows that begin
// with a level move: when the level was reached may have been decided again.
func (p *Program) rebucketed(acc Account, bucket int, at time.Time) int {
	if p.Tiers.Window.Kind != LevelWindow || bucket <= lastDay {
		return bucket
	}
	if b, known := acc.levelBucket(at); known {
		return b
	}
	return bucket
}

// brandsBetween is what changes where the one brands counted and the others do now. Both are sorted.
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

// count does the same for an event, which is now worth so many points more.
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
