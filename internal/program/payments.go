package program

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program/document"
	"github.com/perennial-loyalty/perennial/internal/program/validate"
)

// parsePayments reads how reports of payment processors are handled.
func parsePayments(c *document.Compiler, n *document.Node) (t loyalty.PaymentTerms) {
	t.Award = loyalty.Award(n.Get("award").Text())
	for _, by := range texts(n.Get("find_member_by")) {
		t.FindBy = append(t.FindBy, loyalty.MemberBy(by))
	}
	within := n.Get("claim_within")
	t.ClaimWithin = validate.Some(c, within)
	var day time.Time
	if t.ClaimWithin.After(day, time.UTC).Sub(day) > loyalty.MaxOrderAge {
		c.Add(document.At(within, "%s is more than 90 days; older payments cannot be claimed", within.Value))
	}
	return t
}
