package payments

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// A stripeEvent is an event of Stripe. Stripe reports one payment as a payment intent, a charge and a checkout
// session. All of them are stored under the ID of the payment intent or, without one, of the charge, so that a
// payment counts once regardless of the event types that a merchant subscribes to. If the intent and its charge
// differ about the received money, the intent counts.
//
// The charges of a subscription inherit no metadata. Checkout sessions, subscriptions, invoices and customers state
// which member a customer is. Their money is that of a charge and does not count again. Charges do not state their
// tax. A payment intent may state it in amount_details. A checkout session states it, and so does an invoice that
// names its payment.
type stripeEvent struct {
	ID      string         `json:"id"`
	Object  string         `json:"object"`
	Version string         `json:"api_version"`
	Type    string         `json:"type"`
	Created jsontext.Value `json:"created"` // a number; a string in thin events, which are not supported
	Live    *bool          `json:"livemode"`
	Data    struct {
		Object jsontext.Value `json:"object"`
	} `json:"data"`
}

// A stripeObject contains the fields that the package needs of a payment intent, charge, refund, dispute, checkout
// session, invoice, subscription or customer.
type stripeObject struct {
	ID            string            `json:"id"`
	Object        string            `json:"object"`
	Amount        int64             `json:"amount"`
	Received      int64             `json:"amount_received"` // payment intents
	Captured      bool              `json:"captured"`        // charges
	AmountCapture int64             `json:"amount_captured"`
	AmountBack    int64             `json:"amount_refunded"`
	Currency      string            `json:"currency"`
	Status        string            `json:"status"`
	Created       int64             `json:"created"`
	Intent        stripeRef         `json:"payment_intent"`
	Charge        stripeRef         `json:"charge"`
	Customer      stripeRef         `json:"customer"`
	Metadata      map[string]string `json:"metadata"`
	Receipt       string            `json:"receipt_email"`
	Billing       struct {
		Email string `json:"email"`
	} `json:"billing_details"`
	Details struct {
		Email string `json:"email"`
	} `json:"customer_details"`
	Subscription stripeNames `json:"subscription_details"` // invoices before 2025-03-31
	Parent       struct {
		Subscription stripeNames `json:"subscription_details"`
	} `json:"parent"` // invoices since 2025-03-31
	stripeParts
}

type stripeNames struct {
	Metadata map[string]string `json:"metadata"`
}

// member returns the member that the merchant's own system attached to the object.
func (o stripeObject) member() string {
	for _, names := range []map[string]string{o.Metadata, o.Subscription.Metadata, o.Parent.Subscription.Metadata} {
		if m := reference(names["loyalty_member"]); m != "" {
			return m
		}
	}
	return ""
}

// customer returns the ID of the object's customer, or of the object itself if it is a customer.
func (o stripeObject) customer() string {
	if o.Object == "customer" {
		return o.ID
	}
	return string(o.Customer)
}

// A stripeRef is the ID of an object that an event contains as an ID or in expanded form.
type stripeRef string

func (r *stripeRef) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if dec.PeekKind() != '{' {
		return json.UnmarshalDecode(dec, (*string)(r))
	}
	var o struct {
		ID string `json:"id"`
	}
	err := json.UnmarshalDecode(dec, &o)
	*r = stripeRef(o.ID)
	return err
}

// stripeDecimals lists the currencies whose minor units at Stripe differ from ISO 4217. For backward compatibility,
// Stripe uses two decimals for the Icelandic króna and the Ugandan shilling. It uses none for the Malagasy ariary
// (https://docs.stripe.com/currencies#special-cases and #zero-decimal).
var stripeDecimals = decimals{"ISK": 2, "UGX": 2, "MGA": 0}

// overCharge is added to the clock of a payment intent's facts, so that they take precedence over those of its
// charge.
const overCharge = int64(1) << 50

func readStripe(body []byte) (event, error) {
	var in stripeEvent
	if err := decode(body, &in); err != nil {
		return event{}, err
	}
	if err := checkIDs(in.ID); err != nil || in.ID == "" {
		return event{}, odd("validation_failed", "The event has no id.")
	}
	e := event{id: in.ID, kind: in.Type, live: in.Live}
	var created int64
	if in.Object != "event" || json.Unmarshal(in.Created, &created) != nil {
		return e, nil
	}
	e.at = unix(created)
	family, _, _ := strings.Cut(in.Type, ".")
	switch {
	case !slices.Contains(stripeFamilies, family):
		return e, nil
	case len(in.Data.Object) == 0:
		return e, odd("validation_failed", "The event has no object.")
	}
	var o stripeObject
	if err := decode(in.Data.Object, &o); err != nil {
		return e, err
	}
	var err error
	e.report, err = o.report(in, created)
	return e, err
}

