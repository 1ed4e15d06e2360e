package loyalty

import (
	"math/big"
	"time"
)

// A Rule gives points for orders in addition to the base rate: permanently (earn.rules) or for a time (campaigns).
type Rule struct {
	ID    string
	Name  Text // shown to members; may be empty
	Match Match
	Give  Strategy
	// Group is the rule's stacking group. If it is empty, only the best of all Multiply rules applies, and other rules
	// add up.
	Group    string
	Priority int   // within the group; higher first. Ties are resolved by ID
	Caps     []Cap // of the points for one member
	Limits   []Limit
	Budget   Points // the maximum number of points for all members together; zero: unlimited
	OptIn    bool   // only for members who registered for it
	Shadow   bool   // evaluated and recorded, but gives no points
	Life     Life   // of the rule's points; nil fields: as for the base rate
}

// A Life defines when points become active and when they expire. Nil means as for the base rate.
type Life struct {
	Pending *Wait
	Expires *Expiry
}

func (l Life) isZero() bool { return l == Life{} }

// A Group defines how the rules of one group combine. Each rule's points are computed from the same values, so the
// order of evaluation does not matter.
type Group struct {
	ID   string
	Mode Stacking
}

// Stacking states how the rules of a group combine.
type Stacking int

const (
	Best      Stacking = iota // the rule that gives most; ties are resolved by priority, then by ID
	Sum                       // all rules
	First                     // the applicable rule with the highest priority
	Exclusive                 // as First; if a rule applies, no rule of a later group does
)

// A Match defines to which orders a rule applies, and to which part of them. Empty fields match everything.
type Match struct {
	// Line items. If any of these is set, the rule applies only to the matching line items.
	Categories, SKUs, Brands []string

	// The part that these tenders paid, given by kind or name.
	Tenders []string

	// The order and its member.
	Currencies    []Currency
	Channels      []string
	Stores        []string
	Tiers         []string
	Segments      []string // any of them
	FirstOrder    bool
	BirthdayMonth bool
	BirthdayDays  int // the maximum number of days before or after the member's birthday; zero: no such condition

	// The time at which the order was placed.
	From, Until time.Time // until is exclusive
	Weekdays    []time.Weekday
	HoursFrom   int // minutes of the day; both zero: all day
	HoursUntil  int // exclusive; below HoursFrom: after midnight
	TimezoneOf  TimezoneOf
	// MinSpend is the minimum amount of the matching part, in minor units. A currency without an entry does not match.
	MinSpend map[Currency]int64
	When     Condition // nil: always
}

// TimezoneOf states whose time zone applies to weekdays, hours and birthdays. From and Until are instants.
type TimezoneOf int

const (
	ProgramClock TimezoneOf = iota
	StoreClock              // the order's store; the program's if there is none
	MemberClock             // the member's; the program's if it is unknown
)

// A Condition is an additional condition of a rule: a `when:` of the program file.
type Condition interface {
	// Holds reports whether the facts satisfy the condition. An error (a missing field, too much work) counts as false,
	// and appears among the reasons. Holds is safe for concurrent use and changes nothing but Facts.Kept.
	Holds(f *Facts) (bool, error)

	// OrderNumbers returns the greatest order number, from 1 to MaxOrderNumber, that the condition distinguishes; 0 if
	// it uses none. The condition has the same result for all greater numbers.
	OrderNumbers() int

	// String returns the source as it was written.
	String() string
}

// orderNumbers is like OrderNumbers, for a condition that may be nil.
func orderNumbers(when Condition) int {
	if when == nil {
		return 0
	}
	return when.OrderNumbers()
}

// holds reports whether the facts satisfy a condition, where errors are not reported. A nil condition is always
// satisfied.
func holds(when Condition, f *Facts) bool {
	if when == nil {
		return true
	}
	ok, err := when.Holds(f)
	return ok && err == nil
}

// Facts are the values that a Condition can use. Order is nil for an event's facts, Event for an order's.
type Facts struct {
	// Order is the order after refunds: fully refunded line items are removed, and the others have their remaining
	// amount.
	Order *Order
	Total int64 // the remaining total of the order, in minor units
	Event *Event
	Buyer Buyer
	At    time.Time // when the order was placed or the event happened, in the time zone that applies
	Kept  any       // values that conditions derived from the facts, stored for the next condition
}

// A Buyer is what rules use about the member of an order, at the time when it was placed. It is stored with the order,
// so that later revisions are evaluated with the same facts. Only fields that the program uses are set.
type Buyer struct {
	Level string
	// Orders is the number of orders that count before this one, up to the greatest number that the rules use. It is -1
	// if this order does not count.
	Orders   int64
	Segments []string
	OptIns   []string // campaigns that the member registered for
	Birthday int      // MMDD; zero if unknown
	Zone     string   // IANA name; empty if unknown
}

// A Strategy defines how a rule gives points for what it matched. The kinds are PerAmount, PerUnit, PerVisit, Fixed,
// Steps and Multiply.
type Strategy interface {
	// compile prepares the strategy, and rejects values that no program may have.
	compile() (giver, error)
}

// PerAmount gives points per amount of money, by currency.
type PerAmount struct{ Rates map[Currency]Rate }

// PerUnit gives points for each unit.
type PerUnit struct{ Points *big.Rat }

// PerVisit gives points for an order, but at most once per day and member.
type PerVisit struct{ Points Points }

// Fixed gives points for an order.
type Fixed struct{ Points Points }

// Steps gives the points of the highest band whose From the amount reaches.
type Steps struct{ Bands map[Currency][]Band } // each ascending by From and by Points

// A Band starts at an amount in minor units.
type Band struct {
	From   int64
	Points Points
}

// Multiply multiplies the points of the matched part after rate, category and level. With several multipliers, their
// additional points add up: x 2 and x 3 together are x 4.
type Multiply struct{ By *big.Rat }
