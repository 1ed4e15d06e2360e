package payments_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/app"
)

// A payment of 65.45 is for a mug of 50.00 and 9.50 of tax, and shipping of 5.00 and 0.95 of tax. If the provider
// states tax and shipping, they earn only in a program whose amounts include them, in any order of arrival.
func TestStatedTaxAndShippingOfAPayment(t *testing.T) {
	intent := func(amount int, more object) stripeFact {
		o := object{
			"id": "pi_1", "object": "payment_intent", "amount": amount, "amount_received": amount,
			"status":   "succeeded",
			"currency": "eur",
			"metadata": object{"loyalty_member": "external:cust-42"},
		}
		for k, v := range more {
			o[k] = v
		}
		return stripeFact{"payment_intent.succeeded", 30, o}
	}
	charge := stripeFact{"charge.succeeded", 30, object{
		"id": "ch_1", "object": "charge", "payment_intent": "pi_1", "amount": taxedTotal, "amount_captured": taxedTotal,
		"captured": true,
		"status":   "succeeded", "currency": "eur", "metadata": object{"loyalty_member": "external:cust-42"},
		"created": noon.Unix() - 1800,
	}}
	session := stripeFact{"checkout.session.completed", 29, object{
		"id": "cs_1", "object": "checkout.session", "payment_intent": "pi_1", "amount_total": taxedTotal,
		"currency": "eur",
		"total_details": object{
			"amount_tax":      mugTax + shippingTax,
			"amount_shipping": shippingNet,
			"amount_discount": 0,
		},
		"shipping_cost": object{
			"amount_subtotal": shippingNet,
			"amount_tax":      shippingTax,
			"amount_total":    shippingNet + shippingTax,
		},
	}}
	invoice := stripeFact{"invoice.paid", 28, object{
		"id": "in_1", "object": "invoice", "payment_intent": "pi_1", "total": taxedTotal, "amount_paid": taxedTotal,
		"currency":          "eur",
		"total_tax_amounts": []object{{"amount": mugTax}, {"amount": shippingTax}},
		"shipping_cost":     object{"amount_subtotal": shippingNet, "amount_tax": shippingTax},
	}}
	untaxed := stripeFact{"checkout.session.completed", 27, object{
		"id": "cs_2", "object": "checkout.session", "payment_intent": "pi_1", "amount_total": taxedTotal,
		"currency":      "eur",
		"total_details": object{"amount_tax": 0},
	}}
	details := object{"amount_details": object{
		"tip": object{
			"amount": 700,
		}, "shipping": object{"amount": shippingNet}, "tax": object{"total_tax_amount": mugTax + shippingTax},
	}}
	for name, c := range map[string]struct {
		facts              []stripeFact
		excluded, included int64
	}{
		"a payment intent that states nothing": {[]stripeFact{intent(taxedTotal, nil)}, 65, 65},
		"a payment intent with amount details": {[]stripeFact{intent(taxedTotal+700, details)}, 50, 60},
		"a payment intent with an empty tip": {
			[]stripeFact{intent(taxedTotal, object{"amount_details": object{"tip": object{}}})}, 65, 65,
		},
		"a checkout session":                       {[]stripeFact{intent(taxedTotal, nil), session}, 50, 59},
		"a checkout session and its charge":        {[]stripeFact{charge, session}, 50, 59},
		"a checkout session of a part that came":   {[]stripeFact{intent(taxedTotal/5, nil), session}, 10, 11},
		"an invoice":                               {[]stripeFact{charge, invoice}, 50, 59},
		"an invoice and a checkout session":        {[]stripeFact{charge, invoice, session, untaxed}, 50, 59},
		"amount details before a checkout session": {[]stripeFact{intent(taxedTotal+700, details), session}, 50, 60},
		"a checkout session without tax":           {[]stripeFact{charge, untaxed}, 65, 65},
	} {
		for amounts, want := range map[string]int64{"tax_excluded": c.excluded, "tax_included": c.included} {
			permutations(len(c.facts), func(order []int) {
				s := newShopWith(t, options{award: "payments", processors: settings(), purchase: "amounts: " + amounts})
				for _, i := range order {
					if got := s.stripe("2025-09-30.clover", c.facts[i]).String(); got != "200 applied" &&
						got != "200 waiting" {
						t.Errorf("%s: %s", c.facts[i].kind, got)
					}
				}
				if got := s.points(s.member); got != want {
					t.Errorf("%s, %s, in the order %v: %d points, want %d", name, amounts, order, got, want)
				}
				s.server.Close()
			})
		}
	}
}

