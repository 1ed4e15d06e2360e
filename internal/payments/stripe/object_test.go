package stripe

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

func read(body string) (webhook.Event, error) {
	return New(webhook.Connection{}).Read(context.Background(), webhook.Message{Body: []byte(body)})
}

// eventBody returns an event at noon about an object that was created an hour earlier.
func eventBody(kind, object string) string {
	return `{"id":"evt_1","object":"event","api_version":"2025-03-31.basil",` +
		`"type":"` + kind + `","created":1796126400,"livemode":false,"data":{"object":{` +
		object + `,"currency":"eur","created":1796122800}}}`
}

func eventOf(kind string, r service.Report) webhook.Event {
	return webhook.Event{
		ID:     "evt_1",
		Type:   kind,
		At:     webhooktest.At12,
		Live:   webhooktest.NotLive(),
		Report: &webhook.Report{Report: r},
	}
}

func TestPaymentIntent(t *testing.T) {
	body := eventBody(
		"payment_intent.succeeded",
		`"id":"pi_1","object":"payment_intent","amount":6000,"amount_received":5000,"customer":"cus_1",`+
			`"metadata":{"loyalty_order":"1042","loyalty_member":"external:ada"},"receipt_email":"ada@shop.test"`,
	)
	want := func() webhook.Event {
		e := eventOf("payment_intent.succeeded", service.Report{
			Payment: "stripe:pi_1", Order: "1042", Member: "external:ada",
			Customer: "stripe:cus_1", Facts: []loyalty.Fact{{
				Kind: loyalty.FactCapture, ID: "pi_1", State: loyalty.FactDone, Money: webhooktest.EUR(5000),
				Clock: webhooktest.NoonClock + overCharge, At: webhooktest.At12,
			}},
		})
		e.Report.Address = "ada@shop.test"
		return e
	}
	const id = `"id":"pi_1"`
	ignored := func(kind string) func(*webhook.Event) { return func(e *webhook.Event) { e.Type, e.Report = kind, nil } }
	webhooktest.Run(t, read, body, want, []webhooktest.Edit{
		{Old: `"cus_1"`, New: `{"id":"cus_1","object":"customer"}`},
		{Old: `"cus_1"`, New: `null`, Want: func(e *webhook.Event) { e.Report.Customer = "" }},
		{Old: `"cus_1"`, New: `17`, Code: webhook.MalformedJSON},
		{Old: `"cus_1"`, New: `{"id":17}`, Code: webhook.MalformedJSON},
		{Old: `"cus_1"`, New: `"cus 1"`, Code: loyalty.ValidationFailed},
		{Old: `"1042"`, New: `"order/1042"`, Want: func(e *webhook.Event) { e.Report.Order = "" }},
		{Old: `"external:ada"`, New: `"ada lovelace"`, Want: func(e *webhook.Event) { e.Report.Member = "" }},
		{Old: `"ada@shop.test"`, New: `null`, Want: func(e *webhook.Event) { e.Report.Address = "" }},
		{
			Old:  `"receipt_email"`,
			New:  `"customer_details":{"email":"eve@shop.test"},"receipt_email"`,
			Want: func(e *webhook.Event) { e.Report.Address = "eve@shop.test" },
		},
		{Old: `"receipt_email"`, New: `"billing_details":{"email":"eve@shop.test"},"receipt_email"`},
		{
			Old:  `"receipt_email":"ada@shop.test"`,
			New:  `"billing_details":{"email":"eve@shop.test"}`,
			Want: func(e *webhook.Event) { e.Report.Address = "eve@shop.test" },
		},
		{Old: `5000`, New: `0`, Want: webhooktest.NoFacts},
		{Old: `5000`, New: `-1`, Code: loyalty.AmountOutOfRange},
		{Old: `5000`, New: `1000000000001`, Code: loyalty.AmountOutOfRange},
		{Old: `5000`, New: `"5000"`, Code: webhook.MalformedJSON},
		{Old: `"eur"`, New: `"xyz"`, Code: loyalty.CurrencyUnsupported},
		{
			Old:  `"eur"`,
			New:  `"isk"`,
			Want: webhooktest.Fact(func(f *loyalty.Fact) { f.Money = loyalty.Money{Amount: 50, Currency: "ISK"} }),
		},
		{
			Old:  `"eur"`,
			New:  `"ugx"`,
			Want: webhooktest.Fact(func(f *loyalty.Fact) { f.Money = loyalty.Money{Amount: 50, Currency: "UGX"} }),
		},
		{
			Old:  `"eur"`,
			New:  `"mga"`,
			Want: webhooktest.Fact(func(f *loyalty.Fact) { f.Money = loyalty.Money{Amount: 500000, Currency: "MGA"} }),
		},
		{
			Old:  `"eur"`,
			New:  `"jpy"`,
			Want: webhooktest.Fact(func(f *loyalty.Fact) { f.Money = loyalty.Money{Amount: 5000, Currency: "JPY"} }),
		},
		{
			Old: id,
			New: id +
				`,"amount_details":{"tip":{"amount":100},"shipping":{"amount":200},"tax":{"total_tax_amount":300}}`,
			Want: webhooktest.Fact(func(f *loyalty.Fact) {
				f.Tip, f.Shipping, f.Tax = 100, 200, 300
			}),
		},
		{Old: id, New: id + `,"amount_details":{"tip":{"amount":-1}}`, Code: loyalty.AmountOutOfRange},
		{Old: `"pi_1"`, New: `""`, Want: func(e *webhook.Event) {
			e.Report = &webhook.Report{Report: service.Report{Member: "external:ada", Customer: "stripe:cus_1"}}
		}},
		{Old: `"pi_1"`, New: `"pi 1"`, Code: loyalty.ValidationFailed},
		{Old: `"object":"payment_intent"`, New: `"object":"other","payment_intent":"pi_1"`, Want: webhooktest.NoReport},
		{Old: `payment_intent.succeeded`, New: `payment_intent.created`, Want: ignored("payment_intent.created")},
		{Old: `payment_intent.succeeded`, New: `charge.succeeded`, Want: ignored("charge.succeeded")},
		{Old: `payment_intent.succeeded`, New: `payout.paid`, Want: ignored("payout.paid")},
		{
			Old:  `payment_intent.succeeded","created":1796126400,"livemode":false,"data":{"object":{`,
			New:  `payout.paid","created":1796126400,"livemode":false,"data":{"object":{"amount_received":[]},"x":{`,
			Want: ignored("payout.paid"),
		},
		{
			Old:  `"object":"event"`,
			New:  `"object":"v2.core.event"`,
			Want: func(e *webhook.Event) { e.At, e.Report = time.Time{}, nil },
		},
		{
			Old:  `1796126400`,
			New:  `"2026-12-01T12:00:00Z"`,
			Want: func(e *webhook.Event) { e.At, e.Report = time.Time{}, nil },
		},
		{Old: `"livemode":false`, New: `"livemode":null`, Want: func(e *webhook.Event) { e.Live = nil }},
		{
			Old:  `"livemode":false`,
			New:  `"livemode":true`,
			Want: func(e *webhook.Event) { real := true; e.Live = &real },
		},
		{Old: `"evt_1"`, New: `""`, Code: loyalty.ValidationFailed},
		{Old: `"evt_1"`, New: `"evt 1"`, Code: loyalty.ValidationFailed},
		{Old: `"data":{"object":{`, New: `"data":{"other":{`, Code: loyalty.ValidationFailed},
		{Old: `"data":{"object":{`, New: `"data":{"object":[],"other":{`, Code: webhook.MalformedJSON},
		{Old: `{"id":"evt_1"`, New: `[{"id":"evt_1"`, Code: webhook.MalformedJSON},
	})
}

