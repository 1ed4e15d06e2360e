package receipt

import (
	"fmt"
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
)

// TenderRefunds is the money that refunds returned to the tenders that they name. Other refunds reduce the remaining
// amounts of all tenders in proportion.
type TenderRefunds struct {
	Each      []exact.Number // one amount for each tender of the order, in sequence; nil if no refund names a tender
	Sum       exact.Number
	Unearning exact.Number // the part of Sum that was returned to tenders that earn nothing
}

// TenderRefundsOf adds up the succeeded refunds for each tender. A refund that names several tenders, such as two
// cards, is split in proportion to their amounts.
func TenderRefundsOf(o *loyalty.Order) TenderRefunds {
	s := TenderRefunds{Sum: exact.Whole(0), Unearning: exact.Whole(0)}
	for _, r := range o.Refunds {
		switch {
		case r.Status != loyalty.RefundSucceeded:
		case r.Tender != "":
			s.add(o, exact.Whole(r.Amount), func(t loyalty.Tender) bool { return t.Named(r.Tender) })
		case r.Tendered:
			s.addReported(o, r)
		}
	}
	return s
}

// add adds an amount that was returned to some of the order's tenders.
func (s *TenderRefunds) add(o *loyalty.Order, amount exact.Number, to func(loyalty.Tender) bool) {
	paid := paidWith(o, to)
	if paid == 0 {
		return
	}
	if s.Each == nil {
		s.Each = make([]exact.Number, len(o.Tenders))
		for i := range s.Each {
			s.Each[i] = exact.Whole(0)
		}
	}
	for i, t := range o.Tenders {
		if !to(t) {
			continue
		}
		part := amount.Mul(exact.Fraction(t.Amount, paid))
		s.Each[i], s.Sum = s.Each[i].Add(part), s.Sum.Add(part)
		if !t.Kind.Earns() {
			s.Unearning = s.Unearning.Add(part)
		}
	}
}

// addReported adds a refund whose payment reports how much was returned to gift cards. A processor may return more to
// gift cards than they paid, as store credit. Money in excess of the amount that its tenders paid is assigned to no
// tender.
func (s *TenderRefunds) addReported(o *loyalty.Order, r loyalty.Refund) {
	room := func(to func(loyalty.Tender) bool) exact.Number {
		n := exact.Whole(paidWith(o, to))
		for i, t := range o.Tenders {
			if s.Each != nil && to(t) {
				n = n.Sub(s.Each[i])
			}
		}
		return n
	}
	cards := AtMost(exact.Whole(r.ToGiftCards), room(giftCard))
	s.add(o, cards, giftCard)
	s.add(o, AtMost(exact.Whole(r.Amount-r.ToGiftCards), room(earns)), earns)
}

// giftCard reports whether the tender is a gift card or store credit.
func giftCard(t loyalty.Tender) bool {
	return t.Kind == loyalty.TenderGiftCard || t.Kind == loyalty.TenderStoreCredit
}

func earns(t loyalty.Tender) bool { return t.Kind.Earns() }

// paidWith returns how much some tenders paid.
func paidWith(o *loyalty.Order, which func(loyalty.Tender) bool) (sum int64) {
	for _, t := range o.Tenders {
		if which(t) {
			sum += t.Amount
		}
	}
	return sum
}

// RemainingMoney returns the money paid for the order that remains after refunds that name a tender. It returns the
// whole amount, and the part that can earn.
func RemainingMoney(o *loyalty.Order, back TenderRefunds) (all, earning exact.Number) {
	all = exact.Whole(OrderTotal(*o)).Sub(back.Sum)
	unearning := atLeastZero(exact.Whole(Unearning(*o)).Sub(back.Unearning))
	return all, atLeastZero(all.Sub(unearning))
}

// CheckRefundTenders rejects refunds to tenders that the order does not have, and refunds of more than a tender paid.
func CheckRefundTenders(o *loyalty.Order) error {
	for i, r := range o.Refunds {
		if r.Tender == "" {
			continue
		}
		if why := refundTender(o, r.Tender); why != "" {
			return loyalty.Refuse(loyalty.ValidationFailed, fmt.Sprintf("/refunds/%d/tender", i), why)
		}
		if paid := paidWith(o, func(t loyalty.Tender) bool { return t.Named(r.Tender) }); r.Amount > paid {
			return overRefunded(r.Tender, loyalty.Money{Amount: paid, Currency: o.Currency})
		}
	}
	for i, back := range TenderRefundsOf(o).Each {
		if t := o.Tenders[i]; back.Sub(exact.Whole(t.Amount)).Sign() > 0 {
			return overRefunded(string(t.Kind), loyalty.Money{Amount: t.Amount, Currency: o.Currency})
		}
	}
	return nil
}

// refundTender returns the reason why a refund cannot name a tender, or an empty string if it can.
func refundTender(o *loyalty.Order, name string) string {
	earn, some := false, false
	for _, t := range o.Tenders {
		if !t.Named(name) {
			continue
		}
		if some && earn != t.Kind.Earns() {
			return fmt.Sprintf(
				"Several tenders are named %q, and only some of them earn points. Specify the type of the tender.",
				name,
			)
		}
		earn, some = t.Kind.Earns(), true
	}
	if !some {
		return fmt.Sprintf("The order has no tender with the type or name %q. List it in tenders.", name)
	}
	return ""
}

func overRefunded(tender string, paid loyalty.Money) *loyalty.Error {
	return loyalty.Refuse(
		loyalty.RefundExceedsPayment, "/refunds",
		fmt.Sprintf("The refunds to the tender %q exceed the paid %s.", tender, paid),
	)
}

// OrderGiftCards returns the amount that gift cards and store credit paid according to payments, and the amount for
// which this is not known yet. If the merchant states the tenders, nothing is unknown.
func OrderGiftCards(o *loyalty.Order) (reported, unknown int64) {
	for _, x := range o.Receipts {
		one, more := giftCards(x, o.Currency)
		reported, unknown = reported+one, unknown+more
	}
	if slices.ContainsFunc(o.Tenders, func(t loyalty.Tender) bool { return !t.Reported }) {
		unknown = 0
	}
	return reported, unknown
}

// reportTenders sets the tenders of an order from its payments, if the merchant sent no tenders and gift cards or store
// credit paid part of the order. Each call starts from the merchant's tenders.
func reportTenders(o *loyalty.Order) {
	if slices.ContainsFunc(o.Tenders, func(t loyalty.Tender) bool { return t.Reported }) {
		o.Tenders = nil
	}
	reported, unknown := OrderGiftCards(o)
	cards := min(OrderTotal(*o), reported+unknown)
	if len(o.Tenders) > 0 || cards == 0 {
		return
	}
	o.Tenders = []loyalty.Tender{{Kind: loyalty.TenderGiftCard, Amount: cards, Reported: true}}
	if rest := OrderTotal(*o) - cards; rest > 0 {
		o.Tenders = append(o.Tenders, loyalty.Tender{Kind: loyalty.TenderOther, Amount: rest, Reported: true})
	}
}
