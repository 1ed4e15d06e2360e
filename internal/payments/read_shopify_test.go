package payments

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// readShopifyTopic reads a body of a topic. The digest that ends the event's ID becomes "#".
func readShopifyTopic(topic string) func(body string) (event, error) {
	return func(body string) (event, error) {
		e, err := readShopify(topic, []byte(body))
		return withoutDigest(e, body), err
	}
}

func withoutDigest(e event, body string) event {
	e.id = strings.Replace(e.id, digest([]byte(body)), "#", 1)
	return e
}

func shopifyEventOf(id, topic string, at time.Time, facts ...loyalty.Fact) event {
	return event{id: id, kind: topic, at: at, live: &testMode, report: &report{Report: ledger.Report{
		Payment: "shopify:5501", Order: "5501", Facts: append([]loyalty.Fact(nil), facts...),
	}}}
}

const shopifyOrderText = `{"id":5501,"currency":"EUR","total_price":"65.45","current_total_price":"65.45","subtotal_price":"50.00","total_tax":"10.45",` +
	`"taxes_included":false,"financial_status":"paid","payment_gateway_names":["bogus"],"test":true,"email":"ada@shop.test","customer":{"id":77,"email":"eve@shop.test"},` +
	`"created_at":"2026-12-01T10:00:00Z","processed_at":"2026-12-01T11:00:00Z","updated_at":"2026-12-01T12:00:00Z",` +
	`"line_items":[{"id":9000,"quantity":1,"price":"50.00","gift_card":false}],` +
	`"shipping_lines":[{"price":"5.00","tax_lines":[{"price":"0.90"},{"price":"0.05"}]}],"refunds":[]}`

