package shopify

import (
	"fmt"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook/webhooktest"
)

func TestRefund(t *testing.T) {
	const body = `{"id":73,"order_id":5501,"created_at":"2026-12-01T12:00:00Z","refund_line_items":[` +
		`{"line_item_id":9000,"quantity":1,"subtotal":50.00,"total_tax":"9.50"}],` +
		`"order_adjustments":[{"kind":"shipping_refund","amount":"-5.00","tax_amount":"-0.95"}],` +
		`"transactions":[{"kind":"refund","status":"success","amount":"65.45","currency":"EUR","gateway":"bogus",` +
		`"test":true}]}`
	want := func() webhook.Event {
		return eventOf("refunds/create:73:#", "refunds/create", webhooktest.At12, loyalty.Fact{
			Kind: loyalty.FactRefund, ID: "73", State: loyalty.FactDone, Money: webhooktest.EUR(6545),
			Clock: webhooktest.NoonClock, At: webhooktest.At12, Shipping: 500, Tax: 1045, ShippingTax: 95,
			Tendered: true, Lines: []loyalty.FactLine{{ID: "9000", Quantity: 1, Amount: 5000, Tax: 950}},
		})
	}
	line := func(change func(*loyalty.FactLine)) func(*webhook.Event) {
		return func(e *webhook.Event) { change(&e.Report.Facts[0].Lines[0]) }
	}
	tax := func(n int64) func(*webhook.Event) { return webhooktest.Fact(func(f *loyalty.Fact) { f.Tax = n }) }
	const transaction = `{"kind":"refund","status":"success","amount":"65.45","currency":"EUR","gateway":"bogus",` +
		`"test":true}`
	two := func(second string) string {
		return strings.Replace(
			transaction,
			"65.45",
			"45.45",
			1,
		) + `,` + strings.Replace(
			strings.Replace(transaction, "65.45", "20.00", 1),
			`"gateway":"bogus"`,
			second,
			1,
		)
	}
	giftCard := func(n int64) func(*webhook.Event) { return webhooktest.Fact(func(f *loyalty.Fact) { f.GiftCard = n }) }
	webhooktest.Run(t, readTopic("refunds/create"), body, want, []webhooktest.Edit{
		{Old: `73`, New: `"73"`},
		{Old: `73`, New: `null`, Code: loyalty.ValidationFailed},
		{Old: `5501`, New: `null`, Code: loyalty.ValidationFailed},
		{Old: `"created_at":"2026-12-01T12:00:00Z"`, New: `"created_at":""`, Code: loyalty.ValidationFailed},
		{Old: `"transactions"`, New: `"x"`, Code: loyalty.ValidationFailed},
		{Old: transaction, New: ``, Want: func(e *webhook.Event) { e.Live, e.Report = nil, nil }},
		{Old: `"test":true`, New: `"test":false`, Want: func(e *webhook.Event) { real := true; e.Live = &real }},
		{Old: `,"test":true`, New: ``, Want: func(e *webhook.Event) { e.Live = nil }},
		{Old: `"kind":"refund"`, New: `"kind":"void"`, Want: webhooktest.NoReport},
		{Old: `"success"`, New: `"pending"`, Want: webhooktest.NoReport},
		{Old: `"65.45"`, New: `"0.00"`, Want: webhooktest.NoReport},
		{Old: `"65.45"`, New: `"-1.00"`, Code: loyalty.AmountOutOfRange},
		{Old: `"gateway":"bogus"`, New: `"gateway":"gift_card"`, Want: giftCard(6545)},
		{Old: `"gateway":"bogus",`, New: ``, Want: webhooktest.Fact(func(f *loyalty.Fact) { f.Tendered = false })},
		{Old: transaction, New: two(`"gateway":"bogus"`)},
		{Old: transaction, New: two(`"gateway":"gift_card"`), Want: giftCard(2000)},
		{
			Old:  transaction,
			New:  two(`"gateway":""`),
			Want: webhooktest.Fact(func(f *loyalty.Fact) { f.Tendered = false }),
		},
		{Old: transaction, New: transaction + `,{"kind":"refund","status":"failure","amount":"1.00","currency":"EUR"}`},
		{Old: transaction, New: transaction + `,{"kind":"void","status":"success","amount":"1.00","currency":"USD"}`},
		{Old: transaction, New: `{"kind":"void","status":"success","amount":"1.00","currency":"USD"},` + transaction},
		{
			Old:  transaction,
			New:  transaction + `,{"kind":"refund","status":"success","amount":"1.00","currency":"USD"}`,
			Code: loyalty.CurrencyMismatch,
		},
		{Old: `"currency":"EUR"`, New: `"currency":"XYZ"`, Code: loyalty.CurrencyUnsupported},
		{Old: `50.00`, New: `"50.00"`},
		{Old: `50.00`, New: `null`, Want: line(func(l *loyalty.FactLine) { l.Amount = 0 })},
		{Old: `50.00`, New: `-50.00`, Want: line(func(l *loyalty.FactLine) { l.Amount = 0 })},
		{Old: `50.00`, New: `"x"`, Code: loyalty.AmountOutOfRange},
		{Old: `"9.50"`, New: `"x"`, Code: loyalty.AmountOutOfRange},
		{
			Old:  `"9.50"`,
			New:  `"-9.50"`,
			Want: func(e *webhook.Event) { e.Report.Facts[0].Tax, e.Report.Facts[0].Lines[0].Tax = 0, 0 },
		},
		{Old: `9000`, New: `"a b"`, Want: webhooktest.Fact(func(f *loyalty.Fact) { f.Lines = nil })},
		{Old: `"quantity":1`, New: `"quantity":0`, Want: line(func(l *loyalty.FactLine) { l.Quantity = 0 })},
		{Old: `"quantity":1`, New: `"quantity":-1`, Want: webhooktest.Fact(func(f *loyalty.Fact) { f.Lines = nil })},
		{Old: `"-5.00"`, New: `"x"`, Code: loyalty.AmountOutOfRange},
		{Old: `"-0.95"`, New: `"x"`, Code: loyalty.AmountOutOfRange},
		{Old: `"-5.00"`, New: `"5.00"`, Want: webhooktest.Fact(func(f *loyalty.Fact) { f.Shipping = 0 })},
		{
			Old:  `"-0.95"`,
			New:  `"0.95"`,
			Want: webhooktest.Fact(func(f *loyalty.Fact) { f.Tax, f.ShippingTax = 855, 0 }),
		},
		{
			Old:  `"shipping_refund"`,
			New:  `"refund_discrepancy"`,
			Want: webhooktest.Fact(func(f *loyalty.Fact) { f.Shipping, f.Tax, f.ShippingTax = 0, 950, 0 }),
		},
		{
			Old:  `"total_tax":"9.50"`,
			New:  `"total_tax":"0.00"`,
			Want: func(e *webhook.Event) { tax(95)(e); e.Report.Facts[0].Lines[0].Tax = 0 },
		},
		// The parts add up to the refund only if prices include the tax.
		{Old: `"65.45"`, New: `"55.95"`, Want: func(e *webhook.Event) {
			e.Report.Facts[0].Money, e.Report.Facts[0].Lines[0].Amount = webhooktest.EUR(5595), 4050
		}},
	})
	webhooktest.Run(
		t,
		readTopic("refunds/create"),
		strings.Replace(body, `"65.45"`, `"55.95"`, 1),
		func() webhook.Event {
			e := want()
			e.Report.Facts[0].Money, e.Report.Facts[0].Lines[0].Amount = webhooktest.EUR(5595), 4050
			return e
		},
		[]webhooktest.Edit{
			{
				Old: `50.00,"total_tax":"9.50"`,
				New: `5.00,"total_tax":"45.00"`,
				Want: func(e *webhook.Event) { // the parts do not match the refunded money
					e.Report.Facts[0].Tax, e.Report.Facts[0].Lines[0] = 4595, loyalty.FactLine{
						ID:       "9000",
						Quantity: 1,
						Amount:   500,
						Tax:      4500,
					}
				},
			},
			{Old: `50.00,"total_tax":"9.50"`, New: `50.00,"total_tax":"0.00"`, Want: func(e *webhook.Event) {
				e.Report.Facts[0].Tax, e.Report.Facts[0].Lines[0] = 95, loyalty.FactLine{
					ID:       "9000",
					Quantity: 1,
					Amount:   5000,
				}
			}},
			{
				Old: `{"kind":"shipping_refund","amount":"-5.00","tax_amount":"-0.95"}`,
				New: `{"kind":"refund_discrepancy","amount":"-5.00","tax_amount":"-0.95"}`,
				Want: webhooktest.Fact(func(f *loyalty.Fact) {
					f.Shipping, f.Tax, f.ShippingTax = 0, 950, 0
				}),
			},
		},
	)
}

