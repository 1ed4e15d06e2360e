package loyalty

import (
	"math/big"
	"time"
)

// A Rule gives points for orders beyond the base rate: always (earn.rules) or for a time (campaigns).
type Rule struct {
	ID       string
	Name     Text // what members read; may be empty
	Match    Match
	Give     Strategy
	Group    string // its stacking group; empty: Multiply rules compete as the best of all, others add up
	Priority int    // within its group; higher first. Ties go by id
	Caps     []Cap  // of what it gives to one member
	Limits   []Limit
	Budget   Points // what it gives to all members together, at most; zero: no bound
	OptIn    bool   // only for members who registered for it
	Shadow   bool   // evaluated and recorded, never paid
	Life     Life   // of the points that it gives; what is nil is as for the base
}

// A Life is when points can be spent and until when, where that is not as for the base. Nil is as for the base.
type Life struct {
	Pending *Wait
	Expires *Expiry
}

func (l Life) isZero() bool { return l == Life{} }

// A Group says how the rules of one group go together. Each rule's points are computed from the same values, so no
// order of evaluation matters.
type Group struct {
	ID   string
	Mode Stacking
}

// Stacking is how rules of a group go together.
type Stacking int

const (
	Best      Stacking = iota // the one that gives most; ties go by priority, then by id
	Sum                       // all
	First                     // of those that apply, the one of the highest priority
	Exclusive                 // as First, and if one applies, no rule of a later group does
)

// A Match says to which orders a rule applies, and to which part of them. What is empty matches all.
type Match struct {
	// The lines. With any of these, a rule is about the matching lines alone.
	Categories, SKUs, Brands []string

	// The part that was paid by these: a tender's kind or its name.
	Tenders []string

	// The order and its member.
	Currencies    []Currency
	Channels      []string
	Stores        []string
	Tiers         []string
	Segments      []string // any of them
	FirstOrder    bool
	BirthdayMonth bool
	BirthdayDays  int // at most so many days before or after the member's birthday; zero: no such condition

	// Time, of the order's placing.
	From, Until time.Time // until is exclusive
	Weekdays    []time.Weekday
	HoursFrom   int // minutes of the day; both zero: all day
	HoursUntil  int // exclusive; below HoursFrom: over midnight
	TimezoneOf  TimezoneOf
	MinSpend    map[Currency]int64 // of what matches, minor units; a currency that is not there does not match
	When        Condition          // nil: always
}

// ClockZone says whose clock weekdays, hours and birthdays go by. From and Until are instants.
type TimezoneOf int

const (
	ProgramClock TimezoneOf = iota
	StoreClock              // the order's; the program's where it names none
	MemberClock             // the member's; the program's where none is known
)

// A Condition is what a rule asks beyond its structured keys: a `when:` of the program file.
type Condition interface {
	// Holds reports whether the facts satisfy it. An error (a field that is not there, too much work) counts as
	// no, and is told among the reasons. It is safe for concurrent use and changes nothing but Facts.Kept.
	Holds(f *Facts) (bool, error)

	// OrderNumbers returns the greatest number of an order, from 1 to MaxOrderNumber, that it asks for; 0 if it asks
	// for none. It has one answer for all greater numbers.
	OrderNumbers() int

	// String is its source, as it was written.
	String() string
}

// orderNumbers is OrderNumbers of a condition that may be nil.
func orderNumbers(when Condition) int {
	if when == nil {
		return 0
	}
	return when.OrderNumbers()
}

// holds reports whether the facts satisfy a condition where nobody is told why one failed. None asks for nothing.
func holds(when Condition, f *Facts) bool {
	if when == nil {
		return true
	}
	ok, err := when.Holds(f)
	return ok && err == nil
}

// Facts is what a Condition can ask about. Order is nil for an event's, Event for an order's.
type Facts struct {
	Order *Order // as it remains: lines that came back whole are gone, others cost what is left of them
	Total int64  // what remains of the order's total, in minor units
	Event *Event
	Buyer Buyer
	At    time.Time // when the order was placed or the event happened, in the zone that counts
	Kept  any       // where conditions keep what they derived from the facts, for the next one
}

// A Buyer is what rules know of the member of an order, as of its placing: it is kept with the order, so that later
// revisions are judged by the same facts. Only what the program asks about is filled.
type Buyer struct {
	Level    string
	Orders   int64 // orders that count before this one, at most as many as the rules ask for; -1 if it does not count
	Segments []string
	OptIns   []string // campaigns that the member registered for
	Birthday int      // MMDD; zero if unknown
	Zone     string   // IANA; empty if unknown
}

// A Strategy is how a rule gives points for what it matched. The kinds are PerAmount, PerUnit, PerVisit, Fixed,
// Steps and Multiply.
type Strategy interface {
	// compile makes it ready, and refuses values that no program may have.
	compile() (giver, error)
}

// PerAmount gives points per amount of money, by currency.
type PerAmount struct{ Rates map[Currency]Rate }

// PerUnit gives points for each piece.
type PerUnit struct{ Points *big.Rat }

// PerVisit gives points for an order, but only once a day to a member.
type PerVisit struct{ Points Points }

// Fixed gives points for an order.
type Fixed struct{ Points Points }

// Steps gives the points of the highest band that the amount reaches.
type Steps struct{ Bands map[Currency][]Band } // each ascending by From and by Points

// A Band begins at an amount of minor units.
type Band struct {
	From   int64
	Points Points
}

// Multiply multiplies what the matched part gives after rate, category and level. Several multipliers add what each
// would: x 2 and x 3 together are x 4.
type Multiply struct{ By *big.Rat }
