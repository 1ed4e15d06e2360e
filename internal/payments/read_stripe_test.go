package payments

import (
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

func readStripeText(body string) (event, error) { return readStripe([]byte(body)) }

// stripeBody is an event of noon about an object that was created an hour before.
func stripeBody(kind, object string) string {
	return `{"id":"evt_1","object":"event","api_version":"2025-03-31.basil","type":"` + kind + `","created":1796126400,"livemode":false,"data":{"object":{` +
		object + `,"currency":"eur","created":1796122800}}}`
}

func stripeEventOf(kind string, r ledger.Report) event {
	return event{id: "evt_1", kind: kind, at: at12, live: &testMode, report: &report{Report: r}}
}

var noonClock = at12.UnixMilli()

func TestStripePaymentIntent(t *testing.T) {
	body := stripeBody("payment_intent.succeeded", `"id":"pi_1","object":"payment_intent","amount":6000,"amount_received":5000,"customer":"cus_1",`+
		`"metadata":{"loyalty_order":"1042","loyalty_member":"external:ada"},"receipt_email":"ada@shop.test"`)
	want := func() event {
		e := stripeEventOf("payment_intent.succeeded", ledger.Report{
			Payment: "stripe:pi_1", Order: "1042", Member: "external:ada", Customer: "stripe:cus_1", Facts: []loyalty.Fact{{
				Kind: loyalty.FactCapture, ID: "pi_1", State: loyalty.FactDone, Money: eur(5000), Clock: noonClock + overCharge, At: at12,
			}},
		})
		e.report.email = "ada@shop.test"
		return e
	}
	const id = `"id":"pi_1"`
	ignored := func(kind string) func(*event) { return func(e *event) { e.kind, e.report = kind, nil } }
	edits(t, readStripeText, body, want,
		edit{old: `"cus_1"`, new: `{"id":"cus_1","object":"customer"}`},
		edit{old: `"cus_1"`, new: `null`, want: func(e *event) { e.report.Customer = "" }},
		edit{old: `"cus_1"`, new: `17`, code: malformed},
		edit{old: `"cus_1"`, new: `{"id":17}`, code: malformed},
		edit{old: `"cus_1"`, new: `"cus 1"`, code: invalid},
		edit{old: `"1042"`, new: `"order/1042"`, want: func(e *event) { e.report.Order = "" }},
		edit{old: `"external:ada"`, new: `"ada lovelace"`, want: func(e *event) { e.report.Member = "" }},
		edit{old: `"ada@shop.test"`, new: `null`, want: func(e *event) { e.report.email = "" }},
		edit{old: `"receipt_email"`, new: `"customer_details":{"email":"eve@shop.test"},"receipt_email"`, want: func(e *event) { e.report.email = "eve@shop.test" }},
		edit{old: `"receipt_email"`, new: `"billing_details":{"email":"eve@shop.test"},"receipt_email"`},
		edit{old: `"receipt_email":"ada@shop.test"`, new: `"billing_details":{"email":"eve@shop.test"}`, want: func(e *event) { e.report.email = "eve@shop.test" }},
		edit{old: `5000`, new: `0`, want: noFacts},
		edit{old: `5000`, new: `-1`, code: outOfRange},
		edit{old: `5000`, new: `1000000000001`, code: outOfRange},
		edit{old: `5000`, new: `"5000"`, code: malformed},
		edit{old: `"eur"`, new: `"xyz"`, code: loyalty.CurrencyUnsupported},
		edit{old: `"eur"`, new: `"isk"`, want: fact(func(f *loyalty.Fact) { f.Money = loyalty.Money{Amount: 50, Currency: "ISK"} })},
		edit{old: `"eur"`, new: `"ugx"`, want: fact(func(f *loyalty.Fact) { f.Money = loyalty.Money{Amount: 50, Currency: "UGX"} })},
		edit{old: `"eur"`, new: `"mga"`, want: fact(func(f *loyalty.Fact) { f.Money = loyalty.Money{Amount: 500000, Currency: "MGA"} })},
		edit{old: `"eur"`, new: `"jpy"`, want: fact(func(f *loyalty.Fact) { f.Money = loyalty.Money{Amount: 5000, Currency: "JPY"} })},
		edit{old: id, new: id + `,"amount_details":{"tip":{"amount":100},"shipping":{"amount":200},"tax":{"total_tax_amount":300}}`, want: fact(func(f *loyalty.Fact) {
			f.Tip, f.Shipping, f.Tax = 100, 200, 300
		})},
		edit{old: id, new: id + `,"amount_details":{"tip":{"amount":-1}}`, code: outOfRange},
		edit{old: `"pi_1"`, new: `""`, want: func(e *event) {
			e.report = &report{Report: ledger.Report{Member: "external:ada", Customer: "stripe:cus_1"}}
		}},
		edit{old: `"pi_1"`, new: `"pi 1"`, code: invalid},
		edit{old: `"object":"payment_intent"`, new: `"object":"other","payment_intent":"pi_1"`, want: noReport},
		edit{old: `payment_intent.succeeded`, new: `payment_intent.created`, want: ignored("payment_intent.created")},
		edit{old: `payment_intent.succeeded`, new: `charge.succeeded`, want: ignored("charge.succeeded")},
		edit{old: `payment_intent.succeeded`, new: `payout.paid`, want: ignored("payout.paid")},
		edit{old: `payment_intent.succeeded","created":1796126400,"livemode":false,"data":{"object":{`, new: `payout.paid","created":1796126400,"livemode":false,"data":{"object":{"amount_received":[]},"x":{`, want: ignored("payout.paid")},
		edit{old: `"object":"event"`, new: `"object":"v2.core.event"`, want: func(e *event) { e.at, e.report = time.Time{}, nil }},
		edit{old: `1796126400`, new: `"2026-12-01T12:00:00Z"`, want: func(e *event) { e.at, e.report = time.Time{}, nil }},
		edit{old: `"livemode":false`, new: `"livemode":null`, want: func(e *event) { e.live = nil }},
		edit{old: `"livemode":false`, new: `"livemode":true`, want: func(e *event) { real := true; e.live = &real }},
		edit{old: `"evt_1"`, new: `""`, code: invalid},
		edit{old: `"evt_1"`, new: `"evt 1"`, code: invalid},
		edit{old: `"data":{"object":{`, new: `"data":{"other":{`, code: invalid},
		edit{old: `"data":{"object":{`, new: `"data":{"object":[],"other":{`, code: malformed},
		edit{old: `{"id":"evt_1"`, new: `[{"id":"evt_1"`, code: malformed},
	)
}

func TestStripeCharge(t *testing.T) {
	body := stripeBody("charge.refunded", `"id":"ch_1","object":"charge","payment_intent":"pi_1","amount":10000,"amount_captured":6000,"amount_refunded":1500,`+
		`"captured":true,"status":"succeeded"`)
	sum := loyalty.Fact{Kind: loyalty.FactRefunded, ID: "ch_1", State: loyalty.FactDone, Money: eur(1500), Clock: noonClock, At: at12}
	want := func() event {
		return stripeEventOf("charge.refunded", ledger.Report{Payment: "stripe:pi_1", Facts: []loyalty.Fact{
			{Kind: loyalty.FactCapture, ID: "pi_1", State: loyalty.FactDone, Money: eur(6000), Clock: noonClock, At: at11}, sum,
		}})
	}
	back := func(n, released int64) func(*event) {
		return func(e *event) { e.report.Facts[1].Money.Amount, e.report.Facts[1].Released = n, released }
	}
	kind := func(k string) func(*event) { return func(e *event) { e.kind = k } }
	edits(t, readStripeText, body, want,
		edit{old: `"payment_intent":"pi_1"`, new: `"payment_intent":null`, want: func(e *event) { e.report.Payment, e.report.Facts[0].ID = "stripe:ch_1", "ch_1" }},
		edit{old: `"payment_intent":"pi_1"`, new: `"payment_intent":{"id":"pi_1"}`},
		edit{old: `"captured":true`, new: `"captured":false`, want: noFacts},
		edit{old: `"captured":true,`, new: ``, want: noFacts},
		edit{old: `"succeeded"`, new: `"pending"`, want: noFacts},
		edit{old: `"succeeded"`, new: `"failed"`, want: noFacts},
		edit{old: `charge.refunded`, new: `charge.captured`, want: kind("charge.captured")},
		edit{old: `charge.refunded`, new: `charge.updated`, want: kind("charge.updated")},
		edit{old: `charge.refunded`, new: `charge.dispute.created`, want: kind("charge.dispute.created")},
		edit{old: `charge.refunded`, new: `refund.created`, want: func(e *event) { e.kind, e.report = "refund.created", nil }},
		edit{old: `1500`, new: `0`, want: back(0, 0)},
		edit{old: `1500`, new: `-5`, want: back(0, 0)},
		edit{old: `1500`, new: `1000000000001`, code: outOfRange},
		edit{old: `6000`, new: `1000000000001`, code: outOfRange},
		edit{old: `6000`, new: `0`, want: func(e *event) { e.report.Facts = []loyalty.Fact{sum} }},
		edit{old: `2025-03-31.basil`, new: `2025-03-30.acacia`, want: back(0, 4000)},
		edit{old: `"api_version":"2025-03-31.basil"`, new: `"api_version":null`, want: back(0, 4000)},
		edit{old: `2025-03-31.basil`, new: `2026-01-28.clover`},
		edit{old: `"object":"charge"`, new: `"object":"other"`, want: noReport},
	)
	old := strings.Replace(strings.Replace(body, `2025-03-31.basil`, `2020-08-27`, 1), "1500", "5500", 1)
	wantOld := func() event {
		e := want()
		back(1500, 4000)(&e)
		return e
	}
	edits(t, readStripeText, old, wantOld,
		edit{old: `5500`, new: `4000`, want: back(0, 4000)},
		edit{old: `5500`, new: `3999`, want: back(0, 4000)},
		edit{old: `5500`, new: `4001`, want: back(1, 4000)},
		edit{old: `10000`, new: `6000`, want: back(5500, 0)},
		edit{old: `10000`, new: `5999`, want: back(5500, 0)},
		edit{old: `10000`, new: `6001`, want: back(5499, 1)},
		edit{old: `10000`, new: `1000000006001`, code: outOfRange},
	)
}

func TestStripeRefundsAndDisputes(t *testing.T) {
	body := stripeBody("refund.created", `"id":"re_1","object":"refund","charge":"ch_1","payment_intent":"pi_1","amount":1500,"status":"succeeded"`)
	want := func() event {
		return stripeEventOf("refund.created", ledger.Report{Payment: "stripe:pi_1", Facts: []loyalty.Fact{
			{Kind: loyalty.FactRefund, ID: "re_1", State: loyalty.FactDone, Money: eur(1500), Clock: noonClock, At: at11},
		}})
	}
	kind := func(k string) func(*event) { return func(e *event) { e.kind = k } }
	edits(t, readStripeText, body, want,
		edit{old: `"succeeded"`, new: `"pending"`, want: state(loyalty.FactPending)},
		edit{old: `"succeeded"`, new: `"requires_action"`, want: state(loyalty.FactPending)},
		edit{old: `"succeeded"`, new: `"failed"`, want: state(loyalty.FactFailed)},
		edit{old: `"succeeded"`, new: `"canceled"`, want: state(loyalty.FactFailed)},
		edit{old: `"succeeded"`, new: `"done"`, code: invalid},
		edit{old: `refund.created`, new: `refund.failed`, want: kind("refund.failed")},
		edit{old: `refund.created`, new: `charge.refund.updated`, want: kind("charge.refund.updated")},
		edit{old: `"pi_1"`, new: `null`, want: func(e *event) { e.report.Payment = "stripe:ch_1" }},
		edit{old: `"charge":"ch_1","payment_intent":"pi_1",`, new: ``, want: noReport},
		edit{old: `"re_1"`, new: `""`, want: noReport},
		edit{old: `"re_1"`, new: `"re 1"`, code: invalid},
		edit{old: `"pi_1"`, new: `"pi 1"`, code: invalid},
		edit{old: `1500`, new: `-1`, code: outOfRange},
	)
	dispute := stripeBody("charge.dispute.created", `"id":"dp_1","object":"dispute","charge":"ch_1","payment_intent":"pi_1","amount":1500,"status":"needs_response"`)
	wantDispute := func() event {
		e := want()
		e.kind, e.report.Facts[0].Kind, e.report.Facts[0].ID, e.report.Facts[0].State = "charge.dispute.created", loyalty.FactDispute, "dp_1", loyalty.FactOpen
		return e
	}
	var all []edit
	for status, s := range map[string][2]loyalty.FactState{ // of most events, and of charge.dispute.funds_reinstated
		"needs_response": {loyalty.FactOpen, loyalty.FactWon}, "under_review": {loyalty.FactOpen, loyalty.FactWon},
		"won": {loyalty.FactWon, loyalty.FactWon}, "lost": {loyalty.FactLost, loyalty.FactLost}, "prevented": {loyalty.FactPending, loyalty.FactPending},
		"warning_needs_response": {loyalty.FactPending, loyalty.FactPending}, "warning_closed": {loyalty.FactPending, loyalty.FactPending},
	} {
		all = append(all,
			edit{old: `"needs_response"`, new: `"` + status + `"`, want: state(s[0])},
			edit{old: stripeTail("charge.dispute.created", "needs_response"), new: stripeTail("charge.dispute.funds_reinstated", status), want: func(e *event) {
				e.kind, e.report.Facts[0].State = "charge.dispute.funds_reinstated", s[1]
			}})
	}
	edits(t, readStripeText, dispute, wantDispute, append(all,
		edit{old: `"needs_response"`, new: `"open"`, code: invalid},
		edit{old: `1500`, new: `-1`, code: outOfRange},
		edit{old: `charge.dispute.created`, new: `charge.updated`, want: func(e *event) { e.kind, e.report = "charge.updated", nil }},
		edit{old: `"object":"dispute"`, new: `"object":"other"`, want: noReport},
	)...)
}

// stripeTail is a dispute's event from its type to its status, which an edit replaces as a whole.
func stripeTail(kind, status string) string {
	body := stripeBody(kind, `"id":"dp_1","object":"dispute","charge":"ch_1","payment_intent":"pi_1","amount":1500,"status":"`+status+`"`)
	return body[strings.Index(body, `"type"`):]
}

func TestStripeNamesAndParts(t *testing.T) {
	body := stripeBody("checkout.session.completed", `"id":"cs_1","object":"checkout.session","payment_intent":"pi_1","amount_total":6545,"customer":"cus_1",`+
		`"total_details":{"amount_tax":1045},"shipping_cost":{"amount_subtotal":500,"amount_tax":95},"metadata":{"loyalty_member":"external:ada"}`)
	want := func() event {
		return stripeEventOf("checkout.session.completed", ledger.Report{
			Payment: "stripe:pi_1", Member: "external:ada", Customer: "stripe:cus_1", Facts: []loyalty.Fact{{
				Kind: loyalty.FactParts, ID: "cs_1", State: loyalty.FactDone, Money: eur(6545), Clock: noonClock, At: at11, Shipping: 500, Tax: 1045, ShippingTax: 95,
			}},
		})
	}
	named := func(e *event) { e.report.Payment, e.report.Facts = "", nil }
	const metadata = `"metadata":{"loyalty_member":"external:ada"}`
	edits(t, readStripeText, body, want,
		edit{old: `session.completed`, new: `session.async_payment_succeeded`, want: func(e *event) { e.kind = "checkout.session.async_payment_succeeded" }},
		edit{old: `session.completed`, new: `session.expired`, want: func(e *event) { e.kind, e.report = "checkout.session.expired", nil }},
		edit{old: `1045`, new: `0`, want: fact(func(f *loyalty.Fact) { f.Tax = 0 })},
		edit{old: `"amount_subtotal":500`, new: `"amount_subtotal":0`, want: fact(func(f *loyalty.Fact) { f.Shipping = 0 })},
		edit{old: `"total_details":{"amount_tax":1045},"shipping_cost":{"amount_subtotal":500,"amount_tax":95},`, new: ``, want: noFacts},
		edit{old: `1045`, new: `-1045`, code: outOfRange},
		edit{old: `6545`, new: `-6545`, code: outOfRange},
		edit{old: `6545`, new: `0`, want: noFacts},
		edit{old: `"pi_1"`, new: `null`, want: named},
		edit{old: `"payment_intent":"pi_1","amount_total":6545,"customer":"cus_1"`, new: `"payment_intent":null`, want: noReport},
		edit{old: `"object":"checkout.session","payment_intent":"pi_1"`, new: `"object":"customer"`, want: func(e *event) { named(e); e.report.Customer = "stripe:cs_1" }},
		edit{old: metadata, new: `"subscription_details":{"metadata":{"loyalty_member":"external:ada"}}`},
		edit{old: metadata, new: `"parent":{"subscription_details":{"metadata":{"loyalty_member":"external:ada"}}}`},
		edit{old: metadata, new: metadata + `,"subscription_details":{"metadata":{"loyalty_member":"external:eve"}}`},
		edit{old: metadata, new: `"metadata":{"loyalty_member":"a b"},"subscription_details":{"metadata":{"loyalty_member":"external:ada"}}`},
		edit{old: metadata, new: `"metadata":{}`, want: func(e *event) { e.report.Member = "" }},
	)
	edits(t, readStripeText, strings.Replace(body, `"payment_intent":"pi_1",`, ``, 1), func() event {
		e := want()
		named(&e)
		return e
	}, edit{old: metadata, new: `"metadata":{}`, want: noReport})
	invoice := stripeBody("invoice.paid", `"id":"in_1","object":"invoice","payment_intent":"pi_1","total":6545,"amount_total":1,"customer":"cus_1",`+
		`"total_details":{"amount_tax":0},"total_tax_amounts":[{"amount":950},{"amount":95}],"shipping_cost":{"amount_subtotal":500,"amount_tax":95},`+metadata)
	edits(t, readStripeText, invoice, func() event {
		e := want()
		e.kind, e.report.Facts[0].ID = "invoice.paid", "in_1"
		return e
	}, edit{old: `invoice.paid`, new: `invoice.created`, want: func(e *event) { e.kind, e.report = "invoice.created", nil }})
}
