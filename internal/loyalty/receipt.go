package loyalty

import (
	"cmp"
	"slices"
	"time"
)

// A Receipt is what a processor has reported of one payment of an order: facts, by the processor's own ids. What the
// order is worth follows from all of them together, so it does not matter in which order they came, or how often.
type Receipt struct {
	ID    string // "stripe:pi_3N"
	Facts []Fact // by Kind and ID, each once
}

// A Fact is the newest that is known of one object of a processor. Amounts are minor units of Money's currency.
type Fact struct {
	Kind  FactKind
	ID    string // the processor's own, of the object
	State FactState
	Money Money
	Clock int64     // of two reports about one object the one with the larger Clock is the newer: the processor's clock, never ours
	At    time.Time // when the object came to be

	// What of the money was for what, as far as the processor says. The rest was for goods, without their tax.
	Shipping    int64 // without its tax
	Tax         int64 // all of it, without a tip
	ShippingTax int64 // what of Tax was for shipping
	Tip         int64
	Lines       []FactLine // captures: gift cards that were sold; refunds: what was returned

	GiftCard int64 // captures: how much was paid with gift cards and store credit; refunds: how much was returned to them
	Mixed    bool  // captures: gift cards paid some of it; how much, only facts of the kinds gift_card and tender state
	Tendered bool  // refunds: GiftCard is stated, also where it is 0
	Released int64 // sums of refunds: how much was authorized and never captured
}

// A FactLine is money for one line of an order.
type FactLine struct {
	ID       string
	Quantity int64
	Amount   int64 // without tax
	Tax      int64
}

// FactKind is what a fact is about.
type FactKind string

const (
	FactCapture  FactKind = "capture"  // money that came
	FactRefund   FactKind = "refund"   // money that went back, one refund
	FactRefunded FactKind = "refunded" // all that went back of a payment until Clock, as the processor adds it up
	FactDispute  FactKind = "dispute"
	FactGiftCard FactKind = "gift_card" // money of the captures that one gift card or store credit paid
	FactTender   FactKind = "tender"    // money of the captures that another means of payment paid
	FactParts    FactKind = "parts"     // the shipping and tax of the captures, as another object of the processor states them
)

// FactState is how far the object is.
type FactState string

const (
	FactPending FactState = "pending" // moves no money yet; a dispute that is an inquiry
	FactDone    FactState = "done"
	FactOpen    FactState = "open" // of disputes, which are then won or lost
	FactWon     FactState = "won"
	FactFailed  FactState = "failed"
	FactLost    FactState = "lost"
)

// Bounds on what one order and one payment keep.
const (
	MaxReceipts = 20
	MaxFacts    = 100
)

// states is the order in which reports of one instant go: what one knows less of comes first.
var states = []FactState{FactPending, FactDone, FactOpen, FactWon, FactFailed, FactLost}

func (l FactLine) compare(m FactLine) int {
	return cmp.Or(
		cmp.Compare(l.ID, m.ID), cmp.Compare(l.Quantity, m.Quantity), cmp.Compare(l.Amount, m.Amount), cmp.Compare(l.Tax, m.Tax),
	)
}

// after orders reports about one object: by the processor's clock, and in one instant such that every order of arrival
// ends at the same.
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

// equal reports whether two facts say the same.
func (f Fact) equal(g Fact) bool { return f.place(g) == 0 && f.after(g) == 0 }

func (f Fact) place(g Fact) int {
	return cmp.Or(cmp.Compare(f.Kind, g.Kind), cmp.Compare(f.ID, g.ID))
}

// With is the payment with what a report adds: of each object the newest. It is commutative, associative and
// idempotent, which is why deliveries may be late, repeated and in any order.
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

// Unclear is what is known of objects of which a report says something else, though it is of the same instant or, of
// what changes, of an earlier one.
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

// Captured is the money that came, and since when; false if none did.
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

// cardsSold are the lines of what was paid, in a currency, that are gift cards.
func (x Receipt) cardsSold(c Currency) (lines []FactLine) {
	for _, f := range x.Facts {
		if f.Kind == FactCapture && f.State == FactDone && f.Money.Currency == c {
			lines = append(lines, f.Lines...)
		}
	}
	return lines
}

// giftCards is how much of the money that was captured, in a currency, was paid with gift cards and store credit. What a
// capture states and what facts of their own report is the same money. Where gift cards paid an amount that is not known
// yet, everything that is not reported of other tenders may have been paid with them: unknown is that amount.
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

// ForOrder returns the facts that the payment's order needs. Tenders matter only to an order that gift cards paid in part.
func (x Receipt) ForOrder() Receipt {
	if !slices.ContainsFunc(x.Facts, func(f Fact) bool { return f.Mixed }) {
		x.Facts = slices.DeleteFunc(slices.Clone(x.Facts), func(f Fact) bool { return f.Kind == FactTender })
	}
	return x
}

// back is what went back in a currency. A sum that the processor adds up includes every refund that was made until then,
// so that only refunds made later change it, and those that failed later or at the same instant: Stripe's clock has whole
// seconds, and a refund can be made and fail within one. It is never less than the refunds that are known.
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

// refunds returns the refunds of a payment in a currency, without releases: Stripe used to report money that was
// authorized and never captured as a refund, with an object of its own. For each released amount, that is the oldest
// refund of it.
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

// Excess is by how much more went back than came, as far as it is known what came.
func (x Receipt) Excess() int64 {
	got, _, ok := x.Captured()
	if !ok {
		return 0
	}
	return max(0, x.back(got.Currency)-got.Amount)
}

// Foreign is how many reports are in another currency than that of the money that came, as far as that is known: they
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

// WithReceipt is the order with what is known of one of its payments; false if that is nothing new.
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
