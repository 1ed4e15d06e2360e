package loyalty

import (
	"math/big"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

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

// MoveUp states when a member moves to a higher level.
type MoveUp int

const (
	AtOnce     MoveUp = iota
	NextPeriod        // the member moves up at the end of the period in which the member qualified
)

// MoveDown states to which level a member moves if the member does not qualify again.
type MoveDown int

const (
	OneStep MoveDown = iota
	ToQualified
	StayUp // members never lose a level that they reached
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
