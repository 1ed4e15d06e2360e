package payments

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// readPayPalObject reads what PayPal's API answers about an object of a kind.
func readPayPalObject(kind string) func(body string) (event, error) {
	return func(body string) (event, error) {
		var o paypalObject
		if err := decode([]byte(body), &o); err != nil {
			return event{}, err
		}
		r, err := o.report(kind)
		return event{report: r}, err
	}
}

func paypalEventOf(payment string, facts ...loyalty.Fact) func() event {
	return func() event {
		return event{report: &report{Report: ledger.Report{Payment: payment, Facts: append([]loyalty.Fact(nil), facts...)}}}
	}
}

func TestPayPalCapture(t *testing.T) {
	const body = `{"id":"CAP1","status":"COMPLETED","amount":{"currency_code":"EUR","value":"50.00"},"custom_id":"external:ada","invoice_id":"1042",` +
		`"create_time":"2026-12-01T11:00:00Z","update_time":"2026-12-01T12:00:00Z"}`
	want := func() event {
		e := paypalEventOf("paypal:CAP1", loyalty.Fact{
			Kind: loyalty.FactCapture, ID: "CAP1", State: loyalty.FactDone, Money: eur(5000), Clock: noonClock, At: at11,
		})()
		e.report.Order, e.report.Member = "1042", "external:ada"
		return e
	}
	var all []edit
	for status, s := range map[string]loyalty.FactState{
		"PARTIALLY_REFUNDED": loyalty.FactDone, "REFUNDED": loyalty.FactDone, "completed": loyalty.FactDone, "PENDING": loyalty.FactPending,
		"DECLINED": loyalty.FactFailed, "FAILED": loyalty.FactFailed,
	} {
		all = append(all, edit{old: `"COMPLETED"`, new: `"` + status + `"`, want: state(s)})
	}
	edits(t, readPayPalObject("capture"), body, want, append(all,
		edit{old: `"status":"COMPLETED"`, new: `"state":"completed"`},
		edit{old: `"custom_id"`, new: `"custom"`},
		edit{old: `"invoice_id"`, new: `"invoice_number"`},
		edit{old: `"external:ada"`, new: `"a b"`, want: func(e *event) { e.report.Member = "" }},
		edit{old: `"2026-12-01T12:00:00Z"`, new: `""`, want: fact(func(f *loyalty.Fact) { f.Clock = at11.UnixMilli() })},
		edit{old: `"2026-12-01T11:00:00Z"`, new: `""`, want: fact(func(f *loyalty.Fact) { f.At = time.Time{} })},
		edit{old: `{"currency_code":"EUR","value":"50.00"}`, new: `{"currency":"EUR","total":"50.00","details":{"tax":"9.50","shipping":"5.00"}}`, want: fact(func(f *loyalty.Fact) {
			f.Tax, f.Shipping = 950, 500
		})},
		edit{old: `{"currency_code":"EUR","value":"50.00"}`, new: `{"currency":"EUR","total":"-50.00"}`},
		edit{old: `"id":"CAP1"`, new: `"id":"CAP1","seller_payable_breakdown":{"total_refunded_amount":{"currency_code":"EUR","value":"25.00"}}`},
		edit{old: `50.00`, new: `0.00`, want: noFacts},
		edit{old: `50.00`, new: `-50.00`, code: outOfRange},
		edit{old: `50.00`, new: `50.001`, code: precision},
		edit{old: `50.00`, new: `50.0000`},
		edit{old: `50.00`, new: `50`},
		edit{old: `50.00`, new: `10000000000.00`, want: amount(1_000_000_000_000)},
		edit{old: `50.00`, new: `10000000000.01`, code: outOfRange},
		edit{old: `50.00`, new: ``, code: outOfRange},
		edit{old: `"EUR"`, new: `"eur"`, code: loyalty.CurrencyUnsupported},
	)...)
}

