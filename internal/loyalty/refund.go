package loyalty

import (
	"fmt"
	"strconv"
	"time"
)

// RefundStatus is whether the money went back.
type RefundStatus string

const (
	RefundSucceeded RefundStatus = "succeeded"
	RefundPending   RefundStatus = "pending" // counts once it succeeds
	RefundFailed    RefundStatus = "failed"  // counts no more
)

// A Refund is money that went back. Amount is all of it. Of that, Lines and Shipping and Tax say what it was
// for; what they leave is taken from what remains of the items, each in proportion, and never from shipping or
// tax, so that an order whose items are all refunded is worth nothing, whatever became of its shipping.
type Refund struct {
	ID       string
	At       time.Time
	Status   RefundStatus
	Amount   int64
	Shipping int64
	Tax      int64
	Lines    []RefundLine
}

// A RefundLine is money that went back for one line, after its share of the order's discount.
type RefundLine struct {
	ID       string // the line's
	Quantity int64  // how many pieces came back; for the record, may be zero
	Amount   int64
}

// A Dispute is a payment that the customer contests with the bank. While it is open, and once it is lost, the order
// earns as if Amount had been refunded; if it is won, as if nothing had been.
type Dispute struct {
	ID     string
	At     time.Time
	Status DisputeStatus
	Amount int64
}

// DisputeStatus is how far a dispute is.
type DisputeStatus string

const (
	DisputeOpen DisputeStatus = "open"
	DisputeWon  DisputeStatus = "won"
	DisputeLost DisputeStatus = "lost"
)

// MaxRefunds bounds an order's refunds.
const MaxRefunds = 100

// refunded sums up what went back: by line, for shipping and tax, and for the items as a whole.
type refunded struct {
	lines         map[string]int64
	units         map[string]int64
	shipping, tax int64
	items         int64
}

func (o Order) refunded() refunded {
	var r refunded
	for _, x := range o.Refunds {
		if x.Status != RefundSucceeded {
			continue
		}
		rest := x.Amount - x.Shipping - x.Tax
		for _, l := range x.Lines {
			if r.lines == nil {
				r.lines, r.units = map[string]int64{}, map[string]int64{}
			}
			r.lines[l.ID] += l.Amount
			r.units[l.ID] += l.Quantity
			rest -= l.Amount
		}
		r.shipping += x.Shipping
		r.tax += x.Tax
		r.items += rest
	}
	r.contest(o)
	return r
}

// contest counts disputes that are not won as refunds of the items, and of shipping and tax for what they go beyond.
func (r *refunded) contest(o Order) {
	rest := int64(0)
	for _, d := range o.Disputes {
		if d.Status != DisputeWon {
			rest += d.Amount
		}
	}
	if rest == 0 {
		return
	}
	byLine := int64(0)
	for _, n := range r.lines {
		byLine += n
	}
	part := min(rest, max(0, o.items()-o.Discount-byLine-r.items))
	r.items, rest = r.items+part, rest-part
	part = min(rest, max(0, o.Shipping-r.shipping))
	r.shipping, rest = r.shipping+part, rest-part
	r.tax += min(rest, max(0, o.Tax-r.tax))
}

// allBack reports whether nothing of the items remains.
func (o Order) allBack() bool {
	if !o.reduced() {
		return false
	}
	r := o.refunded()
	back := r.items
	for _, n := range r.lines {
		back += n
	}
	return back >= o.items()-o.Discount
}

// reduced reports whether anything was refunded or contested.
func (o Order) reduced() bool { return len(o.Refunds) > 0 || len(o.Disputes) > 0 }

