package loyalty

import (
	"fmt"
	"strconv"
	"time"
)

// OrderStatus is the state of an order.
type OrderStatus string

const (
	OrderPlaced   OrderStatus = "placed" // not paid yet, so it earns nothing
	OrderPaid     OrderStatus = "paid"
	OrderCanceled OrderStatus = "canceled" // earns nothing any more

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
	Store    string         // the store in which it was placed; may be empty
	Clock    *time.Location // the store's time zone; nil if unknown
	Status   OrderStatus
	Lines    []Line
	Discount int64 // on the whole order, spread over its line items
	Shipping int64
	Tax      int64 // in addition to the line items and shipping
	Included int64 // the tax included in the line items, discount and shipping; no sum adds it
	Tenders  []Tender
	Refunds  []Refund  // all refunds of the order with their stable IDs, in any order
	Disputes []Dispute // all disputes, likewise

	UpdatedAt time.Time // when the merchant's system last changed it; zero if not reported
	Shipped   time.Time // zero if it was not shipped, or this was not reported
	Delivered time.Time

	Receipts       []Receipt   // payments reported by processors, by ID
	ReportedStatus OrderStatus // the status reported by the merchant, if payments change Status; see Program.Paid
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

	Reported bool // reported by payments, because the merchant sent no tenders
}

// TenderKind is a kind of payment. Amounts paid with points, gift cards or store credit earn nothing: the money behind
// them earned before, or was never paid.
type TenderKind string

const (
	TenderCard        TenderKind = "card"
	TenderCash        TenderKind = "cash"
	TenderOther       TenderKind = "other"
	TenderPoints      TenderKind = "points"
	TenderGiftCard    TenderKind = "gift_card"
	TenderStoreCredit TenderKind = "store_credit"
)

// An OrderState is everything that is known about an order, including what it is worth. The next revision of the order
// starts from it.
type OrderState struct {
	Order           Order
	Revision        int
	Program         int     // the program version whose rules apply to it permanently
	Buyer           Buyer   // the member's data that its rules use, as of its placing
	Rate            string  // the exact rate to the program's currency, if its currency has no rate there
	Worth           Points  // what all of its revisions together have awarded
	Grants          []Grant // the awards: the base first, then rules whose points have their own life
	Shares          []Share // its use of caps, limits and budgets
	Cut             []Usage // caps and limits of periods that reduce its award; N is hasRoom or isFull
	Carried         string  // the exact fraction of a point that it started with; empty for none
	Rest            string  // the exact fraction that its rounding left or took; empty for none
	Counted         bool    // whether it counts for milestones, levels and first-order rules
	Spend           int64   // its amount toward a level by spend, in minor units
	QualifyingItems int64   // its units toward a level by qualifying items
	Brands          []string
	Bucket          int       // the bucket in which the account counts it, if not its month of placing
	TierGroups      []Counted // what it counts in tier groups
	Converts        []string  // the referral actions whose conditions it meets; empty if it cannot convert a referral
	// Missing holds the keys of the wallets and of the member's level that the program no longer had when the order was
	// first accepted.
	Missing []string

	ActiveBefore time.Time // the member's last activity before it, if it is an activity for reminders alone
	SlidTo       Date      // the day to which it extended points as an activity; zero if it did not

	// The revisions that last changed the lines and the refunds of a large order, which are stored separately from its
	// entries. They are 0 for an order with at most InlineLines of them.
	LinesSince   int
	RefundsSince int
}

// share returns what the order uses of one rule's caps, limits and budgets. The state must own its Shares, because the
// caller may change the result.
func (s *OrderState) share(rule string) *Share { return shareIn(&s.Shares, rule) }

// shareOf returns the same share for reading only.
func (s *OrderState) shareOf(rule string) *Share {
	for i := range s.Shares {
		if s.Shares[i].Rule == rule {
			return &s.Shares[i]
		}
	}
	return &Share{Rule: rule}
}

// converted returns the rate at which the order's currency is converted, or false if it is not converted.
func (s *OrderState) converted() (exact, bool) {
	if s.Rate == "" {
		return exact{}, false
	}
	return exactFrom(s.Rate), true
}

// Limits on when an order was placed. The clocks of shops run slightly ahead, and orders arrive late. An order outside
// of these limits is rejected, because the present rules and tiers do not apply to it.
const (
	// The age at which a first revision is rejected, as is the attribution of a guest order to a member.
	MaxOrderAge = 90 * 24 * time.Hour
	// How far in the future PlacedAt may be.
	MaxOrderAhead = 5 * time.Minute
	// How long before joining an order may be placed, for members who enroll at checkout.
	JoinGrace = 24 * time.Hour
	MaxLines  = 10_000
	// How many lines, and how many refunded lines, an order's entry stores inline.
	InlineLines = 100
	// How many orders and events of a member may have pending points. It limits the account's size.
	MaxPending = 2_000
)

func (o Order) items() (sum int64) {
	for _, l := range o.Lines {
		sum += l.Amount
	}
	return sum
}

