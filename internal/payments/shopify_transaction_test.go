package payments_test

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/app"
)

func shopifyTransaction(id, gateway, kind, status string, amount int) object {
	return object{
		"id": id, "order_id": "5501", "kind": kind, "status": status, "gateway": gateway, "amount": decimal(amount), "currency": "EUR",
		"created_at": "2026-12-01T11:00:00Z", "test": true,
	}
}

// Of a Shopify order, only what was not paid with gift cards earns. The order does not state how much that is, but its
// transactions do, in any order of arrival and once.
func TestPartOfAShopifyOrderPaidWithAGiftCardEarnsNothing(t *testing.T) {
	partly := object{"payment_gateway_names": []string{"gift_card", "shopify_payments"}}
	wholly := object{"payment_gateway_names": []string{"gift_card"}}
	for name, c := range map[string]struct {
		order        object
		transactions []object
		want         int64
	}{
		"a gift card":                       {partly, []object{shopifyTransaction("81", "gift_card", "sale", "success", 2_000)}, 30},
		"two gift cards":                    {partly, []object{shopifyTransaction("81", "gift_card", "sale", "success", 2_000), shopifyTransaction("82", "gift_card", "sale", "success", 1_000)}, 20},
		"store credit":                      {partly, []object{shopifyTransaction("81", "shopify_store_credit", "sale", "success", 2_000)}, 30},
		"the whole order":                   {wholly, []object{shopifyTransaction("81", "gift_card", "sale", "success", 5_000)}, 0},
		"more than the order":               {partly, []object{shopifyTransaction("81", "gift_card", "sale", "success", 6_000)}, 0},
		"a card that was declined":          {partly, []object{shopifyTransaction("81", "gift_card", "sale", "failure", 2_000)}, 50},
		"a payment by card":                 {partly, []object{shopifyTransaction("81", "shopify_payments", "sale", "success", 3_000)}, 50},
		"a refund to the gift card":         {partly, []object{shopifyTransaction("81", "gift_card", "refund", "success", 2_000)}, 50},
		"a card in the customer's currency": {partly, []object{inDollars(shopifyTransaction("81", "gift_card", "sale", "success", 2_000))}, 30},
	} {
		for _, first := range []bool{false, true} {
			for _, award := range []string{"payments", "orders"} {
				s := newShop(t, award)
				if award == "orders" {
					s.call("PUT", "/v1/orders/5501", `{"member":"`+s.member+`","placed_at":"2026-12-01T11:00:00Z","currency":"EUR","status":"paid",`+
						`"lines":[{"id":"9000","quantity":1,"amount":5000}]}`, 201)
				}
				pay := func() {
					for _, x := range append(c.transactions, c.transactions...) {
						s.send(app.Shopify, "order_transactions/create", x)
					}
				}
				if first {
					pay()
				}
				s.send(app.Shopify, "orders/paid", shopifyOrder(0, 0, false, false, c.order))
				if !first {
					pay()
				}
				if got := s.points(s.member); got != c.want {
					t.Errorf("%s, transactions first %t, award %s: %d points, want %d", name, first, award, got, c.want)
				}
				s.server.Close()
			}
		}
	}
}

// inDollars is a transaction in the customer's currency, with its amount in both.
func inDollars(x object) object {
	x["amount_set"] = bag(2_000)
	x["amount"], x["currency"] = decimal(4_000), "USD"
	return x
}

func TestShopifyTransactionsOfAnotherShapeAreQuarantined(t *testing.T) {
	s := newShop(t, "payments")
	for name, x := range map[string]object{
		"no order":       {"id": "81", "kind": "sale", "status": "success", "created_at": "2026-12-01T11:00:00Z"},
		"unknown status": shopifyTransaction("81", "gift_card", "sale", "maybe", 2_000),
	} {
		if got := s.send(app.Shopify, "order_transactions/create", x).String(); got != "200 quarantined validation_failed" {
			t.Errorf("%s: %s", name, got)
		}
	}
}
