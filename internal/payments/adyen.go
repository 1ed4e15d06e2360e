package payments

import (
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// An adyenBatch is the body of an Adyen webhook. Field live is not signed, so it is used only to reject events.
type adyenBatch struct {
	Live  jsontext.Value `json:"live"`
	Items []struct {
		Item jsontext.Value `json:"NotificationRequestItem"`
	} `json:"notificationItems"`
}

// An adyenFact describes what an event code states about a payment, refund or dispute. The rank orders the codes of
// one object, because Adyen signs the code but not the time of the event.
type adyenFact struct {
	kind  loyalty.FactKind
	state loyalty.FactState
	rank  int64
}

// adyenFacts maps event codes to facts, for accounts that capture manually.
var adyenFacts = map[string]adyenFact{
	"CAPTURE":                    {loyalty.FactCapture, loyalty.FactDone, 1},
	"CAPTURE_FAILED":             {loyalty.FactCapture, loyalty.FactFailed, 2},
	"REFUND":                     {loyalty.FactRefund, loyalty.FactDone, 1},
	"REFUND_FAILED":              {loyalty.FactRefund, loyalty.FactFailed, 2},
	"REFUNDED_REVERSED":          {loyalty.FactRefund, loyalty.FactFailed, 2},
	"NOTIFICATION_OF_CHARGEBACK": {loyalty.FactDispute, loyalty.FactOpen, 1},
	"CHARGEBACK":                 {loyalty.FactDispute, loyalty.FactLost, 2},
	"CHARGEBACK_REVERSED":        {loyalty.FactDispute, loyalty.FactWon, 3},
	"SECOND_CHARGEBACK":          {loyalty.FactDispute, loyalty.FactLost, 4},
	"PREARBITRATION_WON":         {loyalty.FactDispute, loyalty.FactWon, 5},
	"PREARBITRATION_LOST":        {loyalty.FactDispute, loyalty.FactLost, 5},
}

// adyenDecimals lists the currencies whose minor units at Adyen differ from ISO 4217
// (https://docs.adyen.com/development-resources/currency-codes).
var adyenDecimals = decimals{"CLP": 2, "CVE": 0, "IDR": 0, "ISK": 2}

// fact returns what an item states about its object, or false if it states nothing. For accounts that capture
// automatically, the authorization is the capture, and later events can only cancel it.
func (it adyenItem) fact(manual bool) (f adyenFact, ok bool) {
	if f, ok = adyenFacts[it.Event]; manual || f.kind == loyalty.FactRefund || f.kind == loyalty.FactDispute {
		return f, ok
	}
	switch it.Event {
	case "AUTHORISATION":
		return adyenFact{loyalty.FactCapture, loyalty.FactDone, 1}, true
	case "CAPTURE_FAILED", "CANCELLATION", "TECHNICAL_CANCEL":
		return adyenFact{loyalty.FactCapture, loyalty.FactFailed, 2}, true
	}
	return adyenFact{}, false
}

// readAdyenItemEvent reads a verified item. Parameter manual reports whether the merchant account captures manually.
func readAdyenItemEvent(it adyenItem, live jsontext.Value, manual bool) (event, error) {
	if err := it.sensible(); err != nil {
		return event{}, err
	}
	success := literal(it.Success)
	e := event{id: strings.Join([]string{it.Event, it.PSP, success}, ":"), kind: it.Event}
	switch string(live) {
	case `"true"`, `"false"`:
		real := literal(live) == "true"
		e.live = &real
	default:
		return e, odd("validation_failed", `live is neither "true" nor "false".`)
	}
	if it.Event == "CANCEL_OR_REFUND" && success == "true" {
		return e, odd("validation_failed", "Which of the two it was is not signed; look at the payment at Adyen.")
	}
	f, ok := it.fact(manual)
	_, known := adyenFacts[it.Event]
	if !ok && !known && it.Event != "AUTHORISATION" || success == "false" && f.kind != loyalty.FactRefund {
		return e, nil
	}
	amount, err := it.money()
	if err != nil {
		return e, err
	}
	r := &report{Report: ledger.Report{Payment: "adyen:" + it.PSP}}
	e.report = r
	if f.kind == "" || f.kind == loyalty.FactCapture {
		r.Order = reference(it.Merchant) // later items may have a reference of their own
	}
	object := it.PSP
	switch {
	case it.Event == "AUTHORISATION": // the authorization is the payment
	case it.Original != "":
		r.Payment = "adyen:" + it.Original
		switch {
		case f.kind == loyalty.FactDispute:
			r.Same = "adyen:" + it.PSP // later items about the dispute refer to this ID and name no payment
		case f.kind == loyalty.FactCapture && !manual:
			object = it.Original
		}
	case f.kind != loyalty.FactDispute:
		return e, odd("validation_failed", "It names no payment.")
	}
	if !ok {
		return e, nil // it moves no money, but names the payment's order
	}
	if success == "false" {
		f.state = loyalty.FactFailed
	}
	r.Facts = nothing([]loyalty.Fact{{Kind: f.kind, ID: object, State: f.state, Money: amount, Clock: f.rank}})
	return e, nil
}

func (it adyenItem) money() (loyalty.Money, error) {
	var n int64
	if json.Unmarshal(it.Amount.Value, &n) != nil {
		return loyalty.Money{}, odd(loyalty.AmountOutOfRange, "The amount is no whole number of minor units.")
	}
	return adyenDecimals.money(n, it.Amount.Currency)
}
