package loyalty

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

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