func TestShopifyOrder(t *testing.T) {
	want := func() event {
		e := shopifyEventOf("orders/paid:5501:2026-12-01T12:00:00Z:#", "orders/paid", at12, loyalty.Fact{
			Kind: loyalty.FactCapture, ID: "5501", State: loyalty.FactDone, Money: eur(6545), Clock: noonClock, At: at11, Shipping: 500, Tax: 1045, ShippingTax: 95,
		})
		e.report.Customer, e.report.email = "shopify:77", "ada@shop.test"
		return e
	}
	parts := func(shipping, tax, shippingTax int64) func(*event) {
		return fact(func(f *loyalty.Fact) { f.Shipping, f.Tax, f.ShippingTax = shipping, tax, shippingTax })
	}
	lines := func(lines ...loyalty.FactLine) func(*event) { return fact(func(f *loyalty.Fact) { f.Lines = lines }) }
	const line = `{"id":9000,"quantity":1,"price":"50.00","gift_card":false}`
	gift := func(more string) string { return line + `,{"id":9001,` + more + `}` }
	total := func(n int64) func(*event) { // a share of the tax
		return fact(func(f *loyalty.Fact) { f.Money.Amount, f.Tax, f.ShippingTax = n, 1045*n/6545, min(95, 1045*n/6545) })
	}
	edits(t, readShopifyTopic("orders/paid"), shopifyOrderText, want,
		edit{old: `5501`, new: `"5501"`},
		edit{old: `5501`, new: `"gid 5501"`, code: invalid},
		edit{old: `5501`, new: `null`, code: invalid},
		edit{old: `"paid"`, new: `"partially_refunded"`},
		edit{old: `"paid"`, new: `"refunded"`},
		edit{old: `"paid"`, new: `"voided"`, want: state(loyalty.FactFailed)},
		edit{old: `"paid"`, new: `"pending"`, want: noFacts},
		edit{old: `"paid"`, new: `"authorized"`, want: noFacts},
		edit{old: `"paid"`, new: `"partially_paid"`, want: noFacts},
		edit{old: `"paid"`, new: `""`, code: invalid},
		edit{old: `"total_price":"65.45"`, new: `"x":"65.45"`, code: invalid},
		edit{old: `"line_items":`, new: `"x":`, code: invalid},
		edit{old: `"updated_at":"2026-12-01T12:00:00Z"`, new: `"updated_at":""`, code: invalid},
		edit{old: `"updated_at":"2026-12-01T12:00:00Z"`, new: `"updated_at":"today"`, want: func(e *event) {
			e.id, e.at, e.report.Facts[0].Clock = "orders/paid:5501:today:#", time.Time{}, 0
		}},
		edit{old: `"processed_at":"2026-12-01T11:00:00Z"`, new: `"processed_at":null`, want: fact(func(f *loyalty.Fact) { f.At = at11.Add(-time.Hour) })},
		edit{old: `"test":true`, new: `"test":false`, want: func(e *event) { real := true; e.live = &real }},
		edit{old: `"test":true`, new: `"test":null`, want: func(e *event) { e.live = nil }},
		edit{old: `"ada@shop.test"`, new: `""`, want: func(e *event) { e.report.email = "eve@shop.test" }},
		edit{old: `"customer":{"id":77`, new: `"customer":{"id":"a b"`, want: func(e *event) { e.report.Customer = "" }},
		edit{old: `"customer":{"id":77,"email":"eve@shop.test"}`, new: `"customer":null`, want: func(e *event) { e.report.Customer = "" }},
		edit{old: `["bogus"]`, new: `[]`},
		edit{old: `["bogus"]`, new: `["gift_card"]`, want: fact(func(f *loyalty.Fact) { f.GiftCard = 6545 })},
		edit{old: `["bogus"]`, new: `["gift_card","shopify_store_credit"]`, want: fact(func(f *loyalty.Fact) { f.GiftCard = 6545 })},
		edit{old: `["bogus"]`, new: `["bogus","gift_card"]`, want: fact(func(f *loyalty.Fact) { f.Mixed = true })},
		edit{old: `["bogus"]`, new: `["shopify_store_credit","bogus"]`, want: fact(func(f *loyalty.Fact) { f.Mixed = true })},
		edit{old: `"total_price":"65.45"`, new: `"total_price":"-1.00"`, code: outOfRange},
		edit{old: `"current_total_price":"65.45"`, new: `"current_total_price":"x"`, code: outOfRange},
		edit{old: `"current_total_price":"65.45"`, new: `"current_total_price":null`},
		edit{old: `"current_total_price":"65.45"`, new: `"current_total_price":"40.00"`, want: total(4000)},
		edit{old: `"current_total_price":"65.45"`, new: `"current_total_price":"3.00"`, want: total(300)},
		edit{old: `"current_total_price":"65.45"`, new: `"current_total_price":"0.00"`, want: noFacts},
		edit{old: `"current_total_price":"65.45"`, new: `"current_total_price":"99.00"`},
		edit{old: `"subtotal_price":"50.00"`, new: `"subtotal_price":"x"`, want: parts(0, 0, 0)},
		edit{old: `"total_tax":"10.45"`, new: `"total_tax":"x"`, want: parts(0, 0, 0)},
		edit{old: `"total_tax":"10.45"`, new: `"total_tax":"0.00"`, want: parts(1545, 0, 0)},
		edit{old: `"total_tax":"10.45"`, new: `"total_tax":"0.50"`, want: parts(1495, 50, 50)},
		edit{old: `"total_tax":"10.45"`, new: `"total_tax":"16.00"`, want: parts(0, 1600, 95)},
		edit{old: `"taxes_included":false`, new: `"taxes_included":true`, want: parts(1450, 1045, 95)},
		edit{old: `{"price":"0.90"}`, new: `{"price":"x"}`, want: parts(0, 0, 0)},
		edit{old: `{"price":"0.90"}`, new: `{"price":"-0.90"}`, want: parts(500, 1045, 5)},
		edit{old: `{"price":"0.90"}`, new: `{"price":"7","price_set":{"shop_money":{"amount":"0.90","currency_code":"EUR"},"presentment_money":{"amount":"7","currency_code":"USD"}}}`},
		edit{old: line, new: gift(`"quantity":2,"price":"10.00","gift_card":true`), want: lines(loyalty.FactLine{ID: "9001", Quantity: 2, Amount: 2000})},
		edit{old: line, new: gift(`"quantity":1,"price":10,"gift_card":true`), want: lines(loyalty.FactLine{ID: "9001", Quantity: 1, Amount: 1000})},
		edit{old: line, new: gift(`"quantity":0,"price":"10.00","gift_card":true`)},
		edit{old: line, new: gift(`"quantity":2,"price":"10.00"`)},
		edit{old: line, new: gift(`"quantity":2,"price":"x","gift_card":true`), code: outOfRange},
		edit{old: line, new: gift(`"quantity":1,"price":"10000000000.00","gift_card":true`), want: lines(loyalty.FactLine{ID: "9001", Quantity: 1, Amount: loyalty.MaxAmount})},
		edit{old: line, new: gift(`"quantity":2,"price":"5000000000.01","gift_card":true`), code: outOfRange},
		edit{old: line, new: `{"id":"a b","quantity":1,"price":"10.00","gift_card":true}`},
		edit{old: `"total_price":"65.45","current_total_price":"65.45"`, new: `"total_price":"0.00","current_total_price":"0.00"`, want: noFacts},
		edit{old: `"EUR"`, new: `"XYZ"`, code: loyalty.CurrencyUnsupported},
		edit{old: `{"id":5501`, new: `{"id":5501,"id":5502`, code: malformed},
	)
}

