// Package shopify verifies and reads webhooks of Shopify.
//
// It reads orders, refunds, order transactions and disputes. An order counts as one payment under the order's ID,
// because refunds and disputes refer to it. The order states its total, shipping, tax, refunds and gift cards. An
// order lists its payment gateways without amounts, so transactions state the part that gift cards paid. All other
// topics are acknowledged, including the three that Shopify requires of every app.
//
// Shopify signs only the body, and not the topic, the shop or a time. The address and the form of the body therefore
// determine what a body is about. Shopify events have no signed ID either. They are identified by the topic, by their
// object and by a digest of the body, because an order can change twice within a second and a dispute has no time of
// change. A repeated event has the same bytes (https://shopify.dev/docs/apps/build/webhooks/ignore-duplicates).
//
// The package reads the fields that the Admin REST API documents, and lists orders in version 2025-07. Amounts are
// decimal strings.
//
// Deliberate limits: Shopify has no API for past events, so List reads orders instead, without their disputes. Field
// note_attributes is ignored, because customers can set it in the cart and could name another customer's order or
// member (https://shopify.dev/docs/api/storefront/latest/objects/Attribute).
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

// New returns the provider of a connection. It also lists orders.
func New(c webhook.Connection) webhook.Provider { return &provider{c, webhook.PlainKeys(c.Secrets)} }

// Verify checks the signature, which covers only the body
// (https://shopify.dev/docs/apps/build/webhooks/subscribe/https). Shopify is renaming the header, and may send both.
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

// topics maps the topics that concern money to their readers.
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
}

// Read reads an event.
func (p *provider) Read(_ context.Context, m webhook.Message) (webhook.Event, error) {
	read, ok := topics[m.Topic]
	if !ok {
		read = readOther
	}
	e, err := read(m.Body)
	e.Type, e.ID = m.Topic, m.Topic+":"+e.ID+webhook.Digest(m.Body)
	return e, err
}

// readOther reads an event that does not concern money.
func readOther(body []byte) (webhook.Event, error) {
	return webhook.Event{}, webhook.Decode(body, &struct{}{})
}

// errTopic is the error of a body that does not match its address. Shopify's signature does not cover the topic, so
// it is also valid at the address of another topic.
var errTopic = webhook.Invalid("The body does not match the topic of this address.")

// not returns the negation of an optional value, or nil if it is not set.
func not(b *bool) *bool {
	if b == nil {
		return nil
	}
	live := !*b
	return &live
}
