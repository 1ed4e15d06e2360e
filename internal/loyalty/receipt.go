package loyalty

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// A Receipt is what a processor has reported of one payment of an order: facts, by the processor's own ids. What the
// order is worth follows from all of them together, so it does not matter in which order they came, or how often.
type Receipt struct {
	ID    string // "stripe:pi_3N"
	Facts []Fact // by Kind and ID, each once
}

// A Fact is the newest that is known of one object of a processor.
type Fact struct {
	Kind     FactKind
	ID       string // the processor's own, of the object
	State    FactState
	Money    Money
	Clock    int64     // of two reports about one object the one with the larger Clock is the newer: the processor's clock, never ours
	At       time.Time // when the object came to be
	Shipping int64     // what of a capture was for shipping, in minor units
	Tax      int64     // and for tax
}

// FactKind is what a fact is about.
type FactKind string

const (
	FactCapture  FactKind = "capture"  // money that came
	FactRefund   FactKind = "refund"   // money that went back, one refund
	FactRefunded FactKind = "refunded" // all that went back of a payment until Clock, as the processor adds it up
	FactDispute  FactKind = "dispute"
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
	)
}

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

// back is what went back in a currency. A sum that the processor adds up holds every refund that was made until then,
// so that only what was made later changes it, and what failed later, or in the same instant: Stripe's clock has whole
// seconds, and a refund can be made and fail within one. It is never less than the refunds that are known.
func (x Receipt) back(c Currency) int64 {
	sum, until, summed := int64(0), int64(0), false
	for _, f := range x.Facts {
		if f.Kind == FactRefunded && f.Money.Currency == c {
			sum, until, summed = sum+f.Money.Amount, max(until, f.Clock), true
		}
	}
	single := int64(0)
	for _, f := range x.Facts {
		if f.Kind != FactRefund || f.Money.Currency != c {
			continue
		}
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
	if slices.Equal(next.Facts, o.Receipts[i].Facts) {
		return o, false
	}
	o.Receipts = slices.Clone(o.Receipts)
	o.Receipts[i] = next
	return o, true
}

// derived begins the ids of what payments add to an order; no id that a merchant gives has it.
const derived = "/"

// Paid is the order as its payments have it, by what the program says of them: whether it is paid, and what went back.
// It may be applied again after every change, for it starts from what the merchant told.
func (p *Program) Paid(o Order) Order {
	if len(o.Receipts) == 0 && o.Told == "" && !p.Payments.awardsWhenPaid() {
		return o
	}
	told := cmp.Or(o.Told, o.Status)
	o.Refunds = slices.DeleteFunc(slices.Clone(o.Refunds), func(r Refund) bool { return strings.HasPrefix(r.ID, derived) })
	o.Disputes = slices.DeleteFunc(slices.Clone(o.Disputes), func(d Dispute) bool { return strings.HasPrefix(d.ID, derived) })
	if told == Untold {
		o.buy()
	}
	o.Status = p.Payments.status(told, o)
	o.Told = ""
	if told != o.Status {
		o.Told = told
	}
	o.giveBack()
	o.dispute()
	return o
}

// buy makes what was paid the lines of an order that nobody told.
func (o *Order) buy() {
	o.Lines, o.Shipping, o.Tax = nil, 0, 0
	for _, x := range o.Receipts {
		got, shipping, tax := o.capture(x)
		if got > 0 {
			o.Lines = append(o.Lines, Line{ID: derived + x.ID, Quantity: 1, Amount: got - shipping - tax})
			o.Shipping, o.Tax = o.Shipping+shipping, o.Tax+tax
		}
	}
}

// capture is what came in the order's currency, and what of it was for shipping and tax.
func (o *Order) capture(x Receipt) (sum, shipping, tax int64) {
	got, _, ok := x.Captured()
	if !ok || got.Currency != o.Currency {
		return 0, 0, 0
	}
	for _, f := range x.Facts {
		if f.Kind == FactCapture && f.State == FactDone && f.Money.Currency == got.Currency {
			s := min(max(0, f.Shipping), f.Money.Amount)
			shipping += s
			tax += min(max(0, f.Tax), f.Money.Amount-s)
		}
	}
	return got.Amount, shipping, tax
}

// giveBack makes refunds of what went back by the payments, as far as the merchant did not tell of as much: money that
// both tell of went back once. No more goes back than came.
func (o *Order) giveBack() {
	told := int64(0)
	for _, r := range o.Refunds {
		if r.Status == RefundSucceeded {
			told += r.Amount
		}
	}
	room := max(0, o.total()-told)
	for _, x := range o.Receipts {
		n := max(0, x.back(o.Currency))
		if got, _, ok := x.Captured(); ok {
			n = min(n, got.Amount)
			if got.Currency != o.Currency {
				n = 0
			}
		}
		both := min(n, told)
		n, told = n-both, told-both
		if n = min(n, room); n > 0 {
			o.Refunds = append(o.Refunds, Refund{ID: derived + x.ID, At: x.lastRefund(), Status: RefundSucceeded, Amount: n})
			room -= n
		}
	}
}

func (x Receipt) lastRefund() (at time.Time) {
	for _, f := range x.Facts {
		if (f.Kind == FactRefund || f.Kind == FactRefunded) && f.At.After(at) {
			at = f.At
		}
	}
	return at
}

func (o *Order) dispute() {
	as := map[FactState]DisputeStatus{FactOpen: DisputeOpen, FactWon: DisputeWon, FactLost: DisputeLost}
	for _, x := range o.Receipts {
		for _, f := range x.Facts {
			if f.Kind == FactDispute && as[f.State] != "" && f.Money.Currency == o.Currency {
				o.Disputes = append(o.Disputes, Dispute{
					ID: derived + x.ID + derived + f.ID, At: f.At, Status: as[f.State], Amount: min(f.Money.Amount, o.total()),
				})
			}
		}
	}
}

// Award is what an order must be to be worth something.
type Award string

const (
	AwardOrders         Award = "orders"           // what the merchant tells; payments only take back. The zero value too
	AwardOrdersWhenPaid Award = "orders_when_paid" // what the merchant tells, once a processor has reported the money
	AwardPayments       Award = "payments"         // the same, and what a processor reports of orders that nobody told
)

// MemberBy is by what a payment finds its member.
type MemberBy string

const (
	ByMetadata MemberBy = "metadata" // loyalty_member, which the merchant's own system attached to the payment
	ByCustomer MemberBy = "customer" // the processor's id of the customer, or the merchant's own under which the member enrolled
	ByEmail    MemberBy = "email"
)

// PaymentTerms is what processors' reports do. The zero value: orders award, and refunds and disputes take back.
type PaymentTerms struct {
	Award       Award
	FindBy      []MemberBy // one after the other; nil: metadata, customer, email
	ClaimWithin Period     // so long after it a payment of somebody unknown becomes a new member's; zero: 30 days
}

func (t PaymentTerms) awardsWhenPaid() bool {
	return t.Award == AwardOrdersWhenPaid || t.Award == AwardPayments
}

// Finds is by what a payment finds its member, one after the other.
func (t PaymentTerms) Finds() []MemberBy {
	if t.FindBy == nil {
		return []MemberBy{ByMetadata, ByCustomer, ByEmail}
	}
	return t.FindBy
}

// Claims is so long after it a payment of somebody unknown can become a new member's.
func (t PaymentTerms) Claims() Period { return cmp.Or(t.ClaimWithin, Period{Days: 30}) }

// Claimable reports whether a payment of somebody unknown can still become a new member's.
func (p *Program) Claimable(placed, now time.Time) bool {
	return !now.After(p.Payments.Claims().After(placed, p.Zone)) && !placed.Before(now.Add(-MaxOrderAge))
}

// status is how far an order is, by what the merchant told and what came.
func (t PaymentTerms) status(told OrderStatus, o Order) OrderStatus {
	got := int64(0)
	for _, x := range o.Receipts {
		sum, _, _ := o.capture(x)
		got += sum
	}
	switch {
	case told == Untold && t.Award == AwardPayments && got > 0:
		return OrderPaid
	case told == Untold:
		return OrderPlaced
	case told == OrderCancelled || !t.awardsWhenPaid():
		return told
	}
	due := o.total()
	for _, x := range o.Tenders {
		if x.Kind != TenderCard && x.Kind != TenderOther {
			due -= x.Amount // no processor reports it
		}
	}
	switch {
	case due <= 0:
		return told
	case got >= due:
		return OrderPaid
	}
	return OrderPlaced
}
