package loyalty

import (
	"cmp"
	"slices"
	"time"
)

// Award is what an order must be to be worth something.
type Award string

const (
	AwardOrders         Award = "orders"           // what the merchant tells; payments only take back. The zero value too
	AwardOrdersWhenPaid Award = "orders_when_paid" // what the merchant tells, once a processor has reported the money
	AwardPayments       Award = "payments"         // the same, and what a processor reports of orders that nobody told
)

// MemberBy is by what a payment finds its member.
type MemberBy string

const (
	ByMetadata MemberBy = "metadata" // loyalty_member, which the merchant's own system attached to the payment
	ByCustomer MemberBy = "customer" // the processor's id of the customer, or the merchant's own under which the member enrolled
	ByEmail    MemberBy = "email"
)

// PaymentTerms is what processors' reports do. The zero value: orders award, and refunds and disputes take back.
type PaymentTerms struct {
	Award       Award
	FindBy      []MemberBy // one after the other; nil: metadata, customer, email
	ClaimWithin Period     // so long after it a payment of somebody unknown becomes a new member's; zero: 30 days
}

func (t PaymentTerms) awardsWhenPaid() bool {
	return t.Award == AwardOrdersWhenPaid || t.Award == AwardPayments
}

// Finds is by what a payment finds its member, one after the other.
func (t PaymentTerms) Finds() []MemberBy {
	if t.FindBy == nil {
		return []MemberBy{ByMetadata, ByCustomer, ByEmail}
	}
	return t.FindBy
}

// FindsBy reports whether a payment finds its member so.
func (t PaymentTerms) FindsBy(by MemberBy) bool { return slices.Contains(t.Finds(), by) }

// Claims is so long after it a payment of somebody unknown can become a new member's.
func (t PaymentTerms) Claims() Period { return cmp.Or(t.ClaimWithin, Period{Days: 30}) }

// Attributable reports whether an order that was placed by an unknown customer, or before its member joined, can be the
// member's: the member had joined by then, give or take JoinGrace, or the order is not older than Claims.
func (p *Program) Attributable(placed, joined, now time.Time) bool {
	if placed.Before(now.Add(-MaxOrderAge)) {
		return false
	}
	return !placed.Before(joined.Add(-JoinGrace)) || !now.After(p.Payments.Claims().After(placed, p.Zone))
}
