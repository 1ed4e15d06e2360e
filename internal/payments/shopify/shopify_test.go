package shopify

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook/webhooktest"
	"github.com/perennial-loyalty/perennial/internal/service"
)

// readTopic reads a body of a topic. The digest that ends the event's ID becomes "#".
func readTopic(topic string) func(body string) (webhook.Event, error) {
	return func(body string) (webhook.Event, error) {
		e, err := New(
			webhook.Connection{},
		).Read(context.Background(), webhook.Message{Topic: topic, Body: []byte(body)})
		return withoutDigest(e, body), err
	}
}

func withoutDigest(e webhook.Event, body string) webhook.Event {
	e.ID = strings.Replace(e.ID, webhook.Digest([]byte(body)), "#", 1)
	return e
}

func eventOf(id, topic string, at time.Time, facts ...loyalty.Fact) webhook.Event {
	return webhook.Event{
		ID:   id,
		Type: topic,
		At:   at,
		Live: webhooktest.NotLive(),
		Report: &webhook.Report{Report: service.Report{
			Payment: "shopify:5501", Order: "5501", Facts: append([]loyalty.Fact(nil), facts...),
		}},
	}
}

const orderBody = `{"id":5501,"currency":"EUR","total_price":"65.45","current_total_price":"65.45",` +
	`"subtotal_price":"50.00","total_tax":"10.45",` +
	`"taxes_included":false,"financial_status":"paid","payment_gateway_names":["bogus"],"test":true,` +
	`"email":"ada@shop.test","customer":{"id":77,"email":"eve@shop.test"},` +
	`"created_at":"2026-12-01T10:00:00Z","processed_at":"2026-12-01T11:00:00Z","updated_at":"2026-12-01T12:00:00Z",` +
	`"line_items":[{"id":9000,"quantity":1,"price":"50.00","gift_card":false}],` +
	`"shipping_lines":[{"price":"5.00","tax_lines":[{"price":"0.90"},{"price":"0.05"}]}],"refunds":[]}`

