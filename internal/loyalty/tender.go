package loyalty

import (
	"fmt"
	"slices"
)

// named reports whether the name in a rule or refund means this tender: it equals the tender's kind or name.
func (t Tender) named(name string) bool {
	return name != "" && (string(t.Kind) == name || t.Name == name)
}

// tenderRefunds is the money that refunds returned to the tenders that they name. Other refunds are spread over what
// remains of all tenders, in proportion.
type tenderRefunds struct {
	each      []exact // by index of the tender in the order; nil if no refund names a tender
	sum       exact
	unearning exact // the part of sum that was returned to tenders that earn nothing
}

// tenderRefunds adds up the succeeded refunds by tender. A refund that names several tenders, such as two cards, is
// split in proportion to their amounts.
func (o *Order) tenderRefunds() tenderRefunds {
	s := tenderRefunds{sum: whole(0), unearning: whole(0)}
	for _, r := range o.Refunds {
		switch {
		case r.Status != RefundSucceeded:
		case r.Tender != "":
			s.add(o, whole(r.Amount), func(t Tender) bool { return t.named(r.Tender) })
		case r.Tendered:
			s.addReported(o, r)
		}
	}
	return s
}

// add adds an amount that was returned to some of the order's tenders.
func (s *tenderRefunds) add(o *Order, amount exact, to func(Tender) bool) {
	paid := o.paidWith(to)
	if paid == 0 {
		return
	}
	if s.each == nil {
		s.each = make([]exact, len(o.Tenders))
		for i := range s.each {
			s.each[i] = whole(0)
		}
	}
	for i, t := range o.Tenders {
		if !to(t) {
			continue
		}
		part := amount.mul(share(t.Amount, paid))
		s.each[i], s.sum = s.each[i].add(part), s.sum.add(part)
		if !t.Kind.earns() {
			s.unearning = s.unearning.add(part)
		}
	}
}

// addReported adds a refund whose payment reports how much was returned to gift cards. A processor may return more to
// gift cards than they paid, as store credit. That excess, and other money in excess of what its tenders paid, belongs
// to no tender.
func (s *tenderRefunds) addReported(o *Order, r Refund) {
	room := func(to func(Tender) bool) exact {
		n := whole(o.paidWith(to))
		for i, t := range o.Tenders {
			if s.each != nil && to(t) {
				n = n.sub(s.each[i])
			}
		}
		return n
	}
	cards := atMost(whole(r.ToGiftCards), room(Tender.giftCard))
	s.add(o, cards, Tender.giftCard)
	s.add(o, atMost(whole(r.Amount-r.ToGiftCards), room(Tender.earns)), Tender.earns)
}

// giftCard reports whether the tender is a gift card or store credit.
func (t Tender) giftCard() bool { return t.Kind == TenderGiftCard || t.Kind == TenderStoreCredit }

func (t Tender) earns() bool { return t.Kind.earns() }

// paidWith returns how much some tenders paid.
func (o *Order) paidWith(which func(Tender) bool) (sum int64) {
	for _, t := range o.Tenders {
		if which(t) {
			sum += t.Amount
		}
	}
	return sum
}

// remaining returns the money paid for the order that remains after refunds that name a tender: all of it, and the part
// that can earn.
func (o *Order) remaining(back tenderRefunds) (all, earning exact) {
	all, unearning := whole(o.total()).sub(back.sum), whole(o.unearning()).sub(back.unearning)
	if unearning.sign() < 0 {
		unearning = whole(0)
	}
	if earning = all.sub(unearning); earning.sign() < 0 {
		earning = whole(0)
	}
	return all, earning
}

// checkRefundTenders rejects refunds to tenders that the order does not have, and refunds of more than a tender paid.
func (o *Order) checkRefundTenders() error {
	for i, r := range o.Refunds {
		if r.Tender == "" {
			continue
		}
		if why := o.refundTender(r.Tender); why != "" {
			return refuse(ValidationFailed, fmt.Sprintf("/refunds/%d/tender", i), why)
		}
		if paid := o.paidWith(func(t Tender) bool { return t.named(r.Tender) }); r.Amount > paid {
			return overRefunded(r.Tender, Money{paid, o.Currency})
		}
	}
	for i, back := range o.tenderRefunds().each {
		if t := o.Tenders[i]; back.sub(whole(t.Amount)).sign() > 0 {
			return overRefunded(string(t.Kind), Money{t.Amount, o.Currency})
		}
	}
	return nil
}

// refundTender returns why a refund cannot name a tender, or an empty string if it can.
func (o *Order) refundTender(name string) string {
	earn, some := false, false
	for _, t := range o.Tenders {
		if !t.named(name) {
			continue
		}
		if some && earn != t.Kind.earns() {
			return fmt.Sprintf(
				"Several tenders are named %q, and only some of them earn points. Specify the type of the tender.", name,
			)
		}
		earn, some = t.Kind.earns(), true
	}
	if !some {
		return fmt.Sprintf("The order has no tender with the type or name %q. List it in tenders.", name)
	}
	return ""
}

func overRefunded(tender string, paid Money) *Error {
	return refuse(
		RefundExceedsPayment, "/refunds",
		fmt.Sprintf("The refunds to the tender %q exceed the paid %s.", tender, paid),
	)
}

// giftCards returns how much gift cards and store credit paid according to payments, and for how much money this is not
// known yet. If the merchant states the tenders, no further report is required.
func (o *Order) giftCards() (reported, unknown int64) {
	for _, x := range o.Receipts {
		one, more := x.giftCards(o.Currency)
		reported, unknown = reported+one, unknown+more
	}
	if slices.ContainsFunc(o.Tenders, func(t Tender) bool { return !t.Reported }) {
		unknown = 0
	}
	return reported, unknown
}

// reportTenders sets the tenders of an order that payments report, if the merchant sent no tenders and gift cards or
// store credit paid part of the order. Further calls start again from the merchant's tenders.
func (o *Order) reportTenders() {
	if slices.ContainsFunc(o.Tenders, func(t Tender) bool { return t.Reported }) {
		o.Tenders = nil
	}
	reported, unknown := o.giftCards()
	cards := min(o.total(), reported+unknown)
	if len(o.Tenders) > 0 || cards == 0 {
		return
	}
	o.Tenders = []Tender{{Kind: TenderGiftCard, Amount: cards, Reported: true}}
	if rest := o.total() - cards; rest > 0 {
		o.Tenders = append(o.Tenders, Tender{Kind: TenderOther, Amount: rest, Reported: true})
	}
}
