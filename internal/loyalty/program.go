package loyalty

import (
	"math/big"
	"sync"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// Compiled holds the parts of a program in the form that decisions use.
type Compiled struct {
	Rates      map[Currency]CompiledRate
	Categories map[string][]Multiplier // the rules of each category, highest multiplier first
	Levels     map[string]Multiplier   // the multipliers by level ID, only of levels that have one
	Wallets    map[string]map[Currency]CompiledRate
	Rules      []CompiledRule // the rules of earn.rules, then the campaigns
	Positions  map[string]int // the positions of the rules, by key
	Index      RuleIndex
	Asks       UsedTraits
	Numbers    int       // the greatest order number that rules ask for; zero if they ask for none
	Target     int       // the greatest target of a milestone, at most posting.MaxOrderNumber
	Zones      *sync.Map // time zones of members, keyed by name
	Occasions  bool      // whether birthdays or anniversaries earn points
}

// Rule returns the rule with the given key, or nil if there is none.
func (c *Compiled) Rule(key string) *CompiledRule {
	if at, ok := c.Positions[key]; ok {
		return &c.Rules[at]
	}
	return nil
}

// UsedTraits says which facts about a member the rules use. Orders do not store other facts.
type UsedTraits struct{ Segments, OptIns, Birthday, Zone bool }

// A Program is a merchant's loyalty rules as typed values. Fill the exported fields and call Compile once. After that
// the Program must not be changed, and may be shared.
type Program struct {
	ID      string
	Version int // the published version, from 1; zero for a draft
	Zone    *time.Location
	Name    Text
	Unit    Units // the name of a point

	Earning
	Levels
	Spending
	Sharing
	Corrections
	Messaging

	BirthdayLock calendar.Period // how long a birthday cannot be changed after the member entered it
	Fraud        Fraud           // protection against the abuse of accounts
}

// Earning are the sections about points that members earn.
type Earning struct {
	Earn       Earn
	Groups     []Group // stacking groups, in the order in which Exclusive ones are evaluated
	Campaigns  []Rule
	Exchange   Exchange
	Events     []EventType // the program's event types, in addition to the built-in ones
	Milestones []Milestone

	Compiled Compiled // the values that Compile derives
}

// Levels are the sections about levels.
type Levels struct {
	Tiers      Tiers
	TierGroups []TierGroup // the groups of levels in addition to Tiers
}

// Spending are the sections about rewards and payments with points.
type Spending struct {
	Rewards    []Reward
	Redemption RedemptionTerms
	Payments   PaymentTerms
	Hold       time.Duration // how long a redemption stays reserved; Compile sets zero to 30 minutes
}

// Sharing are the sections about points that move between wallets and members.
type Sharing struct {
	Wallets     []Wallet // the wallets in addition to the main wallet
	Conversions []Conversion
	Transfers   Transfers  // how members give points to each other
	Households  Households // how household members use each other's points
}

// Corrections are the sections about points that are taken back or given by the merchant.
type Corrections struct {
	Clawback ClawbackPolicy // how far a clawback goes
	MaxDebt  Points         // the largest debt with ClawbackDebt; zero means unlimited
	Goodwill Goodwill       // limits of manual adjustments
}

// Messaging are the sections about messages to members.
type Messaging struct {
	AdvanceNotice AdvanceNotice
	Reminders     Reminders
}

// Earn states how orders earn points.
type Earn struct {
	Rates       map[Currency]Rate // the rate of each currency; orders in other currencies are rejected
	Counts      Counts
	TaxIncluded bool // whether amounts of orders and refunds include tax
	Rounding    Rounding
	// CountPlaced counts every paid order as one of the member's orders, including orders that earn nothing.
	CountPlaced bool
	Carry       bool            // the member's next order uses the fraction that rounding leaves
	Pending     calendar.Wait   // how long points are pending after the order is placed
	Expires     calendar.Expiry // how long points are valid after they become active
	Categories  []CategoryRule
	Rules       []Rule
	Actions     []Action
	Caps        []Cap // the caps on a member's points, at most one per period
}

// Counts states which parts of an order earn.
type Counts struct{ Items, Shipping, Tax bool }

// A CategoryRule multiplies the points of the line items of one category. If several match a line item, the one that
// gives most applies.
type CategoryRule struct {
	ID       string
	Category string
	Multiply *big.Rat  // the multiplier, at least zero
	When     Condition // the condition of the rule; nil if there is none
}

// Exchange says how orders in a currency without a rate are converted. Without a Base, they are rejected.
type Exchange struct {
	Base  Currency
	Rates []ExchangeRate // the rates, ascending by From
}

// An ExchangeRate gives the value of one major unit of each currency in major units of the base, from a day on.
type ExchangeRate struct {
	From  calendar.Date
	Rates map[Currency]*big.Rat
}

// Fraud protects accounts against abuse.
type Fraud struct {
	EmailChangeHold   calendar.Period // the hold after a change of the email address; zero means 24 hours
	NoEmailChangeHold bool            // no hold
}

// HoldAfterEmailChange returns how long a member cannot use points after a change of the email address. It returns
// zero if the program has no such hold.
func (f Fraud) HoldAfterEmailChange() calendar.Period {
	switch {
	case f.NoEmailChangeHold:
		return calendar.Period{}
	case f.EmailChangeHold.IsZero():
		return calendar.Period{Hours: 24}
	}
	return f.EmailChangeHold
}

// Goodwill limits what can be granted to a member manually.
type Goodwill struct {
	Reinstate calendar.Period // how long after their expiry points can be reinstated; zero means not at all
	Extend    calendar.Period // the longest time from now until which lots can be extended; zero means not at all
}
