package loyalty

import (
	"math/big"
	"strings"
	"sync"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
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

// A CompiledRate is a rate in the form that decisions use.
type CompiledRate struct {
	points   exact.Number // the points per step
	Step     int64        // the size of a step in minor units if only full steps earn; zero otherwise
	PerMinor exact.Number // the points per minor unit
	Text     string       // the rate as text, such as "1 per 1.00" or "5 per full 2.50"
}

// Gives returns the points for an amount in minor units.
func (r CompiledRate) Gives(amount exact.Number) exact.Number {
	if r.Step == 0 {
		return amount.Mul(r.PerMinor)
	}
	steps, _ := amount.Quo(exact.Whole(r.Step)).Floor()
	return exact.Whole(steps).Mul(r.points)
}

// A Multiplier multiplies the points of a category, a level or a rule.
type Multiplier struct {
	Rule string
	By   exact.Number
	Less exact.Number // By - 1: the additional points per point
	Text string
	When Condition
}

// NewMultiplier returns the multiplier r of a rule.
func NewMultiplier(rule string, r *big.Rat) Multiplier {
	by := exact.Of(r)
	return Multiplier{Rule: rule, By: by, Less: by.Sub(exact.Whole(1)), Text: by.String()}
}

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

// Text is a text by language tag ("en", "de").
type Text map[string]string

// In returns the text in the language of locale ("de-AT" finds "de"). If there is none, it returns the text in English,
// or else in the language whose tag sorts first.
func (t Text) In(locale string) string {
	for ; locale != ""; locale = locale[:max(0, strings.LastIndexAny(locale, "-_"))] {
		if s, ok := t[locale]; ok {
			return s
		}
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

// Units is the name of a point in the singular and the plural: one bean, two beans.
type Units struct{ One, Other Text }

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

// A Rate is "points per amount": 1 per 1.10 EUR is {1, 110}.
type Rate struct {
	Points *big.Rat
	Per    int64 // the amount in minor units of the currency, above zero
	Full   bool  // whether only full steps of Per count: 5 per full 2.50 gives 5 for 4.99
}

// Counts states which parts of an order earn.
type Counts struct{ Items, Shipping, Tax bool }

// Rounding states how the fraction of a point is rounded, once per order.
type Rounding int

const (
	Down    Rounding = iota
	Nearest          // to the nearest whole number; halves are rounded up
	Up
	HalfEven // to the nearest whole number; halves to the even neighbor
)

func (r Rounding) String() string {
	return [...]string{Down: "down", Nearest: "nearest", Up: "up", HalfEven: "half_even"}[r]
}

// A CategoryRule multiplies the points of the line items of one category. If several match a line item, the one that
// gives most applies.
type CategoryRule struct {
	ID       string
	Category string
	Multiply *big.Rat  // the multiplier, at least zero
	When     Condition // the condition of the rule; nil if there is none
}

// Tiers defines the levels, and how members qualify for them and lose them.
type Tiers struct {
	Group    string  // the ID of a tier group; set only in copies of the program by tier.GroupProgram
	Levels   []Level // the levels, ascending by From; the first has From 0; empty if there are no tiers
	By       Measure
	Ways     [][]Measure        // alternatives, used instead of By; a member must meet all measures of one of them
	Currency Currency           // for BySpend: the currency of From; others are converted by Exchange, or do not count
	AtLeast  map[Currency]int64 // for ByQualifyingItems: the minimum amount of a line item, in minor units
	Visit    string             // for ByVisits: the event type that counts as a visit
	Brands   []string           // for ByBrands: the brands that count, at most MaxBrands
	Months   int                // the window in calendar months, including the current one; zero for a lifetime
	Calendar bool               // the window is the calendar year; Months does not apply
	Window   Window             // the periods in which members qualify; used instead of Months and Calendar

	MoveUp  MoveUp
	KeepFor calendar.Period // the minimum time for which a member keeps a level
	// Instead of KeepFor: to the end of a calendar year; 1 is the current, 2 the next year.
	KeepYear      int
	KeepPeriods   int             // instead of KeepFor: to the end of a period of the window; 1 is the current one
	ExtendedBy    calendar.Period // extra time after the end by KeepYear or KeepPeriods
	Grace         calendar.Period // extra time after the end of the level before the member moves down
	MoveDown      MoveDown
	Minimums      []Minimum
	SkippedLevels SkippedLevels
	// KeepOnRefund keeps a level when an order that qualified the member for it is refunded or canceled.
	KeepOnRefund bool
	// RepeatEntryBonus gives the entry bonus again to members who reach a level a second time.
	RepeatEntryBonus bool
	// MaxDowngrades is the largest share of the evaluated members that one evaluation of all members may move down. An
	// evaluation that would move down more members stops. Nil means no limit.
	MaxDowngrades *big.Rat
	Refresh       Refresh // the change of levels by this version; set on publication
	// Replaced maps the levels of earlier versions that no longer exist to their replacements. Publishing sets it.
	Replaced map[string]string
}

// Measure is a metric by which members qualify for a level.
type Measure int

const (
	ByPointsEarned Measure = iota
	ByOrders
	// BySpend is the money paid for items that earn, by tenders that earn, less refunds, in minor units.
	BySpend
	// ByQualifyingItems counts line items whose amount after refunds is at least AtLeast.
	ByQualifyingItems
	ByVisits // ByVisits counts events of one type
	ByBrands // ByBrands counts the different brands that were bought
)

func (m Measure) String() string {
	return [...]string{
		ByPointsEarned: "points_earned", ByOrders: "orders", BySpend: "spend",
		ByQualifyingItems: "qualifying_items", ByVisits: "visits",
		ByBrands: "brands",
	}[m]
}

// MaxBrands is the largest number of brands that can count towards a level. It limits the size of an account.
const MaxBrands = 20

// MoveDown states to which level a member moves if the member does not qualify again.
type MoveDown int

const (
	OneStep MoveDown = iota
	ToQualified
	StayUp // members never lose a level that they reached
)

// MoveUp states when a member moves to a higher level.
type MoveUp int

const (
	AtOnce     MoveUp = iota
	NextPeriod        // the member moves up at the end of the period in which the member qualified
)

// A Minimum is the lowest level of all members of a segment, such as holders of the store's card. A member who leaves
// the segment keeps the level as if it had been reached then.
type Minimum struct{ Level, Segment string }

// SkippedLevels states which entry bonuses a member gets for passing several levels at once.
type SkippedLevels int

const (
	HighestOnly SkippedLevels = iota
	EachLevel
)

// A Level is one level of a tier group.
type Level struct {
	ID         string
	Name       Text
	From       int64    // the required value of the measure; with Ways, Needs is used instead
	Needs      []Need   // the requirements, one for each measure; empty for the lowest level
	Multiply   *big.Rat // the multiplier of the level's points; nil means 1
	Perks      []string
	EntryBonus Points           // points for reaching the level
	Expires    *calendar.Expiry // the expiry of points that members of this level get; nil means as for other levels
}

// A Need is how much of a measure a level requires.
type Need struct {
	By   Measure
	From int64
}

// Level returns the level with the given ID and its index. It returns false if there is none, or if the program has no
// tiers.
func (t *Tiers) Level(id string) (Level, int, bool) {
	for i, l := range t.Levels {
		if l.ID == id {
			return l, i, true
		}
	}
	return Level{}, 0, false
}

// LevelIndex returns the index of a standing's level. If the program no longer has the level, it is the index of its
// replacement.
func (t *Tiers) LevelIndex(s Standing) int {
	_, i, ok := t.Level(s.Level)
	if !ok {
		_, i, _ = t.Level(t.Replaced[s.Level])
	}
	return i
}

// A Refresh states how members' levels change when a version changes the requirements. The publisher chooses it.
type Refresh struct {
	At   time.Time // when that version took effect; zero if nothing changed
	Mode RefreshMode
}

// RefreshMode is the direction in which members may move when the requirements change: up only, or both.
type RefreshMode string

const (
	// UpgradeOnly moves members up who now qualify for more. The others keep their level until its end.
	UpgradeOnly RefreshMode = "upgrade_only"
	// FullRefresh moves members up and down. With an advance notice period, members move down only at their next
	// review.
	FullRefresh RefreshMode = "full"
)
