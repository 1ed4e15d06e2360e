package loyalty

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// A Grant is points that one cause gave and that become active and expire together.
type Grant struct {
	Rule     string // the rule or action with its own expiry, or the wallet; empty for the base and all other rules
	Wallet   string // the wallet that holds the points
	Worth    Points
	ActiveAt time.Time     // when the points become active; zero if not known yet
	Expires  calendar.Date // the expiry of the lot that the points join; unknown while ActiveAt is unknown

	// The points that a clawback took from elsewhere than the grant's lot. They return there if the refund fails.
	Taken     []Lot  // points taken from other lots
	Owed      Points // points booked as debt
	ExpiredOn Points // points not taken, because they had expired or the clawback policy takes no more

	Expired   Points        // the part of ExpiredOn that had expired in the grant's lot
	Converted []Unconverted // points taken from conversions into other wallets
}

// A Share is the usage of the caps, limits and budget of one rule by one order or event. With it, a refund returns
// exactly what the order had used, and an order that is restored receives the same again.
type Share struct {
	Rule string // the full key with its section: "campaigns.double-weekend"; empty for the program's caps
	Used Points // the points used, rounded up to whole points
	Peak Points // the most points ever allowed; once the period is closed, no more can be used
	Cut  bool   // whether a budget once allowed less than was requested

	Charged Points // the charge to the rule's budget: the points that the member receives under it
	Granted Points // the highest charge so far, which a failed refund restores
}

// A Reached is a milestone or a level that was reached, and perhaps lost again, with the points that it gave.
type Reached struct {
	Revision int
	Grant    Grant     // the points; Grant.Rule is the milestone's ID or the level's key
	N        int       // for a level: the index of the promotion that gave points, starting at 0
	At       time.Time // for a level: the instant of the promotion
}

// An Unconverted records which part of a conversion a clawback reversed. Points is the number of points taken from the
// wallet that received the conversion. Worth is the number of points of the source wallet that these had cost. Both are
// negative if a failed refund restored the part.
type Unconverted struct {
	ID     string // the ID of the conversion
	Points Points
	Worth  Points
}
