package receipt

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
)

// derived is the prefix of the IDs of lines, refunds and disputes that payments add to an order. IDs that a merchant
// sends never have this prefix.
const derived = "/"

// Paid returns the order with the status, the lines, the refunds and the disputes that its payments report, under the
// program's payment terms. It can be applied again after every change, because it starts from the order as the merchant
// sent it.
func Paid(terms *loyalty.Earn, payments *loyalty.PaymentTerms, o loyalty.Order) loyalty.Order {
	if terms.TaxIncluded && o.ReportedStatus != loyalty.Unreported {
		o = WithTaxInside(o)
	}
	if len(o.Receipts) == 0 && o.ReportedStatus == "" && !awardsWhenPaid(*payments) {
		return o
	}
	reported := cmp.Or(o.ReportedStatus, o.Status)
	o.Refunds = slices.DeleteFunc(slices.Clone(o.Refunds),
		func(r loyalty.Refund) bool { return strings.HasPrefix(r.ID, derived) })
	o.Disputes = slices.DeleteFunc(slices.Clone(o.Disputes),
		func(d loyalty.Dispute) bool { return strings.HasPrefix(d.ID, derived) })
	if reported == loyalty.Unreported {
		buy(&o, terms.TaxIncluded)
	}
	reportTenders(&o)
	o.Status = status(*payments, reported, o)
	o.ReportedStatus = ""
	if reported != o.Status {
		o.ReportedStatus = reported
	}
	addReportedRefunds(&o, terms.TaxIncluded)
	dispute(&o)
	return o
}

// buy sets the line items, shipping and tax of an order that only payments report. It derives them from the captured
// money.
func buy(o *loyalty.Order, taxIncluded bool) {
	o.Lines, o.Shipping, o.Tax, o.Included = nil, 0, 0, 0
	for _, x := range o.Receipts {
		got, parts := capture(o, x, taxIncluded)
		if got <= 0 {
			continue
		}
		goods := got - parts.shipping - parts.beside
		for _, l := range cardsSold(x, o.Currency) {
			amount := min(l.Amount, goods)
			goods -= amount
			o.Lines = append(o.Lines, loyalty.Line{ID: lineOf(x, l.ID), Quantity: max(1, l.Quantity), Amount: amount})
		}
		o.Lines = append(o.Lines, loyalty.Line{ID: derived + x.ID, Quantity: 1, Amount: goods})
		o.Shipping, o.Tax = o.Shipping+parts.shipping, o.Tax+parts.beside
		o.Included += min(parts.included, got-parts.beside)
	}
}

// lineOf returns the ID of a processor's line item in an order that only payments report.
func lineOf(x loyalty.Receipt, id string) string { return derived + x.ID + derived + id }

// CardsSold returns the IDs of the line items that are gift cards, as the order's payments report them.
func CardsSold(o *loyalty.Order) (ids map[string]bool) {
	for _, x := range o.Receipts {
		for _, l := range cardsSold(x, o.Currency) {
			if ids == nil {
				ids = map[string]bool{}
			}
			ids[l.ID], ids[lineOf(x, l.ID)] = true, true
		}
	}
	return ids
}

// capture returns the money that a payment captured in the order's currency, in minor units, and its shipping and tax.
// It returns 0 if nothing was captured or if the captured money is in another currency.
func capture(o *loyalty.Order, x loyalty.Receipt, taxIncluded bool) (sum int64, parts moneyParts) {
	got, _, ok := Captured(x)
	if !ok || got.Currency != o.Currency {
		return 0, moneyParts{}
	}
	for _, f := range x.Facts {
		if f.Kind == loyalty.FactCapture && f.State == loyalty.FactDone && f.Money.Currency == got.Currency {
			one := partsOf(withParts(x, f), taxIncluded)
			shipping := min(one.shipping, f.Money.Amount)
			parts.shipping += shipping
			parts.beside += min(one.beside, f.Money.Amount-shipping)
			parts.included += one.included
		}
	}
	return got.Amount, parts
}

