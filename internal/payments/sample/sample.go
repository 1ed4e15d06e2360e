// Package sample creates signed events in the formats of the payment providers, for tests and for trying a stack. The
// events contain the documented fields that package payments reads, and a few others.
//
// With the same secrets, package payments accepts the events. The two packages deliberately share no code, so that a
// mistake in one is not repeated in the other. This package does not sign PayPal's events, because this requires the
// private key of a certificate.
package sample

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
)

// An Event describes an event of a payment. Empty fields get consistent default values.
type Event struct {
	Provider string
	Type     string // the provider's name for the type of the event, one of Types
	ID       string // the ID of the event
	Payment  string
	Object   string // the ID of the refund or dispute
	Status   string // the status of the object, in the provider's words
	Amount   int64  // the amount of the object in minor units
	Total    int64  // the amount of the payment in minor units
	Back     int64  // the total of the payment's refunds in minor units
	Currency string
	Order    string
	Member   string
	Customer string
	Email    string
	Account  string    // for Adyen: the merchant account
	At       time.Time // the time of the event
	Created  time.Time // the time at which the object was created
	Live     bool
}

// object is a JSON object.
type object = map[string]any

// kinds maps the supported event types of each provider to the kinds of their objects.
var kinds = map[string]map[string]string{
	app.Stripe: {
		"payment_intent.succeeded": "paid", "charge.succeeded": "charge", "charge.captured": "charge",
		"charge.refunded": "charge",
		"refund.created":  "refund", "refund.updated": "refund", "refund.failed": "refund",
		"charge.dispute.created": "dispute", "charge.dispute.closed": "dispute",
		"charge.dispute.funds_withdrawn":  "dispute",
		"charge.dispute.funds_reinstated": "dispute", "checkout.session.completed": "session",
		"invoice.paid":     "invoice",
		"customer.created": "other",
	},
	app.Shopify: {
		"orders/paid": "paid", "orders/updated": "paid", "orders/cancelled": "paid", "refunds/create": "refund",
		"order_transactions/create": "transaction",
		"disputes/create":           "dispute", "disputes/update": "dispute",
		"customers/redact": "redact", "customers/data_request": "data_request", "shop/redact": "other",
	},
	app.Square: {
		"payment.created": "paid", "payment.updated": "paid", "refund.created": "refund", "refund.updated": "refund",
		"dispute.created": "dispute", "dispute.state.updated": "dispute", "customer.created": "other",
	},
	app.Adyen: {
		"AUTHORISATION": "paid", "CAPTURE": "captured", "CAPTURE_FAILED": "captured", "CANCELLATION": "captured",
		"TECHNICAL_CANCEL": "captured", "REFUND": "refund", "REFUND_FAILED": "refund",
		"REFUNDED_REVERSED": "refund", "NOTIFICATION_OF_CHARGEBACK": "dispute", "CHARGEBACK": "dispute",
		"CHARGEBACK_REVERSED": "dispute",
		"SECOND_CHARGEBACK":   "dispute", "REPORT_AVAILABLE": "other",
	},
	app.Standard: {"payment.captured": "paid", "payment.refunded": "refund", "payment.disputed": "dispute"},
	app.PayPal: {
		"PAYMENT.CAPTURE.COMPLETED": "paid", "PAYMENT.CAPTURE.REFUNDED": "refund", "PAYMENT.CAPTURE.REVERSED": "refund",
		"CUSTOMER.DISPUTE.CREATED": "dispute", "CUSTOMER.DISPUTE.RESOLVED": "dispute",
		"CATALOG.PRODUCT.CREATED": "other",
	},
}

// Types returns the supported event types of a provider in sorted order.
func Types(provider string) []string { return slices.Sorted(maps.Keys(kinds[provider])) }

// filled returns the event with default values for empty fields.
func (e Event) filled() Event {
	set := func(s *string, to string) {
		if *s == "" {
			*s = to
		}
	}
	set(&e.Currency, "EUR")
	set(&e.Account, "SampleMerchant")
	if e.Provider == app.Shopify {
		set(&e.Payment, e.Order) // a payment at Shopify has the ID of its order
	}
	set(&e.Payment, map[string]string{app.Stripe: "pi_3Nsample", app.Shopify: "820982911946154500"}[e.Provider])
	set(&e.Payment, "SAMPLEPAYMENT1")
	set(&e.Object, map[string]string{app.Shopify: "5099404132451"}[e.Provider])
	set(&e.Object, "sample_"+kinds[e.Provider][e.Type]+"_1")
	if e.At.IsZero() {
		e.At = time.Now()
	}
	if e.Created.IsZero() {
		e.Created = e.At
	}
	if e.Total == 0 {
		e.Total = 4999
	}
	if e.Amount == 0 {
		e.Amount = e.Total
	}
	sum := sha256.Sum256(fmt.Append(nil, e.Type, e.Payment, e.Object, e.Status, e.At.UnixMilli()))
	set(&e.ID, "evt_"+hex.EncodeToString(sum[:9]))
	return e
}

// Path returns the path of the address to which the provider sends the event.
func (e Event) Path(program string) string {
	if e.Provider == app.Shopify {
		return "/v1/webhooks/" + program + "/shopify/" + e.Type
	}
	return "/v1/webhooks/" + program + "/" + e.Provider
}

// Headers returns the headers of a request with the given body, including the provider's signature.
func (e Event) Headers(c app.Processor, body []byte, now time.Time) (http.Header, error) {
	h := http.Header{"Content-Type": {"application/json"}}
	if len(c.Secrets) == 0 {
		return nil, fmt.Errorf("sample: no secret for %s", e.Provider)
	}
	secret, when := c.Secrets[0], strconv.FormatInt(now.Unix(), 10)
	switch e.Provider {
	case app.Stripe:
		h.Set("Stripe-Signature", "t="+when+",v1="+hex.EncodeToString(mac([]byte(secret), when, ".", string(body))))
	case app.Shopify:
		h.Set("X-Shopify-Hmac-Sha256", base64.StdEncoding.EncodeToString(mac([]byte(secret), string(body))))
		h.Set("X-Shopify-Topic", e.Type)
	case app.Square:
		h.Set(
			"X-Square-Hmacsha256-Signature",
			base64.StdEncoding.EncodeToString(mac([]byte(secret), c.URL, string(body))),
		)
	case app.Standard:
		key, err := app.StandardKey(secret)
		if err != nil {
			return nil, fmt.Errorf("sample: the secret is not a Standard Webhooks secret: %w", err)
		}
		id := e.filled().ID
		h.Set("Webhook-Id", id)
		h.Set("Webhook-Timestamp", when)
		h.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(mac(key, id, ".", when, ".", string(body))))
	case app.Adyen: // no header, because the signature is in the body
	default:
		return nil, fmt.Errorf("sample: an event of %s is signed with the key of a certificate", e.Provider)
	}
	return h, nil
}

func mac(key []byte, parts ...string) []byte {
	m := hmac.New(sha256.New, key)
	for _, p := range parts {
		m.Write([]byte(p))
	}
	return m.Sum(nil)
}
