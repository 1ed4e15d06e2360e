package payments_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/app"
)

func shopifyTransaction(id, gateway, kind, status string, amount int) object {
	return object{
		"id": id, "order_id": "5501", "kind": kind, "status": status, "gateway": gateway, "amount": decimal(amount),
		"currency":   "EUR",
		"created_at": "2026-12-01T11:00:00Z", "test": true,
	}
}

// The part of a Shopify order that gift cards paid earns nothing. The order does not state this part, but its
// transactions do, in any order of arrival and once. Until they arrive, gift cards may have paid everything.
func TestGiftCardPartOfShopifyOrderEarnsNothing(t *testing.T) {
	partly := object{"payment_gateway_names": []string{"gift_card", "shopify_payments"}}
	wholly := object{"payment_gateway_names": []string{"gift_card"}}
	card := func(amount int) object {
		return shopifyTransaction("80", "shopify_payments", "sale", "success", amount)
	}
	gift := func(id string, amount int) object {
		return shopifyTransaction(id, "gift_card", "sale", "success", amount)
	}
	for name, c := range map[string]struct {
		order        object
		transactions []object
		want         []int64 // the points after the order and each transaction
	}{
		"no transactions": {partly, nil, []int64{0}},
		"no gift card":    {nil, []object{card(5_000)}, []int64{50, 50}},
		"a gift card":     {partly, []object{gift("81", 2_000), card(3_000)}, []int64{0, 0, 30}},
		"two gift cards":  {partly, []object{gift("81", 2_000), card(2_000), gift("82", 1_000)}, []int64{0, 0, 20, 20}},
		"store credit": {
			partly,
			[]object{shopifyTransaction("81", "shopify_store_credit", "sale", "success", 2_000), card(3_000)},
			[]int64{0, 0, 30},
		},
		"the whole order":     {wholly, []object{gift("81", 5_000)}, []int64{0, 0}},
		"more than the order": {partly, []object{gift("81", 6_000)}, []int64{0, 0}},
		"cash and change":     {partly, []object{gift("81", 2_000), card(9_000)}, []int64{0, 0, 30}},
		"a gift card that was declined": {
			partly,
			[]object{shopifyTransaction("81", "gift_card", "sale", "failure", 2_000), card(5_000)},
			[]int64{0, 0, 50},
		},
		"a card that was declined": {
			partly,
			[]object{shopifyTransaction("79", "shopify_payments", "sale", "failure", 3_000), card(3_000)},
			[]int64{0, 0, 30},
		},
		"a capture": {
			partly,
			[]object{
				shopifyTransaction("81", "gift_card", "capture", "success", 2_000),
				shopifyTransaction("80", "bogus", "capture", "success", 3_000),
			},
			[]int64{
				0, 0, 30,
			},
		},
		"an authorization": {
			partly, []object{shopifyTransaction("80", "bogus", "authorization", "success", 3_000)}, []int64{0, 0},
		},
		"a refund to the gift card": {
			partly,
			[]object{card(5_000), shopifyTransaction("81", "gift_card", "refund", "success", 2_000)},
			[]int64{0, 50, 50},
		},
		"a card in the customer's currency": {
			partly, []object{inDollars(gift("81", 2_000)), card(3_000)}, []int64{0, 0, 30},
		},
	} {
		for _, first := range []bool{false, true} {
			for _, award := range []string{"payments", "orders"} {
				s := newShop(t, award)
				if award == "orders" {
					s.call(
						"PUT",
						"/v1/orders/5501",
						`{"member":"`+s.member+`","placed_at":"2026-12-01T11:00:00Z","currency":"EUR","status":"paid",`+
							`"line_items":[{"id":"9000","quantity":1,"amount":5000}]}`,
						201,
					)
				}
				order := func() { s.send(app.Shopify, "orders/paid", shopifyOrder(0, 0, false, false, c.order)) }
				if !first {
					order()
				}
				for i, x := range c.transactions {
					if got := s.points(s.member); !first && got != c.want[i] {
						t.Errorf(
							"%s, award %s: %d points before transaction %d, want %d",
							name,
							award,
							got,
							i,
							c.want[i],
						)
					}
					s.send(app.Shopify, "order_transactions/create", x)
					s.send(app.Shopify, "order_transactions/create", x)
				}
				if first {
					order()
				}
				if got, want := s.points(s.member), c.want[len(c.transactions)]; got != want {
					t.Errorf("%s, transactions first %t, award %s: %d points, want %d", name, first, award, got, want)
				}
				s.server.Close()
			}
		}
	}
}