// A refund in the customer's currency counts by the shop's amounts, which its transactions or its parts state.
func TestRefundInAnotherCurrency(t *testing.T) {
	bag := func(eur, usd string) string {
		return fmt.Sprintf(
			`{"shop_money":{"amount":"%s","currency_code":"EUR"},"presentment_money":{"amount":"%s",`+
				`"currency_code":"USD"}}`,
			eur,
			usd,
		)
	}
	transaction := `{"kind":"refund","status":"success","amount":"119.00","currency":"USD","gateway":"bogus"`
	body := `{"id":73,"order_id":5501,"created_at":"2026-12-01T12:00:00Z","refund_line_items":[` +
		`{"line_item_id":9000,"quantity":1,"subtotal":50.00,"total_tax":9.50,` +
		`"subtotal_set":` + bag("50.00", "100.00") + `,"total_tax_set":` + bag("9.50", "19.00") + `}],` +
		`"order_adjustments":[],"transactions":[` + transaction + `}]}`
	want := func() webhook.Event {
		e := eventOf("refunds/create:73:#", "refunds/create", webhooktest.At12, loyalty.Fact{
			Kind: loyalty.FactRefund, ID: "73", State: loyalty.FactDone, Money: webhooktest.EUR(5950),
			Clock: webhooktest.NoonClock, At: webhooktest.At12, Tax: 950, Tendered: true,
			Lines: []loyalty.FactLine{{ID: "9000", Quantity: 1, Amount: 5000, Tax: 950}},
		})
		e.Live = nil
		return e
	}
	money := func(n int64) func(*webhook.Event) {
		return webhooktest.Fact(func(f *loyalty.Fact) { f.Money = webhooktest.EUR(n) })
	}
	shipping := `{"kind":"shipping_refund","amount":"-5.00","amount_set":` + bag("-5.00", "-10.00") + `}`
	webhooktest.Run(t, readTopic("refunds/create"), body, want, []webhooktest.Edit{
		{Old: transaction, New: transaction + `,"amount_set":` + bag("59.50", "119.00")},
		{Old: transaction, New: transaction + `,"amount_set":` + bag("60.00", "119.00"), Want: money(6000)},
		{Old: transaction, New: transaction + `,"amount_set":` + bag("x", "119.00"), Code: loyalty.AmountOutOfRange},
		{
			Old:  `"gateway":"bogus"`,
			New:  `"gateway":"gift_card"`,
			Want: webhooktest.Fact(func(f *loyalty.Fact) { f.GiftCard = 5950 }),
		},
		{
			Old: transaction,
			New: transaction + `},{"kind":"refund","status":"success","amount":"1.00","currency":"USD",` +
				`"gateway":"gift_card"`,
			Want: webhooktest.Fact(func(f *loyalty.Fact) {
				f.Tendered = false
			}),
		},
		{
			Old: transaction,
			New: `{"kind":"refund","status":"success","amount":"100.00","currency":"USD","gateway":"bogus",` +
				`"amount_set":` + bag(
				"50.00",
				"100.00",
			),
			Want: func(e *webhook.Event) {
				money(5000)(e)
				e.Report.Facts[0].Lines[0].Amount = 4050
			},
		},
		{
			Old: `"gateway":"bogus"}`,
			New: `"gateway":"gift_card"},{"kind":"void","status":"success","amount":"1.00","currency":"USD",` +
				`"gateway":"bogus"}`,
			Want: webhooktest.Fact(func(f *loyalty.Fact) {
				f.GiftCard = 5950
			}),
		},
		{
			Old:  `"119.00"`,
			New:  `"100.00"`,
			Want: func(e *webhook.Event) { money(5000)(e); e.Report.Facts[0].Lines[0].Amount = 4050 },
		},
		{
			Old:  `"order_adjustments":[]`,
			New:  `"order_adjustments":[` + shipping + `]`,
			Want: webhooktest.Fact(func(f *loyalty.Fact) { f.Money, f.Shipping = webhooktest.EUR(6450), 500 }),
		},
		{
			Old: `"order_adjustments":[]`,
			New: `"order_adjustments":[{"kind":"refund_discrepancy","amount":"2.00","amount_set":` + bag(
				"2.00",
				"4.00",
			) + `}]`,
			Want: money(5750),
		},
		{
			Old: `"order_adjustments":[]`,
			New: `"order_adjustments":[{"kind":"refund_discrepancy","amount":"59.50","amount_set":` + bag(
				"59.50",
				"119.00",
			) + `}]`,
			Code: loyalty.CurrencyMismatch,
		},
		{
			Old: `"order_adjustments":[]`,
			New: `"order_adjustments":[{"kind":"refund_discrepancy","amount":"59.49","amount_set":` + bag(
				"59.49",
				"118.98",
			) + `}]`,
			Want: money(1),
		},
	})
	i, j := strings.Index(body, `{"line_item_id"`), strings.Index(body, `],"order_adjustments"`)
	alone := body[:i] + body[j:]
	webhooktest.Run(
		t,
		readTopic("refunds/create"),
		strings.Replace(alone, `"order_adjustments":[]`, `"order_adjustments":[`+shipping+`]`, 1),
		func() webhook.Event {
			e := want()
			e.Report.Facts[0] = loyalty.Fact{
				Kind: loyalty.FactRefund, ID: "73", State: loyalty.FactDone, Money: webhooktest.EUR(500),
				Clock: webhooktest.NoonClock, At: webhooktest.At12, Tendered: true, Shipping: 500,
			}
			return e
		},
		nil,
	)
	set := strings.Replace(alone, transaction, transaction+`,"amount_set":`+bag("59.50", "119.00"), 1)
	webhooktest.Run(
		t,
		readTopic("refunds/create"),
		set,
		func() webhook.Event { // the transaction states the shop's currency
			e := want()
			e.Report.Facts[0] = loyalty.Fact{
				Kind:     loyalty.FactRefund,
				ID:       "73",
				State:    loyalty.FactDone,
				Money:    webhooktest.EUR(5950),
				Clock:    webhooktest.NoonClock,
				At:       webhooktest.At12,
				Tendered: true,
			}
			return e
		},
		nil,
	)
	webhooktest.Run(
		t,
		readTopic("refunds/create"),
		alone,
		func() webhook.Event { // no part states the shop's currency, so it is the currency of the payment
			e := want()
			e.Report.Facts[0] = loyalty.Fact{
				Kind: loyalty.FactRefund, ID: "73", State: loyalty.FactDone,
				Money: loyalty.Money{Amount: 11900, Currency: "USD"},
				Clock: webhooktest.NoonClock, At: webhooktest.At12, Tendered: true,
			}
			return e
		},
		nil,
	)
}
