package loyalty

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// derived is the prefix of the IDs of lines, refunds and disputes that payments add to an order. IDs that a merchant
// sends never have this prefix.
const derived = "/"

// Paid returns the order with the status, the lines, the refunds and the disputes that its payments report, under the
// program's payment terms. It can be applied again after every change, because it starts from the order as the merchant
// sent it.
func (p *Program) Paid(o Order) Order {
	if p.Earn.TaxIncluded && o.ReportedStatus != Unreported {
		o = o.withTaxInside()
	}
	if len(o.Receipts) == 0 && o.ReportedStatus == "" && !p.Payments.awardsWhenPaid() {
		return o
	}
	told := cmp.Or(o.ReportedStatus, o.Status)
	o.Refunds = slices.DeleteFunc(slices.Clone(o.Refunds),
		func(r Refund) bool { return strings.HasPrefix(r.ID, derived) })
	o.Disputes = slices.DeleteFunc(slices.Clone(o.Disputes),
		func(d Dispute) bool { return strings.HasPrefix(d.ID, derived) })
	if told == Unreported {
		o.buy(p.Earn.TaxIncluded)
	}
	o.reportTenders()
	o.Status = p.Payments.status(told, o)
	o.ReportedStatus = ""
	if told != o.Status {
		o.ReportedStatus = told
	}
	o.giveBack(p.Earn.TaxIncluded)
	o.dispute()
	return o
}

// buy sets the line items, the shipping and the tax of an order that only payments report to the captured money.
func (o *Order) buy(taxIncluded bool) {
	o.Lines, o.Shipping, o.Tax, o.Included = nil, 0, 0, 0
	for _, x := range o.Receipts {
		got, parts := o.capture(x, taxIncluded)
		if got <= 0 {
			continue
		}
		goods := got - parts.shipping - parts.beside
		for _, l := range x.cardsSold(o.Currency) {
			amount := min(l.Amount, goods)
			goods -= amount
			o.Lines = append(o.Lines, Line{ID: lineOf(x, l.ID), Quantity: max(1, l.Quantity), Amount: amount})
		}
		o.Lines = append(o.Lines, Line{ID: derived + x.ID, Quantity: 1, Amount: goods})
		o.Shipping, o.Tax = o.Shipping+parts.shipping, o.Tax+parts.beside
		o.Included += min(parts.included, got-parts.beside)
	}
}

// lineOf returns the ID of a processor's line item in an order that only payments report.
func lineOf(x Receipt, id string) string { return derived + x.ID + derived + id }

