package loyalty

import "fmt"

// named reports whether a rule or a refund that names a tender means this one: by its kind or by its name.
func (t Tender) named(name string) bool {
	return name != "" && (string(t.Kind) == name || t.Name == name)
}

// tenderRefunds is the money that refunds returned to the tenders that they name. Other refunds went back to what
// remains of all tenders, in proportion.
type tenderRefunds struct {
	each      []exact // by tender, in the order's sequence; nil if no refund names one
	sum       exact
	unearning exact // of it, to tenders that earn nothing
}

// tenderRefunds adds up the succeeded refunds by tender. A refund that names several tenders, such as two cards, went
// back to each in proportion to its amount.
func (o *Order) tenderRefunds() tenderRefunds {
	s := tenderRefunds{sum: whole(0), unearning: whole(0)}
	for _, r := range o.Refunds {
		if r.Tender == "" || r.Status != RefundSucceeded {
			continue
		}
		paid := o.paidWith(r.Tender)
		if paid == 0 {
			continue
		}
		if s.each == nil {
			s.each = make([]exact, len(o.Tenders))
			for i := range s.each {
				s.each[i] = whole(0)
			}
		}
		for i, t := range o.Tenders {
			if !t.named(r.Tender) {
				continue
			}
			part := whole(r.Amount).mul(share(t.Amount, paid))
			s.each[i], s.sum = s.each[i].add(part), s.sum.add(part)
			if !t.Kind.earns() {
				s.unearning = s.unearning.add(part)
			}
		}
	}
	return s
}

// paidWith is how much the tenders of a name paid.
func (o *Order) paidWith(name string) (sum int64) {
	for _, t := range o.Tenders {
		if t.named(name) {
			sum += t.Amount
		}
	}
	return sum
}

// remaining returns what is left of the money that was paid for the order after refunds that name a tender: all of it, and
// what of it can earn.
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
		if paid := o.paidWith(r.Tender); r.Amount > paid {
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

// refundTender returns why a refund cannot name a tender; empty if it can.
func (o *Order) refundTender(name string) string {
	earn, some := false, false
	for _, t := range o.Tenders {
		if !t.named(name) {
			continue
		}
		if some && earn != t.Kind.earns() {
			return fmt.Sprintf("Several tenders are named %q, and not all of them earn. Name the kind of the tender.", name)
		}
		earn, some = t.Kind.earns(), true
	}
	if !some {
		return fmt.Sprintf("The order has no tender of the kind or name %q. List it in tenders.", name)
	}
	return ""
}

func overRefunded(tender string, paid Money) *Error {
	return refuse(RefundExceedsPayment, "/refunds", fmt.Sprintf("More was refunded to %q than the %s that it paid.", tender, paid))
}