func TestOrder(t *testing.T) {
	want := func() webhook.Event {
		e := eventOf("orders/paid:5501:2026-12-01T12:00:00Z:#", "orders/paid", webhooktest.At12, loyalty.Fact{
			Kind: loyalty.FactCapture, ID: "5501", State: loyalty.FactDone, Money: webhooktest.EUR(6545),
			Clock: webhooktest.NoonClock, At: webhooktest.At11, Shipping: 500, Tax: 1045, ShippingTax: 95,
		})
		e.Report.Customer, e.Report.Address = "shopify:77", "ada@shop.test"
		return e
	}
	parts := func(shipping, tax, shippingTax int64) func(*webhook.Event) {
		return webhooktest.Fact(func(f *loyalty.Fact) { f.Shipping, f.Tax, f.ShippingTax = shipping, tax, shippingTax })
	}
	lines := func(lines ...loyalty.FactLine) func(*webhook.Event) {
		return webhooktest.Fact(func(f *loyalty.Fact) { f.Lines = lines })
	}
	const line = `{"id":9000,"quantity":1,"price":"50.00","gift_card":false}`
	gift := func(more string) string { return line + `,{"id":9001,` + more + `}` }
	total := func(n int64) func(*webhook.Event) { // a share of the tax
		return webhooktest.Fact(
			func(f *loyalty.Fact) { f.Money.Amount, f.Tax, f.ShippingTax = n, 1045*n/6545, min(95, 1045*n/6545) },
		)
	}
	webhooktest.Run(t, readTopic("orders/paid"), orderBody, want, []webhooktest.Edit{
		{Old: `5501`, New: `"5501"`},
		{Old: `5501`, New: `"gid 5501"`, Code: loyalty.ValidationFailed},
		{Old: `5501`, New: `null`, Code: loyalty.ValidationFailed},
		{Old: `"paid"`, New: `"partially_refunded"`},
		{Old: `"paid"`, New: `"refunded"`},
		{Old: `"paid"`, New: `"voided"`, Want: webhooktest.State(loyalty.FactFailed)},
		{Old: `"paid"`, New: `"pending"`, Want: webhooktest.NoFacts},
		{Old: `"paid"`, New: `"authorized"`, Want: webhooktest.NoFacts},
		{Old: `"paid"`, New: `"partially_paid"`, Want: webhooktest.NoFacts},
		{Old: `"paid"`, New: `""`, Code: loyalty.ValidationFailed},
		{Old: `"total_price":"65.45"`, New: `"x":"65.45"`, Code: loyalty.ValidationFailed},
		{Old: `"line_items":`, New: `"x":`, Code: loyalty.ValidationFailed},
		{Old: `"updated_at":"2026-12-01T12:00:00Z"`, New: `"updated_at":""`, Code: loyalty.ValidationFailed},
		{Old: `"updated_at":"2026-12-01T12:00:00Z"`, New: `"updated_at":"today"`, Want: func(e *webhook.Event) {
			e.ID, e.At, e.Report.Facts[0].Clock = "orders/paid:5501:today:#", time.Time{}, 0
		}},
		{
			Old:  `"processed_at":"2026-12-01T11:00:00Z"`,
			New:  `"processed_at":null`,
			Want: webhooktest.Fact(func(f *loyalty.Fact) { f.At = webhooktest.At11.Add(-time.Hour) }),
		},
		{Old: `"test":true`, New: `"test":false`, Want: func(e *webhook.Event) { real := true; e.Live = &real }},
		{Old: `"test":true`, New: `"test":null`, Want: func(e *webhook.Event) { e.Live = nil }},
		{Old: `"ada@shop.test"`, New: `""`, Want: func(e *webhook.Event) { e.Report.Address = "eve@shop.test" }},
		{
			Old:  `"customer":{"id":77`,
			New:  `"customer":{"id":"a b"`,
			Want: func(e *webhook.Event) { e.Report.Customer = "" },
		},
		{
			Old:  `"customer":{"id":77,"email":"eve@shop.test"}`,
			New:  `"customer":null`,
			Want: func(e *webhook.Event) { e.Report.Customer = "" },
		},
		{Old: `["bogus"]`, New: `[]`},
		{Old: `["bogus"]`, New: `["gift_card"]`, Want: webhooktest.Fact(func(f *loyalty.Fact) { f.GiftCard = 6545 })},
		{
			Old:  `["bogus"]`,
			New:  `["gift_card","shopify_store_credit"]`,
			Want: webhooktest.Fact(func(f *loyalty.Fact) { f.GiftCard = 6545 }),
		},
		{
			Old:  `["bogus"]`,
			New:  `["bogus","gift_card"]`,
			Want: webhooktest.Fact(func(f *loyalty.Fact) { f.Mixed = true }),
		},
		{
			Old:  `["bogus"]`,
			New:  `["shopify_store_credit","bogus"]`,
			Want: webhooktest.Fact(func(f *loyalty.Fact) { f.Mixed = true }),
		},
		{Old: `"total_price":"65.45"`, New: `"total_price":"-1.00"`, Code: loyalty.AmountOutOfRange},
		{Old: `"current_total_price":"65.45"`, New: `"current_total_price":"x"`, Code: loyalty.AmountOutOfRange},
		{Old: `"current_total_price":"65.45"`, New: `"current_total_price":null`},
		{Old: `"current_total_price":"65.45"`, New: `"current_total_price":"40.00"`, Want: total(4000)},
		{Old: `"current_total_price":"65.45"`, New: `"current_total_price":"3.00"`, Want: total(300)},
		{Old: `"current_total_price":"65.45"`, New: `"current_total_price":"0.00"`, Want: webhooktest.NoFacts},
		{Old: `"current_total_price":"65.45"`, New: `"current_total_price":"99.00"`},
		{Old: `"subtotal_price":"50.00"`, New: `"subtotal_price":"x"`, Want: parts(0, 0, 0)},
		{Old: `"total_tax":"10.45"`, New: `"total_tax":"x"`, Want: parts(0, 0, 0)},
		{Old: `"total_tax":"10.45"`, New: `"total_tax":"0.00"`, Want: parts(1545, 0, 0)},
		{Old: `"total_tax":"10.45"`, New: `"total_tax":"0.50"`, Want: parts(1495, 50, 50)},
		{Old: `"total_tax":"10.45"`, New: `"total_tax":"16.00"`, Want: parts(0, 1600, 95)},
		{Old: `"taxes_included":false`, New: `"taxes_included":true`, Want: parts(1450, 1045, 95)},
		{Old: `{"price":"0.90"}`, New: `{"price":"x"}`, Want: parts(0, 0, 0)},
		{Old: `{"price":"0.90"}`, New: `{"price":"-0.90"}`, Want: parts(500, 1045, 5)},
		{
			Old: `{"price":"0.90"}`,
			New: `{"price":"7","price_set":{"shop_money":{"amount":"0.90","currency_code":"EUR"},` +
				`"presentment_money":{"amount":"7","currency_code":"USD"}}}`,
		},
		{
			Old:  line,
			New:  gift(`"quantity":2,"price":"10.00","gift_card":true`),
			Want: lines(loyalty.FactLine{ID: "9001", Quantity: 2, Amount: 2000}),
		},
		{
			Old:  line,
			New:  gift(`"quantity":1,"price":10,"gift_card":true`),
			Want: lines(loyalty.FactLine{ID: "9001", Quantity: 1, Amount: 1000}),
		},
		{Old: line, New: gift(`"quantity":0,"price":"10.00","gift_card":true`)},
		{Old: line, New: gift(`"quantity":2,"price":"10.00"`)},
		{Old: line, New: gift(`"quantity":2,"price":"x","gift_card":true`), Code: loyalty.AmountOutOfRange},
		{
			Old:  line,
			New:  gift(`"quantity":1,"price":"10000000000.00","gift_card":true`),
			Want: lines(loyalty.FactLine{ID: "9001", Quantity: 1, Amount: loyalty.MaxAmount}),
		},
		{Old: line, New: gift(`"quantity":2,"price":"5000000000.01","gift_card":true`), Code: loyalty.AmountOutOfRange},
		{Old: line, New: `{"id":"a b","quantity":1,"price":"10.00","gift_card":true}`},
		{
			Old:  `"total_price":"65.45","current_total_price":"65.45"`,
			New:  `"total_price":"0.00","current_total_price":"0.00"`,
			Want: webhooktest.NoFacts,
		},
		{Old: `"EUR"`, New: `"XYZ"`, Code: loyalty.CurrencyUnsupported},
		{Old: `{"id":5501`, New: `{"id":5501,"id":5502`, Code: webhook.MalformedJSON},
	})
}

