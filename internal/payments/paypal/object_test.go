package paypal

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook/webhooktest"
	"github.com/perennial-loyalty/perennial/internal/service"
)

// readObject reads an object of a kind as PayPal's API returns it.
func readObject(kind string) func(body string) (webhook.Event, error) {
	return func(body string) (webhook.Event, error) {
		var o object
		if err := webhook.Decode([]byte(body), &o); err != nil {
			return webhook.Event{}, err
		}
		r, err := o.report(kind)
		return webhook.Event{Report: r}, err
	}
}

func eventOf(payment string, facts ...loyalty.Fact) func() webhook.Event {
	return func() webhook.Event {
		return webhook.Event{
			Report: &webhook.Report{
				Report: service.Report{Payment: payment, Facts: append([]loyalty.Fact(nil), facts...)},
			},
		}
	}
}

func TestCapture(t *testing.T) {
	const body = `{"id":"CAP1","status":"COMPLETED","amount":{"currency_code":"EUR","value":"50.00"},` +
		`"custom_id":"external:ada","invoice_id":"1042",` +
		`"create_time":"2026-12-01T11:00:00Z","update_time":"2026-12-01T12:00:00Z"}`
	want := func() webhook.Event {
		e := eventOf("paypal:CAP1", loyalty.Fact{
			Kind: loyalty.FactCapture, ID: "CAP1", State: loyalty.FactDone, Money: webhooktest.EUR(5000),
			Clock: webhooktest.NoonClock, At: webhooktest.At11,
		})()
		e.Report.Order, e.Report.Member = "1042", "external:ada"
		return e
	}
	var all []webhooktest.Edit
	for status, s := range map[string]loyalty.FactState{
		"PARTIALLY_REFUNDED": loyalty.FactDone, "REFUNDED": loyalty.FactDone, "completed": loyalty.FactDone,
		"PENDING":  loyalty.FactPending,
		"DECLINED": loyalty.FactFailed, "FAILED": loyalty.FactFailed,
	} {
		all = append(all, webhooktest.Edit{Old: `"COMPLETED"`, New: `"` + status + `"`, Want: webhooktest.State(s)})
	}
	webhooktest.Run(t, readObject("capture"), body, want, append(all, []webhooktest.Edit{
		{Old: `"status":"COMPLETED"`, New: `"state":"completed"`},
		{Old: `"custom_id"`, New: `"custom"`},
		{Old: `"invoice_id"`, New: `"invoice_number"`},
		{Old: `"external:ada"`, New: `"a b"`, Want: func(e *webhook.Event) { e.Report.Member = "" }},
		{
			Old:  `"2026-12-01T12:00:00Z"`,
			New:  `""`,
			Want: webhooktest.Fact(func(f *loyalty.Fact) { f.Clock = webhooktest.At11.UnixMilli() }),
		},
		{
			Old:  `"2026-12-01T11:00:00Z"`,
			New:  `""`,
			Want: webhooktest.Fact(func(f *loyalty.Fact) { f.At = time.Time{} }),
		},
		{
			Old: `{"currency_code":"EUR","value":"50.00"}`,
			New: `{"currency":"EUR","total":"50.00","details":{"tax":"9.50","shipping":"5.00"}}`,
			Want: webhooktest.Fact(func(f *loyalty.Fact) {
				f.Tax, f.Shipping = 950, 500
			}),
		},
		{Old: `{"currency_code":"EUR","value":"50.00"}`, New: `{"currency":"EUR","total":"-50.00"}`},
		{
			Old: `"id":"CAP1"`,
			New: `"id":"CAP1","seller_payable_breakdown":{"total_refunded_amount":{"currency_code":"EUR",` +
				`"value":"25.00"}}`,
		},
		{Old: `50.00`, New: `0.00`, Want: webhooktest.NoFacts},
		{Old: `50.00`, New: `-50.00`, Code: loyalty.AmountOutOfRange},
		{Old: `50.00`, New: `50.001`, Code: "amount_precision"},
		{Old: `50.00`, New: `50.0000`},
		{Old: `50.00`, New: `50`},
		{Old: `50.00`, New: `10000000000.00`, Want: webhooktest.Amount(1_000_000_000_000)},
		{Old: `50.00`, New: `10000000000.01`, Code: loyalty.AmountOutOfRange},
		{Old: `50.00`, New: ``, Code: loyalty.AmountOutOfRange},
		{Old: `"EUR"`, New: `"eur"`, Code: loyalty.CurrencyUnsupported},
	}...))
}

