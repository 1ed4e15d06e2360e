// Package sample makes events as payment processors send them, signed by their schemes: for trying a stack, and for
// tests. Their shapes are those of the processors' documentation, cut down to what is looked at and a little around it.
//
// It promises that what it makes is taken by package payments for genuine, given the same secrets, and it is
// deliberately written apart from it: what reads the events shares no code with what writes them. It signs no events of
// PayPal, whose signatures need the key of a certificate.
package sample

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
)

// An Event is one thing that happened to a payment. Empty fields are given values that make sense together.
type Event struct {
	Provider string
	Type     string // as the processor calls it; of Types
	ID       string // the event's
	Payment  string
	Object   string // the id of the refund or the dispute
	Status   string // how far the object is, in the processor's word
	Amount   int64  // of the object, in minor units
	Total    int64  // of the payment
	Back     int64  // what went back of it so far
	Currency string
	Order    string
	Member   string
	Customer string
	Email    string
	Account  string    // Adyen: the merchant account
	At       time.Time // when it happened
	Created  time.Time // when the object came to be
	Live     bool
}

// object is JSON in the making.
type object = map[string]any

// kinds is the types that can be made, by provider, and what each is about.
var kinds = map[string]map[string]string{
	app.Stripe: {
		"payment_intent.succeeded": "paid", "charge.succeeded": "charge", "charge.captured": "charge",
		"charge.refunded": "charge",
		"refund.created":  "refund", "refund.updated": "refund", "refund.failed": "refund",
		"charge.dispute.created": "dispute", "charge.dispute.closed": "dispute", "charge.dispute.funds_withdrawn": "dispute",
		"charge.dispute.funds_reinstated": "dispute", "checkout.session.completed": "session", "invoice.paid": "invoice",
		"customer.created": "other",
	},
	app.Shopify: {
		"orders/paid": "paid", "orders/updated": "paid", "orders/cancelled": "paid", "refunds/create": "refund",
		"order_transactions/create": "transaction",
		"disputes/create":           "dispute", "disputes/update": "dispute",
		"customers/redact": "other",
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
		"CUSTOMER.DISPUTE.CREATED": "dispute", "CUSTOMER.DISPUTE.RESOLVED": "dispute", "CATALOG.PRODUCT.CREATED": "other",
	},
}

// Types lists what can be made of a provider.
func Types(provider string) []string { return slices.Sorted(maps.Keys(kinds[provider])) }

// filled gives values to what was left empty.
func (e Event) filled() Event {
	set := func(s *string, to string) {
		if *s == "" {
			*s = to
		}
	}
	set(&e.Currency, "EUR")
	set(&e.Account, "SampleMerchant")
	if e.Provider == app.Shopify {
		set(&e.Payment, e.Order) // which are the same
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

// Body is the event as the processor writes it, before it is signed; Adyen's signatures are in it, so that it wants
// the secret.
func (e Event) Body(secret string) ([]byte, error) {
	e = e.filled()
	if kinds[e.Provider][e.Type] == "" {
		return nil, fmt.Errorf("sample: unknown event %q of %q; the events are %s",
			e.Type, e.Provider, strings.Join(Types(e.Provider), ", "))
	}
	var o object
	switch e.Provider {
	case app.Stripe:
		o = e.stripe()
	case app.Shopify:
		o = e.shopify()
	case app.Square:
		o = e.square()
	case app.PayPal:
		o = e.paypal()
	case app.Adyen:
		var err error
		if o, err = e.adyen(secret); err != nil {
			return nil, err
		}
	case app.Standard:
		o = e.standard()
	}
	return json.Marshal(o)
}

// Path is where an event is sent to.
func (e Event) Path(program string) string {
	if e.Provider == app.Shopify {
		return "/v1/webhooks/" + program + "/shopify/" + e.Type
	}
	return "/v1/webhooks/" + program + "/" + e.Provider
}

// Headers sign a body by the provider's scheme.
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
	case app.Adyen: // in the body
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
