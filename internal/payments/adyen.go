package payments

import (
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// An adyenBatch is what Adyen sends. Whether it is live is not signed; it is looked at only to refuse.
type adyenBatch struct {
	Live  jsontext.Value `json:"live"`
	Items []struct {
		Item jsontext.Value `json:"NotificationRequestItem"`
	} `json:"notificationItems"`
}

// An adyenFact is what an event code says of which object, and its place among what is said of that object: neither the
// time of an event nor anything else but the code is signed, and the codes follow each other in one order.
type adyenFact struct {
	kind  loyalty.FactKind
	state loyalty.FactState
	rank  int64
}

// adyenFacts are those of accounts that capture manually.
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

// adyenDecimals is where Adyen's minor units differ from the standard, as it says itself
// (https://docs.adyen.com/development-resources/currency-codes).
var adyenDecimals = decimals{"CLP": 2, "CVE": 0, "IDR": 0, "ISK": 2}

// fact is what an item says of which object; false if nothing. Where an account captures automatically, the authorization
// is the capture: later events of the payment can only undo it.
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

// readAdyenItemEvent reads one genuine item of a merchant account that captures manually or automatically.
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
		r.Order = reference(it.Merchant) // what follows may have a reference of its own
	}
	object := it.PSP
	switch {
	case it.Event == "AUTHORISATION": // which is the payment
	case it.Original != "":
		r.Payment = "adyen:" + it.Original
		switch {
		case f.kind == loyalty.FactDispute:
			r.Same = "adyen:" + it.PSP // under which later reports of the dispute come, that name no payment
		case f.kind == loyalty.FactCapture && !manual:
			object = it.Original
		}
	case f.kind != loyalty.FactDispute:
		return e, odd("validation_failed", "It names no payment.")
	}
	if !ok {
		return e, nil // it moves no money, but says which order the payment is for
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
