package payments

import (
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

func readAdyenText(manual bool, live string) func(body string) (event, error) {
	return func(body string) (event, error) {
		it, err := readAdyenItem(jsontext.Value(body))
		if err != nil {
			return event{}, odd(malformed, err.Error())
		}
		return readAdyenItemEvent(it, jsontext.Value(live), manual)
	}
}

const adyenText = `{"pspReference":"PSP2","originalReference":"PSP1","merchantAccountCode":"Shop_ECOM","merchantReference":"1042",` +
	`"amount":{"value":5000,"currency":"EUR"},"eventCode":"CAPTURE","success":"true"}`

// Each event code is a fact about its own object or about the payment, depending on how the account captures.
func TestAdyenEventCodes(t *testing.T) {
	want := func() event {
		return event{id: "CAPTURE:PSP2:true", kind: "CAPTURE", live: &testMode, report: &report{Report: ledger.Report{Payment: "adyen:PSP1", Order: "1042", Facts: []loyalty.Fact{{
			Kind: loyalty.FactCapture, ID: "PSP2", State: loyalty.FactDone, Money: eur(5000), Clock: 1,
		}}}}}
	}
	becomes := func(code string, f func(e *event)) func(*event) {
		return func(e *event) { e.id, e.kind = code+":PSP2:true", code; f(e) }
	}
	refund := func(s loyalty.FactState, clock int64) func(*event) {
		return func(e *event) {
			e.report.Order = ""
			e.report.Facts[0].Kind, e.report.Facts[0].State, e.report.Facts[0].Clock = loyalty.FactRefund, s, clock
		}
	}
	dispute := func(s loyalty.FactState, clock int64) func(*event) {
		return func(e *event) {
			refund(s, clock)(e)
			e.report.Same, e.report.Facts[0].Kind = "adyen:PSP2", loyalty.FactDispute
		}
	}
	capture := func(id string, s loyalty.FactState, clock int64) func(*event) {
		return func(e *event) { e.report.Facts[0].ID, e.report.Facts[0].State, e.report.Facts[0].Clock = id, s, clock }
	}
	authorized := func(e *event) { e.report.Payment = "adyen:PSP2" }
	none := func(e *event) { e.report = nil }
	for _, c := range []struct {
		code              string
		manual, automatic func(*event)
	}{
		{"CAPTURE", func(*event) {}, noFacts},
		{"CAPTURE_FAILED", capture("PSP2", loyalty.FactFailed, 2), capture("PSP1", loyalty.FactFailed, 2)},
		{"AUTHORISATION", func(e *event) { authorized(e); noFacts(e) }, authorized},
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
		edits(t, readAdyenText(true, `"false"`), adyenText, want, edit{old: `CAPTURE`, new: c.code, want: becomes(c.code, c.manual)})
		edits(t, readAdyenText(false, `"false"`), adyenText, func() event {
			e := want()
			e.report.Facts = nil
			return e
		}, edit{old: `CAPTURE`, new: c.code, want: func(e *event) {
			*e = want()
			becomes(c.code, c.automatic)(e)
		}})
	}
}

func TestAdyenItem(t *testing.T) {
	want := func() event {
		return event{id: "CAPTURE:PSP2:true", kind: "CAPTURE", live: &testMode, report: &report{Report: ledger.Report{Payment: "adyen:PSP1", Order: "1042", Facts: []loyalty.Fact{{
			Kind: loyalty.FactCapture, ID: "PSP2", State: loyalty.FactDone, Money: eur(5000), Clock: 1,
		}}}}}
	}
	const tail = `"eventCode":"CAPTURE","success":"true"`
	event0 := func(code, success string) string { return `"eventCode":"` + code + `","success":"` + success + `"` }
	unsuccessful := func(code string) func(*event) {
		return func(e *event) { e.id, e.kind, e.report = code+":PSP2:false", code, nil }
	}
	edits(t, readAdyenText(true, `"false"`), adyenText, want,
		edit{old: `"1042"`, new: `"order:1042"`, want: func(e *event) { e.report.Order = "order:1042" }},
		edit{old: `"1042"`, new: `"10 42"`, want: func(e *event) { e.report.Order = "" }},
		edit{old: `"PSP1"`, new: `""`, code: invalid},
		edit{old: `"PSP1"`, new: `"PSP:1"`, code: invalid},
		edit{old: `"PSP2"`, new: `"PSP:2"`, code: invalid},
		edit{old: `"PSP2"`, new: `""`, code: invalid},
		edit{old: `"Shop_ECOM"`, new: `"Shop:ECOM"`, code: invalid},
		edit{old: `"Shop_ECOM"`, new: `""`, code: invalid},
		edit{old: `"EUR"`, new: `"eur"`, code: invalid},
		edit{old: `"EUR"`, new: `"XYZ"`, code: loyalty.CurrencyUnsupported},
		edit{old: `"EUR"`, new: `"CLP"`, want: fact(func(f *loyalty.Fact) { f.Money = loyalty.Money{Amount: 50, Currency: "CLP"} })},
		edit{old: `"EUR"`, new: `"IDR"`, want: fact(func(f *loyalty.Fact) { f.Money = loyalty.Money{Amount: 500000, Currency: "IDR"} })},
		edit{old: `5000`, new: `-1`, code: outOfRange},
		edit{old: `5000`, new: `"5000"`, code: outOfRange},
		edit{old: `5000`, new: `0`, want: noFacts},
		edit{old: `CAPTURE`, new: `capture`, code: invalid},
		edit{old: `"true"`, new: `true`, code: invalid},
		edit{old: `"true"`, new: `"yes"`, code: invalid},
		edit{old: tail, new: event0("CAPTURE", "false"), want: unsuccessful("CAPTURE")},
		edit{old: tail, new: event0("AUTHORISATION", "false"), want: unsuccessful("AUTHORISATION")},
		edit{old: tail, new: event0("CHARGEBACK", "false"), want: unsuccessful("CHARGEBACK")},
		edit{old: tail, new: event0("CANCEL_OR_REFUND", "false"), want: unsuccessful("CANCEL_OR_REFUND")},
		edit{old: tail, new: event0("CANCEL_OR_REFUND", "true"), code: invalid},
		edit{old: tail, new: event0("REFUND", "false"), want: func(e *event) {
			e.id, e.kind, e.report.Order = "REFUND:PSP2:false", "REFUND", ""
			e.report.Facts[0].Kind, e.report.Facts[0].State = loyalty.FactRefund, loyalty.FactFailed
		}},
		edit{
			old: `"originalReference":"PSP1","merchantAccountCode":"Shop_ECOM","merchantReference":"1042","amount":{"value":5000,"currency":"EUR"},` + tail,
			new: `"merchantAccountCode":"Shop_ECOM","merchantReference":"1042","amount":{"value":5000,"currency":"EUR"},` + event0("CHARGEBACK", "true"), want: func(e *event) {
				e.id, e.kind, e.report.Order, e.report.Payment = "CHARGEBACK:PSP2:true", "CHARGEBACK", "", "adyen:PSP2"
				e.report.Facts[0].Kind, e.report.Facts[0].State, e.report.Facts[0].Clock = loyalty.FactDispute, loyalty.FactLost, 2
			},
		},
		edit{old: `{"pspReference":"PSP2"`, new: `["pspReference"`, code: malformed},
	)
	real := true
	edits(t, readAdyenText(true, `"true"`), adyenText, func() event {
		e := want()
		e.live = &real
		return e
	})
	for _, live := range []string{`true`, `null`, `"maybe"`, ``} {
		if _, err := readAdyenText(true, live)(adyenText); err == nil {
			t.Errorf("live %q was accepted", live)
		}
	}
}
