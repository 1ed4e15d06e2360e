// Package adyen verifies and reads standard webhooks of Adyen.
//
// It reads the items about authorizations, captures, cancellations, refunds and chargebacks. If a merchant account
// captures automatically, Adyen reports only the authorization, which then counts as the capture. If the account
// captures manually, the captures count. The payment is stored with the PSP reference of the authorization as its ID.
// The merchant reference is the ID of the order.
//
// Adyen signs each item of a batch separately, and only eight of its fields
// (https://docs.adyen.com/development-resources/webhooks/verify-hmac-signatures). The fields eventDate, reason and
// additionalData are not signed and are ignored. The field live is not signed either. It can only cause an event to be
// quarantined. The signed fields are joined with colons and without escaping, so the package rejects fields with a
// colon, except the merchant reference. Because the time is not signed, the event code determines the order of the
// events of one object. The package works with every API version.
//
// Deliberate limits: CANCEL_OR_REFUND is quarantined, because the signed fields do not state whether the payment was
// canceled or refunded. Webhooks of Adyen's other products are acknowledged and ignored. Adyen has no API for past
// events, but repeats events for 30 days.
package adyen

import (
	"context"
	"encoding/hex"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
)

type provider struct {
	webhook.Connection
	keys [][]byte
}

// New returns the provider for a connection.
func New(c webhook.Connection) webhook.Provider {
	return &provider{c, webhook.DecodedKeys(c.Secrets, hex.DecodeString)}
}

// A batch is the body of a webhook.
type batch struct {
	Live  jsontext.Value `json:"live"`
	Items []struct {
		Item jsontext.Value `json:"NotificationRequestItem"`
	} `json:"notificationItems"`
}

// These are types of messages that Read does not interpret.
const (
	payload  = "payload"  // a webhook of another Adyen product
	unsigned = "unsigned" // an item of a batch without a valid signature
)

// Verify returns each item of a batch as a separate batch, so that an invalid item does not affect the others. It
// rejects a batch without a valid item. Requests with a signature header are webhooks of Adyen's other products, which
// sign the whole body.
func (p *provider) Verify(_ context.Context, r webhook.Request) ([]webhook.Message, error) {
	if signature := r.Header["hmacsignature"]; signature != "" {
		if len(r.Body) == 0 {
			return nil, webhook.ErrMissing
		}
		if err := webhook.CheckBase64MAC(p.keys, signature, r.Body); err != nil {
			return nil, err
		}
		return []webhook.Message{{Type: payload, Body: r.Body}}, nil
	}
	var b batch
	if webhook.Decode(r.Body, &b) != nil || len(b.Items) == 0 {
		return nil, webhook.ErrMissing // the batch has no items, so nothing is signed
	}
	var messages []webhook.Message
	var rejection error // the error of the first invalid item
	valid := 0
	for _, x := range b.Items {
		m := webhook.Message{Body: single(b.Live, x.Item)}
		if err := p.checkItem(x.Item); err == nil {
			valid++
		} else {
			m.Type = unsigned
			if rejection == nil {
				rejection = err
			}
		}
		messages = append(messages, m)
	}
	if valid == 0 {
		return nil, rejection
	}
	return messages, nil
}

// checkItem checks the signature of one item.
func (p *provider) checkItem(raw jsontext.Value) error {
	it, err := readItem(raw)
	if err != nil {
		return webhook.ErrSignature
	}
	return it.checkSignature(p.keys)
}

// single returns the body of a batch with one item. Items are stored in this form.
func single(live, item jsontext.Value) []byte {
	if len(live) == 0 {
		live = jsontext.Value("null")
	}
	return fmt.Appendf(nil, `{"live":%s,"notificationItems":[{"NotificationRequestItem":%s}]}`, live, item)
}

// Read reads a batch with one item. It verifies the signature again. Otherwise, an item that was stored without a valid
// signature would be accepted when it is replayed.
func (p *provider) Read(_ context.Context, m webhook.Message) (webhook.Event, error) {
	switch m.Type {
	case payload:
		return webhook.Event{Type: payload}, nil
	case unsigned:
		return webhook.Event{Type: unsigned},
			webhook.Unusable(webhook.SignatureInvalid, "An item of a batch was not signed by Adyen.")
	}
	var b batch
	if err := webhook.Decode(m.Body, &b); err != nil || len(b.Items) != 1 {
		return webhook.Event{}, webhook.Unusable(webhook.MalformedJSON, "The batch must have exactly one item.")
	}
	it, err := readItem(b.Items[0].Item)
	if err != nil {
		return webhook.Event{}, webhook.Unusable(webhook.MalformedJSON, "The item does not have Adyen's format.")
	}
	if err := it.checkSignature(p.keys); err != nil {
		return webhook.Event{Type: unsigned},
			webhook.Unusable(webhook.SignatureInvalid, "The item was not signed by Adyen.")
	}
	return it.event(b.Live, p.CapturesManually(it.Account))
}
