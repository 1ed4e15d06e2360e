package payments

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

var (
	at11     = time.Date(2026, 12, 1, 11, 0, 0, 0, time.UTC)
	at12     = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	testMode = false
)

func eur(n int64) loyalty.Money { return loyalty.Money{Amount: n, Currency: "EUR"} }

// An edit of a body replaces a part of it, and changes the event that is read from it, or makes it an oddity.
type edit struct {
	old, new string
	want     func(*event)
	code     loyalty.Code
}

// edits test a reader with a body and with each edit of it. The whole event is compared.
func edits(t *testing.T, read func(body string) (event, error), body string, want func() event, edits ...edit) {
	t.Helper()
	for _, c := range append([]edit{{}}, edits...) {
		if !strings.Contains(body, c.old) {
			t.Fatalf("the body does not contain %s", c.old)
		}
		expected := want()
		if c.want != nil {
			c.want(&expected)
		}
		got, err := read(strings.Replace(body, c.old, c.new, 1))
		var strange *oddity
		switch {
		case c.code != "":
			if !errors.As(err, &strange) || strange.code != c.code || strange.detail == "" {
				t.Errorf("%s => %s: %v, want %s", c.old, c.new, err, c.code)
			}
		case err != nil:
			t.Errorf("%s => %s: %v", c.old, c.new, err)
		default:
			if diff := cmp.Diff(expected, got, cmp.AllowUnexported(event{}, report{})); diff != "" {
				t.Errorf("%s => %s (-want +got):\n%s", c.old, c.new, diff)
			}
		}
	}
}

// fact changes the first fact of a report.
func fact(change func(*loyalty.Fact)) func(*event) {
	return func(e *event) { change(&e.report.Facts[0]) }
}

func state(s loyalty.FactState) func(*event) {
	return fact(func(f *loyalty.Fact) { f.State = s })
}

func amount(n int64) func(*event) {
	return fact(func(f *loyalty.Fact) { f.Money.Amount = n })
}

// without are edits that remove the facts of an event.
func noFacts(e *event) { e.report.Facts = nil }

func noReport(e *event) { e.report = nil }

const (
	invalid    = loyalty.ValidationFailed
	outOfRange = loyalty.AmountOutOfRange
	malformed  = loyalty.Code("malformed_json")
	precision  = loyalty.Code("amount_precision")
)

