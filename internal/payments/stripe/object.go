package stripe

import (
	"cmp"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
	"github.com/perennial-loyalty/perennial/internal/service"
)

// An object contains the fields of a payment intent, charge, refund, dispute, checkout session, invoice, subscription
// or customer that the package uses.
type object struct {
	ID            string            `json:"id"`
	Object        string            `json:"object"`
	Amount        int64             `json:"amount"`
	Received      int64             `json:"amount_received"` // set on payment intents
	Captured      bool              `json:"captured"`        // set on charges
	AmountCapture int64             `json:"amount_captured"`
	AmountBack    int64             `json:"amount_refunded"`
	Currency      string            `json:"currency"`
	Status        string            `json:"status"`
	Created       int64             `json:"created"`
	Intent        reference         `json:"payment_intent"`
	Charge        reference         `json:"charge"`
	Customer      reference         `json:"customer"`
	Metadata      map[string]string `json:"metadata"`
	Receipt       string            `json:"receipt_email"`
	Billing       struct {
		Email string `json:"email"`
	} `json:"billing_details"`
	Details struct {
		Email string `json:"email"`
	} `json:"customer_details"`
	Subscription subscription `json:"subscription_details"` // set on invoices before API version 2025-03-31
	Parent       struct {
		Subscription subscription `json:"subscription_details"`
	} `json:"parent"` // set on invoices since API version 2025-03-31
	parts
}

// A subscription contains the metadata of the subscription to which an invoice belongs.
type subscription struct {
	Metadata map[string]string `json:"metadata"`
}

// member returns the member that the merchant stored in the metadata of the object. For an invoice, it also reads the
// metadata of the subscription, because the charges of a subscription inherit no metadata.
func (o object) member() string {
	for _, metadata := range []map[string]string{
		o.Metadata, o.Subscription.Metadata, o.Parent.Subscription.Metadata,
	} {
		if m := webhook.Reference(metadata["loyalty_member"]); m != "" {
			return m
		}
	}
	return ""
}

// customer returns the ID of the object's customer. If the object is a customer, it returns the object's own ID.
func (o object) customer() string {
	if o.Object == "customer" {
		return o.ID
	}
	return string(o.Customer)
}

// payment returns the ID of the payment to which the object belongs, or an empty string if there is none.
func (o object) payment() string {
	switch {
	case o.Intent != "":
		return string(o.Intent)
	case o.Charge != "":
		return string(o.Charge)
	case o.Object == "payment_intent" || o.Object == "charge":
		return o.ID
	}
	return ""
}

// A reference is the ID of another object. In an event, it is either an ID or the complete object.
type reference string

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (r *reference) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if dec.PeekKind() != '{' {
		return json.UnmarshalDecode(dec, (*string)(r))
	}
	var o struct {
		ID string `json:"id"`
	}
	err := json.UnmarshalDecode(dec, &o)
	*r = reference(o.ID)
	return err
}

// decimals lists the currencies for which the number of decimals of Stripe's minor units differs from ISO 4217. For
// backward compatibility, Stripe uses two decimals for the Icelandic króna and the Ugandan shilling. It uses none for
// the Malagasy ariary (https://docs.stripe.com/currencies#special-cases and #zero-decimal).
var decimals = webhook.MinorUnits{"ISK": 2, "UGX": 2, "MGA": 0}

// overCharge is added to the clock of facts from a payment intent, so that they take precedence over the facts from the
// charge of the same payment.
const overCharge = int64(1) << 50

// report returns the facts that an object states, or nil if it states neither money nor a member. The argument created
// is the time of the event, in seconds since 1970.
func (o object) report(in event, created int64) (*webhook.Report, error) {
	payment := o.payment()
	if err := webhook.CheckIDs(o.ID, payment, o.customer()); err != nil {
		return nil, err
	}
	r := &webhook.Report{Report: service.Report{Member: o.member()}}
	if o.customer() != "" {
		r.Customer = "stripe:" + o.customer()
	}
	if payment == "" {
		if r.Customer == "" || r.Member == "" {
			return nil, nil
		}
		return r, nil
	}
	facts, known, err := o.facts(in, payment, created*1000)
	if err != nil || !known || o.ID == "" {
		return nil, err
	}
	r.Payment, r.Facts = "stripe:"+payment, webhook.Moving(facts...)
	r.Order = webhook.Reference(o.Metadata["loyalty_order"])
	r.Address = cmp.Or(o.Details.Email, o.Receipt, o.Billing.Email)
	return r, nil
}

