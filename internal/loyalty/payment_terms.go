package loyalty

import (
	"cmp"

	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// ClawbackPolicy says how far a clawback reaches if an order's points are no longer available.
type ClawbackPolicy int

const (
	ClawbackDebt          ClawbackPolicy = iota // the clawback takes from other lots, then creates debt
	ClawbackWithinBalance                       // the clawback takes from other lots, but creates no debt
	ClawbackPendingOnly                         // the clawback takes only points of the order that are still pending
	ClawbackUnlimited                           // the same as ClawbackDebt, but without a maximum debt
)

// Award states which orders earn.
type Award string

const (
	// AwardOrders awards orders that the merchant reports; payments only claw back. The zero value means the same.
	AwardOrders Award = "orders"
	// AwardOrdersWhenPaid awards orders that the merchant reports, after a processor has reported the money.
	AwardOrdersWhenPaid Award = "orders_when_paid"
	// AwardPayments awards the same orders as AwardOrdersWhenPaid, and also orders that only a processor reports.
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

// PaymentTerms states the effect of reports by payment processors. With the zero value, orders award points, and
// refunds and disputes claw them back.
type PaymentTerms struct {
	Award  Award
	FindBy []MemberBy // the ways to find the member, tried in this order; nil means metadata, customer, email
	// ClaimWithin is how long after a payment by an unknown customer a new member can still claim it; zero means 30
	// days.
	ClaimWithin calendar.Period
}

// Finds returns the ways to find the member of a payment, in the order in which they are tried.
func (t PaymentTerms) Finds() []MemberBy {
	if t.FindBy == nil {
		return []MemberBy{ByMetadata, ByCustomer, ByEmail}
	}
	return t.FindBy
}

// Claims returns how long after a payment by an unknown customer a new member can still claim it.
func (t PaymentTerms) Claims() calendar.Period {
	return cmp.Or(t.ClaimWithin, calendar.Period{Days: 30})
}
