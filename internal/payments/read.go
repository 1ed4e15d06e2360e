package payments

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// An event is the report of a processor, in this package's terms.
type event struct {
	id   string // identity, from signed data
	kind string // the processor's name for the event type
	at   time.Time
	live *bool // whether the money is real; nil if the event does not state it
	odd  error // reason for quarantine: the event is verified but unusual, and no part of it counts

	report *report // nil if the event contains nothing that counts
}

// A report is what an event states about one payment. The email address is not hashed yet.
type report struct {
	ledger.Report
	email string
}

// An oddity is the reason why a verified event is not processed.
type oddity struct {
	code   loyalty.Code
	detail string
}

func (o *oddity) Error() string { return string(o.code) + ": " + o.detail }

func odd(code loyalty.Code, detail string) error { return &oddity{code, detail} }

var (
	idForm       = regexp.MustCompile(`^[A-Za-z0-9_:.\-]{1,128}$`)
	currencyForm = regexp.MustCompile(`^[A-Z]{3}$`)
)

// maxDepth is the maximum nesting depth of a body.
const maxDepth = 32

// decode reads JSON strictly, except that it accepts unknown fields, because processors add fields frequently. It
// rejects duplicate names, invalid UTF-8 and deep nesting, which two readers could interpret differently.
func decode(body []byte, v any) error {
	if depth(body) > maxDepth {
		return odd("json_too_deep", "The body is nested too deeply.")
	}
	if first := bytes.TrimLeft(body, " \t\r\n"); len(first) == 0 || first[0] != '{' {
		return odd("malformed_json", "The body is no JSON object.")
	}
	if err := json.Unmarshal(body, v); err != nil {
		return odd("malformed_json", "The body is not what the processor sends of this type.")
	}
	return nil
}

// depth returns the nesting depth of a body, or more than maxDepth. It runs before the decoder, which has no depth
// limit of its own.
func depth(b []byte) (deepest int) {
	open, quoted := 0, false
	for i := 0; i < len(b) && deepest <= maxDepth; i++ {
		switch {
		case b[i] == '\\': // outside a string, a backslash is invalid JSON
			i++
		case b[i] == '"':
			quoted = !quoted
		case quoted:
		case b[i] == '{' || b[i] == '[':
			open++
			deepest = max(deepest, open)
		case b[i] == '}' || b[i] == ']':
			open--
		}
	}
	return deepest
}

// decimals contains the number of decimals of a processor's minor units, for currencies in which it differs from ISO
// 4217.
type decimals map[loyalty.Currency]int

// money converts an amount from a processor's minor units to those of ISO 4217.
func (d decimals) money(amount int64, currency string) (loyalty.Money, error) {
	code := loyalty.Currency(strings.ToUpper(currency))
	exp, ok := code.Exponent()
	if !ok {
		return loyalty.Money{}, odd(loyalty.CurrencyUnsupported, "The currency is none of ISO 4217.")
	}
	own, differs := d[code]
	if !differs {
		own = exp
	}
	for ; own > exp; own-- {
		if amount%10 != 0 {
			return loyalty.Money{}, errPrecision
		}
		amount /= 10
	}
	for ; own < exp && 0 <= amount && amount <= loyalty.MaxAmount; own++ {
		amount *= 10
	}
	if amount < 0 || amount > loyalty.MaxAmount {
		return loyalty.Money{}, odd(loyalty.AmountOutOfRange, "The amount is negative, or larger than one order may be.")
	}
	return loyalty.Money{Amount: amount, Currency: code}, nil
}

// money checks an amount in minor units of ISO 4217.
func money(amount int64, currency string) (loyalty.Money, error) {
	return decimals(nil).money(amount, currency)
}

var errPrecision = odd("amount_precision", "The amount has more decimals than its currency.")

var decimalForm = regexp.MustCompile(`^[0-9]{1,12}(\.[0-9]{1,4})?$`)

// decimalMoney parses an amount in major units. Digits beyond the currency's exponent must be zeros.
func decimalMoney(amount, currency string) (loyalty.Money, error) {
	exp, ok := loyalty.Currency(currency).Exponent()
	if !ok {
		return loyalty.Money{}, odd(loyalty.CurrencyUnsupported, "The currency is none of ISO 4217.")
	}
	if !decimalForm.MatchString(amount) {
		return loyalty.Money{}, odd(loyalty.AmountOutOfRange, "The amount is negative, or no decimal number.")
	}
	whole, fraction, _ := strings.Cut(amount, ".")
	if strings.Trim(fraction[min(exp, len(fraction)):], "0") != "" {
		return loyalty.Money{}, errPrecision
	}
	fraction = (fraction + "0000")[:exp]
	n, err := strconv.ParseInt(whole+fraction, 10, 64)
	if err != nil {
		return loyalty.Money{}, odd(loyalty.AmountOutOfRange, "The amount is larger than one order may be.")
	}
	return money(n, currency)
}

// checkIDs checks identifiers that become parts of table keys. An empty string is valid and means that there is no
// identifier.
func checkIDs(ids ...string) error {
	for _, id := range ids {
		if id != "" && !idForm.MatchString(id) {
			return odd("validation_failed", "An identifier has characters that none of the processor's have.")
		}
	}
	return nil
}

// reference returns the text that a merchant attached to a payment, if it is a valid ID, and otherwise the empty
// string.
func reference(s string) string {
	if s = strings.TrimSpace(s); idForm.MatchString(s) {
		return s
	}
	return ""
}

// number returns the digits of a JSON value that some processors write as a number and others as a string.
func number(v jsontext.Value) string {
	var s string
	switch v.Kind() {
	case '"':
		if json.Unmarshal(v, &s) != nil {
			return ""
		}
		return s
	case '0':
		return string(v)
	}
	return ""
}

// instant parses an RFC 3339 time. It returns the zero time if the text is not valid.
func instant(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// unix returns the instant of a Unix time in seconds.
func unix(s int64) time.Time { return time.Unix(s, 0).UTC() }

// nothing removes facts that move no money. It does not remove a refund total of zero, because the total may have
// been positive before.
func nothing(facts []loyalty.Fact) (kept []loyalty.Fact) {
	for _, f := range facts {
		if f.Money.Amount > 0 || f.Kind == loyalty.FactRefunded {
			kept = append(kept, f)
		}
	}
	return kept
}
