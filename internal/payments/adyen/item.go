package adyen

import (
	"cmp"
	"encoding/base64"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/lazyregexp"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
	"github.com/perennial-loyalty/perennial/internal/service"
)

// An item contains the fields of a notification item that Adyen signs, and the signature.
type item struct {
	PSP      string `json:"pspReference"`
	Original string `json:"originalReference"`
	Account  string `json:"merchantAccountCode"`
	Merchant string `json:"merchantReference"`
	Amount   struct {
		Value    jsontext.Value `json:"value"`
		Currency string         `json:"currency"`
	} `json:"amount"`
	Event      string         `json:"eventCode"`
	Success    jsontext.Value `json:"success"`
	Additional *struct {
		Signature jsontext.Value `json:"hmacSignature"`
	} `json:"additionalData"`
}

func readItem(raw jsontext.Value) (item, error) {
	var it item
	err := json.Unmarshal(raw, &it)
	return it, err
}

// literal returns a JSON value as it appears in the signed string: a string without quotes, and any other value
// unchanged.
func literal(v jsontext.Value) string {
	var s string
	if v.Kind() == '"' && json.Unmarshal(v, &s) == nil {
		return s
	}
	return string(v)
}

// checkSignature checks the signature of the item.
func (it item) checkSignature(keys [][]byte) error {
	if it.Additional == nil || len(it.Additional.Signature) == 0 {
		return webhook.ErrMissing
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(literal(it.Additional.Signature))
	if err != nil {
		return webhook.ErrSignature
	}
	text := strings.Join([]string{
		it.PSP, it.Original, it.Account, it.Merchant, literal(it.Amount.Value), it.Amount.Currency, it.Event,
		literal(it.Success),
	}, ":")
	return webhook.CheckMAC(keys, [][]byte{raw}, []byte(text))
}

var (
	referenceForm = lazyregexp.New(`^[A-Za-z0-9_.\-]{1,80}$`)
	currencyForm  = lazyregexp.New(`^[A-Z]{3}$`)
	eventForm     = lazyregexp.New(`^[A-Z_]{1,64}$`)
)

// checkForm rejects an item if a different item could have the same signed string. Adyen joins the signed fields with
// colons and without escaping. Therefore only the merchant reference may contain a colon.
func (it item) checkForm() error {
	success := string(it.Success)
	switch {
	case !referenceForm.MatchString(it.PSP), it.Original != "" && !referenceForm.MatchString(it.Original),
		!referenceForm.MatchString(it.Account):
		return webhook.Invalid("A reference has a format that Adyen does not use.")
	case !currencyForm.MatchString(it.Amount.Currency) || !eventForm.MatchString(it.Event):
		return webhook.Invalid(
			"The currency or the event code has an invalid format. The boundaries of the signed fields may have been " +
				"changed.")
	case success != `"true"` && success != `"false"`:
		return webhook.Invalid(`success must be "true" or "false".`)
	}
	return nil
}

// A codeFact is the meaning of an event code for a payment, refund or dispute. If there are several events for one
// object, the one with the highest rank is the latest. This is necessary because Adyen signs the code of an event but
// not its time.
type codeFact struct {
	kind  loyalty.FactKind
	state loyalty.FactState
	rank  int64
}

// authorization is the event code of a new payment.
const authorization = "AUTHORISATION"

// codeFacts maps event codes to their meaning for accounts that capture manually.
var codeFacts = map[string]codeFact{
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

// fact returns the meaning of an item's event code. It reports false if the event moves no money. For accounts that
// capture automatically, an authorization counts as the capture, and later events can only cancel it.
func (it item) fact(manual bool) (f codeFact, ok bool) {
	if f, ok = codeFacts[it.Event]; manual || f.kind == loyalty.FactRefund || f.kind == loyalty.FactDispute {
		return f, ok
	}
	switch it.Event {
	case authorization:
		return codeFact{loyalty.FactCapture, loyalty.FactDone, 1}, true
	case "CAPTURE_FAILED", "CANCELLATION", "TECHNICAL_CANCEL":
		return codeFact{loyalty.FactCapture, loyalty.FactFailed, 2}, true
	}
	return codeFact{}, false
}

// event converts an item with a valid signature to an event. The argument manual is true if the merchant account
// captures manually.
func (it item) event(live jsontext.Value, manual bool) (webhook.Event, error) {
	if err := it.checkForm(); err != nil {
		return webhook.Event{}, err
	}
	success := literal(it.Success)
	e := webhook.Event{ID: strings.Join([]string{it.Event, it.PSP, success}, ":"), Type: it.Event}
	switch string(live) {
	case `"true"`, `"false"`:
		isLive := literal(live) == "true"
		e.Live = &isLive
	default:
		return e, webhook.Invalid(`live must be "true" or "false".`)
	}
	if it.Event == "CANCEL_OR_REFUND" && success == "true" {
		return e, webhook.Invalid("The signature does not cover which of the two it was. Check the payment at Adyen.")
	}
	var err error
	e.Report, err = it.report(manual)
	return e, err
}

// failed reports whether the operation that an item describes was not successful.
func (it item) failed() bool { return literal(it.Success) == "false" }

// counts reports whether an item concerns a payment. An item about a failed operation does not, because the operation
// changed nothing. The exception is a failed refund: it shows that the refunded money did not reach the customer.
func (it item) counts(f codeFact, moves bool) bool {
	if it.failed() {
		return f.kind == loyalty.FactRefund
	}
	_, known := codeFacts[it.Event]
	return moves || known || it.Event == authorization
}

// report returns the facts of an item about its payment, or nil if the item concerns no payment. Some items move no
// money but name the order of their payment.
func (it item) report(manual bool) (*webhook.Report, error) {
	f, moves := it.fact(manual)
	if !it.counts(f, moves) {
		return nil, nil
	}
	amount, err := it.money()
	if err != nil {
		return nil, err
	}
	original := it.Original
	switch {
	case it.Event == authorization:
		original = "" // an authorization is the payment itself, so no earlier payment is relevant
	case original == "" && f.kind != loyalty.FactDispute:
		return nil, webhook.Invalid("The dispute names no payment.")
	}
	payment, object := cmp.Or(original, it.PSP), it.PSP
	if f.kind == loyalty.FactCapture && !manual {
		object = payment
	}
	r := &webhook.Report{Report: service.Report{Payment: "adyen:" + payment}}
	switch {
	case f.kind == "" || f.kind == loyalty.FactCapture:
		r.Order = webhook.Reference(it.Merchant) // not for later items, which may have another reference
	case f.kind == loyalty.FactDispute && original != "":
		r.Same = "adyen:" + it.PSP // the ID of the dispute; later items refer to it without naming the payment
	}
	if !moves {
		return r, nil
	}
	if it.failed() {
		f.state = loyalty.FactFailed
	}
	r.Facts = webhook.Moving(loyalty.Fact{Kind: f.kind, ID: object, State: f.state, Money: amount, Clock: f.rank})
	return r, nil
}

// decimals lists the currencies for which the number of decimals of Adyen's minor units differs from ISO 4217
// (https://docs.adyen.com/development-resources/currency-codes).
var decimals = webhook.MinorUnits{"CLP": 2, "CVE": 0, "IDR": 0, "ISK": 2}

func (it item) money() (loyalty.Money, error) {
	var n int64
	if json.Unmarshal(it.Amount.Value, &n) != nil {
		return loyalty.Money{}, webhook.Unusable(loyalty.AmountOutOfRange,
			"The amount is not a whole number of minor units.")
	}
	return decimals.Money(n, it.Amount.Currency)
}
