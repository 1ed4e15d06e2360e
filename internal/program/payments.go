package program

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// payments reads the terms for reports of payment processors.
func (c *compiler) payments(n *node) (t loyalty.PaymentTerms) {
	t.Award = loyalty.Award(n.get("award").text())
	for _, by := range texts(n.get("find_member_by")) {
		t.FindBy = append(t.FindBy, loyalty.MemberBy(by))
	}
	within := n.get("claim_within")
	t.ClaimWithin = c.some(within)
	var day time.Time
	if t.ClaimWithin.After(day, time.UTC).Sub(day) > posting.MaxOrderAge {
		c.add(at(within, "%s is more than 90 days; older payments cannot be claimed", within.value))
	}
	return t
}

// payments explains the terms for reports of payment processors, if the file contains any.
func (e *explainer) payments() {
	t := e.p.Payments
	if t.Award == "" && t.FindBy == nil && t.ClaimWithin.IsZero() {
		return
	}
	switch t.Award {
	case loyalty.AwardPayments:
		e.say("An order earns points when a payment processor reports its payment. A payment without a reported order earns points too.")
	case loyalty.AwardOrdersWhenPaid:
		e.say("An order earns points when a payment processor reports its payment.")
	default:
		e.say("Payment processors report refunds; orders earn points as the shop reports them.")
	}
	words := map[loyalty.MemberBy]string{
		loyalty.ByMetadata: "its metadata", loyalty.ByCustomer: "the processor's customer", loyalty.ByEmail: "the email address",
	}
	var ways []string
	for _, by := range t.Finds() {
		ways = append(ways, words[by])
	}
	e.say("A payment is matched to its member by %s; a payment without a member can be claimed for %s by enrolling.",
		series(ways, "or"), period(t.Claims()))
}
