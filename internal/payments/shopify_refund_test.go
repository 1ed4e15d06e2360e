package payments_test

import (
	"fmt"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/app"
)

// moneySet returns an amount in euros, the shop's currency, and in dollars at two dollars per euro.
func moneySet(cents int) object {
	money := func(n int, currency string) object {
		return object{"amount": fmt.Sprintf("%d.%02d", n/100, n%100), "currency_code": currency}
	}
	return object{"shop_money": money(cents, "EUR"), "presentment_money": money(2*cents, "USD")}
}

func decimal(cents int) string { return moneySet(cents)["shop_money"].(object)["amount"].(string) }

// A returned is a line of a refund, with the amount of the goods and their tax.
type returned struct {
	line       string
	goods, tax int
}

// shopifyRefund returns a refund of an amount. It includes the shipping if that is more than zero.
func shopifyRefund(id string, amount, shipping int, inDollars bool, lines ...returned) object {
	transaction := object{"kind": "refund", "status": "success", "amount": decimal(amount), "currency": "EUR"}
	if inDollars {
		transaction["amount"], transaction["currency"] = decimal(2*amount), "USD"
	}
	var items, adjustments []object
	for _, l := range lines {
		items = append(items, object{
			"line_item_id": l.line, "quantity": 1, "subtotal": float64(l.goods) / 100,
			"total_tax":    float64(l.tax) / 100,
			"subtotal_set": moneySet(l.goods), "total_tax_set": moneySet(l.tax),
		})
	}
	if shipping > 0 {
		back := moneySet(shipping)
		for _, m := range back {
			m.(object)["amount"] = "-" + m.(object)["amount"].(string)
		}
		adjustments = append(
			adjustments,
			object{
				"kind":       "shipping_refund",
				"amount":     "-" + decimal(shipping),
				"tax_amount": "0.00",
				"amount_set": back,
			},
		)
	}
	return object{
		"id": id, "order_id": "5501", "created_at": "2026-12-01T11:30:00Z", "refund_line_items": items,
		"order_adjustments": adjustments,
		"transactions":      []object{transaction},
	}
}

// shopifyOrder returns a paid order of a mug of 50.00 and a gift card of 20.00, with tax and shipping.
func shopifyOrder(tax, shipping int, inside, card bool, more object) object {
	lines, goods := []object{{"id": "9000", "quantity": 1, "price": "50.00", "gift_card": false}}, 5_000
	if card {
		lines, goods = append(
			lines,
			object{"id": "9001", "quantity": 2, "price": "10.00", "gift_card": true},
		), goods+2_000
	}
	total := goods + shipping
	if !inside {
		total += tax
	}
	o := object{
		"id": "5501", "currency": "EUR", "total_price": decimal(total), "current_total_price": decimal(total),
		"subtotal_price": decimal(goods),
		"total_tax": decimal(
			tax,
		), "taxes_included": inside, "financial_status": "paid", "email": "ada@shop.test", "line_items": lines,
		"created_at": "2026-12-01T11:00:00Z", "processed_at": "2026-12-01T11:00:00Z",
		"updated_at": "2026-12-01T11:00:00Z",
		"refunds":    []object{},
	}
	for k, v := range more {
		o[k] = v
	}
	return o
}

