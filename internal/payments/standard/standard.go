// Package standard verifies and reads webhooks of a merchant's own systems, for payments that no supported provider
// handles. This project defines the form of the events. Their envelope and signatures are those of Standard Webhooks
// 1.0.0 (https://www.standardwebhooks.com). Amounts are in minor units of ISO 4217:
//
//	{"type": "payment.captured", "timestamp": "2026-12-01T10:00:00Z",
//	 "data": {"payment": "till-7-4711", "id": "till-7-4711", "status": "done", "amount": 3489, "currency": "EUR",
//	          "order": "1042", "member": "external:cust-42", "email": "ada@example.com"}}
//
// The types are payment.captured, payment.refunded and payment.disputed. The field id is the ID of the capture, the
// refund or the dispute. The field status is pending, done or failed or, for disputes, open, won or lost. The ID of the
// event is the signed header webhook-id.
//
// The fields shipping and tax state the portions of the amount for shipping and tax. The field shipping_tax states the
// part of the tax that is for shipping; shipping does not include it.
//
// Deliberate limits: only v1 signatures are accepted, which use a shared secret. There is no list of past events,
// because senders repeat events themselves.
package standard

import (
	"context"
	"encoding/base64"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
	"github.com/perennial-loyalty/perennial/internal/service"
)

type provider struct{ keys [][]byte }

// New returns the provider for a connection.
func New(c webhook.Connection) webhook.Provider {
	return &provider{webhook.DecodedKeys(c.Secrets, app.StandardKey)}
}

// Verify checks the signature, which covers the ID, the time and the body.
func (p *provider) Verify(_ context.Context, r webhook.Request) ([]webhook.Message, error) {
	id, when, header := r.Header["webhook-id"], r.Header["webhook-timestamp"], r.Header["webhook-signature"]
	if id == "" || when == "" || header == "" {
		return nil, webhook.ErrMissing
	}
	at, err := webhook.Seconds(when)
	if err != nil || !webhook.IsID(id) {
		return nil, webhook.ErrHeader
	}
	signatures, err := parseHeader(header)
	if err != nil {
		return nil, err
	}
	if err := webhook.CheckMAC(p.keys, signatures, []byte(id+"."+when+"."), r.Body); err != nil {
		return nil, err
	}
	if err := webhook.CheckTime(at, r.At); err != nil {
		return nil, err
	}
	return []webhook.Message{{ID: id, Body: r.Body}}, nil
}

// parseHeader returns the v1 signatures in a header such as "v1,… v1,… v1a,…".
func parseHeader(header string) (signatures [][]byte, err error) {
	all := 0
	for part := range strings.SplitSeq(header, " ") {
		if all++; all > webhook.MaxSignatures {
			return nil, webhook.ErrHeader
		}
		if signature, ok := strings.CutPrefix(part, "v1,"); ok {
			if raw, err := base64.StdEncoding.Strict().DecodeString(signature); err == nil {
				signatures = append(signatures, raw)
			}
		}
	}
	return signatures, nil
}

// An event is an event from one of the merchant's own systems.
type event struct {
	Type string `json:"type"`
	At   string `json:"timestamp"`
	Live *bool  `json:"live"`
	Data struct {
		Payment     string `json:"payment"`
		ID          string `json:"id"`
		Status      string `json:"status"`
		Amount      int64  `json:"amount"`
		Currency    string `json:"currency"`
		Shipping    int64  `json:"shipping"`
		Tax         int64  `json:"tax"`
		ShippingTax int64  `json:"shipping_tax"`
		Order       string `json:"order"`
		Member      string `json:"member"`
		Customer    string `json:"customer"`
		Email       string `json:"email"`
	} `json:"data"`
}

// kinds maps the types of events to kinds of facts.
var kinds = map[string]loyalty.FactKind{
	"payment.captured": loyalty.FactCapture,
	"payment.refunded": loyalty.FactRefund,
	"payment.disputed": loyalty.FactDispute,
}

var (
	paymentStates = map[string]loyalty.FactState{
		"pending": loyalty.FactPending, "done": loyalty.FactDone, "failed": loyalty.FactFailed,
	}
	disputeStates = map[string]loyalty.FactState{
		"open": loyalty.FactOpen, "won": loyalty.FactWon, "lost": loyalty.FactLost,
	}
)

// Read reads an event.
func (p *provider) Read(_ context.Context, m webhook.Message) (webhook.Event, error) {
	var in event
	if err := webhook.Decode(m.Body, &in); err != nil {
		return webhook.Event{}, err
	}
	e := webhook.Event{ID: m.ID, Type: in.Type, At: webhook.Instant(in.At), Live: in.Live}
	kind, ok := kinds[in.Type]
	if !ok {
		return e, nil
	}
	var err error
	e.Report, err = in.report(kind)
	return e, err
}

// report returns the content of an event as a report with one fact of the given kind.
func (in event) report(kind loyalty.FactKind) (*webhook.Report, error) {
	d, at, states := in.Data, webhook.Instant(in.At), paymentStates
	if kind == loyalty.FactDispute {
		states = disputeStates
	}
	state, ok := states[d.Status]
	switch {
	case !ok:
		return nil, webhook.Invalid("The status is not valid for this event type.")
	case at.IsZero():
		return nil, webhook.Invalid("The timestamp must be an instant like 2026-12-01T10:00:00Z.")
	case !webhook.IsID(d.Payment), !webhook.IsID(d.ID),
		d.Shipping < 0, d.ShippingTax < 0, d.ShippingTax > d.Tax:
		return nil, webhook.Invalid("The payment or the id is missing or has another form, " +
			"or a part of the amount is negative or larger than the whole.")
	}
	if err := webhook.CheckIDs(d.Order, d.Member, d.Customer); err != nil {
		return nil, err
	}
	m, err := webhook.Money(d.Amount, d.Currency)
	if err != nil {
		return nil, err
	}
	r := &webhook.Report{Address: d.Email, Report: service.Report{
		Payment: "standard:" + d.Payment, Order: d.Order, Member: d.Member,
		Facts: webhook.Moving(loyalty.Fact{
			Kind: kind, ID: d.ID, State: state, Money: m, Clock: webhook.Clock(at), At: at,
			Shipping: d.Shipping, Tax: d.Tax, ShippingTax: d.ShippingTax,
		}),
	}}
	if d.Customer != "" {
		r.Customer = "standard:" + d.Customer
	}
	return r, nil
}
