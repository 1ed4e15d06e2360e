package loyalty

import (
	"cmp"

	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// A Cap limits the points that a member can earn, by all rules or by one. It applies to each order separately, to all
// orders placed in one day, week, month or year of the program's calendar, or to all orders ever. Points above the cap
// are cut and reported with a reason.
type Cap struct {
	Points Points
	Per    CapPeriod
	Reject bool // an order above the cap gives nothing, instead of the remaining points
}

// CapPeriod is the period of a cap, as written in the program file.
type CapPeriod string

const (
	PerOrder CapPeriod = "order"
	PerDay   CapPeriod = "day"
	PerWeek  CapPeriod = "week" // a week is from Monday to Sunday
	PerMonth CapPeriod = "month"
	PerYear  CapPeriod = "year"
	PerEver  CapPeriod = "ever"

	PerRest CapPeriod = "rest" // an action's cooldown
)

func (c Cap) String() string { return FormatPoints(c.Points) + " per " + string(c.Per) }

// A Limit bounds how often a rule gives points to one member.
type Limit struct {
	Times int64
	Per   CapPeriod // the period of the limit; never PerOrder
}

// A Usage is how much of a cap or a limit was used in one period.
type Usage struct {
	Rule  string // the rule's full key with its section; empty for the caps of the program
	Times bool   // whether N counts uses instead of points
	Per   CapPeriod
	Ends  calendar.Date // the period's last day; zero for PerEver
	N     int64
}

// Compare compares usages in the order in which accounts store them.
func (u Usage) Compare(v Usage) int {
	b := func(x bool) int {
		if x {
			return 1
		}
		return 0
	}
	return cmp.Or(
		cmp.Compare(u.Rule, v.Rule), b(u.Times)-b(v.Times), cmp.Compare(u.Per, v.Per), cmp.Compare(u.Ends, v.Ends),
	)
}
