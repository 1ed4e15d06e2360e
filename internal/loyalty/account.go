package loyalty

import (
	"cmp"
	"strconv"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// MemberID identifies a member permanently. It is "mem_" and 20 characters and contains no personal data.
type MemberID string

// Status says whether an account can earn and spend.
type Status string

const (
	Active Status = "active"
	Frozen Status = "frozen" // the account can neither earn nor spend
)

// An Account is everything that a command needs to know about a member. It is the sum of the member's entries. Its
// slices are never changed in place, so a copy of the struct is a copy of the account.
type Account struct {
	Member   MemberID
	Status   Status
	Joined   time.Time
	Sequence int64  // the number of entries
	Head     string // the hash of the last entry

	Purse             // the main wallet
	Purses  []Purse   // the other wallets that ever held points, sorted by ID
	Pending []Pending // points that are not active yet, of all wallets, earliest due first
	Holds   []Hold    // reservations of open redemptions, earliest expiry first

	Tier       Standing
	Past       []Standing          // earlier standings, needed for late orders (see posting.PastAge); oldest first
	Counted    time.Time           // the latest instant at which an order or event that counts happened or changed
	Metrics    []Metric            // the amounts that count towards a level, by month, oldest first
	Brands     []Bought            // the brands that the member bought, sorted by month and name
	TierGroups []TierGroupStanding // standings in tier groups, most recently changed last

	First FirstOrders // the member's first counted orders, if rules ask for order numbers

	Converting Converting // the first orders that could convert the referral of a referred member

	Cut       []CutOrder  // orders whose points were reduced by caps or limits; at most posting.MaxCut
	Later     LaterOrders // the use of caps and limits by orders after the one to be decided; never stored
	Undecided []Again     // orders to decide again after another order changed; at most award.MaxUndecided

	UndecidedFrom Again // this order and all later orders must be decided again; zero if there are none

	Usage   []Usage   // the use of caps and limits in periods that still accept orders
	Reached []Reached // milestones and levels that were reached, sorted by ID
	Traits  Traits    // facts about the member that rules use
	Moves   []Move    // lots that were extended or reinstated manually, latest last
	Notices []Notice  // notices that were sent to the member, latest last

	Extended []Extended // points whose expiry was postponed because no notice was sent, latest last

	Conversions []Converted   // the latest conversions that are not fully reversed, oldest first
	Slides      calendar.Date // the day to which the last activity moved lots that expire by inactivity; may be zero
	// Expiry days set by a grace period, latest last; points of these days get no second one.
	Graced  []calendar.Date
	Carried string // the exact fraction of a point carried from earlier orders; may be negative or empty

	Activities   []time.Time // the latest activities that count, oldest first; see ActivityChange
	Slid         []Lot       // points that activities moved to the day in Slides, by their original expiry day
	LastActivity time.Time   // the latest counted order, event that gave points, or redemption
	Seen         time.Time   // the latest instant of the account's entries
	Ran          time.Time   // the instant until which Advance has run; zero means Seen; not part of any entry
}

// A Lot is a number of points that expire together at the end of the same day.
type Lot struct {
	Expires calendar.Date
	Points  Points
}

// A Pending is a number of points that one cause gave and that are not active yet.
type Pending struct {
	Cause    Cause         // the cause, without its revision; the ID is "1042~rule" if the rule has its own expiry
	ActiveAt time.Time     // when the points become active; zero if not known yet
	GiveUp   time.Time     // the points are forfeited if ActiveAt is unknown at this instant; zero means never
	Expires  calendar.Date // the expiry of the lot that the points will join
	Wallet   string
	Points   Points
}

// Due returns the instant at which the points become active or, if that is unknown, are forfeited. It returns zero if
// neither happens without another command.
func (p Pending) Due() time.Time {
	if p.ActiveAt.IsZero() {
		return p.GiveUp
	}
	return p.ActiveAt
}

// Compare orders pending points by their due instant. Points without a due instant come last.
func (p Pending) Compare(q Pending) int {
	x, y := p.Due(), q.Due()
	if x.IsZero() != y.IsZero() {
		return y.Compare(x)
	}
	return cmp.Or(x.Compare(y), cmp.Compare(p.Cause.Kind, q.Cause.Kind), cmp.Compare(p.Cause.ID, q.Cause.ID))
}

// A Hold is an open redemption, together with the lots from which its points were reserved. It expires at
// Redemption.Until.
type Hold struct {
	Redemption Redemption
	Lots       []Lot
}

// Points returns the total of the reserved points.
func (h Hold) Points() Points { return TotalPoints(h.Lots) }

// A Metric is the sum of the amounts that count towards a level in one month or other period, which is called a bucket.
// Buckets that no window includes any more are added up in month 0, so that an account remains small.
type Metric struct {
	Month           int // the month as yyyymm, or the key of another kind of bucket; see tier.Windows
	Points          Points
	Orders          int64 // the number of orders that count: paid, with at least one earning item remaining
	Spend           int64 // the amount in minor units of the tiers' currency
	QualifyingItems int64
	Visits          int64
}

// A Bought is the number of orders with items of a brand in one bucket, for levels that count brands.
type Bought struct {
	Month int // the same as Metric.Month
	Brand string
	N     int64
}

// A Move is a manual extension or reinstatement of lots. Lots that were active at the instant At and whose expiry was
// from First to Last expire on To instead.
type Move struct {
	At              time.Time
	First, Last, To calendar.Date
	Times           int // how many times the expiry was postponed because no notice was sent; see Extended
}

// MaxMoves is the maximum number of moves that an account remembers. Older moves are forgotten. If a forgotten move
// extended points, a later refund treats these points as expired.
const MaxMoves = 10

// MaxGraced is the maximum number of days in Account.Graced. Older days are forgotten. The maximum is enough for a
// grace period of one month.
const MaxGraced = 40

// A Reached is a milestone or a level that was reached, and perhaps lost again, with the points that it gave.
type Reached struct {
	Revision int
	Grant    Grant     // the points; Grant.Rule is the milestone's ID or the level's key
	N        int       // for a level: the index of the promotion that gave points, starting at 0
	At       time.Time // for a level: the instant of the promotion
}

// A Balance summarizes a wallet of an account.
type Balance struct{ Active, Pending, Reserved, Debt Points }

// Balance returns the balance of the main wallet, as BalanceOf does for any wallet.
func (a Account) Balance() Balance { return a.BalanceOf("") }

// Fits reports whether every amount is within MaxBalance.
func (b Balance) Fits() bool { return max(b.Active, b.Pending, b.Reserved, b.Debt) <= MaxBalance }

// TotalPoints returns the sum of the points of lots.
func TotalPoints(lots []Lot) (sum Points) {
	for _, l := range lots {
		sum += l.Points
	}
	return sum
}

// An ActivityChange records that an activity counts from this entry onwards or, if Withdrawn, no longer counts.
type ActivityChange struct {
	At        time.Time // the instant of the activity
	Withdrawn bool
}

// FormatPoints returns a number of points as text, such as "-250".
func FormatPoints(n Points) string { return strconv.FormatInt(int64(n), 10) }

// AdvanceNotice requires that a notice is sent to the member some time before points expire or a level ends. The zero
// AdvanceNotice requires no notice.
//
// If no notice was sent in time, the expiry or the end of the level is postponed by the period. From then on, the
// member's account shows the notice (posting.AccountNotices). If the member has no channel with consent, or if sending
// failed, it is postponed once. Otherwise it is postponed again until a notice is sent, at most MaxExtensions times. A
// member who refuses consent therefore gains at most one period.
type AdvanceNotice struct {
	Period        calendar.Period
	MaxExtensions int // the maximum number of postponements, at least 1
}

// An Extended records points whose expiry was postponed because no notice of it was sent in time.
type Extended struct {
	Lot    calendar.Date // the day on which the points expire now
	From   calendar.Date // the day on which the points would have expired without any postponement
	Times  int           // the number of postponements
	Points Points
}

// ChannelUse is a channel through which a member can be reached for a purpose: the member has given consent, and has an
// address that has not failed.
type ChannelUse struct {
	Channel Channel
	Purpose Purpose
}

// A Notice records that a member was notified that points will expire or that a level will end. If the program promises
// advance notice, the points or the level end only if the notice was sent early enough; see AdvanceNotice.
type Notice struct {
	What    NoticeOf
	Subject string // the lot or level that ends, as text from posting.LotNotice or posting.TierNotice
	At      time.Time

	Withdrawn bool // the message was not delivered, so the notice does not count
}

// NoticeOf is the kind of event that a notice announces.
type NoticeOf string

const (
	OfExpiry NoticeOf = "expiry" // the notice announces that points expire
	OfFall   NoticeOf = "fall"   // the notice announces that a level ends
)

// Converting contains the first orders of a referred member (the friend) that could convert the referral, sorted by
// placed_at and ID.
type Converting struct {
	Orders []PlacedOrder
	More   bool // whether there are more such orders than Orders contains; they come after its last one
}

// A CutOrder is an order whose points were reduced by caps or limits with periods that are still open.
type CutOrder struct {
	Order PlacedOrder
	Ends  calendar.Date // the last day of the latest of these periods; zero if one of them never ends
}

// A LaterOrder is an order that was placed after another one, with its usage of caps and limits.
type LaterOrder struct {
	Order PlacedOrder
	Usage []Usage
}

// LaterOrders contains the usage of the orders that were placed after an order.
type LaterOrders struct {
	Than PlacedOrder // the order before all orders in All; zero if the usage was not loaded
	All  []LaterOrder
}

// Standing is a member's level and its validity. In a program without tiers, it is the zero Standing.
type Standing struct {
	Level string
	Since time.Time
	Until time.Time // the level is kept at least until then; zero if it cannot be lost
	At    time.Time // when the standing was decided; zero if it was decided at Since

	From    time.Time // with LevelWindow, only events after From count; zero means after Since
	Lock    time.Time // a manually set level is locked until then: the end of a period does not change it
	Minimum string    // the permanent minimum level, set manually
	Given   bool      // Until was set manually

	Extensions int       // how many times the end was postponed because no notice was sent in time
	Ended      time.Time // the original end, if the end was postponed
}

// Decided returns the instant at which the standing was decided. The standing applies from then on, until the next one.
func (s Standing) Decided() time.Time {
	if s.At.IsZero() {
		return s.Since
	}
	return s.At
}

// Manual reports whether the level is held until an instant that was set manually.
func (s Standing) Manual() bool { return s.Given || !s.Lock.IsZero() && s.Until.Equal(s.Lock) }

// A Redecision replaces the standings that an account stores from an instant on. The last of the new standings is the
// Standing of the entry.
type Redecision struct {
	From time.Time
	Past []Standing // the new standings before the last, oldest first
}

// An Unconverted records which part of a conversion a clawback reversed. Points is the number of points taken from the
// wallet that received the conversion. Worth is the number of points of the source wallet that these had cost. Both are
// negative if a failed refund restored the part.
type Unconverted struct {
	ID     string // the ID of the conversion
	Points Points
	Worth  Points
}

// A WriteOff records points that expired in a lot before a clawback could take them, so that the clawback does not take
// other points. It is negative if the refund failed, so that the points are no longer written off.
type WriteOff struct {
	Wallet string
	Lot    calendar.Date
	Points Points
}
