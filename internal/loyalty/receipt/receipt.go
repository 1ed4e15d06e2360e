package receipt

import (
	"cmp"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// These are the limits on the payments of one order, and on the facts of one payment.
const (
	MaxReceipts = 20
	MaxFacts    = 100
)

func compareFactLines(l loyalty.FactLine, m loyalty.FactLine) int {
	return cmp.Or(
		cmp.Compare(l.ID, m.ID), cmp.Compare(l.Quantity, m.Quantity),
		cmp.Compare(l.Amount, m.Amount), cmp.Compare(l.Tax, m.Tax),
	)
}

// compareAge compares two reports about one object, by the processor's clock. Reports with the same clock have a fixed
// order, so that every order of arrival has the same result.
func compareAge(f loyalty.Fact, g loyalty.Fact) int {
	return cmp.Or(
		cmp.Compare(f.Clock, g.Clock),
		cmp.Compare(slices.Index(loyalty.States, f.State), slices.Index(loyalty.States, g.State)),
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
		slices.CompareFunc(f.Lines, g.Lines, compareFactLines),
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

// equalFacts reports whether two facts are the same.
func equalFacts(f loyalty.Fact, g loyalty.Fact) bool {
	return place(f, g) == 0 && compareAge(f, g) == 0
}

func place(f loyalty.Fact, g loyalty.Fact) int {
	return cmp.Or(cmp.Compare(f.Kind, g.Kind), cmp.Compare(f.ID, g.ID))
}

// WithFacts returns the payment with the facts of a report added. The result contains the newest fact about each
// object. The operation is commutative, associative and idempotent, so reports may arrive late, repeatedly and in any
// order.
func WithFacts(x loyalty.Receipt, facts []loyalty.Fact) loyalty.Receipt {
	x.Facts = slices.Clone(x.Facts)
	for _, f := range facts {
		i, known := slices.BinarySearchFunc(x.Facts, f, place)
		switch {
		case !known:
			x.Facts = slices.Insert(x.Facts, i, f)
		case compareAge(f, x.Facts[i]) > 0:
			x.Facts[i] = f
		}
	}
	return x
}

// Unclear returns the known facts that a report contradicts without being newer. It returns each contradicted fact with
// the same Clock as the report, and each contradicted fact with a later Clock unless that fact is a capture.
func Unclear(x loyalty.Receipt, facts []loyalty.Fact) (known []loyalty.Fact) {
	for _, f := range facts {
		i, ok := slices.BinarySearchFunc(x.Facts, f, place)
		if !ok {
			continue
		}
		was := x.Facts[i]
		same := was.State == f.State && was.Money == f.Money
		if !same && (f.Clock == was.Clock || f.Clock < was.Clock && f.Kind != loyalty.FactCapture) {
			known = append(known, was)
		}
	}
	return known
}

// Captured returns the money received and the time of the first capture. It returns false if no money was captured.
func Captured(x loyalty.Receipt) (sum loyalty.Money, at time.Time, ok bool) {
	for _, f := range x.Facts {
		if f.Kind != loyalty.FactCapture || f.State != loyalty.FactDone || ok && f.Money.Currency != sum.Currency {
			continue
		}
		sum = loyalty.Money{Amount: sum.Amount + f.Money.Amount, Currency: f.Money.Currency}
		if !ok || f.At.Before(at) {
			at = f.At
		}
		ok = true
	}
	return sum, at, ok
}

// cardsSold returns the paid line items in a currency that are gift cards.
func cardsSold(x loyalty.Receipt, c loyalty.Currency) (lines []loyalty.FactLine) {
	for _, f := range x.Facts {
		if f.Kind == loyalty.FactCapture && f.State == loyalty.FactDone && f.Money.Currency == c {
			lines = append(lines, f.Lines...)
		}
	}
	return lines
}

// giftCards returns how much of the captured money in a currency was paid with gift cards and store credit. Captures
// and separate facts of the kind gift_card report the same money. If gift cards paid an amount that is not known yet,
// the result unknown is the largest possible amount, which is all money that no other tender is known to have paid.
func giftCards(x loyalty.Receipt, c loyalty.Currency) (sum, unknown int64) {
	captured, stated, single, others, mixed := int64(0), int64(0), int64(0), int64(0), false
	for _, f := range x.Facts {
		switch {
		case f.State != loyalty.FactDone || f.Money.Currency != c:
		case f.Kind == loyalty.FactCapture:
			captured, stated = captured+f.Money.Amount, stated+min(f.GiftCard, f.Money.Amount)
			mixed = mixed || f.Mixed
		case f.Kind == loyalty.FactGiftCard:
			single += f.Money.Amount
		case f.Kind == loyalty.FactTender:
			others += f.Money.Amount
		}
	}
	sum = min(captured, max(stated, single))
	if mixed {
		unknown = max(0, captured-sum-others)
	}
	return sum, unknown
}

// ForOrder returns the payment with only the facts that its order needs. It removes facts about tenders unless gift
// cards paid part of the order.
func ForOrder(x loyalty.Receipt) loyalty.Receipt {
	if !slices.ContainsFunc(x.Facts, func(f loyalty.Fact) bool { return f.Mixed }) {
		x.Facts = slices.DeleteFunc(
			slices.Clone(x.Facts), func(f loyalty.Fact) bool { return f.Kind == loyalty.FactTender },
		)
	}
	return x
}

// refundedMoney returns the money that was returned in a currency. If the processor reports a sum, that includes every
// refund made until then. Later refunds increase it. Refunds that failed later, or at the same instant, reduce it. The
// same instant counts because Stripe's clock has whole seconds, and a refund can be created and fail within one second.
// The result is never less than the sum of the known refunds.
func refundedMoney(x loyalty.Receipt, c loyalty.Currency) int64 {
	sum, until, summed := int64(0), int64(0), false
	for _, f := range x.Facts {
		if f.Kind == loyalty.FactRefunded && f.Money.Currency == c {
			sum, until, summed = sum+f.Money.Amount, max(until, f.Clock), true
		}
	}
	single := int64(0)
	for _, f := range refundFacts(x, c) {
		later := f.At.UnixMilli() > until
		switch {
		case f.State == loyalty.FactDone:
			single += f.Money.Amount
			if later {
				sum += f.Money.Amount
			}
		case f.State == loyalty.FactFailed && !later && f.Clock >= until:
			sum -= f.Money.Amount
		}
	}
	if !summed {
		return single
	}
	return max(sum, single)
}

// refundFacts returns the refunds of a payment in a currency, without releases. Stripe used to report money that was
// authorized and never captured as a refund, with a separate object. For each released amount, refundFacts removes the
// oldest refund of that amount.
func refundFacts(x loyalty.Receipt, c loyalty.Currency) (refunds []loyalty.Fact) {
	for _, f := range x.Facts {
		if f.Kind == loyalty.FactRefund && f.Money.Currency == c {
			refunds = append(refunds, f)
		}
	}
	for _, sum := range x.Facts {
		if sum.Kind != loyalty.FactRefunded || sum.Released == 0 {
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

// Excess returns by how much the returned money exceeds the received money. It returns zero if the received amount is
// not known.
func Excess(x loyalty.Receipt) int64 {
	got, _, ok := Captured(x)
	if !ok {
		return 0
	}
	return max(0, refundedMoney(x, got.Currency)-got.Amount)
}

// ForeignFacts returns how many facts are in another currency than the received money, if that currency is known. Such
// facts are ignored.
func ForeignFacts(x loyalty.Receipt) (n int) {
	got, _, ok := Captured(x)
	for _, f := range x.Facts {
		if ok && f.Money.Currency != got.Currency {
			n++
		}
	}
	return n
}

// WithReceipt returns the order with the facts of one of its payments added. It returns false if the facts contain
// nothing new.
func WithReceipt(o loyalty.Order, x loyalty.Receipt) (loyalty.Order, bool) {
	i, known := slices.BinarySearchFunc(
		o.Receipts, x, func(a, b loyalty.Receipt) int { return cmp.Compare(a.ID, b.ID) },
	)
	if !known {
		o.Receipts = slices.Insert(slices.Clone(o.Receipts), i, WithFacts(loyalty.Receipt{ID: x.ID}, x.Facts))
		return o, true
	}
	next := WithFacts(o.Receipts[i], x.Facts)
	if slices.EqualFunc(next.Facts, o.Receipts[i].Facts, equalFacts) {
		return o, false
	}
	o.Receipts = slices.Clone(o.Receipts)
	o.Receipts[i] = next
	return o, true
}
