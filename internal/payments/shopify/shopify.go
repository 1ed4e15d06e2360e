// Package shopify verifies and reads webhooks of Shopify.
//
// It reads orders, refunds, order transactions and disputes. An order counts as one payment. The ID of the payment is
// the ID of the order, because refunds and disputes refer to this ID. The order states its total, shipping, tax,
// refunds and sold gift cards. It lists its payment gateways without amounts, so the part that was paid with gift cards
// comes from the transactions. It also reads the three topics that Shopify requires of every app: customers/redact,
// customers/data_request and shop/redact. All other topics are acknowledged.
//
// Shopify signs only the body, and not the topic, the shop or a time. The package therefore determines the type of a
// body from the address and from the form of the body. Shopify events have no signed ID either. The package identifies
// an event by its topic, its object and a digest of the body. The digest is necessary because an order can change twice
// within a second, and a dispute states no time of its change. A repeated event has the same bytes
// (https://shopify.dev/docs/apps/build/webhooks/ignore-duplicates). Privacy requests of customers get no ID from this
// package, because a digest without a key would confirm a guess of the customer. The receiver identifies them by a
// keyed hash.
//
// The package reads the fields that the Admin REST API documents, and lists orders in version 2025-07. Amounts are
// decimal strings.
//
// Deliberate limits: Shopify has no API for past events, so List reads orders instead, without their disputes. The
// field note_attributes is ignored. Customers can set it in the cart and could enter another customer's order or member
// (https://shopify.dev/docs/api/storefront/latest/objects/Attribute).
package shopify

import (
	"cmp"
	"context"

	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
)

type provider struct {
	webhook.Connection
	keys [][]byte
}

// New returns the provider for a connection. The provider can also list orders.
func New(c webhook.Connection) webhook.Provider { return &provider{c, webhook.PlainKeys(c.Secrets)} }

// Verify checks the signature, which covers only the body
// (https://shopify.dev/docs/apps/build/webhooks/subscribe/https). Shopify is replacing the older signature header by a
// newer one, and may send both.
func (p *provider) Verify(_ context.Context, r webhook.Request) ([]webhook.Message, error) {
	older, newer := r.Header["x-shopify-hmac-sha256"], r.Header["shopify-hmac-sha256"]
	switch {
	case r.Topic == "":
		return nil, webhook.ErrConfig
	case older == "" && newer == "", len(r.Body) == 0:
		return nil, webhook.ErrMissing
	case older != "" && newer != "" && newer != older:
		return nil, webhook.ErrHeader
	}
	if err := webhook.CheckBase64MAC(p.keys, cmp.Or(older, newer), r.Body); err != nil {
		return nil, err
	}
	return []webhook.Message{{Topic: r.Topic, Body: r.Body}}, nil
}

// topics maps the topics of events about money and personal data to the functions that read these events.
var topics = map[string]func(body []byte) (webhook.Event, error){
	"orders/create":              readOrder,
	"orders/paid":                readOrder,
	"orders/updated":             readOrder,
	"orders/cancelled":           readOrder,
	"orders/partially_fulfilled": readOrder,
	"orders/fulfilled":           readOrder,
	"refunds/create":             readRefund,
	"order_transactions/create":  readTransaction,
	"disputes/create":            readDispute,
	"disputes/update":            readDispute,
	"customers/redact":           readPrivacy(webhook.ErasureRequest),
	"customers/data_request":     readPrivacy(webhook.ExportRequest),
	"shop/redact":                readPrivacy(webhook.ShopErasureRequest),
}

// Read reads an event.
func (p *provider) Read(_ context.Context, m webhook.Message) (webhook.Event, error) {
	read, ok := topics[m.Topic]
	if !ok {
		read = readOther
	}
	e, err := read(m.Body)
	if e.Type = m.Topic; e.Privacy == nil || e.Privacy.Kind == webhook.ShopErasureRequest {
		e.ID = m.Topic + ":" + e.ID + webhook.Digest(m.Body)
	}
	return e, err
}

// readOther reads an event about neither money nor personal data.
func readOther(body []byte) (webhook.Event, error) {
	return webhook.Event{}, webhook.Decode(body, &struct{}{})
}

// errTopic reports that a body does not match its address. The signature does not cover the topic, so it is also valid
// at the address of another topic.
var errTopic = webhook.Invalid("The body does not match the topic of this address.")

// not returns the negation of an optional boolean, or nil if the boolean is not set.
func not(b *bool) *bool {
	if b == nil {
		return nil
	}
	live := !*b
	return &live
}
