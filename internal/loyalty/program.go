package loyalty

import (
	"math/big"
	"time"
)

// A Program is a merchant's loyalty rules as typed values. Fill the exported fields and call Compile once;
// after that a Program is never changed and may be shared.
type Program struct {
	ID      string
	Version int // as published, from 1; zero for a draft
	Zone    *time.Location
	Name    Text
	Unit    Units // what a point is called

	Earn       Earn
	Groups     []Group // stacking, in the order in which Exclusive ones go
	Campaigns  []Rule
	Exchange   Exchange
	Events     []EventType // the program's own families, beside those that every program has
	Milestones []Milestone
	Tiers      Tiers
	TierGroups []TierGroup // beside Tiers
	Rewards    []Reward

	Wallets     []Wallet // beside that of points
	Conversions []Conversion

	Clawback      ClawbackPolicy // how far a clawback reaches
	MaxDebt       Points         // of TakeBackDebt: how deep; zero: no bound
	Goodwill      Goodwill       // what can be done by hand
	BirthdayLock  Period         // how long a birthday that was told cannot be changed
	Redemption    RedemptionTerms
	Payments      PaymentTerms
	Transfers     Transfers  // how members give points to each other
	Households    Households // how members draw on each other's points
	AdvanceNotice AdvanceNotice
	Reminders     Reminders
	Hold          time.Duration // how long a redemption stays reserved; Compile makes zero 30 minutes

	compiled compiled // what Compile derives
}

// Text is a text by language tag ("en", "de").
type Text map[string]string

// In is the text in the language of locale ("de-AT" finds "de"), else in English, else in any language.
func (t Text) In(locale string) string {
	for len(locale) > 0 {
		if s, ok := t[locale]; ok {
			return s
		}
		cut := len(locale) - 1
		for cut > 0 && locale[cut] != '-' && locale[cut] != '_' {
			cut--
		}
		locale = locale[:cut]
	}
	if s, ok := t["en"]; ok {
		return s
	}
	least := ""
	for tag := range t {
		if least == "" || tag < least {
			least = tag
		}
	}
	return t[least]
}

// Units is what a member calls points: one bean, two beans.
type Units struct{ One, Other Text }

// Earn is how orders become points.
type Earn struct {
	Rates       map[Currency]Rate // a currency without a rate earns nothing and is refused
	Counts      Counts
	TaxIncluded bool // the amounts of orders and refunds include the tax
	Rounding    Rounding
	CountPlaced bool   // every paid order counts as one of the member's orders, also one of which nothing earns
	Carry       bool   // the fraction that rounding leaves is kept for the member's next order
	Pending     Wait   // from the order's placing to the instant at which its points can be spent
	Expires     Expiry // from that instant on
	Categories  []CategoryRule
	Rules       []Rule
	Actions     []Action
	Caps        []Cap // at most one per period
}

// A Rate is "points per amount": 1 per 1.10 EUR is {1, 110}.
type Rate struct {
	Points *big.Rat
	Per    int64 // minor units of the currency, above zero
	Full   bool  // only full steps of Per count: 5 per full 2.50 gives 5 for 4.99
}

// Counts says which parts of an order earn.
type Counts struct{ Items, Shipping, Tax bool }

// Rounding is what becomes of the fraction of a point, once per order.
type Rounding int

const (
	Down    Rounding = iota
	Nearest          // halves go up
	Up
	HalfEven // to the nearest; halves to the even one
)

func (r Rounding) String() string {
	return [...]string{Down: "down", Nearest: "nearest", Up: "up", HalfEven: "half_even"}[r]
}

// A CategoryRule multiplies what lines of one category earn. Where several match a line, the best wins.
type CategoryRule struct {
	ID       string
	Category string
	Multiply *big.Rat  // at least zero
	When     Condition // nil: always
}

// Tiers is the ladder of levels and how members climb and leave it.
type Tiers struct {
	Levels   []Level // ascending by From; the first has From 0. Empty: no tiers
	By       Measure
	Ways     [][]Measure        // instead: any one of them qualifies, each by all of its measures
	Currency Currency           // BySpend: orders of another one are converted by Exchange, or do not count
	AtLeast  map[Currency]int64 // ByElements: what a line must cost to be one, in minor units
	Visit    string             // ByVisits: the type of event that is one
	Brands   []string           // ByBrands: those that count, at most MaxBrands
	Months   int                // the window: so many calendar months, the present one included; zero for a lifetime
	Calendar bool               // the window is instead the calendar year
	Window   Window             // instead of both

	MoveUp           MoveUp
	KeepFor          Period // once reached, kept at least so long
	KeepYear         int    // instead: to the end of the calendar year, 1 for the present one, 2 for the next
	KeepPeriods      int    // instead: to the end of a period of the window, likewise
	ExtendedBy       Period // with KeepYear and KeepPeriods: and so much longer
	Grace            Period // after that, extra time before moving down
	MoveDown         MoveDown
	Minimums         []Minimum
	SkippedLevels    SkippedLevels
	KeepOnRefund     bool              // a level stays when an order that it was reached by is refunded or canceled
	RepeatEntryBonus bool              // who reaches a level a second time is welcomed again
	MaxDowngrades    *big.Rat          // a run that would move down a greater share of the members that it looks at stops; nil: none does
	Refresh          Refresh           // publishing sets it
	Gone             map[string]string // levels of earlier versions, and those that took their place; publishing sets it
}

// Measure is what qualifies for a level.
type Measure int

const (
	ByPointsEarned Measure = iota
	ByOrders
	BySpend           // what was paid for items that earn, by means that earn, less refunds; in minor units
	ByQualifyingItems // lines of which so much is left
	ByVisits          // events of one type
	ByBrands          // how many different ones were bought
)

func (m Measure) String() string {
	return [...]string{
		ByPointsEarned: "points_earned", ByOrders: "orders", BySpend: "spend", ByQualifyingItems: "elements", ByVisits: "visits",
		ByBrands: "brands",
	}[m]
}

// MaxBrands is how many brands can count towards a level, so that an account stays small.
const MaxBrands = 20

// MoveDown is where a member lands who did not requalify.
type MoveDown int

const (
	OneStep MoveDown = iota
	ToQualified
	StayUp // a level that was reached is never lost
)

// MoveUp is when a member moves to a higher level.
type MoveUp int

const (
	AtOnce     MoveUp = iota
	NextPeriod        // when the period of the window ends in which the member qualified
)

// A Floor is the least level of everybody in a segment, as of those who have the store's card. Who leaves the segment
// keeps the level like one that was reached then.
type Minimum struct{ Level, Segment string }

// Welcome is which levels' points a member gets who passes several at once.
type SkippedLevels int

const (
	HighestOnly SkippedLevels = iota
	EachLevel
)

// A Level is one rung.
type Level struct {
	ID         string
	Name       Text
	From       int64    // of the measure; where there are Ways, Needs says it instead
	Needs      []Need   // of each measure by which the level can be reached; none for the lowest
	Multiply   *big.Rat // nil for 1
	Perks      []string
	EntryBonus Points  // for reaching it
	Expires    *Expiry // of the points that members of this level get, for whatever; nil: as for all
}

// A Need is from how much of a measure on a level is.
type Need struct {
	By   Measure
	From int64
}

// Level finds a level by id; false also for a program without tiers.
func (p *Program) Level(id string) (Level, int, bool) {
	for i, l := range p.Tiers.Levels {
		if l.ID == id {
			return l, i, true
		}
	}
	return Level{}, 0, false
}