func TestRefundsAndDisputes(t *testing.T) {
	const body = `{"id":"REF1","status":"COMPLETED","amount":{"currency_code":"EUR","value":"15.00"},` +
		`"custom_id":"external:ada","invoice_id":"1042",` +
		`"links":[{"rel":"self","href":"https://x/v2/payments/refunds/REF1"},{"rel":"up",` +
		`"href":"https://x/v2/payments/captures/CAP1"}],` +
		`"seller_payable_breakdown":{"total_refunded_amount":{"currency_code":"EUR","value":"25.00"}},` +
		`"create_time":"2026-12-01T11:00:00Z","update_time":"2026-12-01T12:00:00Z"}`
	refund := loyalty.Fact{
		Kind:  loyalty.FactRefund,
		ID:    "REF1",
		State: loyalty.FactDone,
		Money: webhooktest.EUR(1500),
		Clock: webhooktest.NoonClock,
		At:    webhooktest.At11,
	}
	sum := loyalty.Fact{
		Kind:  loyalty.FactRefunded,
		ID:    "CAP1",
		State: loyalty.FactDone,
		Money: webhooktest.EUR(2500),
		Clock: webhooktest.NoonClock,
		At:    webhooktest.At11,
	}
	alone := func(s loyalty.FactState) func(*webhook.Event) {
		return func(e *webhook.Event) { e.Report.Facts = e.Report.Facts[:1]; e.Report.Facts[0].State = s }
	}
	const link = `"rel":"up","href":"https://x/v2/payments/captures/CAP1"`
	webhooktest.Run(t, readObject("refund"), body, eventOf("paypal:CAP1", refund, sum), []webhooktest.Edit{
		{Old: `"COMPLETED"`, New: `"PENDING"`, Want: alone(loyalty.FactPending)},
		{Old: `"COMPLETED"`, New: `"CANCELLED"`, Want: alone(loyalty.FactFailed)},
		{Old: `"COMPLETED"`, New: `"FAILED"`, Want: alone(loyalty.FactFailed)},
		{Old: `"status":"COMPLETED"`, New: `"state":"completed"`},
		{Old: `total_refunded_amount`, New: `other`, Want: alone(loyalty.FactDone)},
		{Old: `"25.00"`, New: `"-25.00"`, Code: loyalty.AmountOutOfRange},
		{Old: `15.00`, New: `-15.00`, Code: loyalty.AmountOutOfRange},
		{Old: link, New: `"rel":"up","href":"CAP1"`, Code: loyalty.ValidationFailed},
		{Old: link, New: `"rel":"up","href":"https://x/CAP 1"`, Code: loyalty.ValidationFailed},
		{Old: link, New: `"rel":"down","href":"https://x/v2/payments/captures/CAP1"`, Code: loyalty.ValidationFailed},
		{Old: link, New: `"rel":"up","href":"/CAP1"`},
		{Old: `"id":"REF1"`, New: `"id":"REF1","sale_id":"SALE1"`, Want: func(e *webhook.Event) {
			e.Report.Payment, e.Report.Facts[1].ID = "paypal:SALE1", "SALE1"
		}},
	})
	const dispute = `{"dispute_id":"DIS1","id":"OTHER","status":"OPEN","dispute_life_cycle_stage":"CHARGEBACK",` +
		`"dispute_amount":{"currency_code":"EUR","value":"15.00"},` +
		`"disputed_transactions":[{"seller_transaction_id":"CAP1"}],"create_time":"2026-12-01T11:00:00Z",` +
		`"update_time":"2026-12-01T12:00:00Z"}`
	open := loyalty.Fact{
		Kind:  loyalty.FactDispute,
		ID:    "DIS1",
		State: loyalty.FactOpen,
		Money: webhooktest.EUR(1500),
		Clock: webhooktest.NoonClock,
		At:    webhooktest.At11,
	}
	resolved := func(code string) string { return `"RESOLVED","dispute_outcome":{"outcome_code":"` + code + `"}` }
	webhooktest.Run(t, readObject("dispute"), dispute, eventOf("paypal:CAP1", open), []webhooktest.Edit{
		{Old: `"OPEN"`, New: resolved("RESOLVED_BUYER_FAVOUR"), Want: webhooktest.State(loyalty.FactLost)},
		{Old: `"OPEN"`, New: resolved("ACCEPTED"), Want: webhooktest.State(loyalty.FactLost)},
		{Old: `"OPEN"`, New: resolved("RESOLVED_SELLER_FAVOUR"), Want: webhooktest.State(loyalty.FactWon)},
		{Old: `"OPEN"`, New: `"WAITING_FOR_BUYER_RESPONSE","dispute_outcome":{"outcome_code":"ACCEPTED"}`},
		{Old: `"CHARGEBACK"`, New: `"INQUIRY"`, Want: webhooktest.State(loyalty.FactPending)},
		{
			Old:  `"OPEN","dispute_life_cycle_stage":"CHARGEBACK"`,
			New:  resolved("ACCEPTED") + `,"dispute_life_cycle_stage":"INQUIRY"`,
			Want: webhooktest.State(loyalty.FactLost),
		},
		{Old: `[{"seller_transaction_id":"CAP1"}]`, New: `[]`, Code: loyalty.ValidationFailed},
		{
			Old:  `[{"seller_transaction_id":"CAP1"}]`,
			New:  `[{"seller_transaction_id":"CAP1"},{"seller_transaction_id":"CAP2"}]`,
			Code: loyalty.ValidationFailed,
		},
		{Old: `"CAP1"`, New: `""`, Code: loyalty.ValidationFailed},
		{Old: `15.00`, New: `x`, Code: loyalty.AmountOutOfRange},
	})
}