func TestSquarePayment(t *testing.T) {
	const body = `{"event_id":"ev1","type":"payment.updated","created_at":"2026-12-01T12:00:00Z","data":{"object":{"payment":{` +
		`"id":"pay1","status":"COMPLETED","amount_money":{"amount":5000,"currency":"EUR"},"customer_id":"cus1","reference_id":"1042",` +
		`"buyer_email_address":"ada@shop.test","created_at":"2026-12-01T11:00:00Z","updated_at":"2026-12-01T11:30:00Z"}}}}`
	half := at11.Add(30 * time.Minute)
	want := func() event {
		return event{id: "ev1", kind: "payment.updated", at: at12, report: &report{email: "ada@shop.test", Report: ledger.Report{
			Payment: "square:pay1", Order: "1042", Customer: "square:cus1", Facts: []loyalty.Fact{{
				Kind: loyalty.FactCapture, ID: "pay1", State: loyalty.FactDone, Money: eur(5000), Clock: half.UnixMilli(), At: at11,
			}},
		}}}
	}
	giftCard := fact(func(f *loyalty.Fact) { f.GiftCard = 5000 })
	refunded := func(n int64) func(*event) {
		return func(e *event) {
			e.report.Facts = append(e.report.Facts, loyalty.Fact{
				Kind: loyalty.FactRefunded, ID: "pay1", State: loyalty.FactDone, Money: eur(n), Clock: half.UnixMilli(), At: half,
			})
		}
	}
	const id = `"id":"pay1"`
	edits(t, func(body string) (event, error) { return readSquare([]byte(body)) }, body, want,
		edit{old: `"COMPLETED"`, new: `"APPROVED"`, want: state(loyalty.FactPending)},
		edit{old: `"COMPLETED"`, new: `"PENDING"`, want: state(loyalty.FactPending)},
		edit{old: `"COMPLETED"`, new: `"CANCELED"`, want: state(loyalty.FactFailed)},
		edit{old: `"COMPLETED"`, new: `"FAILED"`, want: state(loyalty.FactFailed)},
		edit{old: `"COMPLETED"`, new: `"completed"`, code: invalid},
		edit{old: `"COMPLETED"`, new: `null`, code: invalid},
		edit{old: `"status":"COMPLETED",`, new: ``, code: invalid},
		edit{old: `"cus1"`, new: `""`, want: func(e *event) { e.report.Customer = "" }},
		edit{old: `"cus1"`, new: `"cus 1"`, code: invalid},
		edit{old: `"1042"`, new: `"order 1042"`, want: func(e *event) { e.report.Order = "" }},
		edit{old: `"1042"`, new: `" 1042 "`},
		edit{old: `"pay1"`, new: `""`, code: invalid},
		edit{old: `"pay1"`, new: `"pay/1"`, code: invalid},
		edit{old: `"pay1"`, new: `1`, code: malformed},
		edit{old: `5000`, new: `0`, want: noFacts},
		edit{old: `5000`, new: `-1`, code: outOfRange},
		edit{old: `5000`, new: `1000000000000`, want: amount(1_000_000_000_000)},
		edit{old: `5000`, new: `1000000000001`, code: outOfRange},
		edit{old: `5000`, new: `"5000"`, code: malformed},
		edit{old: `5000`, new: `50.5`, code: malformed},
		edit{old: `"EUR"`, new: `"XYZ"`, code: loyalty.CurrencyUnsupported},
		edit{old: `"EUR"`, new: `"eur"`},
		edit{old: `"2026-12-01T11:00:00Z"`, new: `"today"`, want: fact(func(f *loyalty.Fact) { f.At = time.Time{} })},
		edit{old: `"created_at":"2026-12-01T11:00:00Z"`, new: `"reported_at":"2026-12-01T12:00:00Z"`, want: fact(func(f *loyalty.Fact) { f.At = at12 })},
		edit{old: `"2026-12-01T11:30:00Z"`, new: `""`, want: fact(func(f *loyalty.Fact) { f.Clock = 0 })},
		edit{old: `"2026-12-01T12:00:00Z"`, new: `""`, want: func(e *event) { e.at = time.Time{} }},
		edit{old: id, new: id + `,"card_details":{"card":{"card_brand":"SQUARE_GIFT_CARD"}}`, want: giftCard},
		edit{old: id, new: id + `,"card_details":{"card":{"card_brand":"VISA"}}`},
		edit{old: id, new: id + `,"source_type":"EXTERNAL","external_details":{"type":"OTHER_GIFT_CARD"}`, want: giftCard},
		edit{old: id, new: id + `,"source_type":"EXTERNAL","external_details":{"type":"STORED_BALANCE"}`, want: giftCard},
		edit{old: id, new: id + `,"source_type":"EXTERNAL","external_details":{"type":"CHECK"},"card_details":{"card":{"card_brand":"SQUARE_GIFT_CARD"}}`},
		edit{old: id, new: id + `,"source_type":"CARD","external_details":{"type":"STORED_BALANCE"}`},
		edit{old: id, new: id + `,"tip_money":{"amount":700,"currency":"EUR"}`, want: fact(func(f *loyalty.Fact) { f.Tip, f.Money = 700, eur(5700) })},
		edit{old: id, new: id + `,"tip_money":{"amount":0,"currency":"USD"}`},
		edit{old: `"amount_money":{"amount":5000`, new: `"tip_money":{"amount":700,"currency":"EUR"},"amount_money":{"amount":-1`, code: outOfRange},
		edit{old: id, new: id + `,"tip_money":{"amount":-1,"currency":"EUR"}`, code: outOfRange},
		edit{old: id, new: id + `,"tip_money":{"amount":1,"currency":"USD"}`, code: loyalty.CurrencyMismatch},
		edit{old: id, new: id + `,"tip_money":{"amount":999999995001,"currency":"EUR"}`, code: outOfRange},
		edit{old: id, new: id + `,"tip_money":{"amount":700,"currency":"EUR"},"card_details":{"card":{"card_brand":"SQUARE_GIFT_CARD"}}`, want: fact(func(f *loyalty.Fact) {
			f.Tip, f.Money, f.GiftCard = 700, eur(5700), 5700
		})},
		edit{old: id, new: id + `,"refunded_money":{"amount":1500,"currency":"EUR"}`, want: refunded(1500)},
		edit{old: id, new: id + `,"refunded_money":{"amount":0,"currency":"EUR"}`, want: refunded(0)},
		edit{old: id, new: id + `,"refunded_money":{"amount":-1,"currency":"EUR"}`, code: outOfRange},
		edit{old: `"payment":{`, new: `"other":{`, code: invalid},
		edit{old: `"ev1"`, new: `""`, code: invalid},
		edit{old: `"ev1"`, new: `"ev 1"`, code: invalid},
		edit{old: `payment.updated`, new: `payment.created`, want: func(e *event) { e.kind = "payment.created" }},
		edit{old: `payment.updated`, new: `refund.created`, code: invalid},
		edit{old: `payment.updated`, new: `dispute.created`, code: invalid},
		edit{old: `payment.updated`, new: `payments`, want: func(e *event) { e.kind, e.report = "payments", nil }},
	)
}