// A refund that an order lists counts beside its capture, which is what the order costs now and the money that went back.
func TestShopifyOrderWithRefunds(t *testing.T) {
	const refund = `{"id":73,"created_at":"2026-12-01T11:30:00Z","transactions":[{"kind":"refund","status":"success","amount":"20.00","currency":"EUR"}]}`
	body := strings.NewReplacer(`"refunds":[]`, `"refunds":[`+refund+`]`, `"current_total_price":"65.45"`, `"current_total_price":"45.45"`).Replace(shopifyOrderText)
	half := at11.Add(30 * time.Minute)
	want := func() event {
		e := shopifyEventOf("orders/updated:5501:2026-12-01T12:00:00Z:#", "orders/updated", at12, loyalty.Fact{
			Kind: loyalty.FactCapture, ID: "5501", State: loyalty.FactDone, Money: eur(6545), Clock: noonClock, At: at11, Shipping: 500, Tax: 1045, ShippingTax: 95,
		}, loyalty.Fact{Kind: loyalty.FactRefund, ID: "73", State: loyalty.FactDone, Money: eur(2000), Clock: half.UnixMilli(), At: half})
		e.report.Customer, e.report.email = "shopify:77", "ada@shop.test"
		return e
	}
	edits(t, readShopifyTopic("orders/updated"), body, want,
		edit{old: `"id":73`, new: `"id":"a b"`, code: invalid},
		edit{old: `"20.00"`, new: `"x"`, code: outOfRange},
		edit{old: `"20.00","currency":"EUR"`, new: `"40.00","currency":"USD","amount_set":{"shop_money":{"amount":"20.00","currency_code":"EUR"}}`},
		edit{old: `"20.00","currency":"EUR"`, new: `"40.00","currency":"USD","amount_set":{"shop_money":{"amount":"20.00","currency_code":"CHF"}}`, code: loyalty.CurrencyMismatch},
		edit{old: `"20.00","currency":"EUR"`, new: `"40.00","currency":"USD"`, code: loyalty.CurrencyMismatch},
		edit{old: `"45.45"`, new: `"25.45"`, want: fact(func(f *loyalty.Fact) { f.Money.Amount, f.Tax = 4545, 1045*4545/6545 })},
	)
}