// Supersedes reports whether the order replaces an earlier delivery of it. It does not if the merchant's system changed
// it before the stored one. If it has no time of change, or both times are equal, the later delivery replaces the
// earlier one.
func (o Order) Supersedes(was Order) bool {
	return o.UpdatedAt.IsZero() || !o.UpdatedAt.Before(was.UpdatedAt)
}

// happened returns when an event happened to the order, or zero if it has not.
func (o Order) happened(e OrderEvent) time.Time {
	switch e {
	case WhenShipped:
		return o.Shipped
	case WhenDelivered:
		return o.Delivered
	}
	return time.Time{}
}

// total returns what the customer pays.
func (o Order) total() int64 { return o.items() - o.Discount + o.Shipping + o.Tax }

func (k TenderKind) earns() bool {
	return k != TenderPoints && k != TenderGiftCard && k != TenderStoreCredit
}

// unearning returns how much was paid with tenders that earn nothing. If the merchant and a processor both report
// payments by gift card or store credit, they count once. Money for which no processor has reported yet whether a gift
// card paid it earns nothing either, unless the merchant states the tenders.
func (o Order) unearning() int64 {
	points, cards := int64(0), int64(0)
	for _, t := range o.Tenders {
		switch {
		case t.Kind == TenderPoints:
			points += t.Amount
		case !t.Kind.earns():
			cards += t.Amount
		}
	}
	reported, unknown := o.giftCards()
	return min(o.total(), points+max(cards, reported+unknown))
}

// check rejects an order that is invalid under any program.
func (o Order) check() error {
	if _, ok := o.Currency.Exponent(); !ok {
		return refuse(
			CurrencyUnsupported, "/currency",
			fmt.Sprintf("%q is not an ISO 4217 currency code in capital letters, such as EUR.", o.Currency),
		)
	}
	switch o.Status {
	case OrderPlaced, OrderPaid, OrderCanceled:
	default:
		return refuse(ValidationFailed, "/status", "status must be placed, paid or canceled.")
	}
	if err := o.checkLines(); err != nil {
		return err
	}
	for _, part := range []struct {
		pointer string
		amount  int64
	}{{"/discount", o.Discount}, {"/shipping", o.Shipping}, {"/tax", o.Tax}, {"/tax", o.Included}} {
		if err := checkAmount(part.pointer, part.amount); err != nil {
			return err
		}
	}
	if o.Discount > o.items() {
		return refuse(ValidationFailed, "/discount", "The discount must not exceed the sum of the line items.")
	}
	if o.Included > o.total() {
		return refuse(
			ValidationFailed, "/tax",
			"The included tax must not exceed the sum of the amounts.",
		)
	}
	if err := o.checkTenders(); err != nil {
		return err
	}
	return o.checkRefunds()
}

func (o Order) checkLines() error {
	if len(o.Lines) > MaxLines {
		return refuse(ValidationFailed, "/line_items", fmt.Sprintf("An order has at most %d line items.", MaxLines))
	}
	sum := int64(0)
	for i, l := range o.Lines {
		at := "/line_items/" + strconv.Itoa(i)
		if l.Quantity < 1 || l.Quantity > int64(MaxPoints) {
			return refuse(
				ValidationFailed, at+"/quantity",
				"quantity must be a whole number of at least 1. Send returned items in refunds.",
			)
		}
		if err := checkAmount(at+"/amount", l.Amount); err != nil {
			return err
		}
		if sum += l.Amount; sum > MaxAmount {
			return refuse(AmountOutOfRange, "/line_items", "The sum of the line items exceeds the maximum of an order.")
		}
	}
	if id, ok := repeatedLine(o.Lines); ok {
		return refuse(ValidationFailed, "/line_items", fmt.Sprintf("Two line items have the id %q.", id))
	}
	return nil
}

func repeatedLine(lines []Line) (string, bool) {
	if len(lines) < 32 {
		for i, l := range lines {
			for _, x := range lines[:i] {
				if x.ID == l.ID {
					return l.ID, true
				}
			}
		}
		return "", false
	}
	seen := make(map[string]bool, len(lines))
	for _, l := range lines {
		if seen[l.ID] {
			return l.ID, true
		}
		seen[l.ID] = true
	}
	return "", false
}

func (o Order) checkTenders() error {
	sum := int64(0)
	for i, t := range o.Tenders {
		at := "/tenders/" + strconv.Itoa(i)
		switch t.Kind {
		case TenderCard, TenderCash, TenderOther, TenderPoints, TenderGiftCard, TenderStoreCredit:
		default:
			return refuse(
				ValidationFailed, at+"/kind",
				"type must be card, cash, points, gift_card, store_credit or other.",
			)
		}
		if err := checkAmount(at+"/amount", t.Amount); err != nil {
			return err
		}
		if sum += t.Amount; sum > o.total() {
			return refuse(
				ValidationFailed, "/tenders",
				fmt.Sprintf("The sum of the tenders must not exceed the order's total of %s.", Money{o.total(), o.Currency}),
			)
		}
	}
	return nil
}

func checkAmount(pointer string, n int64) error {
	if n < 0 || n > MaxAmount {
		return refuse(AmountOutOfRange, pointer, fmt.Sprintf("The amount must be between 0 and %d minor units.", MaxAmount))
	}
	return nil
}