func (o Order) checkRefunds() error {
	if len(o.Refunds) > MaxRefunds {
		return refuse(ValidationFailed, "/refunds", fmt.Sprintf("An order has at most %d refunds.", MaxRefunds))
	}
	seen := map[string]bool{}
	total := int64(0)
	for i, r := range o.Refunds {
		at := "/refunds/" + strconv.Itoa(i)
		if seen[r.ID] {
			return refuse(ValidationFailed, at+"/id", fmt.Sprintf("Two refunds have the id %q.", r.ID))
		}
		seen[r.ID] = true
		if err := o.checkRefund(at, r); err != nil {
			return err
		}
		if r.Status == RefundSucceeded {
			total += r.Amount
		}
	}
	if total > o.total() {
		return refuse(RefundExceedsPayment, "/refunds", fmt.Sprintf("The refunds add up to more than the order's total of %s.", Money{o.total(), o.Currency}))
	}
	if err := o.checkDisputes(); err != nil {
		return err
	}
	return o.checkRefundedParts()
}

func (o Order) checkDisputes() error {
	if len(o.Disputes) > MaxRefunds {
		return refuse(ValidationFailed, "/disputes", fmt.Sprintf("An order has at most %d disputes.", MaxRefunds))
	}
	seen := map[string]bool{}
	for i, d := range o.Disputes {
		at := "/disputes/" + strconv.Itoa(i)
		switch d.Status {
		case DisputeOpen, DisputeWon, DisputeLost:
		default:
			return refuse(ValidationFailed, at+"/status", "A dispute is open, won or lost.")
		}
		if seen[d.ID] {
			return refuse(ValidationFailed, at+"/id", fmt.Sprintf("Two disputes have the id %q.", d.ID))
		}
		seen[d.ID] = true
		if err := checkAmount(at+"/amount", d.Amount); err != nil {
			return err
		}
		if d.Amount > o.total() {
			return refuse(ValidationFailed, at+"/amount", fmt.Sprintf("The dispute is about more than the order's total of %s.", Money{o.total(), o.Currency}))
		}
	}
	return nil
}

func (o Order) checkRefund(at string, r Refund) error {
	switch r.Status {
	case RefundSucceeded, RefundPending, RefundFailed:
	default:
		return refuse(ValidationFailed, at+"/status", "A refund is succeeded, pending or failed.")
	}
	rest := r.Amount - r.Shipping - r.Tax
	for _, part := range []struct {
		name   string
		amount int64
	}{{"amount", r.Amount}, {"shipping", r.Shipping}, {"tax", r.Tax}} {
		if err := checkAmount(at+"/"+part.name, part.amount); err != nil {
			return err
		}
	}
	for i, l := range r.Lines {
		at := at + "/lines/" + strconv.Itoa(i)
		if !o.hasLine(l.ID) {
			return refuse(ValidationFailed, at+"/id", fmt.Sprintf("The order has no line %q.", l.ID))
		}
		if err := checkAmount(at+"/amount", l.Amount); err != nil {
			return err
		}
		rest -= l.Amount
	}
	if rest < 0 {
		return refuse(ValidationFailed, at+"/amount", "The lines, shipping and tax of the refund add up to more than its amount.")
	}
	return nil
}

func (o Order) hasLine(id string) bool {
	for _, l := range o.Lines {
		if l.ID == id {
			return true
		}
	}
	return false
}

// checkRefundedParts refuses more for a part of the order than was paid for it. A line's share of the discount
// may have been rounded either way, so that a minor unit more is let pass.
func (o Order) checkRefundedParts() error {
	o.Disputes = nil
	r := o.refunded()
	for i, l := range o.Lines {
		if got := r.lines[l.ID]; got > 0 {
			paid, _ := whole(l.Amount).mul(o.undiscounted()).round(Up)
			if got > int64(paid)+1 || got > l.Amount {
				return refuse(RefundExceedsPayment, "/refunds", fmt.Sprintf("Line %d was refunded %s and cost %s.", i, Money{got, o.Currency}, Money{int64(paid), o.Currency}))
			}
		}
	}
	if r.shipping > o.Shipping || r.tax > o.Tax {
		return refuse(RefundExceedsPayment, "/refunds", "More shipping or tax was refunded than was paid.")
	}
	return nil
}

// undiscounted is the share of a line's amount that the order's discount leaves.
func (o Order) undiscounted() exact {
	if o.Discount == 0 {
		return whole(1)
	}
	return share(o.items()-o.Discount, o.items())
}