// A refund that an order lists counts separately from its capture, which is the current price plus the refunded money.
func TestOrderWithRefunds(t *testing.T) {
	const refund = `{"id":73,"created_at":"2026-12-01T11:30:00Z","transactions":[{"kind":"refund","status":"success",` +
		`"amount":"20.00","currency":"EUR"}]}`
	body := strings.NewReplacer(
		`"refunds":[]`, `"refunds":[`+refund+`]`,
		`"current_total_price":"65.45"`, `"current_total_price":"45.45"`,
	).Replace(orderBody)
	half := webhooktest.At11.Add(30 * time.Minute)
	want := func() webhook.Event {
		e := eventOf("orders/updated:5501:2026-12-01T12:00:00Z:#", "orders/updated", webhooktest.At12, loyalty.Fact{
			Kind: loyalty.FactCapture, ID: "5501", State: loyalty.FactDone, Money: webhooktest.EUR(6545),
			Clock: webhooktest.NoonClock, At: webhooktest.At11, Shipping: 500, Tax: 1045, ShippingTax: 95,
		}, loyalty.Fact{
			Kind: loyalty.FactRefund, ID: "73", State: loyalty.FactDone, Money: webhooktest.EUR(2000),
			Clock: half.UnixMilli(), At: half,
		})
		e.Report.Customer, e.Report.Address = "shopify:77", "ada@shop.test"
		return e
	}
	webhooktest.Run(t, readTopic("orders/updated"), body, want, []webhooktest.Edit{
		{Old: `"id":73`, New: `"id":"a b"`, Code: loyalty.ValidationFailed},
		{Old: `"20.00"`, New: `"x"`, Code: loyalty.AmountOutOfRange},
		{
			Old: `"20.00","currency":"EUR"`,
			New: `"40.00","currency":"USD","amount_set":{"shop_money":{"amount":"20.00","currency_code":"EUR"}}`,
		},
		{
			Old:  `"20.00","currency":"EUR"`,
			New:  `"40.00","currency":"USD","amount_set":{"shop_money":{"amount":"20.00","currency_code":"CHF"}}`,
			Code: loyalty.CurrencyMismatch,
		},
		{Old: `"20.00","currency":"EUR"`, New: `"40.00","currency":"USD"`, Code: loyalty.CurrencyMismatch},
		{
			Old:  `"45.45"`,
			New:  `"25.45"`,
			Want: webhooktest.Fact(func(f *loyalty.Fact) { f.Money.Amount, f.Tax = 4545, 1045*4545/6545 }),
		},
	})
}

