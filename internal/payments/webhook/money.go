package webhook

import (
	"strconv"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/lazyregexp"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// MinorUnits contains the number of decimals that a provider uses for a currency. It lists only currencies for which
// this number differs from ISO 4217.
type MinorUnits map[loyalty.Currency]int

// Money converts an amount in a provider's minor units to an amount in minor units of ISO 4217.
func (d MinorUnits) Money(amount int64, currency string) (loyalty.Money, error) {
	code := loyalty.Currency(strings.ToUpper(currency))
	exp, ok := code.Exponent()
	if !ok {
		return loyalty.Money{}, errCurrency
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
		return loyalty.Money{}, Unusable(loyalty.AmountOutOfRange,
			"The amount is negative or exceeds the maximum of an order.")
	}
	return loyalty.Money{Amount: amount, Currency: code}, nil
}

// Money returns an amount that is already in minor units of ISO 4217. It returns an error if the amount or the currency
// is invalid.
func Money(amount int64, currency string) (loyalty.Money, error) {
	return MinorUnits(nil).Money(amount, currency)
}

var (
	errCurrency  = Unusable(loyalty.CurrencyUnsupported, "The currency is not an ISO 4217 code.")
	errPrecision = Unusable("amount_precision", "The amount has more decimals than its currency.")
)

var decimalForm = lazyregexp.New(`^[0-9]{1,12}(\.[0-9]{1,4})?$`)

// DecimalMoney parses an amount in major units. It accepts more decimals than the currency has only if they are zeros.
func DecimalMoney(amount, currency string) (loyalty.Money, error) {
	exp, ok := loyalty.Currency(currency).Exponent()
	if !ok {
		return loyalty.Money{}, errCurrency
	}
	if !decimalForm.MatchString(amount) {
		return loyalty.Money{}, Unusable(loyalty.AmountOutOfRange, "The amount is negative or not a decimal number.")
	}
	whole, fraction, _ := strings.Cut(amount, ".")
	if strings.Trim(fraction[min(exp, len(fraction)):], "0") != "" {
		return loyalty.Money{}, errPrecision
	}
	fraction = (fraction + "0000")[:exp]
	n, err := strconv.ParseInt(whole+fraction, 10, 64)
	if err != nil {
		return loyalty.Money{}, Unusable(loyalty.AmountOutOfRange, "The amount exceeds the maximum of an order.")
	}
	return Money(n, currency)
}
