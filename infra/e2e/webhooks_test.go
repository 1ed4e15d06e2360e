package e2e

import (
	"encoding/json"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/payments/sample"
)

// processors contains the secrets of the payment processors whose events the test can sign.
var processors = app.Processors{program: {
	app.Stripe:  {Secrets: []string{"whsec_end_to_end_0f343b0931126a20"}},
	app.Shopify: {Secrets: []string{"shpss_end_to_end_b79606fb3afea5bd"}},
	app.Square: {
		Secrets: []string{"square_end_to_end_1609ed2a0c0e1e5b"},
		URL:     "https://" + domain + "/v1/webhooks/" + program + "/square",
	},
	app.Adyen:    {Secrets: []string{"456E64546F456E6431F133C8BD7D6A5B0A4E1C2D3F405162738495A6B7C8D9EA"}},
	app.Standard: {Secrets: []string{"whsec_ZW5kLXRvLWVuZC10ZXN0LTAxMjM0NTY3ODk="}},
}}

func webhooks(w *world) {
	document, err := json.Marshal(processors)
	if err != nil {
		w.Fatal(err)
	}
	w.storeSecret(string(document))
	member := w.enroll("kim", 0)
	for _, p := range []struct{ provider, paid, refunded, order string }{
		{app.Stripe, "payment_intent.succeeded", "refund.created", "3001"},
		{app.Shopify, "orders/paid", "refunds/create", "3002"},
		{app.Square, "payment.updated", "refund.updated", "3003"},
		{app.Adyen, "AUTHORISATION", "REFUND", "3004"},
		{app.Standard, "payment.captured", "payment.refunded", "3005"},
	} {
		w.step(p.provider, func(w *world) {
			w.want(w.putOrder(p.order, member, "paid", time.Now(), ""), "points", "49")
			event := sample.Event{
				Provider: p.provider, Type: p.paid, Payment: p.order, Object: "C" + p.order, Total: 4999,
				Order: p.order, Live: true,
			}
			event.At = time.Now().Truncate(time.Second)
			w.report(event, "applied")
			w.want(w.call(success, "GET", "/v1/orders/"+p.order, ""), "points", "49")
			w.report(event, "duplicate")
			event.Type, event.Object, event.Amount = p.refunded, "7"+p.order, 2000
			w.report(event, "applied")
			w.want(w.call(success, "GET", "/v1/orders/"+p.order, ""), "points", "29")
		})
	}
}

// report sends a signed event of a payment processor.
func (w *world) report(event sample.Event, outcome string) {
	w.Helper()
	agreed := processors[program][event.Provider]
	body, err := event.Body(agreed.Secrets[0])
	if err != nil {
		w.Fatal(err)
	}
	header, err := event.Headers(agreed, body, time.Now())
	if err != nil {
		w.Fatal(err)
	}
	w.want(w.send(success, "POST", event.Path(program), header, string(body)), "received.0.outcome", outcome)
}
