package loyalty

import "time"

// OrderStatus is how far an order is.
type OrderStatus string

const (
	OrderPlaced    OrderStatus = "placed" // not paid: worth nothing yet
	OrderPaid      OrderStatus = "paid"
	OrderCancelled OrderStatus = "cancelled" // worth nothing any more
)

// An Order is what a member bought, in full, as the merchant last told us. Amounts are minor units of
// Currency.
type Order struct {
	ID       string
	Member   MemberID
	PlacedAt time.Time
	Currency Currency
	Channel  string
	Status   OrderStatus
	Lines    []Line
	Discount int64 // on the whole order, spread over its lines
	Shipping int64
	Tax      int64
	Tenders  []Tender
}

// A Line is one position; Amount is what is paid for all of its pieces, after its own discounts.
type Line struct {
	ID       string
	SKU      string
	Category string
	Quantity int64
	Amount   int64
}

// A Tender is a means of payment and how much of the order it paid.
type Tender struct {
	Kind   TenderKind
	Amount int64
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

// OrderState is all that is known of an order and what it is worth: the facts that its next revision starts
// from.
type OrderState struct {
	Order    Order
	Program  int       // the version whose rules it keeps for ever
	Level    string    // the member's level when it was placed, which it keeps too
	Worth    Points    // what all its revisions together have given
	ActiveAt time.Time // when its points become active
	Expires  Date      // the lot that they join
}
