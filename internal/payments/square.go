package payments

import (
	"slices"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// A squareEvent contains a whole object, which Square sends after every change with the time of the change. The
// captured amount is total_money, which includes the tip, because refunds may include the tip too
// (https://developer.squareup.com/reference/square/objects/Payment). The tip is a separate portion like tax, and
// earns points only if tax does.
type squareEvent struct {
	ID      string `json:"event_id"`
	Type    string `json:"type"`
	Created string `json:"created_at"`
	Data    struct {
		Object struct {
			Payment *squareObject `json:"payment"`
			Refund  *squareObject `json:"refund"`
			Dispute *squareObject `json:"dispute"`
		} `json:"object"`
	} `json:"data"`
}

type squareMoney struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

type squareObject struct {
	ID        string      `json:"id"`
	DisputeID string      `json:"dispute_id"` // in some samples, the ID of a dispute
	Status    string      `json:"status"`
	State     string      `json:"state"`
	Amount    squareMoney `json:"amount_money"`
	Tip       squareMoney `json:"tip_money"`
	Back      squareMoney `json:"refunded_money"`
	Payment   string      `json:"payment_id"`
	Unlinked  bool        `json:"unlinked"`
	Disputed  struct {
		Payment string `json:"payment_id"`
	} `json:"disputed_payment"`
	Source string `json:"source_type"`
	Card   struct {
		Card struct {
			Brand string `json:"card_brand"`
		} `json:"card"`
	} `json:"card_details"`
	External struct {
		Type string `json:"type"`
	} `json:"external_details"`
	Reference string `json:"reference_id"` // the merchant's own reference
	Customer  string `json:"customer_id"`
	Email     string `json:"buyer_email_address"`
	Created   string `json:"created_at"`
	Reported  string `json:"reported_at"`
	Updated   string `json:"updated_at"`
}

// squareDisputes lists the events that change the state of a dispute. Other dispute events concern its evidence
// (https://developer.squareup.com/reference/square/disputes-api/webhooks).
var squareDisputes = []string{"dispute.created", "dispute.state.updated", "dispute.state.changed"}

func readSquare(body []byte) (event, error) {
	var in squareEvent
	if err := decode(body, &in); err != nil {
		return event{}, err
	}
	if !idForm.MatchString(in.ID) {
		return event{}, odd("validation_failed", "The event has no id.")
	}
	e := event{id: in.ID, kind: in.Type, at: instant(in.Created)}
	family, _, _ := strings.Cut(in.Type, ".")
	o, read := in.Data.Object.Payment, squareObject.payment
	switch {
	case family == "payment":
	case family == "refund":
		o, read = in.Data.Object.Refund, squareObject.refund
	case slices.Contains(squareDisputes, in.Type):
		o, read = in.Data.Object.Dispute, squareObject.dispute
	default:
		return e, nil
	}
	if o == nil {
		return e, odd("validation_failed", "The event has no object.")
	}
	if o.ID == "" {
		o.ID = o.DisputeID
	}
	if err := checkIDs(o.ID, o.Payment, o.Disputed.Payment, o.Customer); err != nil || o.ID == "" {
		return e, odd("validation_failed", "The object has no id of Square's.")
	}
	var err error
	e.report, err = read(*o)
	return e, err
}

// fact returns a fact about the object, ordered by the time of the object's last change.
func (o squareObject) fact(kind loyalty.FactKind, state loyalty.FactState, m squareMoney) (loyalty.Fact, error) {
	amount, err := money(m.Amount, m.Currency)
	at := instant(o.Created)
	if at.IsZero() {
		at = instant(o.Reported)
	}
	return loyalty.Fact{Kind: kind, ID: o.ID, State: state, Money: amount, Clock: clock(instant(o.Updated)), At: at}, err
}

func (o squareObject) payment() (*report, error) {
	state, ok := map[string]loyalty.FactState{
		"APPROVED": loyalty.FactPending, "PENDING": loyalty.FactPending, "COMPLETED": loyalty.FactDone,
		"CANCELED": loyalty.FactFailed, "FAILED": loyalty.FactFailed,
	}[o.Status]
	if !ok {
		return nil, odd("validation_failed", "The payment has a status that is not known.")
	}
	r := &report{Report: ledger.Report{Payment: "square:" + o.ID, Order: reference(o.Reference)}, email: o.Email}
	if o.Customer != "" {
		r.Customer = "square:" + o.Customer
	}
	f, err := o.fact(loyalty.FactCapture, state, o.Amount)
	if err == nil && o.Tip.Amount != 0 {
		f, err = o.tipped(f)
	}
	if err != nil {
		return nil, err
	}
	if o.giftCard() {
		f.GiftCard = f.Money.Amount
	}
	r.Facts = append(r.Facts, f)
	if o.Back.Currency != "" {
		back, err := o.fact(loyalty.FactRefunded, loyalty.FactDone, o.Back)
		if err != nil {
			return nil, err
		}
		back.At = instant(o.Updated)
		r.Facts = append(r.Facts, back)
	}
	r.Facts = nothing(r.Facts)
	return r, nil
}

// giftCard reports whether the payment was made with a gift card or stored credit, of Square or of another system
// (https://developer.squareup.com/reference/square/objects/ExternalPaymentDetails).
func (o squareObject) giftCard() bool {
	if o.Source == "EXTERNAL" {
		return o.External.Type == "OTHER_GIFT_CARD" || o.External.Type == "STORED_BALANCE"
	}
	return o.Card.Card.Brand == "SQUARE_GIFT_CARD"
}

// tipped adds the tip to a capture.
func (o squareObject) tipped(f loyalty.Fact) (loyalty.Fact, error) {
	tip, err := money(o.Tip.Amount, o.Tip.Currency)
	if err != nil {
		return f, err
	}
	if tip.Currency != f.Money.Currency {
		return f, odd(loyalty.CurrencyMismatch, "The tip is in another currency than the payment.")
	}
	f.Tip = tip.Amount
	f.Money, err = money(f.Money.Amount+tip.Amount, o.Amount.Currency)
	return f, err
}

func (o squareObject) refund() (*report, error) {
	state, ok := map[string]loyalty.FactState{
		"PENDING": loyalty.FactPending, "COMPLETED": loyalty.FactDone, "REJECTED": loyalty.FactFailed, "FAILED": loyalty.FactFailed,
	}[o.Status]
	switch {
	case !ok:
		return nil, odd("validation_failed", "The refund has a status that is not known.")
	case o.Unlinked || o.Payment == "":
		return nil, nil // it belongs to no known payment
	}
	return o.of(o.Payment, loyalty.FactRefund, state)
}

func (o squareObject) dispute() (*report, error) {
	state, ok := map[string]loyalty.FactState{
		"INQUIRY_EVIDENCE_REQUIRED": loyalty.FactPending, "INQUIRY_PROCESSING": loyalty.FactPending, "INQUIRY_CLOSED": loyalty.FactPending,
		"EVIDENCE_REQUIRED": loyalty.FactOpen, "PROCESSING": loyalty.FactOpen,
		"WON": loyalty.FactWon, "LOST": loyalty.FactLost, "ACCEPTED": loyalty.FactLost,
	}[o.State]
	if !ok || o.Disputed.Payment == "" {
		return nil, odd("validation_failed", "The dispute has a state that is not known, or no payment.")
	}
	return o.of(o.Disputed.Payment, loyalty.FactDispute, state)
}

func (o squareObject) of(payment string, kind loyalty.FactKind, state loyalty.FactState) (*report, error) {
	f, err := o.fact(kind, state, o.Amount)
	if err != nil {
		return nil, err
	}
	return &report{Report: ledger.Report{Payment: "square:" + payment, Facts: nothing([]loyalty.Fact{f})}}, nil
}
