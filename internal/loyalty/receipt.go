package loyalty

import (
	"cmp"
	"slices"
	"time"
)

// A Receipt contains what a processor has reported of one payment of an order: facts, by the processor's IDs. The
// order's worth follows from all facts together, so the order and the number of their deliveries do not matter.
type Receipt struct {
	ID    string // "stripe:pi_3N"
	Facts []Fact // sorted by Kind and ID, each once
}

// A Fact is the newest known state of one object of a processor. Amounts are in minor units of Money's currency.
type Fact struct {
	Kind  FactKind
	ID    string // the processor's ID of the object
	State FactState
	Money Money
	// Clock is the processor's time of the report, never ours. Of two reports about one object, the one with the larger
	// Clock is the newer.
	Clock int64
	At    time.Time // when the object was created

	// These fields state what the money was for, as far as the processor reports it. The rest was for goods, without
	// their tax.
	Shipping    int64 // without tax
	Tax         int64 // all tax; without a tip
	ShippingTax int64 // the part of Tax that was for shipping
	Tip         int64
	Lines       []FactLine // captures: gift cards that were sold; refunds: line items that were returned

	// GiftCard is how much of a capture was paid with gift cards and store credit, and how much of a refund was
	// returned to them.
	GiftCard int64
	// Mixed is set if gift cards paid some of a capture. Only facts of the kinds gift_card and tender state how much.
	Mixed    bool
	Tendered bool  // refunds: GiftCard is stated, even if it is 0
	Released int64 // sums of refunds: the amount that was authorized and never captured
}

// A FactLine is the money for one line item of an order.
type FactLine struct {
	ID       string
	Quantity int64
	Amount   int64 // without tax
	Tax      int64
}

// FactKind is the kind of a processor's object that a fact describes.
type FactKind string

const (
	FactCapture FactKind = "capture" // money received
	FactRefund  FactKind = "refund"  // money returned by one refund
	// FactRefunded is all money that was returned of a payment until Clock, as the processor adds it up.
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
	FactPending FactState = "pending" // has moved no money yet; also a dispute that is only an inquiry
	FactDone    FactState = "done"
	FactOpen    FactState = "open" // a dispute that will be won or lost
	FactWon     FactState = "won"
	FactFailed  FactState = "failed"
	FactLost    FactState = "lost"
)

// These are the limits on the payments of one order, and on the facts of one payment.
const (
	MaxReceipts = 20
	MaxFacts    = 100
)

// states is the order in which reports with the same clock apply. The less final state comes first.
var states = []FactState{FactPending, FactDone, FactOpen, FactWon, FactFailed, FactLost}

func (l FactLine) compare(m FactLine) int {
	return cmp.Or(
		cmp.Compare(l.ID, m.ID), cmp.Compare(l.Quantity, m.Quantity),
		cmp.Compare(l.Amount, m.Amount), cmp.Compare(l.Tax, m.Tax),
	)
}

// after compares two reports about one object, by the processor's clock. Reports with the same clock have a fixed
// order, so that every order of arrival has the same result.
func (f Fact) after(g Fact) int {
	return cmp.Or(
		cmp.Compare(f.Clock, g.Clock),
		cmp.Compare(slices.Index(states, f.State), slices.Index(states, g.State)),
		cmp.Compare(f.Money.Amount, g.Money.Amount),
		cmp.Compare(f.Money.Currency, g.Money.Currency),
		g.At.Compare(f.At),
		cmp.Compare(f.Shipping, g.Shipping),
		cmp.Compare(f.Tax, g.Tax),
		cmp.Compare(f.ShippingTax, g.ShippingTax),
		cmp.Compare(f.Tip, g.Tip),
		cmp.Compare(f.GiftCard, g.GiftCard),
		compareBool(f.Mixed, g.Mixed),
		compareBool(f.Tendered, g.Tendered),
		cmp.Compare(f.Released, g.Released),
		slices.CompareFunc(f.Lines, g.Lines, FactLine.compare),
	)
}

func compareBool(x, y bool) int {
	switch {
	case x == y:
		return 0
	case x:
		return 1
	}
	return -1
}

// equal reports whether two facts are the same.
func (f Fact) equal(g Fact) bool { return f.place(g) == 0 && f.after(g) == 0 }

func (f Fact) place(g Fact) int {
	return cmp.Or(cmp.Compare(f.Kind, g.Kind), cmp.Compare(f.ID, g.ID))
}

// With returns the payment with the facts of a report added. Of each object it contains the newest fact. The operation
// is commutative, associative and idempotent, so deliveries may be late, repeated and in any order.
func (x Receipt) With(facts []Fact) Receipt {
	x.Facts = slices.Clone(x.Facts)
	for _, f := range facts {
		i, known := slices.BinarySearchFunc(x.Facts, f, Fact.place)
		switch {
		case !known:
			x.Facts = slices.Insert(x.Facts, i, f)
		case f.after(x.Facts[i]) > 0:
			x.Facts[i] = f
		}
	}
	return x
}

// Unclear returns the known facts that a report contradicts, if the report has the same clock. It also returns those
// that the report contradicts with an earlier clock, except captures.
func (x Receipt) Unclear(facts []Fact) (known []Fact) {
	for _, f := range facts {
		i, ok := slices.BinarySearchFunc(x.Facts, f, Fact.place)
		if !ok {
			continue
		}
		was := x.Facts[i]
		same := was.State == f.State && was.Money == f.Money
		if !same && (f.Clock == was.Clock || f.Clock < was.Clock && f.Kind != FactCapture) {
			known = append(known, was)
		}
	}
	return known
}