// PayPal states the tax and shipping of a sale with its amount, and those of a capture with its checkout order, which
// is read from the API.
func TestPayPalStatesTaxWithOrder(t *testing.T) {
	const order = `{"id":"ORDER1","purchase_units":[` +
		`{"amount":{"currency_code":"EUR","value":"10.00","breakdown":{"tax_total":{"currency_code":"EUR",` +
		`"value":"9.00"}}},"payments":{"captures":[{"id":"OTHER"}]}},` +
		`{"amount":{"currency_code":"EUR","value":"65.45","breakdown":{"tax_total":{"currency_code":"EUR",` +
		`"value":"10.45"},"shipping":{"currency_code":"EUR","value":"5.00"}}},` +
		`"payments":{"captures":[{"id":"FIRST"},{"id":"CAP1"}]}}]}`
	const related = `,"supplementary_data":{"related_ids":{"order_id":"ORDER1"}}`
	capture := func(more string) string {
		return `{"id":"CAP1","status":"COMPLETED","amount":{"currency_code":"EUR","value":"65.45"},` +
			`"custom_id":"external:cust-42","create_time":"2026-12-01T11:00:00Z"` + more + `}`
	}
	sale := func(details string) string {
		return `{"id":"CAP1","state":"completed","amount":{"total":"65.45",` +
			`"currency":"EUR"` + details + `},"custom":"external:cust-42","create_time":"2026-12-01T11:00:00Z"}`
	}
	for name, c := range map[string]struct {
		object, order, answer string
		excluded, included    int64
	}{
		"a capture without an order": {capture(""), order, "200 applied", 65, 65},
		"a capture of an order":      {capture(related), order, "200 applied", 50, 60},
		"a capture of an order, by its link": {capture(`,"links":[{"rel":"self","href":"x"},{"rel":"up",` +
			`"href":"https://api.paypal.com/v2/checkout/orders/ORDER1"}]`), order, "200 applied", 50, 60},
		"a capture of an authorization": {capture(`,"links":[{"rel":"up",` +
			`"href":"https://api.paypal.com/v2/payments/authorizations/ORDER1"}]`), order, "200 applied", 65, 65},
		"a link that is not the capture's": {capture(`,"links":[{"rel":"down",` +
			`"href":"https://api.paypal.com/v2/checkout/orders/ORDER1"}]`), order, "200 applied", 65, 65},
		"an order that PayPal no longer has": {capture(related), "", "200 applied", 65, 65},
		"an order that is no object":         {capture(related), "[]", "200 applied", 65, 65},
		"an order of other captures": {
			capture(related), strings.ReplaceAll(order, "CAP1", "CAP2"), "200 applied", 65, 65,
		},
		"an order without a breakdown": {
			capture(related), strings.ReplaceAll(order, "breakdown", "other"), "200 applied", 65, 65,
		},
		"an order with shipping alone": {
			capture(related), strings.ReplaceAll(order, "tax_total", "other"), "200 applied", 60, 60,
		},
		"an order with tax alone": {
			capture(related), strings.ReplaceAll(order, "shipping", "other"), "200 applied", 55, 65,
		},
		"an order in another currency": {
			capture(related), strings.ReplaceAll(order, `EUR","value":"5.00`, `USD","value":"5.00`),
			"200 quarantined currency_mismatch", 0, 0,
		},
		"an order with an amount that is none": {
			capture(related), strings.ReplaceAll(order, "10.45", "ten"), "200 quarantined amount_out_of_range", 0, 0,
		},
		"an order whose total is none": {
			capture(related), strings.ReplaceAll(order, "65.45", "-1"), "200 quarantined amount_out_of_range", 0, 0,
		},
		"a sale": {sale(""), "", "200 applied", 65, 65},
		"a sale with details": {sale(`,"details":{"subtotal":"50.00","tax":"10.45",` +
			`"shipping":"5.00"}`), "", "200 applied", 50, 60},
		"a sale with tax alone": {sale(`,"details":{"tax":"10.45"}`), "", "200 applied", 55, 65},
		"a sale whose tax is no amount": {
			sale(`,"details":{"tax":"x"}`), "", "200 quarantined amount_out_of_range", 0, 0,
		},
		"a sale whose shipping is not an amount": {
			sale(`,"details":{"shipping":"1,00"}`), "", "200 quarantined amount_out_of_range", 0, 0,
		},
	} {
		for amounts, want := range map[string]int64{"tax_excluded": c.excluded, "tax_included": c.included} {
			s := newShopWith(t, options{award: "payments", processors: settings(), purchase: "amounts: " + amounts})
			kind := "PAYMENT.CAPTURE.COMPLETED"
			s.paypal.put("/v2/payments/captures/CAP1", c.object)
			s.paypal.put("/v2/checkout/orders/ORDER1", c.order)
			if strings.HasPrefix(name, "a sale") {
				kind = "PAYMENT.SALE.COMPLETED"
				s.paypal.put("/v1/payments/sale/CAP1", c.object)
			}
			if got := s.sale(kind, c.object); got != c.answer {
				t.Errorf("%s: %s, want %s", name, got, c.answer)
			}
			if got := s.points(s.member); got != want {
				t.Errorf("%s, %s: %d points, want %d", name, amounts, got, want)
			}
			s.server.Close()
		}
	}
}

// An event with an invalid portion goes to quarantine.
func TestInvalidPortionsOfStripePaymentAreQuarantined(t *testing.T) {
	for name, f := range map[string]stripeFact{
		"a negative tax": {"payment_intent.succeeded", 30, object{
			"id": "pi_1", "object": "payment_intent", "amount_received": 100, "currency": "eur",
			"amount_details": object{"tax": object{"total_tax_amount": -1}},
		}},
		"a negative total": {
			"invoice.paid", 30,
			object{"id": "in_1", "object": "invoice", "payment_intent": "pi_1", "total": -1, "currency": "eur"},
		},
		"a negative shipping": {"checkout.session.completed", 30, object{
			"id": "cs_1", "object": "checkout.session", "payment_intent": "pi_1", "amount_total": 5, "currency": "eur",
			"shipping_cost": object{"amount_subtotal": -1},
		}},
	} {
		s := newShop(t, "payments")
		if got := s.stripe("2025-09-30.clover", f).String(); got != "200 quarantined amount_out_of_range" {
			t.Errorf("%s: %s", name, got)
		}
		s.server.Close()
	}
	s := newShop(t, "payments")
	if got := s.send(app.Stripe, "invoice.paid", object{
		"id": "evt_1", "object": "event", "type": "invoice.paid",
		"created": noon.Unix(), "data": object{"object": object{
			"id": "in_1", "object": "invoice", "payment_intent": "pi_1", "total": 5, "currency": "isk",
			"total_tax_amounts": []object{{"amount": 5}},
		}},
	}).String(); got != "200 quarantined amount_precision" {
		t.Error(fmt.Sprint("tax of a fraction of a krona: ", got))
	}
}