// facts returns the facts about money in an object. Their clock is in milliseconds. It reports false if the event
// concerns no payment.
func (o object) facts(in event, payment string, clock int64) (facts []loyalty.Fact, known bool, err error) {
	switch kind := in.Type; {
	case kind == "payment_intent.succeeded" && o.Object == "payment_intent":
		facts, err = o.intentFacts(payment, clock)
	case strings.HasPrefix(kind, "charge.") && o.Object == "charge":
		facts, err = o.chargeFacts(in.Version, payment, clock)
	case o.Object == "refund":
		facts, err = o.refundFacts(clock)
	case strings.HasPrefix(kind, "charge.dispute.") && o.Object == "dispute":
		facts, err = o.disputeFacts(kind, clock)
	case kind == "checkout.session.completed", kind == "checkout.session.async_payment_succeeded",
		kind == "invoice.paid":
		facts, err = o.partsFacts(clock)
	default:
		return nil, false, nil
	}
	return facts, true, err
}

// fact returns a fact with an amount that is given in Stripe's minor units.
func (o object) fact(
	kind loyalty.FactKind, id string, state loyalty.FactState, amount, clock int64,
) (loyalty.Fact, error) {
	m, err := decimals.Money(amount, o.Currency)
	return loyalty.Fact{Kind: kind, ID: id, State: state, Money: m, Clock: clock, At: unix(o.Created)}, err
}

func (o object) intentFacts(payment string, clock int64) ([]loyalty.Fact, error) {
	f, err := o.fact(loyalty.FactCapture, payment, loyalty.FactDone, o.Received, clock+overCharge)
	if err != nil {
		return nil, err
	}
	f.At = unix(clock / 1000) // the time of the payment, not the time at which the checkout session was created
	err = o.intentParts(&f)
	return []loyalty.Fact{f}, err
}

func (o object) chargeFacts(version, payment string, clock int64) ([]loyalty.Fact, error) {
	if !o.Captured || o.Status != "succeeded" {
		return nil, nil
	}
	f, err := o.fact(loyalty.FactCapture, payment, loyalty.FactDone, o.AmountCapture, clock)
	if err != nil {
		return nil, err
	}
	sum, err := o.refunded(version, clock)
	return []loyalty.Fact{f, sum}, err
}

// refunded returns the total of a charge's refunds. It excludes money that was released because it was not captured.
func (o object) refunded(version string, clock int64) (loyalty.Fact, error) {
	released := int64(0)
	if version < apiVersion[:len("2025-03-31")] {
		released = max(0, o.Amount-o.AmountCapture)
	}
	f, err := o.fact(loyalty.FactRefunded, o.ID, loyalty.FactDone, max(0, o.AmountBack-released), clock)
	if err != nil {
		return f, err
	}
	f.At = unix(clock / 1000)
	m, err := decimals.Money(released, o.Currency)
	f.Released = m.Amount
	return f, err
}

// refundStates maps the statuses of a refund to states of a fact.
var refundStates = map[string]loyalty.FactState{
	"pending": loyalty.FactPending, "requires_action": loyalty.FactPending, "succeeded": loyalty.FactDone,
	"failed": loyalty.FactFailed, "canceled": loyalty.FactFailed,
}

func (o object) refundFacts(clock int64) ([]loyalty.Fact, error) {
	state, ok := refundStates[o.Status]
	if !ok {
		return nil, webhook.Invalid("The refund has an unknown status.")
	}
	f, err := o.fact(loyalty.FactRefund, o.ID, state, o.Amount, clock)
	return []loyalty.Fact{f}, err
}

func (o object) disputeFacts(kind string, clock int64) ([]loyalty.Fact, error) {
	state, ok := o.disputeState(kind)
	if !ok {
		return nil, webhook.Invalid("The dispute has an unknown status.")
	}
	f, err := o.fact(loyalty.FactDispute, o.ID, state, o.Amount, clock)
	return []loyalty.Fact{f}, err
}

// disputeState returns the state of a dispute. A dispute that is only a warning moves no money.
func (o object) disputeState(kind string) (loyalty.FactState, bool) {
	switch {
	case strings.HasPrefix(o.Status, "warning_"), o.Status == "prevented":
		return loyalty.FactPending, true
	case o.Status == "won", o.Status != "lost" && kind == "charge.dispute.funds_reinstated":
		return loyalty.FactWon, true
	case o.Status == "lost":
		return loyalty.FactLost, true
	}
	return loyalty.FactOpen, o.Status == "needs_response" || o.Status == "under_review"
}

// unix converts seconds since 1970 to an instant in UTC.
func unix(s int64) time.Time { return time.Unix(s, 0).UTC() }