// Captured returns the money received and the time of the first capture. It returns false if no money was captured.
func (x Receipt) Captured() (sum Money, at time.Time, ok bool) {
	for _, f := range x.Facts {
		if f.Kind != FactCapture || f.State != FactDone || ok && f.Money.Currency != sum.Currency {
			continue
		}
		sum = Money{sum.Amount + f.Money.Amount, f.Money.Currency}
		if !ok || f.At.Before(at) {
			at = f.At
		}
		ok = true
	}
	return sum, at, ok
}

// cardsSold returns the paid line items in a currency that are gift cards.
func (x Receipt) cardsSold(c Currency) (lines []FactLine) {
	for _, f := range x.Facts {
		if f.Kind == FactCapture && f.State == FactDone && f.Money.Currency == c {
			lines = append(lines, f.Lines...)
		}
	}
	return lines
}

// giftCards returns how much of the captured money in a currency was paid with gift cards and store credit. Captures
// and separate facts of the kind gift_card report the same money. If gift cards paid an amount that is not known yet,
// unknown is the largest possible amount: everything that is not reported for other tenders.
func (x Receipt) giftCards(c Currency) (sum, unknown int64) {
	captured, stated, single, others, mixed := int64(0), int64(0), int64(0), int64(0), false
	for _, f := range x.Facts {
		switch {
		case f.State != FactDone || f.Money.Currency != c:
		case f.Kind == FactCapture:
			captured, stated = captured+f.Money.Amount, stated+min(f.GiftCard, f.Money.Amount)
			mixed = mixed || f.Mixed
		case f.Kind == FactGiftCard:
			single += f.Money.Amount
		case f.Kind == FactTender:
			others += f.Money.Amount
		}
	}
	sum = min(captured, max(stated, single))
	if mixed {
		unknown = max(0, captured-sum-others)
	}
	return sum, unknown
}

// ForOrder returns the facts that the payment's order needs. It removes tender facts unless gift cards paid the order
// in part.
func (x Receipt) ForOrder() Receipt {
	if !slices.ContainsFunc(x.Facts, func(f Fact) bool { return f.Mixed }) {
		x.Facts = slices.DeleteFunc(slices.Clone(x.Facts), func(f Fact) bool { return f.Kind == FactTender })
	}
	return x
}

// back returns the money that was returned in a currency. A sum that the processor adds up includes every refund made
// until then. Only later refunds change it, and refunds that failed later or at the same instant: Stripe's clock has
// whole seconds, and a refund can be created and fail within one second. The result is never less than the sum of the
// known refunds.
func (x Receipt) back(c Currency) int64 {
	sum, until, summed := int64(0), int64(0), false
	for _, f := range x.Facts {
		if f.Kind == FactRefunded && f.Money.Currency == c {
			sum, until, summed = sum+f.Money.Amount, max(until, f.Clock), true
		}
	}
	single := int64(0)
	for _, f := range x.refunds(c) {
		later := f.At.UnixMilli() > until
		switch {
		case f.State == FactDone:
			single += f.Money.Amount
			if later {
				sum += f.Money.Amount
			}
		case f.State == FactFailed && !later && f.Clock >= until:
			sum -= f.Money.Amount
		}
	}
	if !summed {
		return single
	}
	return max(sum, single)
}

// refunds returns the refunds of a payment in a currency, without releases. Stripe used to report money that was
// authorized and never captured as a refund, with a separate object. For each released amount, refunds removes the
// oldest refund of that amount.
func (x Receipt) refunds(c Currency) (refunds []Fact) {
	for _, f := range x.Facts {
		if f.Kind == FactRefund && f.Money.Currency == c {
			refunds = append(refunds, f)
		}
	}
	for _, sum := range x.Facts {
		if sum.Kind != FactRefunded || sum.Released == 0 {
			continue
		}
		release := -1
		for i, f := range refunds {
			if f.Money.Amount == sum.Released && (release < 0 || f.At.Before(refunds[release].At)) {
				release = i
			}
		}
		if release >= 0 {
			refunds = slices.Delete(refunds, release, release+1)
		}
	}
	return refunds
}

// Excess returns by how much the returned money exceeds the received money; zero if it is not known how much was
// received.
func (x Receipt) Excess() int64 {
	got, _, ok := x.Captured()
	if !ok {
		return 0
	}
	return max(0, x.back(got.Currency)-got.Amount)
}

// Foreign returns how many facts are in another currency than the received money, as far as that is known. Such facts
// count for nothing.
func (x Receipt) Foreign() (n int) {
	got, _, ok := x.Captured()
	for _, f := range x.Facts {
		if ok && f.Money.Currency != got.Currency {
			n++
		}
	}
	return n
}

// WithReceipt returns the order with the facts of one of its payments added. It returns false if they contain nothing
// new.
func (o Order) WithReceipt(x Receipt) (Order, bool) {
	i, known := slices.BinarySearchFunc(o.Receipts, x, func(a, b Receipt) int { return cmp.Compare(a.ID, b.ID) })
	if !known {
		o.Receipts = slices.Insert(slices.Clone(o.Receipts), i, Receipt{ID: x.ID}.With(x.Facts))
		return o, true
	}
	next := o.Receipts[i].With(x.Facts)
	if slices.EqualFunc(next.Facts, o.Receipts[i].Facts, Fact.equal) {
		return o, false
	}
	o.Receipts = slices.Clone(o.Receipts)
	o.Receipts[i] = next
	return o, true
}