func TestShopifyRefund(t *testing.T) {
	const body = `{"id":73,"order_id":5501,"created_at":"2026-12-01T12:00:00Z","refund_line_items":[` +
		`{"line_item_id":9000,"quantity":1,"subtotal":50.00,"total_tax":"9.50"}],` +
		`"order_adjustments":[{"kind":"shipping_refund","amount":"-5.00","tax_amount":"-0.95"}],` +
		`"transactions":[{"kind":"refund","status":"success","amount":"65.45","currency":"EUR","gateway":"bogus","test":true}]}`
	want := func() event {
		return shopifyEventOf("refunds/create:73:#", "refunds/create", at12, loyalty.Fact{
			Kind: loyalty.FactRefund, ID: "73", State: loyalty.FactDone, Money: eur(6545), Clock: noonClock, At: at12, Shipping: 500, Tax: 1045, ShippingTax: 95,
			Tendered: true, Lines: []loyalty.FactLine{{ID: "9000", Quantity: 1, Amount: 5000, Tax: 950}},
		})
	}
	line := func(change func(*loyalty.FactLine)) func(*event) {
		return func(e *event) { change(&e.report.Facts[0].Lines[0]) }
	}
	tax := func(n int64) func(*event) { return fact(func(f *loyalty.Fact) { f.Tax = n }) }
	const transaction = `{"kind":"refund","status":"success","amount":"65.45","currency":"EUR","gateway":"bogus","test":true}`
	two := func(second string) string {
		return strings.Replace(transaction, "65.45", "45.45", 1) + `,` + strings.Replace(strings.Replace(transaction, "65.45", "20.00", 1), `"gateway":"bogus"`, second, 1)
	}
	giftCard := func(n int64) func(*event) { return fact(func(f *loyalty.Fact) { f.GiftCard = n }) }
	edits(t, readShopifyTopic("refunds/create"), body, want,
		edit{old: `73`, new: `"73"`},
		edit{old: `73`, new: `null`, code: invalid},
		edit{old: `5501`, new: `null`, code: invalid},
		edit{old: `"created_at":"2026-12-01T12:00:00Z"`, new: `"created_at":""`, code: invalid},
		edit{old: `"transactions"`, new: `"x"`, code: invalid},
		edit{old: transaction, new: ``, want: func(e *event) { e.live, e.report = nil, nil }},
		edit{old: `"test":true`, new: `"test":false`, want: func(e *event) { real := true; e.live = &real }},
		edit{old: `,"test":true`, new: ``, want: func(e *event) { e.live = nil }},
		edit{old: `"kind":"refund"`, new: `"kind":"void"`, want: noReport},
		edit{old: `"success"`, new: `"pending"`, want: noReport},
		edit{old: `"65.45"`, new: `"0.00"`, want: noReport},
		edit{old: `"65.45"`, new: `"-1.00"`, code: outOfRange},
		edit{old: `"gateway":"bogus"`, new: `"gateway":"gift_card"`, want: giftCard(6545)},
		edit{old: `"gateway":"bogus",`, new: ``, want: fact(func(f *loyalty.Fact) { f.Tendered = false })},
		edit{old: transaction, new: two(`"gateway":"bogus"`)},
		edit{old: transaction, new: two(`"gateway":"gift_card"`), want: giftCard(2000)},
		edit{old: transaction, new: two(`"gateway":""`), want: fact(func(f *loyalty.Fact) { f.Tendered = false })},
		edit{old: transaction, new: transaction + `,{"kind":"refund","status":"failure","amount":"1.00","currency":"EUR"}`},
		edit{old: transaction, new: transaction + `,{"kind":"void","status":"success","amount":"1.00","currency":"USD"}`},
		edit{old: transaction, new: `{"kind":"void","status":"success","amount":"1.00","currency":"USD"},` + transaction},
		edit{old: transaction, new: transaction + `,{"kind":"refund","status":"success","amount":"1.00","currency":"USD"}`, code: loyalty.CurrencyMismatch},
		edit{old: `"currency":"EUR"`, new: `"currency":"XYZ"`, code: loyalty.CurrencyUnsupported},
		edit{old: `50.00`, new: `"50.00"`},
		edit{old: `50.00`, new: `null`, want: line(func(l *loyalty.FactLine) { l.Amount = 0 })},
		edit{old: `50.00`, new: `-50.00`, want: line(func(l *loyalty.FactLine) { l.Amount = 0 })},
		edit{old: `50.00`, new: `"x"`, code: outOfRange},
		edit{old: `"9.50"`, new: `"x"`, code: outOfRange},
		edit{old: `"9.50"`, new: `"-9.50"`, want: func(e *event) { e.report.Facts[0].Tax, e.report.Facts[0].Lines[0].Tax = 0, 0 }},
		edit{old: `9000`, new: `"a b"`, want: fact(func(f *loyalty.Fact) { f.Lines = nil })},
		edit{old: `"quantity":1`, new: `"quantity":0`, want: line(func(l *loyalty.FactLine) { l.Quantity = 0 })},
		edit{old: `"quantity":1`, new: `"quantity":-1`, want: fact(func(f *loyalty.Fact) { f.Lines = nil })},
		edit{old: `"-5.00"`, new: `"x"`, code: outOfRange},
		edit{old: `"-0.95"`, new: `"x"`, code: outOfRange},
		edit{old: `"-5.00"`, new: `"5.00"`, want: fact(func(f *loyalty.Fact) { f.Shipping = 0 })},
		edit{old: `"-0.95"`, new: `"0.95"`, want: fact(func(f *loyalty.Fact) { f.Tax, f.ShippingTax = 855, 0 })},
		edit{old: `"shipping_refund"`, new: `"refund_discrepancy"`, want: fact(func(f *loyalty.Fact) { f.Shipping, f.Tax, f.ShippingTax = 0, 950, 0 })},
		edit{old: `"total_tax":"9.50"`, new: `"total_tax":"0.00"`, want: func(e *event) { tax(95)(e); e.report.Facts[0].Lines[0].Tax = 0 }},
		// The parts add up to the refund only if prices include the tax.
		edit{old: `"65.45"`, new: `"55.95"`, want: func(e *event) { e.report.Facts[0].Money, e.report.Facts[0].Lines[0].Amount = eur(5595), 4050 }},
	)
	edits(t, readShopifyTopic("refunds/create"), strings.Replace(body, `"65.45"`, `"55.95"`, 1), func() event {
		e := want()
		e.report.Facts[0].Money, e.report.Facts[0].Lines[0].Amount = eur(5595), 4050
		return e
	},
		edit{old: `50.00,"total_tax":"9.50"`, new: `5.00,"total_tax":"45.00"`, want: func(e *event) { // not what went back
			e.report.Facts[0].Tax, e.report.Facts[0].Lines[0] = 4595, loyalty.FactLine{ID: "9000", Quantity: 1, Amount: 500, Tax: 4500}
		}},
		edit{old: `50.00,"total_tax":"9.50"`, new: `50.00,"total_tax":"0.00"`, want: func(e *event) {
			e.report.Facts[0].Tax, e.report.Facts[0].Lines[0] = 95, loyalty.FactLine{ID: "9000", Quantity: 1, Amount: 5000}
		}},
		edit{old: `{"kind":"shipping_refund","amount":"-5.00","tax_amount":"-0.95"}`, new: `{"kind":"refund_discrepancy","amount":"-5.00","tax_amount":"-0.95"}`, want: fact(func(f *loyalty.Fact) {
			f.Shipping, f.Tax, f.ShippingTax = 0, 950, 0
		})},
	)
}

