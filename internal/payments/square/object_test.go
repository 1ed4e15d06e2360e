package square

import (
	"context"
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

func TestPayment(t *testing.T) {
	const body = `{"event_id":"ev1","type":"payment.updated","created_at":"2026-12-01T12:00:00Z",` +
		`"data":{"object":{"payment":{` +
		`"id":"pay1","status":"COMPLETED","amount_money":{"amount":5000,"currency":"EUR"},"customer_id":"cus1",` +
		`"reference_id":"1042",` +
		`"buyer_email_address":"ada@shop.test","created_at":"2026-12-01T11:00:00Z",` +
		`"updated_at":"2026-12-01T11:30:00Z"}}}}`
	half := webhooktest.At11.Add(30 * time.Minute)
	want := func() webhook.Event {
		return webhook.Event{
			ID:   "ev1",
			Type: "payment.updated",
			At:   webhooktest.At12,
			Report: &webhook.Report{Address: "ada@shop.test", Report: service.Report{
				Payment: "square:pay1", Order: "1042", Customer: "square:cus1", Facts: []loyalty.Fact{{
					Kind: loyalty.FactCapture, ID: "pay1", State: loyalty.FactDone, Money: webhooktest.EUR(5000),
					Clock: half.UnixMilli(), At: webhooktest.At11,
				}},
			}},
		}
	}
	giftCard := webhooktest.Fact(func(f *loyalty.Fact) { f.GiftCard = 5000 })
	refunded := func(n int64) func(*webhook.Event) {
		return func(e *webhook.Event) {
			e.Report.Facts = append(e.Report.Facts, loyalty.Fact{
				Kind: loyalty.FactRefunded, ID: "pay1", State: loyalty.FactDone, Money: webhooktest.EUR(n),
				Clock: half.UnixMilli(), At: half,
			})
		}
	}
	const id = `"id":"pay1"`
	webhooktest.Run(t, func(body string) (webhook.Event, error) { return read(body) }, body, want, []webhooktest.Edit{
		{Old: `"COMPLETED"`, New: `"APPROVED"`, Want: webhooktest.State(loyalty.FactPending)},
		{Old: `"COMPLETED"`, New: `"PENDING"`, Want: webhooktest.State(loyalty.FactPending)},
		{Old: `"COMPLETED"`, New: `"CANCELED"`, Want: webhooktest.State(loyalty.FactFailed)},
		{Old: `"COMPLETED"`, New: `"FAILED"`, Want: webhooktest.State(loyalty.FactFailed)},
		{Old: `"COMPLETED"`, New: `"completed"`, Code: loyalty.ValidationFailed},
		{Old: `"COMPLETED"`, New: `null`, Code: loyalty.ValidationFailed},
		{Old: `"status":"COMPLETED",`, New: ``, Code: loyalty.ValidationFailed},
		{Old: `"cus1"`, New: `""`, Want: func(e *webhook.Event) { e.Report.Customer = "" }},
		{Old: `"cus1"`, New: `"cus 1"`, Code: loyalty.ValidationFailed},
		{Old: `"1042"`, New: `"order 1042"`, Want: func(e *webhook.Event) { e.Report.Order = "" }},
		{Old: `"1042"`, New: `" 1042 "`},
		{Old: `"pay1"`, New: `""`, Code: loyalty.ValidationFailed},
		{Old: `"pay1"`, New: `"pay/1"`, Code: loyalty.ValidationFailed},
		{Old: `"pay1"`, New: `1`, Code: webhook.MalformedJSON},
		{Old: `5000`, New: `0`, Want: webhooktest.NoFacts},
		{Old: `5000`, New: `-1`, Code: loyalty.AmountOutOfRange},
		{Old: `5000`, New: `1000000000000`, Want: webhooktest.Amount(1_000_000_000_000)},
		{Old: `5000`, New: `1000000000001`, Code: loyalty.AmountOutOfRange},
		{Old: `5000`, New: `"5000"`, Code: webhook.MalformedJSON},
		{Old: `5000`, New: `50.5`, Code: webhook.MalformedJSON},
		{Old: `"EUR"`, New: `"XYZ"`, Code: loyalty.CurrencyUnsupported},
		{Old: `"EUR"`, New: `"eur"`},
		{
			Old:  `"2026-12-01T11:00:00Z"`,
			New:  `"today"`,
			Want: webhooktest.Fact(func(f *loyalty.Fact) { f.At = time.Time{} }),
		},
		{
			Old:  `"created_at":"2026-12-01T11:00:00Z"`,
			New:  `"reported_at":"2026-12-01T12:00:00Z"`,
			Want: webhooktest.Fact(func(f *loyalty.Fact) { f.At = webhooktest.At12 }),
		},
		{Old: `"2026-12-01T11:30:00Z"`, New: `""`, Want: webhooktest.Fact(func(f *loyalty.Fact) { f.Clock = 0 })},
		{Old: `"2026-12-01T12:00:00Z"`, New: `""`, Want: func(e *webhook.Event) { e.At = time.Time{} }},
		{Old: id, New: id + `,"card_details":{"card":{"card_brand":"SQUARE_GIFT_CARD"}}`, Want: giftCard},
		{Old: id, New: id + `,"card_details":{"card":{"card_brand":"VISA"}}`},
		{Old: id, New: id + `,"source_type":"EXTERNAL","external_details":{"type":"OTHER_GIFT_CARD"}`, Want: giftCard},
		{Old: id, New: id + `,"source_type":"EXTERNAL","external_details":{"type":"STORED_BALANCE"}`, Want: giftCard},
		{
			Old: id,
			New: id + `,"source_type":"EXTERNAL","external_details":{"type":"CHECK"},` +
				`"card_details":{"card":{"card_brand":"SQUARE_GIFT_CARD"}}`,
		},
		{Old: id, New: id + `,"source_type":"CARD","external_details":{"type":"STORED_BALANCE"}`},
		{
			Old:  id,
			New:  id + `,"tip_money":{"amount":700,"currency":"EUR"}`,
			Want: webhooktest.Fact(func(f *loyalty.Fact) { f.Tip, f.Money = 700, webhooktest.EUR(5700) }),
		},
		{Old: id, New: id + `,"tip_money":{"amount":0,"currency":"USD"}`},
		{
			Old:  `"amount_money":{"amount":5000`,
			New:  `"tip_money":{"amount":700,"currency":"EUR"},"amount_money":{"amount":-1`,
			Code: loyalty.AmountOutOfRange,
		},
		{Old: id, New: id + `,"tip_money":{"amount":-1,"currency":"EUR"}`, Code: loyalty.AmountOutOfRange},
		{Old: id, New: id + `,"tip_money":{"amount":1,"currency":"USD"}`, Code: loyalty.CurrencyMismatch},
		{Old: id, New: id + `,"tip_money":{"amount":999999995001,"currency":"EUR"}`, Code: loyalty.AmountOutOfRange},
		{
			Old: id,
			New: id + `,"tip_money":{"amount":700,"currency":"EUR"},` +
				`"card_details":{"card":{"card_brand":"SQUARE_GIFT_CARD"}}`,
			Want: webhooktest.Fact(func(f *loyalty.Fact) {
				f.Tip, f.Money, f.GiftCard = 700, webhooktest.EUR(5700), 5700
			}),
		},
		{Old: id, New: id + `,"refunded_money":{"amount":1500,"currency":"EUR"}`, Want: refunded(1500)},
		{Old: id, New: id + `,"refunded_money":{"amount":0,"currency":"EUR"}`, Want: refunded(0)},
		{Old: id, New: id + `,"refunded_money":{"amount":-1,"currency":"EUR"}`, Code: loyalty.AmountOutOfRange},
		{Old: `"payment":{`, New: `"other":{`, Code: loyalty.ValidationFailed},
		{Old: `"ev1"`, New: `""`, Code: loyalty.ValidationFailed},
		{Old: `"ev1"`, New: `"ev 1"`, Code: loyalty.ValidationFailed},
		{Old: `payment.updated`, New: `payment.created`, Want: func(e *webhook.Event) { e.Type = "payment.created" }},
		{Old: `payment.updated`, New: `refund.created`, Code: loyalty.ValidationFailed},
		{Old: `payment.updated`, New: `dispute.created`, Code: loyalty.ValidationFailed},
		{Old: `payment.updated`, New: `payments`, Want: func(e *webhook.Event) { e.Type, e.Report = "payments", nil }},
	})
}

func TestRefundsAndDisputes(t *testing.T) {
	read := func(body string) (webhook.Event, error) { return read(body) }
	const refund = `{"event_id":"ev1","type":"refund.updated","created_at":"2026-12-01T12:00:00Z",` +
		`"data":{"object":{"refund":{` +
		`"id":"ref1","status":"COMPLETED","amount_money":{"amount":1500,"currency":"EUR"},"payment_id":"pay1",` +
		`"created_at":"2026-12-01T11:00:00Z","updated_at":"2026-12-01T12:00:00Z"}}}}`
	want := func() webhook.Event {
		return webhook.Event{
			ID:   "ev1",
			Type: "refund.updated",
			At:   webhooktest.At12,
			Report: &webhook.Report{Report: service.Report{Payment: "square:pay1", Facts: []loyalty.Fact{{
				Kind: loyalty.FactRefund, ID: "ref1", State: loyalty.FactDone, Money: webhooktest.EUR(1500),
				Clock: webhooktest.At12.UnixMilli(), At: webhooktest.At11,
			}}}},
		}
	}
	webhooktest.Run(t, read, refund, want, []webhooktest.Edit{
		{Old: `"COMPLETED"`, New: `"PENDING"`, Want: webhooktest.State(loyalty.FactPending)},
		{Old: `"COMPLETED"`, New: `"REJECTED"`, Want: webhooktest.State(loyalty.FactFailed)},
		{Old: `"COMPLETED"`, New: `"FAILED"`, Want: webhooktest.State(loyalty.FactFailed)},
		{Old: `"COMPLETED"`, New: `"APPROVED"`, Code: loyalty.ValidationFailed},
		{Old: `"payment_id":"pay1"`, New: `"payment_id":"pay1","unlinked":false`},
		{Old: `"payment_id":"pay1"`, New: `"payment_id":"pay1","unlinked":true`, Want: webhooktest.NoReport},
		{Old: `"payment_id":"pay1",`, New: ``, Want: webhooktest.NoReport},
		{Old: `"pay1"`, New: `"pay 1"`, Code: loyalty.ValidationFailed},
		{Old: `"ref1"`, New: `""`, Code: loyalty.ValidationFailed},
		{Old: `1500`, New: `-1500`, Code: loyalty.AmountOutOfRange},
		{Old: `1500`, New: `0`, Want: webhooktest.NoFacts},
	})
	const dispute = `{"event_id":"ev1","type":"dispute.created","created_at":"2026-12-01T12:00:00Z",` +
		`"data":{"object":{"dispute":{` +
		`"id":"dis1","state":"EVIDENCE_REQUIRED","amount_money":{"amount":1500,"currency":"EUR"},` +
		`"disputed_payment":{"payment_id":"pay1"},` +
		`"created_at":"2026-12-01T11:00:00Z","updated_at":"2026-12-01T12:00:00Z"}}}}`
	wantDispute := func() webhook.Event {
		e := want()
		e.Type = "dispute.created"
		f := &e.Report.Facts[0]
		f.Kind, f.ID, f.State = loyalty.FactDispute, "dis1", loyalty.FactOpen
		return e
	}
	kind := func(k string) func(*webhook.Event) { return func(e *webhook.Event) { e.Type = k } }
	all := []webhooktest.Edit{
		{Old: `"id"`, New: `"dispute_id"`},
		{Old: `"id":"dis1"`, New: `"x":"y"`, Code: loyalty.ValidationFailed},
		{Old: `"id":"dis1"`, New: `"id":"dis 1"`, Code: loyalty.ValidationFailed},
		{Old: `"pay1"`, New: `""`, Code: loyalty.ValidationFailed},
		{Old: `"pay1"`, New: `"pay 1"`, Code: loyalty.ValidationFailed},
		{Old: `"EVIDENCE_REQUIRED"`, New: `"DONE"`, Code: loyalty.ValidationFailed},
		{Old: `1500`, New: `-1500`, Code: loyalty.AmountOutOfRange},
		{Old: `dispute.created`, New: `dispute.state.updated`, Want: kind("dispute.state.updated")},
		{Old: `dispute.created`, New: `dispute.state.changed`, Want: kind("dispute.state.changed")},
		{
			Old:  `dispute.created`,
			New:  `dispute.evidence.added`,
			Want: func(e *webhook.Event) { e.Type, e.Report = "dispute.evidence.added", nil },
		},
	}
	for name, s := range map[string]loyalty.FactState{
		"INQUIRY_EVIDENCE_REQUIRED": loyalty.FactPending, "INQUIRY_PROCESSING": loyalty.FactPending,
		"INQUIRY_CLOSED": loyalty.FactPending,
		"PROCESSING":     loyalty.FactOpen, "WON": loyalty.FactWon, "LOST": loyalty.FactLost,
		"ACCEPTED": loyalty.FactLost,
	} {
		all = append(
			all,
			webhooktest.Edit{Old: `"EVIDENCE_REQUIRED"`, New: `"` + name + `"`, Want: webhooktest.State(s)},
		)
	}
	webhooktest.Run(t, read, dispute, wantDispute, all)
}