// Shopify refunds count by their parts, whether the order is known only from the payment or also from the shop, and
// whether orders/updated or refunds/create reports the refund. A refund in the customer's currency counts by the shop's
// amounts.
func TestShopifyRefundsCountByTheirParts(t *testing.T) {
	const order = `{"member":%q,"placed_at":"2026-12-01T11:00:00Z","currency":"EUR","status":"paid","shipping":1000,` +
		`"tax":500,` +
		`"line_items":[{"id":"9000","quantity":1,"amount":5000},{"id":"9001","quantity":2,"amount":2000}]}`
	for name, c := range map[string]struct {
		amount, shipping int
		lines            []returned
		want             int64
	}{
		"the mug and its tax":                  {5_500, 0, []returned{{"9000", 5_000, 500}}, 0},
		"half of the mug and its tax":          {2_750, 0, []returned{{"9000", 2_500, 250}}, 25},
		"the gift card":                        {2_000, 0, []returned{{"9001", 2_000, 0}}, 50},
		"the shipping":                         {1_000, 1_000, nil, 50},
		"the gift card and the shipping":       {3_000, 1_000, []returned{{"9001", 2_000, 0}}, 50},
		"half of the mug and all the shipping": {3_750, 1_000, []returned{{"9000", 2_500, 250}}, 25},
		"everything":                           {8_500, 1_000, []returned{{"9000", 5_000, 500}, {"9001", 2_000, 0}}, 0},
	} {
		for _, topic := range []string{"refunds/create", "orders/updated"} {
			for _, dollars := range []bool{false, true} {
				for _, first := range []bool{false, true} {
					for _, award := range []string{"payments", "orders_when_paid"} {
						s := newShop(t, award)
						if award == "orders_when_paid" {
							s.call("PUT", "/v1/orders/5501", fmt.Sprintf(order, s.member), 201)
						}
						refund := shopifyRefund("73", c.amount, c.shipping, dollars, c.lines...)
						report := func() {
							if topic == "refunds/create" {
								s.send(app.Shopify, topic, refund)
								return
							}
							s.send(app.Shopify, topic, shopifyOrder(500, 1_000, false, true, object{
								"refunds": []object{
									refund,
								}, "updated_at": "2026-12-01T11:30:00Z", "financial_status": "partially_refunded",
								"current_total_price": decimal(8_500 - c.amount),
							}))
						}
						if first {
							report()
						}
						s.send(app.Shopify, "orders/paid", shopifyOrder(500, 1_000, false, true, nil))
						if !first {
							report()
						}
						if got := s.points(s.member); got != c.want {
							t.Errorf(
								"%s by %s, dollars %t, first %t, award %s: %d points, want %d",
								name,
								topic,
								dollars,
								first,
								award,
								got,
								c.want,
							)
						}
						s.server.Close()
					}
				}
			}
		}
	}
}

// If prices include tax, the amounts of returned lines include it too.
func TestShopifyPricesThatIncludeTax(t *testing.T) {
	s := newShop(t, "payments")
	s.send(app.Shopify, "orders/paid", shopifyOrder(1_000, 500, true, false, nil))
	if got := s.points(s.member); got != 40 {
		t.Errorf("%d points for 50.00 that include 10.00 of tax", got)
	}
	s.send(app.Shopify, "refunds/create", shopifyRefund("73", 2_500, 0, false, returned{"9000", 2_500, 500}))
	if got := s.points(s.member); got != 20 {
		t.Errorf("%d points after half of it was returned", got)
	}
	s.send(app.Shopify, "refunds/create", shopifyRefund("74", 500, 500, false))
	if got := s.points(s.member); got != 20 {
		t.Errorf("%d points after the shipping was refunded", got)
	}
}

// An exchange returns goods without money and adds others, so the order earns on its current price.
func TestShopifyExchangesEarnOnAmountPaid(t *testing.T) {
	goodsAlone := shopifyRefund("73", 0, 0, false, returned{"9000", 5_000, 0})
	goodsAlone["transactions"] = []object{}
	cheaper := shopifyRefund("74", 2_000, 0, false, returned{"9000", 5_000, 0})
	for name, c := range map[string]struct {
		total, now int
		refund     object
		want       int64
	}{
		"for something dearer":                           {12_000, 7_000, goodsAlone, 70},
		"for something as dear":                          {10_000, 5_000, goodsAlone, 50},
		"for something cheaper, with the money for more": {8_000, 3_000, cheaper, 30},
	} {
		s := newShop(t, "payments")
		s.send(app.Shopify, "orders/paid", shopifyOrder(0, 0, false, false, nil))
		s.send(app.Shopify, "orders/updated", shopifyOrder(0, 0, false, false, object{
			"total_price": decimal(c.total), "subtotal_price": decimal(c.total), "current_total_price": decimal(c.now),
			"refunds": []object{c.refund}, "updated_at": "2026-12-01T11:40:00Z",
		}))
		if got := s.points(s.member); got != c.want {
			t.Errorf("%s: %d points, want %d", name, got, c.want)
		}
		s.server.Close()
	}
}

// A refund that does not state its amount in the shop's currency goes to quarantine.
func TestShopifyRefundOfUnknownAmountIsQuarantined(t *testing.T) {
	s := newShop(t, "payments")
	s.send(app.Shopify, "orders/paid", shopifyOrder(0, 0, false, false, nil))
	refund := shopifyRefund("73", 1_000, 0, true)
	if got := s.send(app.Shopify, "refunds/create", refund).String(); got != "200 quarantined currency_mismatch" ||
		s.points(s.member) != 50 {
		t.Errorf("%s, %d points", got, s.points(s.member))
	}
}
