package loyalty

import "github.com/perennial-loyalty/perennial/internal/loyalty/calendar"

// A Wallet is an additional kind of points, such as miles. It has a separate expiry and clawback policy, never counts
// toward a level, and is spent on rewards that have a price in it.
type Wallet struct {
	ID    string
	Name  Text
	Unit  Units
	Rates map[Currency]Rate // the rates at which earning goods also earn points of this wallet; may be empty
	// The time for which points are pending. It must not set Until, because a missing delivery forfeits no points.
	Pending  calendar.Wait
	Expires  calendar.Expiry // when points expire; must not set Inactive, which only the main wallet supports
	Clawback ClawbackPolicy
	MaxDebt  Points
}

// A Purse is a member's holdings in one wallet.
type Purse struct {
	Wallet string // the wallet's ID; empty for the main wallet
	Lots   []Lot  // active points, earliest expiry first and points that never expire last; no empty lots
	Debt   Points // points that a clawback could not take; the next active points pay it

	// ExpiredLots are recently expired points that no clawback has written off, by the lot's day. See
	// posting.maxExpiredLots for their number.
	ExpiredLots []Lot

	Earned, Redeemed, Expired Points // lifetime totals under rules, without adjustments and clawbacks
}

// A WalletChange is the effect of an entry on a wallet other than the main one.
type WalletChange struct {
	Wallet  string
	Points  Points  // the change of active + pending - debt
	Balance Balance // the balance after the entry
}

// A Balance summarizes a wallet of an account.
type Balance struct{ Active, Pending, Reserved, Debt Points }

// Fits reports whether every amount is within MaxBalance.
func (b Balance) Fits() bool { return max(b.Active, b.Pending, b.Reserved, b.Debt) <= MaxBalance }