func TestPayPalRefundsAndDisputes(t *testing.T) {
	const body = `{"id":"REF1","status":"COMPLETED","amount":{"currency_code":"EUR","value":"15.00"},"custom_id":"external:ada","invoice_id":"1042",` +
		`"links":[{"rel":"self","href":"https://x/v2/payments/refunds/REF1"},{"rel":"up","href":"https://x/v2/payments/captures/CAP1"}],` +
		`"seller_payable_breakdown":{"total_refunded_amount":{"currency_code":"EUR","value":"25.00"}},"create_time":"2026-12-01T11:00:00Z","update_time":"2026-12-01T12:00:00Z"}`
	refund := loyalty.Fact{Kind: loyalty.FactRefund, ID: "REF1", State: loyalty.FactDone, Money: eur(1500), Clock: noonClock, At: at11}
	sum := loyalty.Fact{Kind: loyalty.FactRefunded, ID: "CAP1", State: loyalty.FactDone, Money: eur(2500), Clock: noonClock, At: at11}
	alone := func(s loyalty.FactState) func(*event) {
		return func(e *event) { e.report.Facts = e.report.Facts[:1]; e.report.Facts[0].State = s }
	}
	const link = `"rel":"up","href":"https://x/v2/payments/captures/CAP1"`
	edits(t, readPayPalObject("refund"), body, paypalEventOf("paypal:CAP1", refund, sum),
		edit{old: `"COMPLETED"`, new: `"PENDING"`, want: alone(loyalty.FactPending)},
		edit{old: `"COMPLETED"`, new: `"CANCELLED"`, want: alone(loyalty.FactFailed)},
		edit{old: `"COMPLETED"`, new: `"FAILED"`, want: alone(loyalty.FactFailed)},
		edit{old: `"status":"COMPLETED"`, new: `"state":"completed"`},
		edit{old: `total_refunded_amount`, new: `other`, want: alone(loyalty.FactDone)},
		edit{old: `"25.00"`, new: `"-25.00"`, code: outOfRange},
		edit{old: `15.00`, new: `-15.00`, code: outOfRange},
		edit{old: link, new: `"rel":"up","href":"CAP1"`, code: invalid},
		edit{old: link, new: `"rel":"up","href":"https://x/CAP 1"`, code: invalid},
		edit{old: link, new: `"rel":"down","href":"https://x/v2/payments/captures/CAP1"`, code: invalid},
		edit{old: link, new: `"rel":"up","href":"/CAP1"`},
		edit{old: `"id":"REF1"`, new: `"id":"REF1","sale_id":"SALE1"`, want: func(e *event) {
			e.report.Payment, e.report.Facts[1].ID = "paypal:SALE1", "SALE1"
		}},
	)
	const dispute = `{"dispute_id":"DIS1","id":"OTHER","status":"OPEN","dispute_life_cycle_stage":"CHARGEBACK","dispute_amount":{"currency_code":"EUR","value":"15.00"},` +
		`"disputed_transactions":[{"seller_transaction_id":"CAP1"}],"create_time":"2026-12-01T11:00:00Z","update_time":"2026-12-01T12:00:00Z"}`
	open := loyalty.Fact{Kind: loyalty.FactDispute, ID: "DIS1", State: loyalty.FactOpen, Money: eur(1500), Clock: noonClock, At: at11}
	resolved := func(code string) string { return `"RESOLVED","dispute_outcome":{"outcome_code":"` + code + `"}` }
	edits(t, readPayPalObject("dispute"), dispute, paypalEventOf("paypal:CAP1", open),
		edit{old: `"OPEN"`, new: resolved("RESOLVED_BUYER_FAVOUR"), want: state(loyalty.FactLost)},
		edit{old: `"OPEN"`, new: resolved("ACCEPTED"), want: state(loyalty.FactLost)},
		edit{old: `"OPEN"`, new: resolved("RESOLVED_SELLER_FAVOUR"), want: state(loyalty.FactWon)},
		edit{old: `"OPEN"`, new: `"WAITING_FOR_BUYER_RESPONSE","dispute_outcome":{"outcome_code":"ACCEPTED"}`},
		edit{old: `"CHARGEBACK"`, new: `"INQUIRY"`, want: state(loyalty.FactPending)},
		edit{old: `"OPEN","dispute_life_cycle_stage":"CHARGEBACK"`, new: resolved("ACCEPTED") + `,"dispute_life_cycle_stage":"INQUIRY"`, want: state(loyalty.FactLost)},
		edit{old: `[{"seller_transaction_id":"CAP1"}]`, new: `[]`, code: invalid},
		edit{old: `[{"seller_transaction_id":"CAP1"}]`, new: `[{"seller_transaction_id":"CAP1"},{"seller_transaction_id":"CAP2"}]`, code: invalid},
		edit{old: `"CAP1"`, new: `""`, code: invalid},
		edit{old: `15.00`, new: `x`, code: outOfRange},
	)
}

