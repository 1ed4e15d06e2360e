// Package square verifies and reads webhooks of Square.
//
// It reads the payment, refund and dispute events. Each event contains the whole object and the time of its change.
// Square sends one after every change. The captured amount is the sum of amount_money and tip_money, because refunds
// may include the tip. The tip is treated like tax: it is a separate portion, and earns points only if tax does.
//
// Square signs the notification URL and the body. The package works with every API version, because it reads only the
// fields that all documented versions have in common. The ID of a dispute may be in the field id or dispute_id.
//
// Deliberate limits: refunds without a payment (unlinked) and events about the evidence of a dispute are ignored. An
// event does not state whether its money is real, so test events are not detected.
package square

import (
	"context"
	"slices"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
)

type provider struct {
	webhook.Connection
	keys [][]byte
}

// New returns the provider for a connection. The provider can also list past events and retrieve objects.
func New(c webhook.Connection) webhook.Provider { return &provider{c, webhook.PlainKeys(c.Secrets)} }

// Verify checks the signature. Square signs the notification URL followed by the body, without a separator. The URL in
// the settings of the connection must be the one that was entered at Square. A URL in the request is not used
// (https://developer.squareup.com/docs/webhooks/step3validate).
func (p *provider) Verify(_ context.Context, r webhook.Request) ([]webhook.Message, error) {
	signature := r.Header["x-square-hmacsha256-signature"]
	switch {
	case p.URL == "":
		return nil, webhook.ErrConfig
	case signature == "", len(r.Body) == 0:
		return nil, webhook.ErrMissing
	}
	if err := webhook.CheckBase64MAC(p.keys, signature, []byte(p.URL), r.Body); err != nil {
		return nil, err
	}
	return []webhook.Message{{Body: r.Body}}, nil
}

// An event is a webhook event of Square. It contains one object.
type event struct {
	ID      string `json:"event_id"`
	Type    string `json:"type"`
	Created string `json:"created_at"`
	Data    struct {
		Object struct {
			Payment *object `json:"payment"`
			Refund  *object `json:"refund"`
			Dispute *object `json:"dispute"`
		} `json:"object"`
	} `json:"data"`
}

// disputeTypes lists the events that change the state of a dispute. Other dispute events concern its evidence
// (https://developer.squareup.com/reference/square/disputes-api/webhooks).
var disputeTypes = []string{"dispute.created", "dispute.state.updated", "dispute.state.changed"}

// Read reads an event.
func (p *provider) Read(_ context.Context, m webhook.Message) (webhook.Event, error) {
	var in event
	if err := webhook.Decode(m.Body, &in); err != nil {
		return webhook.Event{}, err
	}
	if !webhook.IsID(in.ID) {
		return webhook.Event{}, webhook.Invalid("The event has no id.")
	}
	e := webhook.Event{ID: in.ID, Type: in.Type, At: webhook.Instant(in.Created)}
	family, _, _ := strings.Cut(in.Type, ".")
	o, report := in.Data.Object.Payment, object.payment
	switch {
	case family == "payment":
	case family == "refund":
		o, report = in.Data.Object.Refund, object.refund
	case slices.Contains(disputeTypes, in.Type):
		o, report = in.Data.Object.Dispute, object.dispute
	default:
		return e, nil
	}
	if o == nil {
		return e, webhook.Invalid("The event has no object.")
	}
	if o.ID == "" {
		o.ID = o.DisputeID
	}
	if err := webhook.CheckIDs(o.ID, o.Payment, o.Disputed.Payment, o.Customer); err != nil || o.ID == "" {
		return e, webhook.Invalid("The object has no Square ID.")
	}
	var err error
	e.Report, err = report(*o)
	return e, err
}
