package loyalty

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// Status states what an account can do.
type Status string

const (
	Active Status = "active"
	Frozen Status = "frozen" // the account earns, but cannot spend, transfer or convert points
	Erased Status = "erased" // the personal data was erased, and the account no longer changes
)

// Earns reports whether orders and events change an account with this status. They do while it is frozen, because they
// are facts: a refund must still take back points.
func (s Status) Earns() bool { return s == Active || s == Frozen }

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

// Balance returns the balance of the main wallet, as BalanceOf does for any wallet.
func (a Account) Balance() Balance { return a.BalanceOf("") }

// In returns the member's holdings in a wallet.
func (a Account) In(wallet string) Purse {
	if wallet == "" {
		return a.Purse
	}
	if at, found := a.PurseAt(wallet); found {
		return a.Purses[at]
	}
	return Purse{Wallet: wallet}
}

// PurseAt returns the index of the purse of a wallet other than the main one, or where to insert it.
func (a Account) PurseAt(wallet string) (at int, found bool) {
	return slices.BinarySearchFunc(a.Purses, wallet, func(x Purse, id string) int {
		return strings.Compare(x.Wallet, id)
	})
}

// BalanceOf returns the balance of one wallet in the present state of the account. Advance the account first.
func (a Account) BalanceOf(wallet string) Balance {
	purse := a.In(wallet)
	b := Balance{Active: TotalPoints(purse.Lots), Debt: purse.Debt}
	for _, p := range a.Pending {
		if p.Wallet == wallet {
			b.Pending += p.Points
		}
	}
	for _, h := range a.Holds {
		if h.Redemption.Wallet == wallet {
			b.Reserved += h.Points()
		}
	}
	return b
}