// The type of an event decides which object is read back from where.
func TestPayPalEventNamesItsObject(t *testing.T) {
	const body = `{"id":"WH-1","event_type":"TYPE","create_time":"2026-12-01T12:00:00Z","resource":{"id":"OBJ1","links":[{"rel":"up","href":"https://x/UP1"}]}}`
	for kind, want := range map[string][2]string{
		"PAYMENT.CAPTURE.COMPLETED": {"capture", "/v2/payments/captures/OBJ1"}, "PAYMENT.CAPTURE.DENIED": {"capture", "/v2/payments/captures/OBJ1"},
		"PAYMENT.CAPTURE.REFUNDED": {"refund", "/v2/payments/refunds/OBJ1"}, "PAYMENT.CAPTURE.REVERSED": {"reversal", "/v2/payments/captures/UP1"},
		"PAYMENT.SALE.COMPLETED": {"capture", "/v1/payments/sale/OBJ1"}, "PAYMENT.SALE.REFUNDED": {"refund", "/v1/payments/refund/OBJ1"},
		"PAYMENT.SALE.REVERSED": {"reversal", "/v1/payments/sale/UP1"}, "CUSTOMER.DISPUTE.CREATED": {"dispute", "/v1/customer/disputes/OBJ1"},
		"PAYMENT.SALE.PENDING": {}, "CHECKOUT.ORDER.APPROVED": {}, "": {},
	} {
		got, err := readPayPal([]byte(strings.Replace(body, "TYPE", kind, 1)))
		wanted := event{id: "WH-1", kind: kind, at: at12}
		if err != nil || got.kind != want[0] || got.path != want[1] || cmp.Diff(wanted, got.event, cmp.AllowUnexported(event{}, report{})) != "" {
			t.Errorf("%s: %q, %q, %+v, %v; want %v", kind, got.kind, got.path, got.event, err, want)
		}
	}
	read := func(body string) (event, error) {
		c, err := readPayPal([]byte(body))
		return c.event, err
	}
	edits(t, read, strings.Replace(body, "TYPE", "PAYMENT.CAPTURE.REVERSED", 1), func() event { return event{id: "WH-1", kind: "PAYMENT.CAPTURE.REVERSED", at: at12} },
		edit{old: `"WH-1"`, new: `""`, code: invalid},
		edit{old: `"WH-1"`, new: `"WH 1"`, code: invalid},
		edit{old: `"OBJ1"`, new: `""`, code: invalid},
		edit{old: `"OBJ1"`, new: `"OBJ/1"`, code: invalid},
		edit{old: `https://x/UP1`, new: `UP1`, code: invalid},
		edit{old: `https://x/UP1`, new: `https://x/U P`, code: invalid},
		edit{old: `"resource":{`, new: `"other":{`, code: malformed},
		edit{old: `"create_time":"2026-12-01T12:00:00Z"`, new: `"create_time":""`, want: func(e *event) { e.at = time.Time{} }},
	)
}

// A reversal takes back no more than its capture came to.
func TestPayPalReversal(t *testing.T) {
	claim := paypalClaim{event: event{id: "WH-1", at: at12}, kind: "reversal"}
	read := func(body string) (event, error) {
		c := claim
		if err := decode([]byte(body), &c.object); err != nil {
			return event{}, err
		}
		capture := paypalObject{ID: "CAP1", Amount: paypalMoney{Code: "EUR", Value: "50.00"}}
		if strings.Contains(body, "no amount") {
			capture.Amount.Value = "x"
		}
		return c.reversed(capture, odd(ledger.BodyMismatch, "mismatch"))
	}
	const body = `{"id":"REV1","amount":{"currency_code":"EUR","value":"15.00"},"links":[{"rel":"up","href":"https://x/CAP1"}]}`
	want := func() event {
		e := paypalEventOf("paypal:CAP1", loyalty.Fact{
			Kind: loyalty.FactRefund, ID: "REV1", State: loyalty.FactDone, Money: eur(1500), Clock: noonClock, At: at12,
		})()
		e.id, e.at = "WH-1", at12
		return e
	}
	edits(t, read, body, want,
		edit{old: `15.00`, new: `50.00`, want: amount(5000)},
		edit{old: `15.00`, new: `50.01`, code: ledger.BodyMismatch},
		edit{old: `15.00`, new: `0.00`, want: noFacts},
		edit{old: `15.00`, new: `x`, code: outOfRange},
		edit{old: `"EUR"`, new: `"USD"`, code: ledger.BodyMismatch},
		edit{old: `CAP1`, new: `CAP2`, code: ledger.BodyMismatch},
		edit{old: `"id":"REV1"`, new: `"id":"REV1","note":"no amount"`, code: outOfRange},
	)
}

func TestPayPalMarkIgnoresSpacing(t *testing.T) {
	const body = `{"id":"WH-1","event_type":"A","resource":{"a":1,"b":2}}`
	for other, same := range map[string]bool{
		`{ "resource": {"b":2, "a":1}, "event_type":"A","id":"WH-1"}`: true,
		`{"id":"WH-2","event_type":"A","resource":{"a":1,"b":2}}`:     true,
		`{"id":"WH-1","event_type":"B","resource":{"a":1,"b":2}}`:     false,
		`{"id":"WH-1","event_type":"A","resource":{"a":1,"b":3}}`:     false,
		`{"id":"WH-1","event_type":"A"}`:                              false,
		`[]`:                                                          false,
	} {
		if got := paypalMark([]byte(other)) == paypalMark([]byte(body)); got != same {
			t.Errorf("%s: the same %t, want %t", other, got, same)
		}
	}
	if paypalMark([]byte(`{"event_type":"A"}`)) == paypalMark([]byte(`{"event_type":"A", "id":"1"}`)) || paypalMark([]byte(`[]`)) == paypalMark([]byte(`[ ]`)) {
		t.Error("bodies without a resource have the same mark")
	}
}
