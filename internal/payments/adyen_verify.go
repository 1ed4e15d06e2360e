package payments

import (
	"encoding/base64"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// An adyen verifies Adyen's signatures. Adyen signs each item of a batch separately, and only eight of its fields
// (https://docs.adyen.com/development-resources/webhooks/verify-hmac-signatures). The fields eventDate, live, reason and
// additionalData are not signed, and are not trusted. Adyen
// signs the whole body of reports from its other products, in a header. The keys are hexadecimal at Adyen.
type adyen struct{ keys [][]byte }

// An adyenItem contains the fields that the package needs of an item.
type adyenItem struct {
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

func readAdyenItem(raw jsontext.Value) (adyenItem, error) {
	var it adyenItem
	err := json.Unmarshal(raw, &it)
	return it, err
}

// literal returns a value in the form of the signed string.
func literal(v jsontext.Value) string {
	var s string
	if v.Kind() == '"' && json.Unmarshal(v, &s) == nil {
		return s
	}
	return string(v)
}

// verify checks the signature of one item.
func (a adyen) verify(it adyenItem) error {
	if it.Additional == nil || len(it.Additional.Signature) == 0 {
		return errMissing
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(literal(it.Additional.Signature))
	if err != nil {
		return errSignature
	}
	text := strings.Join([]string{
		it.PSP, it.Original, it.Account, it.Merchant, literal(it.Amount.Value), it.Amount.Currency, it.Event, literal(it.Success),
	}, ":")
	return signed(a.keys, [][]byte{raw}, []byte(text))
}

// verifyPayload checks the signature of a whole body, which is in a header.
func (a adyen) verifyPayload(signature string, body []byte) error {
	if signature == "" || len(body) == 0 {
		return errMissing
	}
	return inBase64(a.keys, signature, body)
}

var (
	adyenID    = regexp.MustCompile(`^[A-Za-z0-9_.\-]{1,80}$`)
	adyenEvent = regexp.MustCompile(`^[A-Z_]{1,64}$`)
)

// sensible rejects an item whose signed string could also be that of a different item. The signed fields are joined
// with colons without escaping, so only the merchant's reference may contain a colon.
func (it adyenItem) sensible() error {
	success := string(it.Success)
	switch {
	case !adyenID.MatchString(it.PSP), it.Original != "" && !adyenID.MatchString(it.Original), !adyenID.MatchString(it.Account):
		return odd("validation_failed", "A reference is none of Adyen's.")
	case !currencyForm.MatchString(it.Amount.Currency) || !adyenEvent.MatchString(it.Event):
		return odd("validation_failed",
			"The currency or the event code has another form: the signed fields may have been split anew.")
	case success != `"true"` && success != `"false"`:
		return odd("validation_failed", `success is neither "true" nor "false".`)
	}
	return nil
}
