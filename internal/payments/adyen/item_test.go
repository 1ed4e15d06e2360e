package adyen

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook/webhooktest"
	"github.com/perennial-loyalty/perennial/internal/service"
)

func readText(manual bool, live string) func(body string) (webhook.Event, error) {
	return func(body string) (webhook.Event, error) {
		it, err := readItem(jsontext.Value(body))
		if err != nil {
			return webhook.Event{}, webhook.Unusable(webhook.MalformedJSON, err.Error())
		}
		return it.event(jsontext.Value(live), manual)
	}
}

const itemText = `{"pspReference":"PSP2","originalReference":"PSP1","merchantAccountCode":"Shop_ECOM",` +
	`"merchantReference":"1042",` +
	`"amount":{"value":5000,"currency":"EUR"},"eventCode":"CAPTURE","success":"true"}`

// want returns the event of itemText.
func want() webhook.Event {
	return webhook.Event{
		ID:   "CAPTURE:PSP2:true",
		Type: "CAPTURE",
		Live: webhooktest.NotLive(),
		Report: &webhook.Report{Report: service.Report{Payment: "adyen:PSP1", Order: "1042", Facts: []loyalty.Fact{{
			Kind: loyalty.FactCapture, ID: "PSP2", State: loyalty.FactDone, Money: webhooktest.EUR(5000), Clock: 1,
		}}}},
	}
}

// Each event code is a fact about its own object or about the payment, depending on how the account captures.
func TestEventCodes(t *testing.T) {
	becomes := func(code string, f func(e *webhook.Event)) func(*webhook.Event) {
		return func(e *webhook.Event) { e.ID, e.Type = code+":PSP2:true", code; f(e) }
	}
	refund := func(s loyalty.FactState, clock int64) func(*webhook.Event) {
		return func(e *webhook.Event) {
			e.Report.Order = ""
			e.Report.Facts[0].Kind, e.Report.Facts[0].State, e.Report.Facts[0].Clock = loyalty.FactRefund, s, clock
		}
	}
	dispute := func(s loyalty.FactState, clock int64) func(*webhook.Event) {
		return func(e *webhook.Event) {
			refund(s, clock)(e)
			e.Report.Same, e.Report.Facts[0].Kind = "adyen:PSP2", loyalty.FactDispute
		}
	}
	capture := func(id string, s loyalty.FactState, clock int64) func(*webhook.Event) {
		return func(e *webhook.Event) {
			e.Report.Facts[0].ID, e.Report.Facts[0].State, e.Report.Facts[0].Clock = id, s, clock
		}
	}
	authorized := func(e *webhook.Event) { e.Report.Payment = "adyen:PSP2" }
	none := func(e *webhook.Event) { e.Report = nil }
	for _, c := range []struct {
		code              string
		manual, automatic func(*webhook.Event)
	}{
		{"CAPTURE", func(*webhook.Event) {}, webhooktest.NoFacts},
		{"CAPTURE_FAILED", capture("PSP2", loyalty.FactFailed, 2), capture("PSP1", loyalty.FactFailed, 2)},
		{"AUTHORISATION", func(e *webhook.Event) { authorized(e); webhooktest.NoFacts(e) }, authorized},
		{"CANCELLATION", none, capture("PSP1", loyalty.FactFailed, 2)},
		{"TECHNICAL_CANCEL", none, capture("PSP1", loyalty.FactFailed, 2)},
		{"REFUND", refund(loyalty.FactDone, 1), refund(loyalty.FactDone, 1)},
		{"REFUND_FAILED", refund(loyalty.FactFailed, 2), refund(loyalty.FactFailed, 2)},
		{"REFUNDED_REVERSED", refund(loyalty.FactFailed, 2), refund(loyalty.FactFailed, 2)},
		{"NOTIFICATION_OF_CHARGEBACK", dispute(loyalty.FactOpen, 1), dispute(loyalty.FactOpen, 1)},
		{"CHARGEBACK", dispute(loyalty.FactLost, 2), dispute(loyalty.FactLost, 2)},
		{"CHARGEBACK_REVERSED", dispute(loyalty.FactWon, 3), dispute(loyalty.FactWon, 3)},
		{"SECOND_CHARGEBACK", dispute(loyalty.FactLost, 4), dispute(loyalty.FactLost, 4)},
		{"PREARBITRATION_WON", dispute(loyalty.FactWon, 5), dispute(loyalty.FactWon, 5)},
		{"PREARBITRATION_LOST", dispute(loyalty.FactLost, 5), dispute(loyalty.FactLost, 5)},
		{"REPORT_AVAILABLE", none, none},
	} {
		webhooktest.Run(t, readText(true, `"false"`), itemText, want,
			[]webhooktest.Edit{{Old: `CAPTURE`, New: c.code, Want: becomes(c.code, c.manual)}})
		webhooktest.Run(t, readText(false, `"false"`), itemText, func() webhook.Event {
			e := want()
			e.Report.Facts = nil
			return e
		}, []webhooktest.Edit{{Old: `CAPTURE`, New: c.code, Want: func(e *webhook.Event) {
			*e = want()
			becomes(c.code, c.automatic)(e)
		}}})
	}
}

