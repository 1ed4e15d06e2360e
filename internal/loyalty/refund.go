package loyalty

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// RefundStatus states whether the money was refunded.
type RefundStatus string

const (
	RefundSucceeded RefundStatus = "succeeded"
	RefundPending   RefundStatus = "pending" // counts once it succeeds
	RefundFailed    RefundStatus = "failed"  // no longer counts
)

// A Refund is money that was returned to the customer. Amount is the whole sum; Lines, Shipping and Tax state what it
// was for. The use of the rest depends on what is stated:
//   - nothing: the rest is spread over the remaining goods, shipping and tax, in proportion. A sum that covers the
//     remaining goods and their tax returns all of the goods.
//   - shipping or tax, but no lines: the rest is for goods, of all lines in proportion. An amount beyond the goods is
//     spread as if nothing was stated.
//   - lines: the rest is for shipping and tax, in proportion, and an amount beyond them is for goods.
type Refund struct {
	ID       string
	At       time.Time
	Status   RefundStatus
	Amount   int64
	Shipping int64
	Tax      int64
	Goods    int64  // of no particular line
	Included int64  // the tax that the other parts include; not part of any sum
	Tender   string // the kind or name of the tender that received the refund; empty if unknown
	Lines    []RefundLine

	Tendered    bool  // a payment reports ToGiftCards; Tender is then empty
	ToGiftCards int64 // the part of Amount that was returned to gift cards and store credit
}

func (r Refund) equal(x Refund) bool {
	return r.ID == x.ID && r.At.Equal(x.At) && r.Status == x.Status && r.Amount == x.Amount &&
		r.Shipping == x.Shipping &&
		r.Tax == x.Tax && r.Goods == x.Goods && r.Included == x.Included && r.Tender == x.Tender &&
		r.Tendered == x.Tendered && r.ToGiftCards == x.ToGiftCards && slices.Equal(r.Lines, x.Lines)
}

// refundedLines returns the number of lines of all refunds together.
func refundedLines(refunds []Refund) (n int) {
	for _, r := range refunds {
		n += len(r.Lines)
	}
	return n
}

// A RefundLine is the money refunded for one line, after the line's share of the order's discount.
type RefundLine struct {
	ID       string // the line item's ID
	Quantity int64  // the number of units returned; informational, may be zero
	Amount   int64
}

// A Dispute is a payment that the customer contests with the bank. While it is open, and after it is lost, the order
// earns as if Amount had been refunded. If it is won, the order earns as if there had been no dispute.
type Dispute struct {
	ID     string
	At     time.Time
	Status DisputeStatus
	Amount int64
}

// DisputeStatus is the status of a dispute.
type DisputeStatus string

const (
	DisputeOpen DisputeStatus = "open"
	DisputeWon  DisputeStatus = "won"
	DisputeLost DisputeStatus = "lost"
)

// MaxRefunds is the maximum number of refunds of an order, and of disputes.
const MaxRefunds = 100

// stated contains the sums of what the refunds state, in minor units.
type stated struct {
	lines    map[string]int64
	units    map[string]int64
	shipping int64
	tax      int64
	goods    int64 // of no particular line
	extra    int64 // the rest of refunds that state lines
	open     int64 // refunds that state nothing
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

// refunded contains the refunded amounts by what they were for. They depend only on sums, so refunds count the same in
// any order.
type refunded struct {
	lines map[string]int64
	units map[string]int64
	goods exact // of no particular line: of all lines, in proportion
	parts
}

// parts contains the parts of an order other than goods.
type parts struct{ shipping, tax exact }

func (p parts) sum() exact { return p.shipping.add(p.tax) }

// take removes an amount from the parts, from each in proportion, and returns the removed parts. It removes at most
// everything.
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

// refunded returns the refunded amounts of the order. A dispute that is not won counts as a refund that states nothing.
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

// goodsOf returns which part of an amount is for goods, if it is only known how much of the goods and the other parts
// remains to be refunded.
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

// allBack reports whether all goods were refunded.
func (o Order) allBack() bool {
	if !o.reduced() {
		return false
	}
	back := o.refunded().goods.add(whole(o.stated().byLine()))
	return back.sub(whole(o.items()-o.Discount)).sign() >= 0
}

// reduced reports whether the order has refunds or disputes.
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
		return refuse(RefundExceedsPayment, "/refunds",
			fmt.Sprintf("The sum of the refunds must not exceed the order's total of %s.", Money{o.total(), o.Currency}))
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
			return refuse(ValidationFailed, at+"/status", "status must be open, won or lost.")
		}
		if seen[d.ID] {
			return refuse(ValidationFailed, at+"/id", fmt.Sprintf("Two disputes have the id %q.", d.ID))
		}
		seen[d.ID] = true
		if err := checkAmount(at+"/amount", d.Amount); err != nil {
			return err
		}
		if d.Amount > o.total() {
			return refuse(ValidationFailed, at+"/amount",
				fmt.Sprintf("The disputed amount must not exceed the order's total of %s.", Money{o.total(), o.Currency}))
		}
	}
	return nil
}

func checkRefund(at string, r Refund, has map[string]bool) error {
	switch r.Status {
	case RefundSucceeded, RefundPending, RefundFailed:
	default:
		return refuse(ValidationFailed, at+"/status", "status must be succeeded, pending or failed.")
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
		at := at + "/line_items/" + strconv.Itoa(i)
		if !has[l.ID] {
			return refuse(ValidationFailed, at+"/id", fmt.Sprintf("The order has no line item %q.", l.ID))
		}
		if err := checkAmount(at+"/amount", l.Amount); err != nil {
			return err
		}
		rest -= l.Amount
	}
	if r.Included > r.Amount {
		return refuse(ValidationFailed, at+"/tax", "The included tax must not exceed the refund's amount.")
	}
	if rest < 0 {
		return refuse(ValidationFailed, at+"/amount",
			"The line items, shipping and tax of the refund must not exceed its amount.")
	}
	return nil
}

// lineIDs returns the IDs of the order's line items; nil if no refund names a line.
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

// checkRefundedParts rejects refunds of more than was paid for a part of the order. A line's share of the discount may
// have been rounded either way, so one minor unit more is accepted.
func (o Order) checkRefundedParts() error {
	r := o.stated()
	for i, l := range o.Lines {
		if got := r.lines[l.ID]; got > 0 {
			paid, _ := whole(l.Amount).mul(o.undiscounted()).round(Up)
			if got > int64(paid)+1 || got > l.Amount {
				return refuse(RefundExceedsPayment, "/refunds",
					fmt.Sprintf("The refunds of line item %d are %s, more than its price of %s.",
						i, Money{got, o.Currency}, Money{int64(paid), o.Currency}))
			}
		}
	}
	if r.shipping > o.Shipping || r.tax > o.Tax {
		return refuse(RefundExceedsPayment, "/refunds", "The refunds of shipping or tax exceed the paid amount.")
	}
	return nil
}

// undiscounted returns the share of a line's amount that remains after the order's discount.
func (o Order) undiscounted() exact {
	if o.Discount == 0 {
		return whole(1)
	}
	return share(o.items()-o.Discount, o.items())
}