// The response of the order states why it earns nothing yet. Tenders that the shop states count.
func TestMixedShopifyOrderStatesReason(t *testing.T) {
	partly := object{"payment_gateway_names": []string{"gift_card", "shopify_payments"}}
	for tenders, want := range map[string]int64{"": 0, `,"tenders":[{"kind":"gift_card","amount":2000},` +
		`{"kind":"card",` +
		`"amount":3000}]`: 30} {
		s := newShop(t, "orders")
		s.send(app.Shopify, "orders/paid", shopifyOrder(0, 0, false, false, partly))
		answer := s.call(
			"PUT",
			"/v1/orders/5501",
			`{"member":"`+s.member+`","placed_at":"2026-12-01T11:00:00Z","currency":"EUR","status":"paid",`+
				`"line_items":[{"id":"9000","quantity":1,"amount":5000}]`+tenders+`}`,
			200,
		)
		if got := s.points(s.member); got != want {
			t.Errorf("tenders %q: %d points, want %d", tenders, got, want)
		}
		const why = "earns nothing until the payment of 50.00 EUR is reported"
		if got := strings.Contains(fmt.Sprint(answer), why); got != (want == 0) {
			t.Errorf("tenders %q: the response states the reason %t: %v", tenders, got, answer)
		}
		s.server.Close()
	}
}

// A refund reduces the money that can earn only if it was returned to a tender that earned.
func TestShopifyRefundsReduceTheirTender(t *testing.T) {
	back := func(gateway string, amount int) object {
		return object{
			"kind":     "refund",
			"status":   "success",
			"amount":   decimal(amount),
			"currency": "EUR",
			"gateway":  gateway,
		}
	}
	tenders := `,"tenders":[{"kind":"gift_card","amount":2000},{"kind":"card","amount":3000}]`
	for name, c := range map[string]struct {
		transactions []object
		want         int64
	}{
		"the gift card":                {[]object{back("gift_card", 2_000)}, 30},
		"the card":                     {[]object{back("shopify_payments", 2_000)}, 10},
		"both":                         {[]object{back("gift_card", 1_000), back("shopify_payments", 1_000)}, 20},
		"a gateway that is not named":  {[]object{back("", 2_000)}, 18},
		"more than the gift card paid": {[]object{back("shopify_store_credit", 2_500)}, 25},
		"more than the card paid":      {[]object{back("shopify_payments", 3_500)}, 0},
		"in dollars, the gift card":    {[]object{inDollars(back("gift_card", 2_000))}, 30},
	} {
		for _, reported := range []string{"", "no tenders", tenders} {
			for _, topic := range []string{"refunds/create", "orders/updated"} {
				s := newShop(t, "payments")
				if reported != "" {
					s.call(
						"PUT",
						"/v1/orders/5501",
						`{"member":"`+s.member+`","placed_at":"2026-12-01T11:00:00Z","currency":"EUR","status":"paid",`+
							`"line_items":[{"id":"9000","quantity":1,`+
							`"amount":5000}]`+strings.TrimPrefix(reported, "no tenders")+`}`,
						201,
					)
				}
				partly := object{"payment_gateway_names": []string{"gift_card", "shopify_payments"}}
				s.send(app.Shopify, "orders/paid", shopifyOrder(0, 0, false, false, partly))
				s.send(
					app.Shopify,
					"order_transactions/create",
					shopifyTransaction("81", "gift_card", "sale", "success", 2_000),
				)
				s.send(
					app.Shopify,
					"order_transactions/create",
					shopifyTransaction("80", "shopify_payments", "sale", "success", 3_000),
				)
				refund := object{
					"id":                "73",
					"order_id":          "5501",
					"created_at":        "2026-12-01T11:30:00Z",
					"refund_line_items": []object{},
					"order_adjustments": []object{},
					"transactions":      c.transactions,
				}
				if topic == "refunds/create" {
					s.send(app.Shopify, topic, refund)
				} else {
					partly["refunds"], partly["updated_at"] = []object{refund}, "2026-12-01T11:30:00Z"
					s.send(app.Shopify, topic, shopifyOrder(0, 0, false, false, partly))
				}
				if got := s.points(s.member); got != c.want {
					t.Errorf(
						"refund to %s, shop's order %q, %s: %d points, want %d", name, reported, topic, got, c.want,
					)
				}
				s.server.Close()
			}
		}
	}
}

// inDollars returns a transaction in the customer's currency, with its amount in both currencies.
func inDollars(x object) object {
	x["amount_set"] = moneySet(2_000)
	x["amount"], x["currency"] = decimal(4_000), "USD"
	return x
}

func TestInvalidShopifyTransactionsAreQuarantined(t *testing.T) {
	s := newShop(t, "payments")
	for name, x := range map[string]object{
		"no order":       {"id": "81", "kind": "sale", "status": "success", "created_at": "2026-12-01T11:00:00Z"},
		"unknown status": shopifyTransaction("81", "gift_card", "sale", "maybe", 2_000),
	} {
		if got := s.send(
			app.Shopify, "order_transactions/create", x,
		).String(); got != "200 quarantined validation_failed" {
			t.Errorf("%s: %s", name, got)
		}
	}
}