func TestItem(t *testing.T) {
	const tail = `"eventCode":"CAPTURE","success":"true"`
	event0 := func(code, success string) string { return `"eventCode":"` + code + `","success":"` + success + `"` }
	unsuccessful := func(code string) func(*webhook.Event) {
		return func(e *webhook.Event) { e.ID, e.Type, e.Report = code+":PSP2:false", code, nil }
	}
	webhooktest.Run(t, readText(true, `"false"`), itemText, want, []webhooktest.Edit{
		{Old: `"1042"`, New: `"order:1042"`, Want: func(e *webhook.Event) { e.Report.Order = "order:1042" }},
		{Old: `"1042"`, New: `"10 42"`, Want: func(e *webhook.Event) { e.Report.Order = "" }},
		{Old: `"PSP1"`, New: `""`, Code: loyalty.ValidationFailed},
		{Old: `"PSP1"`, New: `"PSP:1"`, Code: loyalty.ValidationFailed},
		{Old: `"PSP2"`, New: `"PSP:2"`, Code: loyalty.ValidationFailed},
		{Old: `"PSP2"`, New: `""`, Code: loyalty.ValidationFailed},
		{Old: `"Shop_ECOM"`, New: `"Shop:ECOM"`, Code: loyalty.ValidationFailed},
		{Old: `"Shop_ECOM"`, New: `""`, Code: loyalty.ValidationFailed},
		{Old: `"EUR"`, New: `"eur"`, Code: loyalty.ValidationFailed},
		{Old: `"EUR"`, New: `"XYZ"`, Code: loyalty.CurrencyUnsupported},
		{
			Old:  `"EUR"`,
			New:  `"CLP"`,
			Want: webhooktest.Fact(func(f *loyalty.Fact) { f.Money = loyalty.Money{Amount: 50, Currency: "CLP"} }),
		},
		{
			Old:  `"EUR"`,
			New:  `"IDR"`,
			Want: webhooktest.Fact(func(f *loyalty.Fact) { f.Money = loyalty.Money{Amount: 500000, Currency: "IDR"} }),
		},
		{Old: `5000`, New: `-1`, Code: loyalty.AmountOutOfRange},
		{Old: `5000`, New: `"5000"`, Code: loyalty.AmountOutOfRange},
		{Old: `5000`, New: `0`, Want: webhooktest.NoFacts},
		{Old: `CAPTURE`, New: `capture`, Code: loyalty.ValidationFailed},
		{Old: `"true"`, New: `true`, Code: loyalty.ValidationFailed},
		{Old: `"true"`, New: `"yes"`, Code: loyalty.ValidationFailed},
		{Old: tail, New: event0("CAPTURE", "false"), Want: unsuccessful("CAPTURE")},
		{Old: tail, New: event0("AUTHORISATION", "false"), Want: unsuccessful("AUTHORISATION")},
		{Old: tail, New: event0("CHARGEBACK", "false"), Want: unsuccessful("CHARGEBACK")},
		{Old: tail, New: event0("CANCEL_OR_REFUND", "false"), Want: unsuccessful("CANCEL_OR_REFUND")},
		{Old: tail, New: event0("CANCEL_OR_REFUND", "true"), Code: loyalty.ValidationFailed},
		{Old: tail, New: event0("REFUND", "false"), Want: func(e *webhook.Event) {
			e.ID, e.Type, e.Report.Order = "REFUND:PSP2:false", "REFUND", ""
			e.Report.Facts[0].Kind, e.Report.Facts[0].State = loyalty.FactRefund, loyalty.FactFailed
		}},
		{
			Old: `"originalReference":"PSP1","merchantAccountCode":"Shop_ECOM","merchantReference":"1042",` +
				`"amount":{"value":5000,"currency":"EUR"},` + tail,
			New: `"merchantAccountCode":"Shop_ECOM","merchantReference":"1042","amount":{"value":5000,` +
				`"currency":"EUR"},` + event0(
				"CHARGEBACK",
				"true",
			), Want: func(e *webhook.Event) {
				e.ID, e.Type, e.Report.Order, e.Report.Payment = "CHARGEBACK:PSP2:true", "CHARGEBACK", "", "adyen:PSP2"
				f := &e.Report.Facts[0]
				f.Kind, f.State, f.Clock = loyalty.FactDispute, loyalty.FactLost, 2
			},
		},
		{Old: `{"pspReference":"PSP2"`, New: `["pspReference"`, Code: webhook.MalformedJSON},
	})
	webhooktest.Run(t, readText(true, `"true"`), itemText, func() webhook.Event {
		e := want()
		isLive := true
		e.Live = &isLive
		return e
	}, nil)
	for _, live := range []string{`true`, `null`, `"maybe"`, ``} {
		if _, err := readText(true, live)(itemText); err == nil {
			t.Errorf("live %q was accepted", live)
		}
	}
}