func TestCharge(t *testing.T) {
	body := eventBody(
		"charge.refunded",
		`"id":"ch_1","object":"charge","payment_intent":"pi_1","amount":10000,"amount_captured":6000,`+
			`"amount_refunded":1500,`+
			`"captured":true,"status":"succeeded"`,
	)
	sum := loyalty.Fact{
		Kind:  loyalty.FactRefunded,
		ID:    "ch_1",
		State: loyalty.FactDone,
		Money: webhooktest.EUR(1500),
		Clock: webhooktest.NoonClock,
		At:    webhooktest.At12,
	}
	want := func() webhook.Event {
		return eventOf("charge.refunded", service.Report{Payment: "stripe:pi_1", Facts: []loyalty.Fact{
			{
				Kind:  loyalty.FactCapture,
				ID:    "pi_1",
				State: loyalty.FactDone,
				Money: webhooktest.EUR(6000),
				Clock: webhooktest.NoonClock,
				At:    webhooktest.At11,
			}, sum,
		}})
	}
	back := func(n, released int64) func(*webhook.Event) {
		return func(e *webhook.Event) { e.Report.Facts[1].Money.Amount, e.Report.Facts[1].Released = n, released }
	}
	kind := func(k string) func(*webhook.Event) { return func(e *webhook.Event) { e.Type = k } }
	webhooktest.Run(t, read, body, want, []webhooktest.Edit{
		{
			Old:  `"payment_intent":"pi_1"`,
			New:  `"payment_intent":null`,
			Want: func(e *webhook.Event) { e.Report.Payment, e.Report.Facts[0].ID = "stripe:ch_1", "ch_1" },
		},
		{Old: `"payment_intent":"pi_1"`, New: `"payment_intent":{"id":"pi_1"}`},
		{Old: `"captured":true`, New: `"captured":false`, Want: webhooktest.NoFacts},
		{Old: `"captured":true,`, New: ``, Want: webhooktest.NoFacts},
		{Old: `"succeeded"`, New: `"pending"`, Want: webhooktest.NoFacts},
		{Old: `"succeeded"`, New: `"failed"`, Want: webhooktest.NoFacts},
		{Old: `charge.refunded`, New: `charge.captured`, Want: kind("charge.captured")},
		{Old: `charge.refunded`, New: `charge.updated`, Want: kind("charge.updated")},
		{Old: `charge.refunded`, New: `charge.dispute.created`, Want: kind("charge.dispute.created")},
		{
			Old:  `charge.refunded`,
			New:  `refund.created`,
			Want: func(e *webhook.Event) { e.Type, e.Report = "refund.created", nil },
		},
		{Old: `1500`, New: `0`, Want: back(0, 0)},
		{Old: `1500`, New: `-5`, Want: back(0, 0)},
		{Old: `1500`, New: `1000000000001`, Code: loyalty.AmountOutOfRange},
		{Old: `6000`, New: `1000000000001`, Code: loyalty.AmountOutOfRange},
		{Old: `6000`, New: `0`, Want: func(e *webhook.Event) { e.Report.Facts = []loyalty.Fact{sum} }},
		{Old: `2025-03-31.basil`, New: `2025-03-30.acacia`, Want: back(0, 4000)},
		{Old: `"api_version":"2025-03-31.basil"`, New: `"api_version":null`, Want: back(0, 4000)},
		{Old: `2025-03-31.basil`, New: `2026-01-28.clover`},
		{Old: `"object":"charge"`, New: `"object":"other"`, Want: webhooktest.NoReport},
	})
	old := strings.Replace(strings.Replace(body, `2025-03-31.basil`, `2020-08-27`, 1), "1500", "5500", 1)
	wantOld := func() webhook.Event {
		e := want()
		back(1500, 4000)(&e)
		return e
	}
	webhooktest.Run(t, read, old, wantOld, []webhooktest.Edit{
		{Old: `5500`, New: `4000`, Want: back(0, 4000)},
		{Old: `5500`, New: `3999`, Want: back(0, 4000)},
		{Old: `5500`, New: `4001`, Want: back(1, 4000)},
		{Old: `10000`, New: `6000`, Want: back(5500, 0)},
		{Old: `10000`, New: `5999`, Want: back(5500, 0)},
		{Old: `10000`, New: `6001`, Want: back(5499, 1)},
		{Old: `10000`, New: `1000000006001`, Code: loyalty.AmountOutOfRange},
	})
}

