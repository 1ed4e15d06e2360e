package loyalty

import (
	"cmp"
	"slices"
	"time"
)

// Award states which orders earn.
type Award string

const (
	// AwardOrders awards orders that the merchant reports; payments only claw back. The zero value means the same.
	AwardOrders Award = "orders"
	// AwardOrdersWhenPaid awards orders that the merchant reports, once a processor has reported the money.
	AwardOrdersWhenPaid Award = "orders_when_paid"
	// AwardPayments awards the same orders, and also orders that only a processor reports.
	AwardPayments Award = "payments"
)

// MemberBy is a way to find the member of a payment.
type MemberBy string

const (
	// ByMetadata uses the metadata field loyalty_member, which the merchant's system attached to the payment.
	ByMetadata MemberBy = "metadata"
	// ByCustomer uses the processor's customer ID, or the merchant's customer ID under which the member enrolled.
	ByCustomer MemberBy = "customer"
	ByEmail    MemberBy = "email"
)

// PaymentTerms states what the reports of payment processors do. With the zero value, orders award, and refunds and
// disputes claw back.
type PaymentTerms struct {
	Award  Award
	FindBy []MemberBy // in this order; nil: metadata, customer, email
	// ClaimWithin is how long after a payment by an unknown customer a new member can still claim it; zero means 30
	// days.
	ClaimWithin Period
}

func (t PaymentTerms) awardsWhenPaid() bool {
	return t.Award == AwardOrdersWhenPaid || t.Award == AwardPayments
}

// Finds returns the ways to find the member of a payment, in the order in which they are tried.
func (t PaymentTerms) Finds() []MemberBy {
	if t.FindBy == nil {
		return []MemberBy{ByMetadata, ByCustomer, ByEmail}
	}
	return t.FindBy
}

// FindsBy reports whether a payment can find its member in the given way.
func (t PaymentTerms) FindsBy(by MemberBy) bool { return slices.Contains(t.Finds(), by) }

// Claims returns how long after a payment by an unknown customer a new member can still claim it.
func (t PaymentTerms) Claims() Period { return cmp.Or(t.ClaimWithin, Period{Days: 30}) }

// Attributable reports whether an order can be attributed to the member although an unknown customer placed it, or
// although it was placed before the member joined. The order must not be older than MaxOrderAge. It must also have been
// placed at most JoinGrace before the member joined, or within the period that Claims returns.
func (p *Program) Attributable(placed, joined, now time.Time) bool {
	if placed.Before(now.Add(-MaxOrderAge)) {
		return false
	}
	return !placed.Before(joined.Add(-JoinGrace)) || !now.After(p.Payments.Claims().After(placed, p.Zone))
}