func TestSquareRefundsAndDisputes(t *testing.T) {
	read := func(body string) (event, error) { return readSquare([]byte(body)) }
	const refund = `{"event_id":"ev1","type":"refund.updated","created_at":"2026-12-01T12:00:00Z","data":{"object":{"refund":{` +
		`"id":"ref1","status":"COMPLETED","amount_money":{"amount":1500,"currency":"EUR"},"payment_id":"pay1",` +
		`"created_at":"2026-12-01T11:00:00Z","updated_at":"2026-12-01T12:00:00Z"}}}}`
	want := func() event {
		return event{id: "ev1", kind: "refund.updated", at: at12, report: &report{Report: ledger.Report{Payment: "square:pay1", Facts: []loyalty.Fact{{
			Kind: loyalty.FactRefund, ID: "ref1", State: loyalty.FactDone, Money: eur(1500), Clock: at12.UnixMilli(), At: at11,
		}}}}}
	}
	edits(t, read, refund, want,
		edit{old: `"COMPLETED"`, new: `"PENDING"`, want: state(loyalty.FactPending)},
		edit{old: `"COMPLETED"`, new: `"REJECTED"`, want: state(loyalty.FactFailed)},
		edit{old: `"COMPLETED"`, new: `"FAILED"`, want: state(loyalty.FactFailed)},
		edit{old: `"COMPLETED"`, new: `"APPROVED"`, code: invalid},
		edit{old: `"payment_id":"pay1"`, new: `"payment_id":"pay1","unlinked":false`},
		edit{old: `"payment_id":"pay1"`, new: `"payment_id":"pay1","unlinked":true`, want: noReport},
		edit{old: `"payment_id":"pay1",`, new: ``, want: noReport},
		edit{old: `"pay1"`, new: `"pay 1"`, code: invalid},
		edit{old: `"ref1"`, new: `""`, code: invalid},
		edit{old: `1500`, new: `-1500`, code: outOfRange},
		edit{old: `1500`, new: `0`, want: noFacts},
	)
	const dispute = `{"event_id":"ev1","type":"dispute.created","created_at":"2026-12-01T12:00:00Z","data":{"object":{"dispute":{` +
		`"id":"dis1","state":"EVIDENCE_REQUIRED","amount_money":{"amount":1500,"currency":"EUR"},"disputed_payment":{"payment_id":"pay1"},` +
		`"created_at":"2026-12-01T11:00:00Z","updated_at":"2026-12-01T12:00:00Z"}}}}`
	wantDispute := func() event {
		e := want()
		e.kind = "dispute.created"
		e.report.Facts[0].Kind, e.report.Facts[0].ID, e.report.Facts[0].State = loyalty.FactDispute, "dis1", loyalty.FactOpen
		return e
	}
	kind := func(k string) func(*event) { return func(e *event) { e.kind = k } }
	all := []edit{
		{old: `"id"`, new: `"dispute_id"`},
		{old: `"id":"dis1"`, new: `"x":"y"`, code: invalid},
		{old: `"id":"dis1"`, new: `"id":"dis 1"`, code: invalid},
		{old: `"pay1"`, new: `""`, code: invalid},
		{old: `"pay1"`, new: `"pay 1"`, code: invalid},
		{old: `"EVIDENCE_REQUIRED"`, new: `"DONE"`, code: invalid},
		{old: `1500`, new: `-1500`, code: outOfRange},
		{old: `dispute.created`, new: `dispute.state.updated`, want: kind("dispute.state.updated")},
		{old: `dispute.created`, new: `dispute.state.changed`, want: kind("dispute.state.changed")},
		{old: `dispute.created`, new: `dispute.evidence.added`, want: func(e *event) { e.kind, e.report = "dispute.evidence.added", nil }},
	}
	for name, s := range map[string]loyalty.FactState{
		"INQUIRY_EVIDENCE_REQUIRED": loyalty.FactPending, "INQUIRY_PROCESSING": loyalty.FactPending, "INQUIRY_CLOSED": loyalty.FactPending,
		"PROCESSING": loyalty.FactOpen, "WON": loyalty.FactWon, "LOST": loyalty.FactLost, "ACCEPTED": loyalty.FactLost,
	} {
		all = append(all, edit{old: `"EVIDENCE_REQUIRED"`, new: `"` + name + `"`, want: state(s)})
	}
	edits(t, read, dispute, wantDispute, all...)
}