// The type of an event decides which object is read back from where.
func TestEventNamesItsObject(t *testing.T) {
	const body = `{"id":"WH-1","event_type":"TYPE","create_time":"2026-12-01T12:00:00Z","resource":{"id":"OBJ1",` +
		`"links":[{"rel":"up","href":"https://x/UP1"}]}}`
	for kind, want := range map[string][2]string{
		"PAYMENT.CAPTURE.COMPLETED": {"capture", "/v2/payments/captures/OBJ1"},
		"PAYMENT.CAPTURE.DENIED":    {"capture", "/v2/payments/captures/OBJ1"},
		"PAYMENT.CAPTURE.REFUNDED":  {"refund", "/v2/payments/refunds/OBJ1"},
		"PAYMENT.CAPTURE.REVERSED":  {"reversal", "/v2/payments/captures/UP1"},
		"PAYMENT.SALE.COMPLETED":    {"capture", "/v1/payments/sale/OBJ1"},
		"PAYMENT.SALE.REFUNDED":     {"refund", "/v1/payments/refund/OBJ1"},
		"PAYMENT.SALE.REVERSED":     {"reversal", "/v1/payments/sale/UP1"},
		"CUSTOMER.DISPUTE.CREATED":  {"dispute", "/v1/customer/disputes/OBJ1"},
		"PAYMENT.SALE.PENDING":      {}, "CHECKOUT.ORDER.APPROVED": {}, "": {},
	} {
		got, err := readClaim([]byte(strings.Replace(body, "TYPE", kind, 1)))
		wanted := webhook.Event{ID: "WH-1", Type: kind, At: webhooktest.At12}
		if err != nil || got.kind != want[0] || got.path != want[1] || cmp.Diff(wanted, got.Event) != "" {
			t.Errorf("%s: %q, %q, %+v, %v; want %v", kind, got.kind, got.path, got.Event, err, want)
		}
	}
	read := func(body string) (webhook.Event, error) {
		c, err := readClaim([]byte(body))
		return c.Event, err
	}
	webhooktest.Run(t, read, strings.Replace(body, "TYPE", "PAYMENT.CAPTURE.REVERSED", 1), func() webhook.Event {
		return webhook.Event{ID: "WH-1", Type: "PAYMENT.CAPTURE.REVERSED", At: webhooktest.At12}
	}, []webhooktest.Edit{
		{Old: `"WH-1"`, New: `""`, Code: loyalty.ValidationFailed},
		{Old: `"WH-1"`, New: `"WH 1"`, Code: loyalty.ValidationFailed},
		{Old: `"OBJ1"`, New: `""`, Code: loyalty.ValidationFailed},
		{Old: `"OBJ1"`, New: `"OBJ/1"`, Code: loyalty.ValidationFailed},
		{Old: `https://x/UP1`, New: `UP1`, Code: loyalty.ValidationFailed},
		{Old: `https://x/UP1`, New: `https://x/U P`, Code: loyalty.ValidationFailed},
		{Old: `"resource":{`, New: `"other":{`, Code: webhook.MalformedJSON},
		{
			Old:  `"create_time":"2026-12-01T12:00:00Z"`,
			New:  `"create_time":""`,
			Want: func(e *webhook.Event) { e.At = time.Time{} },
		},
	})
}