// withParts returns a capture with its shipping and tax. If the capture states neither, withParts uses the values of
// another object of the processor. If the capture is smaller than that object's amount, the capture gets a proportional
// share of its shipping and tax, rounded down.
func withParts(x loyalty.Receipt, f loyalty.Fact) loyalty.Fact {
	var stated loyalty.Fact
	for _, p := range x.Facts {
		if p.Kind == loyalty.FactParts && p.Money.Currency == f.Money.Currency &&
			p.Tax+p.Shipping > stated.Tax+stated.Shipping {
			stated = p
		}
	}
	if f.Shipping != 0 || f.Tax != 0 || stated.Money.Amount == 0 {
		return f
	}
	of := exact.Fraction(min(f.Money.Amount-f.Tip, stated.Money.Amount), stated.Money.Amount)
	for to, amount := range map[*int64]int64{
		&f.Tax: stated.Tax, &f.Shipping: stated.Shipping, &f.ShippingTax: stated.ShippingTax,
	} {
		*to, _ = exact.Whole(amount).Mul(of).Floor()
	}
	return f
}

// addReportedRefunds adds refunds to the order for money that the payments report as refunded. If the merchant reports
// the same money, it counts once. A payment cannot refund more than it captured, and all payments together cannot
// refund more than the order's total.
func addReportedRefunds(o *loyalty.Order, taxIncluded bool) {
	byMerchant := int64(0)
	for _, r := range o.Refunds {
		if r.Status == loyalty.RefundSucceeded {
			byMerchant += r.Amount
		}
	}
	room := max(0, OrderTotal(*o)-byMerchant)
	for _, x := range o.Receipts {
		n := max(0, refundedMoney(x, o.Currency))
		if got, _, ok := Captured(x); ok {
			n = min(n, got.Amount)
			if got.Currency != o.Currency {
				n = 0
			}
		}
		both := min(n, byMerchant)
		n, byMerchant = n-both, byMerchant-both
		if n = min(n, room); n > 0 {
			o.Refunds = append(o.Refunds, refundsOf(o, x, n, both == 0, taxIncluded)...)
			room -= n
		}
	}
}

// refundsOf returns the refunds of the order for an amount that a payment refunded: one refund for the facts that state
// their lines, shipping, tax or tip, and one for the rest. If the parameter all is false, the merchant reported some of
// the amount, and the second refund contains the whole amount.
func refundsOf(o *loyalty.Order, x loyalty.Receipt, amount int64, all, taxIncluded bool) (refunds []loyalty.Refund) {
	parts := loyalty.Refund{ID: derived + x.ID + derived, At: lastRefund(x), Status: loyalty.RefundSucceeded}
	room := refundableOf(o)
	var stated, others []loyalty.Fact
	for _, f := range refundFacts(x, o.Currency) {
		switch {
		case !all || f.State != loyalty.FactDone:
		case statesParts(f) && parts.Amount+f.Money.Amount <= amount:
			room.take(x, f, taxIncluded, &parts)
			stated = append(stated, f)
		default:
			others = append(others, f)
		}
	}
	if parts.Amount > 0 {
		refunds = append(refunds, withTenders(parts, stated))
	}
	if rest := amount - parts.Amount; rest > 0 {
		r := loyalty.Refund{ID: derived + x.ID, At: lastRefund(x), Status: loyalty.RefundSucceeded, Amount: rest}
		refunds = append(refunds, withTenders(r, others))
	}
	return refunds
}

// withTenders returns the refund with the tenders that the facts report. It changes nothing unless the facts add up to
// the whole refund and all of them report tenders.
func withTenders(r loyalty.Refund, facts []loyalty.Fact) loyalty.Refund {
	sum, cards := int64(0), int64(0)
	for _, f := range facts {
		if f.Tendered {
			sum, cards = sum+f.Money.Amount, cards+f.GiftCard
		}
	}
	if sum == r.Amount {
		r.Tendered, r.ToGiftCards = true, cards
	}
	return r
}

// statesParts reports whether a refund states its line items, shipping, tax or tip.
func statesParts(f loyalty.Fact) bool {
	return len(f.Lines) > 0 || f.Shipping > 0 || f.Tax > 0 || f.Tip > 0
}

// refundable contains how much of each part of an order can still be refunded, in minor units.
type refundable struct {
	lines                map[string]int64
	goods, shipping, tax int64
}

