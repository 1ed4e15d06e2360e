package loyalty

import (
	"fmt"
	"strconv"
	"time"
)

// OrderStatus is how far an order is.
type OrderStatus string

const (
	OrderPlaced   OrderStatus = "placed" // not paid: worth nothing yet
	OrderPaid     OrderStatus = "paid"
	OrderCanceled OrderStatus = "canceled" // worth nothing any more

	// Untold is what was Told of an order that is known from its payments alone.
	Unreported OrderStatus = "unreported"
)

// An Order is what a member bought, in full, as the merchant last told us. Amounts are minor units of
// Currency.
type Order struct {
	ID       string
	Member   MemberID
	PlacedAt time.Time
	Currency Currency
	Channel  string
	Store    string         // where it was placed; may be empty
	Clock    *time.Location // that of the store; nil if unknown
	Status   OrderStatus
	Lines    []Line
	Discount int64 // on the whole order, spread over its lines
	Shipping int64
	Tax      int64 // beside the lines and shipping
	Included int64 // the tax that the lines, the discount and shipping include; it is part of no sum
	Tenders  []Tender
	Refunds  []Refund  // all that there ever were, by the ids that they were given; in any order
	Disputes []Dispute // likewise

	UpdatedAt time.Time // when the merchant's system last changed it; zero if it does not say
	Shipped   time.Time // zero if it was not, or nobody said so
	Delivered time.Time

	Receipts       []Receipt   // what processors reported, by id
	ReportedStatus OrderStatus // what the merchant said, where payments make it another Status; see Program.Paid
}

// A Line is one position; Amount is what is paid for all of its pieces, after its own discounts.
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
	Name   string // which card or wallet, as the shop calls it; may be empty
	Amount int64

	Reported bool // payments report it; the merchant sent no tenders
}

// TenderKind is a means of payment. What was paid by points, gift card or store credit earned already, or
// never did, so it earns nothing.
type TenderKind string

const (
	TenderCard        TenderKind = "card"
	TenderCash        TenderKind = "cash"
	TenderOther       TenderKind = "other"
	TenderPoints      TenderKind = "points"
	TenderGiftCard    TenderKind = "gift_card"
	TenderStoreCredit TenderKind = "store_credit"
)

// An OrderState is all that is known of an order and what it is worth: the facts that its next revision starts
// from.
type OrderState struct {
	Order           Order
	Revision        int
	Program         int     // the version whose rules it keeps for ever
	Buyer           Buyer   // what its rules know of the member, as of its placing
	Rate            string  // what its currency was in that of the program, if it has no rate of its own; exact
	Worth           Points  // what all its revisions together have given
	Grants          []Grant // where: the base first, then rules whose points have a life of their own
	Shares          []Share // what it uses of caps, limits and budgets
	Cut             []Usage // the caps and limits of periods that leave it less than it asks for; N is hasRoom or isFull
	Carried         string  // the fraction of a point that it started with; exact, empty for none
	Rest            string  // what its rounding left, or took, of fractions; exact, empty for none
	Counted         bool    // it is one of the member's orders, for milestones, levels and first-order rules
	Spend           int64   // what it counts towards a level by spend, in minor units
	QualifyingItems int64   // and by elements
	Brands          []string
	Bucket          int       // where the account counts it, if not under the month of its placing
	TierGroups      []Counted // what it counts on other ladders
	Converts        []string  // the referral actions whose conditions it meets; empty if it cannot convert a referral
	Missing         []string  // wallets and the member's level that the program had no more when it was first accepted, by their keys

	ActiveBefore time.Time // the member's last activity before it, where it is one for reminders alone
	SlidTo       Date      // the day to which it moved points as an activity; zero if it is none

	// The revisions that last changed the lines and the refunds of a large order, which are stored apart from its entries;
	// zero for an order with at most InlineLines of them.
	LinesSince   int
	RefundsSince int
}

// share is what the state has of one rule's bounds; the state must own its Shares.
func (s *OrderState) share(rule string) *Share { return shareIn(&s.Shares, rule) }

// shareOf is the same to look at only.
func (s *OrderState) shareOf(rule string) *Share {
	for i := range s.Shares {
		if s.Shares[i].Rule == rule {
			return &s.Shares[i]
		}
	}
	return &Share{Rule: rule}
}

// converted is the rate at which the order's currency is converted; false if it is not.
func (s *OrderState) converted() (exact, bool) {
	if s.Rate == "" {
		return exact{}, false
	}
	return exactFrom(s.Rate), true
}