// A reversal takes back at most the amount of its capture.
func TestReversal(t *testing.T) {
	read := func(body string) (webhook.Event, error) {
		c := claim{Event: webhook.Event{ID: "WH-1", At: webhooktest.At12}, kind: "reversal"}
		if err := webhook.Decode([]byte(body), &c.object); err != nil {
			return webhook.Event{}, err
		}
		capture := object{ID: "CAP1", Amount: amount{Code: "EUR", Value: "50.00"}}
		if strings.Contains(body, "no amount") {
			capture.Amount.Value = "x"
		}
		var err error
		c.Report, err = c.reversal(capture)
		return c.Event, err
	}
	const body = `{"id":"REV1","amount":{"currency_code":"EUR","value":"15.00"},"links":[{"rel":"up",` +
		`"href":"https://x/CAP1"}]}`
	want := func() webhook.Event {
		e := eventOf("paypal:CAP1", loyalty.Fact{
			Kind: loyalty.FactRefund, ID: "REV1", State: loyalty.FactDone, Money: webhooktest.EUR(1500),
			Clock: webhooktest.NoonClock, At: webhooktest.At12,
		})()
		e.ID, e.At = "WH-1", webhooktest.At12
		return e
	}
	webhooktest.Run(t, read, body, want, []webhooktest.Edit{
		{Old: `15.00`, New: `50.00`, Want: webhooktest.Amount(5000)},
		{Old: `15.00`, New: `50.01`, Code: service.BodyMismatch},
		{Old: `15.00`, New: `0.00`, Want: webhooktest.NoFacts},
		{Old: `15.00`, New: `x`, Code: loyalty.AmountOutOfRange},
		{Old: `"EUR"`, New: `"USD"`, Code: service.BodyMismatch},
		{Old: `CAP1`, New: `CAP2`, Code: service.BodyMismatch},
		{Old: `"id":"REV1"`, New: `"id":"REV1","note":"no amount"`, Code: loyalty.AmountOutOfRange},
	})
}

func TestMarkIgnoresSpacing(t *testing.T) {
	const body = `{"id":"WH-1","event_type":"A","resource":{"a":1,"b":2}}`
	for other, same := range map[string]bool{
		`{ "resource": {"b":2, "a":1}, "event_type":"A","id":"WH-1"}`: true,
		`{"id":"WH-2","event_type":"A","resource":{"a":1,"b":2}}`:     true,
		`{"id":"WH-1","event_type":"B","resource":{"a":1,"b":2}}`:     false,
		`{"id":"WH-1","event_type":"A","resource":{"a":1,"b":3}}`:     false,
		`{"id":"WH-1","event_type":"A"}`:                              false,
		`[]`:                                                          false,
	} {
		if got := mark([]byte(other)) == mark([]byte(body)); got != same {
			t.Errorf("%s: the same %t, want %t", other, got, same)
		}
	}
	if mark([]byte(`{"event_type":"A"}`)) == mark([]byte(`{"event_type":"A", "id":"1"}`)) ||
		mark([]byte(`[]`)) == mark([]byte(`[ ]`)) {
		t.Error("bodies without a resource have the same mark")
	}
}