func refundableOf(o *loyalty.Order) refundable {
	s := StatedRefunds(*o)
	r := refundable{
		lines: make(map[string]int64, len(o.Lines)), goods: max(0, ItemTotal(*o)-o.Discount-s.ByLine()-s.Goods),
		shipping: max(0, o.Shipping-s.Shipping), tax: max(0, o.Tax-s.Tax),
	}
	left := Undiscounted(*o)
	for _, l := range o.Lines {
		n, _ := exact.Whole(l.Amount).Mul(left).Floor()
		r.lines[l.ID] = max(0, n-s.Lines[l.ID])
	}
	return r
}

// take adds the fact f, a refund that a payment reports, to the order's refund in the parameter to. It assigns the
// amount to shipping, tax and line items as f states them, up to what can still be refunded of each. An amount for a
// line item that the order does not have counts as goods without a line item.
func (r *refundable) take(x loyalty.Receipt, f loyalty.Fact, taxIncluded bool, to *loyalty.Refund) {
	to.Amount += f.Money.Amount
	rest, parts := f.Money.Amount, partsOf(f, taxIncluded)
	from := func(room *int64, n int64) int64 {
		n = max(0, min(n, *room, rest))
		*room, rest = *room-n, rest-n
		return n
	}
	to.Shipping += from(&r.shipping, parts.shipping)
	to.Tax += from(&r.tax, parts.beside)
	to.Included += min(parts.included, rest)
	for _, l := range f.Lines {
		id := l.ID
		for _, other := range []string{lineOf(x, l.ID), derived + x.ID} {
			if _, ok := r.lines[id]; !ok {
				id = other
			}
		}
		line, ok := r.lines[id]
		if !ok {
			to.Goods += from(&r.goods, amount(l, taxIncluded))
			continue
		}
		n := from(&r.goods, min(amount(l, taxIncluded), line))
		r.lines[id] = line - n
		if n > 0 {
			to.Lines = append(to.Lines, loyalty.RefundLine{ID: id, Quantity: l.Quantity, Amount: n})
		}
	}
	if taxIncluded && len(f.Lines) == 0 {
		// The refund states its shipping or its tax, so the rest was for goods.
		to.Goods += from(&r.goods, rest)
	}
}

func lastRefund(x loyalty.Receipt) (at time.Time) {
	for _, f := range x.Facts {
		if (f.Kind == loyalty.FactRefund || f.Kind == loyalty.FactRefunded) && f.At.After(at) {
			at = f.At
		}
	}
	return at
}

func dispute(o *loyalty.Order) {
	as := map[loyalty.FactState]loyalty.DisputeStatus{
		loyalty.FactOpen: loyalty.DisputeOpen, loyalty.FactWon: loyalty.DisputeWon,
		loyalty.FactLost: loyalty.DisputeLost,
	}
	for _, x := range o.Receipts {
		for _, f := range x.Facts {
			if f.Kind == loyalty.FactDispute && as[f.State] != "" && f.Money.Currency == o.Currency {
				o.Disputes = append(o.Disputes, loyalty.Dispute{
					ID: derived + x.ID + derived + f.ID, At: f.At,
					Status: as[f.State], Amount: min(f.Money.Amount, OrderTotal(*o)),
				})
			}
		}
	}
}

// status returns the order's status under the terms, from the status that the merchant reported and the money that was
// captured.
func status(t loyalty.PaymentTerms, reported loyalty.OrderStatus, o loyalty.Order) loyalty.OrderStatus {
	got := int64(0)
	for _, x := range o.Receipts {
		sum, _ := capture(&o, x, false)
		got += sum
	}
	switch {
	case reported == loyalty.Unreported && t.Award == loyalty.AwardPayments && got > 0:
		return loyalty.OrderPaid
	case reported == loyalty.Unreported:
		return loyalty.OrderPlaced
	case reported == loyalty.OrderCanceled || !awardsWhenPaid(t):
		return reported
	}
	due := OrderTotal(o)
	for _, x := range o.Tenders {
		if x.Kind != loyalty.TenderCard && x.Kind != loyalty.TenderOther && !x.Reported {
			due -= x.Amount // no processor reports payments with this tender
		}
	}
	switch {
	case due <= 0:
		return reported
	case got >= due:
		return loyalty.OrderPaid
	}
	return loyalty.OrderPlaced
}