func TestStandardEvents(t *testing.T) {
	const body = `{"type":"payment.captured","timestamp":"2026-12-01T12:00:00Z","live":false,"data":{"payment":"p1","id":"c1","status":"done",` +
		`"amount":5000,"currency":"EUR","shipping":300,"tax":500,"shipping_tax":50,"order":"1042","member":"external:ada","customer":"cus1","email":"ada@shop.test"}}`
	want := func() event {
		return event{id: "msg1", kind: "payment.captured", at: at12, live: &testMode, report: &report{email: "ada@shop.test", Report: ledger.Report{
			Payment: "standard:p1", Order: "1042", Member: "external:ada", Customer: "standard:cus1", Facts: []loyalty.Fact{{
				Kind: loyalty.FactCapture, ID: "c1", State: loyalty.FactDone, Money: eur(5000), Clock: at12.UnixMilli(), At: at12,
				Shipping: 300, Tax: 500, ShippingTax: 50,
			}},
		}}}
	}
	kind := func(name string, k loyalty.FactKind, s loyalty.FactState) func(*event) {
		return func(e *event) { e.kind, e.report.Facts[0].Kind, e.report.Facts[0].State = name, k, s }
	}
	edits(t, func(body string) (event, error) { return readStandard("msg1", []byte(body)) }, body, want,
		edit{old: `"done"`, new: `"pending"`, want: state(loyalty.FactPending)},
		edit{old: `"done"`, new: `"failed"`, want: state(loyalty.FactFailed)},
		edit{old: `"done"`, new: `"open"`, code: invalid},
		edit{old: `"done"`, new: `""`, code: invalid},
		edit{old: `payment.captured`, new: `payment.refunded`, want: kind("payment.refunded", loyalty.FactRefund, loyalty.FactDone)},
		edit{old: `payment.captured`, new: `payment.disputed`, code: invalid},
		edit{old: `payment.captured`, new: `payment.other`, want: func(e *event) { e.kind, e.report = "payment.other", nil }},
		edit{old: `"2026-12-01T12:00:00Z"`, new: `"2026-12-01"`, code: invalid},
		edit{old: `,"live":false`, new: ``, want: func(e *event) { e.live = nil }},
		edit{old: `"p1"`, new: `""`, code: invalid},
		edit{old: `"p1"`, new: `"p 1"`, code: invalid},
		edit{old: `"c1"`, new: `""`, code: invalid},
		edit{old: `"1042"`, new: `"10 42"`, code: invalid},
		edit{old: `"external:ada"`, new: `"external ada"`, code: invalid},
		edit{old: `"cus1"`, new: `"cus 1"`, code: invalid},
		edit{old: `"cus1"`, new: `""`, want: func(e *event) { e.report.Customer = "" }},
		edit{old: `5000`, new: `-1`, code: outOfRange},
		edit{old: `5000`, new: `0`, want: noFacts},
		edit{old: `5000`, new: `"5000"`, code: malformed},
		edit{old: `"shipping":300`, new: `"shipping":-1`, code: invalid},
		edit{old: `"shipping":300`, new: `"shipping":0`, want: fact(func(f *loyalty.Fact) { f.Shipping = 0 })},
		edit{old: `"tax":500,"shipping_tax":50`, new: `"tax":-1,"shipping_tax":-2`, code: invalid},
		edit{old: `"tax":500,"shipping_tax":50`, new: `"tax":0,"shipping_tax":0`, want: fact(func(f *loyalty.Fact) { f.Tax, f.ShippingTax = 0, 0 })},
		edit{old: `"shipping_tax":50`, new: `"shipping_tax":-1`, code: invalid},
		edit{old: `"shipping_tax":50`, new: `"shipping_tax":500`, want: fact(func(f *loyalty.Fact) { f.ShippingTax = 500 })},
		edit{old: `"shipping_tax":50`, new: `"shipping_tax":501`, code: invalid},
	)
	dispute := strings.NewReplacer("payment.captured", "payment.disputed", `"done"`, `"open"`).Replace(body)
	wantDispute := func() event {
		e := want()
		kind("payment.disputed", loyalty.FactDispute, loyalty.FactOpen)(&e)
		return e
	}
	edits(t, func(body string) (event, error) { return readStandard("msg1", []byte(body)) }, dispute, wantDispute,
		edit{old: `"open"`, new: `"won"`, want: state(loyalty.FactWon)},
		edit{old: `"open"`, new: `"lost"`, want: state(loyalty.FactLost)},
		edit{old: `"open"`, new: `"done"`, code: invalid},
	)
}