// stripeFamilies lists the first words of the event types that are processed.
var stripeFamilies = []string{"payment_intent", "charge", "refund", "checkout", "invoice", "customer"}

// report returns what an object states, or nil if it states neither money nor a member.
func (o stripeObject) report(in stripeEvent, created int64) (*report, error) {
	payment := string(o.Intent)
	if payment == "" {
		payment = string(o.Charge)
	}
	if payment == "" && (o.Object == "payment_intent" || o.Object == "charge") {
		payment = o.ID
	}
	if err := checkIDs(o.ID, payment, o.customer()); err != nil {
		return nil, err
	}
	r := &report{Report: ledger.Report{Member: o.member()}}
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
	r.Payment, r.Facts, r.Order = "stripe:"+payment, nothing(facts), reference(o.Metadata["loyalty_order"])
	for _, email := range []string{o.Details.Email, o.Receipt, o.Billing.Email} {
		if r.email == "" {
			r.email = email
		}
	}
	return r, nil
}

// facts returns the facts about money in an object, with a clock in milliseconds. It reports false for an event that
// concerns no payment.
func (o stripeObject) facts(in stripeEvent, payment string, clock int64) (facts []loyalty.Fact, known bool, err error) {
	at, kind := unix(o.Created), in.Type
	add := func(f loyalty.FactKind, id string, s loyalty.FactState, amount, clock int64) {
		var m loyalty.Money
		if m, err = stripeDecimals.money(amount, o.Currency); err == nil {
			facts = append(facts, loyalty.Fact{Kind: f, ID: id, State: s, Money: m, Clock: clock, At: at})
		}
	}
	switch {
	case kind == "payment_intent.succeeded" && o.Object == "payment_intent":
		at = unix(clock / 1000) // the time of the payment instead of the time at which the session was created
		if add(loyalty.FactCapture, payment, loyalty.FactDone, o.Received, clock+overCharge); err == nil {
			err = o.intentParts(&facts[0])
		}
	case strings.HasPrefix(kind, "charge.") && o.Object == "charge":
		if !o.Captured || o.Status != "succeeded" {
			return nil, true, nil
		}
		if add(loyalty.FactCapture, payment, loyalty.FactDone, o.AmountCapture, clock); err != nil {
			return nil, true, err
		}
		sum, err := o.refunded(in.Version, clock)
		return append(facts, sum), true, err
	case o.Object == "refund":
		state, ok := map[string]loyalty.FactState{
			"pending": loyalty.FactPending, "requires_action": loyalty.FactPending, "succeeded": loyalty.FactDone,
			"failed": loyalty.FactFailed, "canceled": loyalty.FactFailed,
		}[o.Status]
		if !ok {
			return nil, false, odd("validation_failed", "The refund has a status that is not known.")
		}
		add(loyalty.FactRefund, o.ID, state, o.Amount, clock)
	case strings.HasPrefix(kind, "charge.dispute.") && o.Object == "dispute":
		state, ok := o.dispute(kind)
		if !ok {
			return nil, false, odd("validation_failed", "The dispute has a status that is not known.")
		}
		add(loyalty.FactDispute, o.ID, state, o.Amount, clock)
	case kind == "checkout.session.completed", kind == "checkout.session.async_payment_succeeded", kind == "invoice.paid":
		f, err := o.partsFact(clock)
		if f.Tax > 0 || f.Shipping > 0 {
			facts = append(facts, f)
		}
		return facts, true, err
	default:
		return nil, false, nil
	}
	return facts, true, err
}

// stripeVersion is the API version in which objects are read back. Since this version, amount_refunded excludes money
// that was authorized but never captured.
const stripeVersion = "2025-03-31.basil"

// refunded returns the total of a charge's refunds, without money that was released because it was not captured.
func (o stripeObject) refunded(version string, clock int64) (loyalty.Fact, error) {
	released := int64(0)
	if version < stripeVersion[:10] {
		released = max(0, o.Amount-o.AmountCapture)
	}
	f := loyalty.Fact{Kind: loyalty.FactRefunded, ID: o.ID, State: loyalty.FactDone, Clock: clock, At: unix(clock / 1000)}
	back, err := stripeDecimals.money(max(0, o.AmountBack-released), o.Currency)
	if err != nil {
		return f, err
	}
	f.Money = back
	all, err := stripeDecimals.money(released, o.Currency)
	f.Released = all.Amount
	return f, err
}

// dispute returns the state of a dispute. A warning moves no money.
func (o stripeObject) dispute(kind string) (loyalty.FactState, bool) {
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
