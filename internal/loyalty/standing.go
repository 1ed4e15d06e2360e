package loyalty

import "time"

// Standing is a member's level and its validity. In a program without tiers, it is the zero Standing.
type Standing struct {
	Level string
	Since time.Time
	Until time.Time // the level is kept at least until then; zero if it cannot be lost
	At    time.Time // when the standing was decided; zero if it was decided at Since

	From    time.Time // with LevelWindow, only events after From count; zero means after Since
	Lock    time.Time // a manually set level is locked until then: the end of a period does not change it
	Minimum string    // the permanent minimum level, set manually
	Given   bool      // Until was set manually

	Extensions int       // how many times the end was postponed because no notice was sent in time
	Ended      time.Time // the original end, if the end was postponed
}

// Decided returns the instant at which the standing was decided. The standing applies from then on, until the next one.
func (s Standing) Decided() time.Time {
	if s.At.IsZero() {
		return s.Since
	}
	return s.At
}

// Manual reports whether the level is held until an instant that was set manually.
func (s Standing) Manual() bool { return s.Given || !s.Lock.IsZero() && s.Until.Equal(s.Lock) }

// A Redecision replaces the standings that an account stores from an instant on. The last of the new standings is the
// Standing of the entry.
type Redecision struct {
	From time.Time
	Past []Standing // the new standings before the last, oldest first
}

// A Metric is the sum of the amounts that count towards a level in one month or other period, which is called a bucket.
// Buckets that no window includes any more are added up in month 0, so that an account remains small.
type Metric struct {
	Month           int // the month as yyyymm, or the key of another kind of bucket; see tier.Windows
	Points          Points
	Orders          int64 // the number of orders that count: paid, with at least one earning item remaining
	Spend           int64 // the amount in minor units of the tiers' currency
	QualifyingItems int64
	Visits          int64
}

// Less returns the difference between the metric and its previous value, in the bucket of the metric.
func (m Metric) Less(was Metric) Metric {
	return Metric{
		Month: m.Month, Points: m.Points - was.Points, Orders: m.Orders - was.Orders, Spend: m.Spend - was.Spend,
		QualifyingItems: m.QualifyingItems - was.QualifyingItems, Visits: m.Visits - was.Visits,
	}
}

// Plus returns the sum of two metrics, in the bucket of the first.
func (m Metric) Plus(n Metric) Metric {
	return Metric{
		Month: m.Month, Points: m.Points + n.Points, Orders: m.Orders + n.Orders, Spend: m.Spend + n.Spend,
		QualifyingItems: m.QualifyingItems + n.QualifyingItems, Visits: m.Visits + n.Visits,
	}
}

func (m Metric) IsZero() bool { return m == Metric{Month: m.Month} }

// A Bought is the number of orders with items of a brand in one bucket, for levels that count brands.
type Bought struct {
	Month int // the same as Metric.Month
	Brand string
	N     int64
}

// A TierGroupStanding is a member's standing in a tier group, with the metrics that count there. A member without a
// recorded standing has the lowest level since joining.
type TierGroupStanding struct {
	TierGroup string
	Tier      Standing
	Past      []Standing // the earlier standings, as in Account.Past
	Metrics   []Metric
	Brands    []Bought
}

// A TierGroupCount contains the amounts that an entry adds to the metrics of a tier group.
type TierGroupCount struct {
	TierGroup string
	Metric    Metric
	Brands    []Bought
	Window    int // the same as LevelEffects.Window
}

// A Counted contains the amounts of an order or event that currently count in a tier group. The Month of its Metric is
// the bucket in which it counts.
type Counted struct {
	TierGroup string
	Metric    Metric
	Brands    []string
}
