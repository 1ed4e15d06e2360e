package payments

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// A paypalEvent states which object changed. A forged body can carry a valid signature, so the object is read from
// PayPal's API and compared with the event, and the API's data counts. A reversal cannot be compared (see reversed).
type paypalEvent struct {
	ID       string         `json:"id"`
	Type     string         `json:"event_type"`
	Created  string         `json:"create_time"`
	Resource jsontext.Value `json:"resource"`
}

// A paypalMoney is {currency_code, value} of the v2 API or {currency, total} of v1. In v1 it may include shipping and
// tax. In v2, only the checkout order states them.
type paypalMoney struct {
	Code     string `json:"currency_code"`
	Value    string `json:"value"`
	Currency string `json:"currency"`
	Total    string `json:"total"`
	Details  struct {
		Shipping string `json:"shipping"`
		Tax      string `json:"tax"`
	} `json:"details"`
}

func (m paypalMoney) money() (loyalty.Money, error) {
	if m.Total != "" {
		return decimalMoney(strings.TrimPrefix(m.Total, "-"), m.Currency) // v1 reports refunds as negative amounts
	}
	return decimalMoney(m.Value, m.Code)
}

// A paypalObject contains the fields that the package needs of a capture, sale, refund or dispute.
type paypalObject struct {
	ID            string      `json:"id"`
	Status        string      `json:"status"`
	State         string      `json:"state"`
	Amount        paypalMoney `json:"amount"`
	Custom        string      `json:"custom_id"`
	CustomV1      string      `json:"custom"`
	Invoice       string      `json:"invoice_id"`
	InvoiceV1     string      `json:"invoice_number"`
	Sale          string      `json:"sale_id"`
	Created       string      `json:"create_time"`
	Updated       string      `json:"update_time"`
	DisputeID     string      `json:"dispute_id"`
	DisputeAmount paypalMoney `json:"dispute_amount"`
	Stage         string      `json:"dispute_life_cycle_stage"`
	Breakdown     struct {
		Total *paypalMoney `json:"total_refunded_amount"`
	} `json:"seller_payable_breakdown"`
	Supplementary struct {
		Related struct {
			Order string `json:"order_id"`
		} `json:"related_ids"`
	} `json:"supplementary_data"`
	Outcome struct {
		Code string `json:"outcome_code"`
	} `json:"dispute_outcome"`
	Disputed []struct {
		Seller string `json:"seller_transaction_id"`
	} `json:"disputed_transactions"`
	Links []struct {
		Href string `json:"href"`
		Rel  string `json:"rel"`
	} `json:"links"`
}

// paypalKinds maps event type prefixes to kinds of objects and the API paths of the objects
// (https://developer.paypal.com/api/rest/webhooks/event-names/).
var paypalKinds = []struct{ prefix, kind, path string }{
	{"PAYMENT.CAPTURE.REFUNDED", "refund", "/v2/payments/refunds/"},
	{"PAYMENT.CAPTURE.REVERSED", "reversal", "/v2/payments/captures/"},
	{"PAYMENT.CAPTURE.", "capture", "/v2/payments/captures/"},
	{"PAYMENT.SALE.REFUNDED", "refund", "/v1/payments/refund/"},
	{"PAYMENT.SALE.REVERSED", "reversal", "/v1/payments/sale/"},
	{"PAYMENT.SALE.COMPLETED", "capture", "/v1/payments/sale/"},
	{"CUSTOMER.DISPUTE.", "dispute", "/v1/customer/disputes/"},
}

// A paypalClaim is the content of an event before it is compared with the API.
type paypalClaim struct {
	event
	kind, path string // empty if the event does not count
	object     paypalObject
}

func readPayPal(body []byte) (paypalClaim, error) {
	var in paypalEvent
	if err := decode(body, &in); err != nil {
		return paypalClaim{}, err
	}
	if !idForm.MatchString(in.ID) {
		return paypalClaim{}, odd("validation_failed", "The event has no id.")
	}
	c := paypalClaim{event: event{id: in.ID, kind: in.Type, at: instant(in.Created)}}
	for _, k := range paypalKinds {
		if strings.HasPrefix(in.Type, k.prefix) {
			if err := decode(in.Resource, &c.object); err != nil {
				return c, err
			}
			c.kind, c.path = k.kind, k.path+c.object.id()
			if k.kind == "reversal" {
				c.path = k.path + c.object.capture()
			}
			if !idForm.MatchString(c.object.id()) || !idForm.MatchString(c.path[strings.LastIndexByte(c.path, '/')+1:]) {
				return c, odd("validation_failed", "The object has no id of PayPal's.")
			}
			return c, nil
		}
	}
	return c, nil
}

// paypalMark returns a fingerprint of the event's content that does not depend on its formatting. Events that are
// pulled from the API are formatted differently from webhooks.
func paypalMark(body []byte) string {
	var in paypalEvent
	if decode(body, &in) != nil {
		return digest(body)
	}
	resource := in.Resource.Clone()
	if resource.Canonicalize() != nil {
		return digest(body)
	}
	return digest(append([]byte(in.Type+"\n"), resource...))
}

func (o paypalObject) id() string {
	if o.DisputeID != "" {
		return o.DisputeID
	}
	return o.ID
}

// capture returns the ID of the capture or sale to which a refund or reversal belongs.
func (o paypalObject) capture() string {
	if o.Sale != "" {
		return o.Sale
	}
	for _, l := range o.Links {
		if at := strings.LastIndexByte(l.Href, '/'); l.Rel == "up" && at >= 0 {
			return l.Href[at+1:]
		}
	}
	return ""
}

