package loyalty

import (
	"cmp"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// A PlacedOrder is an order with the instant at which it was placed. A member's orders are numbered in this order (see
// Compare).
type PlacedOrder struct {
	At time.Time
	ID string
}

// Compare compares two orders by the instant at which they were placed, then by ID.
func (x PlacedOrder) Compare(y PlacedOrder) int {
	return cmp.Or(x.At.Compare(y.At), cmp.Compare(x.ID, y.ID))
}

// Placed returns the order's instant and ID, by which a member's orders are sorted.
func (o *Order) Placed() PlacedOrder { return PlacedOrder{o.PlacedAt.UTC(), o.ID} }

// FirstOrders are the first of a member's orders that count, in the order of their numbers and without gaps. An account
// remembers them from the time at which a rule uses order numbers.
type FirstOrders struct {
	Most   int // the greatest number that any rule has ever used; 0 if no rule has
	Target int // the greatest target of the program's milestones, while an order is decided; 0 if there is none
	Orders []PlacedOrder

	Loaded bool // the orders were read from the member's entries, so the next entry must record them
}

// OrderStatus is the state of an order.
type OrderStatus string

const (
	OrderPlaced   OrderStatus = "placed" // the order is not paid yet, so it earns nothing
	OrderPaid     OrderStatus = "paid"
	OrderCanceled OrderStatus = "canceled" // the order was canceled, so it earns nothing any more

	// Unreported is the ReportedStatus of an order that is known only from its payments.
	Unreported OrderStatus = "unreported"
)

// An Order is a member's purchase, in full, in the state that the merchant last reported. Amounts are in minor units of
// Currency.
type Order struct {
	ID       string
	Member   MemberID
	PlacedAt time.Time
	Currency Currency
	Channel  string
	Store    string         // the store in which the order was placed; may be empty
	Clock    *time.Location // the store's time zone; nil if unknown
	Status   OrderStatus
	Lines    []Line
	Discount int64 // a discount on the whole order, spread over its line items
	Shipping int64
	Tax      int64 // the tax that is added to the line items and shipping
	Included int64 // the tax included in the line items, discount and shipping; no sum adds it
	Tenders  []Tender
	Refunds  []Refund  // all refunds of the order, each with a stable ID; their sequence does not matter
	Disputes []Dispute // all disputes of the order, each with a stable ID; their sequence does not matter

	UpdatedAt time.Time // when the merchant's system last changed the order; zero if not reported
	Shipped   time.Time // when the order was shipped; zero if this was not reported
	Delivered time.Time

	Receipts       []Receipt   // payments reported by processors, sorted by ID
	ReportedStatus OrderStatus // the status reported by the merchant, if payments change Status; see receipt.Paid
}

// A Line is a line item. Amount is the amount paid for all of its units, after the discounts on the line item.
type Line struct {
	ID       string
	SKU      string
	Category string
	Brand    string
	Quantity int64
	Amount   int64
}

// A Tender is a means of payment and how much of the order it paid.
type Tender struct {
	Kind   TenderKind
	Name   string // the shop's name for the card or wallet; may be empty
	Amount int64

	Reported bool // whether payments reported the tender, because the merchant sent no tenders
}

// TenderKind is a kind of payment. Amounts paid with points, gift cards or store credit earn nothing: that money earned
// points before, or was never paid.
type TenderKind string

const (
	TenderCard        TenderKind = "card"
	TenderCash        TenderKind = "cash"
	TenderOther       TenderKind = "other"
	TenderPoints      TenderKind = "points"
	TenderGiftCard    TenderKind = "gift_card"
	TenderStoreCredit TenderKind = "store_credit"
)

// An OrderState is everything that is known about an order, including the points that it is worth. The next revision of
// the order starts from it.
type OrderState struct {
	Order           Order
	Revision        int
	Program         int     // the program version whose rules apply to the order permanently
	Buyer           Buyer   // the member's data that the rules use, as of when the order was placed
	Rate            string  // the exact exchange rate to the base currency, if the order is converted
	Worth           Points  // the points that all revisions of the order together have awarded
	Grants          []Grant // the awards: the base first, then rules with their own pending period or expiry
	Shares          []Share // the order's use of caps, limits and budgets
	Cut             []Usage // the caps and limits that reduce the award; Usage.N is earn.HasRoom or earn.IsFull
	Carried         string  // the exact fraction of a point with which the order started; may be empty
	Rest            string  // the exact fraction of a point that rounding removed or added; may be empty
	Counted         bool    // whether the order counts for milestones, levels and first-order rules
	Spend           int64   // the amount that counts toward a level by spend, in minor units
	QualifyingItems int64   // the units that count toward a level by qualifying items
	Brands          []string
	Bucket          int       // the bucket in which the account counts the order, if not the month of PlacedAt
	TierGroups      []Counted // the amounts that the order counts in tier groups
	Converts        []string  // the referral actions whose conditions the order meets; empty if there are none
	// Missing holds the keys of the wallets and of the member's level that the program no longer had when the order was
	// first accepted.
	Missing []string

	ActiveBefore time.Time     // for an order that is an activity only for reminders: the activity before it
	SlidTo       calendar.Date // the expiry day to which the order, as an activity, moved points; zero if none

	// The revisions that last changed the lines and the refunds of a large order, which are stored separately from its
	// entries. Both are 0 for an order with at most posting.InlineLines lines.
	LinesSince   int
	RefundsSince int
}

// Earns reports whether a payment with this kind of tender earns points.
func (k TenderKind) Earns() bool {
	return k != TenderPoints && k != TenderGiftCard && k != TenderStoreCredit
}

// RefundStatus states whether the money was refunded.
type RefundStatus string

const (
	RefundSucceeded RefundStatus = "succeeded"
	RefundPending   RefundStatus = "pending" // the refund counts when it succeeds
	RefundFailed    RefundStatus = "failed"  // the refund no longer counts
)

// A Refund is money that was returned to the customer. Amount is the whole sum; Lines, Shipping and Tax state what it
// was for. The rest is assigned as follows:
//   - If the refund states nothing, the rest is spread over the remaining goods, shipping and tax, in proportion. A sum
//     that covers the remaining goods and their tax returns all of the goods.
//   - If it states shipping or tax, but no lines, the rest is for goods, of all lines in proportion. An amount beyond
//     the goods is spread as if nothing was stated.
//   - If it states lines, the rest is for shipping and tax, in proportion, and an amount beyond them is for goods.
type Refund struct {
	ID       string
	At       time.Time
	Status   RefundStatus
	Amount   int64
	Shipping int64
	Tax      int64
	Goods    int64  // the amount refunded for goods without a named line
	Included int64  // the tax that the other parts include; not part of any sum
	Tender   string // the kind or name of the tender that received the refund; empty if unknown
	Lines    []RefundLine

	Tendered    bool  // a payment reports ToGiftCards; Tender is then empty
	ToGiftCards int64 // the part of Amount that was returned to gift cards and store credit
}

// A RefundLine is the money refunded for one line, after the line's share of the order's discount.
type RefundLine struct {
	ID       string // the line item's ID
	Quantity int64  // the number of units returned; informational, may be zero
	Amount   int64
}

// A Dispute is a payment that the customer contests with the bank. While it is open, and after it is lost, the order
// earns as if Amount had been refunded. If it is won, the order earns as if there had been no dispute.
type Dispute struct {
	ID     string
	At     time.Time
	Status DisputeStatus
	Amount int64
}

// DisputeStatus is the status of a dispute.
type DisputeStatus string

const (
	DisputeOpen DisputeStatus = "open"
	DisputeWon  DisputeStatus = "won"
	DisputeLost DisputeStatus = "lost"
)

// Named reports whether the name in a rule or refund means this tender: it equals the tender's kind or name.
func (t Tender) Named(name string) bool {
	return name != "" && (string(t.Kind) == name || t.Name == name)
}

// Limits on when an order was placed. The clocks of shops run slightly ahead, and orders arrive late. An order outside
// of these limits is rejected, because the present rules and tiers do not apply to it.
const (
	// MaxOrderAge is the age from which the first report of an order is rejected. From that age, a guest order can also
	// no longer be attributed to a member.
	MaxOrderAge = 90 * 24 * time.Hour
	// MaxOrderAhead is how far in the future PlacedAt may be.
	MaxOrderAhead = 5 * time.Minute
	// JoinGrace is how long before joining a member may have placed an order, because some members enroll at checkout.
	JoinGrace = 24 * time.Hour
)

// MaxLines is the maximum number of line items of an order.
const MaxLines = 10_000

// An Again is an order that must be decided again, and the ID of the order whose change is the reason.
type Again struct {
	Order   PlacedOrder
	Reasons string
}

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
