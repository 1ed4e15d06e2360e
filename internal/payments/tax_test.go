package payments_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/payments/sample"
)

// The order is a mug of 50.00 and 9.50 of tax, and shipping of 5.00 and 0.95 of tax: 65.45 in total.
const (
	mugNet, mugTax           = 5_000, 950
	shippingNet, shippingTax = 500, 95
	taxedTotal               = mugNet + mugTax + shippingNet + shippingTax
)

// A taxedRefund is a refund of a part of the order: a percentage of the mug (share), and possibly the shipping. If sum
// is set, half of the whole order is refunded, and only the sum is reported.
type taxedRefund struct {
	share    int
	shipping bool
	sum      bool
}

func (r taxedRefund) mug() (net, tax int) { return mugNet * r.share / 100, mugTax * r.share / 100 }

func (r taxedRefund) shippingParts() (net, tax int) {
	if r.shipping {
		return shippingNet, shippingTax
	}
	return 0, 0
}

func (r taxedRefund) amount() int {
	if r.sum {
		return taxedTotal / 2
	}
	net, tax := r.mug()
	freight, freightTax := r.shippingParts()
	return net + tax + freight + freightTax
}

// byAPI sends the order and its refund as a shop does. The shop's amounts include or exclude tax.
func (r taxedRefund) byAPI(s *shop, included, refunded bool) {
	mug, mugTax := r.mug()
	freight, freightTax := r.shippingParts()
	line, back, shipping, shippingBack := mugNet, mug, shippingNet, freight
	if included {
		line, back, shipping, shippingBack = line+950, mug+mugTax, shipping+shippingTax, freight+freightTax
	}
	o := object{
		"member": s.member, "placed_at": "2026-12-01T11:00:00Z", "currency": "EUR", "status": "paid",
		"shipping": shipping,
		"tax":      950 + shippingTax, "line_items": []object{{"id": "9000", "quantity": 1, "amount": line}},
	}
	if refunded {
		one := object{
			"id":       "73",
			"at":       "2026-12-01T11:30:00Z",
			"amount":   r.amount(),
			"shipping": shippingBack,
			"tax":      mugTax + freightTax,
		}
		if back > 0 {
			one["line_items"] = []object{{"id": "9000", "amount": back}}
		}
		o["refunds"] = []object{one}
	}
	body, err := json.Marshal(o)
	if err != nil {
		s.t.Fatal(err)
	}
	status := 201
	if refunded {
		status = 200
	}
	s.call("PUT", "/v1/orders/5501", string(body), status)
}

// shopifyPaid returns the order as Shopify reports it. The shop's prices include or exclude tax.
func shopifyPaid(inside bool) object {
	price := mugNet
	if inside {
		price += mugTax
	}
	return shopifyOrder(mugTax+shippingTax, 0, inside, false, object{
		"total_price": decimal(
			taxedTotal,
		), "current_total_price": decimal(taxedTotal), "subtotal_price": decimal(price),
		"line_items": []object{{"id": "9000", "quantity": 1, "price": decimal(price), "gift_card": false}},
		"shipping_lines": []object{
			{
				"price":     decimal(shippingNet),
				"tax_lines": []object{{"price": decimal(shippingTax), "price_set": moneySet(shippingTax)}},
			},
		},
	})
}

func (r taxedRefund) byShopify(s *shop, inside bool) {
	mug, tax := r.mug()
	var lines []returned
	if mug > 0 {
		goods := mug
		if inside {
			goods += tax
		}
		lines = []returned{{"9000", goods, tax}}
	}
	freight, freightTax := r.shippingParts()
	refund := shopifyRefund("73", r.amount(), freight, false, lines...)
	if a, ok := refund["order_adjustments"].([]object); ok && len(a) > 0 {
		a[0]["tax_amount"] = "-" + decimal(freightTax)
	}
	s.send(app.Shopify, "refunds/create", refund)
}