// A refund in the customer's currency counts by the shop's amounts, which its transactions or its parts state.
func TestShopifyRefundInAnotherCurrency(t *testing.T) {
	bag := func(eur, usd string) string {
		return fmt.Sprintf(`{"shop_money":{"amount":"%s","currency_code":"EUR"},"presentment_money":{"amount":"%s","currency_code":"USD"}}`, eur, usd)
	}
	transaction := `{"kind":"refund","status":"success","amount":"119.00","currency":"USD","gateway":"bogus"`
	body := `{"id":73,"order_id":5501,"created_at":"2026-12-01T12:00:00Z","refund_line_items":[` +
		`{"line_item_id":9000,"quantity":1,"subtotal":50.00,"total_tax":9.50,"subtotal_set":` + bag("50.00", "100.00") + `,"total_tax_set":` + bag("9.50", "19.00") + `}],` +
		`"order_adjustments":[],"transactions":[` + transaction + `}]}`
	want := func() event {
		e := shopifyEventOf("refunds/create:73:#", "refunds/create", at12, loyalty.Fact{
			Kind: loyalty.FactRefund, ID: "73", State: loyalty.FactDone, Money: eur(5950), Clock: noonClock, At: at12, Tax: 950, Tendered: true,
			Lines: []loyalty.FactLine{{ID: "9000", Quantity: 1, Amount: 5000, Tax: 950}},
		})
		e.live = nil
		return e
	}
	money := func(n int64) func(*event) { return fact(func(f *loyalty.Fact) { f.Money = eur(n) }) }
	shipping := `{"kind":"shipping_refund","amount":"-5.00","amount_set":` + bag("-5.00", "-10.00") + `}`
	edits(t, readShopifyTopic("refunds/create"), body, want,
		edit{old: transaction, new: transaction + `,"amount_set":` + bag("59.50", "119.00")},
		edit{old: transaction, new: transaction + `,"amount_set":` + bag("60.00", "119.00"), want: money(6000)},
		edit{old: transaction, new: transaction + `,"amount_set":` + bag("x", "119.00"), code: outOfRange},
		edit{old: `"gateway":"bogus"`, new: `"gateway":"gift_card"`, want: fact(func(f *loyalty.Fact) { f.GiftCard = 5950 })},
		edit{old: transaction, new: transaction + `},{"kind":"refund","status":"success","amount":"1.00","currency":"USD","gateway":"gift_card"`, want: fact(func(f *loyalty.Fact) {
			f.Tendered = false
		})},
		edit{old: transaction, new: `{"kind":"refund","status":"success","amount":"100.00","currency":"USD","gateway":"bogus","amount_set":` + bag("50.00", "100.00"), want: func(e *event) {
			money(5000)(e)
			e.report.Facts[0].Lines[0].Amount = 4050
		}},
		edit{old: `"gateway":"bogus"}`, new: `"gateway":"gift_card"},{"kind":"void","status":"success","amount":"1.00","currency":"USD","gateway":"bogus"}`, want: fact(func(f *loyalty.Fact) {
			f.GiftCard = 5950
		})},
		edit{old: `"119.00"`, new: `"100.00"`, want: func(e *event) { money(5000)(e); e.report.Facts[0].Lines[0].Amount = 4050 }},
		edit{old: `"order_adjustments":[]`, new: `"order_adjustments":[` + shipping + `]`, want: fact(func(f *loyalty.Fact) { f.Money, f.Shipping = eur(6450), 500 })},
		edit{old: `"order_adjustments":[]`, new: `"order_adjustments":[{"kind":"refund_discrepancy","amount":"2.00","amount_set":` + bag("2.00", "4.00") + `}]`, want: money(5750)},
		edit{old: `"order_adjustments":[]`, new: `"order_adjustments":[{"kind":"refund_discrepancy","amount":"59.50","amount_set":` + bag("59.50", "119.00") + `}]`, code: loyalty.CurrencyMismatch},
		edit{old: `"order_adjustments":[]`, new: `"order_adjustments":[{"kind":"refund_discrepancy","amount":"59.49","amount_set":` + bag("59.49", "118.98") + `}]`, want: money(1)},
	)
	i, j := strings.Index(body, `{"line_item_id"`), strings.Index(body, `],"order_adjustments"`)
	alone := body[:i] + body[j:]
	edits(t, readShopifyTopic("refunds/create"), strings.Replace(alone, `"order_adjustments":[]`, `"order_adjustments":[`+shipping+`]`, 1), func() event {
		e := want()
		e.report.Facts[0] = loyalty.Fact{
			Kind: loyalty.FactRefund, ID: "73", State: loyalty.FactDone, Money: eur(500), Clock: noonClock, At: at12, Tendered: true, Shipping: 500,
		}
		return e
	})
	set := strings.Replace(alone, transaction, transaction+`,"amount_set":`+bag("59.50", "119.00"), 1)
	edits(t, readShopifyTopic("refunds/create"), set, func() event { // the transaction states the shop's currency
		e := want()
		e.report.Facts[0] = loyalty.Fact{Kind: loyalty.FactRefund, ID: "73", State: loyalty.FactDone, Money: eur(5950), Clock: noonClock, At: at12, Tendered: true}
		return e
	})
	edits(t, readShopifyTopic("refunds/create"), alone, func() event { // no part states the shop's currency, so it is that which was paid
		e := want()
		e.report.Facts[0] = loyalty.Fact{
			Kind: loyalty.FactRefund, ID: "73", State: loyalty.FactDone, Money: loyalty.Money{Amount: 11900, Currency: "USD"}, Clock: noonClock, At: at12, Tendered: true,
		}
		return e
	})
}

