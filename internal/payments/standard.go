package payments

import (
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// A standardEvent is the report of a merchant's own system about payments that no supported processor handles. This
// package defines its form, in the envelope that Standard Webhooks recommends. Amounts are in minor units:
//
//	{"type": "payment.captured", "timestamp": "2026-12-01T10:00:00Z",
//	 "data": {"payment": "till-7-4711", "id": "till-7-4711", "status": "done", "amount": 3489, "currency": "EUR",
//	          "order": "1042", "member": "external:cust-42", "email": "ada@example.com"}}
//
// Fields shipping and tax state the portions of the amount for shipping and tax. Field shipping_tax states the
// portion of the tax that is for shipping, and shipping excludes its tax.
//
// The types are payment.captured, payment.refunded and payment.disputed. Field id is the ID of the capture, the
// refund or the dispute. Its status is pending, done or failed or, for disputes, open, won or lost.
type standardEvent struct {
	Type string `json:"type"`
	At   string `json:"timestamp"`
	Live *bool  `json:"live"`
	Data struct {
		Payment  string `json:"payment"`
		ID       string `json:"id"`
		Status   string `json:"status"`
		Amount   int64  `json:"amount"`
		Currency string `json:"currency"`
		Shipping int64  `json:"shipping"`
		Tax      int64  `json:"tax"`
		ShipTax  int64  `json:"shipping_tax"`
		Order    string `json:"order"`
		Member   string `json:"member"`
		Customer string `json:"customer"`
		Email    string `json:"email"`
	} `json:"data"`
}

// readStandard reads an event. Its ID comes from the signed header.
func readStandard(id string, body []byte) (event, error) {
	var in standardEvent
	if err := decode(body, &in); err != nil {
		return event{}, err
	}
	e := event{id: id, kind: in.Type, at: instant(in.At), live: in.Live}
	kind, ok := map[string]loyalty.FactKind{
		"payment.captured": loyalty.FactCapture, "payment.refunded": loyalty.FactRefund, "payment.disputed": loyalty.FactDispute,
	}[in.Type]
	if !ok {
		return e, nil
	}
	d := in.Data
	states := map[string]loyalty.FactState{"pending": loyalty.FactPending, "done": loyalty.FactDone, "failed": loyalty.FactFailed}
	if kind == loyalty.FactDispute {
		states = map[string]loyalty.FactState{"open": loyalty.FactOpen, "won": loyalty.FactWon, "lost": loyalty.FactLost}
	}
	state, ok := states[d.Status]
	switch {
	case !ok:
		return e, odd("validation_failed", "The status is none of this type.")
	case e.at.IsZero():
		return e, odd("validation_failed", "The timestamp is no instant like 2026-12-01T10:00:00Z.")
	case !idForm.MatchString(d.Payment), !idForm.MatchString(d.ID), d.Shipping < 0, d.ShipTax < 0, d.ShipTax > d.Tax:
		return e, odd("validation_failed", "The payment or the id is missing or has another form, or a part of the amount is negative or larger than the whole.")
	}
	if err := checkIDs(d.Order, d.Member, d.Customer); err != nil {
		return e, err
	}
	m, err := money(d.Amount, d.Currency)
	if err != nil {
		return e, err
	}
	e.report = &report{email: d.Email, Report: ledger.Report{
		Payment: "standard:" + d.Payment, Order: d.Order, Member: d.Member,
		Facts: nothing([]loyalty.Fact{{
			Kind: kind, ID: d.ID, State: state, Money: m, Clock: clock(e.at), At: e.at, Shipping: d.Shipping, Tax: d.Tax,
			ShippingTax: d.ShipTax,
		}}),
	}}
	if d.Customer != "" {
		e.report.Customer = "standard:" + d.Customer
	}
	return e, nil
}