func TestRefundsAndDisputes(t *testing.T) {
	body := eventBody(
		"refund.created",
		`"id":"re_1","object":"refund","charge":"ch_1","payment_intent":"pi_1","amount":1500,"status":"succeeded"`,
	)
	want := func() webhook.Event {
		return eventOf("refund.created", service.Report{Payment: "stripe:pi_1", Facts: []loyalty.Fact{
			{
				Kind:  loyalty.FactRefund,
				ID:    "re_1",
				State: loyalty.FactDone,
				Money: webhooktest.EUR(1500),
				Clock: webhooktest.NoonClock,
				At:    webhooktest.At11,
			},
		}})
	}
	kind := func(k string) func(*webhook.Event) { return func(e *webhook.Event) { e.Type = k } }
	webhooktest.Run(t, read, body, want, []webhooktest.Edit{
		{Old: `"succeeded"`, New: `"pending"`, Want: webhooktest.State(loyalty.FactPending)},
		{Old: `"succeeded"`, New: `"requires_action"`, Want: webhooktest.State(loyalty.FactPending)},
		{Old: `"succeeded"`, New: `"failed"`, Want: webhooktest.State(loyalty.FactFailed)},
		{Old: `"succeeded"`, New: `"canceled"`, Want: webhooktest.State(loyalty.FactFailed)},
		{Old: `"succeeded"`, New: `"done"`, Code: loyalty.ValidationFailed},
		{Old: `refund.created`, New: `refund.failed`, Want: kind("refund.failed")},
		{Old: `refund.created`, New: `charge.refund.updated`, Want: kind("charge.refund.updated")},
		{Old: `"pi_1"`, New: `null`, Want: func(e *webhook.Event) { e.Report.Payment = "stripe:ch_1" }},
		{Old: `"charge":"ch_1","payment_intent":"pi_1",`, New: ``, Want: webhooktest.NoReport},
		{Old: `"re_1"`, New: `""`, Want: webhooktest.NoReport},
		{Old: `"re_1"`, New: `"re 1"`, Code: loyalty.ValidationFailed},
		{Old: `"pi_1"`, New: `"pi 1"`, Code: loyalty.ValidationFailed},
		{Old: `1500`, New: `-1`, Code: loyalty.AmountOutOfRange},
	})
	dispute := eventBody(
		"charge.dispute.created",
		`"id":"dp_1","object":"dispute","charge":"ch_1","payment_intent":"pi_1","amount":1500,`+
			`"status":"needs_response"`,
	)
	wantDispute := func() webhook.Event {
		e := want()
		e.Type = "charge.dispute.created"
		f := &e.Report.Facts[0]
		f.Kind, f.ID, f.State = loyalty.FactDispute, "dp_1", loyalty.FactOpen
		return e
	}
	var all []webhooktest.Edit
	for status, s := range map[string][2]loyalty.FactState{ // of most events, and of charge.dispute.funds_reinstated
		"needs_response": {loyalty.FactOpen, loyalty.FactWon}, "under_review": {loyalty.FactOpen, loyalty.FactWon},
		"won": {loyalty.FactWon, loyalty.FactWon}, "lost": {loyalty.FactLost, loyalty.FactLost},
		"prevented":              {loyalty.FactPending, loyalty.FactPending},
		"warning_needs_response": {loyalty.FactPending, loyalty.FactPending},
		"warning_closed":         {loyalty.FactPending, loyalty.FactPending},
	} {
		all = append(
			all,
			webhooktest.Edit{Old: `"needs_response"`, New: `"` + status + `"`, Want: webhooktest.State(s[0])},
			webhooktest.Edit{
				Old: disputeTail("charge.dispute.created", "needs_response"),
				New: disputeTail("charge.dispute.funds_reinstated", status),
				Want: func(e *webhook.Event) {
					e.Type, e.Report.Facts[0].State = "charge.dispute.funds_reinstated", s[1]
				},
			},
		)
	}
	webhooktest.Run(t, read, dispute, wantDispute, append(all, []webhooktest.Edit{
		{Old: `"needs_response"`, New: `"open"`, Code: loyalty.ValidationFailed},
		{Old: `1500`, New: `-1`, Code: loyalty.AmountOutOfRange},
		{
			Old:  `charge.dispute.created`,
			New:  `charge.updated`,
			Want: func(e *webhook.Event) { e.Type, e.Report = "charge.updated", nil },
		},
		{Old: `"object":"dispute"`, New: `"object":"other"`, Want: webhooktest.NoReport},
	}...))
}