func TestShopifyTransaction(t *testing.T) {
	const body = `{"id":81,"order_id":5501,"kind":"sale","status":"success","gateway":"gift_card","amount":"20.00","currency":"EUR","created_at":"2026-12-01T12:00:00Z","test":true}`
	want := func() event {
		return shopifyEventOf("order_transactions/create:81:#", "order_transactions/create", at12, loyalty.Fact{
			Kind: loyalty.FactGiftCard, ID: "81", State: loyalty.FactDone, Money: eur(2000), Clock: noonClock, At: at12,
		})
	}
	tender := fact(func(f *loyalty.Fact) { f.Kind = loyalty.FactTender })
	edits(t, readShopifyTopic("order_transactions/create"), body, want,
		edit{old: `"gift_card"`, new: `"shopify_store_credit"`},
		edit{old: `"gift_card"`, new: `"bogus"`, want: tender},
		edit{old: `"gift_card"`, new: `null`, want: tender},
		edit{old: `"sale"`, new: `"capture"`},
		edit{old: `"sale"`, new: `"authorization"`, want: noReport},
		edit{old: `"sale"`, new: `"refund"`, want: noReport},
		edit{old: `"sale","status":"success"`, new: `"refund","status":""`, code: invalid},
		edit{old: `"sale"`, new: `""`, code: invalid},
		edit{old: `"success"`, new: `"pending"`, want: state(loyalty.FactPending)},
		edit{old: `"success"`, new: `"failure"`, want: state(loyalty.FactFailed)},
		edit{old: `"success"`, new: `"error"`, want: state(loyalty.FactFailed)},
		edit{old: `"success"`, new: `"unknown"`, code: invalid},
		edit{old: `"success"`, new: `""`, code: invalid},
		edit{old: `81`, new: `null`, code: invalid},
		edit{old: `5501`, new: `""`, code: invalid},
		edit{old: `"2026-12-01T12:00:00Z"`, new: `""`, code: invalid},
		edit{old: `"20.00"`, new: `"-20.00"`, code: outOfRange},
		edit{old: `"20.00"`, new: `"0.00"`, want: noFacts},
		edit{old: `"EUR"`, new: `"XYZ"`, code: loyalty.CurrencyUnsupported},
		edit{old: `"amount":"20.00","currency":"EUR"`, new: `"amount":"40.00","currency":"USD","amount_set":{"shop_money":{"amount":"20.00","currency_code":"EUR"}}`},
		edit{old: `"test":true`, new: `"test":null`, want: func(e *event) { e.live = nil }},
		edit{old: `{"id":81`, new: `["id"`, code: malformed},
	)
}

