package api_test

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/local"
	"github.com/perennial-loyalty/perennial/internal/payments/sample"
	"github.com/perennial-loyalty/perennial/internal/program"
)

// A payment processor reports a refund with a signed webhook, here a sample of Stripe's. The points are corrected even
// if the shop does not report the refund. A repeated event has no second effect.
func Example_webhook() {
	shop := open(program.Demo())
	shop.enroll("ada")
	shop.call("PUT",
		"/v1/orders/1042", `{"member": "external:ada", "placed_at": "2026-12-01T09:58:00Z", "currency": "EUR",
		"status": "paid", "line_items": [{"id": "1", "quantity": 1, "amount": 4000}],
		"tenders": [{"kind": "card", "amount": 4000}]}`, "points")

	refund := sample.Event{
		Provider: app.Stripe, Type: "charge.refunded", Order: "1042", Total: 4000, Back: 1000, Amount: 1000,
		At: time.Date(2026, 12, 1, 9, 59, 0, 0, time.UTC),
	}
	shop.report(refund)
	shop.report(refund)
	shop.call("GET", "/v1/orders/1042", "", "points")

	// Output:
	// points: 40
	// 200 charge.refunded: applied
	// 200 charge.refunded: duplicate
	// points: 30
}

// report sends a webhook of a payment processor and prints its outcome.
func (s *shop) report(e sample.Event) {
	connection := local.Processors("bluebird")["bluebird"][e.Provider]
	body, err := e.Body(connection.Secrets[0])
	if err != nil {
		panic(err)
	}
	r := httptest.NewRequest("POST", e.Path("bluebird"), bytes.NewReader(body))
	if r.Header, err = e.Headers(connection, body, e.At); err != nil {
		panic(err)
	}
	w := httptest.NewRecorder()
	s.stack.ServeHTTP(w, r)
	fmt.Println(w.Code, e.Type+":", response(w.Body.Bytes()).text("received.0.outcome"))
}
