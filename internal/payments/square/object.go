package square

import (
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
	"github.com/perennial-loyalty/perennial/internal/service"
)

type money struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

// An object contains the fields of a payment, refund or dispute that the package uses.
type object struct {
	ID        string `json:"id"`
	DisputeID string `json:"dispute_id"` // the ID of a dispute; some samples of Square use this field instead of id
	Status    string `json:"status"`
	State     string `json:"state"`
	Amount    money  `json:"amount_money"`
	Tip       money  `json:"tip_money"`
	Back      money  `json:"refunded_money"`
	Payment   string `json:"payment_id"`
	Unlinked  bool   `json:"unlinked"`
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
	Reference string `json:"reference_id"` // a reference that the merchant sets
	Customer  string `json:"customer_id"`
	Email     string `json:"buyer_email_address"`
	Created   string `json:"created_at"`
	Reported  string `json:"reported_at"`
	Updated   string `json:"updated_at"`
}

// fact returns a fact about the object. Its clock is the time of the object's last change.
func (o object) fact(kind loyalty.FactKind, state loyalty.FactState, m money) (loyalty.Fact, error) {
	amount, err := webhook.Money(m.Amount, m.Currency)
	at := webhook.Instant(o.Created)
	if at.IsZero() {
		at = webhook.Instant(o.Reported)
	}
	return loyalty.Fact{
		Kind: kind, ID: o.ID, State: state, Money: amount, Clock: webhook.Clock(webhook.Instant(o.Updated)), At: at,
	}, err
}

// paymentStates maps the statuses of a payment to states of a fact.
var paymentStates = map[string]loyalty.FactState{
	"APPROVED": loyalty.FactPending, "PENDING": loyalty.FactPending, "COMPLETED": loyalty.FactDone,
	"CANCELED": loyalty.FactFailed, "FAILED": loyalty.FactFailed,
}

// payment returns the capture of a payment and the total of the payment's refunds.
func (o object) payment() (*webhook.Report, error) {
	state, ok := paymentStates[o.Status]
	if !ok {
		return nil, webhook.Invalid("The payment has an unknown status.")
	}
	r := &webhook.Report{
		Report:  service.Report{Payment: "square:" + o.ID, Order: webhook.Reference(o.Reference)},
		Address: o.Email,
	}
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
		back.At = webhook.Instant(o.Updated)
		r.Facts = append(r.Facts, back)
	}
	r.Facts = webhook.Moving(r.Facts...)
	return r, nil
}

// giftCard reports whether the payment was made with a gift card or stored credit. Both can belong to Square or to
// another system (https://developer.squareup.com/reference/square/objects/ExternalPaymentDetails).
func (o object) giftCard() bool {
	if o.Source == "EXTERNAL" {
		return o.External.Type == "OTHER_GIFT_CARD" || o.External.Type == "STORED_BALANCE"
	}
	return o.Card.Card.Brand == "SQUARE_GIFT_CARD"
}

// tipped returns the capture f with the payment's tip.
func (o object) tipped(f loyalty.Fact) (loyalty.Fact, error) {
	tip, err := webhook.Money(o.Tip.Amount, o.Tip.Currency)
	if err != nil {
		return f, err
	}
	if tip.Currency != f.Money.Currency {
		return f, webhook.Unusable(loyalty.CurrencyMismatch, "The tip is in another currency than the payment.")
	}
	f.Tip = tip.Amount
	f.Money, err = webhook.Money(f.Money.Amount+tip.Amount, o.Amount.Currency)
	return f, err
}

// refundStates maps the statuses of a refund to states of a fact.
var refundStates = map[string]loyalty.FactState{
	"PENDING": loyalty.FactPending, "COMPLETED": loyalty.FactDone,
	"REJECTED": loyalty.FactFailed, "FAILED": loyalty.FactFailed,
}

// refund returns a report about a refund. It returns nil if the refund belongs to no payment.
func (o object) refund() (*webhook.Report, error) {
	state, ok := refundStates[o.Status]
	switch {
	case !ok:
		return nil, webhook.Invalid("The refund has an unknown status.")
	case o.Unlinked || o.Payment == "":
		return nil, nil
	}
	return o.about(o.Payment, loyalty.FactRefund, state)
}

// disputeStates maps Square's states of a dispute to states of a fact. An inquiry moves no money.
var disputeStates = map[string]loyalty.FactState{
	"INQUIRY_EVIDENCE_REQUIRED": loyalty.FactPending, "INQUIRY_PROCESSING": loyalty.FactPending,
	"INQUIRY_CLOSED": loyalty.FactPending, "EVIDENCE_REQUIRED": loyalty.FactOpen, "PROCESSING": loyalty.FactOpen,
	"WON": loyalty.FactWon, "LOST": loyalty.FactLost, "ACCEPTED": loyalty.FactLost,
}

// dispute returns a report about a dispute.
func (o object) dispute() (*webhook.Report, error) {
	state, ok := disputeStates[o.State]
	if !ok || o.Disputed.Payment == "" {
		return nil, webhook.Invalid("The dispute has an unknown state or no payment.")
	}
	return o.about(o.Disputed.Payment, loyalty.FactDispute, state)
}

// about returns a report about a refund or dispute that belongs to the given payment.
func (o object) about(payment string, kind loyalty.FactKind, state loyalty.FactState) (*webhook.Report, error) {
	f, err := o.fact(kind, state, o.Amount)
	if err != nil {
		return nil, err
	}
	return &webhook.Report{Report: service.Report{Payment: "square:" + payment, Facts: webhook.Moving(f)}}, nil
}