func TestTransaction(t *testing.T) {
	const body = `{"id":81,"order_id":5501,"kind":"sale","status":"success","gateway":"gift_card","amount":"20.00",` +
		`"currency":"EUR","created_at":"2026-12-01T12:00:00Z","test":true}`
	want := func() webhook.Event {
		return eventOf("order_transactions/create:81:#", "order_transactions/create", webhooktest.At12, loyalty.Fact{
			Kind: loyalty.FactGiftCard, ID: "81", State: loyalty.FactDone, Money: webhooktest.EUR(2000),
			Clock: webhooktest.NoonClock, At: webhooktest.At12,
		})
	}
	tender := webhooktest.Fact(func(f *loyalty.Fact) { f.Kind = loyalty.FactTender })
	webhooktest.Run(t, readTopic("order_transactions/create"), body, want, []webhooktest.Edit{
		{Old: `"gift_card"`, New: `"shopify_store_credit"`},
		{Old: `"gift_card"`, New: `"bogus"`, Want: tender},
		{Old: `"gift_card"`, New: `null`, Want: tender},
		{Old: `"sale"`, New: `"capture"`},
		{Old: `"sale"`, New: `"authorization"`, Want: webhooktest.NoReport},
		{Old: `"sale"`, New: `"refund"`, Want: webhooktest.NoReport},
		{Old: `"sale","status":"success"`, New: `"refund","status":""`, Code: loyalty.ValidationFailed},
		{Old: `"sale"`, New: `""`, Code: loyalty.ValidationFailed},
		{Old: `"success"`, New: `"pending"`, Want: webhooktest.State(loyalty.FactPending)},
		{Old: `"success"`, New: `"failure"`, Want: webhooktest.State(loyalty.FactFailed)},
		{Old: `"success"`, New: `"error"`, Want: webhooktest.State(loyalty.FactFailed)},
		{Old: `"success"`, New: `"unknown"`, Code: loyalty.ValidationFailed},
		{Old: `"success"`, New: `""`, Code: loyalty.ValidationFailed},
		{Old: `81`, New: `null`, Code: loyalty.ValidationFailed},
		{Old: `5501`, New: `""`, Code: loyalty.ValidationFailed},
		{Old: `"2026-12-01T12:00:00Z"`, New: `""`, Code: loyalty.ValidationFailed},
		{Old: `"20.00"`, New: `"-20.00"`, Code: loyalty.AmountOutOfRange},
		{Old: `"20.00"`, New: `"0.00"`, Want: webhooktest.NoFacts},
		{Old: `"EUR"`, New: `"XYZ"`, Code: loyalty.CurrencyUnsupported},
		{
			Old: `"amount":"20.00","currency":"EUR"`,
			New: `"amount":"40.00","currency":"USD","amount_set":{"shop_money":{"amount":"20.00",` +
				`"currency_code":"EUR"}}`,
		},
		{Old: `"test":true`, New: `"test":null`, Want: func(e *webhook.Event) { e.Live = nil }},
		{Old: `{"id":81`, New: `["id"`, Code: webhook.MalformedJSON},
	})
}

func TestDispute(t *testing.T) {
	const body = `{"id":91,"order_id":5501,"type":"chargeback","status":"needs_response","amount":"20.00",` +
		`"currency":"EUR","initiated_at":"2026-12-01T12:00:00Z"}`
	want := func() webhook.Event {
		e := eventOf("disputes/create:91:#", "disputes/create", webhooktest.At12, loyalty.Fact{
			Kind: loyalty.FactDispute, ID: "91", State: loyalty.FactOpen, Money: webhooktest.EUR(2000), Clock: 6,
			At: webhooktest.At12,
		})
		e.Live = nil
		return e
	}
	ranked := func(s loyalty.FactState, clock int64) func(*webhook.Event) {
		return webhooktest.Fact(func(f *loyalty.Fact) { f.State, f.Clock = s, clock })
	}
	const both = `"type":"chargeback","status":"needs_response"`
	var all []webhooktest.Edit
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
		all = append(
			all,
			webhooktest.Edit{
				Old:  both,
				New:  `"type":"inquiry","status":"` + x.status + `"`,
				Want: ranked(x.inquiry, int64(i)),
			},
			webhooktest.Edit{
				Old:  both,
				New:  `"type":"chargeback","status":"` + x.status + `"`,
				Want: ranked(x.chargeback, int64(i)+6),
			},
		)
	}
	webhooktest.Run(t, readTopic("disputes/create"), body, want, append(all, []webhooktest.Edit{
		{Old: `"needs_response"`, New: `"open"`, Code: loyalty.ValidationFailed},
		{Old: `"chargeback"`, New: `"other"`, Code: loyalty.ValidationFailed},
		{Old: `91`, New: `null`, Code: loyalty.ValidationFailed},
		{Old: `5501`, New: `null`, Code: loyalty.ValidationFailed},
		{Old: `"20.00"`, New: `"-20.00"`, Code: loyalty.AmountOutOfRange},
		{
			Old:  `"2026-12-01T12:00:00Z"`,
			New:  `""`,
			Want: func(e *webhook.Event) { e.At, e.Report.Facts[0].At = time.Time{}, time.Time{} },
		},
		{Old: `{"id"`, New: `["id"`, Code: webhook.MalformedJSON},
	}...))
}

func TestOtherTopics(t *testing.T) {
	want := func() webhook.Event { return webhook.Event{ID: "products/update:#", Type: "products/update"} }
	webhooktest.Run(t, readTopic("products/update"), `{"shop_id":1}`, want, []webhooktest.Edit{
		{Old: `{"shop_id":1}`, New: `[]`, Code: webhook.MalformedJSON},
	})
}
