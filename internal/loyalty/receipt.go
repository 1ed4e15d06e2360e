package loyalty

import "time"

// A Receipt contains the facts that a processor has reported about one payment of an order. The points of an order are
// computed from all facts together, so they do not depend on when, in which sequence or how often the facts are
// delivered.
type Receipt struct {
	ID    string // the processor and its ID of the payment, such as "stripe:pi_3N"
	Facts []Fact // the facts, sorted by Kind and ID, without duplicates
}

// A Fact is the newest known state of one object of a processor. Amounts are in minor units of Money's currency.
type Fact struct {
	Kind  FactKind
	ID    string // the processor's ID of the object
	State FactState
	Money Money
	// Clock is the time of the report by the processor's clock, never by the local one. Of two reports about one
	// object, the one with the larger Clock is the newer.
	Clock int64
	At    time.Time // when the object was created

	// These fields state what the money was for, if the processor reports it. The rest was for goods, without their
	// tax.
	Shipping    int64 // the money for shipping, without tax
	Tax         int64 // all tax, without a tip
	ShippingTax int64 // the part of Tax that was for shipping
	Tip         int64
	Lines       []FactLine // for captures: gift cards that were sold; for refunds: line items that were returned

	// GiftCard is how much of a capture was paid with gift cards and store credit, and how much of a refund was
	// returned to them.
	GiftCard int64
	// Mixed is set if gift cards paid some of a capture. Only facts of the kinds gift_card and tender state how much.
	Mixed    bool
	Tendered bool  // for refunds: GiftCard is stated, even if it is 0
	Released int64 // for FactRefunded: the amount that was authorized and never captured
}

// A FactLine is the money for one line item of an order.
type FactLine struct {
	ID       string
	Quantity int64
	Amount   int64 // the money for the line item, without tax
	Tax      int64
}

// FactKind is the kind of a processor's object that a fact describes.
type FactKind string

const (
	FactCapture FactKind = "capture" // a capture: money that was received
	FactRefund  FactKind = "refund"  // one refund: money that was returned
	// FactRefunded is the sum of all money of a payment that was returned until Clock, as the processor reports it.
	FactRefunded FactKind = "refunded"
	FactDispute  FactKind = "dispute"
	FactGiftCard FactKind = "gift_card" // the part of the captures that one gift card or store credit paid
	FactTender   FactKind = "tender"    // the part of the captures that another tender paid
	// FactParts is the shipping and tax of the captures, as another object of the processor states them.
	FactParts FactKind = "parts"
)

// FactState is the state of the object.
type FactState string

const (
	FactPending FactState = "pending" // the object has moved no money yet, or is a dispute that is only an inquiry
	FactDone    FactState = "done"
	FactOpen    FactState = "open" // a dispute that will be won or lost
	FactWon     FactState = "won"
	FactFailed  FactState = "failed"
	FactLost    FactState = "lost"
)

// States is the sequence in which reports with the same Clock apply. The less final state comes first.
var States = []FactState{FactPending, FactDone, FactOpen, FactWon, FactFailed, FactLost}