// disputeTail returns the event of a dispute from its type to its status, which an edit replaces.
func disputeTail(kind, status string) string {
	body := eventBody(
		kind,
		`"id":"dp_1","object":"dispute","charge":"ch_1","payment_intent":"pi_1","amount":1500,"status":"`+status+`"`,
	)
	return body[strings.Index(body, `"type"`):]
}

func TestNamesAndParts(t *testing.T) {
	body := eventBody(
		"checkout.session.completed",
		`"id":"cs_1","object":"checkout.session","payment_intent":"pi_1","amount_total":6545,"customer":"cus_1",`+
			`"total_details":{"amount_tax":1045},"shipping_cost":{"amount_subtotal":500,"amount_tax":95},`+
			`"metadata":{"loyalty_member":"external:ada"}`,
	)
	want := func() webhook.Event {
		return eventOf("checkout.session.completed", service.Report{
			Payment: "stripe:pi_1", Member: "external:ada", Customer: "stripe:cus_1", Facts: []loyalty.Fact{{
				Kind: loyalty.FactParts, ID: "cs_1", State: loyalty.FactDone, Money: webhooktest.EUR(6545),
				Clock: webhooktest.NoonClock, At: webhooktest.At11, Shipping: 500, Tax: 1045, ShippingTax: 95,
			}},
		})
	}
	named := func(e *webhook.Event) { e.Report.Payment, e.Report.Facts = "", nil }
	const metadata = `"metadata":{"loyalty_member":"external:ada"}`
	webhooktest.Run(t, read, body, want, []webhooktest.Edit{
		{
			Old:  `session.completed`,
			New:  `session.async_payment_succeeded`,
			Want: func(e *webhook.Event) { e.Type = "checkout.session.async_payment_succeeded" },
		},
		{
			Old:  `session.completed`,
			New:  `session.expired`,
			Want: func(e *webhook.Event) { e.Type, e.Report = "checkout.session.expired", nil },
		},
		{Old: `1045`, New: `0`, Want: webhooktest.Fact(func(f *loyalty.Fact) { f.Tax = 0 })},
		{
			Old:  `"amount_subtotal":500`,
			New:  `"amount_subtotal":0`,
			Want: webhooktest.Fact(func(f *loyalty.Fact) { f.Shipping = 0 }),
		},
		{
			Old:  `"total_details":{"amount_tax":1045},"shipping_cost":{"amount_subtotal":500,"amount_tax":95},`,
			New:  ``,
			Want: webhooktest.NoFacts,
		},
		{Old: `1045`, New: `-1045`, Code: loyalty.AmountOutOfRange},
		{Old: `6545`, New: `-6545`, Code: loyalty.AmountOutOfRange},
		{Old: `6545`, New: `0`, Want: webhooktest.NoFacts},
		{Old: `"pi_1"`, New: `null`, Want: named},
		{
			Old:  `"payment_intent":"pi_1","amount_total":6545,"customer":"cus_1"`,
			New:  `"payment_intent":null`,
			Want: webhooktest.NoReport,
		},
		{
			Old:  `"object":"checkout.session","payment_intent":"pi_1"`,
			New:  `"object":"customer"`,
			Want: func(e *webhook.Event) { named(e); e.Report.Customer = "stripe:cs_1" },
		},
		{Old: metadata, New: `"subscription_details":{"metadata":{"loyalty_member":"external:ada"}}`},
		{Old: metadata, New: `"parent":{"subscription_details":{"metadata":{"loyalty_member":"external:ada"}}}`},
		{Old: metadata, New: metadata + `,"subscription_details":{"metadata":{"loyalty_member":"external:eve"}}`},
		{
			Old: metadata,
			New: `"metadata":{"loyalty_member":"a b"},` +
				`"subscription_details":{"metadata":{"loyalty_member":"external:ada"}}`,
		},
		{Old: metadata, New: `"metadata":{}`, Want: func(e *webhook.Event) { e.Report.Member = "" }},
	})
	webhooktest.Run(t, read, strings.Replace(body, `"payment_intent":"pi_1",`, ``, 1), func() webhook.Event {
		e := want()
		named(&e)
		return e
	}, []webhooktest.Edit{{Old: metadata, New: `"metadata":{}`, Want: webhooktest.NoReport}})
	invoice := eventBody(
		"invoice.paid",
		`"id":"in_1","object":"invoice","payment_intent":"pi_1","total":6545,"amount_total":1,"customer":"cus_1",`+
			`"total_details":{"amount_tax":0},"total_tax_amounts":[{"amount":950},{"amount":95}],`+
			`"shipping_cost":{"amount_subtotal":500,"amount_tax":95},`+metadata,
	)
	webhooktest.Run(t, read, invoice, func() webhook.Event {
		e := want()
		e.Type, e.Report.Facts[0].ID = "invoice.paid", "in_1"
		return e
	}, []webhooktest.Edit{{Old: `invoice.paid`, New: `invoice.created`, Want: func(e *webhook.Event) {
		e.Type, e.Report = "invoice.created", nil
	}}})
}
