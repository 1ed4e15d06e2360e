package loyalty

import "time"

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

	Lots    []Lot     // what can be spent, earliest expiry first, never last; no empty ones
	Pending []Pending // what will be, earliest first
	Holds   []Hold    // what open redemptions have reserved, earliest end first
	Debt    Points    // what was taken back but could not be; the next active points pay it

	Tier    Standing
	Metrics []Metric // what qualifies for a tier, by month, oldest first

	Usage []Usage // of caps, in the periods that are still open for orders; by period

	Earned, Redeemed, Expired Points    // of a lifetime: by rules, without adjustments and what was clawed back
	LastActivity              time.Time // the latest order or redemption
}

// A Lot is points that lapse together, at the end of the same day.
type Lot struct {
	Expires Date
	Points  Points
}

// A Pending is points that one cause has promised and that become active by themselves.
type Pending struct {
	Cause    Cause // Revision is zero: all revisions share it
	ActiveAt time.Time
	Expires  Date // the lot that they will join
	Points   Points
}

// A Hold is an open redemption with the lots that its points came from. From Redemption.Until on it has lapsed.
type Hold struct {
	Redemption Redemption
	Lots       []Lot
}

// Points is the sum of the hold.
func (h Hold) Points() Points { return total(h.Lots) }

// Standing is a member's level. The zero Standing is that of a program without tiers.
type Standing struct {
	Level  string
	Since  time.Time
	Until  time.Time // kept at least until then; zero for the lowest level, which cannot be lost
	Before string    // the level before Since, for orders that were placed then and arrive now
}

// A Metric is what one calendar month (yyyymm) counts towards a level. Months that no window reaches any more
// are summed up in month 0, so that an account stays small.
type Metric struct {
	Month  int
	Points Points
	Orders int64
}

// A Balance sums up an account.
type Balance struct{ Active, Pending, Reserved, Debt Points }

// Balance sums up the account as it stands; Advance it first.
func (a Account) Balance() Balance {
	b := Balance{Active: total(a.Lots), Debt: a.Debt}
	for _, p := range a.Pending {
		b.Pending += p.Points
	}
	for _, h := range a.Holds {
		b.Reserved += h.Points()
	}
	return b
}

func total(lots []Lot) (sum Points) {
	for _, l := range lots {
		sum += l.Points
	}
	return sum
}
