package snapshot

import (
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// A paymentsDoc stores how reports of payment processors are handled, in the words of the program file.
type paymentsDoc struct {
	Award       loyalty.Award      `json:"award,omitzero"`
	FindBy      []loyalty.MemberBy `json:"find_member_by,omitzero"`
	ClaimWithin periodDoc          `json:"claim_within,omitzero"`
}

func paymentsOf(t loyalty.PaymentTerms) paymentsDoc {
	return paymentsDoc{t.Award, t.FindBy, periodDoc(t.ClaimWithin)}
}

func (d paymentsDoc) payments() loyalty.PaymentTerms {
	return loyalty.PaymentTerms{Award: d.Award, FindBy: d.FindBy, ClaimWithin: calendar.Period(d.ClaimWithin)}
}
