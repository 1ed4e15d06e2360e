package loyalty

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// CompiledRule is a Rule in the form that decisions use.
type CompiledRule struct {
	Rule
	Giver    giver
	Key      string // the full key with its section
	Group    int    // the position of the rule's group in the order of evaluation
	Mode     Stacking
	Lines    bool // the rule applies to some line items only
	Bounded  bool // the rule has caps, limits or a budget, so the order stores the points that it gave
	Owned    bool // the rule's points have a separate activation or expiry
	Multiply bool
	Campaign bool
	Limits   []Limit
}

// A Rule gives points for orders in addition to the base rate: permanently (earn.rules) or for a time (campaigns).
type Rule struct {
	ID    string
	Name  Text // the name that members see; may be empty
	Match Match
	Give  Strategy
	// Group is the rule's stacking group. If it is empty, only the best of all Multiply rules applies, and other rules
	// add up.
	Group    string
	Priority int   // the priority within the group; the highest comes first, and ties are resolved by ID
	Caps     []Cap // the caps on the points of one member
	Limits   []Limit
	Budget   Points // the maximum number of points for all members together; zero means unlimited
	OptIn    bool   // the rule applies only to members who registered for it
	Shadow   bool   // the rule is evaluated and recorded, but gives no points
	Life     Life   // when the rule's points become active and expire; nil fields mean as for the base rate
}

// A Life defines when points become active and when they expire. Nil means as for the base rate.
type Life struct {
	Pending *calendar.Wait
	Expires *calendar.Expiry
}

// A Group defines how the rules of one group combine. Each rule's points are computed from the same values, so the
// order of evaluation does not matter.
type Group struct {
	ID   string
	Mode Stacking
}

// Stacking states how the rules of a group combine.
type Stacking int

const (
	Best      Stacking = iota // only the rule that gives most applies; ties are resolved by priority, then by ID
	Sum                       // all rules apply
	First                     // only the matching rule with the highest priority applies
	Exclusive                 // the same as First; if a rule applies, no rule of a later group applies
)

// A Match defines to which orders a rule applies, and to which part of them. Empty fields match everything.
type Match struct {
	// Line items. If any of these is set, the rule applies only to the matching line items.
	Categories, SKUs, Brands []string

	// If set, the rule applies only to the part that these tenders paid. A tender is given by kind or name.
	Tenders []string

	// The order and its member.
	Currencies    []Currency
	Channels      []string
	Stores        []string
	Tiers         []string
	Segments      []string // the member is in at least one of these segments
	FirstOrder    bool
	BirthdayMonth bool
	BirthdayDays  int // the maximum number of days before or after the member's birthday; zero means any day

	// The time at which the order was placed.
	From, Until time.Time // Until is exclusive
	Weekdays    []time.Weekday
	HoursFrom   int // the start in minutes of the day; if both are zero, all day
	HoursUntil  int // the end, exclusive; if it is below HoursFrom, it is on the next day
	TimezoneOf  TimezoneOf
	// MinSpend is the minimum amount of the matching part, in minor units. A currency without an entry does not match.
	MinSpend map[Currency]int64
	When     Condition // the condition of the rule; nil if there is none
}

// TimezoneOf states whose time zone applies to weekdays, hours and birthdays. From and Until are instants.
type TimezoneOf int

const (
	ProgramClock TimezoneOf = iota
	StoreClock              // the time zone of the order's store, or of the program if there is none
	MemberClock             // the time zone of the member, or of the program if it is unknown
)

// A Condition is an additional condition of a rule: a `when:` of the program file.
type Condition interface {
	// Holds reports whether the facts satisfy the condition. An error (a missing field, too much work) counts as false,
	// and appears among the reasons. Holds is safe for concurrent use and changes nothing but Facts.Kept.
	Holds(f *Facts) (bool, error)

	// OrderNumbers returns the greatest order number, from 1 to posting.MaxOrderNumber, that the condition
	// distinguishes; 0 if it uses none. The condition has the same result for all greater numbers.
	OrderNumbers() int

	// String returns the source as it was written.
	String() string
}

// Facts are the values that a Condition can use. Order is nil for an event's facts, Event for an order's.
type Facts struct {
	// Order is the order after refunds: fully refunded line items are removed, and the others have their remaining
	// amount.
	Order  *Order
	Total  int64 // the remaining total of the order, in minor units
	Event  *Event
	Buyer  Buyer
	At     time.Time // when the order was placed or the event happened, in the time zone that applies
	Cached any       // values that a condition derived from the facts, for use by the next condition
}

// An Action gives points for an event.
type Action struct {
	ID       string
	Event    string // the event type with its state, such as "review.approved"
	Points   Points
	Friend   Points // for a referral: the friend's points, while Points are the referrer's
	Wallet   string // the wallet that receives the points
	Limits   []Limit
	Cooldown calendar.Period // how long other events give no points after an event gave points, in whole days
	From     time.Time
	Until    time.Time // the end of the action, exclusive; zero if it has none
	Tiers    []string
	Segments []string
	When     Condition
	Life     Life
	Since    time.Time // earlier birthdays and anniversaries do not count; set on publication
}

// A Milestone gives points when a member's orders reach a number.
type Milestone struct {
	ID     string
	Target int64
	Points Points
}
