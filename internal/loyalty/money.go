package loyalty

import (
	"strconv"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
)

// Points is a whole number of points.
type Points int64

// Bounds that no program can raise. They keep every sum far below 2^53, so that sums are exact in JSON too.
const (
	MaxPoints  Points = 1e9  // the maximum number of points in one operation
	MaxBalance Points = 1e12 // the maximum balance of one account
	MaxAmount  int64  = 1e12 // the maximum amount of one order, in minor units
)

// RoundPoints rounds x to a whole number in the way that r states. It returns false if the absolute value exceeds
// MaxPoints.
func RoundPoints(x exact.Number, r Rounding) (Points, bool) {
	n, isWhole := x.Floor()
	switch r {
	case Nearest:
		n, _ = x.Add(exact.Half).Floor()
	case HalfEven:
		var tie bool
		if n, tie = x.Add(exact.Half).Floor(); tie && n%2 != 0 {
			n--
		}
	case Up:
		if !isWhole {
			n++
		}
	}
	return Points(n), -MaxPoints <= Points(n) && Points(n) <= MaxPoints
}

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
	return exact.Decimal(m.Amount, exp)
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

// FormatPoints returns a number of points as text, such as "-250".
func FormatPoints(n Points) string { return strconv.FormatInt(int64(n), 10) }

// Rounding states how the fraction of a point is rounded, once per order.
type Rounding int

const (
	Down    Rounding = iota
	Nearest          // to the nearest whole number; halves are rounded up
	Up
	HalfEven // to the nearest whole number; halves to the even neighbor
)

func (r Rounding) String() string {
	return [...]string{Down: "down", Nearest: "nearest", Up: "up", HalfEven: "half_even"}[r]
}

// AmountText formats an eligible amount, which may include a fraction of a minor unit, in major units.
func AmountText(x exact.Number, c Currency) string {
	if x.Den == 1 {
		return Money{x.Num, c}.String()
	}
	exp, _ := c.Exponent()
	for ; exp > 0; exp-- {
		x = x.Mul(exact.Number{Num: 1, Den: 10})
	}
	return x.String() + " " + string(c)
}