func TestSignatureOfItem(t *testing.T) {
	const text = "PSP2:PSP1:Shop_ECOM:1042:5000:EUR:CAPTURE:true"
	item := func(signature string) string {
		return strings.Replace(itemText, `{`, `{"additionalData":`+signature+`,`, 1)
	}
	good := `{"hmacSignature":"` + webhooktest.Base64MAC(webhooktest.KeyA, text) + `"}`
	for body, want := range map[string]error{
		item(good): nil,
		item(`{"hmacSignature":"` + webhooktest.Base64MAC(webhooktest.KeyB, text) + `"}`): webhook.ErrSignature,
		item(`{"hmacSignature":"??"}`): webhook.ErrSignature,
		item(`{"hmacSignature":17}`):   webhook.ErrSignature,
		item(`{}`):                     webhook.ErrMissing,
		item(`null`):                   webhook.ErrMissing,
		itemText:                       webhook.ErrMissing,
		strings.Replace(item(good), "5000", "5001", 1): webhook.ErrSignature,
		strings.Replace(item(good), "PSP1", "PSP9", 1): webhook.ErrSignature,
	} {
		it, err := readItem(jsontext.Value(body))
		if err != nil {
			t.Fatal(err)
		}
		webhooktest.Check(t, body, it.checkSignature([][]byte{webhooktest.KeyA}), want)
	}
	for value, want := range map[string]string{`"a"`: "a", `5`: "5", `true`: "true", `null`: "null", `"\u0061"`: "a"} {
		if got := literal(jsontext.Value(value)); got != want {
			t.Errorf("%s: %s", value, got)
		}
	}
}
