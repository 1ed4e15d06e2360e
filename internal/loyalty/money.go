package loyalty

import (
	"strconv"
	"strings"
)

// Points is a whole number of points.
type Points int64

// Bounds that no program can raise. They keep every sum far below 2^53, so that sums are exact in JSON too.
const (
	MaxPoints  Points = 1e9  // the maximum number of points in one operation
	MaxBalance Points = 1e12 // the maximum balance of one account
	MaxAmount  int64  = 1e12 // the maximum amount of one order, in minor units
)

// Currency is an ISO 4217 code in capital letters.
type Currency string

// Money is an amount in minor units of a currency: 29.99 EUR is {2999, EUR}, 150 JPY is {150, JPY}.
type Money struct {
	Amount   int64
	Currency Currency
}

// String formats the amount with the currency's number of decimals: "29.99 EUR", "150 JPY".
func (m Money) String() string { return m.Decimal() + " " + string(m.Currency) }

// Decimal formats the amount like String, without the currency.
func (m Money) Decimal() string {
	exp, _ := m.Currency.Exponent()
	return decimal(m.Amount, exp)
}

func decimal(n int64, exp int) string {
	if exp == 0 {
		return strconv.FormatInt(n, 10)
	}
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	digits := strconv.FormatInt(n, 10)
	digits = strings.Repeat("0", max(0, exp+1-len(digits))) + digits
	at := len(digits) - exp
	return sign + digits[:at] + "." + digits[at:]
}

// Exponent returns how many decimals the currency's major unit has (ISO 4217: EUR 2, JPY 0, KWD 3). It returns false if
// the code is not an active currency.
func (c Currency) Exponent() (int, bool) {
	if len(c) != 3 {
		return 0, false
	}
	for exp, codes := range [...]string{0: codes0, 2: codes2, 3: codes3} {
		if strings.Index(codes, string(c))%4 == 0 { // an absent code has the index -1
			return exp, true
		}
	}
	return 0, false
}

// The active codes of ISO 4217, grouped by the number of their decimals, without funds, metals and test codes.
const (
	codes2 = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF " +
		"CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG " +
		"HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU " +
		"MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR " +
		"SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED " +
		"VES WST XCD XCG YER ZAR ZMW ZWG "
	codes0 = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF "
	codes3 = "BHD IQD JOD KWD LYD OMR TND "
)
