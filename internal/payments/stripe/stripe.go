// Package stripe verifies and reads webhooks of Stripe.
//
// It reads events about payment intents, charges, refunds and disputes, which state amounts of money. Checkout sessions
// and paid invoices state the shipping and tax of a payment. Checkout sessions, paid invoices, subscriptions and
// customers state which member a customer of Stripe is.
//
// Stripe reports one payment as a payment intent, a charge and a checkout session. The package stores all of them with
// the same payment ID: the ID of the payment intent or, if there is none, of the charge. A payment therefore counts
// once, regardless of the event types to which a merchant subscribes. If the intent and its charge state different
// amounts, the amount of the intent counts.
//
// The package accepts webhooks of every API version, with these differences. Before 2025-03-31, the remainder that a
// partial capture released counts as refunded, and invoices contain the ID of their payment intent. Since 2025-09-30,
// payment intents may state tip, shipping and tax in amount_details. The package reads objects from the API in version
// 2025-03-31.basil.
//
// Deliberate limits: charges do not state their tax, thin events (v2.core.event) are ignored, and the metadata keys are
// fixed: loyalty_order and loyalty_member.
package stripe

import (
	"context"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
)

type provider struct {
	webhook.Connection
	keys [][]byte
}

// New returns the provider for a connection. The provider can also list past events and retrieve objects.
func New(c webhook.Connection) webhook.Provider { return &provider{c, webhook.PlainKeys(c.Secrets)} }

// Verify checks the signature. Stripe signs the time, a period and the body. The key is the complete secret, including
// its prefix whsec_ (https://docs.stripe.com/webhooks#verify-manually).
func (p *provider) Verify(_ context.Context, r webhook.Request) ([]webhook.Message, error) {
	header := r.Header["stripe-signature"]
	if header == "" {
		return nil, webhook.ErrMissing
	}
	when, signatures, err := parseHeader(header)
	if err != nil {
		return nil, err
	}
	at, err := webhook.Seconds(when)
	if err != nil {
		return nil, err
	}
	if err := webhook.CheckMAC(p.keys, signatures, []byte(when), []byte("."), r.Body); err != nil {
		return nil, err
	}
	if err := webhook.CheckTime(at, r.At); err != nil {
		return nil, err
	}
	return []webhook.Message{{Body: r.Body}}, nil
}

// parseHeader parses a header such as "t=1,v1=2,v1=3,v0=4". It rejects a header with two times, because the signed time
// would be ambiguous. It also rejects a header with too many signatures, because their verification would take too
// long.
func parseHeader(header string) (when string, signatures [][]byte, err error) {
	all := 0
	for part := range strings.SplitSeq(header, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		switch {
		case !ok, name == "t" && when != "":
			return "", nil, webhook.ErrHeader
		case name == "t":
			when = value
		case name == "v1":
			if all++; all > webhook.MaxSignatures {
				return "", nil, webhook.ErrHeader
			}
			if s, err := hex.DecodeString(value); err == nil {
				signatures = append(signatures, s)
			}
		}
	}
	return when, signatures, nil
}

// An event is a webhook event of Stripe (https://docs.stripe.com/api/events/object).
type event struct {
	ID      string         `json:"id"`
	Object  string         `json:"object"`
	Version string         `json:"api_version"`
	Type    string         `json:"type"`
	Created jsontext.Value `json:"created"` // a number; a string in thin events, which are ignored
	Live    *bool          `json:"livemode"`
	Data    struct {
		Object jsontext.Value `json:"object"`
	} `json:"data"`
}

// families lists the first parts of the event types that are processed, such as charge in charge.refunded.
var families = []string{"payment_intent", "charge", "refund", "checkout", "invoice", "customer"}

// Read reads an event.
func (p *provider) Read(_ context.Context, m webhook.Message) (webhook.Event, error) {
	var in event
	if err := webhook.Decode(m.Body, &in); err != nil {
		return webhook.Event{}, err
	}
	if err := webhook.CheckIDs(in.ID); err != nil || in.ID == "" {
		return webhook.Event{}, webhook.Invalid("The event has no id.")
	}
	e := webhook.Event{ID: in.ID, Type: in.Type, Live: in.Live}
	var created int64
	if in.Object != "event" || json.Unmarshal(in.Created, &created) != nil {
		return e, nil
	}
	e.At = unix(created)
	family, _, _ := strings.Cut(in.Type, ".")
	switch {
	case !slices.Contains(families, family):
		return e, nil
	case len(in.Data.Object) == 0:
		return e, webhook.Invalid("The event has no object.")
	}
	var o object
	if err := webhook.Decode(in.Data.Object, &o); err != nil {
		return e, err
	}
	var err error
	e.Report, err = o.report(in, created)
	return e, err
}
