package loyalty

import (
	"cmp"
	"time"
)

// MemberID names a member for ever: "mem_" and 20 characters. It says nothing about the person.
type MemberID string

// Status is whether an account takes part.
type Status string

const (
	Active Status = "active"
	Frozen Status = "frozen" // can neither earn nor spend
)

// An Account is everything that a command needs to know of a member, the sum of the member's entries. Its
// slices are never changed in place, so a copy of the struct is a copy of the account.
type Account struct {
	Member   MemberID
	Status   Status
	Joined   time.Time
	Sequence int64  // how many entries there are
	Head     string // the hash of the last one

	Purse             // points
	Purses  []Purse   // the other wallets that ever held anything, by id
	Pending []Pending // what will be active in any of them, earliest first
	Holds   []Hold    // what open redemptions have reserved, earliest end first

	Tier       Standing
	Past       []Standing          // the standings before it that orders may still ask for, oldest first; see trimmed
	Counted    time.Time           // the latest instant at which what counts towards levels happened or changed
	Metrics    []Metric            // what qualifies for a tier, by month, oldest first
	Brands     []Bought            // and the brands, by month and name
	TierGroups []TierGroupStanding // the other ladders on which anything ever happened, the latest last

	First FirstOrders // the first orders that count, where rules ask for their numbers

	Converting Converting // the first orders that could convert the referral of a member who was referred

	Cut       []CutOrder  // orders that caps or limits cut, at most maxCut
	Later     LaterOrders // what is known of the orders after the one that is decided next; it is not stored
	Undecided []Again     // orders that are to be decided again, because another order changed; at most maxUndecided

	UndecidedFrom Again // the order from which on all orders are to be decided again; zero: none

	Usage   []Usage   // of caps and limits, in the periods that are still open for orders; by rule and period
	Reached []Reached // milestones, by id
	Traits  Traits    // what rules know of the member
	Moves   []Move    // lots that were moved by hand, the latest last
	Notices []Notice  // what the member was told of, the latest last

	Extended []Extended // points whose expiry was put off for want of notice, the latest last

	Conversions []Converted // the latest that are not undone, oldest first; at most maxConversions
	Slides      Date        // the day to which the last activity moved the lots that slide; zero if none did
	Graced      []Date      // the days to which grace has put points off, the latest last: from there it puts off none again
	Carried     string      // what fractions of a point earlier orders left, exactly; may be below zero; empty for none

	Activities   []time.Time // the latest that count, oldest first; see ActivityChange
	Slid         []Lot       // points that activities moved to Slides, by the day on which they would have expired by themselves
	LastActivity time.Time   // the latest order that counts, event that gave points, or redemption
	Seen         time.Time   // when something was last decided about it: the latest instant of its entries
	Ran          time.Time   // until when time had passed for it when it was written last; zero: until Seen. No entry states it
}

// A Lot is points that expire together, at the end of the same day.
type Lot struct {
	Expires Date
	Points  Points
}

// A Pending is points that one cause has promised and that become active by themselves.
type Pending struct {
	Cause    Cause     // Revision is zero: all revisions share it. Of a rule with a life of its own: "1042~rule"
	ActiveAt time.Time // zero: not known yet, or by hand
	GiveUp   time.Time // when it is not known by then, they are gone; zero: never
	Expires  Date      // the lot that they will join
	Wallet   string
	Points   Points
}

// due is the instant at which time does something to it; zero if it never does.
func (p Pending) due() time.Time {
	if p.ActiveAt.IsZero() {
		return p.GiveUp
	}
	return p.ActiveAt
}

// compare orders what is pending by what time does first; what waits for no instant is last.
func (p Pending) compare(q Pending) int {
	x, y := p.due(), q.due()
	if x.IsZero() != y.IsZero() {
		return y.Compare(x)
	}
	return cmp.Or(x.Compare(y), cmp.Compare(p.Cause.Kind, q.Cause.Kind), cmp.Compare(p.Cause.ID, q.Cause.ID))
}

// A Hold is an open redemption with the lots of its wallet that its points came from. From Redemption.Until on it has expired.
type Hold struct {
	Redemption Redemption
	Lots       []Lot
}

// Points is the sum of the hold.
func (h Hold) Points() Points { return total(h.Lots) }

// A Metric is what one piece of time counts towards a level. Those that no window reaches any more are summed up in
// month 0, so that an account stays small.
type Metric struct {
	Month           int // yyyymm; or, where periods do not begin with a month, the bucket's beginning (see Program.bucket)
	Points          Points
	Orders          int64 // those that count: paid, and something that earns is left of them
	Spend           int64 // minor units of the tiers' currency
	QualifyingItems int64
	Visits          int64
}

// A Bought is in how many orders of one piece of time a brand was bought, for levels by brands.
type Bought struct {
	Month int // as Metric's
	Brand string
	N     int64
}

// A Move is lots that somebody made to live longer, or brought back: what was active at an instant and was to expire on
// First to Last, or had, expires on To.
type Move struct {
	At              time.Time
	First, Last, To Date
	Times           int // of points whose expiry was put off for want of notice: the how-manieth time; see Extended
}

// maxMoves is how many moves an account remembers: a bound on its size. Older ones are forgotten, and a refund of points
// that they moved then finds them expired.
const maxMoves = 10

// maxGraced is how many days an account remembers to which grace has put points off: a bound on its size, and more than
// there are between a release and the end of its grace, where that is a month. Older ones are forgotten.
const maxGraced = 40

// A Reached is a milestone or a level that was reached, and perhaps lost again, with the points that it gave.
type Reached struct {
	Revision int
	Grant    Grant     // its Rule is the milestone's id, or the level's key
	N        int       // of a level: the how-manieth promotion to it that gave points; zero is the first
	At       time.Time // of a level: the promotion's instant
}

// A Balance sums up a wallet of an account.
type Balance struct{ Active, Pending, Reserved, Debt Points }

// Balance is BalanceOf the wallet of points.
func (a Account) Balance() Balance { return a.BalanceOf("") }

// fits reports whether an account can hold so much.
func (b Balance) fits() bool { return max(b.Active, b.Pending, b.Reserved, b.Debt) <= MaxBalance }

func total(lots []Lot) (sum Points) {
	for _, l := range lots {
		sum += l.Points
	}
	return sum
}