// Windows for when an order was placed. Clocks of shops run ahead a little, and orders arrive late; what is
// outside is refused, for its rules and tiers are no longer, or not yet, those of today.
const (
	MaxOrderAge   = 90 * 24 * time.Hour // a first revision, or a guest's becoming a member's, at the latest so long after
	MaxOrderAhead = 5 * time.Minute     // and not from further in the future
	JoinGrace     = 24 * time.Hour      // enrolled at the till: the order may be so much older than the member
	MaxLines      = 10_000
	InlineLines   = 100   // how many lines, and how many refunded lines, an entry of an order holds itself
	MaxPending    = 2_000 // orders and events of one member whose points are pending: a bound on the account's size
)

func (o Order) items() (sum int64) {
	for _, l := range o.Lines {
		sum += l.Amount
	}
	return sum
}

// Supersedes reports whether the order replaces an earlier delivery of it. A state that the merchant's system changed
// before the stored one does not; without a time of change, and of two equal ones, the later delivery does.
func (o Order) Supersedes(was Order) bool {
	return o.UpdatedAt.IsZero() || !o.UpdatedAt.Before(was.UpdatedAt)
}

// happened is when something happened to the order; zero if it has not.
func (o Order) happened(e OrderEvent) time.Time {
	switch e {
	case WhenShipped:
		return o.Shipped
	case WhenDelivered:
		return o.Delivered
	}
	return time.Time{}
}

// total is what the customer pays.
func (o Order) total() int64 { return o.items() - o.Discount + o.Shipping + o.Tax }

func (k TenderKind) earns() bool {
	return k != TenderPoints && k != TenderGiftCard && k != TenderStoreCredit
}

// unearning is how much was paid by means that earn nothing. What the merchant and a processor both report of gift cards
// and store credit was paid once. Money of which no processor reports yet whether a gift card paid it earns nothing
// either, unless the merchant states the tenders.
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

// check refuses an order that no program could read.
func (o Order) check() error {
	if _, ok := o.Currency.Exponent(); !ok {
		return refuse(CurrencyUnsupported, "/currency", fmt.Sprintf("%q is not a currency of ISO 4217, in capitals, like EUR.", o.Currency))
	}
	switch o.Status {
	case OrderPlaced, OrderPaid, OrderCanceled:
	default:
		return refuse(ValidationFailed, "/status", "An order is placed, paid or canceled.")
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
		return refuse(ValidationFailed, "/discount", "The discount is larger than all lines together.")
	}
	if o.Included > o.total() {
		return refuse(ValidationFailed, "/tax", "The tax is included in the amounts, and is more than all of them together.")
	}
	if err := o.checkTenders(); err != nil {
		return err
	}
	return o.checkRefunds()
}

func (o Order) checkLines() error {
	if len(o.Lines) > MaxLines {
		return refuse(ValidationFailed, "/lines", fmt.Sprintf("An order has at most %d lines.", MaxLines))
	}
	sum := int64(0)
	for i, l := range o.Lines {
		at := "/lines/" + strconv.Itoa(i)
		if l.Quantity < 1 || l.Quantity > int64(MaxPoints) {
			return refuse(ValidationFailed, at+"/quantity", "The quantity is a whole number of at least 1. What came back is not a line of its own.")
		}
		if err := checkAmount(at+"/amount", l.Amount); err != nil {
			return err
		}
		if sum += l.Amount; sum > MaxAmount {
			return refuse(AmountOutOfRange, "/lines", "The lines add up to more than one order may have.")
		}
	}
	if id, ok := repeatedLine(o.Lines); ok {
		return refuse(ValidationFailed, "/lines", fmt.Sprintf("Two lines have the id %q.", id))
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
			return refuse(ValidationFailed, at+"/kind", "A tender is card, cash, points, gift_card, store_credit or other.")
		}
		if err := checkAmount(at+"/amount", t.Amount); err != nil {
			return err
		}
		if sum += t.Amount; sum > o.total() {
			return refuse(ValidationFailed, "/tenders", fmt.Sprintf("The tenders add up to more than the order's total of %s.", Money{o.total(), o.Currency}))
		}
	}
	return nil
}

func checkAmount(pointer string, n int64) error {
	if n < 0 || n > MaxAmount {
		return refuse(AmountOutOfRange, pointer, fmt.Sprintf("An amount is between 0 and %d minor units.", MaxAmount))
	}
	return nil
}