func TestShopifyDispute(t *testing.T) {
	const body = `{"id":91,"order_id":5501,"type":"chargeback","status":"needs_response","amount":"20.00","currency":"EUR","initiated_at":"2026-12-01T12:00:00Z"}`
	want := func() event {
		e := shopifyEventOf("disputes/create:91:#", "disputes/create", at12, loyalty.Fact{
			Kind: loyalty.FactDispute, ID: "91", State: loyalty.FactOpen, Money: eur(2000), Clock: 6, At: at12,
		})
		e.live = nil
		return e
	}
	ranked := func(s loyalty.FactState, clock int64) func(*event) {
		return fact(func(f *loyalty.Fact) { f.State, f.Clock = s, clock })
	}
	const both = `"type":"chargeback","status":"needs_response"`
	var all []edit
	for i, x := range []struct {
		status              string
		inquiry, chargeback loyalty.FactState
	}{
		{"needs_response", loyalty.FactPending, loyalty.FactOpen},
		{"under_review", loyalty.FactPending, loyalty.FactOpen},
		{"charge_refunded", loyalty.FactPending, loyalty.FactOpen},
		{"accepted", loyalty.FactLost, loyalty.FactLost},
		{"lost", loyalty.FactLost, loyalty.FactLost},
		{"won", loyalty.FactWon, loyalty.FactWon},
	} {
		all = append(all,
			edit{old: both, new: `"type":"inquiry","status":"` + x.status + `"`, want: ranked(x.inquiry, int64(i))},
			edit{old: both, new: `"type":"chargeback","status":"` + x.status + `"`, want: ranked(x.chargeback, int64(i)+6)})
	}
	edits(t, readShopifyTopic("disputes/create"), body, want, append(all,
		edit{old: `"needs_response"`, new: `"open"`, code: invalid},
		edit{old: `"chargeback"`, new: `"other"`, code: invalid},
		edit{old: `91`, new: `null`, code: invalid},
		edit{old: `5501`, new: `null`, code: invalid},
		edit{old: `"20.00"`, new: `"-20.00"`, code: outOfRange},
		edit{old: `"2026-12-01T12:00:00Z"`, new: `""`, want: func(e *event) { e.at, e.report.Facts[0].At = time.Time{}, time.Time{} }},
		edit{old: `{"id"`, new: `["id"`, code: malformed},
	)...)
}

func TestShopifyOtherTopics(t *testing.T) {
	edits(t, readShopifyTopic("customers/redact"), `{"shop_id":1}`, func() event { return event{id: "customers/redact:#", kind: "customers/redact"} },
		edit{old: `{"shop_id":1}`, new: `[]`, code: malformed})
}