func (r taxedRefund) byStandard(s *shop, kind, id string, amount, shipping, shippingTax, tax int) {
	s.send(app.Standard, kind, object{
		"type": kind, "timestamp": "2026-12-01T11:00:00Z",
		"data": object{
			"payment": "p1", "id": id, "status": "done", "amount": amount, "currency": "EUR", "member": s.member,
			"order":    "5501",
			"shipping": shipping, "tax": tax, "shipping_tax": shippingTax,
		},
	})
}

// With one setting, orders by API and by webhook earn the same points, before and after refunds, whether the provider's
// prices include tax or not.
func TestTaxCountsEquallyByAPIAndWebhook(t *testing.T) {
	for _, included := range []bool{false, true} {
		for _, counts := range []string{"[items]", "[items, shipping]"} {
			for _, r := range []taxedRefund{
				{share: 50},
				{shipping: true},
				{share: 50, shipping: true},
				{share: 100},
				{share: 100, shipping: true},
				{sum: true},
			} {
				amounts, goods, freight := "tax_excluded", mugNet, shippingNet
				if included {
					amounts, goods, freight = "tax_included", mugNet+mugTax, shippingNet+shippingTax
				}
				before, after := goods, goods-goods*r.share/100
				if counts == "[items, shipping]" {
					before += freight
					if after += freight; r.shipping {
						after -= freight
					}
				}
				if r.sum {
					after = before - before/2
				}
				for name, way := range map[string]struct {
					award        string
					paid, refund func(s *shop)
				}{
					"API": {
						"orders", func(s *shop) { r.byAPI(s, included, false) },
						func(s *shop) { r.byAPI(s, included, true) },
					},
					"Shopify without tax": {
						"payments", func(s *shop) { s.send(app.Shopify, "orders/paid", shopifyPaid(false)) },
						func(s *shop) { r.byShopify(s, false) },
					},
					"Shopify with tax": {
						"payments", func(s *shop) { s.send(app.Shopify, "orders/paid", shopifyPaid(true)) },
						func(s *shop) { r.byShopify(s, true) },
					},
					"API, refunded by Shopify": {
						"orders",
						func(s *shop) { r.byAPI(s, included, false) }, func(s *shop) {
							s.send(app.Shopify, "orders/paid", shopifyPaid(true))
							r.byShopify(s, true)
						},
					},
					"standard": {"payments", func(s *shop) {
						r.byStandard(
							s, "payment.captured", "p1", taxedTotal, shippingNet, shippingTax, mugTax+shippingTax,
						)
					}, func(s *shop) {
						_, tax := r.mug()
						freight, freightTax := r.shippingParts()
						r.byStandard(s, "payment.refunded", "r1", r.amount(), freight, freightTax, tax+freightTax)
					}},
				} {
					s := newShopWith(
						t,
						options{
							award:      way.award,
							processors: settings(),
							purchase:   fmt.Sprintf("amounts: %s\n    counts: %s", amounts, counts),
						},
					)
					way.paid(s)
					if got := s.points(s.member); got != int64(before/100) {
						t.Errorf("%s, %s, %s: %d points, want %d", name, amounts, counts, got, before/100)
					}
					way.refund(s)
					if got := s.points(s.member); got != int64(after/100) {
						t.Errorf("%s, %s, %s: %d points after %+v, want %d", name, amounts, counts, got, r, after/100)
					}
					s.server.Close()
				}
			}
		}
	}
}

// A tip never earns, even if prices include tax.
func TestTipNeverEarns(t *testing.T) {
	for _, amounts := range []string{"tax_excluded", "tax_included"} {
		s := newShopWith(t, options{award: "payments", processors: settings(), purchase: "amounts: " + amounts})
		const amount = `"amount_money":{"amount":5000,"currency":"EUR"}`
		e := sample.Event{
			Provider: app.Square,
			Type:     "payment.updated",
			Order:    "1042",
			Member:   s.member,
			Total:    5_000,
			Email:    "ada@shop.test",
		}
		s.edited(e, amount, amount+`,"tip_money":{"amount":700,"currency":"EUR"}`)
		if got := s.points(s.member); got != 50 {
			t.Errorf("%s: %d points for 50.00 and a tip of 7.00", amounts, got)
		}
	}
}
