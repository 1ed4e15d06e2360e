package loyalty

import (
	"cmp"
	"errors"
	"math/big"
	"strconv"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
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

// AmountText formats an eligible amount, which may include a fraction of a minor unit, in major units.
func AmountText(x exact.Number, c Currency) string {
	if x.Den == 1 {
		return Money{x.Num, c}.String()
	}
	exp, _ := c.Exponent()
	for ; exp > 0; exp-- {
		x = x.Mul(exact.Number{Num: 1, Den: 10})
	}
	return x.String() + " " + string(c)
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

// A Buyer contains the data that rules use about the member of an order, as of the instant at which the order was
// placed. It is stored with the order, so that later revisions are evaluated with the same facts. Only fields that the
// program uses are set.
type Buyer struct {
	Level string
	// Orders is the number of orders that count before this one, up to the greatest number that the rules use. It is -1
	// if this order does not count.
	Orders   int64
	Segments []string
	OptIns   []string // the campaigns for which the member registered
	Birthday int      // the birthday as MMDD; zero if unknown
	Zone     string   // the member's IANA time zone; empty if unknown
}

// A Strategy defines how a rule gives points for the part of an order that it matched. The kinds are PerAmount,
// PerUnit, PerVisit, Fixed, Steps and Multiply.
type Strategy interface {
	// Compile prepares the strategy, and rejects values that no program may have.
	Compile() (giver, error)
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
type Steps struct{ Bands map[Currency][]Band } // the bands of each currency, ascending by From and by Points

// A Band starts at an amount in minor units.
type Band struct {
	From   int64
	Points Points
}

// Multiply multiplies the points of the matched part after rate, category and level. With several multipliers, their
// additional points add up: x 2 and x 3 together are x 4.
type Multiply struct{ By *big.Rat }

// Matched is the part of an order to which a rule applies.
type Matched struct {
	Currency Currency
	Amount   exact.Number // the eligible amount, in minor units
	Value    exact.Number // the points after rate, category and level
	Units    int64        // the number of whole units that were not refunded
}

// giver is a compiled Strategy. It contains values that every decision would otherwise compute again.
type giver interface {
	// Gives returns the exact points for the part of an order that a rule matched.
	Gives(m *Matched) exact.Number

	// Reason returns the reason for these points: its kind and its arguments.
	Reason(m *Matched) (ReasonKind, []string)
}

var errNegative = errors.New("must not give negative points")

func (s PerAmount) Compile() (giver, error) {
	g := compiledPerAmount{}
	for c, r := range s.Rates {
		if _, ok := c.Exponent(); !ok || r.Per <= 0 || r.Points == nil || r.Points.Sign() < 0 {
			return nil, errors.New("its rate for " + strconv.Quote(string(c)) + " must not be negative")
		}
		g[c] = r.Compile(c)
	}
	return g, nil
}

type compiledPerAmount map[Currency]CompiledRate

func (g compiledPerAmount) Gives(m *Matched) exact.Number {
	r, ok := g[m.Currency]
	if !ok {
		return exact.Whole(0)
	}
	return r.Gives(m.Amount)
}

func (g compiledPerAmount) Reason(m *Matched) (ReasonKind, []string) {
	return IsRated, []string{AmountText(m.Amount, m.Currency), g[m.Currency].Text}
}

func (s PerUnit) Compile() (giver, error) {
	if s.Points == nil || s.Points.Sign() < 0 {
		return nil, errNegative
	}
	return compiledPerUnit(exact.Of(s.Points)), nil
}

type compiledPerUnit exact.Number

func (g compiledPerUnit) Gives(m *Matched) exact.Number {
	return exact.Number(g).Mul(exact.Whole(m.Units))
}

func (g compiledPerUnit) Reason(m *Matched) (ReasonKind, []string) {
	return IsUnits, []string{strconv.FormatInt(m.Units, 10), exact.Number(g).String()}
}

func (s PerVisit) Compile() (giver, error) { return Fixed(s).Compile() }

func (s Fixed) Compile() (giver, error) {
	if s.Points < 0 || s.Points > MaxPoints {
		return nil, errors.New("its points are not between 0 and " + FormatPoints(MaxPoints))
	}
	return compiledFixed(s.Points), nil
}

type compiledFixed Points

func (g compiledFixed) Gives(*Matched) exact.Number { return exact.Whole(int64(g)) }

func (g compiledFixed) Reason(*Matched) (ReasonKind, []string) {
	return IsFixed, []string{FormatPoints(Points(g))}
}

func (s Steps) Compile() (giver, error) {
	for c, bands := range s.Bands {
		if _, ok := c.Exponent(); !ok || len(bands) == 0 {
			return nil, errors.New("its bands for " + strconv.Quote(string(c)) + " must not be empty")
		}
		for i, b := range bands {
			if b.From < 0 || b.Points < 0 || b.Points > MaxPoints ||
				i > 0 && (b.From <= bands[i-1].From || b.Points < bands[i-1].Points) {
				return nil, errors.New("its bands must be in ascending order")
			}
		}
	}
	return compiledSteps(s.Bands), nil
}

type compiledSteps map[Currency][]Band

// reached returns the highest band that the amount reaches, or the zero Band if there is none.
func (g compiledSteps) reached(m *Matched) (reached Band) {
	for _, b := range g[m.Currency] {
		if m.Amount.Sub(exact.Whole(b.From)).Sign() < 0 {
			break
		}
		reached = b
	}
	return reached
}

func (g compiledSteps) Gives(m *Matched) exact.Number { return exact.Whole(int64(g.reached(m).Points)) }

func (g compiledSteps) Reason(m *Matched) (ReasonKind, []string) {
	b := g.reached(m)
	return IsStep, []string{
		AmountText(m.Amount, m.Currency), Money{b.From, m.Currency}.String(), FormatPoints(b.Points),
	}
}

func (s Multiply) Compile() (giver, error) {
	if s.By == nil || s.By.Sign() < 0 {
		return nil, errNegative
	}
	return NewMultiplier("", s.By), nil
}

func (m Multiplier) Gives(x *Matched) exact.Number { return x.Value.Mul(m.Less) }

func (m Multiplier) Reason(x *Matched) (ReasonKind, []string) {
	return IsTimes, []string{x.Value.String(), m.Text}
}

// PerPoint returns the amount of money for which the rate gives one point, in minor units.
func (r Rate) PerPoint() exact.Number {
	return exact.Of(new(big.Rat).Quo(new(big.Rat).SetInt64(r.Per), r.Points))
}

func (r Rate) Compile(c Currency) CompiledRate {
	out := CompiledRate{
		points:   exact.Of(r.Points),
		PerMinor: exact.Of(new(big.Rat).Quo(r.Points, new(big.Rat).SetInt64(r.Per))),
	}
	per := " per "
	if r.Full {
		out.Step, per = r.Per, " per full "
	}
	out.Text = out.points.String() + per + Money{r.Per, c}.Decimal()
	return out
}
