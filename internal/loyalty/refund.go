package loyalty

import (
	"fmt"
	"slices"
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

// A Refund is money that went back. Amount is all of it; Lines, Shipping and Tax state what it was for. What they leave
// depends on what is stated:
//   - nothing: it is spread over what remains of goods, shipping and tax, in proportion. A sum that covers the remaining
//     goods and their tax returns all of the goods.
//   - shipping or tax, but no lines: it is for goods, of all lines in proportion, and beyond these as if nothing was stated.
//   - lines: it is for shipping and tax, in proportion, and only beyond these for goods.
type Refund struct {
	ID       string
	At       time.Time
	Status   RefundStatus
	Amount   int64
	Shipping int64
	Tax      int64
	Goods    int64  // of no certain line
	Included int64  // the tax that the other parts include; it is part of no sum
	Tender   string // the kind or name of the tender to which it went; empty if that is not known
	Lines    []RefundLine

	Tendered    bool  // a payment reports ToGiftCards; then Tender is empty
	ToGiftCards int64 // how much of Amount went to gift cards and store credit
}

func (r Refund) equal(x Refund) bool {
	return r.ID == x.ID && r.At.Equal(x.At) && r.Status == x.Status && r.Amount == x.Amount && r.Shipping == x.Shipping &&
		r.Tax == x.Tax && r.Goods == x.Goods && r.Included == x.Included && r.Tender == x.Tender &&
		r.Tendered == x.Tendered && r.ToGiftCards == x.ToGiftCards && slices.Equal(r.Lines, x.Lines)
}

// refundedLines is how many lines refunds have in all.
func refundedLines(refunds []Refund) (n int) {
	for _, r := range refunds {
		n += len(r.Lines)
	}
	return n
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

// stated sums up what the refunds say of themselves, in minor units.
type stated struct {
	lines    map[string]int64
	units    map[string]int64
	shipping int64
	tax      int64
	goods    int64 // of no certain line
	extra    int64 // beside lines
	open     int64 // nothing is said of it
}

func (o Order) stated() (s stated) {
	for _, x := range o.Refunds {
		if x.Status != RefundSucceeded {
			continue
		}
		rest := x.Amount - x.Shipping - x.Tax - x.Goods
		s.goods += x.Goods
		for _, l := range x.Lines {
			if s.lines == nil {
				s.lines, s.units = map[string]int64{}, map[string]int64{}
			}
			s.lines[l.ID] += l.Amount
			s.units[l.ID] += l.Quantity
			rest -= l.Amount
		}
		s.shipping += x.Shipping
		s.tax += x.Tax
		switch {
		case len(x.Lines) > 0 || x.Goods > 0:
			s.extra += rest
		case x.Shipping > 0 || x.Tax > 0:
			s.goods += rest
		default:
			s.open += rest
		}
	}
	return s
}

// refunded is what went back, by what it was for. It depends on the sums alone, so refunds count the same in any order.
type refunded struct {
	lines map[string]int64
	units map[string]int64
	goods exact // of no certain line: of all lines, in proportion
	parts
}

// parts are the parts of an order beside its goods.
type parts struct{ shipping, tax exact }

func (p parts) sum() exact { return p.shipping.add(p.tax) }

// take moves an amount out of the parts, from each in proportion, and returns what was moved: all of them at most.
func (p *parts) take(amount exact) (moved parts) {
	all := p.sum()
	if all.sub(amount).sign() <= 0 {
		moved, *p = *p, parts{whole(0), whole(0)}
		return moved
	}
	share := amount.quo(all)
	moved = parts{p.shipping.mul(share), p.tax.mul(share)}
	p.shipping, p.tax = p.shipping.sub(moved.shipping), p.tax.sub(moved.tax)
	return moved
}

func (p *parts) add(more parts) {
	p.shipping, p.tax = p.shipping.add(more.shipping), p.tax.add(more.tax)
}

// refunded counts a dispute that is not won as a refund of which nothing is said.
func (o Order) refunded() refunded {
	s := o.stated()
	left := max(0, o.items()-o.Discount-s.byLine())
	if over := s.goods - left; over > 0 {
		s.goods, s.open = left, s.open+over
	}
	r := refunded{lines: s.lines, units: s.units, goods: whole(s.goods), parts: parts{whole(s.shipping), whole(s.tax)}}
	for _, d := range o.Disputes {
		if d.Status != DisputeWon {
			s.open += d.Amount
		}
	}
	if s.extra == 0 && s.open == 0 {
		return r
	}
	goods := whole(left - s.goods)
	rest := parts{whole(max(0, o.Shipping-s.shipping)), whole(max(0, o.Tax-s.tax))}
	if s.extra > 0 {
		moved := rest.take(whole(s.extra))
		r.add(moved)
		back := atMost(goods, whole(s.extra).sub(moved.sum()))
		r.goods, goods = r.goods.add(back), goods.sub(back)
	}
	if s.open > 0 {
		back := goodsOf(whole(s.open), goods, rest)
		r.goods = r.goods.add(back)
		r.add(rest.take(whole(s.open).sub(back)))
	}
	return r
}

// goodsOf is how much of an amount is for goods, if it is only known that the goods and the parts remain to be refunded.
func goodsOf(amount, goods exact, rest parts) exact {
	taxed := goods.add(rest.shipping)
	if taxed.sign() == 0 || goods.sign() == 0 {
		return whole(0)
	}
	withTax := goods.add(rest.tax.mul(goods.quo(taxed)))
	if amount.sub(withTax).sign() >= 0 {
		return goods
	}
	return amount.mul(goods.quo(taxed.add(rest.tax)))
}

func atMost(x, y exact) exact {
	if x.sub(y).sign() < 0 {
		return x
	}
	return y
}

func (s stated) byLine() (sum int64) {
	for _, n := range s.lines {
		sum += n
	}
	return sum
}

// allBack reports whether nothing of the goods remains.
func (o Order) allBack() bool {
	if !o.reduced() {
		return false
	}
	back := o.refunded().goods.add(whole(o.stated().byLine()))
	return back.sub(whole(o.items()-o.Discount)).sign() >= 0
}

// reduced reports whether anything was refunded or contested.
func (o Order) reduced() bool { return len(o.Refunds) > 0 || len(o.Disputes) > 0 }

func (o Order) checkRefunds() error {
	if len(o.Refunds) > MaxRefunds {
		return refuse(ValidationFailed, "/refunds", fmt.Sprintf("An order has at most %d refunds.", MaxRefunds))
	}
	seen := map[string]bool{}
	total := int64(0)
	has := o.lineIDs()
	for i, r := range o.Refunds {
		at := "/refunds/" + strconv.Itoa(i)
		if seen[r.ID] {
			return refuse(ValidationFailed, at+"/id", fmt.Sprintf("Two refunds have the id %q.", r.ID))
		}
		seen[r.ID] = true
		if err := checkRefund(at, r, has); err != nil {
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
	if err := o.checkRefundTenders(); err != nil {
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

func checkRefund(at string, r Refund, has map[string]bool) error {
	switch r.Status {
	case RefundSucceeded, RefundPending, RefundFailed:
	default:
		return refuse(ValidationFailed, at+"/status", "A refund is succeeded, pending or failed.")
	}
	rest := r.Amount - r.Shipping - r.Tax - r.Goods
	for _, part := range []struct {
		name   string
		amount int64
	}{{"amount", r.Amount}, {"shipping", r.Shipping}, {"tax", r.Tax}, {"tax", r.Included}} {
		if err := checkAmount(at+"/"+part.name, part.amount); err != nil {
			return err
		}
	}
	for i, l := range r.Lines {
		at := at + "/lines/" + strconv.Itoa(i)
		if !has[l.ID] {
			return refuse(ValidationFailed, at+"/id", fmt.Sprintf("The order has no line %q.", l.ID))
		}
		if err := checkAmount(at+"/amount", l.Amount); err != nil {
			return err
		}
		rest -= l.Amount
	}
	if r.Included > r.Amount {
		return refuse(ValidationFailed, at+"/tax", "The tax is included in the refund's amount, and is more than that.")
	}
	if rest < 0 {
		return refuse(ValidationFailed, at+"/amount", "The lines, shipping and tax of the refund add up to more than its amount.")
	}
	return nil
}

// lineIDs are those of the lines, if a refund names any.
func (o Order) lineIDs() map[string]bool {
	if refundedLines(o.Refunds) == 0 {
		return nil
	}
	has := make(map[string]bool, len(o.Lines))
	for _, l := range o.Lines {
		has[l.ID] = true
	}
	return has
}

// checkRefundedParts refuses more for a part of the order than was paid for it. A line's share of the discount
// may have been rounded either way, so that a minor unit more is let pass.
func (o Order) checkRefundedParts() error {
	r := o.stated()
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
