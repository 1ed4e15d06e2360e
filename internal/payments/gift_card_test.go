package payments_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/payments/sample"
)

// A payment by gift card earns nothing, whether only Square reports the payment or the shop also reports the order.
func TestSquareGiftCardsEarnNothing(t *testing.T) {
	for more, want := range map[string]int64{
		`"source_type":"CARD","card_details":{"card":{"card_brand":"VISA"}}`:             whole,
		`"source_type":"CARD","card_details":{"card":{"card_brand":"SQUARE_GIFT_CARD"}}`: 0,
		`"card_details":{"status":"CAPTURED","card":{"card_brand":"SQUARE_GIFT_CARD"}}`:  0,
		`"source_type":"EXTERNAL","external_details":{"type":"OTHER_GIFT_CARD"}`:         0,
		`"source_type":"EXTERNAL","external_details":{"type":"STORED_BALANCE"}`:          0,
		`"source_type":"EXTERNAL","external_details":{"type":"CHECK"}`:                   whole,
		`"source_type":"CASH"`: whole,
	} {
		for _, award := range []string{"orders", "orders_when_paid", "payments"} {
			for _, reported := range []bool{false, true} {
				s := newShop(t, award)
				e := sample.Event{
					Provider: app.Square,
					Type:     "payment.updated",
					Payment:  "pay1",
					Total:    4999,
					Order:    "1042",
					Email:    "ada@shop.test",
				}
				if reported {
					s.order("1042", "paid", `,"member":"`+s.member+`","tenders":[{"kind":"card","amount":4999}]`)
				}
				const amount = `"amount_money":{"amount":4999,"currency":"EUR"}`
				if got := s.edited(e, amount, amount+","+more); got.status != 200 || got.received[0].Code != "" {
					t.Errorf("%s: %v", more, got)
				}
				expected := want
				if !reported && award != "payments" {
					expected = 0
				}
				if got := s.points(s.member); got != expected {
					t.Errorf("%s, award %s, reported %t: %d points, want %d", more, award, reported, got, expected)
				}
				s.server.Close()
			}
		}
	}
}

// A gift card that both the shop and Square report counts once.
func TestGiftCardReportedTwiceCountsOnce(t *testing.T) {
	s := newShop(t, "orders_when_paid")
	s.order(
		"1042",
		"paid",
		fmt.Sprintf(
			`,"member":%q,"tenders":[{"kind":"gift_card","amount":2000},{"kind":"card","amount":2999}]`,
			s.member,
		),
	)
	for payment, more := range map[string]string{
		"pay1": `"card_details":{"card":{"card_brand":"SQUARE_GIFT_CARD"}}`, "pay2": `"source_type":"CARD"`,
	} {
		e := sample.Event{Provider: app.Square, Type: "payment.updated", Payment: payment, Total: 2000, Order: "1042"}
		if payment == "pay2" {
			e.Total = 2999
		}
		amount := fmt.Sprintf(`"amount_money":{"amount":%d,"currency":"EUR"}`, e.Total)
		s.edited(e, amount, amount+","+more)
	}
	if got := s.points(s.member); got != 29 {
		t.Errorf("%d points for 29.99 paid by card", got)
	}
}

// An order that was paid only with gift cards earns nothing. An order does not state how much of a mixed payment gift
// cards paid, so it earns nothing until its transactions do.
func TestShopifyOrdersPaidWithGiftCardsEarnNothing(t *testing.T) {
	for gateways, want := range map[string]int64{
		`[]`: whole, `["bogus"]`: whole, `["gift_card"]`: 0,
		`["gift_card","shopify_store_credit"]`: 0, `["gift_card",` +
			`"bogus"]`: 0, `["bogus","shopify_store_credit"]`: 0,
	} {
		s := newShop(t, "payments")
		e := sample.Event{
			Provider: app.Shopify,
			Type:     "orders/paid",
			Order:    "5501",
			Total:    4999,
			Email:    "ada@shop.test",
		}
		const lines = `"line_items":[`
		if got := s.edited(e, lines, `"payment_gateway_names":`+gateways+`,`+lines).String(); got != "200 applied" ||
			s.points(s.member) != want {
			t.Errorf("%s: %s, %d points, want %d", gateways, got, s.points(s.member), want)
		}
		s.server.Close()
	}
}

// A webhook of up to 4 MiB is acknowledged and counts.
func TestLargeWebhookCounts(t *testing.T) {
	s := newShop(t, "payments")
	e := sample.Event{Provider: app.Shopify, Type: "orders/paid", Order: "5501", Total: 4999, Email: "ada@shop.test"}
	const lines = `"line_items":[`
	if got := s.edited(e, lines, `"note":"`+strings.Repeat("x", 4_000_000)+`",`+lines).String(); got != "200 applied" ||
		s.points(s.member) != whole {
		t.Errorf("%s, %d points", got, s.points(s.member))
	}
}
