package loyalty

import "github.com/perennial-loyalty/perennial/internal/loyalty/calendar"

// A TierGroup is a group of levels in addition to those of Tiers. A member reaches and loses them independently. An
// example is a status by visits to a partner in addition to the status by spend. A tier group brings perks and entry
// bonuses, and nothing else depends on it. Rules, rewards and expiry use Tiers alone. So the levels of a tier group
// neither multiply points nor change when points expire. The program gives no notice of their end, because
// AdvanceNotice is about Tiers.
//
// Decisions about a tier group use the same code as those about Tiers. They use copies of the program and the account
// in which the tier group takes the place of Tiers (tier.GroupProgram and posting.GroupView), and post entries that
// name the tier group.
type TierGroup struct {
	ID    string
	Name  Text
	Tiers Tiers
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

// A Window is a sequence of periods, in each of which members must qualify again. The zero Window has no periods.
type Window struct {
	Kind   WindowKind
	Months int          // the length of a period: a divisor of 12; not for LevelWindow
	From   calendar.Day // CycleWindow: the day of the year on which periods begin
}

// WindowKind is the day or event from which the periods of a window are counted.
type WindowKind string

const (
	CycleWindow WindowKind = "cycle"  // periods begin on a day of the year, the same for all members
	JoinWindow  WindowKind = "joined" // periods begin on the day of the year on which the member joined
	OwnWindow   WindowKind = "own"    // periods begin on Traits.MembershipYearStart, or else on the day of joining
	LevelWindow WindowKind = "level"  // one period without a fixed end begins when the level was reached or last kept
)