// cardsSold returns the IDs of the line items that are gift cards, as the order's payments report them.
func (o *Order) cardsSold() (ids map[string]bool) {
	for _, x := range o.Receipts {
		for _, l := range x.cardsSold(o.Currency) {
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
func (o *Order) capture(x Receipt, taxIncluded bool) (sum int64, parts moneyParts) {
	got, _, ok := x.Captured()
	if !ok || got.Currency != o.Currency {
		return 0, moneyParts{}
	}
	for _, f := range x.Facts {
		if f.Kind == FactCapture && f.State == FactDone && f.Money.Currency == got.Currency {
			one := x.withParts(f).parts(taxIncluded)
			shipping := min(one.shipping, f.Money.Amount)
			parts.shipping += shipping
			parts.beside += min(one.beside, f.Money.Amount-shipping)
			parts.included += one.included
		}
	}
	return got.Amount, parts
}

// withParts returns a capture with its shipping and tax. If the capture states neither, the values come from another
// object of the processor. If the capture is smaller than that object's amount, its shipping and tax are proportional
// shares, rounded down.
func (x Receipt) withParts(f Fact) Fact {
	var stated Fact
	for _, p := range x.Facts {
		if p.Kind == FactParts && p.Money.Currency == f.Money.Currency &&
			p.Tax+p.Shipping > stated.Tax+stated.Shipping {
			stated = p
		}
	}
	if f.Shipping != 0 || f.Tax != 0 || stated.Money.Amount == 0 {
		return f
	}
	of := share(min(f.Money.Amount-f.Tip, stated.Money.Amount), stated.Money.Amount)
	for to, amount := range map[*int64]int64{&f.Tax: stated.Tax, &f.Shipping: stated.Shipping, &f.ShippingTax: stated.ShippingTax} {
		*to, _ = whole(amount).mul(of).floor()
	}
	return f
}

// giveBack adds refunds to the order for money that the payments report as refunded. Money that the merchant reports as
// well counts once. A payment cannot refund more than it captured, nor all payments more than the order's total.
func (o *Order) giveBack(taxIncluded bool) {
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
			o.Refunds = append(o.Refunds, o.refundsOf(x, n, both == 0, taxIncluded)...)
			room -= n
		}
	}
}

// refundsOf returns the order refunds for an amount that a payment refunded: one refund for the facts that state their
// lines, shipping, tax or tip, and one for the rest. If all is false, the merchant reported some of the amount, and all
// of it is in the second refund.
func (o *Order) refundsOf(x Receipt, amount int64, all, taxIncluded bool) (refunds []Refund) {
	parts := Refund{ID: derived + x.ID + derived, At: x.lastRefund(), Status: RefundSucceeded}
	room := o.refundable()
	var stated, others []Fact
	for _, f := range x.refunds(o.Currency) {
		switch {
		case !all || f.State != FactDone:
		case f.stated() && parts.Amount+f.Money.Amount <= amount:
			room.take(x, f, taxIncluded, &parts)
			stated = append(stated, f)
		default:
			others = append(others, f)
		}
	}
	if parts.Amount > 0 {
		refunds = append(refunds, parts.tendered(stated))
	}
	if rest := amount - parts.Amount; rest > 0 {
		r := Refund{ID: derived + x.ID, At: x.lastRefund(), Status: RefundSucceeded, Amount: rest}
		refunds = append(refunds, r.tendered(others))
	}
	return refunds
}

// tendered returns the refund with the tenders that the facts report, if the facts add up to the whole refund and all
// of them report tenders.
func (r Refund) tendered(facts []Fact) Refund {
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

// stated reports whether a refund states its line items, shipping, tax or tip.
func (f Fact) stated() bool { return len(f.Lines) > 0 || f.Shipping > 0 || f.Tax > 0 || f.Tip > 0 }

// refundable contains how much of each part of an order can still be refunded, in minor units.
type refundable struct {
	lines                map[string]int64
	goods, shipping, tax int64
}

func (o *Order) refundable() refundable {
	s := o.stated()
	r := refundable{
		lines: make(map[string]int64, len(o.Lines)), goods: max(0, o.items()-o.Discount-s.byLine()-s.goods),
		shipping: max(0, o.Shipping-s.shipping), tax: max(0, o.Tax-s.tax),
	}
	left := o.undiscounted()
	for _, l := range o.Lines {
		n, _ := whole(l.Amount).mul(left).floor()
		r.lines[l.ID] = max(0, n-s.lines[l.ID])
	}
	return r
}

// take adds the parts that a refund of a payment states to a refund of the order, up to what is still refundable. The
// amount of a line item that the order does not have counts as goods of no particular line item.
func (r *refundable) take(x Receipt, f Fact, taxIncluded bool, to *Refund) {
	to.Amount += f.Money.Amount
	rest, parts := f.Money.Amount, f.parts(taxIncluded)
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
			to.Goods += from(&r.goods, l.amount(taxIncluded))
			continue
		}
		n := from(&r.goods, min(l.amount(taxIncluded), line))
		r.lines[id] = line - n
		if n > 0 {
			to.Lines = append(to.Lines, RefundLine{ID: id, Quantity: l.Quantity, Amount: n})
		}
	}
	if taxIncluded && len(f.Lines) == 0 {
		// The refund states its shipping or its tax, so the rest was for goods.
		to.Goods += from(&r.goods, rest)
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
					ID: derived + x.ID + derived + f.ID, At: f.At,
					Status: as[f.State], Amount: min(f.Money.Amount, o.total()),
				})
			}
		}
	}
}

// status returns the order's status under the terms, from the status that the merchant reported and the money that was
// captured.
func (t PaymentTerms) status(told OrderStatus, o Order) OrderStatus {
	got := int64(0)
	for _, x := range o.Receipts {
		sum, _ := o.capture(x, false)
		got += sum
	}
	switch {
	case told == Unreported && t.Award == AwardPayments && got > 0:
		return OrderPaid
	case told == Unreported:
		return OrderPlaced
	case told == OrderCanceled || !t.awardsWhenPaid():
		return told
	}
	due := o.total()
	for _, x := range o.Tenders {
		if x.Kind != TenderCard && x.Kind != TenderOther && !x.Reported {
			due -= x.Amount // no processor reports this tender
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
