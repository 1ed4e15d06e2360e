package loyalty

import (
	"maps"
	"math/big"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// Auto defines a reward that is redeemed automatically whenever a member has at least At active points. It applies
// whatever made the points active: an order, an event, an adjustment, a canceled or expired reservation, an entry
// bonus, or time. A member whose automatic redemption is reversed keeps the points until points next become active.
type Auto struct {
	Reward string // the ID of the reward; empty if nothing is redeemed automatically
	At     Points // the active points that trigger a redemption, at least the reward's cost
	Limit  int64  // the maximum number per day of the program's calendar, to limit the effect of a wrong program
}

// A RewardDate is one date of an experience. Each date has its own capacity.
type RewardDate struct {
	ID       string
	At       time.Time
	Capacity int64
	Name     Text // the name of the date; may be empty
}

// Pay states how members can pay for orders with points. Without Rates they cannot.
type Pay struct {
	// Rates is the number of points per amount of money: 100 points per 1.00 EUR is {100, 100}.
	Rates map[Currency]Rate
	// Min is the minimum number of points of one payment.
	Min Points
	// Step means that a payment uses a multiple of this number of points; zero means 1. The last step may be smaller,
	// so that points can pay the whole amount.
	Step Points
	// Share is the largest share of an order that all payments with points together can pay, above 0 and at most 1; nil
	// means the whole order.
	Share *big.Rat
	// Most is the largest amount of one order that points can pay, in minor units. A currency without an entry has no
	// limit.
	Most map[Currency]int64
}

// CodesKey returns the key in earn.Budgets for the codes that remain in the reward's pool. The value is 0 if none
// remains.
func (r *Reward) CodesKey() string { return "codes." + r.ID }

// TurnKey returns the key in earn.Budgets that states whether the member can take a unit now. The value is 0 if members
// on the waitlist have priority.
func (r *Reward) TurnKey() string { return "turns." + r.ID }

// A Reward is something that members can spend points on.
type Reward struct {
	ID string
	// Type is amount_off, percent_off, free_shipping, free_product, gift_card, experience, partner, donation,
	// wallet_points or perk.
	Type        string
	Name        Text // the name of the reward; may be empty
	Description Text // the description that members see; may be empty
	Cost        Points
	Prices      map[string]Points // the cost, keyed by level; used instead of Cost
	Wallets     map[string]Points // the cost in other wallets, for all members
	Value       Money             // the value of an amount_off, gift_card or donation
	Percent     *big.Rat          // for percent_off: 10 for 10%
	MaxValue    Money             // for percent_off: the maximum discount; zero if unlimited
	SKU         string            // for free_product: the SKU of the product
	Partner     string            // for partner: the issuer of the voucher
	Wallet      string            // for wallet_points: the wallet that gets the points
	Points      Points            // for wallet_points: the number of points

	// These fields define who can redeem the reward, when, and how often.
	MinOrder     map[Currency]int64 // the minimum order total for the reward, in minor units
	Visible      calendar.Span      // when members see the reward
	Active       calendar.Span      // when the reward can be redeemed
	Tiers        []string
	Segments     []string
	When         Condition       // a condition about the member and the order's total; nil if there is none
	Limits       []Limit         // the limits for each member
	StockBatches []StockBatch    // the stock and when it becomes available; empty means unlimited
	FirstCall    calendar.Period // how long a waiting member has priority on a unit; zero if there is no waitlist
	Dates        []RewardDate    // the dates of the reward; each has a capacity, instead of stock
	Codes        Codes
	Manual       bool // the fulfillment is manual: ordered, shipped, delivered
	Address      bool // the fulfillment needs an address
}

// A StockBatch is a number of units that are available from an instant on. The zero instant means from the start.
type StockBatch struct {
	At       time.Time
	Quantity int64
}

// Codes defines where the codes of a reward come from, and how long they are valid.
type Codes struct {
	From   CodeSource
	Shared string          // the code, if the source is SharedCode
	Wait   calendar.Period // the time from the claim until the code can be used; may be zero
	Valid  calendar.Period // how long the code can then be used; zero means as the program defines
}

// CodeSource is the source of codes.
type CodeSource string

const (
	NoCode        CodeSource = ""
	GeneratedCode CodeSource = "generated" // a code is generated when the reward is claimed
	UploadedCode  CodeSource = "uploaded"  // a code is taken from a pool that the merchant fills
	SharedCode    CodeSource = "shared"    // all members get the same code
)

// RedemptionTerms defines how points can be spent.
type RedemptionTerms struct {
	PerOrder  int64           // the maximum number of rewards per order; zero means unlimited
	CodeValid calendar.Period // how long a code can be used; zero if it never expires
	Grace     calendar.Period // the minimum time until restored points expire; extends an expiry only once
	OnRefund  OnRefund        // how many points a reversal restores
	Pay       Pay             // how points pay for orders
	Auto      Auto            // the terms of automatic redemption
}

// OnRefund states what a reversal of a redemption restores.
type OnRefund int

const (
	AllBack   OnRefund = iota
	ShareBack          // the reversal restores the same share of the points as of the order's money
	NoneBack
)

// CostAt returns the cost of the reward in points for a member of a level.
func (r *Reward) CostAt(level string) Points {
	if n, ok := r.Prices[level]; ok {
		return n
	}
	return r.Cost
}

// Costs returns the costs in points for the members of all levels: at least one number, in no particular order.
func (r *Reward) Costs() []Points { return append(slices.Collect(maps.Values(r.Prices)), r.Cost) }

// Limited reports whether the reward has limited stock or capacity.
func (r *Reward) Limited() bool { return len(r.StockBatches)+len(r.Dates) > 0 }

// Key returns the key of the reward for counters, limits and reasons.
func (r *Reward) Key() string { return "rewards." + r.ID }

// HasWaitlist reports whether the reward has a waitlist.
func (r *Reward) HasWaitlist() bool { return !r.FirstCall.IsZero() }