// confirmed returns the event with the object as PayPal's API returns it. It returns an oddity if the two differ.
func (c paypalClaim) confirmed(ctx context.Context, api *paypalAPI) (event, error) {
	if c.kind == "" {
		return c.event, nil
	}
	mismatch := odd(ledger.BodyMismatch, "PayPal's API says something else than the webhook.")
	raw, err := api.get(ctx, c.path)
	if bad := (*answerError)(nil); errors.As(err, &bad) && bad.status == http.StatusNotFound {
		return c.event, mismatch
	}
	if err != nil {
		return c.event, err
	}
	var o paypalObject
	if err := decode(raw, &o); err != nil {
		return c.event, err
	}
	if c.kind == "reversal" {
		return c.reversed(o, mismatch)
	}
	if o.id() != c.object.id() {
		return c.event, mismatch
	}
	if c.kind != "dispute" { // the disputed amount may have changed since the event
		said, saidErr := c.object.Amount.money()
		is, err := o.Amount.money()
		switch {
		case saidErr != nil:
			return c.event, saidErr
		case err != nil:
			return c.event, err
		case said != is:
			return c.event, mismatch
		}
	}
	if c.report, err = o.report(c.kind); err != nil || c.kind != "capture" {
		return c.event, err
	}
	parts, err := o.orderParts(ctx, api)
	c.report.Facts = append(c.report.Facts, parts...)
	return c.event, err
}

// reversed returns a refund for money that PayPal took back from an existing capture. PayPal's API has no data about
// the reversal itself, so its ID, amount and time come from the body. An attacker who forges a body can therefore
// take back at most the amount of the capture, and can never add money.
func (c paypalClaim) reversed(capture paypalObject, mismatch error) (event, error) {
	m, err := c.object.Amount.money()
	all, captureErr := capture.Amount.money()
	switch {
	case err != nil:
		return c.event, err
	case captureErr != nil:
		return c.event, captureErr
	case capture.ID != c.object.capture() || m.Currency != all.Currency || m.Amount > all.Amount:
		return c.event, mismatch
	}
	f := loyalty.Fact{Kind: loyalty.FactRefund, ID: c.object.ID, State: loyalty.FactDone, Money: m, Clock: clock(c.at), At: c.at}
	c.report = &report{Report: ledger.Report{Payment: "paypal:" + capture.ID, Facts: nothing([]loyalty.Fact{f})}}
	return c.event, nil
}

// report returns what an object of the API states. Field custom_id names the member and invoice_id the order.
func (o paypalObject) report(kind string) (*report, error) {
	f := loyalty.Fact{ID: o.id(), Clock: clock(instant(o.Updated)), At: instant(o.Created)}
	if f.Clock == 0 {
		f.Clock = clock(f.At)
	}
	r := &report{Report: ledger.Report{Payment: "paypal:" + o.id()}}
	amount, payment := o.Amount, ""
	switch kind {
	case "capture":
		f.Kind, f.State = loyalty.FactCapture, o.captured()
		r.Order, r.Member = reference(o.Invoice+o.InvoiceV1), reference(o.Custom+o.CustomV1)
	case "refund":
		f.Kind, f.State, payment = loyalty.FactRefund, o.refunded(), o.capture()
	case "dispute":
		if len(o.Disputed) != 1 {
			return nil, odd("validation_failed", "The dispute is about none or several payments at once.")
		}
		f.Kind, f.State, payment, amount = loyalty.FactDispute, o.disputed(), o.Disputed[0].Seller, o.DisputeAmount
	}
	if kind != "capture" {
		if !idForm.MatchString(payment) {
			return nil, odd("validation_failed", "It names no payment.")
		}
		r.Payment = "paypal:" + payment
	}
	var err error
	if f.Money, err = amount.money(); err != nil {
		return nil, err
	}
	if f.Tax, f.Shipping, err = amount.salePortions(); err != nil {
		return nil, err
	}
	r.Facts = append(r.Facts, f)
	if total := o.Breakdown.Total; kind == "refund" && total != nil && f.State == loyalty.FactDone {
		all, err := total.money()
		if err != nil {
			return nil, err
		}
		r.Facts = append(r.Facts,
			loyalty.Fact{Kind: loyalty.FactRefunded, ID: payment, State: loyalty.FactDone, Money: all, Clock: f.Clock, At: f.At})
	}
	r.Facts = nothing(r.Facts)
	return r, nil
}

func (o paypalObject) captured() loyalty.FactState {
	switch strings.ToUpper(o.Status + o.State) {
	case "COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED":
		return loyalty.FactDone
	case "PENDING":
		return loyalty.FactPending
	}
	return loyalty.FactFailed
}

func (o paypalObject) refunded() loyalty.FactState {
	switch strings.ToUpper(o.Status + o.State) {
	case "COMPLETED":
		return loyalty.FactDone
	case "PENDING":
		return loyalty.FactPending
	}
	return loyalty.FactFailed
}

func (o paypalObject) disputed() loyalty.FactState {
	switch {
	case o.Status == "RESOLVED" && (o.Outcome.Code == "RESOLVED_BUYER_FAVOUR" || o.Outcome.Code == "ACCEPTED"):
		return loyalty.FactLost
	case o.Status == "RESOLVED":
		return loyalty.FactWon
	case o.Stage == "INQUIRY":
		return loyalty.FactPending
	}
	return loyalty.FactOpen
}
