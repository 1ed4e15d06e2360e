// Package paypal verifies and reads webhooks of PayPal.
//
// It reads three groups of events: about captures, with their refunds and reversals (PAYMENT.CAPTURE.*); about sales
// (PAYMENT.SALE.*), which are the captures of version 1 of the API; and about disputes (CUSTOMER.DISPUTE.*). The field
// custom_id is the ID of the member, and invoice_id is the ID of the order. Amounts may have the form of version 1 or
// of version 2.
//
// PayPal signs only a CRC-32 of the body. A forged body can therefore have a valid signature. For this reason, the
// package uses an event only to learn which object changed. It reads the object from PayPal's API, compares it with the
// event, and uses the API's data. An event with a known transmission ID is accepted only if its content is the same as
// before.
//
// Deliberate limits: the API has no data about reversals. The data of a reversal therefore comes from the event, and
// its amount is limited to the amount of its capture. The shipping and tax of a version 2 capture are known only while
// PayPal stores the checkout order.
package paypal

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
	"github.com/perennial-loyalty/perennial/internal/service"
)

type provider struct {
	webhook.Connection
	chains chainCache
	token  accessToken
}

// New returns the provider for a connection. The provider can also list past events.
func New(c webhook.Connection) webhook.Provider { return &provider{Connection: c} }

// An event states which object changed.
type event struct {
	ID       string         `json:"id"`
	Type     string         `json:"event_type"`
	Created  string         `json:"create_time"`
	Resource jsontext.Value `json:"resource"`
}

// kinds maps prefixes of event types to the kinds of their objects and to the API paths of these objects
// (https://developer.paypal.com/api/rest/webhooks/event-names/).
var kinds = []struct{ prefix, kind, path string }{
	{"PAYMENT.CAPTURE.REFUNDED", "refund", "/v2/payments/refunds/"},
	{"PAYMENT.CAPTURE.REVERSED", "reversal", "/v2/payments/captures/"},
	{"PAYMENT.CAPTURE.", "capture", "/v2/payments/captures/"},
	{"PAYMENT.SALE.REFUNDED", "refund", "/v1/payments/refund/"},
	{"PAYMENT.SALE.REVERSED", "reversal", "/v1/payments/sale/"},
	{"PAYMENT.SALE.COMPLETED", "capture", "/v1/payments/sale/"},
	{"CUSTOMER.DISPUTE.", "dispute", "/v1/customer/disputes/"},
}

// errMismatch reports that PayPal's API does not confirm an event.
var errMismatch = webhook.Unusable(service.BodyMismatch, "PayPal's API reports other data than the webhook.")

// Read reads an event and compares it with PayPal's API.
func (p *provider) Read(ctx context.Context, m webhook.Message) (webhook.Event, error) {
	c, err := readClaim(m.Body)
	if err == nil {
		c.Report, err = p.confirm(ctx, c)
	}
	c.Mark = mark(m.Body)
	return c.Event, err
}

// mark returns a fingerprint of the event's content. It does not depend on the formatting, which differs between
// webhooks and the list of events. It also does not depend on the API's data, which can change.
func mark(body []byte) string {
	var in event
	if webhook.Decode(body, &in) != nil {
		return webhook.Digest(body)
	}
	resource := in.Resource.Clone()
	if resource.Canonicalize() != nil {
		return webhook.Digest(body)
	}
	return webhook.Digest(append([]byte(in.Type+"\n"), resource...))
}

// A claim is the content of an event before it is compared with the API.
type claim struct {
	webhook.Event
	kind, path string // empty if the event concerns no money
	object     object
}

func readClaim(body []byte) (claim, error) {
	var in event
	if err := webhook.Decode(body, &in); err != nil {
		return claim{}, err
	}
	if !webhook.IsID(in.ID) {
		return claim{}, webhook.Invalid("The event has no id.")
	}
	c := claim{Event: webhook.Event{ID: in.ID, Type: in.Type, At: webhook.Instant(in.Created)}}
	for _, k := range kinds {
		if !strings.HasPrefix(in.Type, k.prefix) {
			continue
		}
		if err := webhook.Decode(in.Resource, &c.object); err != nil {
			return c, err
		}
		id := c.object.id()
		if k.kind == "reversal" {
			id = c.object.capture()
		}
		c.kind, c.path = k.kind, k.path+id
		if !webhook.IsID(c.object.id()) || !webhook.IsID(id) {
			return c, webhook.Invalid("The object has no PayPal ID.")
		}
		return c, nil
	}
	return c, nil
}

// confirm reads the object of a claim from PayPal's API and returns a report with the API's data. It returns nil if the
// event concerns no money, and errMismatch if the API's data differs from the claim.
func (p *provider) confirm(ctx context.Context, c claim) (*webhook.Report, error) {
	if c.kind == "" {
		return nil, nil
	}
	raw, err := p.get(ctx, c.path)
	if bad := (*webhook.AnswerError)(nil); errors.As(err, &bad) && bad.Status == http.StatusNotFound {
		return nil, errMismatch
	}
	if err != nil {
		return nil, err
	}
	var o object
	if err := webhook.Decode(raw, &o); err != nil {
		return nil, err
	}
	if c.kind == "reversal" {
		return c.reversal(o)
	}
	if err := c.compare(o); err != nil {
		return nil, err
	}
	r, err := o.report(c.kind)
	if err != nil || c.kind != "capture" {
		return r, err
	}
	parts, err := p.orderParts(ctx, o)
	r.Facts = append(r.Facts, parts...)
	return r, err
}

// compare returns errMismatch if the object o of the API is not the object of the claim, or has a different amount. The
// amount of a dispute is not compared, because it may have changed since the event.
func (c claim) compare(o object) error {
	if o.id() != c.object.id() {
		return errMismatch
	}
	if c.kind == "dispute" {
		return nil
	}
	claimed, err := c.object.Amount.money()
	if err != nil {
		return err
	}
	actual, err := o.Amount.money()
	if err == nil && claimed != actual {
		return errMismatch
	}
	return err
}

// reversal returns a refund for money that PayPal took back from an existing capture. PayPal's API has no data about
// the reversal itself, so its ID, amount and time come from the body. With a forged body, an attacker can therefore
// take back at most the amount of the capture, and can never add money.
func (c claim) reversal(capture object) (*webhook.Report, error) {
	m, err := c.object.Amount.money()
	if err != nil {
		return nil, err
	}
	captured, err := capture.Amount.money()
	switch {
	case err != nil:
		return nil, err
	case capture.ID != c.object.capture() || m.Currency != captured.Currency || m.Amount > captured.Amount:
		return nil, errMismatch
	}
	return &webhook.Report{Report: service.Report{
		Payment: "paypal:" + capture.ID,
		Facts: webhook.Moving(loyalty.Fact{
			Kind: loyalty.FactRefund, ID: c.object.ID, State: loyalty.FactDone, Money: m,
			Clock: webhook.Clock(c.At), At: c.At,
		}),
	}}, nil
}
